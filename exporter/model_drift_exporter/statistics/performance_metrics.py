"""Performance metrics from sums over outcomes: what each outcome adds to the sums, and the metrics of the sums."""

from __future__ import annotations

import math
from collections.abc import Mapping

import attrs
import numpy as np
import numpy.typing as npt

from .intervals import Estimate, balanced_interval, mean_interval, ratio_interval, wilson_interval
from .layout import FloatArray
from .ranks import average_precision, roc_auc
from .tally import Contributions, IntegerArray, TallyShape

__all__ = ["BOUNDED_ERROR", "ClassificationTally", "DesignEffects", "RegressionTally"]

BOUNDED_ERROR = "bounded_absolute_error"
"""The regression loss on which a page fires: min(1, absolute error / scale)."""

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

    def estimates(self, counts: IntegerArray, sums: FloatArray, effects: DesignEffects) -> dict[str, Estimate]:
        """Estimates by metric, from a tally's total. Undefined ones are left out.

        Metrics by class or by loss have that in their name, for example ``recall/yes`` and ``loss_mean/brier``.
        """
        confusion = counts[1 : 1 + self._side**2].reshape(self._side, self._side)
        rows = int(confusion.sum())
        if not rows:
            return {}
        right = confusion.diagonal()[:-1]
        accuracy = wilson_interval(int(right.sum()) / rows, rows / effects.overall)
        found = {"loss_mean/zero_one": accuracy.complement(), "accuracy": accuracy}
        if probable := int(counts[0]):
            log_loss, log_squares, brier, brier_squares = sums.sum(axis=0).tolist()
            for name, total, squares in (("log_loss", log_loss, log_squares), ("brier", brier, brier_squares)):
                mean = mean_interval(total, squares, probable, effects.loss(name))
                found[f"loss_mean/{name}"] = mean.within(0.0)
        labelled, predicted = confusion.sum(axis=1)[:-1], confusion.sum(axis=0)[:-1]
        present = [
            (hits / actual, actual / effects.of_class(name))
            for name, hits, actual in zip(self.classes, right.tolist(), labelled.tolist(), strict=True)
            if actual
        ]
        if present:
            found["balanced_accuracy"] = balanced_interval(present)
        for name, hits, actual, said in zip(
            self.classes, right.tolist(), labelled.tolist(), predicted.tolist(), strict=True
        ):
            effect = effects.of_class(name)
            if said:
                found[f"precision/{name}"] = wilson_interval(hits / said, said / effect)
            if actual:
                found[f"recall/{name}"] = wilson_interval(hits / actual, actual / effect)
            if either := actual + said - hits:
                # F1 = 2 J / (1 + J) for Jaccard's J, the share of hits among all that were of the class or said to be.
                jaccard = wilson_interval(hits / either, either / effect)
                ends = [2 * share / (1 + share) for share in (jaccard.value, jaccard.lower, jaccard.upper)]
                found[f"f1_score/{name}"] = Estimate(*ends)
        if self._bins:
            negative, positive = counts[1 + self._side**2 :].reshape(-1, 2).T
            found |= _ranking(positive, negative, effects.overall)
        return found


def _ranking(positive: IntegerArray, negative: IntegerArray, effect: float) -> dict[str, Estimate]:
    found = {}
    if positive.any() and negative.any():
        found["roc_auc"] = roc_auc(positive, negative, effect)
    if positive.any():
        found["average_precision"] = average_precision(positive, negative, effect)
    return found


class RegressionTally:
    """Sums of errors and labels up to their fourth powers, in units of ``scale``, labels around ``centre``.

    Levels are magnitudes. So a label that was wrong by a factor of a thousand can be taken back without a rounding error.
    """

    def __init__(self, centre: float, scale: float) -> None:
        self._centre = centre
        # The square of a larger unit is no float. Such a reference is a mistake, and its rows count as unknown.
        self._scale = scale if 0 < scale < _LARGEST_SCALE else 1.0
        levels = len(_MAGNITUDES) + 1
        self.shape = TallyShape(levels, levels, 15)

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

    def estimates(self, counts: IntegerArray, sums: FloatArray, effects: DesignEffects) -> dict[str, Estimate]:
        """Estimates by metric, from a tally's total. Undefined ones are left out.

        Metrics by loss have that in their name, for example ``loss_mean/absolute_error``.
        """
        rows = int(counts.sum())
        if not rows:
            return {}
        sums = sums.sum(axis=0)
        bounded, bounded_squares, absolute, square, fourth, error, size, size_squares, product = sums[:9].tolist()
        scale, effect = self._scale, effects.overall
        mean_absolute = mean_interval(absolute, square, rows, effects.loss("absolute_error")).within(0.0).scaled(scale)
        mean_square = mean_interval(square, fourth, rows, effects.loss("squared_error")).within(0.0)
        found = {
            f"loss_mean/{BOUNDED_ERROR}": mean_interval(bounded, bounded_squares, rows, effect).within(0.0, 1.0),
            "loss_mean/absolute_error": mean_absolute,
            "loss_mean/squared_error": mean_square.scaled(scale**2),
            "root_mean_squared_error": Estimate(
                *(math.sqrt(end) for end in (mean_square.value, mean_square.lower, mean_square.upper))
            ).scaled(scale),
            "bias": mean_interval(error, square, rows, effect).scaled(scale),
            "pinball_loss": mean_absolute.scaled(0.5),
        }
        if size > 0:
            ratio = ratio_interval(
                absolute, size, (square, product, size_squares), rows, effects.loss("absolute_error")
            )
            found["relative_error"] = ratio.within(0.0)
        found |= self._determination(rows, sums, effects.loss("squared_error"))
        return found

    def _determination(self, rows: int, sums: FloatArray, effect: float) -> dict[str, Estimate]:
        square, fourth = sums[3:5].tolist()
        first, second, third, power, with_first, with_second = sums[9:].tolist()
        mean = first / rows
        variation = second - first * mean  # sum of squares of the labels around their own mean
        if variation <= 1e-12 * second:
            return {}
        powers = power - 4 * mean * third + 6 * mean**2 * second - 3 * mean**3 * first
        products = with_second - 2 * mean * with_first + mean**2 * square
        unexplained = ratio_interval(square, variation, (fourth, products, powers), rows, effect)
        return {"r2_score": unexplained.within(0.0).complement()}
