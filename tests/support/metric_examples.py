"""A small catalogue, and samples of every kind of metric."""

from __future__ import annotations

from collections.abc import Callable, Iterable

import numpy as np
from prometheus_client import Metric as Family
from prometheus_client.openmetrics.parser import text_string_to_metric_families as parse_openmetrics
from prometheus_client.parser import text_string_to_metric_families as parse_text

from model_drift_exporter.metrics.catalogue import Metric
from model_drift_exporter.metrics.samples import HistogramSeries, Samples, Series

COUNTER, GAUGE, HISTOGRAM, PLAIN = (
    "model_test_records_total",
    "model_test_psi",
    "model_test_confidence",
    "model_test_up",
)
METRICS = {
    metric.name: metric
    for metric in (
        Metric(COUNTER, "counter", "Records.", ("model", "bin"), "Tests"),
        Metric(GAUGE, "gauge", 'A path C:\\new, a "quote",\nand a second line.', ("model", "feature"), "Tests"),
        Metric(HISTOGRAM, "histogram", "Confidence of predictions.", ("model",), "Tests"),
        Metric(PLAIN, "gauge", "Whether it is up.", (), "Tests"),
    )
}
PARSERS: dict[bool, Callable[[str], Iterable[Family]]] = {False: parse_text, True: parse_openmetrics}


def one_of_each() -> list[Samples]:
    """A block of every metric of the small catalogue, not in its order."""
    counter = Series(COUNTER, [("credit", "b00"), ("credit", "__missing__")])
    gauge = Series(GAUGE, [("credit", "age"), ("credit", 'a "quoted"\\\nname')])
    histogram = HistogramSeries(HISTOGRAM, ["credit"], [0.5, 0.9, 1.0])
    return [
        gauge.samples([0.1, -2.5]),
        Series(PLAIN, [()]).samples([1]),
        histogram.samples(np.array([1, 2, 3, 0]), 4.75),
        counter.samples(np.array([12, 0])),
    ]
