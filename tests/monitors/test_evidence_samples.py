from __future__ import annotations

import math

import numpy as np
import pytest

from model_drift_exporter.metrics.samples import Samples, Series
from model_drift_exporter.monitors.drift import EvidenceSamples
from tests.monitors.evidence_streams import START, monitor_of, profile


def values_of(samples: Samples) -> dict[tuple[str, ...], float]:
    assert isinstance(samples.series, Series)
    pairs = zip(samples.series.label_values, samples.values, strict=True)
    return {labels: float(value) for labels, value in pairs if not math.isnan(value)}


def test_evidence_is_exported_as_log10_with_its_budgets() -> None:
    """Onsets of evidence of ten and more; hidden columns are left out."""
    _, context = monitor_of(profile(2), exported=[0, 1, 4])
    columns = np.array([*np.log([1e4, 5.0, 1.0, 100.0]), 5_000.0])
    collected = EvidenceSamples(context).collect(columns, START + np.arange(5.0), math.log(2e3), 17)
    found = {samples.series.metric.name: values_of(samples) for samples in collected}
    assert found == {
        "model_feature_drift_evidence_log10": {("m", "n0"): 4.0, ("m", "n1"): pytest.approx(math.log10(5.0))},
        "model_feature_drift_onset_timestamp_seconds": {("m", "n0"): START},
        "model_score_drift_evidence_log10": {("m",): pytest.approx(300.0)},
        "model_drift_evidence_log10": {("m",): pytest.approx(math.log10(2e3))},
        "model_drift_evidence_threshold_log10": {
            ("m", "page"): pytest.approx(math.log10(5_256_000)),
            ("m", "ticket"): pytest.approx(math.log10(10_080)),
        },
        "model_evidence_updates_total": {("m",): 17.0},
    }
