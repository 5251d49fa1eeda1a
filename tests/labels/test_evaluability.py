from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from model_drift_exporter.labels.evaluability import (
    NOT_EVALUABLE,
    LabelHealth,
    LabelState,
    RecentShares,
    not_evaluable,
    reference_faults,
    unmatched,
)
from model_drift_exporter.labels.label_store import LABEL, PREDICTION, LabelStore
from model_drift_exporter.labels.settings import LabelSettings
from model_drift_exporter.reference.outcome_batch import OutcomeLayout
from model_drift_exporter.reference.profile import LossSummary, OutcomeSummary, ReferenceProfile
from tests.sections import label_settings

_DAY = 86_400.0


def _reference(**class_rows: int) -> ReferenceProfile:
    rows = sum(class_rows.values())
    outcomes = OutcomeSummary(rows=rows, loss=LossSummary(0.1, 0.3, rows), class_rows=class_rows) if rows else None
    return ReferenceProfile(
        model="m", rows=1_000, task="classification", columns=[], classes=["no", "yes"], outcomes=outcomes
    )


def _health(settings: LabelSettings | None = None, **class_rows: int) -> LabelHealth:
    reference = _reference(**(class_rows or {"no": 600, "yes": 400}))
    return LabelHealth(reference, OutcomeLayout.of(reference), settings or label_settings())


def _labels(
    health: LabelHealth,
    count: int,
    *,
    unseen: int = 0,
    unusable: int = 0,
    future: int = 0,
    time: float = 0.0,
    lead: bool = False,
) -> None:
    places = np.arange(count)
    masks = (places < unseen, places < unusable, places < future)
    health.observe_labels(*masks, np.full(count, time), leading=np.full(count, lead), apart=True)


def _joined(health: LabelHealth, *labels: float, time: float = 0.0) -> None:
    health.observe_joined(np.array(labels), np.full(len(labels), time))


def _state(now: float = 0.0, **fields: Any) -> LabelState:
    return LabelState(**{"now": now, "first_prediction": 0.0, "delay": 0.0} | fields)


def test_every_reason_is_exported() -> None:
    """1 for those that hold, 0 for all others."""
    samples = not_evaluable("m", {"no_labels"})
    assert dict(zip(NOT_EVALUABLE, samples.values, strict=True)) == dict.fromkeys(NOT_EVALUABLE, 0.0) | {
        "no_labels": 1.0
    }


@pytest.mark.parametrize(
    ("rows", "faults"),
    [
        ({}, {"reference_without_labels"}),
        ({"no": 50, "yes": 49}, {"few_reference_labels"}),
        ({"no": 5_000, "yes": 99}, {"few_class_rows"}),
        ({"no": 5_000}, {"few_class_rows"}),
        ({"no": 5_000, "yes": 100}, set()),
        ({"no": 110, "yes": 90}, set()),
    ],
)
def test_a_reference_may_lack_labels(rows: dict[str, int], faults: set[str]) -> None:
    """None, fewer than 100, or fewer than 100 of a class below a tenth of them; said only where labels come."""
    reference = _reference(**rows)
    assert reference_faults(reference.outcomes, OutcomeLayout.of(reference)) == faults
    health = LabelHealth(reference, OutcomeLayout.of(reference), label_settings())
    assert health.reasons(_state()) == set()
    _labels(health, 1)
    assert health.reasons(_state()) == faults


def test_labels_that_never_come() -> None:
    """A fault only where they are expected, from the maturity on that was set."""
    for settings, now, expected in (
        (label_settings(), 9.0, set[str]()),
        (label_settings(expected="yes"), 9.0, {"no_labels"}),
        (label_settings(expected="yes", maturity=10.0), 9.0, set[str]()),
        (label_settings(expected="yes", maturity=10.0), 10.0, {"no_labels"}),
    ):
        health = _health(settings)
        assert health.reasons(_state(now)) == set()
        health.observe_predictions(np.zeros(5, dtype=np.bool_))
        assert health.reasons(_state(now)) == expected


