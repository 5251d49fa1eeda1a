from __future__ import annotations

import math

import pytest

from model_drift_exporter.evidence.alarms import Alarms
from model_drift_exporter.models.model_monitors import ModelMonitors
from model_drift_exporter.models.model_traffic import ModelTraffic
from model_drift_exporter.monitors import ALARMS
from model_drift_exporter.records.batches import NO_POSITIONS, ModelBatch
from model_drift_exporter.records.clock import EventTimes
from model_drift_exporter.reference.profile import ReferenceProfile
from model_drift_exporter.settings.values import parse_window
from tests.sections import monitoring_settings
from tests.support.exposition import Exposition
from tests.support.prediction_log import START, batch_of, make_rows, profile_of

_SETTINGS = monitoring_settings((parse_window("1h"),))
_KEYS_OF_0_1_0 = {
    "bin_counts": "ObservationsMonitor",
    "distances": "DriftMonitor",
    "confidence": "ConfidenceMonitor",
    "latency": "LatencyMonitor",
    "drift": "EvidenceMonitor",
    "performance": "PerformanceMonitor",
    "loss": "HarmMonitor",
    "concept": "ConceptMonitor",
    "labels": "LabelFlow",
}


def _profile() -> ReferenceProfile:
    return profile_of([batch_of(make_rows(800, seed=9, label="yes"))])


def _monitors(profile: ReferenceProfile) -> ModelMonitors:
    return ModelMonitors("m", profile, _SETTINGS, Alarms("m", _SETTINGS.evidence.budgets, ALARMS))


def _observed(monitors: ModelMonitors) -> ModelMonitors:
    monitors.observe(ModelBatch(batch_of(make_rows(50)), None, NO_POSITIONS, START), ModelTraffic(EventTimes(None)))
    return monitors


def _records(monitors: ModelMonitors) -> float:
    return Exposition.of(monitors.collect())("model_window_records", model="m", window="1h")


def test_every_part_goes_on_from_a_snapshot() -> None:
    """What was in the windows is there again."""
    profile = _profile()
    old, new = _observed(_monitors(profile)), _monitors(profile)
    new.restore(old.snapshot())
    assert _records(new) == _records(old) == 50
    taken = _monitors(profile)
    taken.take_over(old)
    assert _records(taken) == 50


def test_a_part_that_does_not_fit_begins_anew(caplog: pytest.LogCaptureFixture) -> None:
    """Alone, and it is said; parts that the snapshot lacks begin anew, too."""
    profile = _profile()
    old, new = _observed(_monitors(profile)), _monitors(profile)
    state = old.snapshot()
    assert {"distances", "drift", "loss", "labels"} <= state.keys()
    state["labels"] = {"store": 7}
    del state["loss"]
    new.restore(state)
    assert [message.partition(": ")[2].partition(":")[0] for message in caplog.messages] == ["labels begins anew"]
    assert _records(new) == 50


def test_parts_keep_their_state_under_the_names_that_are_written_in_snapshots() -> None:
    """A name that changes loses what was gathered under it, so those of 0.1.0 are for good; a new monitor has one more."""
    names = [*_monitors(_profile()).snapshot()]
    assert [name for name in names if name in _KEYS_OF_0_1_0] == [*_KEYS_OF_0_1_0]


def test_a_class_with_another_name_goes_on() -> None:
    """What a class is called is no matter of state."""
    profile = _profile()
    old, new = _observed(_monitors(profile)), _monitors(profile)
    state = old.snapshot()
    for part in (*new.by_name.values(), new.labels):
        part.__class__ = type(f"Renamed{type(part).__name__}", (type(part),), {})
    new.restore(state)
    assert _records(new) == 50
    assert [*new.snapshot()] == [*state]


def test_a_snapshot_of_version_0_1_0_is_understood(caplog: pytest.LogCaptureFixture) -> None:
    """It has the names of classes of then, also of one that had no state: nothing is lost, and nothing to be said."""
    profile = _profile()
    old, new = _observed(_monitors(profile)), _monitors(profile)
    state = old.snapshot()
    written = {key: state[name] for name, key in _KEYS_OF_0_1_0.items()} | {"DependenceMonitor": None}
    new.restore(written)
    assert Exposition.of(new.collect())("model_evidence_updates_total", model="m") == 1
    assert _records(new) == 50
    assert caplog.messages == []
    restored, whole = new.snapshot(), old.snapshot()
    for name in ("distances", "drift", "performance", "loss", "concept", "labels"):
        assert repr(restored[name]) == repr(whole[name])


def test_state_of_a_part_that_there_is_not_is_left_out(caplog: pytest.LogCaptureFixture) -> None:
    """It is said: a later version may have had more monitors."""
    profile = _profile()
    old, new = _observed(_monitors(profile)), _monitors(profile)
    new.restore(old.snapshot() | {"calibration": {"outcomes": 7}})
    assert caplog.messages == ["model m: the snapshot's state of calibration is left out: there is no such monitor"]
    assert _records(new) == 50


def test_monitors_that_do_not_apply_are_off() -> None:
    """With a reason, and nothing kept for them; what their alarms had added up is forgotten, what is latched is not."""
    profile = profile_of([batch_of(make_rows(800, seed=9))])
    alarms = Alarms("m", _SETTINGS.evidence.budgets, ALARMS)
    monitors = ModelMonitors("m", profile, _SETTINGS, alarms)
    reason = "reference_without_labels"
    assert monitors.off.items() >= {"loss": reason, "concept": reason}.items()
    found = Exposition.of(monitors.collect())
    for name in ("loss", "concept"):
        assert found("model_monitor_off", model="m", monitor=name, reason=reason) == 1
    assert "loss" not in monitors.snapshot()
    alarms["ModelLossIncreased"].evidence = alarms["ModelConceptDrift"].evidence = 9.0
    alarms["ModelConceptDrift"].active = True
    monitors.restore(_observed(_monitors(_profile())).snapshot())
    assert alarms["ModelLossIncreased"].evidence == -math.inf
    assert alarms["ModelConceptDrift"].evidence == 9.0


def test_the_clock_and_the_line_follow_the_records() -> None:
    """The traffic of the model is brought up to date, also by a batch without any record."""
    traffic = ModelTraffic(EventTimes(None))
    monitors = _monitors(_profile())
    monitors.observe(ModelBatch(None, None, NO_POSITIONS, START), traffic)
    assert (traffic.position, traffic.times.now) == (-1, None)
    monitors.observe(ModelBatch(batch_of(make_rows(50)), None, NO_POSITIONS, START), traffic)
    assert (traffic.position, traffic.times.now) == (49, START + 490)
