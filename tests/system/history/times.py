"""Stretches of time, and what an expression reads of them: how far back each of its series must be known."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from datetime import timedelta
from typing import Any

import attrs
import promql_parser

__all__ = ["LOOKBACK", "Interval", "merged", "reads"]

LOOKBACK = 300.0
"""Seconds for which Prometheus takes the last sample of a series for its value."""


@attrs.frozen(order=True)
class Interval:
    """From ``start`` to ``end``, both included, in seconds since the epoch."""

    start: float
    end: float

    def __contains__(self, time: float) -> bool:
        return self.start <= time <= self.end

    def share(self, time: float) -> float:
        """How much of it is over at a time, from 0 to 1."""
        return min(max((time - self.start) / (self.end - self.start), 0.0), 1.0)

    def steps(self, step: float) -> range:
        """The multiples of a whole number of seconds in it."""
        width = round(step)
        return range(int(-(-self.start // width)) * width, int(self.end) + 1, width)


def merged(intervals: Iterable[Interval], gap: float) -> list[Interval]:
    """The same time, in as few intervals as possible; those that are at most ``gap`` seconds apart become one."""
    found: list[Interval] = []
    for each in sorted(intervals):
        if found and each.start <= found[-1].end + gap:
            found[-1] = Interval(found[-1].start, max(found[-1].end, each.end))
        else:
            found.append(each)
    return found


def reads(node: Any, asked: Interval) -> Iterator[tuple[str, Interval]]:
    """The series that a parsed expression reads if it is evaluated over an interval, and when it reads them."""
    match node:
        case promql_parser.VectorSelector():
            start, end = _shifted(node.offset, asked)
            yield str(node.name), Interval(start - LOOKBACK, end)
        case promql_parser.MatrixSelector():
            yield from reads(node.vector_selector, Interval(asked.start - _seconds(node.range), asked.end))
        case promql_parser.SubqueryExpr():
            start, end = _shifted(node.offset, asked)
            yield from reads(node.expr, Interval(start - _seconds(node.range), end))
        case promql_parser.ParenExpr() | promql_parser.UnaryExpr() | promql_parser.AggregateExpr():
            yield from reads(node.expr, asked)
        case promql_parser.BinaryExpr():
            yield from reads(node.lhs, asked)
            yield from reads(node.rhs, asked)
        case promql_parser.Call():
            for argument in node.args:
                yield from reads(argument, asked)


def _shifted(offset: timedelta | None, asked: Interval) -> tuple[float, float]:
    seconds = _seconds(offset)
    return asked.start - seconds, asked.end - seconds


def _seconds(duration: timedelta | None) -> float:
    return 0.0 if duration is None else duration.total_seconds()
