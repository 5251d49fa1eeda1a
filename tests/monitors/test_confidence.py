from __future__ import annotations

import math

import numpy as np
import pytest

from model_drift_exporter.monitors.confidence import ConfidenceMonitor
from model_drift_exporter.reference.scores import DERIVED_EDGES
from tests.support.exposition import Exposition
from tests.support.monitor_context import coded, context_of, reference
from tests.support.prediction_log import Row, batch_of, make_rows, profile_of


def test_histograms_equal_numpy() -> None:
    """Cumulative buckets, sum and count of confidence, margin and entropy are those of the formulas."""
    profile = reference()
    context = context_of(profile)
    monitor = ConfidenceMonitor(context)
    rows = make_rows(500, seed=2)
    for start in range(0, 500, 70):
        monitor.observe(coded(context, rows[start : start + 70]))
    found = Exposition.of(monitor.collect())
    score = np.array([row["score"] for row in rows])
    values = {
        "confidence": np.maximum(score, 1 - score),
        "margin": np.abs(score - profile.threshold),
        "entropy": -(score * np.log2(score) + (1 - score) * np.log2(1 - score)),
    }
    for name, expected in values.items():
        buckets = {float(le): count for le, count in found.by("le", f"model_{name}_bucket", model="m").items()}
        assert list(buckets) == [*map(float, DERIVED_EDGES[name][1:]), math.inf]
        assert list(buckets.values()) == [np.count_nonzero(expected <= bound) for bound in buckets]
        assert found(f"model_{name}_count", model="m") == 500
        assert found(f"model_{name}_sum", model="m") == pytest.approx(expected.sum(), rel=1e-12)


def test_sums_do_not_depend_on_batches() -> None:
    """One batch or many: the same digits."""
    context = context_of(reference())
    rows = make_rows(300, seed=8)
    whole, parts = ConfidenceMonitor(context), ConfidenceMonitor(context)
    whole.observe(coded(context, rows))
    for start in range(0, 300, 7):
        parts.observe(coded(context, rows[start : start + 7]))
    assert Exposition.of(whole.collect()).samples == Exposition.of(parts.collect()).samples


def test_bad_scores_are_not_observed() -> None:
    """Missing, invalid and impossible scores are in no bucket, nor in the sum."""
    context = context_of(reference())
    monitor = ConfidenceMonitor(context)
    scores: list[object] = [0.9, None, "0.5", math.nan, 1.5, -0.1, 1e300]
    rows: list[Row] = [row | {"score": score} for row, score in zip(make_rows(len(scores)), scores, strict=True)]
    monitor.observe(coded(context, rows))
    found = Exposition.of(monitor.collect())
    assert found("model_confidence_count", model="m") == 1
    assert found("model_confidence_sum", model="m") == 0.9


def test_extremes_are_inside() -> None:
    """Scores of exactly 0 and 1 have a confidence of 1 and an entropy of 0, both in a bucket."""
    context = context_of(reference())
    monitor = ConfidenceMonitor(context)
    monitor.observe(coded(context, [row | {"score": score} for row, score in zip(make_rows(2), (0, 1), strict=True)]))
    found = Exposition.of(monitor.collect())
    assert found("model_confidence_bucket", model="m", le="1.0") == 2
    assert found("model_confidence_bucket", model="m", le="0.999") == 0
    assert found("model_entropy_bucket", model="m", le="0.01") == 2


def test_regressions_have_none() -> None:
    """Without probabilities there is nothing to export."""
    rows = [{"features": {"x": index % 9}, "prediction": index / 7, "ts": index} for index in range(300)]
    assert list(ConfidenceMonitor(context_of(profile_of([batch_of(rows)]))).collect()) == []


def test_what_was_counted_is_taken_over() -> None:
    """Also by a monitor that exports what the old one only counted."""
    profile = reference()
    hidden = ConfidenceMonitor(context_of(profile, exported=[]))
    shown, straight = ConfidenceMonitor(context_of(profile)), ConfidenceMonitor(context_of(profile))
    rows = make_rows(200, seed=4)
    context = context_of(profile)
    hidden.observe(coded(context, rows[:120]))
    assert list(hidden.collect()) == []
    shown.restore(hidden.snapshot())
    shown.observe(coded(context, rows[120:]))
    straight.observe(coded(context, rows))
    assert Exposition.of(shown.collect()).samples == Exposition.of(straight.collect()).samples
