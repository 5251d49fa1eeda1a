from __future__ import annotations

import math
from functools import cache
from typing import Any

import msgspec
import numpy as np
import numpy.typing as npt
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import stats

from model_drift_exporter.errors import StateError
from model_drift_exporter.monitors import MonitorContext
from model_drift_exporter.monitors.loss import LossMonitor
from model_drift_exporter.monitors.performance import PerformanceMonitor
from model_drift_exporter.reference.outcome_batch import OutcomeBatch
from model_drift_exporter.reference.profile import LossSummary, ReferenceProfile
from model_drift_exporter.service.catalogue import CATALOGUE
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
from tests.support.prediction_log import START, batch_of, make_rows, profile_of

Array = npt.NDArray[np.float64]


def _sample(size: int, seed: int) -> tuple[Array, npt.NDArray[np.bool_]]:
    generator = np.random.default_rng(seed)
    score = generator.random(size)
    return score, generator.random(size) < score


@cache
def _binary() -> ReferenceProfile:
    return profile_with_outcomes(binary_rows(*_sample(2_000, 1)))


@cache
def _regression() -> ReferenceProfile:
    generator = np.random.default_rng(2)
    return profile_with_outcomes(regression_rows(generator.normal(50, 9, 2_000), generator.normal(1, 3, 2_000)))


def _watch(profile: ReferenceProfile, *windows: str) -> tuple[MonitorContext, PerformanceMonitor]:
    context = context_of(profile, windows or ("1h", "1000"))
    return context, PerformanceMonitor(context)


def _found(monitor: PerformanceMonitor) -> Exposition:
    return Exposition.of(monitor.collect())


def test_a_classifier_is_measured_with_its_reference_beside() -> None:
    """Every metric of a binary classifier with an interval that holds it, and its value on the reference's rows."""
    context, monitor = _watch(_binary())
    score, truth = _sample(1_000, 3)
    monitor.judge(outcomes_of(context, score, truth))
    found = _found(monitor)
    said = score > 0.5
    expected = {
        ("loss_mean", "zero_one"): (said != truth).mean(),
        ("loss_mean", "brier"): ((truth - score) ** 2).mean(),
        ("loss_mean", "log_loss"): -np.log(np.where(truth, score, 1 - score)).mean(),
        ("accuracy", ""): (said == truth).mean(),
        ("balanced_accuracy", ""): ((said & truth).sum() / truth.sum() + (~said & ~truth).sum() / (~truth).sum()) / 2,
        ("precision", "yes"): truth[said].mean(),
        ("recall", "no"): (~said)[~truth].mean(),
        ("f1_score", "yes"): 2 * (said & truth).sum() / (said.sum() + truth.sum()),
    }
    for (metric, key), value in expected.items():
        labels = {"window": "1000", "model": "m"}
        labels |= {("loss" if metric == "loss_mean" else "class"): key} if key else {}
        assert found(f"model_{metric}", **labels) == pytest.approx(value, rel=1e-9)
        lower, upper = found(f"model_{metric}_lower_bound", **labels), found(f"model_{metric}_upper_bound", **labels)
        assert lower < value < upper < lower + 0.3
    area = found("model_roc_auc", model="m", window="1000")
    assert area == pytest.approx(
        stats.mannwhitneyu(score[truth], score[~truth]).statistic / truth.sum() / (~truth).sum(), abs=0.01
    )
    outcomes = _binary().outcomes
    assert outcomes is not None
    for name, value in outcomes.performance.items():
        metric, _, key = name.partition("/")
        labels = {"model": "m"} | ({"class": key} if key else {})
        assert found(f"model_{metric}_reference", **labels) == value
        assert value == pytest.approx(found(f"model_{metric}", window="1000", **labels), abs=0.05)