def test_labels_that_stop() -> None:
    """A silence of a day, of twice the longest one before, and of twice the usual delay."""
    health = _health()
    _labels(health, 10, time=0.0)
    assert health.reasons(_state(_DAY)) == set()
    assert health.reasons(_state(_DAY + 1)) == {"labels_stopped"}
    assert health.reasons(_state(_DAY + 1, delay=_DAY)) == set()
    _labels(health, 10, time=3 * _DAY)
    assert health.reasons(_state(9 * _DAY)) == set()
    assert health.reasons(_state(9 * _DAY + 1)) == {"labels_stopped"}


def test_labels_from_before_the_first_prediction_have_not_stopped_while_they_join() -> None:
    """Their time is not known before there is a clock; the silence counts from what joins, and from the first prediction."""
    health = _health()
    _labels(health, 10, time=-np.inf)
    assert health.newest == -np.inf
    assert health.reasons(_state(_DAY)) == set()
    assert health.reasons(_state(_DAY + 1)) == {"labels_stopped"}
    _joined(health, 0.0, 1.0, time=9 * _DAY)
    assert health.newest == 9 * _DAY
    assert health.reasons(_state(10 * _DAY)) == set()
    assert health.reasons(_state(10 * _DAY + 1)) == {"labels_stopped"}


def test_odd_labels_are_remembered_for_a_while() -> None:
    """An unseen class for 1,000 to 2,000 labels; useless ones from 5 % of the recent labels on."""
    health = _health()
    _labels(health, 1_000, unseen=1, unusable=49)
    assert health.reasons(_state()) == {"unseen_class_labels"}
    _labels(health, 999, unusable=60)
    assert health.reasons(_state()) == {"unseen_class_labels", "unusable_labels"}
    _labels(health, 1_001)
    assert health.reasons(_state()) == set()


def test_predictions_without_identifiers() -> None:
    """A fault where labels come apart from them, or are expected."""
    for settings in (label_settings(), label_settings(expected="yes", maturity=100.0)):
        health = _health(settings)
        health.observe_predictions(np.arange(100) < 50)
        assert ("no_identifiers" in health.reasons(_state())) is (settings.expected == "yes")
        _labels(health, 1)
        assert health.reasons(_state()) == {"no_identifiers"}


def test_labels_of_one_class_only() -> None:
    """100 in a row, and more where the reference makes that likely; any other label ends it."""
    health, rare = _health(), _health(no=9_900, yes=100)
    for each in (health, rare):
        _labels(each, 1)
        _joined(each, 1.0, *[0.0] * 99)
        assert each.reasons(_state()) == set()
        _joined(each, 0.0)
    assert health.reasons(_state()) == {"one_class_labels"}
    assert rare.reasons(_state()) == set()
    _joined(rare, *[0.0] * 1_400)
    assert rare.reasons(_state()) == {"one_class_labels"}
    _joined(rare, 0.0, 1.0)
    assert rare.reasons(_state()) == set()


def test_selective_labels_are_passed_on() -> None:
    """What coverage says is a reason."""
    health = _health()
    _labels(health, 1)
    assert health.reasons(_state(selective=True)) == {"selective_labels"}


def test_labels_from_the_future() -> None:
    """A fault from 5 % of the recent labels on."""
    health = _health()
    _labels(health, 1_000, future=49)
    assert health.reasons(_state()) == set()
    _labels(health, 10, future=10)
    assert health.reasons(_state()) == {"future_labels"}


