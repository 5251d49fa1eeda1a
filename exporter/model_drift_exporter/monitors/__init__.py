"""Monitors. A new one is a module with a class and a line here."""

from __future__ import annotations

from collections.abc import Callable

from .base import Monitor, MonitorContext, OutcomeMonitor
from .bin_counts import ObservationsMonitor
from .concept import ConceptMonitor
from .confidence import ConfidenceMonitor
from .distances import DriftMonitor
from .drift import EvidenceMonitor
from .latency import LatencyMonitor
from .loss import HarmMonitor
from .performance import PerformanceMonitor

__all__ = ["MONITORS", "OUTCOME_MONITORS", "Monitor", "MonitorContext", "OutcomeMonitor"]

MONITORS: tuple[Callable[[MonitorContext], Monitor], ...] = (
    ObservationsMonitor,
    DriftMonitor,
    ConfidenceMonitor,
    LatencyMonitor,
    EvidenceMonitor,
)

OUTCOME_MONITORS: tuple[Callable[[MonitorContext], OutcomeMonitor], ...] = (
    PerformanceMonitor,
    HarmMonitor,
    ConceptMonitor,
)
"""What is made of matured outcomes; harm is judged after the inputs, so that a page can name what they suspect."""
