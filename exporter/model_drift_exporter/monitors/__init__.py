"""Monitors. A new one is a module with a class and a line here."""

from __future__ import annotations

from collections.abc import Callable

from .base import Monitor, MonitorContext
from .confidence import ConfidenceMonitor
from .drift import DriftMonitor
from .latency import LatencyMonitor
from .observations import ObservationsMonitor

__all__ = ["MONITORS", "Monitor", "MonitorContext"]

MONITORS: tuple[Callable[[MonitorContext], Monitor], ...] = (
    ObservationsMonitor,
    DriftMonitor,
    ConfidenceMonitor,
    LatencyMonitor,
)
