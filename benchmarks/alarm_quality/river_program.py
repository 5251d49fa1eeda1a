"""river's detectors with their own defaults, on errors as they come. Runs in an environment that has river and NumPy only."""

from __future__ import annotations

from importlib import import_module
from typing import Any

__all__ = ["DETECTORS", "delays", "detect"]

DETECTORS = ("ADWIN", "DDM", "PageHinkley", "HDDM_A", "HDDM_W")


def detect(path: str) -> dict[str, Any]:
    """By detector, the places of the alarms in each row of errors in a NumPy file; ``labels`` is the number of errors."""
    import numpy as np

    rows = np.load(path)
    found: dict[str, Any] = {name: [_alarms(name, row.astype(float).tolist()) for row in rows] for name in DETECTORS}
    return {**found, "labels": int(rows.size)}


def delays(path: str, change: int) -> dict[str, list[float]]:
    """By detector, labels from the change until the first alarm behind it, of each row; -1 for none."""
    import numpy as np

    rows = np.load(path)
    found: dict[str, list[float]] = {}
    for name in DETECTORS:
        alarms = [_alarms(name, row.astype(float).tolist()) for row in rows]
        later = [[place for place in each if place >= change] for each in alarms]
        found[name] = [float(each[0] + 1 - change) if each else -1.0 for each in later]
    return found


def _alarms(name: str, errors: list[float]) -> list[int]:
    detector = _make(name)
    update = detector.update
    found = []
    for place, error in enumerate(errors):
        update(error)
        if detector.drift_detected:
            found.append(place)
    return found


def _make(name: str) -> Any:
    drift = import_module("river.drift")
    return getattr(drift if hasattr(drift, name) else drift.binary, name)()
