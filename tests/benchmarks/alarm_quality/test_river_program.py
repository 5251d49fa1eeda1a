from __future__ import annotations

import sys
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest

from benchmarks.alarm_quality.river_program import DETECTORS, delays, detect


class _Third:
    """Detects a drift at every third error."""

    def __init__(self) -> None:
        self._errors = 0.0
        self.drift_detected = False

    def update(self, error: float) -> None:
        self._errors += error
        self.drift_detected = error > 0 and self._errors % 3 == 0


@pytest.fixture
def errors(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> str:
    binary = SimpleNamespace(**dict.fromkeys(("DDM", "HDDM_A", "HDDM_W"), _Third))
    monkeypatch.setitem(sys.modules, "river", SimpleNamespace())
    monkeypatch.setitem(sys.modules, "river.drift", SimpleNamespace(ADWIN=_Third, PageHinkley=_Third, binary=binary))
    np.save(tmp_path / "errors.npy", np.array([[1, 1, 1, 0, 0, 0, 0, 0], [1, 0, 1, 0, 0, 1, 1, 1]]) > 0)
    return str(tmp_path / "errors.npy")


def test_alarms_by_detector_and_row(errors: str) -> None:
    """Each row gets detectors of its own, and alarms are places in it."""
    found = detect(errors)
    assert found == {**{name: [[2], [5]] for name in DETECTORS}, "labels": 16}


def test_delays_count_from_the_change(errors: str) -> None:
    """An alarm before the change does not count; none behind it is -1."""
    assert delays(errors, 4) == {name: [-1.0, 2.0] for name in DETECTORS}
