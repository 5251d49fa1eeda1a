"""Where blocks of hours and of days end in a stream of updates, and where what they show is looked at."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

import attrs
import numpy as np
from numpy.typing import NDArray

__all__ = ["BlockClock", "Stretch"]

_HOUR, _HOURS_A_DAY = 3_600.0, 24
_LEAST_OF_HOUR, _LEAST_OF_DAY = 4, 2
"""Updates of a block at least: with fewer, a longer block would say what a shorter one has said."""
_LEAST_OF_LOOK = 40
"""Updates from one look to the next within a day at least."""


@attrs.frozen
class Stretch:
    """Some updates, from ``start`` to before ``stop``. Hours end behind the updates ``hours``, counted from ``start``.

    If ``look``, what blocks show is looked at behind the last one. A block of so many ``days`` ends there too, 0 for none.
    """

    start: int
    stop: int
    hours: tuple[int, ...]
    look: bool
    days: int


class BlockClock:
    """Counts updates. A block ends with the first update that reaches another hour (or day), by event time, and has enough.

    Where days hold few updates, a block takes several. Everything depends on the updates' times and numbers only, never on how
    many come at once. A clock that goes back ends nothing until it has come up again.
    """

    def __init__(self) -> None:
        self._hour: int | None = None
        self._begun = 0  # the hour in which the present block of days began
        self._of_hour = self._of_day = self._of_look = 0

    def stretches(self, times: NDArray[np.float64]) -> Iterator[Stretch]:
        """Parts the updates at these event times, in seconds, where there is a look."""
        number = len(times)
        if not number:
            return
        hours = np.floor(times / _HOUR)
        if self._hour is None:
            self._hour = self._begun = int(hours[0])
        latest = np.maximum.accumulate(np.concatenate([[float(self._hour)], hours]))
        self._hour = int(latest[-1])
        start, counted, ended = 0, 0, []
        for update in np.flatnonzero(np.diff(latest)).tolist():
            passed, counted = update + 1 - counted, update + 1
            self._of_hour, self._of_day, self._of_look = (
                each + passed for each in (self._of_hour, self._of_day, self._of_look)
            )
            hour = int(latest[update + 1])
            days = hour // _HOURS_A_DAY - self._begun // _HOURS_A_DAY if self._of_day >= _LEAST_OF_DAY else 0
            if not days and self._of_hour < _LEAST_OF_HOUR:
                continue
            ended.append(update - start)
            self._of_hour = 0
            if days:
                self._of_day, self._begun = 0, hour
            if days or self._of_look >= _LEAST_OF_LOOK:
                yield Stretch(start, update + 1, (*ended,), look=True, days=days)
                start, ended, self._of_look = update + 1, [], 0
        passed = number - counted
        self._of_hour, self._of_day, self._of_look = (
            each + passed for each in (self._of_hour, self._of_day, self._of_look)
        )
        if start < number:
            yield Stretch(start, number, (*ended,), look=False, days=0)

    def snapshot(self) -> dict[str, Any]:
        return {
            "hour": self._hour,
            "begun": self._begun,
            "updates": [self._of_hour, self._of_day, self._of_look],
        }

    def restore(self, state: Mapping[str, Any]) -> None:
        """Go on from a snapshot; raises ``KeyError``, ``TypeError`` or ``ValueError`` and changes nothing if it is none."""
        hour = None if state["hour"] is None else int(state["hour"])
        begun, (of_hour, of_day, of_look) = int(state["begun"]), map(int, state["updates"])
        self._hour, self._begun = hour, begun
        self._of_hour, self._of_day, self._of_look = of_hour, of_day, of_look
