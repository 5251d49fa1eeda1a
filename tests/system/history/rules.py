"""The shipped rules as a plan: what must be evaluated before what, and over which time."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from graphlib import TopologicalSorter
from typing import Any

import attrs
import promql_parser

from tests.support.rule_series import rules as rule_files
from tests.system.history.times import Interval, merged, reads

__all__ = ["ALERTS", "SINCE", "Rule", "demanded", "firing", "levels", "rule_of", "shipped_rules"]

ALERTS, SINCE = "ALERTS", "ALERTS_FOR_STATE"
"""What Prometheus writes about alerts: which are pending or firing, and since when their condition is true."""

_UNITS = {"s": 1, "m": 60, "h": 3_600, "d": 86_400}
_SMALLEST_PAUSE = 3_600.0


@attrs.frozen(eq=False)
class Rule:
    """A recording rule, or an alert, which holds for ``hold`` seconds before it fires; ``labels`` are those that it adds."""

    name: str
    expression: str
    labels: Mapping[str, str]
    alert: bool = False
    hold: float = 0.0
    parsed: Any = attrs.field(init=False, repr=False)

    @parsed.default
    def _parse(self) -> Any:
        return promql_parser.parse(self.expression)

    @property
    def series(self) -> frozenset[str]:
        """Names of the series that the expression names, its own left out."""
        return frozenset(name for name, _ in reads(self.parsed, Interval(0.0, 0.0))) - {*self.writes}

    @property
    def remembers(self) -> bool:
        """Whether it reads what it wrote before."""
        return any(name in self.writes for name, _ in reads(self.parsed, Interval(0.0, 0.0)))

    @property
    def writes(self) -> tuple[str, ...]:
        """Names of the series that come of it; those of alerts are the same for all."""
        return (ALERTS, SINCE) if self.alert else (self.name,)


def rule_of(entry: Mapping[str, Any]) -> Rule:
    """A rule as a rule file has it."""
    hold = entry.get("for", "0s")
    return Rule(
        entry.get("record") or entry["alert"],
        entry["expr"],
        entry.get("labels", {}),
        "alert" in entry,
        float(hold[:-1]) * _UNITS[hold[-1]],
    )


def shipped_rules() -> list[Rule]:
    """All rules of the repository."""
    return [rule_of(entry) for file in rule_files().values() for group in file["groups"] for entry in group["rules"]]


def levels(rules: Iterable[Rule]) -> list[list[Rule]]:
    """The rules in the order of dependence: each reads what rules of earlier levels write only, and its own.

    Whatever reads ``ALERTS`` comes after all alerts. Raises ``graphlib.CycleError`` where there is no such order.
    """
    own: dict[tuple[str, ...], list[Rule]] = defaultdict(list)
    for rule in rules:
        own[rule.writes].append(rule)
    written = {name: names for names in own for name in names}
    sorter = TopologicalSorter(
        {
            names: {written[read] for rule in found for read in rule.series if read in written}
            for names, found in own.items()
        }
    )
    sorter.prepare()
    found = []
    while sorter.is_active():
        ready = sorter.get_ready()
        found.append([rule for names in ready for rule in own[names]])
        sorter.done(*ready)
    return found


def demanded(ordered: Sequence[Iterable[Rule]], asked: Interval, step: float) -> dict[str, list[Interval]]:
    """When each series, recorded or scraped, must be known, so that every rule can be evaluated over ``asked``.

    Intervals are a little longer than what is read, by a ``step``; a pause shorter than an hour is no pause. Alerts, whose
    names are no series, are evaluated when ``ALERTS`` is.
    """
    wanted: dict[str, list[Interval]] = defaultdict(list)
    for level in reversed(ordered):
        for rule in level:
            for interval in merged([asked, *(each for name in rule.writes for each in wanted[name])], _SMALLEST_PAUSE):
                for name, read in reads(rule.parsed, interval):
                    if name not in rule.writes:
                        wanted[name].append(Interval(read.start - step, read.end))
    recorded = {name for level in ordered for rule in level for name in rule.writes}
    return {
        name: merged([*([asked] if name in recorded else []), *found], _SMALLEST_PAUSE)
        for name, found in wanted.items()
    } | {name: [asked] for name in recorded - wanted.keys()}


def firing(times: Collection[float], hold: float, step: float) -> Iterator[tuple[float, float, bool]]:
    """The evaluations, ``step`` seconds apart, at which an alert's condition held, since when it had, and whether it fired."""
    since = previous = -float("inf")
    for time in sorted(times):
        if time - previous > 1.5 * step:
            since = time
        yield time, since, time - since >= hold
        previous = time
