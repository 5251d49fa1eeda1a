"""A monitor that there is not, with all that a spec can say: two metrics, an alarm, a finding that explains it, and panels."""

from __future__ import annotations

from model_drift_exporter.evidence.alarm_spec import AlarmSpec
from model_drift_exporter.metrics.metric import Group, counter, gauge
from model_drift_exporter.monitors import MONITORS, Monitor, MonitorSpec
from model_drift_exporter.monitors.findings import FindingKind
from model_drift_exporter.monitors.panel import PanelQuery, PanelSpec

__all__ = ["ALARM", "ALL", "MADE_UP", "METRICS"]

_SHARE = gauge("model_echo_ratio", "model window", "Share of records that repeat the one before.", Group.MODELS)
_ECHOES = counter("model_echoes_total", "model kind", "Records that repeat the one before.", Group.MODELS)
METRICS = (_SHARE, _ECHOES)

ALARM = AlarmSpec(
    "ModelInputRepeating",
    "ticket",
    summary="Records of the model repeat the one before more often than in its reference.",
    says="Model {model} gets the same record again and again.",
    first="Look for a sensor that is stuck.",
    shows=("rejected_lines",),
    silenced_by=("ModelInputBroken", "ModelTrafficStopped"),
)

MADE_UP = MonitorSpec(
    name="echoes",
    title="Echoes",
    make=lambda _: Monitor(),
    metrics=METRICS,
    alarms=(ALARM,),
    findings=(
        FindingKind("sensor_stuck", "One sensor gives one value: it is stuck.", (ALARM.alert,)),
        FindingKind("retry_storm", "A client asks again and again."),
    ),
    panels=(
        PanelSpec(
            "echo_ratio",
            "Echoes",
            "The share of records that repeat the one before. Good: as in the reference. More: look for a sensor that is stuck.",
            (PanelQuery(_SHARE, by=("window",), legend="last {{window}}"), PanelQuery(_ECHOES)),
            empty="No record has come yet",
            unit="percentunit",
            threshold=0.5,
        ),
        PanelSpec(
            "echoes_now",
            "Echoes a second",
            "How many records a second repeat the one before. Good: few. Many: ask who sends them what has changed.",
            (PanelQuery(_ECHOES, by=("kind",), merge="sum"),),
            empty="No record has come yet",
            kind="number",
        ),
    ),
)
ALL = (*MONITORS, MADE_UP)
