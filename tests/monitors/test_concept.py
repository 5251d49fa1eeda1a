from __future__ import annotations

from functools import cache

import attrs
import msgspec
import numpy as np
import numpy.typing as npt
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from model_drift_exporter.errors import StateError
from model_drift_exporter.evidence.alarms import Alarms
from model_drift_exporter.evidence.settings import EvidenceSettings
from model_drift_exporter.monitors import ALARMS, MonitorContext
from model_drift_exporter.monitors.concept import CONCEPT, ConceptMonitor
from model_drift_exporter.monitors.findings import Finding
from model_drift_exporter.monitors.loss import LossSettings
from model_drift_exporter.reference.profile import ReferenceProfile
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


def _sample(size: int, *, seed: int, unsure: float = 0.3, flipped: float = 0.0) -> tuple[Array, Array]:
    """Calibrated scores, a share of which is near one half; ``flipped``: labels the other way round, whatever the score."""
    generator = np.random.default_rng(seed)
    score = np.where(
        generator.random(size) < unsure, generator.uniform(0.3, 0.7, size), generator.choice([0.03, 0.97], size)
    )
    score += generator.uniform(-0.02, 0.02, size)
    label = (generator.random(size) < score) ^ (generator.random(size) < flipped)
    return score, label.astype(np.float64)


@cache
def _reference() -> ReferenceProfile:
    return profile_with_outcomes(binary_rows(*_sample(10_000, seed=1)))


def _watch(profile: ReferenceProfile, *windows: str) -> tuple[MonitorContext, ConceptMonitor]:
    context = context_of(profile, windows or ("5000",))
    return context, ConceptMonitor(context)


def _parts(monitor: ConceptMonitor, window: str = "5000", loss: str = "zero_one") -> tuple[float, float]:
    found = Exposition.of(monitor.collect())
    return (
        found("model_loss_change_from_inputs", model="m", loss=loss, window=window),
        found("model_loss_change_from_relation", model="m", loss=loss, window=window),
    )


def test_a_changed_relation_is_the_relations_part() -> None:
    """Labels change at equal scores: all of the change is from the relation, and the ticket fires with its onset."""
    context, monitor = _watch(_reference())
    monitor.judge(outcomes_of(context, *_sample(10_000, seed=2)))
    assert context.alarms.drain() == []
    start = START + 10_000 * 60.0
    monitor.judge(outcomes_of(context, *_sample(5_000, seed=3, flipped=0.2), start=start))
    inputs, relation = _parts(monitor)
    assert abs(inputs) < 0.01
    assert relation > 0.1
    edges = context.alarms.drain()
    assert [(edge.alert, edge.severity, edge.features) for edge in edges] == [("ModelConceptDrift", "ticket", ())]
    assert edges[0].onset == pytest.approx(start, abs=100 * 60)


def _said(monitor: ConceptMonitor) -> dict[str, Finding]:
    return {each.kind: each for each in monitor.findings()}


def test_a_changed_relation_is_told_while_an_alarm_stands() -> None:
    """With the parts that the metrics have, in the window where the loss has risen most; without an alarm nothing is said."""
    context, monitor = _watch(_reference(), "5000", "50000")
    monitor.judge(outcomes_of(context, *_sample(10_000, seed=2)))
    assert _said(monitor) == {}
    start = START + 10_000 * 60.0
    monitor.judge(outcomes_of(context, *_sample(5_000, seed=3, flipped=0.2), start=start))
    (found,) = _said(monitor).values()
    inputs, relation = _parts(monitor, "5000")
    assert (found.kind, found.severity) == ("relation_moved", "note")
    assert found.since == context.alarms["ModelConceptDrift"].onset
    assert found.figures == {"loss_change_from_inputs": inputs, "loss_change_from_relation": relation}
    assert found.text.endswith(
        f"The error rate rose by {100 * (inputs + relation):.1f} percentage points over the last 5,000 outcomes: "
        f"{100 * inputs:.1f} with other scores, {100 * relation:.1f} at equal scores."
    )
    context.alarms.rearm(0.0, 0)
    assert _said(monitor) == {}


def test_moved_inputs_are_told_while_the_loss_has_an_alarm() -> None:
    """The evidence on the relation is silent then; both are told where neither part is two thirds of the rise."""
    context, monitor = _watch(_reference())
    monitor.judge(outcomes_of(context, *_sample(20_000, seed=4, unsure=0.9)))
    context.alarms["ModelLossIncreased"].fire(START, 0, onset=START)
    (found,) = _said(monitor).values()
    assert (found.kind, found.since) == ("inputs_moved", START)
    inputs, relation = _parts(monitor)
    assert f": {100 * inputs:.1f} with other scores, {100 * relation:.1f} at equal scores." in found.text
    context, monitor = _watch(_reference())
    context.alarms["ModelLossIncreased"].fire(START, 0, onset=None)
    monitor.judge(outcomes_of(context, *_sample(20_000, seed=4, unsure=0.7, flipped=0.3)))
    inputs, relation = _parts(monitor)
    assert 1 / 3 < relation / (inputs + relation) < 2 / 3
    onset = context.alarms["ModelConceptDrift"].onset
    assert {kind: each.since for kind, each in _said(monitor).items()} == dict.fromkeys(
        ("relation_moved", "inputs_moved"), onset
    )


