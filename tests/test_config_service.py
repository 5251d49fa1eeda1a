from __future__ import annotations

from model_drift_exporter.config_service import PollSettings, StateSettings


def test_durations_are_seconds_for_programs() -> None:
    """What is written in words is read as numbers; without a path no state is kept."""
    assert PollSettings(interval="100ms").interval_seconds == 0.1
    assert StateSettings(interval="1m").interval_seconds == 60
    assert StateSettings().path is None
