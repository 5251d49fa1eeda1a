"""The model's own latency, where its records tell it."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import numpy as np

from ..metrics.metric import Group, Metric, histogram
from ..metrics.samples import HistogramSeries, Samples
from ..reference.coded_batch import CodedBatch
from ..statistics.sums import running_sum
from .monitor import COUNTERS, Monitor, MonitorContext, MonitorSpec

__all__ = ["LATENCY", "LATENCY_BUCKETS", "LatencyMonitor"]

_LATENCY = histogram("model_latency_seconds", "model", "Latency of the model as its records tell it.", Group.MODELS)
_METRICS: tuple[Metric, ...] = (_LATENCY,)

LATENCY_BUCKETS = (0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0)
"""Upper bounds in seconds."""


class LatencyMonitor(Monitor):
    """``model_latency_seconds``; nothing is exported before the first record with a latency."""

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

    def snapshot(self) -> dict[str, Any]:
        return {COUNTERS: {"counts": self._counts, "sum": self._sum}}

    def restore(self, state: Any) -> None:
        if COUNTERS in state:
            self._counts, self._sum = state[COUNTERS]["counts"], state[COUNTERS]["sum"]

    def collect(self) -> Iterable[Samples]:
        yield self._series.samples(self._counts, self._sum) if self._counts.any() else self._series.absent()


LATENCY = MonitorSpec(name="latency", title="Latency", make=LatencyMonitor, metrics=_METRICS)
