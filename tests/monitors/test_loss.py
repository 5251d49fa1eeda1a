from __future__ import annotations

import math
from functools import cache

import attrs
import msgspec
import numpy as np
import numpy.typing as npt
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from model_drift_exporter.monitors import MonitorContext
from model_drift_exporter.monitors.loss import LOSS, LossMonitor, LossSettings, class_bets
from model_drift_exporter.reference.outcome_batch import OutcomeBatch
from model_drift_exporter.reference.profile import LossSummary, OutcomeSummary, ReferenceProfile
from model_drift_exporter.statistics.intervals import wilson_upper_bound
from tests.support.exposition import Exposition
from tests.support.made_outcomes import (
    binary_rows,
    cut,
    joined,
    made_outcomes,
    outcomes_of,
    profile_with_outcomes,
    regression_rows,
)
from tests.support.monitor_context import context_of
from tests.support.prediction_log import START

Array = npt.NDArray[np.float64]


def _sample(
    size: int, *, seed: int, positive: float = 0.5, error: tuple[float, float] = (0.1, 0.1)
) -> tuple[Array, Array]:
    """Scores and labels: a share of positives, an error rate on negatives and on positives."""
    generator = np.random.default_rng(seed)
    label = generator.random(size) < positive
    wrong = generator.random(size) < np.where(label, error[1], error[0])
    score = np.where(label ^ wrong, 0.5, 0.0) + generator.uniform(0.01, 0.49, size)
    return score, label.astype(np.float64)


@cache
def _balanced() -> ReferenceProfile:
    return profile_with_outcomes(binary_rows(*_sample(10_000, seed=1)))


@cache
def _rare() -> ReferenceProfile:
    """A twentieth of the labels is yes; a fifth of these and a hundredth of the others is missed."""
    return profile_with_outcomes(binary_rows(*_sample(10_000, seed=2, positive=0.05, error=(0.01, 0.2))))


def _watch(profile: ReferenceProfile) -> tuple[MonitorContext, LossMonitor]:
    context = context_of(profile, windows=())
    return context, LossMonitor(context)


def _metrics(monitor: LossMonitor) -> Exposition:
    return Exposition.of(monitor.collect())


def test_a_doubled_error_pages_from_its_onset() -> None:
    """10 % before, 20 % after: one page within a thousand outcomes, none before."""
    context, monitor = _watch(_balanced())
    monitor.judge(outcomes_of(context, *_sample(20_000, seed=3)))
    assert context.alarms.drain() == []
    start = START + 20_000 * 60.0
    monitor.judge(outcomes_of(context, *_sample(1_500, seed=4, error=(0.2, 0.2)), start=start))
    (edge,) = context.alarms.drain()
    assert (edge.alert, edge.severity, edge.firing) == ("ModelLossIncreased", "page", True)
    assert edge.time <= start + 3_600 + 1_000 * 60
    assert edge.onset == pytest.approx(start, abs=100 * 60)


def test_regressions_page_on_doubled_errors_only() -> None:
    """Also with heavy tails; never on a wild label or two."""
    generator = np.random.default_rng(5)
    profile = profile_with_outcomes(regression_rows(generator.normal(40, 9, 5_000), generator.standard_t(2, 5_000)))
    context, monitor = _watch(profile)
    predicted, error = generator.normal(40, 9, 20_000), generator.standard_t(2, 20_000)
    error[::400] = 1e9
    monitor.judge(made_outcomes(predicted, predicted + error))
    assert context.alarms.drain() == []
    predicted, error = generator.normal(40, 9, 1_000), 2 * generator.standard_t(2, 1_000)
    monitor.judge(made_outcomes(predicted, predicted + error, start=START + 2e6))
    (edge,) = context.alarms.drain()
    assert edge.onset == pytest.approx(START + 2e6, abs=50 * 60)
    assert edge.time - 3_600 <= START + 2e6 + 500 * 60
    assert _metrics(monitor)("model_loss_evidence_log10", model="m", loss="bounded_absolute_error") > 7


