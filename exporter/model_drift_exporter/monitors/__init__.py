"""Monitors. A new one is a module, or a folder, with a :class:`MonitorSpec`, and a line here.

Records go through them in this order, and so do outcomes: what the inputs suspect is known where the loss is judged.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from ..evidence.alarm_spec import AlarmSpec
from ..metrics.metric import Metric
from ..reference.building.builder import PartMaker
from .bin_counts import BIN_COUNTS
from .concept import CONCEPT
from .confidence import CONFIDENCE
from .copied_records import COPIES
from .distances import DISTANCES
from .drift import DRIFT
from .latency import LATENCY
from .loss import LOSS
from .monitor import Monitor, MonitorContext, MonitorSpec
from .performance import PERFORMANCE
from .traffic import TRAFFIC

__all__ = [
    "ALARMS",
    "LEARNED_PARTS",
    "METRICS",
    "MONITORS",
    "PARTS",
    "REASONS",
    "RESERVED_NAMES",
    "Monitor",
    "MonitorContext",
    "MonitorSpec",
    "alarms_of",
    "collected",
    "sections_of",
]

RESERVED_NAMES = frozenset({"labels", "segments", "surplus"})
"""What a model's snapshot calls the parts of it that are no monitors."""


def collected(*monitors: MonitorSpec) -> tuple[MonitorSpec, ...]:
    """The monitors given. Raises :class:`ValueError` for two of one name, and for a name that another part of a model has."""
    names = set(RESERVED_NAMES)
    for spec in monitors:
        if spec.name in names:
            raise ValueError(f"a monitor cannot be called {spec.name}: a part of a model has this name")
        names.add(spec.name)
    return monitors


MONITORS: tuple[MonitorSpec, ...] = collected(
    BIN_COUNTS,
    DISTANCES,
    CONFIDENCE,
    LATENCY,
    COPIES,
    TRAFFIC,
    DRIFT,
    PERFORMANCE,
    LOSS,
    CONCEPT,
)


def alarms_of(monitors: Sequence[MonitorSpec]) -> tuple[AlarmSpec, ...]:
    """The alarms of monitors, those that page first."""
    return tuple(sorted((alarm for spec in monitors for alarm in spec.alarms), key=lambda alarm: alarm.severity))


ALARMS: tuple[AlarmSpec, ...] = alarms_of(MONITORS)
"""The alarms of all monitors, those that page first."""


METRICS: tuple[Metric, ...] = tuple(metric for spec in MONITORS for metric in spec.metrics)
"""The metrics of all monitors."""


PARTS: Mapping[str, PartMaker] = {spec.name: spec.reference for spec in MONITORS if spec.reference is not None}
"""What ``profile`` builds into references for monitors, by the monitor's name."""

REASONS: Mapping[str, str] = {reason: text for spec in MONITORS for reason, text in spec.reasons.items()}
"""Reasons of ``model_not_evaluable`` that monitors add to those of labels, and what each means."""

LEARNED_PARTS: Mapping[str, PartMaker] = {
    spec.name: PARTS[spec.name] for spec in MONITORS if spec.reference and spec.learned
}
"""Those that are built when a reference is learned from live records, too."""


def sections_of(monitors: Sequence[MonitorSpec]) -> Mapping[str, type]:
    """The settings of monitors by section. Raises :class:`ValueError` for two of one name, and for one of two names."""
    found: dict[str, type] = {}
    for spec in monitors:
        name, section = spec.section or spec.name, spec.settings
        if section is None:
            continue
        if found.setdefault(name, section) is not section:
            raise ValueError(f"two sections of settings are called {name}")
        if any(other is section and called != name for called, other in found.items()):
            raise ValueError(f"{section.__name__} cannot be two sections of settings: {name} is one more")
    return found
