"""Event time of one model, from its records alone: the current time, the time of each record, and late records."""

from __future__ import annotations

from bisect import bisect_left, insort
from collections import deque
from itertools import pairwise
from typing import Any

import attrs
import numpy as np
from numpy.typing import NDArray

from ..errors import StateError
from .batches import RecordBatch
from .times import parse_times

__all__ = ["PANES", "EventClock", "EventTimes", "late"]

_DAY = 86_400.0
_PREDECESSORS = 15
_GAPS = 20
_CONTRADICTING = 200
_OUTWEIGHING = 10
Array = NDArray[np.float64]
PANES = 60
"""Number of panes in a window of event time: a window of one hour moves in steps of one minute."""


class EventClock:
    """``now`` is the largest event time accepted so far, in seconds since the epoch; ``None`` before the first record.

    A time is accepted unless it is too far ahead of the median of the 15 records before it. Too far is more than one day
    or, if records are days apart, more than 20 of their median gaps. So one wrong clock cannot push the windows into the
    future, and a long pause is accepted after eight records.

    The clock falls back in two cases. First, the first records have no predecessors; after 15 records, a lead that they do
    not support is taken back. Second, eight wrong records can move the clock ahead by more than a day. This lead is taken
    back once 200 records are more than a day behind it, if they are at least ten times as many as the records that
    supported it since, and include the last 15. For example, a few records of 2099 move the clock for a few hundred
    records only. A backlog of old records beside a live log never moves it.

    The result depends only on the order of the records, not on batches.
    """

    def __init__(self) -> None:
        self.now: float | None = None
        self._recent: deque[float] = deque(maxlen=_PREDECESSORS)
        self._seen = 0
        # Records since the clock last moved by more than a day: those within a day behind it, and those further behind.
        self._supporting = self._behind = 0

    def snapshot(self) -> dict[str, Any]:
        """State for a snapshot."""
        counts = {"seen": self._seen, "supporting": self._supporting, "behind": self._behind}
        return {"now": self.now, "recent": [*self._recent], **counts}

    def restore(self, state: Any) -> None:
        """Continue from a snapshot. Raises :class:`StateError` if it does not fit."""
        try:
            now, recent, seen = state["now"], [*map(float, state["recent"])], int(state["seen"])
            supporting, behind = int(state["supporting"]), int(state["behind"])
            self.now = None if now is None else float(now)
        except (KeyError, TypeError, ValueError) as error:
            raise StateError(f"the clock in the snapshot does not fit: {error!r}") from error
        self._recent = deque(recent, maxlen=_PREDECESSORS)
        self._seen, self._supporting, self._behind = seen, supporting, behind

    def advance(self, times: NDArray[np.float64]) -> tuple[NDArray[np.float64], NDArray[np.bool_]]:
        """Follow the event times of records, in seconds since the epoch; NaN is not allowed.

        Returns ``now`` just after each record, and whether its time was accepted; both as long as ``times``.
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
        self._supporting += len(times)
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
                if self.now is not None and time - self.now > _DAY:
                    self._supporting = self._behind = 0
                self.now = time
            if len(self._recent) == _PREDECESSORS:
                del ordered[bisect_left(ordered, self._recent[0])]
            self._recent.append(time)
            insort(ordered, time)
            self._seen += 1
            if self.now is not None:
                self._weigh(time, self.now)
                if self._seen == _PREDECESSORS or self._contradicted(ordered, self.now):
                    self._take_back(ordered, self.now)
            running[index] = self.now
        return running, accepted

    def _weigh(self, time: float, now: float) -> None:
        if now - time > _DAY:
            self._behind += 1
        elif time <= now:
            self._supporting += 1

    def _contradicted(self, ordered: list[float], now: float) -> bool:
        enough = self._behind >= max(_CONTRADICTING, _OUTWEIGHING * self._supporting)
        return enough and now - ordered[-1] > _DAY

    def _take_back(self, ordered: list[float], now: float) -> None:
        """If the clock is beyond the latest believable time, set it back to the latest recent time that is not."""
        horizon = self._horizon(ordered)
        if now > horizon:
            self.now = max(earlier for earlier in ordered if earlier <= horizon)
            self._supporting = self._behind = 0

    def _horizon(self, ordered: list[float]) -> float:
        """The latest time that is accepted after the recent records."""
        recent = [*self._recent]
        gaps = sorted(abs(later - earlier) for earlier, later in pairwise(recent))
        gap = gaps[len(gaps) // 2] if gaps else 0.0
        return ordered[len(ordered) // 2] + max(_DAY, _GAPS * gap)


def late(time: NDArray[np.float64], now: NDArray[np.float64], seconds: float) -> NDArray[np.bool_]:
    """Which records are older than the oldest pane of a window of ``seconds`` that ends at ``now``."""
    return panes_of(time, seconds) <= panes_of(now, seconds) - PANES


def panes_of(time: NDArray[np.float64], seconds: float) -> NDArray[np.int64]:
    # All code calls this function, since the floor of a quotient and a floor division round differently.
    return np.floor(time / (seconds / PANES)).astype(np.int64)


@attrs.define(eq=False)
class EventTimes:
    """Follows the times of one model's records, and counts those that are late, in the future or missing.

    ``longest_window`` is in seconds; it is ``None`` without a window of time, and then no record is late.
    """

    longest_window: float | None
    late: int = 0
    future: int = 0
    untimed: int = 0
    clock: EventClock = attrs.field(factory=EventClock)
    _timed: bool = False

    @property
    def now(self) -> float | None:
        """The clock, in seconds since the epoch; ``None`` before the first record."""
        return self.clock.now

    def snapshot(self) -> dict[str, Any]:
        """State for a snapshot, without the counters of late and other records; these start again at 0."""
        return {"clock": self.clock.snapshot(), "timed": self._timed}

    def restore(self, state: Any) -> None:
        """Continue from a snapshot. Raises :class:`StateError` if it does not fit."""
        try:
            clock, timed = state["clock"], bool(state["timed"])
        except (KeyError, TypeError) as error:
            raise StateError(f"the event times in the snapshot do not fit: {error!r}") from error
        self.clock.restore(clock)
        self._timed = timed

    def follow(self, batch: RecordBatch, arrival: float | Array) -> tuple[Array, Array, NDArray[np.bool_]]:
        """Event time of each record, the clock just after it, and whether windows count the record.

        All times are in seconds since the epoch; ``arrival`` is the wall-clock time, of all or [record]. A record without a
        time gets the time of the clock, so that it counts in the window of the records around it, even in a log of last week.
        If no record has had a time yet, it gets ``arrival``.
        """
        time, now, timely = self._judge(batch, arrival)
        self.future += batch.size - int(timely.sum())
        if self.longest_window is not None:
            behind = late(time, now, self.longest_window)
            if behind.any():
                behind &= timely
                self.late += int(behind.sum())
                timely = timely & ~behind
        return time, now, timely

    def _judge(self, batch: RecordBatch, arrival: float | Array) -> tuple[Array, Array, NDArray[np.bool_]]:
        column = batch.fields.get("time")
        time = np.full(batch.size, np.nan) if column is None else parse_times(column)
        known = ~np.isnan(time)
        self.untimed += batch.size - int(known.sum())
        if known.all():
            self._timed = True
            return time, *self.clock.advance(time)
        if not self._timed:
            leading = int(known.argmax()) if known.any() else batch.size
            self._timed = bool(known.any())
            time = time.copy()
            time[:leading] = np.broadcast_to(arrival, batch.size)[:leading]
            known[:leading] = True
        before = np.nan if self.clock.now is None else self.clock.now
        running, believed = self.clock.advance(time[known])
        latest = np.cumsum(known) - 1
        now = np.where(latest >= 0, running[latest], before) if len(running) else np.full(batch.size, before)
        accepted = np.ones(batch.size, dtype=np.bool_)
        accepted[known] = believed
        return np.where(known, time, now), now, accepted
