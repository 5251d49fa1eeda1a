"""The labels that the rules can give to their series and alerts, read from their expressions."""

from __future__ import annotations

import functools
import re
from collections.abc import Iterable
from typing import Any

import promql_parser
from promql_parser import AggModifierType, LabelModifierType, VectorMatchCardinality

from model_drift_exporter.service.catalogue import CATALOGUE
from tests.support.rule_series import rules

__all__ = ["LabelSets", "alert_labels", "labels_of", "names_of"]

LabelSets = frozenset[frozenset[str]]
"""The alternatives: the names of the labels of one series each, beside its own name."""

_TARGET = {"job", "instance"}
_PART = re.compile(r"(?P<histogram>.+)_(?P<part>bucket|count|sum)")
_RULES = [rule for file in rules().values() for group in file["groups"] for rule in group["rules"]]
_RECORDED = sorted({rule["record"] for rule in _RULES if "record" in rule})
_NOTHING: LabelSets = frozenset({frozenset()})


@functools.cache
def alert_labels() -> dict[str, tuple[str, LabelSets]]:
    """Severity of each alert, and the labels that its expression can give it beside `alertname` and `severity`."""
    return {
        rule["alert"]: (rule["labels"]["severity"], labels_of(promql_parser.parse(rule["expr"])))
        for rule in _RULES
        if "alert" in rule
    }


@functools.cache
def _named(name: str, above: tuple[str, ...]) -> LabelSets:
    """Labels of a series; a recorded one that asks for itself gets no more from that (``above`` are the ones asked for)."""
    if name in CATALOGUE:
        return frozenset({frozenset({*CATALOGUE[name].labels, *_TARGET})})
    if (part := _PART.fullmatch(name)) and part["histogram"] in CATALOGUE:
        bucket = {"le"} if part["part"] == "bucket" else set()
        return _with(_named(part["histogram"], above), bucket)
    if name == "up":
        return frozenset({frozenset(_TARGET)})
    if name in {"ALERTS", "ALERTS_FOR_STATE"}:
        added = {"alertname", "severity", *(["alertstate"] if name == "ALERTS" else [])}
        return frozenset(labels | added for _, sets in alert_labels().values() for labels in sets)
    if name in above:
        return frozenset()
    own = [rule for rule in _RULES if rule.get("record") == name]
    assert own, name
    return frozenset(
        labels | set(rule.get("labels", {}))
        for rule in own
        for labels in labels_of(promql_parser.parse(rule["expr"]), (*above, name))
    )


def names_of(selector: promql_parser.VectorSelector) -> list[str]:
    """The name of what is selected; for ``{__name__=~"…"}`` those of all series that exist and match."""
    if selector.name:
        return [str(selector.name)]
    [pattern] = [matcher.value for matcher in selector.matchers.matchers if matcher.name == "__name__"]
    return [name for name in (*CATALOGUE, *_RECORDED) if re.fullmatch(pattern, name)]


def labels_of(node: Any, above: tuple[str, ...] = ()) -> LabelSets:
    """Labels of the series of a parsed expression; ``above`` are the recorded series that ask for it."""
    match node:
        case promql_parser.VectorSelector():
            found = frozenset(labels for name in names_of(node) for labels in _named(name, above))
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
    counted = frozenset([node.param.val] if str(node.op) == "count_values" else ())
    if node.modifier is None:
        return frozenset({counted})
    listed = frozenset(node.modifier.labels)
    by = node.modifier.type == AggModifierType.By
    return frozenset(counted | (labels & listed if by else labels - listed) for labels in inner)


def _combined(node: Any, above: tuple[str, ...]) -> LabelSets:
    left, right = labels_of(node.lhs, above), labels_of(node.rhs, above)
    if str(node.op) in {"and", "unless"}:
        return left
    if str(node.op) == "or":
        return left | right
    if _is_scalar(node.lhs):
        return right
    if _is_scalar(node.rhs) or node.modifier is None or node.modifier.matching is None:
        return left
    if node.modifier.card != VectorMatchCardinality.OneToOne:
        return _with(left, node.modifier.group_labels or ())
    listed = frozenset(node.modifier.matching.labels)
    on = node.modifier.matching.type == LabelModifierType.Include
    return frozenset(labels & listed if on else labels - listed for labels in left)


def _called(node: Any, above: tuple[str, ...]) -> LabelSets:
    if node.func.name in {"vector", "time", "scalar", "pi"}:
        return _NOTHING
    [first, *others] = [argument for argument in node.args if not _is_scalar(argument)]
    if node.func.name == "absent":
        return frozenset(
            {frozenset(one.name for one in first.matchers.matchers if one.op == promql_parser.MatchOp.Equal)}
        )
    inner = labels_of(first, above)
    if node.func.name in {"label_replace", "label_join"}:
        return _with(inner, [others[0].val])
    if node.func.name == "histogram_quantile":
        return frozenset(labels - {"le"} for labels in inner)
    return inner


def _is_scalar(node: Any) -> bool:
    """Whether an expression is one number without labels, as ``2``, ``time()`` and ``-(3600 * 24)`` are."""
    match node:
        case promql_parser.NumberLiteral():
            return True
        case promql_parser.ParenExpr() | promql_parser.UnaryExpr():
            return _is_scalar(node.expr)
        case promql_parser.BinaryExpr():
            return _is_scalar(node.lhs) and _is_scalar(node.rhs)
        case promql_parser.Call():
            return node.func.name in {"time", "scalar", "pi"}
        case _:
            return False


def _with(sets: LabelSets, names: Iterable[str]) -> LabelSets:
    return frozenset(labels | frozenset(names) for labels in sets)
