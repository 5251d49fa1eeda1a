"""Performance of the labelled reference rows: what live outcomes are measured against."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import attrs
import numpy as np
from numpy.typing import NDArray

from ...array_spool import ArraySpool, SpoolStore
from ...records.batches import RecordBatch
from ...records.raw_values import numbers
from ...statistics.design_effect import DAY, design_effect_of, rows_a_day_of
from ...statistics.order_statistics import Blocks, median, quantile
from ...statistics.performance_metrics import estimates
from ...statistics.performance_sums import ClassificationTally, DesignEffects
from ...statistics.sums import PART, pairwise_sum, running_sum
from ...statistics.tally import Tally
from ...statistics.time_span import TimeSpan
from ..binner import Binner
from ..class_column import ClassColumn
from ..codes import CategoricalCoder
from ..losses import FEWEST_CLASS_ROWS, Array, bounded_losses, performance_tally
from ..outcome_batch import OutcomeLayout
from ..profile import PREDICTION, SCORE, LossSummary, OutcomeSummary, ReferenceProfile
from ..scores import Scores
from .row_history import OrderedRows

__all__ = ["LossTally", "OutcomeTally"]

_SCALE_QUANTILE = 0.95
_SMALLEST_PROBABILITY = 1e-15
_SPECIAL_BINS = 2  # missing and invalid, the last bins of a column
_LARGEST = 1e140  # a loss beyond it says nothing, and its square would be no float


class OutcomeTally:
    """Keeps the label of each reference row, beside its bins. Observe every batch, then ask once.

    ``reference`` needs its classes, task and bins, not yet its counts. Labels are kept in ``store``.
    """

    def __init__(self, reference: ReferenceProfile, binner: Binner, store: SpoolStore) -> None:
        self._layout = OutcomeLayout.of(reference)
        self._roles = [column.role for column in binner.columns]
        self._columns = binner.columns
        self._classes = CategoricalCoder(self._layout.classes, accepts_numbers=True)
        self._unknown = self._classes.invalid if self._layout.classification else np.nan
        kind = np.min_scalar_type(self._classes.invalid) if self._layout.classification else np.float64
        self._label = ArraySpool(kind, store=store)
        self._predicted = None if self._layout.classification else ArraySpool(kind, store=store)
        self._store = store
        self._rows = 0

    def observe(self, batch: RecordBatch) -> None:
        """Add a batch, in the order of :class:`RowHistory`."""
        if {"label", "prediction"} <= batch.fields.keys():
            label, predicted = batch.fields["label"], batch.fields["prediction"]
            if self._predicted is None:
                self._add(self._label, self._classes.codes(label, text=batch.text))
            else:
                self._add(self._label, numbers(label, text=batch.text)[0])
                self._add(self._predicted, numbers(predicted, text=batch.text)[0])
        self._rows += batch.size

    def _add(self, spool: ArraySpool, values: NDArray[Any]) -> None:
        """Add what stands beside the rows of a batch; rows before it that had none get unknown values."""
        for start in range(len(spool), self._rows, PART):
            spool.append(np.full(min(PART, self._rows - start), self._unknown, dtype=spool.dtype))
        spool.append(values.astype(spool.dtype))

    def summary(self, rows: OrderedRows) -> OutcomeSummary | None:
        """The summary of all rows observed, ``None`` if there is none with a usable label.

        Performance is that of all of them, and counts a label without a class of its own as an error, as it does of live
        outcomes; the losses that live ones are judged by are of those with a class.
        """
        if not len(self._label):
            return None
        outcomes = self._outcomes(rows)
        scale = 0.0 if self._layout.classification else _error_scale(outcomes.errors)
        centre = 0.0 if self._layout.classification else median(outcomes.labels)
        kind = performance_tally(self._layout, centre, scale)
        tally = Tally.empty(kind.shape)
        losses = _Losses(self._layout, self._bins, timed=rows.times is not None, store=self._store)
        for predicted, label, bins, times in outcomes.blocks():
            loss = bounded_losses(self._layout, scale, predicted, label)
            if isinstance(kind, ClassificationTally):
                nothing = np.full(len(loss), np.nan)
                tally.add(kind.contributions(predicted, label, bins, nothing, nothing))
            else:
                tally.add(kind.contributions(predicted, label, loss))
            losses.add(loss, label, bins, times)
        found = estimates(kind, *tally.total(), DesignEffects())
        performance = {name: each.value for name, each in found.items() if not name.startswith("loss_mean/")}
        return losses.summary(scale, performance)

    @property
    def _bins(self) -> int:
        """Bins of the column that losses are split over; 0 without one."""
        return len(self._columns[self._split].counts) if self._split is not None else 0

    @property
    def _split(self) -> int | None:
        """The column that losses are split over: the score, or of a regression the prediction."""
        role = SCORE if self._layout.classification else PREDICTION
        return self._roles.index(role) if role in self._roles else None

    def _outcomes(self, rows: OrderedRows) -> _Outcomes:
        for spool in [self._label, *([] if self._predicted is None else [self._predicted])]:
            self._add(spool, np.empty(0, dtype=spool.dtype))
        if self._predicted is not None:
            label, predicted = rows.arranged([self._label, self._predicted])
        else:
            (label,) = rows.arranged([self._label])
            predicted = rows.codes[self._roles.index(PREDICTION)]
        split = None if self._split is None else rows.codes[self._split]
        return _Outcomes(self._layout, predicted, label, split, self._bins, rows.times)


@attrs.frozen(eq=False)
class _Outcomes:
    """The labelled rows, in the order of time: predictions and labels as positions or numbers, bins, times."""

    layout: OutcomeLayout
    predicted: ArraySpool
    label: ArraySpool
    split: ArraySpool | None
    bins: int
    times: ArraySpool | None

    def blocks(self) -> Iterator[tuple[Array, Array, NDArray[np.int64], Array | None]]:
        """Prediction, label, bin (-1 without), and time (``None`` if rows have none) [row] of some rows at a time."""
        for start in range(0, len(self.label), PART):
            stop = start + PART
            predicted, label = (each.read(start, stop).astype(np.float64) for each in (self.predicted, self.label))
            if self.layout.classification:
                known = (predicted <= len(self.layout.classes)) & (label <= len(self.layout.classes))
            else:
                known = np.isfinite(predicted) & np.isfinite(label)
            bins = np.full(len(label), -1) if self.split is None else self.split.read(start, stop).astype(np.int64)
            if self.layout.classification:
                bins[bins >= self.bins - _SPECIAL_BINS] = -1
            times = None if self.times is None else self.times.read(start, stop)[known]
            yield predicted[known], label[known], bins[known], times

    def errors(self) -> Iterator[Array]:
        """The sizes of a regression's errors."""
        for predicted, label, _, _ in self.blocks():
            with np.errstate(over="ignore"):
                yield np.abs(predicted - label)

    def labels(self) -> Iterator[Array]:
        """The labels."""
        for _, label, _, _ in self.blocks():
            yield label


