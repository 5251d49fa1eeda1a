"""The sums over outcomes that performance metrics are made of: what each outcome adds to them, and what they are called.

A tally keeps them as plain counts and numbers. ``keys`` says which kinds of sums it has, and ``sums`` gives those of its
total, both by kind: once with the key ``""``, or, of :class:`OneClass`, for each class by its name.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import attrs
import numpy as np
import numpy.typing as npt

from .layout import FloatArray
from .tally import Contributions, IntegerArray, TallyShape

__all__ = [
    "AllClasses",
    "BoundedErrors",
    "ClassificationTally",
    "DesignEffects",
    "OneClass",
    "ProbabilityLosses",
    "RegressionSums",
    "RegressionTally",
    "ScoreRanks",
]

_MAGNITUDES = (1e2, 1e4, 1e8)
_LARGEST_SCALE = 1e100
_LARGEST = 1e60  # its fourth power is still a float


@attrs.frozen
class DesignEffects:
    """How many dependent outcomes count as one: by loss, by class, and ``overall`` for everything else."""

    overall: float = 1.0
    losses: Mapping[str, float] = attrs.field(factory=dict)
    classes: Mapping[str, float] = attrs.field(factory=dict)

    def loss(self, name: str) -> float:
        return self.losses.get(name, self.overall)

    def of_class(self, name: str) -> float:
        return self.classes.get(name, self.overall)


@attrs.frozen
class OneClass:
    """Of ``rows`` outcomes, how many have a class as the label (``actual``), as the prediction (``said``), as both (``hits``)."""

    rows: int
    actual: int
    said: int
    hits: int
    design_effect: float


@attrs.frozen(eq=False)
class AllClasses:
    """Counts by label and prediction: ``confusion`` [label, prediction]. The last class stands for all others."""

    rows: int
    confusion: IntegerArray
    classes: Sequence[OneClass]
    design_effect: float


@attrs.frozen
class ProbabilityLosses:
    """Sum and sum of squares of each loss of probabilities, over the ``rows`` that have them."""

    rows: int
    sums: Mapping[str, tuple[float, float]]
    effects: DesignEffects


@attrs.frozen(eq=False)
class ScoreRanks:
    """Outcomes of the positive class and of the others by bin of the score, in rising order."""

    positive: IntegerArray
    negative: IntegerArray
    design_effect: float


@attrs.frozen
class RegressionSums:
    """Sums over ``rows`` outcomes, in units of ``scale``: errors, sizes of labels, and ``offset``, labels around some centre."""

    rows: int
    scale: float
    effects: DesignEffects
    absolute: float
    square: float
    fourth: float
    error: float
    size: float
    size_squares: float
    size_absolute: float
    offset: float
    offset_squares: float
    offset_cubes: float
    offset_fourths: float
    square_offset: float
    square_offset_squares: float


@attrs.frozen
class BoundedErrors:
    """The sum of errors that are bounded at the scale of the reference's, in units of it, and of their squares."""

    rows: int
    total: float
    squares: float
    design_effect: float


