"""Losses of predictions against labels, summed up for the reference."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from ..outputs import Scores, class_of
from ..records.batches import RecordBatch
from ..records.values import numbers
from ..statistics.sums import running_sum
from .profile import LossSummary, ReferenceProfile

__all__ = ["LossTally"]

_SMALLEST_PROBABILITY = 1e-15
_LARGEST = 1e140  # a loss beyond it says nothing, and its square would be no float


class LossTally:
    """Mean and spread of each loss over the rows that have a label.

    Classification: ``zero_one``, and with probabilities ``log_loss`` (natural logarithm, probabilities clipped at 1e-15)
    and ``brier`` (of the positive class; summed over the classes if there are more than two, which needs a score for each).
    Regression: ``absolute_error``, ``squared_error``.
    """

    def __init__(self, reference: ReferenceProfile) -> None:
        self._reference = reference
        # For each loss its first value, which the sums are taken around, the count, and the sums of deviations and squares.
        self._sums: dict[str, tuple[float, int, float, float]] = {}

    def observe(self, batch: RecordBatch, scores: Scores | None) -> None:
        """Add the labelled rows of a batch."""
        if batch.label is None:
            return
        losses = (
            self._classification(batch, scores) if self._reference.task == "classification" else self._regression(batch)
        )
        for name, values in losses.items():
            known = values[np.abs(values) < _LARGEST]
            if len(known):
                first, count, total, squares = self._sums.get(name, (float(known[0]), 0, 0.0, 0.0))
                known = known - first
                self._sums[name] = (
                    first,
                    count + len(known),
                    running_sum(total, known),
                    running_sum(squares, known**2),
                )

    def _classification(self, batch: RecordBatch, scores: Scores | None) -> dict[str, NDArray[np.float64]]:
        labels = [class_of(value, text=batch.text) for value in batch.label or ()]
        predictions = [class_of(value, text=batch.text) for value in batch.prediction or [None] * batch.size]
        pairs = list(zip(predictions, labels, strict=True))
        losses = {"zero_one": np.array([np.nan if None in pair else float(pair[0] != pair[1]) for pair in pairs])}
        if scores is None or not self._reference.probability:
            return losses
        classes = self._reference.score_columns
        places = {name: place for place, name in enumerate(classes)}
        known = np.array([label in places for label in labels])
        if scores.probabilities is not None and len(classes) > 2:
            outcome = np.zeros((batch.size, len(classes)))
            for row in np.flatnonzero(known).tolist():
                outcome[row, places[labels[row] or ""]] = 1
            known &= np.isfinite(scores.probabilities).any(axis=1)
            probabilities = np.nan_to_num(scores.probabilities, nan=0.0)  # a class without a score had no chance
            likelihood = (outcome * probabilities).sum(axis=1)
            brier = ((outcome - probabilities) ** 2).sum(axis=1)
        elif not self._reference.positive_class:
            return losses
        else:
            positive = np.array([label == self._reference.positive_class for label in labels])
            likelihood = np.where(positive, scores.score, 1 - scores.score)
            brier = (positive - scores.score) ** 2
        losses["log_loss"] = np.where(known, -np.log(np.clip(likelihood, _SMALLEST_PROBABILITY, 1.0)), np.nan)
        losses["brier"] = np.where(known, brier, np.nan)
        return losses

    def _regression(self, batch: RecordBatch) -> dict[str, NDArray[np.float64]]:
        if batch.prediction is None or batch.label is None:
            return {}
        with np.errstate(over="ignore", invalid="ignore"):
            error = numbers(batch.prediction, text=batch.text)[0] - numbers(batch.label, text=batch.text)[0]
            return {"absolute_error": np.abs(error), "squared_error": error**2}

    def summaries(self) -> dict[str, LossSummary]:
        """One summary for each loss that had a row."""
        found = {}
        for name, (first, count, total, squares) in self._sums.items():
            variance = max(squares - total * (total / count), 0.0) / max(count - 1, 1)
            found[name] = LossSummary(first + total / count, float(np.sqrt(variance)), count)
        return found
