from __future__ import annotations

import math
import time
from typing import Any

import attrs
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from model_drift_exporter.errors import StateError
from model_drift_exporter.evidence.alarms import Alarms
from model_drift_exporter.evidence.settings import EvidenceSettings
from model_drift_exporter.joining.keys import keys_of
from model_drift_exporter.labels.delays import buckets_of
from model_drift_exporter.labels.flow import LabelFlow
from model_drift_exporter.labels.flow_state import FlowState
from model_drift_exporter.labels.settings import LabelSettings
from model_drift_exporter.monitors import ALARMS
from model_drift_exporter.records.batches import LabelBatch
from model_drift_exporter.records.identifiers import hash_identifiers
from model_drift_exporter.reference.outcome_batch import OutcomeLayout
from tests.sections import label_settings
from tests.support.label_oracle import Oracle
from tests.support.label_streams import (
    Collected,
    Event,
    flow_of,
    label,
    labelled_reference,
    prediction,
    run,
    small_blocks,
    values,
)
from tests.support.monitor_context import context_of
from tests.support.prediction_log import START, batch_of, make_rows, profile_of

REFERENCE = labelled_reference()
_IDENTIFIERS = st.one_of(
    st.none(), st.sampled_from([f"id-{number}" for number in range(9)]), st.integers(0, 400).map(str)
)
_LABELS = st.sampled_from(["yes", "no", "maybe", None])


@st.composite
def _events(draw: st.DrawFn) -> list[Event]:
    events: list[Event] = [prediction("first", 0.0)]  # labels alone have no clock yet
    now = 0.0
    unlabelled = draw(st.sampled_from([0, 0, 7, 33, 70]))  # until the first label comes, blocks are large
    for place in range(unlabelled + draw(st.integers(1, 150))):
        now += draw(st.sampled_from([0.0, 0.0, 1.0, 30.0, 400.0, 4_000.0]))
        # Some events happen before those already read.
        time = max(now - draw(st.sampled_from([0.0, 0.0, 5.0, 900.0, 20_000.0])), 0.0)
        identifier = draw(_IDENTIFIERS)
        if place < unlabelled or draw(st.booleans()):
            own = {"label": draw(_LABELS)} if place >= unlabelled and draw(st.integers(0, 3)) == 0 else {}
            events.append(prediction(identifier, time, draw(st.sampled_from(["yes", "no", "other"])), **own))
        else:
            events.append(label(identifier, time, draw(_LABELS)))
    return events


_SETTINGS = st.sampled_from(
    [
        label_settings(horizon=9_000.0),
        label_settings(horizon=9_000.0, maturity=0.0),
        label_settings(horizon=9_000.0, maturity=1_000.0),
        label_settings(horizon=1_000.0, maturity=3_000.0),
        label_settings(horizon=90_000.0, delay_independent=True),
    ]
)
_CUTS = st.lists(st.integers(0, 150))


@pytest.mark.slow
@settings(max_examples=250, deadline=None)
@given(_events(), _SETTINGS, _CUTS)
def test_the_join_is_that_of_a_dictionary(events: list[Event], settings: LabelSettings, cuts: list[int]) -> None:
    """Outcomes and counts are those of plain Python that takes one event after the other, however they are cut."""
    with small_blocks():
        flow, monitor = flow_of(REFERENCE, settings)
        run(flow, REFERENCE, events, cuts)
        oracle = Oracle(settings)
        oracle.run(events)
        assert monitor.rows() == oracle.outcomes
        found = values(flow)
    expected = oracle.counts
    for name in ("joined", "revised", "repeated", "unmatched"):
        assert found[f"model_labels_{name}_total", ()] == expected[name], name
    assert found["model_predictions_stored_total", ()] == expected["stored"]
    assert found["model_predictions_repeated_total", ()] == expected["predictions_repeated"]
    assert found["model_predictions_unidentified_total", ()] == expected["unidentified"]
    for reason in ("missing", "no_identifier", "unseen_class"):
        assert found["model_labels_rejected_total", (reason,)] == expected[reason], reason


