from __future__ import annotations

import numpy as np

from model_drift_exporter.statistics.performance_sums import (
    AllClasses,
    ClassificationTally,
    DesignEffects,
    OneClass,
    ProbabilityLosses,
    RegressionSums,
    RegressionTally,
    ScoreRanks,
)
from model_drift_exporter.statistics.tally import Tally

_EFFECTS = DesignEffects(2.0, {"squared_error": 4.0}, {"b": 3.0})


def test_classes_are_counted() -> None:
    """As labels, as predictions and as both; a class without a name counts among the others only."""
    kind = ClassificationTally(("a", "b"), None, 0)
    nothing = np.full(6, np.nan)
    tally = Tally.empty(kind.shape)
    tally.add(kind.contributions([0, 0, 1, 1, 2, 2], [0, 1, 1, 0, 0, 2], np.full(6, -1), nothing, nothing))
    found = kind.sums(*tally.total(), _EFFECTS)
    assert found.keys() == {AllClasses, OneClass}
    assert found[OneClass] == {"a": OneClass(5, 3, 2, 1, 2.0), "b": OneClass(5, 2, 2, 1, 3.0)}
    every = found[AllClasses][""]
    assert every.confusion.tolist() == [[1, 1, 1], [1, 1, 0], [0, 0, 0]]
    assert (every.rows, every.design_effect) == (5, 2.0)


def test_scores_are_counted_by_bin_and_summed() -> None:
    """Ranks for two classes with a score, sums of losses where there are probabilities."""
    kind = ClassificationTally(("no", "yes"), 1, 3)
    tally = Tally.empty(kind.shape)
    losses = np.array([0.5, np.nan, 1.5]), np.array([0.1, np.nan, 0.3])
    tally.add(kind.contributions([1, 1, 0], [1, 0, 1], [2, 2, 0], *losses))
    found = kind.sums(*tally.total(), _EFFECTS)
    ranks, summed = found[ScoreRanks][""], found[ProbabilityLosses][""]
    assert (ranks.positive.tolist(), ranks.negative.tolist()) == ([1, 0, 1], [0, 0, 1])
    assert summed.rows == 2
    assert summed.sums["log_loss"] == (2.0, 2.5)
    assert kind.keys.keys() == found.keys()


def test_errors_are_summed() -> None:
    """In units of the scale, with the labels around the centre."""
    kind = RegressionTally(10.0, 2.0)
    tally = Tally.empty(kind.shape)
    tally.add(kind.contributions(np.array([12.0, 10.0]), np.array([10.0, 14.0]), np.array([0.5, 1.0])))
    found = kind.sums(*tally.total(), _EFFECTS)
    sums = found[RegressionSums][""]
    assert (sums.rows, sums.scale) == (2, 2.0)
    assert (sums.absolute, sums.square, sums.fourth, sums.error) == (3.0, 5.0, 17.0, -1.0)
    assert (sums.size, sums.size_squares, sums.size_absolute) == (12.0, 74.0, 19.0)
    assert (sums.offset, sums.offset_squares, sums.offset_cubes, sums.offset_fourths) == (2.0, 4.0, 8.0, 16.0)
    assert (sums.square_offset, sums.square_offset_squares) == (8.0, 16.0)
    assert kind.keys.keys() == found.keys()


def test_without_outcomes_there_are_no_sums() -> None:
    """Of neither kind."""
    for kind in (ClassificationTally(("a", "b"), 1, 5), RegressionTally(0.0, 1.0)):
        assert kind.sums(*Tally.empty(kind.shape).total(), _EFFECTS) == {}


def test_a_unit_whose_square_is_no_number_ends_nothing() -> None:
    """A label of 1e154 in the reference is somebody's mistake: its rows are unknown, and the rest is judged."""
    tally = RegressionTally(0.0, 1.3407807929942597e154)
    label = np.array([1.3407807929942597e154, 2.0])
    rows = tally.contributions(np.zeros(2), label, np.array([1.0, 0.5]))
    assert rows.level.tolist()[0] == -1
    assert rows.level.tolist()[1] >= 0
