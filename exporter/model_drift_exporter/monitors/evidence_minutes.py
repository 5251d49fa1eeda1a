"""The event time that evidence may count at each update: what has passed, and never more than that in all."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

__all__ = ["EvidenceMinutes"]

_SECOND, _DAY = 1.0, 86_400.0
_KEPT_SHARE = 0.001
_MOST_KEPT = _KEPT_SHARE * _DAY


class EvidenceMinutes:
    """Gives each update its w of ``M <- max(M, w) e``, the minutes since the one before, a day at most.

    The budget of false alarms is a sum of these w, so they must not add up to more than the time that passes: a second at
    least for every update, were it of a thousand lines within a tenth of one, would make one year of ten. Where less than
    a second has passed, as within a batch of records of one time, the rest of it is taken from what was kept before: a
    thousandth of the time. An update that nothing is left for goes on without a start.
    """

    def __init__(self) -> None:
        self._time = math.nan
        self._kept = 0.0

    def begin(self, time: float) -> None:
        """The event time that the first update counts from; later calls do nothing."""
        if math.isnan(self._time):
            self._time = time

    def log(self, times: NDArray[np.float64]) -> NDArray[np.float64]:
        """Logarithms of w at updates of these event times, minus infinity where nothing is left.

        A clock that is put back, as one that had believed a wrong time, goes on from where it is.
        """
        minutes = np.zeros(len(times))
        for update, time in enumerate(times.tolist()):
            self.begin(time)
            passed = max(time - self._time, 0.0)
            self._time = time
            self._kept = min(self._kept + _KEPT_SHARE * passed, _MOST_KEPT)
            seconds = min((1.0 - _KEPT_SHARE) * passed, _DAY)
            added = min(max(_SECOND - seconds, 0.0), self._kept)
            self._kept -= added
            minutes[update] = (seconds + added) / 60.0
        with np.errstate(divide="ignore"):
            return np.log(minutes)

    def snapshot(self) -> dict[str, Any]:
        """State for a snapshot."""
        return {"time": self._time, "kept": self._kept}

    def restore(self, state: Mapping[str, Any]) -> None:
        """Go on from a snapshot; raises ``KeyError``, ``TypeError`` or ``ValueError`` if it is none."""
        time, kept = float(state["time"]), float(state["kept"])
        self._time, self._kept = time, kept
