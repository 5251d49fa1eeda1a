from __future__ import annotations

import math
from collections import Counter

import numpy as np

from model_drift_exporter.labels.coding import REJECTED
from model_drift_exporter.labels.joining import JoinTally
from model_drift_exporter.labels.reporting import LabelSeries
from model_drift_exporter.labels.store import LABEL, PREDICTION, UNINDEXED, LabelStore
from model_drift_exporter.metrics.samples import Series
from model_drift_exporter.reference.outcomes import OutcomeLayout

LAYOUT = OutcomeLayout(classification=True, classes=("no", "yes"), positive=1, score_bins=0)


def test_each_count_has_its_metric() -> None:
    """Waiting labels and predictions are counted in the store; what is not known yet is not exported."""
    store = LabelStore(LAYOUT, 10)
    rows = store.append(np.arange(4, dtype=np.uint64))
    store.columns["flags"][rows] = [PREDICTION, PREDICTION | LABEL, LABEL, PREDICTION | LABEL | UNINDEXED]
    blocks = LabelSeries("m").samples(
        store,
        JoinTally(1, 2, 3, 4, 5, 6),
        Counter(missing=7),
        unidentified=8,
        ratio=0.5,
        newest=-math.inf,
        maturity=None,
    )
    found = {}
    for block in blocks:
        assert isinstance(block.series, Series)
        found[block.series.metric.name] = dict(
            zip([labels[1:] for labels in block.series.label_values], map(float, block.values), strict=True)
        )
    assert found.pop("model_labels_rejected_total") == {(reason,): 7.0 * (reason == "missing") for reason in REJECTED}
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
