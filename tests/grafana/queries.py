"""The requests that Grafana 9.4 sends to Prometheus for a dashboard, for chosen variables and a time range.

Steps and intervals as in its pkg/tsdb/prometheus/models/query.go and pkg/tsdb/intervalv2; variables as in
public/app/plugins/datasource/prometheus/metric_find_query.ts.
"""

from __future__ import annotations

import json
import math
import re
import urllib.error
import urllib.parse
import urllib.request
from collections.abc import Iterator, Mapping
from typing import Any

import attrs

from tests.grafana.dashboard_file import Dashboard, Panel, Target, Variable
from tests.grafana.substitution import Choice, substituted, with_intervals

__all__ = [
    "Request",
    "Scene",
    "annotation_requests",
    "ask",
    "panel_requests",
    "requests",
    "step_seconds",
    "variable_request",
    "variable_values",
]

_LABEL_VALUES = re.compile(r"label_values\((?:(.+),\s*)?([a-zA-Z_]\w*)\)\s*")
_QUERY_RESULT = re.compile(r"query_result\((.+)\)\s*")
_SAFE_POINTS = 11_000
_ANNOTATION_POINTS = 100
"""Grafana sends annotations without a number of points, and takes this one itself."""
_ROUNDED = (  # up to this many seconds: this step
    (0.01, 0.001),
    (0.015, 0.01),
    (0.035, 0.02),
    (0.075, 0.05),
    (0.15, 0.1),
    (0.35, 0.2),
    (0.75, 0.5),
    (1.5, 1),
    (3.5, 2),
    (7.5, 5),
    (12.5, 10),
    (17.5, 15),
    (25, 20),
    (45, 30),
    (90, 60),
    (210, 120),
    (450, 300),
    (750, 600),
    (1_050, 900),
    (1_500, 1_200),
    (2_700, 1_800),
    (5_400, 3_600),
    (9_000, 7_200),
    (16_200, 10_800),
    (32_400, 21_600),
    (86_400, 43_200),
    (604_800, 86_400),
    (1_814_400, 604_800),
)
_UNITS = {"ms": 0.001, "s": 1, "m": 60, "h": 3_600, "d": 86_400, "w": 604_800}


@attrs.frozen
class Scene:
    """What a person looks at: the time range in seconds since 1970, the variables, the width of the window in pixels.

    ``scrape_interval`` is the data source's, in seconds.
    """

    start: float
    end: float
    chosen: Choice
    width: int = 1_440
    scrape_interval: float = 15.0


@attrs.frozen
class Request:
    """One request to Prometheus; ``what`` says where it comes from, such as ``fleet, panel 'Models' (id 1), query A``."""

    what: str
    path: str
    parameters: Mapping[str, str]


def seconds(duration: str) -> float:
    """A duration of one unit, such as ``30s`` or ``>2m``; a number alone is seconds."""
    match = re.fullmatch(r"[<>]?(\d+)(ms|s|m|h|d|w)?", duration)
    assert match, duration
    return int(match[1]) * _UNITS[match[2] or "s"]


def step_seconds(time_range: float, points: int, smallest: float) -> float:
    """The step of a range query: the rounded range by points, at least ``smallest``, never more than 11,000 points."""
    wanted = time_range / points
    step = smallest if wanted < smallest else _rounded(wanted)
    return max(step, _rounded(time_range / _SAFE_POINTS))


def _rounded(step: float) -> float:
    return next((rounded for limit, rounded in _ROUNDED if step <= limit), 2_592_000)


def rate_interval(step: float, scrape_interval: float) -> float:
    """Seconds that ``$__rate_interval`` stands for."""
    return max(step + scrape_interval, 4 * scrape_interval)


def requests(dashboard: Dashboard, scene: Scene) -> Iterator[Request]:
    """All of panels and annotations, as if every row were open."""
    for panel in dashboard.panels:
        yield from panel_requests(dashboard, panel, scene)
    yield from annotation_requests(dashboard, scene)


def panel_requests(dashboard: Dashboard, panel: Panel, scene: Scene) -> Iterator[Request]:
    """One for each query of a panel; a query can be instant and over time at once."""
    pixels = panel.grid.width * scene.width / 24
    points = int(panel.raw.get("maxDataPoints") or pixels)
    for target in panel.targets:
        if target.hidden:
            continue
        smallest = target.interval or str(panel.raw.get("interval") or "")
        step = _step(dashboard, smallest, points, scene)
        what = f"{dashboard.where(panel)}, query {target.ref_id}"
        yield from _requests(what, dashboard, target, step, scene)


