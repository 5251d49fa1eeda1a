"""Performance of the labelled reference rows: what live outcomes are measured against."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt
from numpy.typing import NDArray

from ...records.batches import RecordBatch
from ...records.raw_values import numbers
from ...statistics.design_effect import design_effect
from ...statistics.performance_metrics import estimates
from ...statistics.performance_sums import ClassificationTally, DesignEffects
from ...statistics.sums import running_sum
from ...statistics.tally import Tally
from ..binner import Binner
from ..losses import FEWEST_CLASS_ROWS, Array, bounded_losses, performance_tally
from ..outcome_batch import OutcomeLayout
from ..profile import PREDICTION, SCORE, LossSummary, OutcomeSummary, ReferenceProfile
from ..scores import Scores, class_of

__all__ = ["LossTally", "OutcomeTally"]

_SCALE_QUANTILE = 0.95
_SMALLEST_PROBABILITY = 1e-15
_LARGEST = 1e140  # a loss beyond it says nothing, and its square would be no float


class OutcomeTally:
    """Keeps prediction, label and score bin of each labelled reference row. Observe every batch, then ask once.

    ``reference`` needs its classes, task and bins, not yet its counts.
    """

    def __init__(self, reference: ReferenceProfile, binner: Binner) -> None:
        self._layout = OutcomeLayout.of(reference)
        role = SCORE if self._layout.classification else PREDICTION
        roles = [column.role for column in binner.columns]
        self._column = roles.index(role) if role in roles else None
        self._start = int(binner.starts[self._column]) if self._column is not None else 0
        self._bins = len(binner.columns[self._column].counts) if self._column is not None else 0
        self._positions = {name: position for position, name in enumerate(self._layout.classes)}
        self._rows: list[Array] = []

    def observe(
        self, batch: RecordBatch, cells: npt.NDArray[np.int64], scores: Scores | None, order: npt.ArrayLike
    ) -> None:
        """Add the labelled rows of a batch; ``order`` [row] are their places among all reference rows, as they came."""
        if not {"label", "prediction"} <= batch.fields.keys():
            return
        pair = batch.fields["prediction"], batch.fields["label"]
        if self._layout.classification:
            predicted, label = (self._classes(column, text=batch.text) for column in pair)
        else:
            predicted, label = (numbers(column, text=batch.text)[0] for column in pair)
        bins = np.full(batch.size, -1.0)
        if self._column is not None:
            bins[:] = cells[self._column] - self._start
            if self._layout.classification:
                bins[np.isnan(scores.score) if scores is not None else slice(None)] = -1
        rows = np.stack([predicted, label, bins, np.broadcast_to(np.asarray(order, dtype=np.float64), batch.size)])
        known = np.isfinite(rows[:2]).all(axis=0) if not self._layout.classification else (rows[:2] >= 0).all(axis=0)
        self._rows.append(rows[:, known])

    def _classes(self, column: Sequence[object], *, text: bool) -> Array:
        other = len(self._positions)
        names = [class_of(value, text=text) for value in column]
        return np.array([-1 if name is None else self._positions.get(name, other) for name in names], dtype=np.float64)

    def summary(self, times: npt.ArrayLike | None = None) -> OutcomeSummary | None:
        """The summary of all rows observed, ``None`` if there is none with a usable label.

        Performance is that of all of them, and counts a label without a class of its own as an error, as it does of live
        outcomes; the losses that live ones are judged by are of those with a class.

        ``times`` are the event times of all reference rows, by the places in ``order``; without them rows are taken to have
        come in the order of time.
        """
        predicted, label, bins, order = np.concatenate([np.empty((4, 0)), *self._rows], axis=1)
        places = order.astype(np.int64)
        time = order if times is None else np.asarray(times, dtype=np.float64)[places]
        scale = 0.0 if self._layout.classification else _error_scale(np.abs(predicted - label))
        loss = bounded_losses(self._layout, scale, predicted, label)
        rank = np.lexsort((places, time))
        performance = self._performance(scale, predicted[rank], label[rank], bins[rank].astype(np.int64), loss[rank])
        rank = rank[np.isfinite(loss[rank])]
        if not len(rank):
            return None
        predicted, label, bins, loss = predicted[rank], label[rank], bins[rank].astype(np.int64), loss[rank]
        clock = None if times is None else time[rank]
        binned = bins >= 0
        deviation = float(loss.std(ddof=min(len(loss) - 1, 1)))
        rows, errors, effects = self._by_class(label, loss, clock)
        return OutcomeSummary(
            rows=len(loss),
            loss=LossSummary(float(loss.mean()), deviation, len(loss), design_effect(loss, clock)),
            error_scale=scale,
            class_rows=rows,
            class_errors=errors,
            class_design_effects=effects,
            score_rows=np.bincount(bins[binned], minlength=self._bins).tolist(),
            score_losses=np.bincount(bins[binned], weights=loss[binned], minlength=self._bins).tolist(),
            performance=performance,
        )

    def _by_class(
        self, label: Array, loss: Array, clock: Array | None
    ) -> tuple[dict[str, int], dict[str, int], dict[str, float]]:
        rows, errors, effects = {}, {}, {}
        for name, position in self._positions.items():
            own = label == position
            if own.any():
                rows[name], errors[name] = int(own.sum()), int(loss[own].sum())
            if own.sum() >= FEWEST_CLASS_ROWS:
                effects[name] = design_effect(loss[own], None if clock is None else clock[own])
        return rows, errors, effects

    def _performance(
        self, scale: float, predicted: Array, label: Array, bins: npt.NDArray[np.int64], loss: Array
    ) -> dict[str, float]:
        if not len(label):
            return {}
        kind = performance_tally(self._layout, float(np.median(label)), scale)
        tally = Tally.empty(kind.shape)
        if isinstance(kind, ClassificationTally):
            nothing = np.full(len(loss), np.nan)
            tally.add(kind.contributions(predicted, label, bins, nothing, nothing))
        else:
            tally.add(kind.contributions(predicted, label, loss))
        found = estimates(kind, *tally.total(), DesignEffects())
        return {name: each.value for name, each in found.items() if not name.startswith("loss_mean/")}


def _error_scale(errors: Array) -> float:
    """The scale of the bounded error: what one in twenty errors exceeds, predictions without any error left aside.

    Bounded at it, a doubled error moves the mean by about half of itself, and what is beyond counts as 1, however far. Over
    normal, Laplace, t (3 and 1.5 degrees of freedom) and log-normal errors the outcomes until a doubled error is sure are
    within 25 % of those for the best quantile, which is from 0.9 to 0.999 by law; 0.8 costs up to 90 %, and 0.999 seven
    times as many under heavy tails. One bad label in twenty-five cannot move it far.
    """
    positive = errors[(errors > 0) & np.isfinite(errors)]
    return float(np.quantile(positive, _SCALE_QUANTILE)) if len(positive) else 0.0


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
        if "label" not in batch.fields:
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
        labels = [class_of(value, text=batch.text) for value in batch.fields["label"]]
        predictions = [
            class_of(value, text=batch.text) for value in batch.fields.get("prediction", [None] * batch.size)
        ]
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
        if not {"label", "prediction"} <= batch.fields.keys():
            return {}
        with np.errstate(over="ignore", invalid="ignore"):
            error = numbers(batch.fields["prediction"], text=batch.text)[0]
            error = error - numbers(batch.fields["label"], text=batch.text)[0]
            return {"absolute_error": np.abs(error), "squared_error": error**2}

    def summaries(self) -> dict[str, LossSummary]:
        """One summary for each loss that had a row."""
        found = {}
        for name, (first, count, total, squares) in self._sums.items():
            variance = max(squares - total * (total / count), 0.0) / max(count - 1, 1)
            found[name] = LossSummary(first + total / count, float(np.sqrt(variance)), count)
        return found