@pytest.mark.slow
@settings(max_examples=60, deadline=None)
@given(_events(), _SETTINGS, st.integers(4, 40), _CUTS, st.integers(0, 150))
def test_results_do_not_depend_on_batches_or_restarts(
    events: list[Event], settings: LabelSettings, capacity: int, cuts: list[int], restart: int
) -> None:
    """With a store that overflows, cut anywhere and restored from a snapshot once: the same outcomes and metrics."""
    settings = label_settings(**attrs.asdict(settings) | {"capacity": capacity})
    with small_blocks():
        whole, expected = flow_of(REFERENCE, settings)
        run(whole, REFERENCE, events)
        cut, found = flow_of(REFERENCE, settings)
        run(cut, REFERENCE, events, cuts)
        assert found.rows() == expected.rows()
        assert values(cut) == values(whole)
        first, before = flow_of(REFERENCE, settings)
        run(first, REFERENCE, events, part=slice(restart))
        second, after = flow_of(REFERENCE, settings)
        second.restore(first.snapshot())
        run(second, REFERENCE, events, part=slice(restart, None))
        assert before.rows() + after.rows() == expected.rows()


def _simple(settings: LabelSettings | None, events: list[Event]) -> tuple[list[tuple[Any, ...]], dict[Any, float]]:
    flow, monitor = flow_of(REFERENCE, settings)
    run(flow, REFERENCE, events)
    return monitor.rows(), values(flow)


def test_an_outcome_counts_at_its_maturity_or_with_its_label() -> None:
    """A label that is early waits, one that is late counts at once; the line is that of the last prediction then."""
    events = [
        prediction("a", 0.0),
        prediction("b", 10.0, "no"),
        label("a", 20.0, "no"),
        prediction("c", 100.0),
        label("b", 300.0),
    ]
    rows, _ = _simple(label_settings(maturity=100.0), events)
    assert rows == [
        (START, START + 100.0, 3, 1.0, 0.0, 1, False),
        (START + 10.0, START + 300.0, 3, 0.0, 1.0, 1, False),
    ]


def test_a_revision_takes_back_what_had_counted() -> None:
    """Before the outcome counts the label is just replaced; after it the old one is taken back and the new one follows."""
    events = [
        prediction("a", 0.0),
        label("a", 1.0, "no"),
        label("a", 2.0, "yes"),
        prediction("b", 60.0),
        label("a", 70.0, "no"),
        label("a", 71.0, "no"),
    ]
    rows, found = _simple(label_settings(maturity=60.0), events)
    assert [row[4:] for row in rows] == [(1.0, 1, False), (1.0, -1, False), (0.0, 1, True)]
    assert [row[1] - START for row in rows] == [60.0, 70.0, 70.0]
    assert found["model_labels_revised_total", ()] == 2
    assert found["model_labels_repeated_total", ()] == 1
    assert found["model_labels_joined_total", ()] == 1


def test_maturity_comes_from_the_delays() -> None:
    """Nothing counts before 100 labels joined and predictions waited twice the delay; then the quantile holds."""
    events: list[Event] = []
    for index in range(700):
        events.append(prediction(f"p{index}", 10.0 * index))
        if index >= 60:
            events.append(label(f"p{index - 60}", 10.0 * index + 1))
    flow, monitor = flow_of(REFERENCE)
    run(flow, REFERENCE, events[:250])
    assert not monitor.batches
    run(flow, REFERENCE, events[250:], first=250)
    maturity = values(flow)["model_label_maturity_seconds", ()]
    assert 601 <= maturity <= 661
    assert monitor.field("time") == [START + 10.0 * index for index in range(len(monitor.field("time")))]
    ages = np.array(monitor.field("matured")) - np.array(monitor.field("time"))
    assert (ages >= 601).all()
    assert len(ages) >= 630


@pytest.mark.parametrize("first", [4_000, 4_096, 4_100])
@pytest.mark.parametrize("cut", [4_095, 4_096, 4_097, 5_000])
def test_the_first_label_is_looked_at_where_it_comes(first: int, cut: int) -> None:
    """Until then blocks are large; from it on, checks come every 256 events, wherever in a batch it stands."""
    events: list[Event] = [prediction(f"p{index}", 10.0 * index) for index in range(first)]
    for index in range(first, first + 600):
        events += [prediction(f"p{index}", 10.0 * index), label(f"p{index}", 10.0 * index + 1)]
    whole, expected = flow_of(REFERENCE)
    run(whole, REFERENCE, events)
    # The hundredth label comes before the check behind 4,352 events, and after those before it.
    assert min(expected.field("position")) == 4_352
    flow, monitor = flow_of(REFERENCE)
    run(flow, REFERENCE, events, [cut])
    assert monitor.rows() == expected.rows()
    assert values(flow) == values(whole)


