"""Variables in texts, put in as Grafana 9.4 does (public/app/features/templating and the Prometheus data source)."""

from __future__ import annotations

import itertools
import re
from collections.abc import Callable, Iterator, Mapping
from urllib.parse import quote

import attrs

from tests.grafana.dashboard_file import Dashboard, Variable

__all__ = ["ALL", "Choice", "alternatives", "names", "substituted", "with_intervals"]

ALL = "$__all"
"""What stands for all values of a variable."""

Choice = Mapping[str, str | tuple[str, ...]]
"""What is chosen for each variable: one value, several, or :data:`ALL`."""

_VARIABLE = re.compile(r"\$(\w+)|\[\[(\w+?)(?::(\w+))?\]\]|\$\{(\w+)(?:\.([^:^}]+))?(?::([^}]+))?\}")
_SPECIAL = re.compile(r"[$^*{}\[\]'+?.()|]")


@attrs.frozen
class _Use:
    name: str
    format: str


def _use(match: re.Match[str]) -> _Use:
    plain, old, old_format, name, _, format_ = match.groups()
    return _Use(plain or old or name, old_format or format_ or "")


def names(text: str) -> set[str]:
    """Names of the variables in a text; those of Grafana itself begin with two underscores. ``$1`` is PromQL's."""
    return {name for match in _VARIABLE.finditer(text) if not (name := _use(match).name).isdecimal()}


def substituted(text: str, variables: Mapping[str, Variable], chosen: Choice) -> str:
    """A query with its variables replaced; Grafana's own, such as ``$__range``, are left to be replaced later.

    Raises ``KeyError`` for a variable that the dashboard lacks, ``ValueError`` for a format that queries have no use for.
    """

    def value(match: re.Match[str]) -> str:
        use = _use(match)
        if use.name.startswith("__") or use.name.isdecimal():
            return match[0]
        return _formatted(variables[use.name], chosen[use.name], use.format)

    return _VARIABLE.sub(value, text)


def _formatted(variable: Variable, chosen: str | tuple[str, ...], format_: str) -> str:
    if chosen == ALL and variable.all_value is not None:
        return variable.all_value  # as it is: Grafana escapes nothing in it
    values = (chosen,) if isinstance(chosen, str) else chosen
    if format_ in _FORMATS:
        return _FORMATS[format_](values)
    if format_:
        raise ValueError(f"${{{variable.name}:{format_}}} is not for queries; write ${variable.name}")
    if not variable.several:
        return values[0].replace("\\", "\\\\").replace("'", "\\\\'")
    escaped = [_SPECIAL.sub(r"\\\\\g<0>", each.replace("\\", r"\\\\")) for each in values]
    return escaped[0] if len(escaped) == 1 else f"({'|'.join(escaped)})"


def _regular_expression(values: tuple[str, ...]) -> str:
    escaped = [re.sub(r"[\\^$*+?.()|\[\]{}/]", r"\\\g<0>", each) for each in values]
    return escaped[0] if len(escaped) == 1 else f"({'|'.join(escaped)})"


_FORMATS: dict[str, Callable[[tuple[str, ...]], str]] = {
    "raw": ",".join,
    "pipe": "|".join,
    "csv": ",".join,
    "regex": _regular_expression,
    "percentencode": lambda values: ",".join(quote(each, safe="") for each in values),
}


def alternatives(dashboard: Dashboard, text: str, intervals: Mapping[str, str] | None = None) -> Iterator[str]:
    """A query once for each choice among the variables in it that list their values; others are called ``sample``.

    Grafana's own intervals are put in, too: ``intervals``, or some. Raises as :func:`substituted` does.
    """
    put_in = {**_SAMPLE_INTERVALS, **(intervals or {})}
    used = sorted(name for name in names(text) if not name.startswith("__"))
    listed = [dashboard.variables[name].values or ("sample",) for name in used]
    for values in itertools.product(*listed):
        yield with_intervals(substituted(text, dashboard.variables, dict(zip(used, values, strict=True))), put_in)


_SAMPLE_INTERVALS = {
    "__interval_ms": "60000",
    "__interval": "1m",
    "__range_ms": "86400000",
    "__range_s": "86400",
    "__range": "86400s",
    "__rate_interval": "5m",
}


def with_intervals(text: str, intervals: Mapping[str, str] = _SAMPLE_INTERVALS) -> str:
    """A query with Grafana's own intervals replaced, by name (``{"__range": "3600s"}``), or by some."""
    return _VARIABLE.sub(lambda match: intervals.get(_use(match).name, match[0]), text)
