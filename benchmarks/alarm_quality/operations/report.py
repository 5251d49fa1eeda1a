"""The tables of operations: what was asked, what was found."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Mapping, Sequence
from typing import Any

from benchmarks.report import Figure, Table, number
from model_drift_exporter.evidence.settings import PAGE

from ..sections import Part, quantile, when_found
from .harms import HARMS
from .replays import MOST_REFERENCE_ROWS

__all__ = ["harm_part", "quiet_part", "quiet_row", "replay_part"]

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


def replay_part(found: Mapping[str, Mapping[str, Any]]) -> Part:
    """Whether the command line decides on files what was decided without them."""
    if not found:
        return Part()
    done = {name: each for name, each in found.items() if each}
    other = [name for name, each in done.items() if each["here"] != each["replayed"]]
    alerts = sum(len(each["replayed"]) for each in done.values())
    what = f"of {len(done)} kinds, a stream each as files: those of which replay tells other alerts at other records"
    text = (
        f"Through `profile` and `replay`: {alerts} alerts in {len(done)} streams of 60 days or 30,000 records at most."
    )
    if left := [name for name in found if name not in done]:
        text += f" Left out, as their reference has more than {MOST_REFERENCE_ROWS:,} rows: {', '.join(left)}."
    return Part([Figure(what + (f" ({', '.join(other)})" if other else ""), len(other), "", 0)], [], [text])


def harm_part(found: Mapping[str, Sequence[Mapping[str, Any]]]) -> Part:
    """Streams that turn bad: medians over seeds of when that is told."""
    if not found:
        return Part()
    figures = []
    for name, seeds in found.items():
        harm = HARMS[name]
        if harm.asked_hours is not None:
            records = _median(seeds, "page", "records")
            late = harm.asked_records is not None and records > harm.asked_records
            hours = _median(seeds, "page", "hours")
            if harm.asked_records is None or late:
                figures.append(Figure(f"{name}: page after", hours, "h", harm.asked_hours))
            else:
                figures.append(Figure(f"{name}: page after", records, "records", harm.asked_records))
    columns = (
        *("harm", "seeds", "first alarm that names it: hours", "records", "which"),
        *("page: hours", "records", "which", "alarms before it began"),
    )
    return Part(figures, [Table(columns, [_harm_row(name, seeds) for name, seeds in found.items()])], [])


def _median(seeds: Sequence[Mapping[str, Any]], what: str, unit: str) -> float:
    return quantile([seed[what][unit] if seed[what] else math.inf for seed in seeds], 0.5)


def _which(seeds: Sequence[Mapping[str, Any]], what: str) -> str:
    counted: Counter[str] = Counter()
    for seed in seeds:
        if seed[what]:
            features = ", ".join(seed[what]["features"][:4])
            counted[seed[what]["alert"].removeprefix("Model") + (f" ({features})" if features else "")] += 1
    return "; ".join(f"{text}" for text, _ in counted.most_common(2))


def _harm_row(name: str, seeds: Sequence[Mapping[str, Any]]) -> list[str | float]:
    row: list[str | float] = [name, str(len(seeds))]
    for what in ("ticket", "page"):
        row += [when_found(_median(seeds, what, unit)) for unit in ("hours", "records")]
        row.append(_which(seeds, what))
    row.append(", ".join(sorted({alert for seed in seeds for alert in seed["before"]})))
    return row