class _Losses:
    """The losses of the rows whose label has a class, in the order of time."""

    def __init__(self, layout: OutcomeLayout, bins: int, *, timed: bool, store: SpoolStore) -> None:
        self._classes = layout.classes
        self._timed = timed
        kind = np.uint8 if layout.classification else np.float64  # the error of a class is 0 or 1
        self._all = _LossSeries(kind, store)
        self._by_class = [_LossSeries(kind, store) for _ in layout.classes]
        self._bin_rows = np.zeros(bins, dtype=np.int64)
        self._bin_losses = np.zeros(bins)

    def add(self, loss: Array, label: Array, bins: NDArray[np.int64], times: Array | None) -> None:
        """Take in more rows."""
        known = np.isfinite(loss)
        loss, label, bins = loss[known], label[known], bins[known]
        times = None if times is None else times[known]
        self._all.add(loss, times)
        binned = bins >= 0
        self._bin_rows += np.bincount(bins[binned], minlength=len(self._bin_rows))
        np.add.at(self._bin_losses, bins[binned], loss[binned])  # one after the other, in whatever parts they come
        for position in np.unique(label).astype(np.int64).tolist() if self._classes else []:
            own = label == position
            self._by_class[position].add(loss[own], None if times is None else times[own])

    def summary(self, scale: float, performance: dict[str, float]) -> OutcomeSummary | None:
        """All of them summed up; ``None`` if there is none."""
        if not self._all.rows:
            return None
        classes = [(name, own) for name, own in zip(self._classes, self._by_class, strict=True) if own.rows]
        return OutcomeSummary(
            rows=self._all.rows,
            loss=LossSummary(*self._all.moments(), self._all.rows, self._all.effect(timed=self._timed)),
            error_scale=scale,
            class_rows={name: own.rows for name, own in classes},
            class_errors={name: own.total for name, own in classes},
            class_design_effects={
                name: own.effect(timed=self._timed) for name, own in classes if own.rows >= FEWEST_CLASS_ROWS
            },
            score_rows=self._bin_rows.tolist(),
            score_losses=self._bin_losses.tolist(),
            performance=performance,
        )


