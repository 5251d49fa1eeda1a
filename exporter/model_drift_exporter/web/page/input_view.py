"""What the landing page says about inputs: state, lag and counters in words."""

from __future__ import annotations

import attrs

from ...service.status import ExporterStatus
from ...sources.source import SourceStatus
from ...words import count, duration, size

__all__ = ["InputView", "input_views", "waiting_advice"]

_REASON_WORDS = {
    "not_json": "not JSON",
    "not_an_object": "JSON, but not an object",
    "no_features": "no features found",
    "line_too_long": "line too long",
    "invalid_utf8": "not valid UTF-8",
    "invalid_gzip": "damaged gzip data",
    "body_too_large": "body too large when decompressed",
    "not_csv": "not CSV of the header's form",
}


@attrs.frozen
class InputView:
    """One input: ``facts`` are (words, value) pairs, ``errors`` (reason in words, lines)."""

    name: str
    up: bool
    problem: str
    facts: tuple[tuple[str, str], ...]
    errors: tuple[tuple[str, str], ...]


def _facts(source: SourceStatus) -> tuple[tuple[str, str], ...]:
    behind = "caught up" if not source.lag_bytes and source.lag_seconds < 1 else size(source.lag_bytes)
    if not source.up and not source.lag_bytes:
        behind = "not known"
    rare = (
        ("rotations", source.rotations),
        ("truncations", source.truncations),
        ("failed opens", source.open_errors),
        ("dropped", source.dropped),
    )
    return (
        ("lag", behind),
        ("lag in time", duration(source.lag_seconds)),
        ("read", size(source.bytes_read)),
        *((("files", count(source.files)),) if source.files else ()),
        *((words, count(number)) for words, number in rare),
        *((("waiting in the queue", size(source.queue_bytes)),) if source.queue_bytes else ()),
    )


def input_views(status: ExporterStatus) -> list[InputView]:
    """Every input in its order, then those known only by their errors."""
    errors: dict[str, list[tuple[str, str]]] = {}
    for (name, reason), number in sorted(status.errors.items()):
        if number:
            words = _REASON_WORDS.get(reason, reason.replace("_", " "))
            errors.setdefault(name, []).append((words, count(number)))
    views = [
        InputView(each.input, each.up, each.problem, _facts(each), tuple(errors.pop(each.input, ())))
        for each in status.inputs
    ]
    return views + [InputView(name, True, "", (), tuple(reasons)) for name, reasons in errors.items()]


def waiting_advice(status: ExporterStatus) -> tuple[str, str]:
    """Before the first record: what is going on, and what to do about it."""
    if not status.inputs:
        return (
            "The exporter has nothing to read.",
            "Name a log, as in “model-drift-exporter run predictions.jsonl”, or list inputs in the configuration file.",
        )
    if any(not each.up for each in status.inputs):
        return (
            "An input cannot be read; the reason stands below.",
            "The exporter keeps trying, and starts by itself once the input is there.",
        )
    if any(status.errors.values()):
        return (
            "Lines arrive, but none of them is a record; the reasons are counted below.",
            "“model-drift-exporter check LOG” shows the first bad lines and which field names it looks for.",
        )
    if any(each.bytes_read for each in status.inputs):
        return ("The inputs are being read, but no record has come out of them yet.", "Give it a moment.")
    return (
        "The inputs are open, and nothing has been written to them yet.",
        "Send the model a request, or look at where it writes its predictions.",
    )
