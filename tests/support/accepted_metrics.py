"""What an exposition would be without monitors that are newer than an accepted one: a monitor needs no new golden file."""

from __future__ import annotations

import math
import re
from collections import Counter
from collections.abc import Sequence

from model_drift_exporter.monitors import MonitorSpec, alarms_of

__all__ = ["newer_monitors", "without"]

_LABEL = re.compile(r'(\w+)="((?:[^"\\]|\\.)*)"')


def newer_monitors(accepted: Sequence[str], monitors: Sequence[MonitorSpec]) -> list[MonitorSpec]:
    """The monitors of which no line was accepted. Of a monitor that has one, all others must be accepted, too."""
    return [spec for spec in monitors if not any(_owned(accepted, [spec]))]


def without(lines: Sequence[str], newer: Sequence[MonitorSpec], monitors: Sequence[MonitorSpec]) -> list[str]:
    """The lines that are not of ``newer`` monitors, with the values that they would have if there were only the others.

    Two values depend on all monitors: thresholds, since alarms share a budget, and the number of series of a model.
    """
    if not newer:
        return [*lines]
    owned = _owned(lines, newer)
    series = Counter(_labels(line)["model"] for line, own in zip(lines, owned, strict=True) if own and line[0] != "#")
    shares, others = _shares(monitors), _shares([spec for spec in monitors if spec not in newer])
    found = []
    for line, own in zip(lines, owned, strict=True):
        sample, _, value = line.rpartition(" ")
        if own:
            continue
        if sample.startswith("model_alert_evidence_threshold_log10{"):
            severity = _labels(sample)["severity"]
            found.append(f"{sample} {float(value) - math.log10(shares[severity] / others[severity])}")
        elif sample.startswith("model_drift_exporter_series{"):
            found.append(f"{sample} {float(value) - series[_labels(sample)['model']]}")
        else:
            found.append(line)
    return found


def _labels(sample: str) -> dict[str, str]:
    return dict(_LABEL.findall(sample))


def _shares(monitors: Sequence[MonitorSpec]) -> dict[str, float]:
    """The sum of the shares of alarms by severity."""
    found: dict[str, float] = {}
    for alarm in alarms_of(monitors):
        found[alarm.severity] = found.get(alarm.severity, 0.0) + alarm.share
    return found


def _owned(lines: Sequence[str], monitors: Sequence[MonitorSpec]) -> list[bool]:
    """Which lines are of these monitors: of their metrics, their alarms, their findings, and whether they are off."""
    metrics = {metric.name for spec in monitors for metric in spec.metrics}
    alarms = alarms_of(monitors)
    values = {
        "alert": {alarm.alert for alarm in alarms},
        "kind": {alarm.kind for alarm in alarms} | {kind.kind for spec in monitors for kind in spec.findings},
        "monitor": {spec.name for spec in monitors},
    }
    shared = {"model_finding": "kind", "model_monitor_off": "monitor"}
    found, metric = [], ""
    for line in lines:
        if line.startswith("# HELP "):
            metric = line.split(" ")[2]
        label = "" if line[0] == "#" else shared.get(metric, "alert" if metric.startswith("model_alert") else "")
        found.append(metric in metrics or (label != "" and _labels(line).get(label) in values[label]))
    return found