def test_a_regression_is_measured_with_its_reference_beside() -> None:
    """Every metric of a regression, the bounded loss that pages included."""
    context, monitor = _watch(_regression())
    generator = np.random.default_rng(4)
    predicted, error = generator.normal(50, 9, 1_000), generator.normal(1, 3, 1_000)
    monitor.judge(made_outcomes(predicted, predicted - error))
    found = _found(monitor)
    outcomes = _regression().outcomes
    assert outcomes is not None
    loss = np.minimum(np.abs(error) / outcomes.error_scale, 1).mean()
    assert found("model_loss_mean", model="m", loss="bounded_absolute_error", window="1000") == pytest.approx(loss)
    assert found("model_loss_reference_mean", model="m", loss="bounded_absolute_error") == outcomes.loss.mean
    for metric, value in (
        ("root_mean_squared_error", math.sqrt((error**2).mean())),
        ("bias", error.mean()),
        ("pinball_loss", np.abs(error).mean() / 2),
        ("relative_error", np.abs(error).sum() / np.abs(predicted - error).sum()),
        ("r2_score", 1 - (error**2).sum() / ((predicted - error).var() * 1_000)),
    ):
        assert found(f"model_{metric}", model="m", window="1000") == pytest.approx(value)
        assert found(f"model_{metric}_reference", model="m") == pytest.approx(value, rel=0.2)
        assert found(f"model_{metric}_lower_bound", model="m", window="1000") < value
        assert found(f"model_{metric}_upper_bound", model="m", window="1000") > value
    assert context.alarms.drain() == []


def test_intervals_are_wider_where_outcomes_depend() -> None:
    """By the root of the design effect of the loss."""
    outcomes = _binary().outcomes
    assert outcomes is not None
    dependent = msgspec.structs.replace(
        _binary(),
        outcomes=msgspec.structs.replace(outcomes, loss=LossSummary(0.25, 0.43, 2_000, 16.0)),
        loss={"brier": LossSummary(0.2, 0.2, 2_000, 9.0)},
    )
    widths = []
    for profile in (_binary(), dependent):
        context, monitor = _watch(profile)
        monitor.judge(outcomes_of(context, *_sample(1_000, 5)))
        found = _found(monitor)
        widths.append(
            [
                found("model_roc_auc_upper_bound", model="m", window="1000")
                - found("model_roc_auc", model="m", window="1000"),
                found("model_loss_mean_upper_bound", model="m", loss="brier", window="1000")
                - found("model_loss_mean", model="m", loss="brier", window="1000"),
            ]
        )
    assert np.divide(widths[1], widths[0]) == pytest.approx([4.0, 3.0])


def test_windows_end_at_the_newest_outcome() -> None:
    """By the time of its prediction, not by that of its label; an empty window has a count and nothing else."""
    context, monitor = _watch(_binary(), "1h", "100")
    found = _found(monitor)
    assert found("model_performance_labels", model="m", window="1h") == 0
    assert found.get("model_performance_end_timestamp_seconds", model="m") is None
    assert found.get("model_accuracy", model="m", window="1h") is None
    monitor.judge(outcomes_of(context, *_sample(500, 6)))
    monitor.judge(outcomes_of(context, *_sample(1, 6), start=START - 7_200.0))
    monitor.judge(made_outcomes([], []))
    found = _found(monitor)
    assert found("model_performance_labels", model="m", window="1h") == 60
    assert found("model_performance_labels", model="m", window="100") == 100
    assert found("model_performance_end_timestamp_seconds", model="m") == START + 499 * 60


def test_a_revised_label_counts_once() -> None:
    """As what it was revised to."""
    context, monitor = _watch(_binary(), "1h", "100")
    first = outcomes_of(context, [0.9, 0.9, 0.1], [1, 1, 0])
    back = outcomes_of(context, [0.9], [1], start=START + 60.0, sign=np.array([-1], dtype=np.int8))
    again = outcomes_of(context, [0.9], [0], start=START + 60.0, revision=np.array([True]))
    monitor.judge(joined(first, back, again))
    found = _found(monitor)
    for window in ("1h", "100"):
        assert found("model_performance_labels", model="m", window=window) == 3
        assert found("model_accuracy", model="m", window=window) == pytest.approx(2 / 3)
        brier = (0.1**2 + 0.9**2 + 0.1**2) / 3
        assert found("model_loss_mean", model="m", loss="brier", window=window) == pytest.approx(brier)


