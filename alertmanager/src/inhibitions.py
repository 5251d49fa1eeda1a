"""What silences the alarms of monitors, between two marks of alertmanager.yml; the rest of that file is written by hand."""

from __future__ import annotations

from collections.abc import Sequence

from model_drift_exporter.monitors import MONITORS, MonitorSpec, alarms_of
from scripts.generated import between

__all__ = ["documentation"]

_BEGIN = (
    "  # Written by `make generate` from the monitors' alarms, which say what silences them; do not edit it by hand.\n"
)
_END = "  # end of what is written by `make generate`\n"
_A_MODEL = """      - model!~"|__none__"\n"""
_LONGEST = 120


def documentation(text: str, monitors: Sequence[MonitorSpec] = MONITORS) -> str:
    """The text of ``alertmanager.yml``, given that before."""
    return between(text, _BEGIN, _END, "".join(_rules(monitors)))


def _rules(monitors: Sequence[MonitorSpec]) -> list[str]:
    silenced: dict[str, list[str]] = {}
    for alarm in alarms_of(monitors):
        for source in alarm.silenced_by:
            silenced.setdefault(source, []).append(alarm.alert)
    return [
        f"  - source_matchers:\n{_named([source])}{_A_MODEL}    target_matchers:\n{_named(targets)}{_A_MODEL}"
        "    equal: [model]\n"
        for source, targets in silenced.items()
    ]


def _named(alerts: Sequence[str]) -> str:
    """A matcher as a line of the file, folded where it is long."""
    operator = "=" if len(alerts) == 1 else "=~"
    matcher = f'alertname{operator}"{"|".join(alerts)}"'
    return f"      - {matcher}\n" if len(matcher) <= _LONGEST else f"      - >-\n        {matcher}\n"
