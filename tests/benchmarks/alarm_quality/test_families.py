from __future__ import annotations

import math

import numpy as np
import pytest

from benchmarks.alarm_quality.families import Family, Rearmed, WatchedEvidence, allowed, families_of, watch_all
from benchmarks.alarm_quality.laws import MadeUpModel, context_of, mixed_laws, normal


def test_allowed_crossings() -> None:
    """One in c updates, and three standard deviations of a Poisson number."""
    assert allowed(10_000, 100) == pytest.approx(100 + 30)


def _one_bet(threshold: float) -> Rearmed:
    return Rearmed(Family("one", np.array([1]), np.array([1.0])), threshold)


def test_evidence_starts_again_where_it_crosses() -> None:
    """Doubling evidence crosses 8 at every third update when it is armed again each time, however updates are cut."""
    log_e = np.full((9, 2), math.log(2))
    whole, parts = _one_bet(8.0), _one_bet(8.0)
    whole.update(np.zeros(9), log_e)
    for first in range(0, 9, 2):
        parts.update(np.zeros(9)[first : first + 2], log_e[first : first + 2])
    assert whole.crossings == parts.crossings == 3
    assert whole.highest == pytest.approx(math.log(8))


def test_evidence_that_is_never_armed_again_goes_on() -> None:
    """Without a threshold it is the plain e-CUSUM: never below the floor, largest value kept."""
    never = _one_bet(1e300)
    log_e = np.log(np.array([[1, 4], [1, 0.01], [1, 3], [1, 2]]))
    never.update(np.zeros(4), log_e)
    assert never.crossings == 0
    assert never.highest == pytest.approx(math.log(6))


def test_weights_of_each_family_sum_to_one() -> None:
    """Each family is an average, of bets that are there."""
    families = families_of(context_of(MadeUpModel(mixed_laws(20), 1_000, 1).reference))
    assert {"location", "spread", "category", "special bins", "omnibus", "ModelFeatureDrift"} <= {
        family.name for family in families
    }
    for family in families:
        assert family.weights.sum() == pytest.approx(1.0)
        assert (family.weights > 0).all()


def test_the_watch_sees_what_the_monitor_sees() -> None:
    """Evidence that is never armed again is the evidence of the exporter's own alarms; a shift is large in it."""
    model = MadeUpModel([normal()] * 4, 2_000, 5)
    context = context_of(model.reference)
    watched = [Rearmed(family, 1e300) for family in families_of(context)]
    evidence = WatchedEvidence(context, watch_all(watched))
    table = model.table([normal(shift=0.3)] * 4)
    highest = -math.inf
    for first in range(0, 400, 50):
        evidence.observe(model.binned(model.cells(table, model.levels(50)), first, 1.2))
        highest = max(highest, context.alarms["ModelFeatureDrift"].evidence)
    by_name = {each.family.name: each.highest for each in watched}
    assert by_name["ModelFeatureDrift"] == pytest.approx(highest)
    assert by_name["location"] > 5.0
    assert by_name["special bins"] < 2.0
