from __future__ import annotations

import pytest

from model_drift_exporter.evidence.alarms import AlarmBoard
from model_drift_exporter.models.monitoring import ModelMonitors, TrackOptions
from model_drift_exporter.models.traffic import Traffic
from model_drift_exporter.records.batches import NO_LINES, ModelBatch
from model_drift_exporter.records.clock import EventTimes
from model_drift_exporter.reference.profile import ReferenceProfile
from model_drift_exporter.settings.values import parse_window
from tests.exposition import Exposition
from tests.prediction_log import START, batch_of, make_rows, profile_of

_OPTIONS = TrackOptions((parse_window("1h"),))


def _profile() -> ReferenceProfile:
    return profile_of([batch_of(make_rows(800, seed=9))])


def _monitors(profile: ReferenceProfile) -> ModelMonitors:
    return ModelMonitors("m", profile, _OPTIONS, AlarmBoard("m", _OPTIONS.evidence.budgets))


def _observed(monitors: ModelMonitors) -> ModelMonitors:
    monitors.observe(ModelBatch(batch_of(make_rows(50)), None, NO_LINES, START), Traffic(EventTimes(None)))
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
    assert {"DriftMonitor", "EvidenceMonitor", "HarmMonitor", "LabelFlow"} <= state.keys()
    state["LabelFlow"] = {"store": 7}
    del state["HarmMonitor"]
    new.restore(state)
    assert [message.partition(": ")[2].partition(":")[0] for message in caplog.messages] == ["LabelFlow begins anew"]
    assert _records(new) == 50


def test_the_clock_and_the_line_follow_the_records() -> None:
    """The traffic of the model is brought up to date, also by a batch without any record."""
    traffic = Traffic(EventTimes(None))
    monitors = _monitors(_profile())
    monitors.observe(ModelBatch(None, None, NO_LINES, START), traffic)
    assert (traffic.line, traffic.times.now) == (-1, None)
    monitors.observe(ModelBatch(batch_of(make_rows(50)), None, NO_LINES, START), traffic)
    assert (traffic.line, traffic.times.now) == (49, START + 490)
