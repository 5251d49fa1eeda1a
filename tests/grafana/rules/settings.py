"""Rules about a dashboard as a whole and its variables; most are those of grafana/dashboard-linter."""

from __future__ import annotations

import re
from collections.abc import Iterator

import promql_parser

from tests.grafana.dashboard_file import UIDS, Dashboard, Variable, walk
from tests.grafana.expressions import parse
from tests.grafana.substitution import alternatives, names

__all__ = ["TEMPLATED", "problems"]

TEMPLATED = "${datasource}"
"""The data source of everything that asks Prometheus."""

_ON_TIME_RANGE_CHANGE = 2
_SHARED_CROSSHAIR = 1
_LABEL_VALUES = re.compile(r"label_values\((.+),\s*([a-zA-Z_]\w*)\)")
_QUERY_RESULT = re.compile(r"query_result\((.+)\)")


def problems(dashboard: Dashboard) -> list[str]:
    """What is wrong, one sentence each, with what to write instead."""
    found = [*_head(dashboard), *_not_exported(dashboard)]
    found += _data_source_and_job(dashboard)
    for position, variable in enumerate(dashboard.variables.values()):
        found += _variable(dashboard, variable, set(list(dashboard.variables)[:position]))
    for annotation in dashboard.annotations:
        if annotation.get("datasource", {}).get("uid") != TEMPLATED:
            found.append(f"annotation {annotation.get('name')!r} asks a fixed data source; write {TEMPLATED}")
    return [f"{dashboard.name}: {problem}" for problem in found]


def _head(dashboard: Dashboard) -> Iterator[str]:
    raw = dashboard.raw
    if raw.get("uid") != UIDS.get(dashboard.name, raw.get("uid")) or not re.fullmatch(r"[\w-]{1,40}", dashboard.uid):
        yield f"uid is {raw.get('uid')!r}; links hold {UIDS.get(dashboard.name, 'a fixed one')!r}"
    if raw.get("id") is not None:
        yield "id is set, which belongs to one Grafana; write null"
    if raw.get("editable", True):
        yield "editable is not false: edits in the browser would be lost at the next deploy"
    if raw.get("timezone") != "browser":
        yield f"timezone is {raw.get('timezone')!r}; write 'browser', so that times are those of the reader's clock"
    if raw.get("graphTooltip") != _SHARED_CROSSHAIR:
        yield "graphTooltip is not 1, the shared crosshair by which panels are compared"
    if raw.get("schemaVersion") != 37:
        yield f"schemaVersion is {raw.get('schemaVersion')}; Grafana 9.4 writes 37, and later ones migrate from it"
    if not raw.get("title") or len(str(raw.get("description") or "").split()) < 5:
        yield "title and a description of a sentence are needed: they are what a search shows"
    if "model-drift" not in (raw.get("tags") or []):
        yield "the tag model-drift is missing, by which the menu of dashboards finds this one"


def _not_exported(dashboard: Dashboard) -> Iterator[str]:
    for path, value in walk(dashboard.raw):
        if path.startswith("__"):
            yield f"{path.partition('.')[0]} is of a dashboard exported for sharing, which cannot be provisioned; leave it out"
            return
        if isinstance(value, str) and "${DS_" in value:
            yield f"{path} names an input of an exported dashboard; write {TEMPLATED}"


def _data_source_and_job(dashboard: Dashboard) -> Iterator[str]:
    if list(dashboard.variables)[:2] != ["datasource", "job"]:
        yield f"the first variables are datasource and job, in this order, not {list(dashboard.variables)[:2]}"
    source = dashboard.variables.get("datasource")
    if source is not None and (source.type, source.query) != ("datasource", "prometheus"):
        yield "variable datasource is not one of type datasource for prometheus"
    job = dashboard.variables.get("job")
    if job is not None and not (job.raw.get("multi") and job.raw.get("includeAll") and job.all_value == ".+"):
        yield "variable job does not allow several, and all of them as '.+'"


def _variable(dashboard: Dashboard, variable: Variable, before: set[str]) -> Iterator[str]:
    what = f"variable {variable.name}"
    if not variable.raw.get("label"):
        yield f"{what} has no label for people"
    if variable.several and variable.raw.get("includeAll") and not variable.all_value:
        yield f"{what} would write the names of all values into each query; set allValue to '.+'"
    if variable.type != "query":
        return
    if (variable.raw.get("datasource") or {}).get("uid") != TEMPLATED:
        yield f"{what} asks a fixed data source; write {TEMPLATED}"
    if variable.raw.get("refresh") != _ON_TIME_RANGE_CHANGE:
        yield f"{what} is not loaded again when the time range changes; set refresh to 2"
    late = {name for name in names(variable.query) if not name.startswith("__")} - before
    if late:
        yield f"{what} depends on {', '.join(sorted(late))}, which must stand before it"
        return
    for query in alternatives(dashboard, variable.query):
        result = _QUERY_RESULT.fullmatch(query)
        yield from _result(what, variable, result[1]) if result else _label_values(what, query)


def _label_values(what: str, query: str) -> Iterator[str]:
    match = _LABEL_VALUES.fullmatch(query)
    try:
        parsed = parse(match[1]) if match else None
    except ValueError as error:
        yield f"{what} has no valid series in {query!r}: {error}"
        return
    if not isinstance(parsed, promql_parser.VectorSelector):
        yield f"{what} is not label_values(series, label): {query!r}"


def _result(what: str, variable: Variable, expression: str) -> Iterator[str]:
    try:
        parse(expression)
    except ValueError as error:
        yield f"{what} has no valid expression in {expression!r}: {error}"
    if not variable.raw.get("regex"):
        yield f"{what} would offer whole series; set regex, which picks one label of them"
