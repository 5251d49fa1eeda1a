"""When evidence is updated (at exact lines of the stream), and how much event time each update may count."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any

import attrs
import numpy as np
from numpy.typing import NDArray

__all__ = ["MOST_LINES", "EvidenceMinutes", "UpdateSchedule", "UpdateTimes", "Updates"]

Array = NDArray[np.float64]
Positions = NDArray[np.int64]
MOST_LINES = 1_000
"""An update comes after so many lines even if event time stands still, for example while every line is rejected."""
_SECOND, _DAY = 1.0, 86_400.0
_KEPT_SHARE = 0.001
_MOST_KEPT = _KEPT_SHARE * _DAY


@attrs.frozen(eq=False)
class UpdateTimes:
    """When some updates are. All arrays are [update].

    ``time`` is the clock at each update; its evidence is of event time from ``begun`` on. ``log_minutes`` is the logarithm of
    the minutes that evidence counts since the update before, see :class:`EvidenceMinutes`. ``position`` is the line of the last
    prediction seen (-1 before the first).
    """

    time: Array
    begun: Array
    log_minutes: Array
    position: Positions

    def __len__(self) -> int:
        return len(self.time)

    def part(self, which: slice) -> UpdateTimes:
        """When some of the updates are."""
        return UpdateTimes(self.time[which], self.begun[which], self.log_minutes[which], self.position[which])


@attrs.frozen(eq=False)
class Updates(UpdateTimes):
    """The updates within some lines: ``begun`` is the clock at the update before.

    ``lines`` and ``rejected`` are numbers of lines in each update. ``update_of`` [record] is the update of each record; records
    of the update that is not complete yet have the number of updates.
    """

    lines: Array
    rejected: Array
    update_of: NDArray[np.intp]


class UpdateSchedule:
    """Counts lines of records and rejected lines, in the order of their numbers.

    An update happens at the first line where ``update_records`` lines and ``update_seconds`` of event time have passed since
    the last update, and at the latest at the thousandth line. Rejected lines do not move the clock.
    """

    def __init__(self, update_records: int, update_seconds: float) -> None:
        self._least = max(update_records, 1)
        self._most = max(update_records, MOST_LINES)
        self._seconds = update_seconds
        self._lines = self._rejected = 0
        self._since: float | None = None
        self._minutes = EvidenceMinutes()
        self._clock = 0.0
        self._record = -1
        self._waiting: Positions = np.zeros(0, dtype=np.int64)

    @property
    def time(self) -> float:
        """The clock at the last line."""
        return self._clock

    def reject(self, lines: Positions, now: float) -> Updates:
        """Take in rejected lines. They wait until the next records, or :meth:`flush`, show where they belong.

        Returns the updates within the lines that waited before, since no record came between. ``now`` is the clock until the
        first record has come.
        """
        waited = self.flush()
        if self._since is None:
            self._clock = now
        self._waiting = lines
        return waited

    def flush(self) -> Updates:
        """The updates within the rejected lines that wait. No record comes before these lines any more."""
        waiting, self._waiting = self._waiting, self._waiting[:0]
        return self._cut(np.full(len(waiting), self._clock), waiting, np.zeros(len(waiting), dtype=np.bool_))

    def observe(self, lines: Positions, now: Array) -> Updates:
        """The updates within records at these lines. ``now`` is the clock just after each record.

        Rejected lines beyond the last record go on waiting.
        """
        if self._since is None:
            self._since = self._clock = float(now[0])
            self._minutes.begin(self._since)
        early = int(np.searchsorted(self._waiting, lines[-1]))
        if not early:
            return self._cut(now, lines, np.ones(len(lines), dtype=np.bool_))
        waiting, self._waiting = self._waiting[:early], self._waiting[early:]
        # With two inputs, numbers may be equal. Records then go first.
        places = np.searchsorted(lines, waiting, side="right")
        clock = np.concatenate([[self._clock], now])[places]
        kinds = np.insert(np.ones(len(lines), dtype=np.bool_), places, values=False)
        return self._cut(np.insert(now, places, clock), np.insert(lines, places, waiting), kinds)

    def _cut(self, clock: Array, lines: Positions, is_record: NDArray[np.bool_]) -> Updates:
        carried, last_record, since = self._lines, self._record, self._since
        ends = np.array(self._ends(clock), dtype=np.intp)
        update_of = np.searchsorted(ends, np.flatnonzero(is_record))
        time = clock[ends]
        begun = time if since is None else np.concatenate([[since], time])[: len(time)]
        total = np.diff(ends, prepend=-1).astype(np.float64)
        rejected_before = np.concatenate([[0], np.cumsum(~is_record)]).astype(np.float64)
        rejected = np.diff(rejected_before[ends + 1], prepend=0.0)
        if len(ends):
            total[0] += carried
            rejected[0] += self._rejected
            self._rejected = 0
        self._rejected += int(rejected_before[-1] - (rejected_before[ends[-1] + 1] if len(ends) else 0.0))
        record = np.maximum.accumulate(np.where(is_record, np.arange(len(lines)), -1)) if len(lines) else ends
        seen = np.where(record >= 0, lines[record], last_record) if len(lines) else lines
        if len(lines):
            self._record, self._clock = int(seen[-1]), float(clock[-1])
        # Before the first record, the clock is the wall clock, so no minutes count.
        log_minutes = np.full(len(ends), -np.inf) if since is None else self._minutes.log(time)
        return Updates(time, begun, log_minutes, seen[ends], total, rejected, update_of)

    def _ends(self, clock: Array) -> list[int]:
        """The positions of the lines at which updates happen. Moves the state on to behind them."""
        ends: list[int] = []
        size, start, carried = len(clock), 0, self._lines
        timed = self._since is not None
        since = self._since if self._since is not None else np.inf
        while True:
            first = max(start + self._least - carried, start + 1) - 1
            if first >= size:
                break
            last = max(first, start + self._most - carried - 1)  # more may be carried than the setting now allows
            end = first
            if clock[first] < since + self._seconds:
                passed = clock[first : last + 1] >= since + self._seconds
                late_enough = int(passed.argmax())
                if passed[late_enough]:
                    end = first + late_enough
                elif last < size:
                    end = last
                else:
                    break
            ends.append(end)
            start, carried = end + 1, 0
            if timed:
                self._since = since = float(clock[end])
        self._lines = carried + size - start
        return ends

    def snapshot(self) -> dict[str, Any]:
        return {
            "lines": self._lines,
            "rejected": self._rejected,
            "since": self._since,
            "minutes": self._minutes.snapshot(),
            "clock": self._clock,
            "record": self._record,
            "waiting": len(self._waiting),
        }

    def restore(self, state: Mapping[str, Any]) -> None:
        """Go on from a snapshot; raises ``KeyError``, ``TypeError`` or ``ValueError`` and changes nothing if it does not fit."""
        lines, rejected = int(state["lines"]), int(state["rejected"])
        since = None if state["since"] is None else float(state["since"])
        clock, record = float(state["clock"]), int(state["record"])
        # Their exact positions no longer matter: every later record has a greater one.
        waiting = np.full(int(state["waiting"]), -1, dtype=np.int64)
        self._minutes.restore(state["minutes"])
        self._lines, self._rejected, self._since = lines, rejected, since
        self._clock, self._record, self._waiting = clock, record, waiting


class EvidenceMinutes:
    """The w of each update in ``M <- max(M, w) e``: the minutes since the update before, a day at most.

    The chance of a false alarm grows with the sum of all w, so this must not exceed the time that passes. A minimum of one
    second per update would break that: a stream of 10,000 lines a second, in updates of 1,000, would count ten years in one.
    So a thousandth of the time is kept in reserve. If less than a second has passed, for example within a batch of records
    with the same time, the reserve adds what is missing to a second. If the reserve is empty and no time has passed, w is 0:
    the update continues evidence, but starts none.
    """

    def __init__(self) -> None:
        self._time = math.nan
        self._kept = 0.0

    def begin(self, time: float) -> None:
        """Set the event time from which the first update counts. Later calls do nothing."""
        if math.isnan(self._time):
            self._time = time

    def log(self, times: NDArray[np.float64]) -> NDArray[np.float64]:
        """Natural logarithms of w at updates of these event times in seconds, minus infinity where w is 0.

        If the clock goes back, for example after it had believed a wrong time, minutes count on from the earlier time.
        """
        if not len(times):
            return np.empty(0)
        self.begin(float(times[0]))
        passed = np.maximum(np.diff(times, prepend=self._time), 0.0)
        self._time = float(times[-1])
        seconds = np.minimum((1.0 - _KEPT_SHARE) * passed, _DAY)
        missing = np.maximum(_SECOND - seconds, 0.0)
        added, kept = [], self._kept
        for gained, wanted in zip((_KEPT_SHARE * passed).tolist(), missing.tolist(), strict=True):
            kept = min(kept + gained, _MOST_KEPT)
            taken = min(wanted, kept)
            kept -= taken
            added.append(taken)
        self._kept = kept
        minutes: Array = (seconds + np.array(added, dtype=np.float64)) / 60.0
        with np.errstate(divide="ignore"):
            return np.log(minutes)

    def snapshot(self) -> dict[str, Any]:
        return {"time": self._time, "kept": self._kept}

    def restore(self, state: Mapping[str, Any]) -> None:
        """Go on from a snapshot; raises ``KeyError``, ``TypeError`` or ``ValueError`` if it is none."""
        time, kept = float(state["time"]), float(state["kept"])
        self._time, self._kept = time, kept