def test_a_change_of_shares_alone_is_no_evidence_by_class() -> None:
    """Six times as many of the harder class at equal errors: each class's own evidence stays low."""
    context, monitor = _watch(_rare())
    monitor.judge(outcomes_of(context, *_sample(20_000, seed=6, positive=0.3, error=(0.01, 0.2))))
    found = _metrics(monitor)
    assert found("model_loss_evidence_log10", model="m", loss="zero_one") > 7
    for name in ("yes", "no"):
        assert found("model_class_error_evidence_log10", model="m", **{"class": name}) < 3


def test_a_rare_class_alone_pages() -> None:
    """Half of the rare class is missed, which the error over all classes hardly shows."""
    context, monitor = _watch(_rare())
    monitor.judge(outcomes_of(context, *_sample(6_000, seed=7, positive=0.05, error=(0.005, 0.5))))
    (edge,) = context.alarms.drain()
    assert edge.alert == "ModelLossIncreased"
    found = _metrics(monitor)
    assert found("model_class_error_evidence_log10", model="m", **{"class": "yes"}) > edge.threshold
    assert found("model_loss_evidence_log10", model="m", loss="zero_one") < edge.threshold


def test_classes_are_judged_where_one_is_rare() -> None:
    """Not in a balanced reference; of a rare one each class with a hundred rows."""
    _, monitor = _watch(_balanced())
    assert not _metrics(monitor).select("model_class_error_evidence_log10")
    few = profile_with_outcomes(binary_rows(*_sample(2_000, seed=8, positive=0.03, error=(0.01, 0.2))))
    _, monitor = _watch(few)
    assert [*_metrics(monitor).by("class", "model_class_error_evidence_log10", model="m")] == ["no"]


def test_features_of_other_alarms_are_suspected() -> None:
    """Those of broken inputs first, then of drift, once each; resolved alarms suspect nothing."""
    context, monitor = _watch(_balanced())
    alarms = context.alarms
    alarms["ModelFeatureDrift"].fire(0.0, 0, onset=0.0, features=["age", "height"], certainty="named")
    alarms["ModelInputBroken"].fire(
        0.0, 0, onset=math.inf, features=["height"], certainty="named"
    )  # after all predictions
    alarms["ModelPredictionDrift"].fire(0.0, 0, onset=0.0, features=["other"])
    alarms.drain()
    monitor.judge(outcomes_of(context, *_sample(1_000, seed=9, error=(0.4, 0.4))))
    (edge,) = alarms.drain()
    assert (edge.features, edge.certainty) == (("height", "age"), "suspected")


def test_predictions_from_broken_input_are_no_evidence() -> None:
    """Their page is out already; the labels of an incident come in after its mend, and must wake nobody again."""
    context, monitor = _watch(_balanced())
    alarms = context.alarms
    bad = outcomes_of(context, *_sample(2_000, seed=9, error=(0.4, 0.4)))
    alarms["ModelInputBroken"].fire(float(bad.time[0]), 0, onset=float(bad.time[0]))
    alarms["ModelInputBroken"].resolve(float(bad.time[-1]), 0)
    alarms.drain()
    monitor.judge(bad)
    assert not alarms.drain()
    assert _metrics(monitor)("model_loss_excluded_outcomes_total", model="m", reason="broken_input") == 2_000
    later = attrs.evolve(bad, time=bad.time + 1e6, matured=bad.matured + 1e6)
    monitor.judge(later)
    assert [edge.alert for edge in alarms.drain()] == ["ModelLossIncreased"]


def test_corrections_and_unknown_outcomes_change_nothing() -> None:
    """A bet that was paid stays paid; an outcome of which nothing can be said is no bet."""
    context, monitor = _watch(_balanced())
    _, straight = _watch(_balanced())
    good = outcomes_of(context, *_sample(1_000, seed=10))
    monitor.judge(good)
    straight.judge(good)
    size = 200
    ones = np.ones(size, dtype=np.int8)
    monitor.judge(made_outcomes(np.zeros(size), np.ones(size), sign=-ones))
    monitor.judge(made_outcomes(np.zeros(size), np.ones(size), revision=ones.astype(np.bool_)))
    monitor.judge(made_outcomes(np.full(size, 2.0), np.full(size, 2.0)))
    monitor.judge(made_outcomes(np.full(size, np.nan), np.zeros(size)))
    np.testing.assert_equal(monitor.snapshot(), straight.snapshot())