def test_chance_is_no_explanation() -> None:
    """A small window often has a third of its rise at equal scores by luck alone: the relation is rarely blamed for that."""
    blamed = misled = 0
    for seed in range(40):
        context, monitor = _watch(_reference(), "150")
        context.alarms["ModelLossIncreased"].fire(START, 0, onset=START)
        monitor.judge(outcomes_of(context, *_sample(150, seed=100 + seed, unsure=0.45)))
        inputs, relation = _parts(monitor, "150")
        misled += relation > (inputs + relation) / 3 > 0
        blamed += "relation_moved" in _said(monitor)
    assert misled >= 8
    assert blamed <= 3


def test_the_rise_of_a_regression_is_no_percentage() -> None:
    """Its loss is a bounded error, and its bins are those of the prediction."""
    generator = np.random.default_rng(9)
    predicted = generator.normal(50, 9, 5_000)
    profile = profile_with_outcomes(regression_rows(predicted, generator.normal(0, 2, 5_000)))
    context, monitor = _watch(profile, "1000")
    context.alarms["ModelLossIncreased"].fire(START, 0, onset=START)
    now = generator.normal(50, 9, 1_000)
    monitor.judge(made_outcomes(now, now - generator.normal(0, 4, 1_000)))
    (found,) = _said(monitor).values()
    assert found.kind == "relation_moved"
    assert "The mean bounded absolute error rose by 0." in found.text
    assert "percentage" not in found.text


def test_a_loss_that_has_not_risen_is_not_explained() -> None:
    """Nor is one of a handful of outcomes, however bad they are."""
    context, monitor = _watch(_reference())
    context.alarms["ModelLossIncreased"].fire(START, 0, onset=START)
    assert _said(monitor) == {}
    monitor.judge(outcomes_of(context, np.full(99, 0.97), np.zeros(99)))
    assert sum(_parts(monitor)) > 0.5
    assert _said(monitor) == {}
    context, monitor = _watch(_reference(), "1000")
    context.alarms["ModelLossIncreased"].fire(START, 0, onset=START)
    monitor.judge(outcomes_of(context, np.full(1_000, 0.97), np.ones(1_000)))
    assert sum(_parts(monitor, "1000")) < 0
    assert _said(monitor) == {}


def test_moved_inputs_are_the_inputs_part() -> None:
    """Far more scores near one half, each as good as ever: the loss rises, and nothing of it is the relation's."""
    context, monitor = _watch(_reference())
    monitor.judge(outcomes_of(context, *_sample(20_000, seed=4, unsure=0.9)))
    inputs, relation = _parts(monitor)
    assert inputs > 0.15
    assert abs(relation) < 0.02
    assert context.alarms.drain() == []


def test_a_clean_stream_is_quiet() -> None:
    """Neither part, no ticket in 50,000 outcomes."""
    context, monitor = _watch(_reference())
    monitor.judge(outcomes_of(context, *_sample(50_000, seed=5)))
    assert np.abs(_parts(monitor)).max() < 0.02
    assert context.alarms.drain() == []


def test_a_thin_bin_is_not_taken_at_its_word() -> None:
    """All traffic comes to the lowest bin, whose ten rows were right by luck where a fifth is wrong anywhere: no ticket."""
    generator = np.random.default_rng(6)
    score = generator.random(10_000)
    label = (score > 0.5) ^ ((generator.random(10_000) < 0.2) & (score > np.sort(score)[9]))
    context, monitor = _watch(profile_with_outcomes(binary_rows(score, label)))
    outcomes = context.reference.outcomes
    assert outcomes is not None
    assert (outcomes.score_rows[1], outcomes.score_losses[1]) == (10, 0.0)
    wrong = generator.random(5_000) < 0.2
    monitor.judge(outcomes_of(context, np.full(5_000, score.min()), wrong))
    assert context.alarms.drain() == []
    later = START + 5_000 * 60.0
    monitor.judge(outcomes_of(context, np.full(2_000, score.min()), generator.random(2_000) < 0.6, start=later))
    assert [edge.alert for edge in context.alarms.drain()] == ["ModelConceptDrift"]


def test_regressions_are_split_over_predictions() -> None:
    """Bins of the prediction: a larger error at equal predictions is the relation's part."""
    generator = np.random.default_rng(9)
    predicted = generator.normal(50, 9, 5_000)
    profile = profile_with_outcomes(regression_rows(predicted, generator.normal(0, predicted / 25)))
    context, monitor = _watch(profile)
    higher = generator.normal(68, 4, 5_000)
    monitor.judge(made_outcomes(higher, higher + generator.normal(0, higher / 25)))
    inputs, relation = _parts(monitor, loss="bounded_absolute_error")
    assert inputs > 0.05
    assert abs(relation) < 0.03
    assert context.alarms.drain() == []
    monitor.judge(made_outcomes(predicted, predicted + generator.normal(0, predicted / 12), start=START + 3e5))
    inputs, relation = _parts(monitor, loss="bounded_absolute_error")
    assert abs(inputs) < 0.01
    assert relation > 0.15
    assert [edge.alert for edge in context.alarms.drain()] == ["ModelConceptDrift"]


