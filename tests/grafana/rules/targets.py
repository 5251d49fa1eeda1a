"""Rules about queries: valid PromQL, the job's matcher, windows of rates, counters; most are of grafana/dashboard-linter."""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import timedelta
from typing import Any

import promql_parser
from promql_parser import MatchOp

from tests.grafana.dashboard_file import Dashboard
from tests.grafana.expressions import COUNTER_FUNCTIONS, is_counter, nodes, parse
from tests.grafana.substitution import alternatives, names
from tests.support.rule_labels import labels_of, names_of

__all__ = ["WITHOUT_INSTANCE", "WITHOUT_JOB", "WITH_FIXED_WINDOW", "problems"]

WITHOUT_JOB = {
    "ALERTS": "an alert about a model is merged over replicas; one of Prometheus about a lost target has no job"
}
"""Series that have a job and are asked for without it, with the reason. Series merged over replicas have none to match."""

WITHOUT_INSTANCE: dict[tuple[str, str], str] = {}
"""Panels, by dashboard and title, that do not follow the variable ``instance``, with the reason."""

WITH_FIXED_WINDOW: dict[tuple[str, str], str] = {
    ("model", "Confidence"): "the share over the chosen window, as of the predictions, which rules record",
    (
        "model",
        "Share of each confidence",
    ): "the share over the chosen window, as of the predictions, which rules record",
}
"""Panels over time, by dashboard and title, whose window is a part of what they show, with the reason."""

_RATE_INTERVAL = timedelta(seconds=7_777)
_INTERVALS = {"__rate_interval": "7777s"}
_MATCHER = re.compile(r"""(\w+)\s*(=~|!~|!=|=)\s*(["`])((?:(?!\3).)*)\3""")
_REGULAR = {"=~", "!~"}
_GIVEN = {"model", "feature"}
"""Variables whose values people have thought up: any character may be in them."""


def problems(dashboard: Dashboard) -> list[str]:
    """What is wrong with the queries of panels and annotations, one sentence each, with what to write instead."""
    found: list[str] = []
    for panel, target in dashboard.queries():
        key = (dashboard.name, panel.title)
        over_time = (bool(target.raw.get("range")) or not target.instant) and key not in WITH_FIXED_WINDOW
        wrong = _query(dashboard, target.expression, over_time=over_time, by_instance=key not in WITHOUT_INSTANCE)
        found += (f"{dashboard.where(panel)}, query {target.ref_id}: {each}" for each in wrong)
    for annotation in dashboard.annotations:
        wrong = _query(dashboard, str(annotation.get("expr", "")), over_time=False, by_instance=False)
        found += (f"{dashboard.name}, annotation {annotation.get('name')!r}: {each}" for each in wrong)
    for variable in dashboard.variables.values():
        found += (
            f"{dashboard.name}, variable {variable.name}: {each}" for each in _variables(dashboard, variable.query)
        )
    return found


def _query(dashboard: Dashboard, expression: str, *, over_time: bool, by_instance: bool) -> list[str]:
    unknown = {name for name in names(expression) if not name.startswith("__")} - dashboard.variables.keys()
    if unknown:
        return [f"there is no variable {', '.join(sorted(unknown))} on this dashboard"]
    found = dict.fromkeys(_variables(dashboard, expression))
    try:
        expanded = list(alternatives(dashboard, expression, _INTERVALS))
    except ValueError as error:
        return [*found, str(error)]
    for text in expanded:
        try:
            parsed = parse(text)
        except ValueError as error:
            return [*found, f"{text:.80}… is no PromQL: {error}"]
        found |= dict.fromkeys(_expression(parsed, over_time=over_time))
        for selector in _selectors(parsed):
            found |= dict.fromkeys(_targets(dashboard, selector, by_instance=by_instance))
    return list(found)


