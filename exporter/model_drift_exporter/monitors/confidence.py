"""Histograms of what is derived from the score: confidence, margin, entropy."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

import numpy as np

from ..metrics.metric import Group, Metric, histogram
from ..metrics.samples import HistogramSeries, Samples
from ..reference.coded_batch import CodedBatch
from ..reference.profile import SCORE, ReferenceProfile
from ..reference.scores import DERIVED
from ..statistics.sums import running_sum
from .monitor import COUNTERS, Monitor, MonitorContext, MonitorSpec

__all__ = ["CONFIDENCE", "ConfidenceMonitor"]

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
_METRICS: tuple[Metric, ...] = (*_DERIVED.values(),)


class ConfidenceMonitor(Monitor):
    """``model_confidence``, ``model_margin`` and ``model_entropy``, where scores are probabilities."""

    def __init__(self, context: MonitorContext) -> None:
        self._context = context
        self._positions = {
            column.role: position for position, column in enumerate(context.columns) if column.role in DERIVED
        }
        self._counts = np.zeros(context.binner.size, dtype=np.int64)
        self._sums = dict.fromkeys(self._positions, 0.0)
        self.export(context.exported)

    def export(self, columns: Sequence[int]) -> None:
        self._histograms: dict[str, tuple[HistogramSeries, slice]] = {}
        for role, position in self._positions.items():
            if position in columns:
                self._prepare(role, position)

    def _prepare(self, role: str, position: int) -> None:
        context = self._context
        column = context.columns[position]
        start = int(context.binner.starts[position])
        # The lowest edge is 0, which the first bucket includes; nothing lies outside 0 and 1.
        ordinals = slice(start + 1, start + len(column.edges))
        self._histograms[role] = (HistogramSeries(_DERIVED[role], (context.model,), column.edges[1:]), ordinals)

    def observe(self, batch: CodedBatch) -> None:
        """Count the records that have a probability."""
        for role, position in self._positions.items():
            start = int(self._context.binner.starts[position])
            own = slice(start, start + len(self._context.columns[position].counts))
            self._counts[own] += batch.counts[own]
            if role in batch.values:
                values = batch.values[role]
                self._sums[role] = running_sum(self._sums[role], values[~np.isnan(values)])

    def snapshot(self) -> dict[str, Any]:
        return {COUNTERS: {"counts": self._counts, "sums": self._sums}}

    def restore(self, state: Any) -> None:
        if COUNTERS in state:
            self._counts, self._sums = state[COUNTERS]["counts"], state[COUNTERS]["sums"]

    def collect(self) -> Iterable[Samples]:
        for role, (series, ordinals) in self._histograms.items():
            yield series.samples(np.append(self._counts[ordinals], 0), self._sums[role])


def _why_off(reference: ReferenceProfile) -> str:
    if reference.column(SCORE) is None:
        return "no_scores"
    return "" if reference.probability else "scores_are_no_probabilities"


CONFIDENCE = MonitorSpec(
    name="confidence", title="Confidence", make=ConfidenceMonitor, applies=_why_off, metrics=_METRICS
)
