"""Histograms of what is derived from the score: confidence, margin, entropy."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Self

import numpy as np

from ..metrics.metric import Group, Metric, histogram
from ..metrics.samples import HistogramSeries, Samples
from ..reference.binner import CodedBatch
from ..reference.scores import DERIVED
from ..statistics.sums import running_sum
from .monitor import MonitorContext

__all__ = ["METRICS", "ConfidenceMonitor"]

_DERIVED = {
    role: histogram(f"model_{role}", "model", f"{what}.", Group.CONFIDENCE, role)
    for role, what in (
        ("confidence", "Probability of the top class"),
        (
            "margin",
            "Distance of the score to the decision threshold (lead of the top class over the second, with more than two)",
        ),
        ("entropy", "Entropy of the class probabilities as a share of the largest possible"),
    )
}
METRICS: tuple[Metric, ...] = (*_DERIVED.values(),)


class ConfidenceMonitor:
    """``model_confidence``, ``model_margin`` and ``model_entropy``, where scores are probabilities."""

    name = "confidence"

    def __init__(self, context: MonitorContext) -> None:
        self._histograms: dict[str, tuple[HistogramSeries, slice]] = {}
        self._positions = {
            column.role: position for position, column in enumerate(context.columns) if column.role in DERIVED
        }
        for role, position in self._positions.items():
            if position in context.exported:
                self._prepare(context, role, position)
        self._counts = np.zeros(context.binner.size, dtype=np.int64)
        self._sums = dict.fromkeys(self._positions, 0.0)

    def _prepare(self, context: MonitorContext, role: str, position: int) -> None:
        column = context.columns[position]
        start = int(context.binner.starts[position])
        # The lowest edge is 0, which the first bucket includes; nothing lies outside 0 and 1.
        ordinals = slice(start + 1, start + len(column.edges))
        self._histograms[role] = (HistogramSeries(_DERIVED[role], (context.model,), column.edges[1:]), ordinals)

    def observe(self, batch: CodedBatch) -> None:
        """Count the records that have a probability."""
        for role, position in self._positions.items():
            self._counts += np.bincount(batch.cells[position], minlength=len(self._counts))
            if role in batch.values:
                values = batch.values[role]
                self._sums[role] = running_sum(self._sums[role], values[~np.isnan(values)])

    def tick(self, now: float) -> None:
        """Counters have no clock."""

    def take_over(self, old: Self) -> None:
        self._counts, self._sums = old._counts, old._sums

    def snapshot(self) -> None:
        """Nothing: counters start at 0 in a new process, as counters may."""

    def restore(self, state: object) -> None:
        """Nothing to go on from."""

    def collect(self) -> Iterable[Samples]:
        for role, (series, ordinals) in self._histograms.items():
            yield series.samples(np.append(self._counts[ordinals], 0), self._sums[role])
