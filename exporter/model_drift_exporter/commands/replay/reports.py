"""What ``replay`` prints: edges of latches, findings, and a summary, as JSON lines or as text for people."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, Protocol, TextIO

import msgspec

from ...evidence.alarms import Transition
from ...models.finding_edges import FindingEdge
from ...records.times import format_time
from ...service.finding_fields import finding_fields

__all__ = ["REPORTS", "JsonReport", "ReplayReport", "TextReport"]


class ReplayReport(Protocol):
    """Where the edges of the latches go, and those of findings."""

    def transition(self, transition: Transition) -> None:
        """One edge, in the order of the records."""
        ...

    def finding(self, edge: FindingEdge) -> None:
        """A finding begins or ends; that of an alarm right behind the edge of its latch."""
        ...

    def summary(self, summary: Mapping[str, Any]) -> None:
        """The end."""
        ...


class JsonReport:
    """One JSON object a line; times are RFC 3339, ``value`` and ``threshold`` log10, the last line holds the summary."""

    def __init__(self, stream: TextIO) -> None:
        self._stream = stream

    def transition(self, transition: Transition) -> None:
        self._write(
            {
                "time": format_time(transition.time),
                "record": transition.record,
                "alert": transition.alert,
                "severity": transition.severity,
                "state": "firing" if transition.firing else "resolved",
                "rise": transition.rise,
                "model": transition.model,
                "features": transition.features,
                "certainty": transition.certainty,
                "value": round(transition.evidence, 4),
                "threshold": round(transition.threshold, 4),
                "onset": None if transition.onset is None else format_time(transition.onset),
            }
        )

    def finding(self, edge: FindingEdge) -> None:
        self._write(
            {
                "finding": "begins" if edge.begins else "ends",
                "time": None if edge.time is None else format_time(edge.time),
                "record": edge.record,
                "model": edge.model,
                **finding_fields(edge.finding),
                "figures": {name: float(f"{value:.6g}") for name, value in edge.finding.figures.items()},
            }
        )

    def summary(self, summary: Mapping[str, Any]) -> None:
        self._write({"summary": summary})

    def _write(self, value: object) -> None:
        self._stream.write(msgspec.json.encode(value).decode() + "\n")
        self._stream.flush()


class TextReport:
    """One line an edge, and one at the end. Of findings those that say more than the edge of an alarm."""

    def __init__(self, stream: TextIO) -> None:
        self._stream = stream

    def transition(self, transition: Transition) -> None:
        each = transition
        state = "" if each.firing else "resolved "
        again = f" (rise {each.rise})" if each.firing and each.rise > 1 else ""
        about = f", {each.certainty}: {', '.join(each.features)}" if each.features else ""
        since = "" if each.onset is None or not each.firing else f", since {format_time(each.onset)}"
        evidence = f", evidence 1e{each.evidence:.1f} of 1e{each.threshold:.1f}" if each.firing else ""
        self._stream.write(
            f"{format_time(each.time)}  {each.severity:6}  {state}{each.alert}{again}  {each.model}"
            f"{about}{since}{evidence}, record {each.record:,}\n"
        )
        self._stream.flush()

    def finding(self, edge: FindingEdge) -> None:
        if edge.of_alarm:
            return
        finding = edge.finding
        time = "no time" if edge.time is None else format_time(edge.time)
        state, said = ("", f": {finding.text}") if edge.begins else ("no longer ", "")
        self._stream.write(f"{time}  {finding.severity:6}  {state}{finding.kind}  {edge.model}{said}\n")
        self._stream.flush()

    def summary(self, summary: Mapping[str, Any]) -> None:
        for held in summary["held"]:
            self._stream.write(f"at the end  {held['severity']:6}  {held['alert']}  {held['model']}: {held['text']}\n")
        reasons = ", ".join(summary["not_evaluable"])
        self._stream.write(
            f"{summary['records']:,} records, {summary['labels']:,} labels: "
            f"{_counted(summary['pages'], 'page')}, {_counted(summary['tickets'], 'ticket')}"
            f"{f'; not evaluable: {reasons}' if reasons else ''}\n"
        )
        self._stream.flush()


def _counted(number: int, what: str) -> str:
    return f"{number:,} {what}{'' if number == 1 else 's'}"


REPORTS: Mapping[str, Callable[[TextIO], ReplayReport]] = {"text": TextReport, "json": JsonReport}
"""Kinds of reports by the name that ``--format`` knows."""