def test_labels_of_unseen_classes_are_no_errors() -> None:
    """A class that the reference lacks cannot have been predicted: that is said elsewhere."""
    context, monitor = _watch(_balanced())
    monitor.judge(made_outcomes(np.zeros(500), np.full(500, 2.0)))
    assert monitor.snapshot()["updates"] == 0
    assert not context.alarms["ModelLossIncreased"].active


def test_outcomes_of_a_superseded_version_are_evidence_on_the_model() -> None:
    """Where each version is superseded before its labels come, they are all that is known. The live version is not to blame."""
    context, monitor = _watch(_balanced())
    alarm = context.alarms["ModelLossIncreased"]
    wrong = made_outcomes(np.zeros(40), np.ones(40))
    monitor.judge(attrs.evolve(wrong, superseded=np.ones(40, dtype=np.bool_)))
    of_both = alarm.evidence
    alarm.begin_version()
    assert alarm.evidence == pytest.approx(of_both, abs=0.7)
    assert _metrics(monitor)("model_loss_excluded_outcomes_total", model="m", reason="superseded") == 40
    monitor.judge(attrs.evolve(wrong, time=wrong.time + 1e5, matured=wrong.matured + 1e5))
    assert alarm.active


def test_what_is_set_aside_is_counted_by_reason() -> None:
    """The first reason that applies; such outcomes are no evidence."""
    _, monitor = _watch(_balanced())
    wrong = made_outcomes(np.zeros(60), np.ones(60))
    place = np.arange(60)
    monitor.judge(attrs.evolve(wrong, unfair=place < 40, late=place >= 30))
    counted = _metrics(monitor).by("reason", "model_loss_excluded_outcomes_total", model="m")
    assert counted == {"broken_input": 0, "unfair_labels": 40, "late": 20, "surplus": 0, "superseded": 0}
    assert monitor.snapshot()["updates"] == 0
    assert monitor.snapshot()["waiting"].shape[1] == 0


@settings(deadline=None, max_examples=30)
@given(st.lists(st.integers(0, 1_800), max_size=10), st.integers(0, 10))
def test_batches_and_restarts_do_not_matter(places: list[int], stop: int) -> None:
    """The same edges and the same metrics to the last digit."""
    context, whole = _watch(_rare())
    outcomes = joined(
        outcomes_of(context, *_sample(900, seed=11, positive=0.05, error=(0.01, 0.2))),
        outcomes_of(context, *_sample(900, seed=12, positive=0.05, error=(0.2, 0.8)), start=START + 54_000.0),
    )
    whole.judge(outcomes)
    expected = context.alarms.drain()
    assert len(expected) == 1
    context, parts = _watch(_rare())
    edges = []
    for place, batch in enumerate(cut(outcomes, places)):
        parts.judge(batch)
        edges += context.alarms.drain()
        if place == stop:
            state, latches = parts.snapshot(), context.alarms.snapshot()
            context, parts = _watch(_rare())
            context.alarms.restore(latches)
            parts.restore(state)
    assert edges == expected
    assert _metrics(parts).samples == _metrics(whole).samples


def test_what_is_tolerated_is_exported() -> None:
    """Wilson's bound of the reference's error by two standard errors, and a tenth or a point; and the number of updates."""
    context, monitor = _watch(_balanced())
    outcomes = _balanced().outcomes
    assert outcomes is not None
    mean = outcomes.loss.mean
    monitor.judge(outcomes_of(context, *_sample(105, seed=13)))
    found = _metrics(monitor)
    expected = float(wilson_upper_bound(mean, 10_000, 2.0)) + max(0.01, 0.1 * mean)
    assert found("model_loss_tolerated_mean", model="m", loss="zero_one") == pytest.approx(expected)
    assert found("model_loss_evidence_updates_total", model="m") == 10


