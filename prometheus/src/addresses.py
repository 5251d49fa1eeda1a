"""Where the links of an alert lead in Grafana. The pieces are Go templates as Prometheus expands them."""

from __future__ import annotations

from collections.abc import Sequence

import attrs

from model_drift_exporter.evidence.alarm_spec import AlarmSpec
from model_drift_exporter.monitors import MONITORS, MonitorSpec
from scripts.panel_numbers import numbers_of

from .targets import NO_MODEL

__all__ = ["PANELS", "Place", "dashboard_url", "panel_url", "places"]

_GRAFANA = '{{ with query "model_drift:grafana:info" }}{{ . | first | label "url" }}{{ end }}'
_ALL = "$$__all"
"""Grafana's word for all values of a variable, ``$__all``, as a replacement."""

_LEAST_BEFORE, _MOST_BEFORE = 3_600, 21_600
"""Seconds of what was usual in view before an alert's onset: as many as have passed since, within these."""

_EVIDENCE = 10
"""Panel of the dashboard Model with the evidence of every alarm."""


@attrs.frozen
class Place:
    """The panel that an alert opens; ``onset`` says that the alert tells since when, so that the time range begins before.

    Of a panel about one feature, it is the one that stands out; without any, ``lines`` leads to lines that cannot be read.
    """

    dashboard: str
    panel: int
    onset: bool = False
    lines: bool = False


def places(monitors: Sequence[MonitorSpec]) -> dict[str, Place]:
    """The panels that the alarms of monitors open. Raises :class:`ValueError` for a panel that the monitor does not have."""
    numbers = numbers_of(monitors)

    def place(spec: MonitorSpec, alarm: AlarmSpec) -> Place:
        dashboard, drawn_by_hand, number = alarm.panel.partition(":")
        if drawn_by_hand:
            return Place(dashboard, int(number), onset=True, lines="rejected_lines" in alarm.shows)
        names = [panel.name for panel in spec.panels]
        if alarm.panel and alarm.panel not in names:
            raise ValueError(f"{alarm.alert}: the monitor {spec.name} has no panel {alarm.panel}")
        name = alarm.panel or next(iter(names), "")
        return Place("model", numbers[name] if name else _EVIDENCE, onset=True)

    return {alarm.alert: place(spec, alarm) for spec in monitors for alarm in spec.alarms}


PANELS = {
    **places(MONITORS),
    # Its runbook names a panel for one of the reasons; this one shows all of them.
    "ModelDriftNotEvaluable": Place("model", 52),
    "ModelReferenceMismatch": Place("model", 7),
    "ModelTrafficStopped": Place("model", 51),
    "ModelExporterDown": Place("exporter", 10),
    "ModelExporterInputDown": Place("exporter", 10),
    "ModelExporterPartlyBlind": Place("exporter", 10),
    "ModelExporterRestarting": Place("exporter", 10),
    "ModelExporterLag": Place("exporter", 11),
    "ModelRecordErrorsHigh": Place("exporter", 12),
    "ModelExporterSnapshotStale": Place("exporter", 20),
    "ModelExporterConfigReloadFailed": Place("exporter", 21),
    "ModelExporterAbsent": Place("fleet", 10),
    "Watchdog": Place("fleet", 10),
}
"""Dashboard and panel to look at first: the one that the alert's runbook names first, or one about its subject."""


def dashboard_url(alert: str, place: Place, dashboard: str) -> str:
    """A whole dashboard, for the alert's model, from before its onset on; ``dashboard`` is its name, such as model."""
    return _address(alert, place, dashboard)


def panel_url(alert: str, place: Place) -> str:
    """The one panel to look at first, filling the window, for the feature that stands out if it is about features."""
    if place.dashboard != "feature":
        return _address(alert, place, place.dashboard, panel=place.panel)
    evidence = f'model_feature:alert_feature_evidence:log10{{model=%q,alert="{alert}"'
    worst = (
        f'query (printf `topk(1, {evidence},certainty="named"}}) or on () '
        f'topk(1, {evidence},certainty="suspected"}})` $labels.model $labels.model)'
    )
    feature = _address(
        alert, place, place.dashboard, '&var-feature={{ . | first | label "feature" | urlquery }}', place.panel
    )
    other = _address(alert, place, *(("exporter", "", 12) if place.lines else ("model", "", 30)))
    return f"{{{{ with {worst} }}}}{feature}{{{{ else }}}}{other}{{{{ end }}}}"


def _address(alert: str, place: Place, dashboard: str, variables: str = "", panel: int | None = None) -> str:
    model = "{{ $labels.model | urlquery }}"
    if dashboard == "fleet":
        model = f'{{{{ $labels.model | reReplaceAll "^{NO_MODEL}$" "{_ALL}" | urlquery }}}}'
    view = "" if panel is None else f"&viewPanel={panel}"
    since = _since(alert) if place.onset else ""
    return f"{_GRAFANA}/d/model-drift-{dashboard}/{dashboard}?var-model={model}{variables}{since}{view}"


def _since(alert: str) -> str:
    """The time range, in milliseconds; nothing while the alert has no onset."""
    series = f'model:alert_onset_timestamp_seconds:min{{model=%q,alert="{alert}"}}'
    before = f"clamp(time() - {series}, {_LEAST_BEFORE}, {_MOST_BEFORE})"
    begin = f"query (printf `({series} - {before}) * 1000` $labels.model $labels.model)"
    return f'{{{{ range {begin} }}}}&from={{{{ .Value | printf "%.0f" }}}}&to=now{{{{ end }}}}'
