from __future__ import annotations

import msgspec

from model_drift_exporter.models.model_metrics import ModelSamples
from model_drift_exporter.models.model_traffic import ModelTraffic
from model_drift_exporter.records.clock import EventTimes
from tests.support.exposition import Exposition
from tests.support.monitor_context import reference


def _found(samples: ModelSamples, version: str) -> Exposition:
    traffic = ModelTraffic(EventTimes(3600.0), records=7, version=version)
    return Exposition.of(samples.collect(traffic, learned_from=5, absent_features=2, suppressed=3))


def test_a_model_without_a_reference_says_how_far_learning_is() -> None:
    """And nothing of a reference, nor what time it is before a record told it."""
    found = _found(ModelSamples("m", 200), "2")
    assert found("model_info", model="m", version="2", reference="") == 1
    assert found("model_records_total", model="m") == 7
    assert found("model_reference_learning_records", model="m") == 5
    assert found("model_reference_learning_records_needed", model="m") == 200
    assert found("model_drift_exporter_series_suppressed", model="m") == 3
    absent = ("reference_rows", "reference_learned", "reference_features_absent", "last_record_timestamp_seconds")
    assert [name for name in absent if found.get(f"model_{name}", model="m") is not None] == []


def test_a_model_with_a_reference_says_whose_it_is() -> None:
    """Its rows, what of it is missing in the records, and whether it is of their version, where both are known."""
    profile = msgspec.structs.replace(reference(), version="2")
    samples = ModelSamples("m", 200)
    samples.begin(profile)
    found = _found(samples, "2")
    assert found("model_info", model="m", version="2", reference=profile.fingerprint) == 1
    assert found("model_reference_rows", model="m") == profile.rows
    assert found("model_reference_features_absent", model="m") == 2
    assert found.get("model_reference_learning_records", model="m") is None
    matches = [_found(samples, version).get("model_reference_version_matches", model="m") for version in ("2", "3", "")]
    assert matches == [1, 0, None]
