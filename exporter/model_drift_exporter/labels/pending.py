"""Outcomes that are known and wait to be mature."""

from __future__ import annotations

from typing import Any

import attrs
import numpy as np
from numpy.typing import NDArray

__all__ = ["Due", "Pending"]

Array = NDArray[np.float64]
Rows = NDArray[np.int64]

_FEW = 4_096


@attrs.frozen(eq=False)
class Due:
    """Outcomes that have become mature: their rows, the times of prediction and label, and when they became it."""

    row: Rows
    time: Array
    label_time: Array
    ripe: Array


@attrs.define(eq=False)
class _Waiting:
    row: NDArray[np.int32]
    time: Array
    label_time: Array

    @classmethod
    def none(cls) -> _Waiting:
        return cls(np.empty(0, dtype=np.int32), np.empty(0), np.empty(0))

    def pick(self, chosen: Any) -> _Waiting:
        return _Waiting(self.row[chosen], self.time[chosen], self.label_time[chosen])

    def then(self, other: _Waiting) -> _Waiting:
        return _Waiting(
            np.concatenate([self.row, other.row]),
            np.concatenate([self.time, other.time]),
            np.concatenate([self.label_time, other.label_time]),
        )

    def due(self, maturity: float) -> Due:
        return Due(self.row.astype(np.int64), self.time, self.label_time, self.time + maturity)


class Pending:
    """Joined outcomes by the time of their prediction; the newest ones in the order of their join."""

    def __init__(self) -> None:
        self._sorted = _Waiting.none()
        self._recent = _Waiting.none()

    def __len__(self) -> int:
        return len(self._sorted.row) + len(self._recent.row)

    def add(self, row: Rows, time: Array, label_time: Array) -> None:
        """Let outcomes wait."""
        self._recent = self._recent.then(_Waiting(row.astype(np.int32), time, label_time))

    def settle(self) -> None:
        """Sort in the newest ones if they are many; to be called at points that do not depend on batches."""
        if len(self._recent.row) > max(_FEW, len(self._sorted.row) // 8):
            together = self._sorted.then(self._recent)
            self._sorted = together.pick(np.argsort(together.time, kind="stable"))
            self._recent = _Waiting.none()

    def take(self, maturity: float, now: float) -> Due:
        """Remove and return those whose prediction is at least ``maturity`` seconds old."""
        time = self._sorted.time
        cut = int(np.searchsorted(time, now - maturity, side="right"))
        # Rounding must not decide: an outcome is mature where time + maturity says so.
        while cut < len(time) and time[cut] + maturity <= now:
            cut += 1
        while cut and time[cut - 1] + maturity > now:
            cut -= 1
        found = self._sorted.pick(slice(cut))
        if cut:
            self._sorted = self._sorted.pick(slice(cut, None))
        ripe = self._recent.time + maturity <= now
        if ripe.any():
            found = found.then(self._recent.pick(ripe))
            self._recent = self._recent.pick(~ripe)
        return found.due(maturity)

    def move(self, rows: Rows) -> None:
        """The store has moved its rows; those gone to -1 are dropped."""
        for waiting in (self._sorted, self._recent):
            waiting.row = rows[waiting.row].astype(np.int32)
        self._sorted = self._sorted.pick(self._sorted.row >= 0)
        self._recent = self._recent.pick(self._recent.row >= 0)

    def snapshot(self) -> dict[str, Any]:
        """State for a snapshot."""
        return {
            name: [waiting.row, waiting.time, waiting.label_time]
            for name, waiting in (("sorted", self._sorted), ("recent", self._recent))
        }

    def restore(self, state: Any, rows: int) -> None:
        """Go on from :meth:`snapshot`; raises ``KeyError``, ``TypeError`` or ``ValueError`` if it does not fit."""
        loaded = []
        for name in ("sorted", "recent"):
            row, time, label_time = state[name]
            waiting = _Waiting(np.array(row, np.int32), np.array(time, np.float64), np.array(label_time, np.float64))
            if not len(waiting.row) == len(waiting.time) == len(waiting.label_time):
                raise ValueError("pending outcomes have columns of several lengths")
            if len(waiting.row) and not 0 <= int(waiting.row.min()) <= int(waiting.row.max()) < rows:
                raise ValueError("pending outcomes name entries that do not exist")
            loaded.append(waiting)
        self._sorted, self._recent = loaded
