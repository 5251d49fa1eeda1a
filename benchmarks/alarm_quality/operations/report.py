"""The tables of operations: what was asked, what was found."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from typing import Any

from benchmarks.report import Figure, Table, number
from model_drift_exporter.evidence.settings import PAGE

from ..sections import Part

__all__ = ["quiet_part", "quiet_row"]

_WEEKS_A_YEAR = 365.25 / 7
_MOST_IN_A_KIND, _MOST_IN_ALL = 1, 2


def _pages(stream: Mapping[str, Any]) -> list[Mapping[str, Any]]:
    return [alarm for alarm in stream["alarms"] if alarm["severity"] == PAGE]


def _tickets(stream: Mapping[str, Any]) -> list[Mapping[str, Any]]:
    return [alarm for alarm in stream["alarms"] if alarm["severity"] != PAGE]


def _alerts(alarms: Sequence[Mapping[str, Any]]) -> str:
    counted = Counter(alarm["alert"].removeprefix("Model") for alarm in alarms)
    return ", ".join(f"{name} {count}" for name, count in counted.most_common())


def _false(streams: Sequence[Mapping[str, Any]]) -> int:
    return sum(not page["true"] for stream in streams for page in _pages(stream))


def quiet_part(found: Mapping[str, Sequence[Mapping[str, Any]]]) -> Part:
    """Streams in which nothing is wrong, by kind."""
    if not found:
        return Part()
    false = {name: _false(streams) for name, streams in found.items()}
    worst = max(false, key=lambda name: false[name])
    over = [name for name, streams in found.items() if _all_tickets(streams) > _weeks(streams)]
    figures = [
        Figure(
            f"nothing wrong, {len(found)} kinds: most false pages in a kind ({worst})",
            false[worst],
            "",
            _MOST_IN_A_KIND,
        ),
        Figure(f"nothing wrong, {len(found)} kinds: false pages in all", sum(false.values()), "", _MOST_IN_ALL),
        Figure("kinds with more tickets than weeks" + (f" ({', '.join(over)})" if over else ""), len(over), "", 0),
    ]
    columns = (
        *("nothing wrong", "stream-years", "records", "false pages (≤ 1)", "true pages", "tickets (promise)"),
        *("which false pages", "which tickets", "not evaluable"),
    )
    return Part(figures, [Table(columns, [quiet_row(name, streams) for name, streams in found.items()])], [])


def _years(streams: Sequence[Mapping[str, Any]]) -> float:
    return float(sum(stream["years"] for stream in streams))


def _weeks(streams: Sequence[Mapping[str, Any]]) -> float:
    return _years(streams) * _WEEKS_A_YEAR


def _all_tickets(streams: Sequence[Mapping[str, Any]]) -> int:
    return sum(len(_tickets(stream)) for stream in streams)


def quiet_row(name: str, streams: Sequence[Mapping[str, Any]]) -> list[str | float]:
    """A kind's row."""
    false, every = _false(streams), [page for stream in streams for page in _pages(stream)]
    tickets = [ticket for stream in streams for ticket in _tickets(stream)]
    reasons: Counter[str] = Counter()
    for stream in streams:
        for reason, share in stream["reasons"].items():
            reasons[reason] += share / len(streams)
    return [
        name,
        f"{_years(streams):.3g}",
        f"{sum(stream['records'] for stream in streams):,}",
        f"**{false}**" if false > _MOST_IN_A_KIND else str(false),
        str(len(every) - false),
        f"{len(tickets)} ({number(_weeks(streams))})",
        _alerts([page for page in every if not page["true"]]),
        _alerts(tickets),
        ", ".join(f"{reason} {share:.0%}" for reason, share in reasons.most_common() if share >= 0.01),
    ]
