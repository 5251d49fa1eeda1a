"""Event time of one model: what time it is, judged by the records alone."""

from __future__ import annotations

from bisect import bisect_left, insort
from collections import deque
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

__all__ = ["EventClock"]

_DAY = 86_400.0
_PREDECESSORS = 15
_GAPS = 20


class EventClock:
    """``now`` is the largest event time accepted so far, in seconds since the epoch; ``None`` before the first record.

    A time is accepted unless it lies more than a day ahead of the median of the 15 records before it (or more than 20 of
    their median gaps, where records are days apart): one wrong clock cannot push the windows into the future, and a
    long pause is believed after eight records. The first records have no predecessors; when 15 have been seen, a lead that
    they do not support is taken back, once. The result depends on the order of the records only, not on batches.
    """

    def __init__(self) -> None:
        self.now: float | None = None
        self._recent: deque[float] = deque(maxlen=_PREDECESSORS)
        self._seen = 0

    def advance(self, times: NDArray[np.float64]) -> tuple[NDArray[np.float64], NDArray[np.bool_]]:
        """Follow the event times of some records (no NaN).

        Returns ``now`` just after each record, and whether its time was accepted.
        """
        if not len(times):
            return times, np.ones(0, dtype=np.bool_)
        known = [*self._recent] if self.now is None else [*self._recent, self.now]
        lowest = min(float(times.min()), *known) if known else float(times.min())
        highest = max(float(times.max()), *known) if known else float(times.max())
        if highest - lowest > _DAY:
            return self._advance_one_by_one(times)
        self._recent.extend(times[-_PREDECESSORS:].tolist())
        self._seen += len(times)
        running = np.maximum.accumulate(times)
        if self.now is not None:
            np.maximum(running, self.now, out=running)
        self.now = float(running[-1])
        return running, np.ones(len(times), dtype=np.bool_)

    def _advance_one_by_one(self, times: NDArray[np.float64]) -> tuple[NDArray[np.float64], NDArray[np.bool_]]:
        running = np.empty_like(times)
        accepted = np.ones(len(times), dtype=np.bool_)
        ordered = sorted(self._recent)
        for index, time in enumerate(times.tolist()):
            if ordered and time - ordered[len(ordered) // 2] > _DAY:
                accepted[index] = time <= self._horizon(ordered)
            if accepted[index] and (self.now is None or time > self.now):
                self.now = time
            if len(self._recent) == _PREDECESSORS:
                del ordered[bisect_left(ordered, self._recent[0])]
            self._recent.append(time)
            insort(ordered, time)
            self._seen += 1
            if self._seen == _PREDECESSORS and self.now is not None:
                horizon = self._horizon(ordered)
                if self.now > horizon:
                    self.now = max(earlier for earlier in ordered if earlier <= horizon)
            running[index] = self.now
        return running, accepted

    def _horizon(self, ordered: list[float]) -> float:
        """The latest believable time after the recent ones."""
        recent = [*self._recent]
        gaps = sorted(abs(later - earlier) for earlier, later in pairwise(recent))
        gap = gaps[len(gaps) // 2] if gaps else 0.0
        return ordered[len(ordered) // 2] + max(_DAY, _GAPS * gap)
