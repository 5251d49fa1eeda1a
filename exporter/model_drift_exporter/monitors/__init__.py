"""Monitors. A new one is a module with a class and a line here.

Those that others ask for more than samples (counts, effect sizes, evidence) are made by name in ``models/model_monitors.py``.
"""

from __future__ import annotations

from collections.abc import Callable

from ..metrics.metric import Metric
from . import bin_counts, concept, confidence, distances, drift, latency, loss, performance
from .concept import ConceptMonitor
from .confidence import ConfidenceMonitor
from .latency import LatencyMonitor
from .loss import LossMonitor
from .monitor import Monitor, MonitorContext, OutcomeMonitor
from .performance import PerformanceMonitor

__all__ = ["METRICS", "MONITORS", "OUTCOME_MONITORS", "Monitor", "MonitorContext", "OutcomeMonitor"]

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

METRICS: tuple[Metric, ...] = (
    *bin_counts.METRICS,
    *distances.METRICS,
    *confidence.METRICS,
    *latency.METRICS,
    *drift.METRICS,
    *loss.METRICS,
    *performance.METRICS,
    *concept.METRICS,
)
"""Of all modules that make a monitor."""
