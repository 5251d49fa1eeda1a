"""Monitors. A new one is a module with a class and a line here.

Those that others ask for more than samples (counts, effect sizes, evidence) are made by name in ``models/model_monitors.py``.
"""

from __future__ import annotations

from collections.abc import Callable

from .concept import ConceptMonitor
from .confidence import ConfidenceMonitor
from .latency import LatencyMonitor
from .loss import LossMonitor
from .monitor import Monitor, MonitorContext, OutcomeMonitor
from .performance import PerformanceMonitor

__all__ = ["MONITORS", "OUTCOME_MONITORS", "Monitor", "MonitorContext", "OutcomeMonitor"]

MONITORS: tuple[Callable[[MonitorContext], Monitor], ...] = (
    ConfidenceMonitor,
    LatencyMonitor,
)

OUTCOME_MONITORS: tuple[Callable[[MonitorContext], OutcomeMonitor], ...] = (
    PerformanceMonitor,
    LossMonitor,
    ConceptMonitor,
)
"""What is made of matured outcomes; the loss is judged after the inputs, so that a page can name what they suspect."""
