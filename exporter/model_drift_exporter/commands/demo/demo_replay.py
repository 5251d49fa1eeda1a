"""Replays a scenario at accelerated event time into a log file, and sets up the exporter that reads it."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

from ...configuration.settings import InputSettings, PollSettings, Settings
from ...reference.profile import ReferenceProfile
from ...reference.profile_file import save_profiles
from ...settings.values import parse_window
from ..profile import build_profiles
from .prediction_log import PredictionLog, reference_rows
from .requests import Requests
from .scenario import Scenario

__all__ = ["LOG_NAME", "PROFILE_NAME", "DemoReplay", "follow_settings", "write_reference"]

LOG_NAME = "predictions.jsonl"
PROFILE_NAME = "reference.json"
_ROWS_NAME = "reference.jsonl"


def write_reference(scenario: Scenario, folder: Path) -> ReferenceProfile:
    """Writes the reference's rows and profiles them, as ``model-drift-exporter profile`` would."""
    rows = folder / _ROWS_NAME
    rows.write_bytes(reference_rows(scenario))
    profiles, _ = build_profiles(Settings(inputs=(InputSettings(path=str(rows)),)))
    save_profiles(folder / PROFILE_NAME, profiles, datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%SZ"))
    return profiles[0]


def follow_settings(scenario: Scenario, folder: Path) -> Settings:
    """Settings of an exporter that follows the log and compares with the reference in ``folder``."""
    return Settings(
        reference=(str(folder / PROFILE_NAME),),
        inputs=(InputSettings(path=str(folder / LOG_NAME)),),
        windows=tuple(map(parse_window, scenario.windows)),
        poll=PollSettings(interval=0.1),
    )


class DemoReplay:
    """Writes the scenario's log into ``folder``; the whole story takes ``seconds``, the incident comes half-way."""

    def __init__(self, scenario: Scenario, folder: Path, seconds: float) -> None:
        self.seconds = seconds
        self.speed = min(scenario.speed, scenario.lasts / seconds)
        self._start = scenario.start
        self._log = PredictionLog(scenario, scenario.start + self.speed * seconds / 2)
        self._live: Iterator[Requests] = scenario.live()
        self._next: Requests | None = next(self._live, None)
        self.incident_began = False
        self.path = folder / LOG_NAME
        self.path.touch()

    @property
    def lines(self) -> int:
        """Lines written so far, predictions and labels."""
        return self._log.written

    def step(self, elapsed: float) -> None:
        """Append all lines that are due ``elapsed`` seconds after the beginning."""
        now = self._start + self.speed * min(elapsed, self.seconds)
        while self._next is not None and (not len(self._next) or self._next.time[0] <= now):
            self._log.answer(self._next)
            self._next = next(self._live, None)
        self.incident_began = elapsed >= self.seconds / 2
        if data := self._log.due(now):
            with self.path.open("ab") as file:
                file.write(data)