class _LossSeries:
    """The losses of some rows, in the order of time."""

    def __init__(self, kind: type[np.generic], store: SpoolStore) -> None:
        self._losses = ArraySpool(kind, store=store)
        self._span = TimeSpan([DAY])
        self.total = 0

    @property
    def rows(self) -> int:
        return len(self._losses)

    def add(self, losses: Array, times: Array | None) -> None:
        """Take in the losses of more rows."""
        self.total += int(losses.sum())
        self._losses.append(losses.astype(self._losses.dtype))
        if times is not None:
            self._span.add(times)

    def _read(self, start: int, stop: int) -> Array:
        return self._losses.read(start, stop).astype(np.float64)

    def moments(self) -> tuple[float, float]:
        """Mean and standard deviation (dividing by their number less one)."""
        mean = float(pairwise_sum(self._read, self.rows) / self.rows)
        squares = pairwise_sum(lambda start, stop: np.square(self._read(start, stop) - mean), self.rows)
        return mean, float(np.sqrt(squares / max(self.rows - 1, 1)))

    def effect(self, *, timed: bool) -> float:
        """The design effect."""
        return design_effect_of(self._read, self.rows, rows_a_day_of(self._span) if timed else None)


def _error_scale(errors: Blocks) -> float:
    """The scale of the bounded error: what one in twenty errors exceeds, predictions without any error left aside.

    Bounded at it, a doubled error moves the mean by about half of itself, and what is beyond counts as 1, however far. Over
    normal, Laplace, t (3 and 1.5 degrees of freedom) and log-normal errors the outcomes until a doubled error is sure are
    within 25 % of those for the best quantile, which is from 0.9 to 0.999 by law; 0.8 costs up to 90 %, and 0.999 seven
    times as many under heavy tails. One bad label in twenty-five cannot move it far.
    """
    return quantile(lambda: (each[(each > 0) & np.isfinite(each)] for each in errors()), _SCALE_QUANTILE, otherwise=0.0)


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
        labels = ClassColumn.of(batch.fields["label"], text=batch.text)
        losses = {"zero_one": np.full(batch.size, np.nan)}
        if "prediction" in batch.fields:
            predictions = ClassColumn.of(batch.fields["prediction"], text=batch.text)
            by_name = {name: place for place, name in enumerate(labels.names)}
            predicted = predictions.positions(by_name, len(by_name))
            both = (predicted >= 0) & (labels.places >= 0)
            losses["zero_one"][both] = predicted[both] != labels.places[both]
        if scores is None or not self._reference.probability:
            return losses
        classes = self._reference.score_columns
        places = {name: place for place, name in enumerate(classes)}
        label = labels.positions(places, -1)
        known = label >= 0
        if scores.probabilities is not None and len(classes) > 2:
            outcome = np.zeros((batch.size, len(classes)))
            outcome[np.flatnonzero(known), label[known]] = 1
            known = known & np.isfinite(scores.probabilities).any(axis=1)
            probabilities = np.nan_to_num(scores.probabilities, nan=0.0)  # a class without a score had no chance
            likelihood = (outcome * probabilities).sum(axis=1)
            brier = ((outcome - probabilities) ** 2).sum(axis=1)
        elif not self._reference.positive_class:
            return losses
        else:
            positive = labels.positions({self._reference.positive_class: 1}, 0) == 1
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
