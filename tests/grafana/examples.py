"""A small dashboard in which nothing is wrong, and copies of it in which one thing is."""

from __future__ import annotations

import copy
from collections.abc import Mapping
from typing import Any

from tests.grafana.dashboard_file import Dashboard, parsed

__all__ = ["GOOD", "changed", "good"]

_SOURCE = {"type": "prometheus", "uid": "${datasource}"}
_LINK = (
    "/d/model-drift-fleet/fleet?${datasource:queryparam}&${__url_time_range}"
    "&var-model=${__data.fields.model:percentencode}"
)


def _target(expression: str, **others: Any) -> dict[str, Any]:
    return {"refId": "A", "datasource": _SOURCE, "expr": expression, "range": True, **others}


def _panel(head: tuple[int, str, str], place: str, target: dict[str, Any], unit: str) -> dict[str, Any]:
    identifier, type_, title = head
    return {
        "id": identifier,
        "type": type_,
        "title": title,
        "description": "What good looks like is said here, and what to do next when it does not look so.",
        "gridPos": dict(zip("xywh", map(int, place.split()), strict=True)),
        "datasource": _SOURCE,
        "targets": [target],
        "fieldConfig": {"defaults": {"unit": unit, "noValue": "Nothing was read"}, "overrides": []},
        "options": {},
    }


def _several(name: str, query: str) -> dict[str, Any]:
    return {
        "name": name,
        "type": "query",
        "label": name.title(),
        "datasource": _SOURCE,
        "query": query,
        "refresh": 2,
        "multi": True,
        "includeAll": True,
        "allValue": ".+",
    }


GOOD: Mapping[str, Any] = {
    "id": None,
    "uid": "model-drift-example",
    "title": "Example",
    "description": "A dashboard that the tests have made up.",
    "tags": ["model-drift"],
    "schemaVersion": 37,
    "editable": False,
    "timezone": "browser",
    "graphTooltip": 1,
    "time": {"from": "now-24h", "to": "now"},
    "links": [
        {"title": "All", "type": "dashboards", "tags": ["model-drift"], "keepTime": True, "includeVars": True},
    ],
    "templating": {
        "list": [
            {"name": "datasource", "type": "datasource", "label": "Data source", "query": "prometheus"},
            _several("job", "label_values(model_drift_exporter_build_info, job)"),
            _several("model", 'label_values(model_info{job=~"$job"}, model)'),
            {"name": "window", "type": "custom", "label": "Window", "query": "1h,6h,24h"},
        ]
    },
    "annotations": {
        "list": [
            {"builtIn": 1, "datasource": {"type": "grafana", "uid": "-- Grafana --"}},
            {
                "name": "Pages",
                "datasource": _SOURCE,
                "expr": 'ALERTS{severity="page", model=~`${model:regex}`}',
                "iconColor": "#D55E00",
                "titleFormat": "{{alertname}}",
                "enable": True,
            },
        ]
    },
    "panels": [
        _panel(
            (1, "timeseries", "Records"),
            "0 0 12 8",
            _target(
                'sum by (model) (rate(model_records_total{job=~"$job", model=~`${model:regex}`}[$__rate_interval]))',
                legendFormat="{{model}}",
            ),
            "cps",
        ),
        _panel(
            (2, "table", "Models"),
            "12 0 12 8",
            _target(
                "model_reference_feature:feature_psi:reference$window{model=~`${model:regex}`}",
                instant=True,
                range=False,
                format="table",
            ),
            "none",
        ),
    ],
}
GOOD["panels"][1]["fieldConfig"]["overrides"] = [
    {
        "matcher": {"id": "byName", "options": "model"},
        "properties": [{"id": "links", "value": [{"title": "This model", "url": _LINK}]}],
    },
]


def good(name: str = "example") -> Dashboard:
    """The dashboard in which nothing is wrong."""
    return parsed(name, GOOD)


_GONE = object()


def changed(path: str, value: Any = _GONE, name: str = "example") -> Dashboard:
    """The good dashboard with another value at a path such as ``panels.0.title``, or without what is there."""
    raw = copy.deepcopy(dict(GOOD))
    *steps, last = path.split(".")
    inner: Any = raw
    for step in steps:
        inner = inner[int(step) if isinstance(inner, list) else step]
    key = int(last) if isinstance(inner, list) else last
    if value is _GONE:
        del inner[key]
    elif isinstance(inner, list) and key == len(inner):
        inner.append(value)
    else:
        inner[key] = value
    return parsed(name, raw)
