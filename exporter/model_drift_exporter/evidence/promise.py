"""What the promise of false alarms rests on: the reference, live records, or nothing yet.

The promise holds as far as it is known how records depend on one another. A reference whose rows have times, over some days
and as dense as live traffic, shows it. So does live traffic, once it has been seen for some days.
"""

from __future__ import annotations

import attrs

from ..reference.description import why_not_backed
from ..reference.profile import ReferenceProfile
from .live_dependence import LiveDependence

__all__ = ["BASES", "LIVE", "NOT_YET", "REFERENCE", "Promise", "promise_of"]

REFERENCE, LIVE, NOT_YET = "reference", "live", "not_yet"
BASES = (REFERENCE, LIVE, NOT_YET)

_THINNED = 2.0
"""So many times the records a day have a dependence that the reference does not show."""


@attrs.frozen
class Promise:
    """``basis`` is one of :data:`BASES`, ``since`` the event time since when it is live (``None`` otherwise).

    ``why`` says why the reference does not show how records depend on one another, empty where it does.
    """

    basis: str
    since: float | None = None
    why: str = ""


def promise_of(reference: ReferenceProfile, rows: int, live: LiveDependence) -> Promise:
    """What the promise rests on for evidence against so many ``rows`` of the reference."""
    why = why_not_backed(reference)
    if not why:
        usual = rows / max(reference.days, 1.0)
        if live.records_a_day > _THINNED * usual:
            why = f"the reference has {usual:,.0f} rows a day and live traffic {live.records_a_day:,.0f}"
    if not why:
        return Promise(REFERENCE)
    return Promise(NOT_YET, None, why) if live.since is None else Promise(LIVE, live.since, why)
