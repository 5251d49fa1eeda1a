"""Observations by bin, as counters: the truth that everything else derives from."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

import numpy as np

from ..metrics.metric import Metric, counter
from ..metrics.roles import ROLES
from ..metrics.samples import Samples, Series
from ..reference.coded_batch import CodedBatch
from ..reference.profile import FEATURE, MISSING, PREDICTION, SCORE
from .monitor import COUNTERS, Monitor, MonitorContext, MonitorSpec

__all__ = ["BIN_COUNTS", "BinCountsMonitor"]

_OBSERVATIONS = {
    role: counter(
        f"model_{role}_observations_total",
        f"{its.labels} bin",
        f"Observations of {its.whose} by bin.",
        its.group,
        role,
    )
    for role, its in ROLES.items()
}
_METRICS: tuple[Metric, ...] = (*_OBSERVATIONS.values(),)


class BinCountsMonitor(Monitor):
    """``model_{feature,prediction,score}_observations_total``, every bin from 0."""

    def __init__(self, context: MonitorContext) -> None:
        self._context = context
        self._counts = np.zeros(context.binner.size, dtype=np.int64)
        self.export(context.exported)

    def export(self, columns: Sequence[int]) -> None:
        self._blocks: list[tuple[Series, np.ndarray[tuple[int], np.dtype[np.intp]]]] = []
        for role in (FEATURE, PREDICTION, SCORE):
            positions = [position for position in columns if self._context.columns[position].role == role]
            if positions:
                self._prepare(self._context, role, positions)

    def _prepare(self, context: MonitorContext, role: str, positions: Sequence[int]) -> None:
        labels: list[tuple[str, ...]] = []
        cells: list[int] = []
        for position in positions:
            column = context.columns[position]
            identity = (context.model, column.name) if role == FEATURE else (context.model,)
            labels += [(*identity, name) for name in column.bins]
            start = int(context.binner.starts[position])
            cells += range(start, start + len(column.bins))
        self._blocks.append((Series(_OBSERVATIONS[role], labels), np.array(cells, dtype=np.intp)))

    def observe(self, batch: CodedBatch) -> None:
        """Count every record, whatever its time."""
        self._counts += batch.counts

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

    def snapshot(self) -> dict[str, Any]:
        return {COUNTERS: self._counts}

    def restore(self, state: Any) -> None:
        if COUNTERS in state:
            self._counts = state[COUNTERS]

    def collect(self) -> Iterable[Samples]:
        for series, cells in self._blocks:
            yield series.samples(self._counts[cells])


BIN_COUNTS = MonitorSpec(name="bin_counts", title="Observations by bin", make=BinCountsMonitor, metrics=_METRICS)
