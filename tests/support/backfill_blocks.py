"""Blocks of samples of each kind, for backfilling."""

from __future__ import annotations

import numpy as np

from model_drift_exporter.metrics.samples import HistogramSeries, Samples, Series

DAY = 86_400.0
START = 20_000 * DAY


def blocks(records: int, last: float) -> list[Samples]:
    """A counter, a time, and a histogram."""
    return [
        Series("model_records_total", [('a "model"',), ("b",)]).samples([records, records + 1]),
        Series("model_last_record_timestamp_seconds", [("b",)]).samples([last]),
        HistogramSeries("model_latency_seconds", ("b",), (0.1, 1.0)).samples(np.array([records, 1, 0]), 2.5),
    ]