def test_labels_that_do_not_count() -> None:
    """100 labels or more, for more than eight days; what explains it better is said instead. With a fixed age it is a day."""
    health, early = _health(), _health()
    _labels(health, 100, time=0.0)
    _labels(early, 99, time=0.0)
    silent = {"counted": False, "delay": 9 * _DAY}
    assert early.reasons(_state(8 * _DAY + 1, **silent)) == set()
    assert health.reasons(_state(8 * _DAY, **silent)) == set()
    assert health.reasons(_state(8 * _DAY + 1, **silent)) == {"immature_labels"}
    assert health.reasons(_state(8 * _DAY + 1, **silent | {"counted": True})) == set()
    assert health.reasons(_state(8 * _DAY + 1, **silent, unmatched=True)) == {"labels_unmatched"}
    health.settings = label_settings(maturity=_DAY)
    assert health.reasons(_state(_DAY + 1, **silent)) == {"immature_labels"}
    _labels(health, 100, unusable=100)
    assert health.reasons(_state(8 * _DAY + 1, **silent)) == {"unusable_labels"}


def test_predictions_without_their_label_are_said() -> None:
    """If nothing explains it better; so is what most outcomes are set aside for."""
    health = _health()
    _labels(health, 1)
    assert health.reasons(_state(few_labelled=True)) == {"unlabelled_predictions"}
    assert health.reasons(_state(3 * _DAY, few_labelled=True)) == {"labels_stopped"}
    assert health.reasons(_state(few_labelled=True, unmatched=True)) == {"labels_unmatched"}
    assert health.reasons(_state(set_aside={"late_outcomes"})) == {"late_outcomes"}


def test_outcomes_that_are_left_out() -> None:
    """For more than a day, because the input is broken."""
    health = _health()
    _labels(health, 1, time=_DAY)
    assert health.reasons(_state(_DAY + 5, excluded_since=5.0)) == set()
    assert health.reasons(_state(_DAY + 6, excluded_since=5.0)) == {"broken_input"}
    assert health.reasons(_state(_DAY + 6)) == set()


def test_labels_of_unseen_classes_are_not_of_one_class() -> None:
    """They neither make a run nor end one."""
    health = _health()
    _labels(health, 1)
    _joined(health, *[2.0] * 200)
    assert health.reasons(_state()) == set()
    _joined(health, *[0.0, 2.0] * 100)
    assert health.reasons(_state()) == {"one_class_labels"}


def test_a_lead_is_taken_back_or_settled() -> None:
    """The newest label and the longest silence are those of labels that turn out right."""
    for settled in (True, False):
        health = _health()
        _labels(health, 10, time=100.0)
        _labels(health, 10, time=30 * _DAY, lead=True)
        assert health.newest == 30 * _DAY
        if settled:
            health.settle()
        else:
            health.set_back(200.0)
        assert health.newest == (30 * _DAY if settled else 100.0)
        expected = set() if settled else {"labels_stopped"}
        assert health.reasons(_state(32 * _DAY)) == expected


def test_what_a_false_clock_brought_about_is_forgotten() -> None:
    """Labels in records of 2099 are not the newest ones for ever, and the silence before them is none."""
    health = _health()
    _labels(health, 10, time=0.0)
    _labels(health, 10, time=1e9)
    _joined(health, 0.0, 1.0, time=1e9)
    health.set_back(500.0)
    assert health.newest == 500.0
    assert health.reasons(_state(_DAY + 501)) == {"labels_stopped"}


@given(
    st.lists(st.tuples(st.booleans(), st.booleans(), st.floats(0, 1e6), st.sampled_from([0.0, 1.0])), min_size=1),
    st.integers(0, 100),
)
def test_health_does_not_depend_on_batches(labels: list[tuple[bool, bool, float, float]], cut: int) -> None:
    """In two parts, with a snapshot in between, it is the same state."""
    whole, first, second = _health(), _health(), _health()
    for health, part in ((whole, labels), (first, labels[:cut]), (second, labels[cut:])):
        if health is second:
            second.restore(first.snapshot())
        if part:
            unseen, unusable, time, value = map(np.array, zip(*part, strict=True))
            health.observe_labels(unseen, unusable, ~unseen, time, leading=unusable, apart=False)
            health.observe_predictions(unseen)
            health.observe_joined(value, time)
    np.testing.assert_equal(second.snapshot(), whole.snapshot())


_LAYOUT = OutcomeLayout(classification=True, classes=("no", "yes"), positive=1, score_bins=0)


