"""Observations by bin, as counters, beside the reference's counts: the truth that everything else derives from."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Self

import numpy as np

from ..metrics.samples import Samples, Series
from ..reference.binning import CodedBatch
from ..reference.profile import FEATURE, MISSING, PREDICTION, SCORE
from .base import MonitorContext

__all__ = ["ObservationsMonitor"]


class ObservationsMonitor:
    """``model_{feature,prediction,score}_observations_total`` and the reference's counterparts, every bin from 0."""

    def __init__(self, context: MonitorContext) -> None:
        self._context = context
        self._counts = np.zeros(context.binner.size, dtype=np.int64)
        self._blocks: list[tuple[Series, np.ndarray[tuple[int], np.dtype[np.intp]]]] = []
        self._constant: list[Samples] = []
        for role in (FEATURE, PREDICTION, SCORE):
            positions = [position for position in context.exported if context.columns[position].role == role]
            if positions:
                self._prepare(context, role, positions)

    def _prepare(self, context: MonitorContext, role: str, positions: Sequence[int]) -> None:
        own: list[tuple[str, ...]] = []
        bounded: list[tuple[str, ...]] = []
        cells: list[int] = []
        reference: list[int] = []
        mean_labels: list[tuple[str, ...]] = []
        means: list[float] = []
        bound_labels: list[tuple[str, ...]] = []
        deviation_labels: list[tuple[str, ...]] = []
        deviations: list[float] = []
        upper_bounds: list[float] = []
        for position in positions:
            column = context.columns[position]
            identity = (context.model, column.name) if role == FEATURE else (context.model,)
            own += [(*identity, name) for name in column.bins]
            bounds = column.bounds if role == FEATURE else ((),) * len(column.bins)
            bounded += [(*identity, name, *limits) for name, limits in zip(column.bins, bounds, strict=True)]
            start = int(context.binner.starts[position])
            cells += range(start, start + len(column.bins))
            reference += column.counts.values()
            if column.numeric:
                # What stands for a bin in Wasserstein-1: outside the range, the reference's minimum and maximum.
                mean_labels += [(*identity, name) for name in column.bins[: len(column.means) + 2]]
                means += (column.edges[0], *column.means, column.edges[-1])
                bound_labels += [(*identity, name) for name in column.bins[1 : len(column.means) + 1]]
                upper_bounds += column.edges[1:]
                deviation_labels.append(identity)
                deviations.append(column.standard_deviation)
        self._blocks.append((Series(f"model_{role}_observations_total", own), np.array(cells, dtype=np.intp)))
        self._constant += [
            Series(f"model_{role}_reference_observations", bounded).samples(reference),
            Series(f"model_{role}_reference_bin_mean", mean_labels).samples(means),
            Series(f"model_{role}_reference_standard_deviation", deviation_labels).samples(deviations),
        ]
        if role != FEATURE:  # a feature's reference carries its bounds as labels
            self._constant.append(Series(f"model_{role}_reference_bin_upper_bound", bound_labels).samples(upper_bounds))

    def observe(self, batch: CodedBatch) -> None:
        """Count every record, whatever its time."""
        self._counts += np.bincount(batch.cells.ravel(), minlength=len(self._counts))

    @property
    def records(self) -> int:
        """Records counted so far: each has one bin in each column."""
        return int(self._counts.sum()) // len(self._context.columns)

    @property
    def absent_features(self) -> list[str]:
        """Features that every record so far lacked; empty before the first record."""
        binner = self._context.binner
        totals = np.add.reduceat(self._counts, binner.starts)
        return [
            column.name
            for column, start, total in zip(binner.columns, binner.starts, totals, strict=True)
            if column.role == FEATURE and total and self._counts[start + column.bins.index(MISSING)] == total
        ]

    def tick(self, now: float) -> None:
        """Counters have no clock."""

    def take_over(self, old: Self) -> None:
        """See :class:`Monitor`."""
        self._counts = old._counts

    def snapshot(self) -> None:
        """Nothing: counters start at 0 in a new process, as counters may."""

    def restore(self, state: object) -> None:
        """Nothing to go on from."""

    def collect(self) -> Iterable[Samples]:
        """See :class:`Monitor`."""
        yield from self._constant
        for series, cells in self._blocks:
            yield series.samples(self._counts[cells])