def test_labels_can_count_as_they_come() -> None:
    """With delay-independent labels nothing waits, and nothing has to be learned first."""
    rows, _ = _simple(label_settings(delay_independent=True), [prediction("a", 0.0), label("a", 7.0)])
    assert rows == [(START, START + 7.0, 0, 1.0, 1.0, 1, False)]


def test_what_is_mature_at_the_end_counts() -> None:
    """The end of the input forces nothing that is not; time may pass until then."""
    flow, monitor = flow_of(REFERENCE, label_settings(maturity=100.0))
    run(flow, REFERENCE, [prediction("a", 0.0), label("a", 1.0), prediction("b", 50.0), label("b", 51.0)])
    flow.finish()
    assert not monitor.batches
    flow.finish(START + 100.0)
    assert monitor.rows("time", "matured", "position") == [(START, START + 100.0, 2)]


def test_finishing_looks_at_the_delays_once_more() -> None:
    """A short history with enough labels counts, although no round number of events was reached."""
    events = [
        event for index in range(110) for event in (prediction(f"p{index}", index), label(f"p{index}", index + 0.5))
    ]
    flow, monitor = flow_of(REFERENCE)
    run(flow, REFERENCE, events)
    assert not monitor.batches
    flow.finish()
    assert len(monitor.field("time")) >= 108


def test_labels_of_the_record_need_no_identifier() -> None:
    """They join at once; null is no label, and what cannot be used is counted."""
    rows, found = _simple(
        label_settings(maturity=0.0),
        [prediction(None, 0.0, label="no"), prediction(None, 1.0, label=None), prediction(None, 2.0, label=[1])],
    )
    assert rows == [(START, START, 0, 1.0, 0.0, 1, False)]
    assert found["model_predictions_unidentified_total", ()] == 2
    assert found["model_labels_rejected_total", ("not_a_class",)] == 1
    assert found["model_labels_rejected_total", ("missing",)] == 0


def test_a_label_from_the_future_happens_now() -> None:
    """It is counted and used; the clock, and so what expires, does not follow it."""
    events = [prediction("a", 0.0), prediction("b", 5.0), label("a", 1e9), label("b", 10.0)]
    rows, found = _simple(label_settings(maturity=0.0), events)
    assert [row[:2] for row in rows] == [(START, START + 5.0), (START + 5.0, START + 10.0)]
    assert found["model_labels_rejected_total", ("future",)] == 1
    assert found["model_label_last_timestamp_seconds", ()] == START + 10.0


def test_a_label_without_a_time_happens_now() -> None:
    """Its delay is that of its arrival in the log."""
    rows, _ = _simple(label_settings(maturity=0.0), [prediction("a", 0.0), prediction("b", 60.0), label("a", None)])
    assert rows == [(START, START + 60.0, 1, 1.0, 1.0, 1, False)]


def test_predictions_and_labels_keep_the_same_sample() -> None:
    """A store that is full keeps what its ratio says, and exactly the labels of those find their prediction."""
    count = 2_000
    events = [prediction(f"p{index}", 0.001 * index) for index in range(count)]
    keys = keys_of("m", hash_identifiers([event["id"] for event in events])[0])
    with small_blocks():
        flow, monitor = flow_of(REFERENCE, label_settings(capacity=300, maturity=0.0, expected="yes"))
        run(flow, REFERENCE, events)
        ratio = values(flow)["model_label_sampling_ratio", ()]
        kept = values(flow)["model_label_store_predictions", ()]
        # Labels to themselves, so that none of them makes room or takes it.
        run(flow, REFERENCE, [label(event["id"], 10.0) for event in events[:31]], first=count)
    assert ratio in {1 / 8, 1 / 16}
    assert kept <= 300 + 32
    low = keys < np.uint64(int(2**64 * ratio))
    assert len(monitor.field("time")) == low[:31].sum() > 0
    assert values(flow)["model_labels_rejected_total", ("not_in_sample",)] == (~low[:31]).sum()


