from __future__ import annotations

import math

import pytest

from model_drift_exporter.monitors import MONITORS
from tests.support.accepted_metrics import newer_monitors, without
from tests.support.made_up_monitor import ALL, MADE_UP

_TICKETS = sum(alarm.share for spec in MONITORS for alarm in spec.alarms if alarm.severity == "ticket")
_THRESHOLD = 'model_alert_evidence_threshold_log10{model="m",alert="ModelFeatureDrift",severity="ticket"}'
_SERIES = 'model_drift_exporter_series{model="m"}'
_HELP = {
    name: f"# HELP {name} What it is."
    for name in (
        *("model_alert_active", "model_alert_evidence_threshold_log10", "model_finding", "model_monitor_off"),
        *("model_records_total", "model_echoes_total", "model_drift_exporter_series"),
    )
}
_ACCEPTED = [
    _HELP["model_alert_active"],
    'model_alert_active{model="m",alert="ModelFeatureDrift",severity="ticket"} 0',
    _HELP["model_alert_evidence_threshold_log10"],
    f"{_THRESHOLD} 4.5",
    _HELP["model_finding"],
    'model_finding{model="m",kind="relation_moved"} 0',
    _HELP["model_monitor_off"],
    'model_monitor_off{model="m",monitor="loss",reason="reference_without_labels"} 1',
    _HELP["model_records_total"],
    'model_records_total{model="m"} 7',
    _HELP["model_drift_exporter_series"],
    f"{_SERIES} 90",
]
_FOUND = [
    *_ACCEPTED[:2],
    'model_alert_active{model="m",alert="ModelInputRepeating",severity="ticket"} 0',
    _ACCEPTED[2],
    f"{_THRESHOLD} {4.5 + math.log10((_TICKETS + MADE_UP.alarms[0].share) / _TICKETS)}",
    *_ACCEPTED[4:6],
    'model_finding{model="m",kind="sensor_stuck"} 0',
    *_ACCEPTED[6:8],
    'model_monitor_off{model="m",monitor="echoes",reason="reference_without_part"} 1',
    *_ACCEPTED[8:10],
    _HELP["model_echoes_total"],
    "# TYPE model_echoes_total counter",
    'model_echoes_total{model="m",kind="plain"} 3',
    _ACCEPTED[10],
    f"{_SERIES} 94",
]


def _numbers(lines: list[str]) -> list[tuple[str, float | str]]:
    return [
        (line, "") if line[0] == "#" else (line.rpartition(" ")[0], round(float(line.rpartition(" ")[2]), 9))
        for line in lines
    ]


def test_a_newer_monitor_leaves_what_was_accepted() -> None:
    """Its own lines are left out, and thresholds and numbers of series are what they were without it."""
    assert newer_monitors(_ACCEPTED, [MADE_UP]) == [MADE_UP]
    assert _numbers(without(_FOUND, [MADE_UP], ALL)) == _numbers(_ACCEPTED)


def test_without_newer_monitors_nothing_is_changed() -> None:
    """To the last digit."""
    assert newer_monitors(_FOUND, [MADE_UP]) == []
    assert without(_FOUND, [], ALL) == _FOUND


@pytest.mark.parametrize("line", [2, 7, 10, 13])
def test_a_monitor_of_which_anything_was_accepted_is_not_newer(line: int) -> None:
    """Then its other lines must be accepted, too."""
    assert _FOUND[line] not in _ACCEPTED
    of_others = [each for each in _FOUND[:line] if each in _ACCEPTED]
    assert newer_monitors([*of_others, _FOUND[line]], [MADE_UP]) == []


def test_lines_of_other_monitors_are_never_left_out() -> None:
    """A line that nobody has accepted stays, so that the comparison fails."""
    added = [*_FOUND, 'model_alert_active{model="m",alert="ModelElse",severity="ticket"} 0']
    assert len(without(added, [MADE_UP], ALL)) == len(_ACCEPTED) + 1