def annotation_requests(dashboard: Dashboard, scene: Scene) -> Iterator[Request]:
    """One for each annotation: a hundred steps, however wide the window, each a minute or what it says at least."""
    for annotation in dashboard.annotations:
        step = _step(dashboard, str(annotation.get("step") or "60s"), _ANNOTATION_POINTS, scene)
        expression = _expression(str(annotation.get("expr", "")), dashboard, step, scene)
        yield _range_request(f"{dashboard.name}, annotation {annotation['name']!r}", expression, step, scene)


def variable_request(dashboard: Dashboard, name: str, scene: Scene) -> Request | None:
    """What fills a variable; ``None`` if nothing needs to be asked. ``label_values`` and ``query_result`` are known here."""
    variable = dashboard.variables[name]
    if variable.type != "query":
        return None
    whole = {"__range": f"{round(scene.end - scene.start)}s"}
    query = with_intervals(substituted(variable.query, dashboard.variables, scene.chosen), whole)
    end = str(math.ceil(scene.end))
    if match := _QUERY_RESULT.fullmatch(query):
        return Request(f"{dashboard.name}, variable {name}", "/api/v1/query", {"query": match[1], "time": end})
    match = _LABEL_VALUES.fullmatch(query)
    assert match, f"{dashboard.name}, variable {name}: write label_values(series, label), not {variable.query!r}"
    selector = {"match[]": match[1]} if match[1] else {}
    parameters = {**selector, "start": str(int(scene.start)), "end": end}
    return Request(f"{dashboard.name}, variable {name}", f"/api/v1/label/{match[2]}/values", parameters)


def variable_values(variable: Variable, answer: Mapping[str, Any]) -> tuple[str, ...]:
    """What a variable offers, in the order of Prometheus' answer; each series as a text, of which an expression picks a part."""
    data = answer["data"]
    if isinstance(data, list):
        return tuple(data)
    texts = [
        metric.pop("__name__", "") + "{" + ",".join(f'{label}="{value}"' for label, value in metric.items()) + "}"
        for metric in (dict(each["metric"]) for each in data["result"])
    ]
    wanted = re.compile(str(variable.raw.get("regex") or "(.*)").strip("/"))
    return tuple(dict.fromkeys(match[1] for text in texts if (match := wanted.search(text))))


def ask(server: str, request: Request) -> dict[str, Any]:
    """The answer of Prometheus at ``http://host:port``, parsed; with status ``error`` where it refuses the request."""
    address, body = f"{server}{request.path}", urllib.parse.urlencode(request.parameters)
    form = None if request.path.endswith("/values") else body.encode()  # Grafana posts queries
    try:
        with urllib.request.urlopen(f"{address}?{body}" if form is None else address, form, timeout=60) as answer:  # noqa: S310 - loopback only
            said = answer.read()
    except urllib.error.HTTPError as error:
        said = error.read()
    parsed: dict[str, Any] = json.loads(said)
    return parsed


def _step(dashboard: Dashboard, smallest: str, points: int, scene: Scene) -> float:
    text = substituted(smallest, dashboard.variables, scene.chosen)
    least = scene.scrape_interval if not text or "$" in text else seconds(text)
    return step_seconds(scene.end - scene.start, points, least)


def _expression(text: str, dashboard: Dashboard, step: float, scene: Scene) -> str:
    whole = round(scene.end - scene.start)
    intervals = {
        "__interval_ms": str(round(step * 1_000)),
        "__interval": _duration(step),
        "__range_ms": str(whole * 1_000),
        "__range_s": str(whole),
        "__range": f"{whole}s",
        "__rate_interval": f"{round(rate_interval(step, scene.scrape_interval))}s",
    }
    return with_intervals(substituted(text, dashboard.variables, scene.chosen), intervals)


def _duration(step: float) -> str:
    """Whole units only, rounded down, as Grafana writes it."""
    for unit, size in (("d", 86_400), ("h", 3_600), ("m", 60), ("s", 1)):
        if step >= size:
            return f"{int(step // size)}{unit}"
    return f"{max(1, int(step * 1_000))}ms"


def _requests(what: str, dashboard: Dashboard, target: Target, step: float, scene: Scene) -> Iterator[Request]:
    expression = _expression(target.expression, dashboard, step, scene)
    if target.raw.get("range") or not target.instant:
        yield _range_request(what, expression, step, scene)
    if target.instant:
        yield Request(what, "/api/v1/query", {"query": expression, "time": f"{scene.end:.3f}"})


def _range_request(what: str, expression: str, step: float, scene: Scene) -> Request:
    first, last = (math.floor(time / step) * step for time in (scene.start, scene.end))
    parameters = {"query": expression, "start": f"{first:.3f}", "end": f"{last:.3f}", "step": f"{step:.3f}"}
    return Request(what, "/api/v1/query_range", parameters)
