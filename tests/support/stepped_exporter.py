"""An exporter of one log, moved on by hand, with a clock that stands still."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from model_drift_exporter.configuration.settings import (
    InputSettings,
    LearnSettings,
    Settings,
)
from model_drift_exporter.service.exporter import Exporter
from tests.support.exposition import Exposition
from tests.support.prediction_log import START


class StillClock:
    """A wall clock that stands still unless moved."""

    def __init__(self) -> None:
        self.now = START + 1e6

    def __call__(self) -> float:
        return self.now


def log_settings(path: Path, **sections: Any) -> Settings:
    sections.setdefault("learn", LearnSettings(records=100))
    return Settings(inputs=(InputSettings(str(path)),), **sections)


def read_all(exporter: Exporter) -> Exposition:
    while exporter.step():
        pass
    return Exposition.of(exporter.collect())
