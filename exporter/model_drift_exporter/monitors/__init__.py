"""Monitors. A new one is a module with a class and a line here."""

from __future__ import annotations

from collections.abc import Callable

from .base import Monitor, MonitorContext, OutcomeMonitor
from .concept import ConceptMonitor
from .confidence import ConfidenceMonitor
from .dependence import DependenceMonitor
from .drift import DriftMonitor
from .evidence import EvidenceMonitor
from .harm import HarmMonitor
from .latency import LatencyMonitor
from .observations import ObservationsMonitor
from .performance import PerformanceMonitor

__all__ = ["MONITORS", "OUTCOME_MONITORS", "Monitor", "MonitorContext", "OutcomeMonitor"]

MONITORS: tuple[Callable[[MonitorContext], Monitor], ...] = (
    ObservationsMonitor,
    DriftMonitor,
    ConfidenceMonitor,
    LatencyMonitor,
    DependenceMonitor,
    EvidenceMonitor,
)

OUTCOME_MONITORS: tuple[Callable[[MonitorContext], OutcomeMonitor], ...] = (
    PerformanceMonitor,
    HarmMonitor,
    ConceptMonitor,
)
"""What is made of matured outcomes; harm is judged after the inputs, so that a page can name what they suspect."""
