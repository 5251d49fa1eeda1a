"""A few metrics, and samples of every kind of metric."""

from __future__ import annotations

from collections.abc import Callable, Iterable

import numpy as np
from prometheus_client import Metric as Family
from prometheus_client.openmetrics.parser import text_string_to_metric_families as parse_openmetrics
from prometheus_client.parser import text_string_to_metric_families as parse_text

from model_drift_exporter.metrics.metric import counter, gauge, histogram
from model_drift_exporter.metrics.samples import HistogramSeries, Samples, Series

COUNTER = counter("model_test_records_total", "model bin", "Records.", "Tests")
GAUGE = gauge("model_test_psi", "model feature", 'A path C:\\new, a "quote",\nand a second line.', "Tests")
HISTOGRAM = histogram("model_test_confidence", "model", "Confidence of predictions.", "Tests")
PLAIN = gauge("model_test_up", "", "Whether it is up.", "Tests")
METRICS = (GAUGE, PLAIN, HISTOGRAM, COUNTER)
PARSERS: dict[bool, Callable[[str], Iterable[Family]]] = {False: parse_text, True: parse_openmetrics}


def one_of_each() -> list[Samples]:
    """A block of each of the metrics, in their order."""
    records = Series(COUNTER, [("credit", "b00"), ("credit", "__missing__")])
    psi = Series(GAUGE, [("credit", "age"), ("credit", 'a "quoted"\\\nname')])
    confidence = HistogramSeries(HISTOGRAM, ["credit"], [0.5, 0.9, 1.0])
    return [
        psi.samples([0.1, -2.5]),
        Series(PLAIN, [()]).samples([1]),
        confidence.samples(np.array([1, 2, 3, 0]), 4.75),
        records.samples(np.array([12, 0])),
    ]