def _variables(dashboard: Dashboard, expression: str) -> Iterator[str]:
    for label, operator, quote, value in _MATCHER.findall(expression):
        for name in names(value):
            if name not in dashboard.variables:
                continue
            several = dashboard.variables[name].several
            form = "regex" if several else "raw"
            quoted = f"`${{{name}:{form}}}`"
            kept = quote + value + quote == quoted
            if quote == "`" and not kept:
                yield f"{label}{operator}`{value}` is not escaped; write {label}{'=~' if several else '='}{quoted}"
            if name in _GIVEN and not kept:
                yield (
                    f"{label}{operator}{quote}{value}{quote} breaks on a name with a quote; "
                    f"write {label}{'=~' if several else '='}{quoted}"
                )
            if several and operator not in _REGULAR:
                yield f'{label}{operator}"{value}" matches nothing when several are chosen; write {label}=~"{value}"'
            if not several and operator in _REGULAR and value in {f"${name}", f"${{{name}}}"}:
                yield f'{label}{operator}"{value}" takes a dot in the name for any letter; write {label}="{value}"'
            if quote != "`" and re.search(rf"\$\{{{name}:(regex|pipe|csv)\}}", value):
                yield f'${{{name}:…}} breaks on a name with a dot, as "\\." is no PromQL; write it in back quotes'


def _selectors(parsed: Any) -> Iterator[Any]:
    return (node for node, _ in nodes(parsed) if isinstance(node, promql_parser.VectorSelector))


def _expression(parsed: Any, *, over_time: bool) -> Iterator[str]:
    for node, above in nodes(parsed):
        function = above[-1].func.name if above and isinstance(above[-1], promql_parser.Call) else ""
        if isinstance(node, promql_parser.MatrixSelector):
            yield from _window(node, function, over_time=over_time)
        if isinstance(node, promql_parser.VectorSelector):
            yield from _counter(node, above)
        if isinstance(node, promql_parser.Call) and node.func.name == "histogram_quantile":
            yield from _quantile(node)


def _window(node: Any, function: str, *, over_time: bool) -> Iterator[str]:
    if function in {"rate", "irate", "increase"}:
        for name in names_of(node.vector_selector):
            if not is_counter(name) and ":" not in name:
                yield f"{function}({name}[…]) is of a gauge; take delta, deriv or an average over time"
        over_whole_range = node.vector_selector.at is not None  # one value for all steps, such as a ranking
        if over_time and node.range != _RATE_INTERVAL and not over_whole_range:
            yield f"{function} over a fixed window misses samples between steps; write {function}(…[$__rate_interval])"


def _counter(selector: Any, above: tuple[Any, ...]) -> Iterator[str]:
    counters = [name for name in names_of(selector) if is_counter(name)]
    if not counters:
        return
    ranged = isinstance(above[-1], promql_parser.MatrixSelector) if above else False
    call = above[-2] if ranged and len(above) > 1 else above[-1] if above else None
    name = call.func.name if isinstance(call, promql_parser.Call) else str(getattr(call, "op", ""))
    if name not in COUNTER_FUNCTIONS | {"absent", "absent_over_time", "group", "count", "timestamp"}:
        yield f"{counters[0]} only grows since the exporter started; write rate({counters[0]}[$__rate_interval])"


def _quantile(call: Any) -> Iterator[str]:
    inner = call.args[-1]
    buckets = [name for selector in _selectors(inner) for name in names_of(selector)]
    if not all(name.endswith("_bucket") for name in buckets):
        yield f"histogram_quantile is of {', '.join(buckets)}, which has no buckets"
    elif not all("le" in labels for labels in labels_of(inner)):
        yield "histogram_quantile has lost its buckets; write sum by (le, …)"


def _targets(dashboard: Dashboard, selector: Any, *, by_instance: bool) -> Iterator[str]:
    name = ", ".join(names_of(selector))
    try:
        labels = frozenset().union(*labels_of(selector))
    except AssertionError:
        return  # no such series: another rule says so
    if "job" in labels and name not in WITHOUT_JOB and not _matches(selector, "job", dashboard):
        yield f'{name} is asked of all jobs; write {name}{{job=~"$job"}}'
    wanted = by_instance and "instance" in dashboard.variables
    if wanted and "instance" in labels and not _matches(selector, "instance", dashboard):
        yield f'{name} is asked of all exporters; write instance=~"$instance", or list the panel in WITHOUT_INSTANCE'


def _matches(selector: Any, label: str, dashboard: Dashboard) -> bool:
    known = dashboard.variables.get(label)
    value = known.values[0] if known is not None and known.values else "sample"
    return any(
        matcher.name == label and matcher.value == value and matcher.op != MatchOp.NotEqual
        for matcher in selector.matchers.matchers
    )