def test_a_reload_goes_on() -> None:
    """The evidence of the monitor before is taken over."""
    context, old = _watch(_rare())
    outcomes: OutcomeBatch = outcomes_of(context, *_sample(333, seed=14, positive=0.05, error=(0.1, 0.3)))
    old.judge(outcomes)
    _, fresh = _watch(_rare())
    fresh.restore(old.snapshot())
    assert _metrics(fresh).samples == _metrics(old).samples


def test_it_is_off_without_reference_labels() -> None:
    """Or with too few of them."""
    few = OutcomeSummary(rows=99, loss=LossSummary(0.1, 0.3, 99), score_rows=[99], score_losses=[9.9])
    for outcomes, why in ((None, "reference_without_labels"), (few, "few_reference_labels")):
        assert LOSS.applies(msgspec.structs.replace(_balanced(), outcomes=outcomes)) == why
    assert LOSS.applies(_balanced()) == ""


def test_evidence_on_other_classes_begins_anew() -> None:
    """It would be evidence of something else: another class is judged; latches stay."""
    for before, after in ((_rare(), _balanced()), (_balanced(), _rare())):
        context, old = _watch(before)
        old.judge(outcomes_of(context, *_sample(333, seed=14, positive=0.05, error=(0.1, 0.3))))
        found, fresh = _watch(after)
        found.alarms["ModelLossIncreased"].evidence = 9.0
        fresh.restore(old.snapshot())
        assert found.alarms["ModelLossIncreased"].evidence == -math.inf
        assert fresh.snapshot()["updates"] == 0


def test_more_judged_classes_make_each_one_surer() -> None:
    """The margin of a class is Bonferroni's: ten classes are together as seldom wrong as one."""
    outcomes = OutcomeSummary(
        rows=5_000, loss=LossSummary(0.1, 0.3, 5_000), class_rows={"a": 200}, class_errors={"a": 20}
    )
    for judged, margin in ((1, 2.0), (10, 2.84)):
        limit = class_bets(outcomes, "a", LossSettings(), judged).limit
        assert limit == pytest.approx(float(wilson_upper_bound(0.1, 200, margin)) + 0.01, abs=1e-4)


@pytest.mark.parametrize("error", [0.1, 0.3])
def test_what_a_doubled_error_costs_is_exported(error: float) -> None:
    """About as many outcomes as it takes: within a factor of 1.5."""
    profile = profile_with_outcomes(binary_rows(*_sample(5_000, seed=21, error=(error, error))))
    found = []
    for seed in range(7):
        context, monitor = _watch(profile)
        monitor.judge(outcomes_of(context, *_sample(2_000, seed=30 + seed, error=(2 * error, 2 * error)), step=10.0))
        found.append(next(edge.record for edge in context.alarms.drain() if edge.firing))
    expected = _metrics(monitor)("model_reference_doubled_loss_outcomes", model="m", loss="zero_one")
    assert 2 / 3 < expected / np.median(found) < 3 / 2


def test_it_costs_more_where_live_outcomes_depend_on_each_other_more() -> None:
    """Days that differ in their error, beside a reference of rows that are alike; `profile` can know of the reference only."""
    context, monitor = _watch(_balanced())
    name, labels = "model_reference_doubled_loss_outcomes", {"model": "m", "loss": "zero_one"}
    before = _metrics(monitor)(name, **labels)
    assert monitor.doubled_loss_outcomes == before
    for day in range(40):
        error = 0.03 + 0.14 * (day % 4 in (1, 2))
        start = START + day * 86_400.0
        sample = _sample(400, seed=100 + day, error=(error, error))
        monitor.judge(outcomes_of(context, *sample, start=start, step=216.0))
    effect = _metrics(monitor)("model_loss_live_design_effect", model="m", family="overall")
    assert effect > 3
    assert _metrics(monitor)(name, **labels) == pytest.approx(before * effect)
