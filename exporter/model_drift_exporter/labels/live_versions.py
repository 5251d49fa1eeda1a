"""Which versions of the model are live: an outcome of one that is no longer says nothing of the versions that are."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
from numpy.typing import NDArray

__all__ = ["VERSIONS", "LiveVersions", "Versions"]

Array = NDArray[np.float64]
Places = NDArray[np.int64]
Versions = NDArray[np.uint8]
VERSIONS = 100
"""Versions of a model that are told from each other, by codes from 1. The code 0 stands for all others, and for none."""

_RECORDS, _SECONDS = 200, 600.0
_PATIENCE = 2.0


class LiveVersions:
    """Follows when each version was last seen.

    A version is live until 200 predictions and ten minutes of event time have passed without it: a release supersedes soon,
    and a canary of 5 % is seen again before that. One that comes back alternates, so from then on it stays live for twice
    the time that it was away. The code 0 is always live.
    """

    def __init__(self) -> None:
        self._predictions = 0
        self._number = np.full(VERSIONS + 1, -math.inf)
        self._time = np.full(VERSIONS + 1, -math.inf)
        self._patience = np.full(VERSIONS + 1, _SECONDS)

    def superseded(
        self, now: Array, version: Versions, is_label: NDArray[np.bool_], asked: Versions, event: Places
    ) -> NDArray[np.bool_]:
        """Take in events, and say which of the versions ``asked`` for are not live any more, each just after its ``event``.

        ``now`` is the clock after each event, ``version`` the code of each prediction; both are [event]. ``asked`` and ``event``
        are [outcome], the latter positions of events.
        """
        number = self._predictions + np.cumsum(~is_label)
        self._predictions = int(number[-1])
        found = np.zeros(len(asked), dtype=np.bool_)
        seen = np.bincount(version, minlength=VERSIONS + 1)
        if seen[0] == len(version) and not asked.any():
            return found
        for code in np.flatnonzero(seen + np.bincount(asked, minlength=VERSIONS + 1)).tolist():
            if code:
                of_code = np.flatnonzero(asked == code)
                at = event[of_code]
                last, time, patience = self._follow(code, np.flatnonzero(version == code), number, now, at)
                found[of_code] = (number[at] - last >= _RECORDS) & (now[at] - time >= patience)
        return found

    def _follow(
        self, code: int, places: Places, number: Places, now: Array, event: Places
    ) -> tuple[Array, Array, Array]:
        """After each ``event``: the number and time of the version's last prediction, and its patience in seconds."""
        last = np.concatenate([[self._number[code]], number[places]])
        time = np.concatenate([[self._time[code]], now[places]])
        patience = np.full(len(last), self._patience[code])
        if len(places):
            away = np.diff(time)
            back = (np.diff(last) > _RECORDS) & (away >= _SECONDS) & np.isfinite(away)
            longest = np.maximum.accumulate(np.where(back, _PATIENCE * away, 0.0))
            patience[1:] = np.maximum(patience[1:], longest)
        self._number[code], self._time[code], self._patience[code] = last[-1], time[-1], patience[-1]
        which = np.searchsorted(places, event, side="right")
        return last[which], time[which], patience[which]

    def set_back(self, now: float) -> None:
        """The clock fell to ``now``."""
        np.minimum(self._time, now, out=self._time)

    def snapshot(self) -> dict[str, Any]:
        """State for a snapshot."""
        arrays = {"number": self._number, "time": self._time, "patience": self._patience}
        return {"predictions": self._predictions, **{name: each.copy() for name, each in arrays.items()}}

    def restore(self, state: Any) -> None:
        """Go on from :meth:`snapshot`; raises ``KeyError``, ``TypeError`` or ``ValueError`` if it does not fit."""
        loaded = [np.array(state[name], dtype=np.float64) for name in ("number", "time", "patience")]
        if any(each.shape != (VERSIONS + 1,) for each in loaded):
            raise ValueError("another number of versions")
        self._predictions = int(state["predictions"])
        self._number, self._time, self._patience = loaded
