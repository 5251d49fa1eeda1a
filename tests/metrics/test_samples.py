from __future__ import annotations

import math

import numpy as np
import pytest

from model_drift_exporter.metrics.metric import counter, gauge, histogram
from model_drift_exporter.metrics.renderer import lines_of_block
from model_drift_exporter.metrics.samples import HistogramSeries, Series, escape_label_value

OBSERVATIONS = counter("model_test_observations_total", "model bin", "Observations.", "Tests")
START = gauge("model_test_start_timestamp_seconds", "", "Start.", "Tests")
CONFIDENCE = histogram("model_test_confidence", "model", "Confidence.", "Tests")
DELAY = histogram("model_test_delay_seconds", "", "Delay.", "Tests")


@pytest.mark.parametrize(
    ("value", "escaped"),
    [
        ("plain", "plain"),
        ('say "hi"', r"say \"hi\""),
        ("two\nlines", r"two\nlines"),
        (r"C:\new", r"C:\\new"),
        ('\\"\n', '\\\\\\"\\n'),
        ("Zürich {a=b}, 日本", "Zürich {a=b}, 日本"),
    ],
)
def test_label_values_are_escaped(value: str, escaped: str) -> None:
    """Backslash, double quote and line feed are escaped once; everything else stays as it is."""
    assert escape_label_value(value) == escaped


def test_prefixes_carry_the_labels_in_their_order() -> None:
    """A prefix is the name, the labels in the order of the metric, and the space before the value."""
    series = Series(OBSERVATIONS, [("credit", "b00"), ("credit", "b01")])
    assert series.prefixes == [
        'model_test_observations_total{model="credit",bin="b00"} ',
        'model_test_observations_total{model="credit",bin="b01"} ',
    ]
    assert len(series) == 2


def test_a_metric_without_labels_has_no_braces() -> None:
    """The prefix of the only series of a metric without labels is its name."""
    assert Series(START, [()]).prefixes == ["model_test_start_timestamp_seconds "]


@pytest.mark.parametrize("values", [("credit",), ("credit", "b00", "more")])
def test_a_wrong_number_of_label_values_is_an_error(values: tuple[str, ...]) -> None:
    """The error names the metric and its labels."""
    with pytest.raises(ValueError, match=r"model_test_observations_total has the labels \('model', 'bin'\)"):
        Series(OBSERVATIONS, [values])


def test_samples_keep_their_series_and_values() -> None:
    """A block of samples refers to the series, so that prefixes are never made twice."""
    series = Series(OBSERVATIONS, [("credit", "b00")])
    values = np.array([7])
    samples = series.samples(values)
    assert samples.series is series
    assert samples.values is values


def test_histogram_counts_become_cumulative() -> None:
    """Disjoint counts in, cumulative buckets with +Inf out, then the sum and the count."""
    series = HistogramSeries(CONFIDENCE, ["credit"], [0.5, 1])
    samples = series.samples(np.array([3, 4, 5]), 9.25)
    assert dict(zip(series.prefixes, samples.values, strict=True)) == {
        'model_test_confidence_bucket{model="credit",le="0.5"} ': 3,
        'model_test_confidence_bucket{model="credit",le="1.0"} ': 7,
        'model_test_confidence_bucket{model="credit",le="+Inf"} ': 12,
        'model_test_confidence_sum{model="credit"} ': 9.25,
        'model_test_confidence_count{model="credit"} ': 12,
    }
    assert len(series) == len(samples.values)


def test_a_histogram_without_labels_has_only_le() -> None:
    """The sum and the count of a histogram without labels have no braces."""
    assert HistogramSeries(DELAY, [], [60]).prefixes == [
        'model_test_delay_seconds_bucket{le="60.0"} ',
        'model_test_delay_seconds_bucket{le="+Inf"} ',
        "model_test_delay_seconds_sum ",
        "model_test_delay_seconds_count ",
    ]


def test_a_comma_at_the_end_of_a_label_value_stays() -> None:
    """Only the comma between labels is dropped before the sum, never one of a label's own."""
    assert HistogramSeries(CONFIDENCE, ["a,"], [1]).prefixes[-1] == 'model_test_confidence_count{model="a,"} '


def test_a_histogram_escapes_its_label_values() -> None:
    """A model's name with a quote in it cannot break a line."""
    assert HistogramSeries(CONFIDENCE, ['a"b'], [1]).prefixes[-1] == ('model_test_confidence_count{model="a\\"b"} ')


def test_a_number_that_is_not_there_is_no_exported_series() -> None:
    """What is counted is what a scrape shows: NaN is left out, a histogram is there with all its buckets."""
    series = Series(OBSERVATIONS, [("m", name) for name in "abc"])
    histogram = HistogramSeries(CONFIDENCE, ("m",), (0.5, 1.0))
    blocks = [series.samples([1.0, math.nan, 0.0]), histogram.samples(np.zeros(3, dtype=np.int64), 0.0)]
    assert [block.exported for block in blocks] == [2, 5]
    assert [len([*lines_of_block(block)]) for block in blocks] == [2, 5]
