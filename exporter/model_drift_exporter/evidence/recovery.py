"""Recovery after an alarm: three blocks of records in a row that look like the reference again."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
from numpy.typing import NDArray

__all__ = ["BLOCKS", "BLOCK_SECONDS", "RecoveryBlocks"]

Array = NDArray[np.float64]

BLOCKS = 3
"""Consecutive blocks that must be inside the limits."""

BLOCK_SECONDS = 300.0
"""The least event time of a block. A block takes longer if the alarm took longer to fire."""


class RecoveryBlocks:
    """Checks the directions that one active alarm is about, block after block. All arrays are [direction].

    A block ends at the first update where each watched direction has had its ``needed`` records and enough event time has
    passed: five minutes, or the time from the onset to the alarm if that is longer. A small change that took weeks to detect
    cannot be seen to end within an hour. Shorter blocks would open the latch by chance, and the same change would fire again.

    A block is inside if the mean score of each watched direction is at most ``limits`` plus one standard error, ``spreads`` /
    √records. With D directions, √(2 ln D) standard errors are allowed if that is more: so far the largest of D means strays
    without any change. ``needed`` and ``spreads`` include the design effect d, for columns as 500 × d records and standard
    deviation × √d. Blocks end at the same record however records were cut into batches.
    """

    def __init__(self, limits: Array, spreads: Array, needed: Array) -> None:
        self._limits = limits
        self._spreads = spreads
        self._needed = needed
        self.restart(0.0)

    def restart(self, time: float, onset: float | None = None) -> None:
        """Begin the first block at event time ``time``, when the alarm fires. Its cause began at event time ``onset``."""
        self.inside = 0
        self._since = time
        took = 0.0 if onset is None or math.isnan(onset) else time - onset
        self._seconds = max(BLOCK_SECONDS, took)
        self._records = np.zeros_like(self._limits)
        self._sums = np.zeros_like(self._limits)

    def advance(self, records: Array, sums: Array, times: Array, watched: NDArray[np.bool_]) -> int | None:
        """Take in updates: records and sums of scores [update, direction], and the event time at each update.

        ``watched`` is [direction], or [update, direction] where directions join. Returns the position of the update at
        which the third block in a row ended inside, and leaves out later updates. ``None`` if there is no such update.
        """
        watched = np.broadcast_to(watched, sums.shape)
        first = 0
        while first < len(times):
            counted = np.cumsum(np.concatenate([self._records[None], records[first:]]), axis=0)[1:]
            summed = np.cumsum(np.concatenate([self._sums[None], sums[first:]]), axis=0)[1:]
            full = ((counted >= self._needed) | ~watched[first:]).all(axis=1)
            # If the clock has gone back, the block goes on from there: it must not wait for the old time.
            since = np.minimum.accumulate(np.concatenate([[self._since], times[first:]]))[1:]
            full &= watched[first:].any(axis=1) & (times[first:] - since >= self._seconds)
            if not full.any():
                self._records, self._sums, self._since = counted[-1], summed[-1], float(since[-1])
                return None
            end = int(full.argmax())
            with np.errstate(divide="ignore", invalid="ignore"):  # a direction that is not watched may have no record
                error = self._spreads / np.sqrt(counted[end])
                errors = max(1.0, math.sqrt(2.0 * math.log(watched[first + end].sum())))
                outside = summed[end] / counted[end] > self._limits + errors * error
            self.inside = 0 if (outside & watched[first + end]).any() else self.inside + 1
            first += end + 1
            self._since = float(times[first - 1])
            self._records, self._sums = np.zeros_like(self._limits), np.zeros_like(self._limits)
            if self.inside == BLOCKS:
                return first - 1
        return None

    def snapshot(self) -> dict[str, Any]:
        """The state, with each number of records stored once: most directions have seen the same records."""
        records, places = np.unique(self._records, return_inverse=True)
        return {
            "inside": self.inside,
            "since": self._since,
            "seconds": self._seconds,
            "records": records,
            "seen": places.astype(np.min_scalar_type(len(records))),
            "sums": self._sums.astype(np.float32),
        }

    def restore(self, state: dict[str, Any]) -> None:
        """Go on from a snapshot; raises :class:`ValueError` or :class:`IndexError` if it is of other directions."""
        self.inside, self._since, self._seconds = int(state["inside"]), float(state["since"]), float(state["seconds"])
        records = np.array(state["records"], dtype=np.float64)[np.asarray(state["seen"], dtype=np.intp)]
        self._records = records.reshape(self._limits.shape)
        self._sums = np.array(state["sums"], dtype=np.float64).reshape(self._limits.shape)
