"""Edges of alarms in the exporter's own log."""

from __future__ import annotations

import logging
from collections.abc import Iterable

from .evidence.alarms import Transition
from .records.times import format_time

__all__ = ["announce"]

_log = logging.getLogger(__name__)


def announce(transitions: Iterable[Transition]) -> None:
    """One line for each alert that began to fire or was resolved."""
    for each in transitions:
        if not each.firing:
            _log.info("model %s: %s (%s) resolved at %s", each.model, each.alert, each.severity, format_time(each.time))
            continue
        about = f", {each.certainty}: {', '.join(each.features)}" if each.features else ""
        _log.warning(
            "model %s: %s (%s) fires at %s, record %d: evidence 10^%.1f, threshold 10^%.1f%s",
            each.model,
            each.alert,
            each.severity,
            format_time(each.time),
            each.record,
            each.evidence,
            each.threshold,
            about,
        )
