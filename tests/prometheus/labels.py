"""The labels that the rules can give to their series and alerts, read from their expressions."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import promql_parser
from promql_parser import AggModifierType, LabelModifierType, VectorMatchCardinality

from model_drift_exporter.metrics.catalogue import CATALOGUE
from tests.prometheus.promtool import rules

__all__ = ["LabelSets", "alert_labels", "labels_of"]

LabelSets = frozenset[frozenset[str]]
"""The alternatives: the names of the labels of one series each, beside its own name."""

_TARGET = {"job", "instance"}
_RULES = [rule for file in rules().values() for group in file["groups"] for rule in group["rules"]]
_NOTHING: LabelSets = frozenset({frozenset()})


def alert_labels() -> dict[str, tuple[str, LabelSets]]:
    """Severity of each alert, and the labels that its expression can give it beside `alertname` and `severity`."""
    return {
        rule["alert"]: (rule["labels"]["severity"], labels_of(promql_parser.parse(rule["expr"])))
        for rule in _RULES
        if "alert" in rule
    }


def _named(name: str, above: tuple[str, ...]) -> LabelSets:
    """Labels of a series; a recorded one that asks for itself gets no more from that (``above`` are the ones asked for)."""
    if name in CATALOGUE:
        return frozenset({frozenset({*CATALOGUE[name].labels, *_TARGET})})
    if name == "up":
        return frozenset({frozenset(_TARGET)})
    if name in above:
        return frozenset()
    own = [rule for rule in _RULES if rule.get("record") == name]
    assert own, name
    return frozenset(
        labels | set(rule.get("labels", {}))
        for rule in own
        for labels in labels_of(promql_parser.parse(rule["expr"]), (*above, name))
    )


def labels_of(node: Any, above: tuple[str, ...] = ()) -> LabelSets:
    """Labels of the series of a parsed expression; ``above`` are the recorded series that ask for it."""
    match node:
        case promql_parser.VectorSelector():
            found = _named(str(node.name), above)
        case promql_parser.MatrixSelector():
            found = labels_of(node.vector_selector, above)
        case promql_parser.ParenExpr() | promql_parser.SubqueryExpr() | promql_parser.UnaryExpr():
            found = labels_of(node.expr, above)
        case promql_parser.AggregateExpr():
            found = _aggregated(node, above)
        case promql_parser.BinaryExpr():
            found = _combined(node, above)
        case promql_parser.Call():
            found = _called(node, above)
        case _:
            found = _NOTHING  # a number or a text
    return found


def _aggregated(node: Any, above: tuple[str, ...]) -> LabelSets:
    inner = labels_of(node.expr, above)
    if str(node.op) in {"topk", "bottomk"}:
        return inner
    if node.modifier is None:
        return _NOTHING
    listed = frozenset(node.modifier.labels)
    by = node.modifier.type == AggModifierType.By
    return frozenset(labels & listed if by else labels - listed for labels in inner)


def _combined(node: Any, above: tuple[str, ...]) -> LabelSets:
    left, right = labels_of(node.lhs, above), labels_of(node.rhs, above)
    if str(node.op) in {"and", "unless"}:
        return left
    if str(node.op) == "or":
        return left | right
    if isinstance(node.lhs, promql_parser.NumberLiteral):
        return right
    if isinstance(node.rhs, promql_parser.NumberLiteral) or node.modifier is None or node.modifier.matching is None:
        return left
    if node.modifier.card != VectorMatchCardinality.OneToOne:
        return _with(left, node.modifier.group_labels or ())
    listed = frozenset(node.modifier.matching.labels)
    on = node.modifier.matching.type == LabelModifierType.Include
    return frozenset(labels & listed if on else labels - listed for labels in left)


def _called(node: Any, above: tuple[str, ...]) -> LabelSets:
    if node.func.name in {"vector", "time"}:
        return _NOTHING
    [first, *others] = node.args
    if node.func.name == "absent":
        return frozenset(
            {frozenset(one.name for one in first.matchers.matchers if one.op == promql_parser.MatchOp.Equal)}
        )
    inner = labels_of(first, above)
    if node.func.name == "label_replace":
        return _with(inner, [others[0].val])
    return inner


def _with(sets: LabelSets, names: Iterable[str]) -> LabelSets:
    return frozenset(labels | frozenset(names) for labels in sets)
