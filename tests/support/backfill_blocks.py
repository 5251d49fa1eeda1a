"""Blocks of samples of each kind, for backfilling."""

from __future__ import annotations

import numpy as np

from model_drift_exporter.metrics.metric import counter, gauge, histogram
from model_drift_exporter.metrics.samples import HistogramSeries, Samples, Series

DAY = 86_400.0
START = 20_000 * DAY
RECORDS = counter("model_records_total", "model", "Records.", "Tests")
LAST_RECORD = gauge("model_last_record_timestamp_seconds", "model", "Event time.", "Tests")
LATENCY = histogram("model_latency_seconds", "model", "Latency.", "Tests")


def blocks(records: int, last: float) -> list[Samples]:
    """A counter, a time, and a histogram."""
    return [
        Series(RECORDS, [('a "model"',), ("b",)]).samples([records, records + 1]),
        Series(LAST_RECORD, [("b",)]).samples([last]),
        HistogramSeries(LATENCY, ("b",), (0.1, 1.0)).samples(np.array([records, 1, 0]), 2.5),
    ]
