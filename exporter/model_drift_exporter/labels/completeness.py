"""Days of predictions that have all their labels: nothing can bias these, whatever their age."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
from numpy.typing import NDArray

from .evaluability import RecentShares
from .label_store import LABEL, PREDICTION, LabelStore

__all__ = ["CompleteDays"]

Array = NDArray[np.float64]
Mask = NDArray[np.bool_]
Places = NDArray[np.int64]
_DAY = 86_400.0
_COMPLETE = 0.99
_MOST_REVISED = 0.01
_LEAST_MATURITY = 2 * _DAY
_HOUR, _FEWEST = 3_600.0, 32


class CompleteDays:
    """Counts predictions and labels by the day of the prediction, and follows up to where days are complete.

    A day is complete once it is over and 99 % of its predictions have their label. From the oldest that has not come of age,
    all days up to ``until`` are. While more than 1 % of recent labels are revised, labels are not final when they come, and no
    day is complete. Where labels take less than two days, age decides nearly as soon.
    """

    def __init__(self) -> None:
        self.until = -math.inf
        """Outcomes of predictions before this event time, in seconds, count at once."""
        self._days: dict[int, list[int]] = {}
        self._revised = RecentShares(1)
        self._hour = -math.inf
        self._events = 0

    def observe(self, time: Array, is_label: Mask, opened: Places, joined: Places, joined_time: Array) -> None:
        """Take in events, [event]. ``opened`` are those that began an entry, ``joined`` those with which labels met predictions.

        ``joined_time`` is the event time of the prediction of each of the latter.
        """
        self._events += len(time)
        predicted = np.zeros(len(time), dtype=np.bool_)
        predicted[opened] = True
        predicted[joined] = True  # the label may have come first
        predicted &= ~is_label
        self._count(time[predicted], joined_time)

    def count(self, store: LabelStore) -> None:
        """Take in what a store holds, where nothing has been taken in yet."""
        time, flags = (store.columns[name][: store.size] for name in ("time", "flags"))
        predicted = flags & PREDICTION != 0
        self._count(time[predicted], time[predicted & (flags & LABEL != 0)])

    def _count(self, *kinds: Array) -> None:
        for place, times in enumerate(kinds):
            if not len(times):
                continue
            days = np.floor_divide(times, _DAY).astype(np.int64)
            first = int(days.min())
            counts = {first: len(days)}
            if int(days.max()) != first:
                counts = dict(zip(*(each.tolist() for each in np.unique(days, return_counts=True)), strict=True))
            for day, count in counts.items():
                self._days.setdefault(day, [0, 0])[place] += count

    def observe_labels(self, revised: Mask) -> None:
        """Take in labels in the order in which they came, and which of them took the place of an earlier one."""
        self._revised.add([revised])

    def next_look(self, now: Array, maturity: float | None) -> int | None:
        """The place among the next events, by the clock after each, after which to look: that of the first in another hour.

        Looks are 32 events apart at least. ``None`` if none of these events is one, or completeness decides nothing.
        """
        if maturity is None or maturity < _LEAST_MATURITY:
            return None
        first = max(_FEWEST - 1 - self._events, 0)
        later = now[first:] >= self._hour + _HOUR
        return first + int(later.argmax()) if later.any() else None

    def look(self, now: float, maturity: float | None, horizon: float) -> None:
        """Follow the days. ``maturity`` is the age in seconds at which outcomes count anyway, ``None`` while none do.

        No label is waited for longer than for ``horizon`` seconds.
        """
        self._hour, self._events = now // _HOUR * _HOUR, 0
        age = horizon if maturity is None else maturity
        for day in [day for day in self._days if (day + 1) * _DAY + age <= now]:
            del self._days[day]
        self.until = -math.inf
        if maturity is None or maturity < _LEAST_MATURITY or self._revised.share(0) > _MOST_REVISED:
            return
        for day in sorted(self._days):
            predicted, labelled = self._days[day]
            if (day + 1) * _DAY > now or labelled < _COMPLETE * predicted:
                break
            self.until = (day + 1) * _DAY

    def set_back(self, now: float) -> None:
        """The clock fell to ``now``."""
        self.until, self._hour = min(self.until, now), min(self._hour, now // _HOUR * _HOUR)

    def snapshot(self) -> dict[str, Any]:
        """State for a snapshot."""
        days = [[day, *counts] for day, counts in self._days.items()]
        looked = {"hour": self._hour, "events": self._events}
        return {"until": self.until, "days": days, "revised": self._revised.snapshot(), **looked}

    def restore(self, state: Any) -> None:
        """Go on from :meth:`snapshot`; raises ``KeyError``, ``TypeError`` or ``ValueError`` if it does not fit."""
        days = {int(day): [int(predicted), int(labelled)] for day, predicted, labelled in state["days"]}
        self._revised.restore(state["revised"])
        self.until, self._days = float(state["until"]), days
        self._hour, self._events = float(state["hour"]), int(state["events"])