class ClassificationTally:
    """Counts by label and prediction, for two classes also by score bin and label, and sums of log loss and Brier score.

    Classes are positions; the number of classes stands for any other class. An outcome whose label and prediction are both
    some other class counts as unknown, because they may differ. ``score_bins`` is the number of ordered bins of the score,
    in rising order. Without a score it is 0, or ``positive`` is ``None``.
    """

    def __init__(self, classes: tuple[str, ...], positive: int | None, score_bins: int) -> None:
        self.classes = classes
        self._side = len(classes) + 1
        self._positive = positive
        self._bins = score_bins if positive is not None else 0
        self.shape = TallyShape(1 + self._side**2 + 2 * self._bins, 1, 4)
        self.keys: Mapping[type, Sequence[str]] = {
            AllClasses: ("",),
            OneClass: classes,
            ProbabilityLosses: ("",),
            ScoreRanks: ("",) if self._bins else (),
        }

    def contributions(
        self,
        predicted: npt.ArrayLike,
        label: npt.ArrayLike,
        score_cell: npt.ArrayLike,
        log_loss: FloatArray,
        brier: FloatArray,
    ) -> Contributions:
        """One row per outcome. A ``score_cell`` outside the ordered bins is no score. Losses are NaN where there are none."""
        side = self._side
        row, column = np.asarray(label, dtype=np.int64), np.asarray(predicted, dtype=np.int64)
        known = (row >= 0) & (column >= 0) & (row < side) & (column < side) & (row + column < 2 * (side - 1))
        cells = np.full((len(row), 2), -1, dtype=np.int64)
        cells[:, 0] = np.where(known, 1 + row * side + column, -1)
        bins = np.asarray(score_cell, dtype=np.int64)
        scored = known & (bins >= 0) & (bins < self._bins) & (row < side - 1)
        cells[:, 1] = np.where(scored, 1 + side**2 + 2 * bins + (row == self._positive), -1)
        probable = known & np.isfinite(log_loss) & np.isfinite(brier)
        losses = np.stack([log_loss, log_loss**2, brier, brier**2], axis=1)
        return Contributions(cells, np.where(probable, 0, -1), np.where(probable[:, None], losses, 0.0))

    def rows(self, counts: IntegerArray) -> int:
        """Outcomes counted."""
        return int(counts[1 : 1 + self._side**2].sum())

    def sums(self, counts: IntegerArray, sums: FloatArray, effects: DesignEffects) -> Mapping[type, Mapping[str, Any]]:
        """The sums of a tally's total, as far as there are outcomes."""
        confusion = counts[1 : 1 + self._side**2].reshape(self._side, self._side)
        rows = int(confusion.sum())
        if not rows:
            return {}
        actual, said, hits = (
            confusion.sum(axis=1).tolist(),
            confusion.sum(axis=0).tolist(),
            confusion.diagonal().tolist(),
        )
        classes = {
            name: OneClass(rows, actual[place], said[place], hits[place], effects.of_class(name))
            for place, name in enumerate(self.classes)
        }
        every = AllClasses(rows, confusion, tuple(classes.values()), effects.overall)
        found: dict[type, Mapping[str, Any]] = {AllClasses: {"": every}, OneClass: classes}
        if probable := int(counts[0]):
            log_loss, log_squares, brier, brier_squares = sums.sum(axis=0).tolist()
            losses = {"log_loss": (log_loss, log_squares), "brier": (brier, brier_squares)}
            found[ProbabilityLosses] = {"": ProbabilityLosses(probable, losses, effects)}
        if self._bins:
            negative, positive = counts[1 + self._side**2 :].reshape(-1, 2).T
            found[ScoreRanks] = {"": ScoreRanks(positive, negative, effects.overall)}
        return found


class RegressionTally:
    """Sums of errors and labels up to their fourth powers, in units of ``scale``, labels around ``centre``.

    Levels are magnitudes. So a label that was wrong by a factor of a thousand can be taken back without a rounding error.
    ``bounded``: whether the scale is that of a reference's errors, so that errors bounded at it mean something.
    """

    def __init__(self, centre: float, scale: float, *, bounded: bool = True) -> None:
        self._centre = centre
        # The square of a larger unit is no float. Such a reference is a mistake, and its rows count as unknown.
        self._scale = scale if 0 < scale < _LARGEST_SCALE else 1.0
        levels = len(_MAGNITUDES) + 1
        self.shape = TallyShape(levels, levels, 15)
        self.keys: Mapping[type, Sequence[str]] = {RegressionSums: ("",), BoundedErrors: ("",) if bounded else ()}

    def contributions(self, predicted: FloatArray, label: FloatArray, loss: FloatArray) -> Contributions:
        """One row per outcome. ``loss`` is the bounded error. An outcome that is not finite, or far too large, is unknown."""
        with np.errstate(over="ignore", invalid="ignore"):
            error = (predicted - label) / self._scale
            size = np.abs(label) / self._scale
            offset = (label - self._centre) / self._scale
            largest = np.maximum(np.maximum(np.abs(error), size), np.abs(offset))
            known = (largest < _LARGEST) & np.isfinite(loss)
        error, size, offset, bounded = (np.where(known, each, 0.0) for each in (error, size, offset, loss))
        absolute, square, spread = np.abs(error), error**2, offset**2
        numbers = np.stack(
            [
                *(bounded, bounded**2, absolute, square, square**2, error, size, size**2, size * absolute),
                *(offset, spread, spread * offset, spread**2, square * offset, square * spread),
            ],
            axis=1,
        )
        level = np.where(known, np.searchsorted(_MAGNITUDES, np.where(known, largest, 0.0)), -1)
        return Contributions(np.empty((len(error), 0), dtype=np.int64), level, numbers)

    def rows(self, counts: IntegerArray) -> int:
        """Outcomes counted."""
        return int(counts.sum())

    def sums(self, counts: IntegerArray, sums: FloatArray, effects: DesignEffects) -> Mapping[type, Mapping[str, Any]]:
        """The sums of a tally's total, as far as there are outcomes."""
        rows = int(counts.sum())
        if not rows:
            return {}
        bounded, bounded_squares, *others = sums.sum(axis=0).tolist()
        return {
            RegressionSums: {"": RegressionSums(rows, self._scale, effects, *others)},
            BoundedErrors: {"": BoundedErrors(rows, bounded, bounded_squares, effects.overall)},
        }
