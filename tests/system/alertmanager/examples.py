"""Alerts as the rules send them, at a fixed time in the past."""

from __future__ import annotations

from typing import Any

__all__ = [
    "END",
    "START",
    "Alert",
    "alert",
    "drift",
    "exporter_down",
    "feature_drift",
    "input_broken",
    "loss_increased",
    "template_data",
]

START, END, NEVER = "2024-11-04T02:47:00Z", "2024-11-04T04:31:00Z", "2099-01-01T00:00:00Z"
RUNBOOKS = "https://runbooks.example.com"
DASHBOARDS = "https://grafana.example.com/d"

Alert = dict[str, Any]
"""An alert as Alertmanager's API takes it."""


def alert(
    name: str,
    severity: str,
    *,
    model: str = "loan-model",
    resolved: bool = False,
    annotations: dict[str, str],
    **labels: str,
) -> Alert:
    return {
        "labels": {"alertname": name, "model": model, "severity": severity, **labels},
        "annotations": {
            **annotations,
            "runbook_url": f"{RUNBOOKS}/{name}.md",
            "dashboard_url": f"{DASHBOARDS}/model?var-model={model}&from=now-6h",
            "panel_url": f"{DASHBOARDS}/model?var-model={model}&from=now-6h&viewPanel=30",
        },
        "startsAt": START,
        "endsAt": END if resolved else NEVER,
    }


def input_broken(model: str = "loan-model", *, features: str = "income", resolved: bool = False) -> Alert:
    shares = ", ".join(
        f"{name} (30.12% missing or invalid over the last 1000 records, 0.21% in the reference)"
        for name in features.split(", ")
    )
    return alert(
        "ModelInputBroken",
        "page",
        model=model,
        resolved=resolved,
        annotations={
            "summary": "The model's input is broken: far more values are missing or of the wrong type, or lines cannot be read.",
            "description": f"Model {model} gets broken input, so its predictions cannot be trusted.\n"
            f"Features: {shares}.\n"
            "Began at about 2024-11-04 02:41 UTC, 6m 12s ago.\n"
            "First: ask who feeds the model what changed at that time and have it rolled back.\n"
            "Evidence 1e9.3, page from 1e7.0 (at most one false page of this model in 10 years).",
        },
    )


def loss_increased(model: str = "loan-model", *, resolved: bool = False) -> Alert:
    return alert(
        "ModelLossIncreased",
        "page",
        model=model,
        resolved=resolved,
        annotations={
            "summary": "The model makes more or larger mistakes than is tolerated.",
            "description": f"Model {model} is worse than it was when it was accepted: the labels that have come say so.\n"
            "Error rate now: 21.4% over the last 24h; in the reference 10.2%, tolerated up to 11.9%.\n"
            "The relation moved: with the same score, outcomes are no longer what they were (97.1% of the rise).\n"
            "This alert names no feature; suspected: age (evidence 1e1.2), income (evidence 1e0.7).\n"
            "First: did anything change at that time? If so, roll it back.\n"
            "Evidence 1e7.4, page from 1e7.0 (at most one false page of this model in 10 years).",
        },
    )


def drift(name: str = "ModelFeatureDrift", model: str = "loan-model") -> Alert:
    return alert(
        name,
        "ticket",
        model=model,
        annotations={
            "summary": "Features of the model are no longer distributed as in its reference.",
            "description": f"Inputs of model {model} have drifted. That alone need not harm it.\n"
            "Features: age (evidence 1e12.0), income (evidence 1e8.1), term (evidence 1e6.4), region (evidence 1e6.2), "
            "rate (evidence 1e6.0) and 35 more.\n"
            "First: see on the dashboard how the features have moved, and whether the loss moved with them.",
        },
    )


def feature_drift(feature: str, model: str = "loan-model") -> Alert:
    """As a rule of the user's own may tell it: one alert a feature."""
    return alert(
        "FeatureMoved",
        "ticket",
        model=model,
        annotations={
            "summary": "Features have moved.",
            "description": f"PSI over the last 24 hours is 0.31 (noise floor 0.01).\nFirst: look at {feature}.",
        },
        feature=feature,
    )


def exporter_down(model: str, instance: str = "10.0.0.7:9877") -> Alert:
    return alert(
        "ModelExporterDown",
        "page",
        model=model,
        annotations={
            "summary": "No exporter of the model answers: nobody watches the model.",
            "description": f"Prometheus cannot scrape any exporter of model {model}; down: {instance}.\n"
            "First: see whether the exporter runs, and its last log lines; restart it if it hangs.",
        },
    )


def template_data(*alerts: Alert) -> dict[str, Any]:
    """What Alertmanager gives to a template for one group of alerts."""
    told = [
        {
            **one,
            "status": "resolved" if one["endsAt"] == END else "firing",
            "endsAt": one["endsAt"] if one["endsAt"] == END else "0001-01-01T00:00:00Z",
        }
        for one in alerts
    ]
    first, *others = (one["labels"].items() for one in alerts)
    return {
        "receiver": "pager",
        "status": "firing" if any(one["status"] == "firing" for one in told) else "resolved",
        "alerts": told,
        "groupLabels": {},
        "commonLabels": dict(item for item in first if all(item in labels for labels in others)),
        "commonAnnotations": {},
        "externalURL": "https://alertmanager.example.com",
    }
