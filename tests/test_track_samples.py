from __future__ import annotations

from model_drift_exporter.settings.values import parse_window
from model_drift_exporter.tracking import ModelTrack, TrackOptions
from tests.exposition import Exposition
from tests.prediction_log import START, batch_of, make_rows, profile_of

_OPTIONS = TrackOptions((parse_window("1h"),), learn_records=100)


def test_counters_are_there_from_the_start() -> None:
    """A model that has no record yet exports its counters as 0, and no time."""
    found = Exposition.of(ModelTrack("m", None, _OPTIONS).collect())
    for name in ("records", "records_late", "records_future", "records_untimed", "version_changes"):
        assert found(f"model_{name}_total", model="m") == 0
    assert found("model_info", model="m", version="", reference="") == 1
    assert found.get("model_last_record_timestamp_seconds", model="m") is None
    assert found("model_reference_learning_records", model="m") == 0


def test_a_reference_is_described() -> None:
    """Rows, whether it was learned, its losses and its fingerprint are exported."""
    profile = profile_of([batch_of(make_rows(200, label="yes"))])
    found = Exposition.of(ModelTrack("m", profile, _OPTIONS).collect())
    assert found("model_reference_rows", model="m") == 200
    assert found("model_reference_learned", model="m") == 0
    assert found.by("loss", "model_loss_reference_mean", model="m") == {
        name: summary.mean for name, summary in profile.loss.items()
    }
    assert set(profile.loss) == {"zero_one", "log_loss", "brier"}
    assert found("model_info", model="m", version="", reference=profile.fingerprint) == 1


def test_names_are_escaped() -> None:
    """A model or version with quotes, backslashes and line breaks is one valid label."""
    name = 'a"b\\c\nd'
    track = ModelTrack(name, profile_of([batch_of(make_rows(200))]), _OPTIONS)
    track.process(batch_of(make_rows(3, model_version=name)), arrival=START)
    found = Exposition.of(track.collect())
    assert found("model_records_total", model=name) == 3
    assert [dict(labels)["version"] for labels in found.select("model_info", model=name)] == [name]