def test_the_parts_sum_to_the_change_of_the_loss() -> None:
    """In each window, exactly; an empty window has none; outcomes without a score are in neither."""
    profile = _reference()
    context, monitor = _watch(profile, "1h", "100")
    assert not Exposition.of(monitor.collect()).samples
    score, label = _sample(500, seed=10, flipped=0.3)
    monitor.judge(outcomes_of(context, score, label))
    monitor.judge(made_outcomes(np.zeros(50), np.ones(50), start=START + 499 * 60, step=0.0))
    outcomes = profile.outcomes
    assert outcomes is not None
    for window, last in (("1h", 60), ("100", 50)):
        loss = ((score[-last:] > 0.5) != label[-last:]).mean()
        assert sum(_parts(monitor, window)) == pytest.approx(loss - outcomes.loss.mean, abs=1e-12)


@settings(deadline=None, max_examples=30)
@given(st.lists(st.integers(0, 2_400), max_size=8), st.integers(0, 8))
def test_batches_and_restarts_do_not_matter(places: list[int], stop: int) -> None:
    """The same edges and the same metrics to the last digit, the mixture of bins included."""
    context, whole = _watch(_reference(), "1h", "300")
    outcomes = joined(
        outcomes_of(context, *_sample(1_200, seed=11, unsure=0.9)),
        outcomes_of(context, *_sample(1_200, seed=12, flipped=0.4), start=START + 72_000.0),
    )
    whole.judge(outcomes)
    expected = context.alarms.drain()
    assert len(expected) == 1
    context, parts = _watch(_reference(), "1h", "300")
    edges = []
    for place, batch in enumerate(cut(outcomes, places)):
        parts.judge(batch)
        edges += context.alarms.drain()
        if place == stop:
            state, latches = parts.snapshot(), context.alarms.snapshot()
            context, parts = _watch(_reference(), "1h", "300")
            context.alarms.restore(latches)
            parts.restore(state)
    assert edges == expected
    np.testing.assert_equal(parts.snapshot(), whole.snapshot())
    assert Exposition.of(parts.collect()).samples == Exposition.of(whole.collect()).samples


def test_a_reload_goes_on() -> None:
    """Evidence, mixture and the windows that both have."""
    context, old = _watch(_reference(), "1h", "300")
    old.judge(outcomes_of(context, *_sample(900, seed=13)))
    _, fresh = _watch(_reference(), "300", "24h")
    fresh.restore(old.snapshot())
    found = Exposition.of(fresh.collect())
    assert _parts(fresh, "300") == _parts(old, "300")
    assert found.get("model_loss_change_from_inputs", model="m", loss="zero_one", window="24h") is None


def test_it_is_off_without_reference_labels_that_have_a_score() -> None:
    """Or with too few of them, each with its own word."""
    outcomes = _reference().outcomes
    assert outcomes is not None
    few = msgspec.structs.replace(
        outcomes, rows=99, loss=msgspec.structs.replace(outcomes.loss, rows=99), score_rows=[99], score_losses=[9.0]
    )
    without = msgspec.structs.replace(outcomes, score_rows=[], score_losses=[])
    for known, why in (
        (outcomes, ""),
        (None, "reference_without_labels"),
        (few, "few_reference_labels"),
        (without, "no_scores"),
    ):
        assert CONCEPT.applies(msgspec.structs.replace(_reference(), outcomes=known)) == why


@pytest.mark.parametrize(
    "change", [{"mixture": np.zeros(2)}, {"newest": "x"}, {"evidence": {}}, {"windows": {"5000": {}}}]
)
def test_foreign_snapshots_are_refused(change: dict[str, object]) -> None:
    """With a reason."""
    context, monitor = _watch(_reference())
    monitor.judge(outcomes_of(context, *_sample(50, seed=15)))
    _, fresh = _watch(_reference())
    with pytest.raises(StateError):
        fresh.restore(monitor.snapshot() | change)


def test_evidence_with_another_tolerance_begins_anew() -> None:
    """Its mixture too; windows go on, they measure what they did."""
    context, old = _watch(_reference(), "300")
    old.judge(outcomes_of(context, *_sample(900, seed=13)))
    alarms = Alarms("m", EvidenceSettings().budgets, ALARMS)
    fresh = ConceptMonitor(attrs.evolve(context, alarms=alarms, sections={"loss": LossSettings(tolerance=0.05)}))
    alarms["ModelConceptDrift"].evidence = 5.0
    fresh.restore(old.snapshot())
    assert alarms["ModelConceptDrift"].evidence == -np.inf
    assert not fresh.snapshot()["newest"].any()
    assert fresh.snapshot()["evidence"]["updates"] == 0
    assert _parts(fresh, "300") == _parts(old, "300")
