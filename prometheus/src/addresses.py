"""Where the links of an alert lead in Grafana. The pieces are Go templates as Prometheus expands them."""

from __future__ import annotations

from .targets import NO_MODEL

__all__ = ["PANELS", "dashboard_url", "panel_url"]

_GRAFANA = '{{ with query "model_drift:grafana:info" }}{{ . | first | label "url" }}{{ end }}'
_ALL = "$$__all"
"""Grafana's word for all values of a variable, ``$__all``, as a replacement."""

_LEAST_BEFORE, _MOST_BEFORE = 3_600, 21_600
"""Seconds of what was usual in view before an alert's onset: as many as have passed since, within these."""

PANELS = {
    "ModelLossIncreased": ("model", 21),
    "ModelInputBroken": ("feature", 20),
    "ModelFeatureDrift": ("model", 30),
    "ModelFeatureOutOfRange": ("feature", 20),
    "ModelFeatureMissingValues": ("feature", 20),
    "ModelPredictionDrift": ("model", 40),
    "ModelConceptDrift": ("model", 50),
    # Its runbook names a panel for one of the reasons; this one shows all of them.
    "ModelDriftNotEvaluable": ("model", 52),
    "ModelReferenceMismatch": ("model", 7),
    "ModelTrafficStopped": ("model", 51),
    "ModelExporterDown": ("exporter", 10),
    "ModelExporterInputDown": ("exporter", 10),
    "ModelExporterPartlyBlind": ("exporter", 10),
    "ModelExporterRestarting": ("exporter", 10),
    "ModelExporterLag": ("exporter", 11),
    "ModelRecordErrorsHigh": ("exporter", 12),
    "ModelExporterSnapshotStale": ("exporter", 20),
    "ModelExporterConfigReloadFailed": ("exporter", 21),
    "ModelExporterAbsent": ("fleet", 10),
    "Watchdog": ("fleet", 10),
}
"""Dashboard and panel to look at first: the one that the alert's runbook names first, or one about its subject."""

_WITH_ONSET = frozenset(
    {
        "ModelLossIncreased",
        "ModelInputBroken",
        "ModelFeatureDrift",
        "ModelFeatureOutOfRange",
        "ModelFeatureMissingValues",
        "ModelPredictionDrift",
        "ModelConceptDrift",
    }
)


def dashboard_url(alert: str, dashboard: str) -> str:
    """A whole dashboard, for the alert's model, from before its onset on; ``dashboard`` is its name, such as model."""
    return _address(alert, dashboard)


def panel_url(alert: str) -> str:
    """The one panel to look at first, filling the window, for the feature that stands out if it is about features."""
    dashboard, panel = PANELS[alert]
    if dashboard != "feature":
        return _address(alert, dashboard, panel=panel)
    evidence = f'model_feature:alert_feature_evidence:log10{{model=%q,alert="{alert}"'
    worst = (
        f'query (printf `topk(1, {evidence},certainty="named"}}) or on () '
        f'topk(1, {evidence},certainty="suspected"}})` $labels.model $labels.model)'
    )
    feature = '&var-feature={{ . | first | label "feature" | urlquery }}'
    # Without a feature that stands out: lines that cannot be read, which the exporter's dashboard shows.
    other = _address(alert, "exporter", panel=12) if alert == "ModelInputBroken" else _address(alert, "model", panel=30)
    return f"{{{{ with {worst} }}}}{_address(alert, dashboard, feature, panel)}{{{{ else }}}}{other}{{{{ end }}}}"


def _address(alert: str, dashboard: str, variables: str = "", panel: int | None = None) -> str:
    model = "{{ $labels.model | urlquery }}"
    if dashboard == "fleet":
        model = f'{{{{ $labels.model | reReplaceAll "^{NO_MODEL}$" "{_ALL}" | urlquery }}}}'
    view = "" if panel is None else f"&viewPanel={panel}"
    return f"{_GRAFANA}/d/model-drift-{dashboard}/{dashboard}?var-model={model}{variables}{_since(alert)}{view}"


def _since(alert: str) -> str:
    """The time range, in milliseconds; nothing while the alert has no onset."""
    if alert not in _WITH_ONSET:
        return ""
    series = f'model:alert_onset_timestamp_seconds:min{{model=%q,alert="{alert}"}}'
    before = f"clamp(time() - {series}, {_LEAST_BEFORE}, {_MOST_BEFORE})"
    begin = f"query (printf `({series} - {before}) * 1000` $labels.model $labels.model)"
    return f'{{{{ range {begin} }}}}&from={{{{ .Value | printf "%.0f" }}}}&to=now{{{{ end }}}}'
