"""What the times of rows cover, however many rows there are."""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np

from .layout import FloatArray

__all__ = ["TimeSpan"]


class TimeSpan:
    """The number of rows, their first and last time, and how many periods of each length (seconds) have any of them.

    Times are in seconds; add them in ascending order, in any number of parts.
    """

    def __init__(self, periods: Sequence[float]) -> None:
        self.rows = 0
        self.first, self.last = math.nan, math.nan
        self._covered = dict.fromkeys(periods, 0)
        self._latest = dict.fromkeys(periods, math.nan)

    def add(self, times: FloatArray) -> None:
        """Take in the times of more rows [row], none of them before those that came earlier."""
        if not len(times):
            return
        if not self.rows:
            self.first = float(times[0])
        self.rows += len(times)
        self.last = float(times[-1])
        for period, latest in self._latest.items():
            index = np.floor(times / period)
            self._covered[period] += int(index[0] != latest) + int(np.count_nonzero(index[1:] != index[:-1]))
            self._latest[period] = float(index[-1])

    @property
    def seconds(self) -> float:
        """From the first row to the last; NaN without any."""
        return self.last - self.first

    def covered(self, period: float) -> int:
        """Periods of this length, from the epoch on, that have a row."""
        return self._covered[period]
