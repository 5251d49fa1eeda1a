from __future__ import annotations

import math

from model_drift_exporter.monitors.latency import LATENCY_BUCKETS, LatencyMonitor
from tests.support.exposition import Exposition
from tests.support.monitor_context import coded, context_of, reference
from tests.support.prediction_log import Row, make_rows


def _rows(latencies: list[object]) -> list[Row]:
    return [row | {"latency": latency} for row, latency in zip(make_rows(len(latencies)), latencies, strict=True)]


def test_nothing_before_the_first_latency() -> None:
    """A log without latencies has no histogram of them."""
    context = context_of(reference(200))
    monitor = LatencyMonitor(context)
    monitor.observe(coded(context, make_rows(5)))
    monitor.observe(coded(context, _rows([None, "slow"])))
    assert [block.exported for block in monitor.collect()] == [0]


def test_latencies_are_counted_in_buckets() -> None:
    """A bucket includes its upper bound; what is negative, infinite or no number is left out."""
    context = context_of(reference(200))
    monitor = LatencyMonitor(context)
    monitor.observe(coded(context, _rows([0.001, 0.0011, 0, 10.0, 99.0])))
    monitor.observe(coded(context, _rows([-1.0, math.inf, None, "x", 0.25])))
    found = Exposition.of(monitor.collect())
    buckets = {float(le): value for le, value in found.by("le", "model_latency_seconds_bucket", model="m").items()}
    assert list(buckets) == [*LATENCY_BUCKETS, math.inf]
    assert (buckets[0.001], buckets[0.0025], buckets[0.25], buckets[10.0], buckets[math.inf]) == (2, 3, 4, 5, 6)
    assert found("model_latency_seconds_count", model="m") == 6
    assert found("model_latency_seconds_sum", model="m") == 0.001 + 0.0011 + 10.0 + 99.0 + 0.25


def test_what_was_counted_is_taken_over() -> None:
    """A monitor of the same bins goes on where another stopped."""
    context = context_of(reference())
    rows = make_rows(200, seed=4, latency=0.03)
    first, second, straight = LatencyMonitor(context), LatencyMonitor(context), LatencyMonitor(context)
    first.observe(coded(context, rows[:120]))
    second.restore(first.snapshot())
    second.observe(coded(context, rows[120:]))
    straight.observe(coded(context, rows))
    assert Exposition.of(second.collect()).samples == Exposition.of(straight.collect()).samples
