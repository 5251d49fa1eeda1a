"""What a PromQL expression is made of."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from typing import Any

import promql_parser

from model_drift_exporter.service.catalogue import CATALOGUE

__all__ = ["COUNTER_FUNCTIONS", "is_counter", "nodes", "parse", "selectors"]

COUNTER_FUNCTIONS = frozenset({"rate", "irate", "increase", "resets", "changes"})
_CHILDREN = ("lhs", "rhs", "expr", "param", "vector_selector", "args")


def parse(expression: str) -> Any:
    """A parsed expression. Raises ``ValueError`` if it is no PromQL."""
    # promql-parser 0.12 wants backslashes escaped in raw strings, too; Prometheus does not.
    quoted = re.sub(r"`([^`]*)`", lambda raw: json.dumps(raw[1], ensure_ascii=False), expression)
    return promql_parser.parse(quoted)


def nodes(node: Any, above: tuple[Any, ...] = ()) -> Iterator[tuple[Any, tuple[Any, ...]]]:
    """A parsed expression and all below it, each with those above it, the nearest last."""
    yield node, above
    for name in _CHILDREN:
        child = getattr(node, name, None)
        for each in child if isinstance(child, list) else [child]:
            if each is not None:
                yield from nodes(each, (*above, node))


def selectors(expression: str) -> Iterator[promql_parser.VectorSelector]:
    """What an expression asks Prometheus for. Raises ``ValueError`` if it is no PromQL."""
    for node, _ in nodes(parse(expression)):
        if isinstance(node, promql_parser.VectorSelector):
            yield node


def is_counter(name: str) -> bool:
    """Whether a series of the exporter only ever grows, parts of histograms among them."""
    if name in CATALOGUE:
        return CATALOGUE[name].type == "counter"
    histogram = name.rpartition("_")[0]
    return histogram in CATALOGUE and CATALOGUE[histogram].type == "histogram"
