"""What a monitor has found, in a sentence with its figures: for the page, the API, ``replay`` and the texts of alerts."""

from __future__ import annotations

import re
from collections.abc import Mapping

import attrs

from ..evidence.settings import PAGE, TICKET
from ..words import percent

__all__ = ["MOST_FEATURES", "NOTE", "Finding", "FindingKind", "loss_text", "over"]

NOTE = "note"
"""Severity of what needs nobody at once; the others are those of alarms, page and ticket."""

MOST_FEATURES = 20
"""How many features a finding names; its sentence says how many more there are."""

_KIND = re.compile(r"[a-z][a-z0-9]*(_[a-z0-9]+)*")


def _check_kind(_: object, __: object, value: str) -> None:
    if not _KIND.fullmatch(value):
        raise ValueError(f"kind {value!r}: write lower case words joined by _, such as relation_moved")


@attrs.frozen
class FindingKind:
    """A kind of finding that a monitor may make: ``kind`` is a value of a label, ``meaning`` a sentence for any model.

    ``explains`` are alerts whose text says ``meaning`` while a finding of this kind stands.
    """

    kind: str = attrs.field(validator=_check_kind)
    meaning: str
    explains: tuple[str, ...] = ()


@attrs.frozen
class Finding:
    """Something found about one model, as long as it stands.

    ``kind`` is one of the monitor's :class:`FindingKind`, or of its alarms. ``severity`` is page, ticket or note. ``text`` is
    a sentence with its figures, or a few. ``since`` is event time in seconds since the epoch, ``None`` where it is not known.
    ``figures`` are the numbers of the sentence by name; those of metrics have their names without the ``model_``.
    ``features`` are the first :data:`MOST_FEATURES` that it is about.
    """

    kind: str = attrs.field(validator=_check_kind)
    severity: str = attrs.field(validator=attrs.validators.in_((PAGE, TICKET, NOTE)))
    text: str
    features: tuple[str, ...] = ()
    since: float | None = None
    figures: Mapping[str, float] = attrs.field(factory=dict)


def over(window: str) -> str:
    """A window of outcomes as it follows "over": ``the last 1h``, ``the last 1,000 outcomes``."""
    return f"the last {int(window):,} outcomes" if window.isdecimal() else f"the last {window}"


def loss_text(loss: str, mean: float) -> str:
    """A mean of a loss: an error rate is a percentage."""
    return percent(mean) if loss == "zero_one" else f"{mean:.4g}"
