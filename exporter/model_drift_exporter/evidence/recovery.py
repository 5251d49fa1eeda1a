"""When what an alarm is about has come back: three blocks of records in a row that look like the reference again."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
from numpy.typing import NDArray

__all__ = ["BLOCKS", "BLOCK_SECONDS", "RecoveryBlocks"]

Array = NDArray[np.float64]

BLOCKS = 3
"""Consecutive blocks that must be inside."""

BLOCK_SECONDS = 300.0
"""Event time that a block takes at least; more if what fired the alarm took longer to be seen."""


class RecoveryBlocks:
    """Looks at the directions that one latched alarm is about, block after block; all arrays are [direction].

    A block ends at the first update where each watched direction has had its ``needed`` records and event time has passed:
    five minutes, or as long as it took from the onset to the alarm. A small change that took weeks to be seen cannot be seen
    to be over in an hour; shorter blocks would open the latch by chance and tell the same change again. It is inside where
    each watched direction's mean score is at most ``limits`` plus one standard error,
    ``spreads`` / √records; of D directions plus √(2 ln D) errors, which is how far the largest of so many means strays
    though nothing is wrong. ``needed`` and ``spreads`` hold the design effect: 500 × d records, standard deviation × √d.
    Counts are of records as they come, so that a block ends at the same one however they were cut into batches.
    """

    def __init__(self, limits: Array, spreads: Array, needed: Array) -> None:
        self._limits = limits
        self._spreads = spreads
        self._needed = needed
        self.restart(0.0)

    def restart(self, time: float, onset: float | None = None) -> None:
        """Begin the first block at an event time, where the alarm fires; ``onset`` is when what it is about began."""
        self.inside = 0
        self._since = time
        took = 0.0 if onset is None or math.isnan(onset) else time - onset
        self._seconds = max(BLOCK_SECONDS, took)
        self._records = np.zeros_like(self._limits)
        self._sums = np.zeros_like(self._limits)

    def advance(self, records: Array, sums: Array, times: Array, watched: NDArray[np.bool_]) -> int | None:
        """Take in updates: records and sums of scores [update, direction], the event time at each update.

        ``watched`` is [direction], or [update, direction] where directions join. Returns the position of the update at
        which the third block in a row ended inside, ``None`` if there is none; later updates are then not looked at.
        """
        watched = np.broadcast_to(watched, sums.shape)
        first = 0
        while first < len(times):
            counted = np.cumsum(np.concatenate([self._records[None], records[first:]]), axis=0)[1:]
            summed = np.cumsum(np.concatenate([self._sums[None], sums[first:]]), axis=0)[1:]
            full = ((counted >= self._needed) | ~watched[first:]).all(axis=1)
            # A clock that has been put back must not be waited for.
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
        """State for a snapshot: most directions have seen the same records, so each number is kept once."""
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
