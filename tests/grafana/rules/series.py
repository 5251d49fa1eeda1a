"""Rules about names: each metric and label that a dashboard names exists, and each metric that exists is used somewhere."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from typing import Any

import promql_parser

from model_drift_exporter.monitors import ALARMS
from model_drift_exporter.service.catalogue import CATALOGUE
from tests.grafana.dashboard_file import Dashboard, Target, Variable
from tests.grafana.expressions import nodes, parse, selectors
from tests.grafana.substitution import alternatives
from tests.support.rule_labels import alert_labels, labels_of, names_of
from tests.support.rule_series import rules

__all__ = ["labels_of_target", "problems", "rule_metrics", "used_metrics"]

_FIELD_OF_LABEL = re.compile(r"\$\{__field\.labels\.(\w+)(?::\w+)?\}")
_LEGEND = re.compile(r"\{\{\s*([^}\s]+)\s*\}\}")
_LABEL_VALUES = re.compile(r"label_values\((.+),\s*(\w+)\)")
_QUERY_RESULT = re.compile(r"query_result\((.+)\)")
_LABEL_OF_TEXT = re.compile(r"/(\w+)=.*/")
_RECORDED = {
    rule["record"]
    for file in rules().values()
    for group in file["groups"]
    for rule in group["rules"]
    if "record" in rule
}


def problems(dashboard: Dashboard) -> list[str]:
    """Names that do not exist, one sentence each."""
    found: list[str] = []
    for panel, target in dashboard.queries():
        where = f"{dashboard.where(panel)}, query {target.ref_id}"
        found += (
            f"{where}: {each}" for each in _expression(dashboard, target.expression, _LEGEND.findall(target.legend))
        )
    for annotation in dashboard.annotations:
        texts = "".join(str(annotation.get(key) or "") for key in ("titleFormat", "textFormat"))
        named = [*_LEGEND.findall(texts), *filter(None, str(annotation.get("tagKeys") or "").split(","))]
        where = f"{dashboard.name}, annotation {annotation.get('name')!r}"
        found += (f"{where}: {each}" for each in _expression(dashboard, str(annotation.get("expr", "")), named))
    for variable in dashboard.variables.values():
        expression, labels = _of_variable(variable)
        where = f"{dashboard.name}, variable {variable.name}"
        found += (f"{where}: {each}" for each in _expression(dashboard, expression, labels))
    for panel in dashboard.panels:
        known = {label for target in panel.targets for label in labels_of_target(dashboard, target)}
        for link, _ in panel.data_links():
            for label in _FIELD_OF_LABEL.findall(str(link.get("url", ""))):
                if label not in known:
                    found.append(f"{dashboard.where(panel)}: a link names the label {label}, which no series here has")
    return list(dict.fromkeys(found))


def labels_of_target(dashboard: Dashboard, target: Target) -> set[str]:
    """Labels that the answer to a query can have; nothing if it cannot be parsed."""
    try:
        texts = list(alternatives(dashboard, target.expression))
        return {label for text in texts for labels in labels_of(parse(text)) for label in labels}
    except (AssertionError, KeyError, ValueError):
        return set()


def used_metrics(dashboards: Iterable[Dashboard]) -> set[str]:
    """Metrics of the catalogue that dashboards ask for, in panels, annotations or variables."""
    texts: list[str] = []
    for dashboard in dashboards:
        queries = [target.expression for _, target in dashboard.queries()]
        queries += [str(annotation.get("expr", "")) for annotation in dashboard.annotations]
        queries += (_of_variable(variable)[0] for variable in dashboard.variables.values())
        texts += (text for query in filter(None, queries) for text in alternatives(dashboard, query))
    return _metrics(texts)


def rule_metrics() -> set[str]:
    """Metrics of the catalogue that recording rules and alerts ask for, annotations of alerts among them."""
    texts = []
    for file in rules().values():
        for rule in (rule for group in file["groups"] for rule in group["rules"]):
            texts.append(rule["expr"])
            for text in rule.get("annotations", {}).values():
                texts += (query.replace("%q", '"x"') for query in re.findall(r"query \(printf `([^`]*)`", text))
    return _metrics(texts)


def _of_variable(variable: Variable) -> tuple[str, list[str]]:
    """What a variable asks for, and the labels that it needs; an empty text if it asks for nothing."""
    if match := _LABEL_VALUES.fullmatch(variable.query):
        return match[1], [match[2]]
    if match := _QUERY_RESULT.fullmatch(variable.query):
        return match[1], _LABEL_OF_TEXT.findall(str(variable.raw.get("regex", "")))
    return "", []


def _metrics(texts: Iterable[str]) -> set[str]:
    named = {name for text in set(texts) for selector in selectors(text) for name in names_of(selector)}
    histograms = {re.sub(r"_(bucket|count|sum)$", "", name) for name in named}
    return (named | histograms) & CATALOGUE.keys()


def _expression(dashboard: Dashboard, expression: str, named: Iterable[str]) -> list[str]:
    found: dict[str, None] = {}
    try:
        expanded = [parse(text) for text in alternatives(dashboard, expression)]
    except (KeyError, ValueError):
        return []  # another rule says so
    for parsed in expanded:
        missing = [name for node, _ in nodes(parsed) for name in _missing(node)]
        if missing:
            found |= dict.fromkeys(f"there is no series {name}, neither exported nor recorded" for name in missing)
            continue
        found |= dict.fromkeys(problem for node, _ in nodes(parsed) for problem in _labels(node))
        labels = frozenset().union(*labels_of(parsed))
        lost = [label for label in named if label != "__name__" and label not in labels]
        found |= dict.fromkeys(f"{label} is named, but the answer has only {_listed(labels)}" for label in lost)
    return list(found)


def _missing(node: Any) -> Iterator[str]:
    if isinstance(node, promql_parser.VectorSelector):
        known = names_of(node)
        if not known:
            yield str(node)
        for name in known:
            histogram = re.sub(r"_(bucket|count|sum)$", "", name)
            of_histogram = histogram != name and histogram in CATALOGUE and CATALOGUE[histogram].type == "histogram"
            whole = name in CATALOGUE and CATALOGUE[name].type != "histogram"
            if not (whole or of_histogram or name in _RECORDED or name in {"up", "ALERTS", "ALERTS_FOR_STATE"}):
                yield name


def _labels(node: Any) -> Iterator[str]:
    match node:
        case promql_parser.VectorSelector():
            known = frozenset().union(*labels_of(node)) | {"__name__"}
            for matcher in node.matchers.matchers:
                if matcher.name not in known:
                    yield f"{node.name} has no label {matcher.name}, only {_listed(known)}"
                yield from _value(matcher)
        case promql_parser.AggregateExpr() if node.modifier is not None:
            yield from _among(f"{node.op} by or without", node.modifier.labels, node.expr)
        case promql_parser.BinaryExpr() if node.modifier is not None:
            matching = node.modifier.matching
            for side in (node.lhs, node.rhs):
                yield from _among("on or ignoring", matching.labels if matching is not None else (), side)


def _among(what: str, names: Iterable[str], node: Any) -> Iterator[str]:
    known = frozenset().union(*labels_of(node))
    for name in names:
        if name not in known:
            yield f"{what} ({name}): the series have only {_listed(known)}"


def _value(matcher: Any) -> Iterator[str]:
    """Names of alerts and severities are known, so that a slip of the pen can be told from a quiet model."""
    known: dict[str, set[str]] = {
        "alert": {*(spec.alert for spec in ALARMS), *alert_labels()},
        "alertname": set(alert_labels()),
        "severity": {"page", "ticket", "none"},
        "alertstate": {"firing", "pending"},
    }
    plain = matcher.value and re.fullmatch(r"[\w|]+", matcher.value) and matcher.value != "sample"
    if matcher.name in known and plain and set(matcher.value.split("|")) - known[matcher.name]:
        yield f'{matcher.name}="{matcher.value}" is none of {_listed(known[matcher.name])}'


def _listed(names: Iterable[str]) -> str:
    return ", ".join(sorted(names)) or "no labels"