def test_probabilities_of_several_classes_are_scored() -> None:
    """From steps of 1/255; one that was rounded to nothing is not taken for impossible."""
    rows = [
        row | {"prediction": name, "label": name, "scores": {"a": 0.2, "b": 0.2, "c": 0.2, name: 0.6}, "score": None}
        for index, row in enumerate(make_rows(600))
        for name in ["abc"[index % 3]]
    ]
    _, monitor = _watch(profile_with_outcomes(rows))
    probabilities = np.array([[204, 51, 0], [0, 0, 255], [0, 0, 0]], dtype=np.uint8)
    monitor.judge(made_outcomes([0, 2, 1], [0, 1, 1], probabilities=probabilities))
    found = _found(monitor)
    log_loss = (-math.log(0.8) - math.log(1 / 1020)) / 2
    assert found("model_loss_mean", model="m", loss="log_loss", window="1000") == pytest.approx(log_loss)
    brier = (0.2**2 + 0.2**2 + 1 + 1) / 2
    assert found("model_loss_mean", model="m", loss="brier", window="1000") == pytest.approx(brier)
    assert found("model_accuracy", model="m", window="1000") == pytest.approx(2 / 3)
    assert found.get("model_roc_auc", model="m", window="1000") is None


def test_a_reference_without_labels_has_nothing_beside() -> None:
    """Performance is measured all the same, for classifiers and for regressions."""
    context, monitor = _watch(msgspec.structs.replace(_binary(), outcomes=None, loss={}))
    monitor.judge(outcomes_of(context, *_sample(100, 7)))
    found = _found(monitor)
    assert 0.5 < found("model_accuracy", model="m", window="1000") < 1
    assert not [name for name, _ in found.samples if name.endswith("_reference")]
    profile = profile_of([batch_of(regression_rows(np.linspace(0.5, 99, 500), np.zeros(500)))])
    _, monitor = _watch(msgspec.structs.replace(profile, outcomes=None))
    monitor.judge(made_outcomes([1.5, 2.5], [1.0, 2.0]))
    found = _found(monitor)
    assert found("model_bias", model="m", window="1000") == pytest.approx(0.5)
    assert [*found.by("loss", "model_loss_mean", window="1000", model="m")] == ["absolute_error", "squared_error"]


def test_every_metric_of_the_catalogue_comes_from_a_task() -> None:
    """Nothing of the section is listed and never exported; the split of the loss has a monitor of its own."""
    exported = set()
    for profile, outcomes in (
        (_binary(), outcomes_of(context_of(_binary()), *_sample(200, 8))),
        (_regression(), made_outcomes(np.linspace(30, 60, 200), np.linspace(32, 57, 200))),
    ):
        _, monitor = _watch(profile)
        monitor.judge(outcomes)
        exported |= {name for name, _ in _found(monitor).samples}
    listed = {name for name, metric in CATALOGUE.items() if metric.group == "Realised performance"}
    assert listed - exported == {"model_loss_change_from_inputs", "model_loss_change_from_relation"}
    assert exported - listed == {"model_loss_reference_mean"}


@settings(deadline=None, max_examples=25)
@given(
    st.booleans(), st.lists(st.integers(0, 80), max_size=6), st.integers(0, 6), st.sets(st.integers(0, 39), max_size=9)
)
def test_batches_and_restarts_do_not_matter(
    classification: bool, places: list[int], stop: int, revised: set[int]
) -> None:
    """The same samples to the last digit, with labels revised on the way."""
    generator = np.random.default_rng(9)
    profile = _binary() if classification else _regression()
    context, whole = _watch(profile, "1h", "20")

    def outcomes(chosen: list[int], moved: float, **columns: Any) -> OutcomeBatch:
        time = START + 180.0 * np.array(chosen)
        if classification:
            return outcomes_of(context, score[chosen], truth[chosen] ^ (moved > 0), time=time, **columns)
        return made_outcomes(score[chosen] * 60, score[chosen] * 60 + truth[chosen] + moved, time=time, **columns)

    score, truth = generator.random(40), generator.random(40) < 0.5
    batches = [outcomes(list(range(40)), 0.0)]
    for place in sorted(revised):
        batches.append(outcomes([place], 0.0, sign=np.array([-1], dtype=np.int8)))
        batches.append(outcomes([place], 1e5, revision=np.array([True])))
    everything = joined(*batches)
    whole.judge(everything)
    context, parts = _watch(profile, "1h", "20")
    for place, batch in enumerate(cut(everything, places)):
        parts.judge(batch)
        if place == stop:
            state = parts.snapshot()
            _, parts = _watch(profile, "1h", "20")
            parts.restore(state)
    assert _found(parts).samples == _found(whole).samples