def test_an_identifier_repeated_a_million_times_stays_cheap() -> None:
    """One entry, a count, and hardly more time than other records take, with labels that change all the time, too."""
    flow, monitor = flow_of(REFERENCE, label_settings(maturity=0.0))
    size = 5_000
    labels = LabelBatch.of(size, time=[START] * size, id=["same"] * size, label=["yes", "no"] * (size // 2))
    run(flow, REFERENCE, [prediction("same", 0.0)] * 1_000)
    began = time.process_time()
    for _ in range(10):
        flow.observe(None, labels, START)
    assert time.process_time() - began < 5
    found = values(flow)
    assert found["model_predictions_repeated_total", ()] == 999
    assert found["model_label_store_predictions", ()] == 1
    assert found["model_labels_revised_total", ()] == 10 * size - 1
    assert sum(monitor.field("sign")) == 1


def test_labels_that_name_no_model_are_known_by_their_prediction() -> None:
    """Only identifiers whose prediction waits here are known; labels that wait are not predictions."""
    flow, _ = flow_of(REFERENCE)
    run(flow, REFERENCE, [prediction("a", 0.0), label("b", 1.0)])
    assert flow.knows(LabelBatch.of(3, id=["a", "b", None], label=["yes"] * 3)).tolist() == [True, False, False]
    assert flow.knows(LabelBatch.of(1, label=["yes"])).tolist() == [False]


def test_a_reload_goes_on() -> None:
    """Another flow with other settings takes over what waits, and the counts."""
    old, _ = flow_of(REFERENCE, label_settings(maturity=50.0))
    run(old, REFERENCE, [prediction("a", 0.0), prediction("b", 0.0), label("b", 1.0)])
    new, monitor = flow_of(REFERENCE, label_settings(maturity=10.0, capacity=5))
    new.take_over(old)
    run(new, REFERENCE, [label("a", 20.0)], first=3)
    assert sorted(monitor.field("label")) == [1.0, 1.0]
    assert monitor.rows("position") == [(1,), (1,)]
    assert values(new)["model_labels_joined_total", ()] == 2


@pytest.mark.parametrize("broken", ["store", "releaser", "clock", "delays", "health", "events"])
def test_a_snapshot_that_does_not_fit_is_refused(broken: str) -> None:
    """The flow says so and is as new."""
    old, _ = flow_of(REFERENCE)
    run(old, REFERENCE, [prediction("a", 0.0), label("a", 1.0)])
    new, _ = flow_of(REFERENCE)
    fresh = values(new)
    state = old.snapshot()
    with pytest.raises(StateError, match="labels of model m in the snapshot do not fit"):
        new.restore(state | {"flow": state["flow"] | {broken: {"key": "nonsense"}}})
    assert values(new) == fresh


def test_a_regression_joins_numbers() -> None:
    """Predictions and labels are numbers with all their digits; a text is not one."""
    rows = [{"features": {"a": index % 7}, "prediction": index + 0.5, "label": index * 1.1} for index in range(200)]
    reference = profile_of([batch_of(rows)])
    flow, monitor = flow_of(reference, label_settings(maturity=0.0))
    numbers = [prediction("a", 0.0, 0.1), prediction("b", 0.0, 0.2), label("a", 1.0, 1 / 3), label("b", 1.0, "high")]
    run(flow, reference, [event | ({"features": {"a": 1}} if "features" in event else {}) for event in numbers])
    assert monitor.rows("predicted", "label", "score", "score_cell") == [(0.1, 1 / 3, None, -1)]
    assert values(flow)["model_labels_rejected_total", ("not_a_number",)] == 1


def test_scores_and_probabilities_come_along() -> None:
    """Per class in the order of the reference's classes, in steps of 1/255; the bin is that of the score column."""
    names = ["b", "a", "c"]
    rows = [
        {
            "features": {"x": index % 7},
            "prediction": names[index % 3],
            "scores": {"b": 0.5, "a": 0.3, "c": 0.2},
            "label": "a",
        }
        for index in range(150)
    ]
    reference = profile_of([batch_of(rows)])
    flow, monitor = flow_of(reference, label_settings(maturity=0.0))
    scores = {"a": 0.2, "b": 0.8}
    events = [
        prediction("p", 0.0, "b", scores=scores),
        prediction("q", 0.0, "c", scores=None),
        label("p", 1),
        label("q", 1),
    ]
    run(flow, reference, [event | ({"features": {"x": 1}} if "features" in event else {}) for event in events])
    (outcomes,) = monitor.batches
    assert outcomes.probabilities is not None
    places = [reference.classes.index(name) for name in "abc"]
    assert outcomes.probabilities[:, places].tolist() == [[51, 204, 0], [0, 0, 0]]
    assert outcomes.score[0] == pytest.approx(0.8)
    assert math.isnan(outcomes.score[1])
    assert outcomes.score_cell.tolist()[1] == -1
    assert outcomes.score_cell.tolist()[0] >= 0
    assert outcomes.label.tolist() == [3.0, 3.0]


def test_predictions_without_a_class_wait_for_nothing() -> None:
    """Null is no prediction; another class than the reference's is the one behind them."""
    events = [prediction("a", 0.0, None), prediction("b", 0.0, "new"), label("a", 1.0), label("b", 1.0)]
    rows, found = _simple(label_settings(maturity=0.0), events)
    assert [row[3] for row in rows] == [2.0]
    assert found["model_labels_waiting", ()] == 1


def test_metrics_exist_before_any_label() -> None:
    """Counters start at 0; what needs labels is not there yet."""
    flow, _ = flow_of(REFERENCE)
    run(flow, REFERENCE, [prediction("a", 0.0)])
    found = values(flow)
    assert found["model_labels_joined_total", ()] == 0
    assert found["model_label_sampling_ratio", ()] == 1
    assert found["model_labels_rejected_total", ("future",)] == 0
    assert not any(name in {"model_label_coverage_ratio", "model_label_maturity_seconds"} for name, _ in found)


def test_labels_of_the_approved_only_are_selective() -> None:
    """Labels that come for one predicted class only make the model not evaluable."""
    events: list[Event] = []
    for row in make_rows(600, seed=2):
        events.append(prediction(row["id"], row["ts"] - START, row["prediction"]))
        if row["prediction"] == "yes":
            events.append(label(row["id"], row["ts"] - START + 1.0, "no" if len(events) % 3 else "yes"))
    flow, _ = flow_of(REFERENCE, label_settings(maturity=60.0))
    run(flow, REFERENCE, events, range(0, len(events), 100))
    found = values(flow)
    assert found["model_prediction_class_label_coverage_ratio", ("yes",)] == 1
    assert found["model_prediction_class_label_coverage_ratio", ("no",)] == 0
    assert "selective_labels" in flow.not_evaluable()


def test_labels_without_a_time_that_were_read_first_have_not_stopped() -> None:
    """A label log is read before the predictions that it belongs to: while they join, labels come."""
    flow, _ = flow_of(REFERENCE)
    names = [f"id-{number}" for number in range(40)]
    run(flow, REFERENCE, [label(name, None) for name in names], arrival=START + 1e8)  # read when all is past
    run(flow, REFERENCE, [prediction(name, number * 7_200.0) for number, name in enumerate(names)], first=40)
    found = values(flow)
    assert found["model_labels_joined_total", ()] == 40
    assert found["model_label_last_timestamp_seconds", ()] == START + 39 * 7_200
    assert "labels_stopped" not in flow.not_evaluable()
    run(flow, REFERENCE, [prediction("another", 39 * 7_200.0 + 90_000)], first=80)
    assert "labels_stopped" in flow.not_evaluable()


def _harm_stream(count: int, *, lead: float = 0.0, wild: int = 0) -> list[Event]:
    """A prediction a minute and its label an hour later, dated ``lead`` ahead; after a third come labels of 2099."""
    events: list[Event] = []
    for index in range(count):
        events.append(prediction(f"p{index}", 60.0 * index))
        if index == count // 3:
            events += [label(f"wild{number}", 2.3e9 + number, "no") for number in range(wild)]
        if index >= 60:
            events.append(label(f"p{index - 60}", 60.0 * index + lead, "no"))
    return events


@pytest.mark.parametrize(("lead", "wild"), [(0.0, 1), (0.0, 12), (0.0, 3_000), (120 * 86_400.0, 0)])
def test_labels_of_a_wrong_time_silence_nothing(lead: float, wild: int) -> None:
    """Every outcome counts, each at a believable time, and again after a restart; nothing expires."""
    events = _harm_stream(6_000, lead=lead, wild=wild)
    flow, monitor = flow_of(REFERENCE, label_settings(horizon=86_400.0))
    half = len(events) // 2
    run(flow, REFERENCE, events, range(0, len(events), 100), part=slice(half))
    state, before = flow.snapshot(), len(monitor.field("time"))
    flow, later = flow_of(REFERENCE, label_settings(horizon=86_400.0))
    flow.restore(state)
    run(flow, REFERENCE, events, range(0, len(events), 100), part=slice(half, None))
    assert before + len(later.field("time")) == 6_000 - 60
    ages = np.array(later.field("matured")) - np.array(later.field("time"))
    assert (ages <= 4_000).all()
    found = values(flow)
    assert found["model_label_maturity_seconds", ()] <= 4_000
    assert found["model_labels_unmatched_total", ()] == 0
    assert found["model_labels_rejected_total", ("future",)] > (2_900 if lead else -1)
    assert ("future_labels" in flow.not_evaluable()) is (lead > 0)


def test_labels_long_after_the_last_prediction_count_at_their_own_time() -> None:
    """As at the end of a log; none is doubted, and none counts late."""
    events = [prediction(f"p{index}", 1_800.0 * index) for index in range(2_000)]
    events += [label(f"p{index}", 1_800.0 * index + 14 * 86_400.0) for index in range(2_000)]
    flow, monitor = flow_of(REFERENCE)
    run(flow, REFERENCE, sorted(events, key=lambda event: float(event["ts"])))
    flow.finish()
    assert len(monitor.field("time")) == 2_000
    found = values(flow)
    assert 14 * 86_400.0 <= found["model_label_maturity_seconds", ()] <= 15.5 * 86_400.0
    assert found["model_label_last_timestamp_seconds", ()] == START + 1_800.0 * 1_999 + 14 * 86_400.0
    assert found["model_labels_rejected_total", ("future",)] == 0
    ages = np.array(monitor.field("matured")) - np.array(monitor.field("time"))
    assert (ages <= 15.5 * 86_400.0).mean() > 0.9


def test_labels_that_were_read_before_their_predictions_keep_their_delay() -> None:
    """Two logs read one after the other: what waited for its prediction was not there at once."""
    flow, _ = flow_of(REFERENCE)
    run(flow, REFERENCE, [label(f"p{index}", 60.0 * index + 7_200.0) for index in range(400)])
    run(flow, REFERENCE, [prediction(f"p{index}", 60.0 * index) for index in range(400)], first=400)
    flow.finish()
    assert 7_200 <= values(flow)["model_label_maturity_seconds", ()] <= 8_000


def test_the_clock_of_the_model_may_fall() -> None:
    """Nothing that waits is lost, outcomes count at the true times again, and delays are those of before."""
    events = _harm_stream(4_000)
    lead = [prediction(f"bad{number}", 2.3e9 + number, label="no") for number in range(20)]
    flow, monitor = flow_of(REFERENCE, label_settings(horizon=86_400.0))
    half = len(events) // 2
    run(flow, REFERENCE, [*events[:half], *lead])
    run(flow, REFERENCE, events[half:], range(0, half, 10), first=half + 20)
    matured = np.array(monitor.field("matured"))
    assert (matured < START + 60.0 * 4_000).all()
    assert values(flow)["model_labels_joined_total", ()] == 4_000 - 60 + 20
    assert values(flow)["model_label_last_timestamp_seconds", ()] == START + 60.0 * 3_999
    run(flow, REFERENCE, [prediction("late", 60.0 * 3_999 + 86_401)], first=8_000)
    assert "labels_stopped" in flow.not_evaluable()


def test_outcomes_of_an_older_version_are_superseded() -> None:
    """By the time of the prediction, after a restart as well; a reload keeps it."""
    flow, monitor = flow_of(REFERENCE, label_settings(maturity=0.0))
    run(flow, REFERENCE, [prediction("a", 0.0), prediction("b", 5.0)])
    flow.begin_version(START + 10.0)
    state = flow.snapshot()
    reloaded, kept = flow_of(REFERENCE, label_settings(maturity=0.0))
    reloaded.restore(state)
    for target in (flow, reloaded):
        run(target, REFERENCE, [prediction("c", 10.0), label("a", 20.0), label("c", 20.0), label("b", 20.0)], first=2)
    for found in (monitor, kept):
        assert found.rows("time", "superseded") == [(START, True), (START + 10, False), (START + 5, True)]


def test_broken_input_is_said_where_outcomes_are_left_out() -> None:
    """A day after those of the time in question would have counted, while the latch is closed."""
    alarms = Alarms("m", EvidenceSettings().budgets, ALARMS)
    binner = context_of(REFERENCE).binner
    flow = LabelFlow("m", REFERENCE, binner, label_settings(maturity=3_600.0), Collected().observe, alarms=alarms)
    alarms["ModelInputBroken"].fire(START + 500.0, 5, onset=START + 100.0)
    run(flow, REFERENCE, [prediction("a", 0.0), label("a", 86_400.0), prediction("b", 90_100.0)])
    assert "broken_input" not in flow.not_evaluable()
    run(flow, REFERENCE, [prediction("c", 90_101.0)], first=3)
    assert "broken_input" in flow.not_evaluable()
    alarms.rearm(START + 90_102.0, 4)
    assert "broken_input" not in flow.not_evaluable()


def test_labels_with_other_identifiers_are_said_not_to_match() -> None:
    """Once a thousand of them are old enough; nothing else explains it."""
    events = [event | ({"id": f"x-{event['id']}"} if "label" in event else {}) for event in _harm_stream(3_500)]
    flow, _ = flow_of(REFERENCE)
    run(flow, REFERENCE, events)
    assert "labels_unmatched" in flow.not_evaluable()
    assert "immature_labels" not in flow.not_evaluable()


def _state(settings: LabelSettings | None = None) -> FlowState:
    return FlowState("m", REFERENCE, OutcomeLayout.of(REFERENCE), settings or label_settings(), probabilities=False)


def test_a_first_prediction_of_2099_is_forgotten() -> None:
    """Otherwise no prediction would ever have waited long enough to learn a maturity from."""
    state = _state()
    state.begin(4e9)
    state.begin(5e9)
    assert state.first_prediction == 4e9
    state.set_back(1_000.0, 900.0)
    assert state.first_prediction == 900.0
    state.delays.observe(buckets_of(np.full(200, 60.0)), np.full(200, 60.0))
    state.look(2_000.0)
    assert state.maturity.seconds == pytest.approx(60, rel=0.1)


def test_what_led_is_judged_as_a_whole() -> None:
    """Delays and the newest label go with the lead, or stay with it."""
    for right in (True, False):
        state = _state()
        state.begin(0.0)
        delays = np.array([*[60.0] * 100, *[1e6] * 100])
        state.delays.observe(buckets_of(delays), delays, delays > 100)
        none = np.zeros(200, dtype=np.bool_)
        state.health.observe_labels(none, none, none, delays, leading=delays > 100, apart=True)
        if right:
            state.settle()
        else:
            state.set_back(200.0, 200.0)
        assert state.delays.labels == (200 if right else 100)
        assert state.health.newest == (1e6 if right else 60.0)


def test_outcomes_are_excluded_from_the_maturity_of_the_first_broken_one() -> None:
    """Or from the alert, whichever is later; nothing is while the latch is open."""
    alarms = Alarms("m", EvidenceSettings().budgets, ALARMS)
    alarm = alarms["ModelInputBroken"]
    state = _state(label_settings(maturity=100.0))
    assert state.label_state(alarm).excluded_since is None
    assert state.label_state(None).excluded_since is None
    for onset, since in ((10.0, 110.0), (45.0, 145.0)):
        alarm.fire(50.0 if onset == 45.0 else 110.0, 0, onset=onset)
        assert state.label_state(alarm).excluded_since == since
        alarm.resolve(200.0, 1)


def test_a_restart_goes_on() -> None:
    """A snapshot holds all of it; other settings apply after a reload."""
    state = _state()
    state.begin(5.0)
    state.events = 7
    state.delays.observe(buckets_of(np.full(100, 60.0)), np.full(100, 60.0))
    state.look(1e6)
    restored, reloaded = _state(), _state(label_settings(capacity=99))
    restored.restore(state.snapshot())
    np.testing.assert_equal(restored.snapshot(), state.snapshot())
    reloaded.take_over(state, label_settings(capacity=99))
    assert (reloaded.store.capacity, reloaded.events, reloaded.first_prediction) == (99, 7, 5.0)
    assert reloaded.maturity.seconds == state.maturity.seconds


def test_labels_that_take_exactly_a_day_are_fair() -> None:
    """Each comes with the event after the prediction that moves the clock to its age: its own has its label in time."""
    step = 1_800.0
    events = [prediction(str(place), place * step) for place in range(1_000)]
    events += [label(str(place), place * step + 86_400.0) for place in range(952)]
    flow, monitor = flow_of(REFERENCE)
    run(flow, REFERENCE, sorted(events, key=lambda event: float(event["ts"])))
    assert flow.summary().maturity == 86_400.0
    unfair = [each for batch in monitor.batches if batch.unfair is not None for each in batch.unfair.tolist()]
    assert unfair
    assert not any(unfair)
    assert "unlabelled_predictions" not in flow.not_evaluable()