def _store(waiting: int, joined: int, alone: int) -> LabelStore:
    """Labels without prediction, predictions with and without label, spread over a day each."""
    store = LabelStore(_LAYOUT, 100_000)
    rows = store.append(np.arange(waiting + joined + alone, dtype=np.uint64))
    kinds = [LABEL, PREDICTION | LABEL, PREDICTION]
    store.columns["flags"][rows] = np.repeat(kinds, [waiting, joined, alone])
    parts = [np.linspace(0, _DAY, count) for count in (waiting, joined, alone)]
    store.columns["time"][rows] = np.concatenate(parts)
    return store


@pytest.mark.parametrize(
    ("waiting", "joined", "alone", "expected"),
    [
        (1_000, 0, 0, True),
        (999, 0, 0, False),
        (1_000, 40, 5_000, True),
        (1_000, 60, 5_000, False),
        (1_000, 40, 10, False),
        (0, 5_000, 0, False),
    ],
)
def test_labels_that_find_nothing(waiting: int, joined: int, alone: int, expected: bool) -> None:
    """1,000, and fewer than one in twenty that do; not where most predictions have their label."""
    assert unmatched(_store(waiting, joined, alone), 9 * _DAY, None) is expected


def test_labels_are_given_time_to_find_their_prediction() -> None:
    """The maturity, or a day while it is not known."""
    store = _store(1_000, 0, 0)
    assert not unmatched(store, 2 * _DAY, None)
    assert unmatched(store, 2 * _DAY + 1, None)
    assert not unmatched(store, 3 * _DAY, 2 * _DAY)
    assert unmatched(store, 3 * _DAY + 1, 2 * _DAY)


def test_what_was_joined_before_is_another_matter() -> None:
    """Identifiers that change show within a thousand labels, whatever was joined until then."""
    store = _store(0, 20_000, 0)
    rows = store.append(np.arange(1_000_000, 1_001_000, dtype=np.uint64))
    store.columns["flags"][rows] = LABEL
    store.columns["time"][rows] = np.linspace(_DAY + 1, 2 * _DAY, 1_000)
    assert unmatched(store, 9 * _DAY, None)


def test_shares_are_of_the_recent_ones() -> None:
    """Those of the last 1,000 to 2,000; before any there is none."""
    shares = RecentShares(2)
    assert shares.share(0) == 0.0
    shares.add([np.ones(1_000, dtype=np.bool_), np.zeros(1_000, dtype=np.bool_)])
    shares.add([np.zeros(500, dtype=np.bool_), np.arange(500) < 150])
    assert (shares.share(0), shares.share(1)) == (1_000 / 1_500, 150 / 1_500)
    shares.add([np.zeros(1_500, dtype=np.bool_)] * 2)
    assert (shares.share(0), shares.share(1)) == (0.0, 0.0)
    assert shares.size == 3_000


def test_the_cut_does_not_matter() -> None:
    """One by one, and with a snapshot in between, it is the same."""
    masks = [np.arange(2_345) % 7 == 0, np.arange(2_345) % 5 == 0]
    whole, parts = RecentShares(2), RecentShares(2)
    whole.add(masks)
    for start in range(0, 2_345, 19):
        state, parts = parts.snapshot(), RecentShares(2)
        parts.restore(state)
        parts.add([mask[start : start + 19] for mask in masks])
    np.testing.assert_equal(parts.snapshot(), whole.snapshot())
    with pytest.raises(ValueError, match="other kinds"):
        RecentShares(3).restore(whole.snapshot())


def test_a_reason_that_there_is_not_is_an_error() -> None:
    """It would be dropped in silence."""
    with pytest.raises(ValueError, match="has no reason sensor_stuck"):
        not_evaluable("m", ["sensor_stuck"])
    samples = not_evaluable("m", ["sensor_stuck"], ["sensor_stuck"])
    assert list(samples.values) == [0.0] * len(NOT_EVALUABLE) + [1.0]