def test_a_reload_goes_on() -> None:
    """Windows of the same setting hold what they held."""
    context, old = _watch(_binary(), "1h", "100")
    old.judge(outcomes_of(context, *_sample(200, 10)))
    _, fresh = _watch(_binary(), "100", "24h")
    fresh.restore(old.snapshot())
    found = _found(fresh)
    assert found("model_performance_labels", model="m", window="100") == 100
    assert found("model_performance_labels", model="m", window="24h") == 0
    assert found("model_performance_end_timestamp_seconds", model="m") == START + 199 * 60


@pytest.mark.parametrize("state", [None, {}, {"newest": "x", "windows": {}}, {"newest": 0.0, "windows": {"1h": 3}}])
def test_foreign_snapshots_are_refused(state: object) -> None:
    """With a reason; nothing has changed then."""
    _, monitor = _watch(_binary())
    with pytest.raises(StateError):
        monitor.restore(state)
    assert _found(monitor).get("model_performance_end_timestamp_seconds", model="m") is None


def test_a_loss_above_what_is_tolerated_is_told_while_its_alarm_stands() -> None:
    """With the values of the metrics, in the window where the rise is the surest; not before, and not once it is over."""
    context, monitor = _watch(_binary(), "50000", "1000")
    loss = LossMonitor(context)
    for size, wrong, seed in ((2_000, 0.0, 3), (1_000, 0.4, 4)):
        score, truth = _sample(size, seed)
        assert [*monitor.findings()] == []
        monitor.judge(outcomes_of(context, score, truth ^ (np.random.default_rng(seed).random(size) < wrong)))
    alarm = context.alarms["ModelLossIncreased"]
    assert [*monitor.findings()] == []
    alarm.fire(START, 0, onset=START - 60)
    (found,) = monitor.findings()
    metrics = Exposition.of([*monitor.collect(), *loss.collect()])
    now = metrics("model_loss_mean", model="m", loss="zero_one", window="1000")
    assert (found.kind, found.severity, found.since) == ("loss_above_tolerated", "note", START - 60)
    outcomes = _binary().outcomes
    assert outcomes is not None
    assert found.figures == {
        "loss_mean": now,
        "loss_reference_mean": outcomes.loss.mean,
        "loss_tolerated_mean": metrics("model_loss_tolerated_mean", model="m", loss="zero_one"),
    }
    said = [f"{found.figures[name]:.1%}".replace("%", " %") for name in found.figures]
    assert found.text == (
        f"The error rate of model m is {said[0]} over the last 1,000 outcomes; it was {said[1]} in the reference, "
        f"and up to {said[2]} is tolerated."
    )
    monitor.judge(outcomes_of(context, np.ones(50_000), np.ones(50_000), start=START + 1e6))
    assert [*monitor.findings()] == []


def test_a_loss_of_a_handful_of_outcomes_is_not_told() -> None:
    """However large it is; nor is that of a regression below what is tolerated. A regression's loss is no percentage."""
    context, monitor = _watch(_regression(), "1000")
    context.alarms["ModelLossIncreased"].fire(START, 0, onset=START)
    monitor.judge(made_outcomes(np.zeros(99), np.full(99, 100.0)))
    assert [*monitor.findings()] == []
    monitor.judge(made_outcomes(np.zeros(1), np.full(1, 100.0), start=START + 1e5))
    (found,) = monitor.findings()
    assert found.text.startswith(
        "The mean bounded absolute error of model m is 1 over the last 1,000 outcomes; it was 0."
    )
    monitor.judge(made_outcomes(np.zeros(1_000), np.zeros(1_000), start=START + 2e5))
    assert [*monitor.findings()] == []


def test_without_labels_in_the_reference_no_loss_is_above_what_is_tolerated() -> None:
    """A latch may be left from a reference that had some."""
    profile = msgspec.structs.replace(_binary(), outcomes=None)
    context, monitor = _watch(profile)
    context.alarms["ModelLossIncreased"].fire(START, 0, onset=START)
    monitor.judge(outcomes_of(context, np.ones(1_000), np.zeros(1_000)))
    assert [*monitor.findings()] == []
