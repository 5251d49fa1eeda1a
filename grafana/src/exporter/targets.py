"""Dashboard Exporter, what all its panels are about: the exporters of the chosen models."""

from __future__ import annotations

from prometheus.src.targets import TARGETS

from ..variables import CHOSEN_MODELS

__all__ = ["CHOSEN", "EMPTY", "HOURLY", "RATE", "TARGETS", "WHOLE", "ever", "of", "selected", "worst"]

EMPTY = "No exporter: none of the chosen ones was scraped in this time"
RATE = "[$__rate_interval]"
WHOLE = "[$__range]"
HOURLY = 3_600
"""A rate times this is the number per hour, which is how all dashboards count traffic."""

CHOSEN = f'{TARGETS}{{job=~"$job", instance=~"$instance", {CHOSEN_MODELS}}}'
"""Exporters that watch the chosen models, among them those that are down."""

_TARGET = "job, instance"
_EVER = f"group by ({_TARGET}) (last_over_time({CHOSEN}{WHOLE} @ end()))"
"""Those of the whole time range: one list for all steps, that Prometheus makes once."""


def selected(metric: str, window: str = "", also: str = "") -> str:
    """A metric of the exporters of the chosen names, over a window such as ``[5m]``; ``also`` are more matchers."""
    more = f", {also}" if also else ""
    return f'{metric}{{job=~"$job", instance=~"$instance"{more}}}{window}'


def of(expression: str) -> str:
    """Values with the labels job and instance, of exporters that watch the chosen models now."""
    return f"(({expression}) and on ({_TARGET}) {CHOSEN})"


def ever(expression: str) -> str:
    """As :func:`of`, over time: of exporters that watched the chosen models at any time in the range."""
    return f"(({expression}) and on ({_TARGET}) {_EVER})"


def worst(metric: str, by: str = _TARGET, *, most: str = "", count: int = 10, also: str = "") -> str:
    """A gauge of those that had most of it, or of the gauge ``most``, in the time range; nobody can tell apart more lines."""
    ranked = selected(most or metric, WHOLE, also)
    highest = f"max by ({by}) ({ever(f'max_over_time({ranked} @ end())')})"
    # Only the chosen few are summed up at each step: with hundreds of exporters anything else takes seconds.
    return f"max by ({by}) ({selected(metric, also=also)} and on ({by}) topk({count}, {highest}))"
