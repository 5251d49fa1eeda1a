from __future__ import annotations

import math

import numpy as np

from model_drift_exporter.labels.events import REJECTED
from model_drift_exporter.labels.join import JoinTally
from model_drift_exporter.labels.label_store import LABEL, PREDICTION, UNINDEXED, LabelStore
from model_drift_exporter.labels.metrics import AGES, Coverage, LabelSeries, LabelSummary
from model_drift_exporter.metrics.samples import Series
from model_drift_exporter.reference.outcome_batch import OutcomeLayout

LAYOUT = OutcomeLayout(classification=True, classes=("no", "yes"), positive=1, score_bins=0)
_HOUR = 3_600.0


def _store(entries: list[tuple[float, int, float]]) -> LabelStore:
    """Entries of (time, flags, predicted)."""
    store = LabelStore(LAYOUT, 1_000)
    rows = store.append(np.arange(len(entries), dtype=np.uint64))
    times, flags, predicted = zip(*entries, strict=True)
    store.columns["time"][rows] = times
    store.columns["flags"][rows] = flags
    store.put("predicted", rows, np.array(predicted, dtype=np.float64))
    return store


def test_predictions_are_counted_by_age_and_class() -> None:
    """Labels without prediction, and predictions that no label can find, are left out; only mature ones by class."""
    both = PREDICTION | LABEL
    store = _store(
        [
            (100 * _HOUR, PREDICTION, 0),
            (99 * _HOUR, both, 1),
            (80 * _HOUR, both, 1),
            (80 * _HOUR, PREDICTION, 2),
            (50 * _HOUR, LABEL, 0),
            (50 * _HOUR, both | UNINDEXED, 0),
        ]
    )
    coverage = Coverage.of(store, LAYOUT, now=100 * _HOUR, maturity=20 * _HOUR)
    assert dict(zip(AGES, coverage.predictions.tolist(), strict=True)) == {
        "1h": 2,
        "1d": 2,
        "7d": 0,
        "30d": 0,
        "90d": 0,
    }
    assert coverage.labelled.tolist() == [1, 1, 0, 0, 0]
    assert coverage.class_predictions.tolist() == [0, 1, 1]
    assert coverage.class_labelled.tolist() == [0, 1, 0]
    assert coverage.by_age == {"1h": 0.5, "1d": 0.5}
    assert Coverage.of(store, LAYOUT, 100 * _HOUR, None).class_predictions.sum() == 0


def test_each_count_has_its_metric() -> None:
    """Waiting labels and predictions are counted in the store; what is not known yet is not exported."""
    store = LabelStore(LAYOUT, 10)
    rows = store.append(np.arange(4, dtype=np.uint64))
    store.columns["flags"][rows] = [PREDICTION, PREDICTION | LABEL, LABEL, PREDICTION | LABEL | UNINDEXED]
    tally, rejected = JoinTally(1, 2, 3, 4, 5, 6), {"missing": 7}
    summary = LabelSummary.of(
        store,
        tally,
        rejected,
        unidentified=8,
        sampling_ratio=0.5,
        newest=-math.inf,
        maturity=None,
        coverage=None,
    )
    tally.joined, rejected["missing"] = 100, 100  # what comes later is no part of the summary
    found = {}
    for block in LabelSeries("m", LAYOUT).samples(summary):
        assert isinstance(block.series, Series)
        found[block.series.metric.name] = dict(
            zip([labels[1:] for labels in block.series.label_values], map(float, block.values), strict=True)
        )
    assert found.pop("model_labels_rejected_total") == {(reason,): 7.0 * (reason == "missing") for reason in REJECTED}
    for name in ("model_label_coverage_ratio", "model_prediction_class_label_coverage_ratio"):
        assert all(map(math.isnan, found.pop(name).values())), name
    single = {name: values[()] for name, values in found.items()}
    assert math.isnan(single.pop("model_label_last_timestamp_seconds"))
    assert math.isnan(single.pop("model_label_maturity_seconds"))
    assert single == {
        "model_labels_joined_total": 1,
        "model_labels_revised_total": 2,
        "model_labels_repeated_total": 3,
        "model_labels_unmatched_total": 4,
        "model_predictions_stored_total": 5,
        "model_predictions_repeated_total": 6,
        "model_predictions_unidentified_total": 8,
        "model_labels_waiting": 1,
        "model_label_store_predictions": 2,
        "model_label_sampling_ratio": 0.5,
    }
