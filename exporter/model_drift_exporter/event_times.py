"""When the records of one model happened: their own times as its clock judges them, or what stands in for them."""

from __future__ import annotations

from typing import Any

import attrs
import numpy as np
from numpy.typing import NDArray

from .clock import EventClock
from .errors import StateError
from .records import RecordBatch
from .times import parse_times
from .windows import late

__all__ = ["EventTimes"]

Array = NDArray[np.float64]


@attrs.define(eq=False)
class EventTimes:
    """Follows the times of one model's records, and counts those that are late, in the future or missing.

    ``longest_window`` is in seconds; without a window of time nothing is late.
    """

    longest_window: float | None
    late: int = 0
    future: int = 0
    untimed: int = 0
    clock: EventClock = attrs.field(factory=EventClock)
    _timed: bool = False

    @property
    def now(self) -> float | None:
        """Event time that the model has reached, in seconds since the epoch; ``None`` before the first record."""
        return self.clock.now

    def snapshot(self) -> dict[str, Any]:
        """State for a snapshot; the counts of late and other records are counters and start again."""
        return {"clock": self.clock.snapshot(), "timed": self._timed}

    def restore(self, state: Any) -> None:
        """Go on from a snapshot. Raises :class:`StateError` if it is of something else."""
        try:
            clock, timed = state["clock"], bool(state["timed"])
        except (KeyError, TypeError) as error:
            raise StateError(f"the event times in the snapshot do not fit: {error!r}") from error
        self.clock.restore(clock)
        self._timed = timed

    def follow(self, batch: RecordBatch, arrival: float) -> tuple[Array, Array, NDArray[np.bool_]]:
        """Event time of each record, the clock just after it, and whether the record belongs into windows.

        ``arrival`` is the wall clock. A record without a time happens at the clock's now, so that it falls into the window
        of the records around it, also where a log of last week is read; at its arrival while no record has had a time yet.
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

    def _judge(self, batch: RecordBatch, arrival: float) -> tuple[Array, Array, NDArray[np.bool_]]:
        time = np.full(batch.size, np.nan) if batch.time is None else parse_times(batch.time)
        known = ~np.isnan(time)
        self.untimed += batch.size - int(known.sum())
        if known.all():
            self._timed = True
            return time, *self.clock.advance(time)
        if not self._timed:
            leading = int(known.argmax()) if known.any() else batch.size
            self._timed = bool(known.any())
            time[:leading] = arrival
            known[:leading] = True
        before = np.nan if self.clock.now is None else self.clock.now
        running, believed = self.clock.advance(time[known])
        latest = np.cumsum(known) - 1
        now = np.where(latest >= 0, running[latest], before) if len(running) else np.full(batch.size, before)
        accepted = np.ones(batch.size, dtype=np.bool_)
        accepted[known] = believed
        return np.where(known, time, now), now, accepted
