"""The model's own latency, where its records tell it."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Self

import numpy as np

from ..metrics.metric import Group, Metric, histogram
from ..metrics.samples import HistogramSeries, Samples
from ..reference.binner import CodedBatch
from ..statistics.sums import running_sum
from .monitor import MonitorContext

__all__ = ["LATENCY_BUCKETS", "METRICS", "LatencyMonitor"]

_LATENCY = histogram("model_latency_seconds", "model", "Latency of the model as its records tell it.", Group.MODELS)
METRICS: tuple[Metric, ...] = (_LATENCY,)

LATENCY_BUCKETS = (0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0)
"""Upper bounds in seconds."""


class LatencyMonitor:
    """``model_latency_seconds``; nothing is exported before the first record with a latency."""

    name = "latency"

    def __init__(self, context: MonitorContext) -> None:
        self._series = HistogramSeries(_LATENCY, (context.model,), LATENCY_BUCKETS)
        self._counts = np.zeros(len(LATENCY_BUCKETS) + 1, dtype=np.int64)
        self._sum = 0.0

    def observe(self, batch: CodedBatch) -> None:
        """Count the records with a latency of zero or more."""
        if "latency" in batch.values:
            latency = batch.values["latency"]
            latency = latency[np.isfinite(latency) & (latency >= 0)]
            places = np.searchsorted(LATENCY_BUCKETS, latency)
            self._counts += np.bincount(places, minlength=len(self._counts))
            self._sum = running_sum(self._sum, latency)

    def tick(self, now: float) -> None:
        """Counters have no clock."""

    def take_over(self, old: Self) -> None:
        self._counts, self._sum = old._counts, old._sum

    def snapshot(self) -> None:
        """Nothing: counters start at 0 in a new process, as counters may."""

    def restore(self, state: object) -> None:
        """Nothing to go on from."""

    def collect(self) -> Iterable[Samples]:
        if self._counts.any():
            yield self._series.samples(self._counts, self._sum)
