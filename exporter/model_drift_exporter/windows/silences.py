"""The silences between a model's records over five weeks: by the hour in which each began."""

from __future__ import annotations

import math
from collections.abc import Mapping
from itertools import pairwise
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ..errors import StateError
from ..statistics.usual_silence import HOURS_A_WEEK, allowed_silence

__all__ = ["Silences"]

_HOUR, _DAY, _MINUTE = 3_600.0, 86_400.0, 60.0
_WEEKS = 5
_HOURS = _WEEKS * HOURS_A_WEEK
_KNOWN = 8.0  # days
_ROUND_THE_CLOCK = 2 * _HOUR


class Silences:
    """The longest silence that began in each hour with records, and what is usual by them.

    Silences are those of the event clock (``now``), and so they depend on the order of records only. A clock that falls back by
    more than an hour, or jumps by more than five weeks, begins anew.
    """

    def __init__(self) -> None:
        self._longest: NDArray[np.float64] = np.full(_HOURS, np.nan)
        self._first = self._last = math.nan
        self._usual: tuple[int, float] | None = None

    def observe(self, now: NDArray[np.float64]) -> None:
        """Take in the event clock just after each record, in seconds, at least one."""
        if math.isnan(self._last):
            self._first = self._last = float(now[0])
        steps = np.diff(now, prepend=self._last)
        # Within a ring no hour may be met twice.
        cuts = np.flatnonzero((steps < 0) | (steps > _WEEKS * 7 * _DAY))
        if len(cuts) or now[-1] - self._last > 7 * _DAY:
            for first, last in _parts(now, cuts):
                self._follow(now[first:last])
        else:
            self._add(now, steps)

    def _follow(self, now: NDArray[np.float64]) -> None:
        begins = float(now[0])
        if begins < self._last - _HOUR or begins > self._last + _WEEKS * 7 * _DAY:
            self._longest[:] = np.nan
            self._first = self._last = begins
            self._usual = None
        now = np.maximum(now, self._last)
        self._add(now, np.diff(now, prepend=self._last))

    def _add(self, now: NDArray[np.float64], steps: NDArray[np.float64]) -> None:
        hour, newest = int(self._last // _HOUR), int(now[-1] // _HOUR)
        if newest > hour:
            self._longest[np.arange(hour + 1, min(newest, hour + _HOURS) + 1) % _HOURS] = np.nan
            hours_of_now = now // _HOUR
            hours = hours_of_now[np.flatnonzero(np.diff(hours_of_now, prepend=-1.0))].astype(np.int64) % _HOURS
        else:
            hours = np.array([hour % _HOURS])
        self._longest[hours] = np.fmax(self._longest[hours], _MINUTE)
        (long,) = np.nonzero(steps > _MINUTE)
        if len(long):
            began = (now[long] - steps[long]) // _HOUR
            # A silence of weeks began in an hour that the ring still holds, or nowhere.
            kept = began > newest - _HOURS
            np.fmax.at(self._longest, began[kept].astype(np.int64) % _HOURS, steps[long][kept])
        self._last = float(now[-1])

    @property
    def usual(self) -> float:
        """How long a silence after the last record is usual, in seconds; NaN while too little is known to say.

        Before eight days have passed, nobody knows what the first weekend will be like; only a model that has had records round
        the clock for a day is expected to go on so.
        """
        days = (self._last - self._first) / _DAY
        if not days >= 1 or (days < _KNOWN and not np.nanmax(self._longest) < _ROUND_THE_CLOCK):
            return math.nan
        hour = int(self._last // _HOUR)
        if self._usual is None or self._usual[0] != hour:
            longest = self._longest[np.arange(hour - _HOURS + 1, hour + 1) % _HOURS]
            longest[-1] = np.nan  # This hour is not over: what is said of it must not depend on who asks when.
            seconds = min(hour * _HOUR - self._first, _WEEKS * 7 * _DAY)
            self._usual = (hour, allowed_silence(longest, seconds / (7 * _DAY)))
        return self._usual[1]

    def snapshot(self) -> dict[str, Any]:
        """State for a snapshot."""
        return {"longest": self._longest, "first": self._first, "last": self._last}

    def restore(self, state: Mapping[str, Any]) -> None:
        """Go on from a snapshot. Raises :class:`StateError` if it is of something else."""
        try:
            longest, first, last = (
                np.array(state["longest"], dtype=np.float64),
                float(state["first"]),
                float(state["last"]),
            )
        except (KeyError, TypeError, ValueError) as error:
            raise StateError(f"the silences in the snapshot do not fit: {error!r}") from error
        if longest.shape != (_HOURS,):
            raise StateError("the silences in the snapshot are of another number of weeks")
        self._longest, self._first, self._last, self._usual = longest, first, last, None


def _parts(now: NDArray[np.float64], cuts: NDArray[np.int64]) -> list[tuple[int, int]]:
    """From record to record: parts in which the clock does not fall, of a week at most each."""
    weeks = np.flatnonzero(np.diff(now // (7 * _DAY), prepend=now[0] // (7 * _DAY)))
    places = sorted({0, len(now), *cuts.tolist(), *weeks.tolist()})
    return [*pairwise(places)]
