"""What a minute of a model usually holds, and what comes in one beyond that: a burst is one event."""

from __future__ import annotations

from collections.abc import Mapping
from itertools import pairwise
from typing import Any

import numpy as np
from numpy.typing import NDArray

__all__ = ["UsualMinute"]

Mask = NDArray[np.bool_]

_TIMES = 2.0
_QUANTILE = 0.9
_FEWEST_MINUTES = 100
_HALF_LIFE = 7.0
"""Days."""
_MOST_TIMES = 10.0
"""A minute counts as one of so many times the limit at most, so that no burst makes itself usual."""
_SHARE_OF_DAYS = 0.4
"""A size is usual, too, if so many of the days have a minute of it: a nightly batch beside records all day."""
_DAY = 1_440
_EDGES = np.unique(np.ceil(2.0 ** (np.arange(1, 161) / 4))).astype(np.int64)
"""A minute of fewer records than this is in the bin of the same place; steps of a quarter of an octave."""


class UsualMinute:
    """Bounds the records that a minute may add to evidence: at twice the size of a minute in which nine of ten records fall.

    The sizes of minutes with records are learned from the records themselves, those of before with a half-life of a week, and
    from the reference, of which ``of_reference`` is the same size; the larger counts. What two of five days have in some minute
    is usual, too: a nightly batch may be a small part of the records. The limit is renewed with each day, and
    there is none before a hundred such minutes. Minutes and days are those of the model's clock.
    """

    def __init__(self, of_reference: int = 0) -> None:
        self._of_reference = of_reference
        self._begin()

    def _begin(self) -> None:
        self._before = np.zeros(len(_EDGES))
        self._today = np.zeros(len(_EDGES), dtype=np.int64)
        self._minutes = self._largest = 0
        self._maxima = np.zeros(len(_EDGES))  # days by their largest minute
        self._minute = self._size = 0
        self._limit: int | None = None

    @property
    def limit(self) -> int | None:
        """The most records of a minute that are evidence; ``None`` while there is no limit."""
        return self._limit

    def beyond(self, minute: NDArray[np.int64], evident: Mask | None) -> Mask | None:
        """Which records are beyond the limit of their minute, ``None`` if none is.

        ``minute`` [record] is that of the clock just after each record. Only those that are ``evident`` are counted; ``None``:
        all are.
        """
        if not len(minute):
            return None
        starts = np.concatenate([[0], np.flatnonzero(minute[1:] != minute[:-1]) + 1])
        ends = np.append(starts[1:], len(minute))
        so_far = np.arange(len(minute) + 1) if evident is None else np.concatenate([[0], np.cumsum(evident)])
        sizes = so_far[ends] - so_far[starts]
        days = minute[starts] // _DAY
        parts = [0, *(np.flatnonzero(days[1:] != days[:-1]) + 1).tolist(), len(starts)]
        found = []
        for first, last in pairwise(parts):
            carried = self._take(minute[starts[first:last]], sizes[first:last])
            sizes[first] += carried
            own = slice(first, last)
            if self._limit is None or sizes[own].max() <= self._limit:
                continue
            part = np.arange(starts[first], ends[last - 1])
            before = np.repeat(so_far[starts[own]], ends[own] - starts[own])
            number = so_far[part + 1] - before
            number[: ends[first] - starts[first]] += carried
            found.append(part[number > self._limit])
        places = np.concatenate([np.zeros(0, dtype=np.intp), *found])
        if evident is not None:
            places = places[evident[places]]
        if not len(places):
            return None
        beyond = np.zeros(len(minute), dtype=np.bool_)
        beyond[places] = True
        return beyond

    def _take(self, minute: NDArray[np.int64], sizes: NDArray[np.int64]) -> int:
        """Take in some minutes of one day and their numbers of records. Returns how many the first had before."""
        if minute[0] == self._minute:
            carried = self._size
            sizes = sizes + np.where(np.arange(len(sizes)) == 0, carried, 0)
        else:
            carried = 0
            self._end(np.array([self._size]))
            if minute[0] // _DAY != self._minute // _DAY:
                self._renew(int(minute[0] // _DAY - self._minute // _DAY))
        self._end(sizes[:-1])
        self._minute, self._size = int(minute[-1]), int(sizes[-1])
        return carried

    def _end(self, sizes: NDArray[np.int64]) -> None:
        """These minutes are over."""
        sizes = sizes[sizes > 0]
        most = _MOST_TIMES * self._limit if self._limit is not None else np.inf
        self._largest = max(self._largest, int(sizes.max(initial=0)))
        # Whole numbers, whose sum is the same in any order.
        weights = np.minimum(sizes, most).astype(np.int64)
        places = np.searchsorted(_EDGES, weights, side="right")
        self._today += np.bincount(places, weights=weights, minlength=len(_EDGES)).astype(np.int64)
        self._minutes += len(sizes)

    def _renew(self, days: int) -> None:
        """A day begins, so many days after the last one."""
        self._before += self._today
        self._today[:] = 0
        self._maxima[np.searchsorted(_EDGES, self._largest, side="right")] += 1.0
        self._largest = 0
        if self._minutes >= _FEWEST_MINUTES:
            rows = np.cumsum(self._before)
            usual = int(_EDGES[np.searchsorted(rows, _QUANTILE * rows[-1])]) - 1
            days_below = np.cumsum(self._maxima)
            daily = int(_EDGES[np.searchsorted(days_below, (1.0 - _SHARE_OF_DAYS) * days_below[-1])]) - 1
            self._limit = max(int(_TIMES * max(usual, self._of_reference)), daily)
        faded = 0.5 ** (max(days, 0) / _HALF_LIFE)
        self._before *= faded
        self._maxima *= faded

    def snapshot(self) -> dict[str, Any]:
        used = len(np.trim_zeros(self._before + self._today, "b"))
        return {
            "maxima": self._maxima[: len(np.trim_zeros(self._maxima, "b"))],
            "largest": self._largest,
            "before": self._before[:used],
            "today": self._today[:used],
            "minutes": self._minutes,
            "minute": self._minute,
            "size": self._size,
            "limit": self._limit,
        }

    def restore(self, state: Mapping[str, Any]) -> None:
        """Go on from :meth:`snapshot`. Raises ``KeyError``, ``TypeError`` or ``ValueError`` if it does not fit, and is as new."""
        self._begin()
        before, today = np.asarray(state["before"], dtype=np.float64), np.asarray(state["today"], dtype=np.int64)
        minutes, minute, size = (int(state[name]) for name in ("minutes", "minute", "size"))
        limit = None if state["limit"] is None else int(state["limit"])
        if len(before) != len(today) or len(before) > len(_EDGES):
            raise ValueError("minutes of other sizes")
        maxima = np.asarray(state.get("maxima", ()), dtype=np.float64)
        largest = int(state.get("largest", 0))
        self._maxima[: len(maxima)], self._largest = maxima, largest
        self._before[: len(before)], self._today[: len(today)] = before, today
        self._minutes, self._minute, self._size, self._limit = minutes, minute, size, limit
