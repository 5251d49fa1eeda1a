"""The JSON as Grafana 9.4 writes it, which every later Grafana migrates when it loads it."""

from __future__ import annotations

from typing import Any

__all__ = ["SCHEMA_VERSION", "compatible"]

SCHEMA_VERSION = 37
"""Of Grafana 9.4. A file that names a newer version would not be migrated, and one that is newer inside would not be shown."""

_UNKNOWN_TO_9_4 = {
    "allowCustomValue",
    "auto",
    "auto_count",
    "auto_min",
    "cellHeight",
    "fiscalYearStartMonth",
    "fullHighlight",
    "perPage",
    "percentChangeColorMode",
    "placement",
    "repeatDirection",
    "selectionMode",
    "showPercentChange",
    "showTypeIcons",
    "transparent",
    "wideLayout",
}
"""Defaults that the library writes out and that have no effect, or none in 9.4."""


def compatible(dashboard: dict[str, Any]) -> dict[str, Any]:
    """A dashboard without what Grafana 9.4 does not know. ``placement`` stays in legends, where it means something."""
    plain = {key: _without_unknown(value) for key, value in dashboard.items() if key not in _UNKNOWN_TO_9_4}
    return {**plain, "schemaVersion": SCHEMA_VERSION}


def _without_unknown(value: Any, name: str = "") -> Any:
    if isinstance(value, list):
        return [_without_unknown(each) for each in value]
    if isinstance(value, dict):
        return {
            key: _without_unknown(inner, key)
            for key, inner in value.items()
            if key not in _UNKNOWN_TO_9_4 or (key == "placement" and name == "legend")
        }
    return value
