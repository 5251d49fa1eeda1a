"""Bounds what an hour may add to evidence, for bets on what comes in single events: an hour of broken input is one event."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from .schedule import MOST_LINES, Updates

__all__ = ["EventBudget"]

Array = NDArray[np.float64]
Mask = NDArray[np.bool_]

_SHARE = 0.4
"""Of the threshold: twice that, for the hour and for what is free when it begins, is less than a page needs."""
_HOUR = 3_600.0
_FASTER = 8.0
"""In a total outage eight minutes count as an hour: nobody should sleep through an hour of it."""
_LEAST_SECONDS = 15.0
"""What a thousand lines count as in a total outage. No record comes between them, so the clock stands still."""
_FEW_RECORDS = 20.0
"""Where a total outage has fewer records in an update, time counts in proportion: one record tells the end of a silence, not
that lines were broken all the time before it."""


class EventBudget:
    """A budget of ln e for each bet, which is spent by gains, and filled again by losses and by time: within an hour once.

    A bet's gain in any time is at most its budget and what is filled again in this time. Evidence that is made smaller
    stays valid.
    """

    def __init__(self, bets: int, threshold: float) -> None:
        """``threshold`` is that of the alarm, as a natural logarithm."""
        self._threshold = threshold
        self._spent = np.zeros(bets)
        self._time: float | None = None

    def bounded(self, log_e: Array, updates: Updates, outage: Callable[[], Mask]) -> Array:
        """The ``log_e`` [update, bet] that may count. ``outage()`` [update, bet]: nearly all of an update is broken."""
        time, before = updates.time, self._time
        if not len(time):
            return log_e
        self._time = float(time[-1])
        active = np.flatnonzero((log_e > 0).any(axis=0) | (self._spent > 0))
        if not len(active):
            return log_e
        seconds = np.maximum(np.diff(time, prepend=time[0] if before is None else before), 0.0)
        # Evidence begins at the minutes of the update, which are no gain.
        most = _SHARE * np.maximum(self._threshold - np.maximum(updates.log_minutes, 0.0), 0.0)
        total = outage()[:, active]
        least = _LEAST_SECONDS * np.minimum(updates.lines / MOST_LINES, 1.0)
        known = seconds * np.minimum((updates.lines - updates.rejected) / _FEW_RECORDS, 1.0)
        passed = np.where(total, _FASTER * np.maximum(known, least)[:, None], seconds[:, None])
        filled = most[:, None] * passed / _HOUR
        own, spent = log_e[:, active], self._spent[active]
        for gain, limit, again in zip(own, most.tolist(), filled, strict=True):
            spent = np.maximum(spent - again, 0.0)
            np.minimum(gain, np.maximum(limit - spent, 0.0), out=gain)
            spent = np.maximum(spent + gain, 0.0)
        self._spent[active] = spent
        found = log_e.copy()
        found[:, active] = own
        return found

    def snapshot(self) -> dict[str, Any]:
        bets = np.flatnonzero(self._spent)
        return {"bets": bets.astype(np.uint32), "spent": self._spent[bets], "time": self._time}

    def restore(self, state: Mapping[str, Any]) -> None:
        """Go on from :meth:`snapshot`; raises ``LookupError``, ``TypeError`` or ``ValueError`` if it does not fit."""
        spent = np.zeros(len(self._spent))
        spent[np.asarray(state["bets"], dtype=np.intp)] = np.asarray(state["spent"], dtype=np.float64)
        self._spent, self._time = spent, None if state["time"] is None else float(state["time"])
