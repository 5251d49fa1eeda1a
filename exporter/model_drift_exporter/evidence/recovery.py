"""Recovery after an alarm: three blocks of records in a row that look like the reference again."""

from __future__ import annotations

import math
from typing import Any

import attrs
import numpy as np
from numpy.typing import NDArray

__all__ = ["BLOCKS", "BLOCK_SECONDS", "RecoveryBlocks", "Usual"]

Array = NDArray[np.float64]

BLOCKS = 3
"""Consecutive blocks that must be inside the limits."""

BLOCK_SECONDS = 300.0
"""The least event time of a block. A block takes longer if the alarm took longer to fire."""

_NO_LONGER = 2.0
"""Standard errors beyond those of a block from which the records so far are no longer usual. Few records stray by one."""

_FEW = 64
"""Directions: a snapshot has all digits of the sums of so few."""

_FELL = 4.0
"""Standard errors by which blocks inside are below those outside where what fired the alarm is over, see :meth:`fell`."""


@attrs.frozen
class Usual:
    """An alarm is held although its latest records (outcomes, for a score of these) are back to usual.

    The last ``observations`` are. ``more`` are needed until the latch opens, and it opens at event time ``until`` (seconds
    since the epoch) at the earliest; ``None`` if that time has passed. With the next unusual block both begin anew.
    """

    observations: int
    more: int
    until: float | None


def _unique(values: Array) -> dict[str, Any]:
    """Values with each number stored once: most directions have seen the same records."""
    numbers, places = np.unique(values, return_inverse=True)
    return {"records": numbers, "seen": places.astype(np.min_scalar_type(len(numbers)))}


def _from_unique(state: dict[str, Any], shape: tuple[int, ...]) -> Array:
    numbers = np.array(state["records"], dtype=np.float64)
    return numbers[np.asarray(state["seen"], dtype=np.intp)].reshape(shape)


def _digits(sums: Array) -> NDArray[np.floating[Any]]:
    """Sums with all digits where they are few, so that a restart changes nothing; with seven of many columns."""
    return sums if len(sums) <= _FEW else sums.astype(np.float32)


def _packed(records: Array, sums: Array) -> dict[str, Any] | None:
    """Records and sums of blocks; ``None`` where there are no blocks."""
    return {**_unique(records), "sums": _digits(sums)} if records.any() else None


def _unpacked(state: dict[str, Any] | None, shape: tuple[int, ...]) -> tuple[Array, Array]:
    if state is None:
        return np.zeros(shape), np.zeros(shape)
    return _from_unique(state, shape), np.array(state["sums"], dtype=np.float64).reshape(shape)


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
        self._reference = spreads, needed
        self._spreads, self._needed = self._reference
        self.restart(0.0)

    def temper(self, rises: Array) -> None:
        """The design effect d of each direction is so many times the one in ``spreads`` and ``needed``, from now on."""
        spreads, needed = self._reference
        self._spreads, self._needed = spreads * np.sqrt(rises), needed * rises

    def restart(self, time: float, onset: float | None = None) -> None:
        """Begin the first block at event time ``time``, when the alarm fires. Its cause began at event time ``onset``."""
        self.inside = 0
        # Records and sums of the blocks inside in a row, and of all blocks outside.
        self._usual, self._usual_sums = np.zeros_like(self._limits), np.zeros_like(self._limits)
        self._risen, self._risen_sums = np.zeros_like(self._limits), np.zeros_like(self._limits)
        self._begin(time)
        took = 0.0 if onset is None or math.isnan(onset) else time - onset
        self._seconds = max(BLOCK_SECONDS, took)

    def _begin(self, time: float) -> None:
        self._since = self._time = time
        self._records, self._sums = np.zeros_like(self._limits), np.zeros_like(self._limits)

    def add(self, records: Array, sums: Array, time: float, watched: NDArray[np.bool_]) -> bool:
        """Take in one update at event time ``time``: its records and sums of scores; ``watched`` are the directions that count.

        Returns whether the third block in a row has ended inside with it.
        """
        self._records += records
        self._sums += sums
        # If the clock has gone back, the block goes on from there: it must not wait for the old time.
        self._since, self._time = min(self._since, time), time
        if time - self._since < self._seconds or not watched.any():
            return False
        if (self._records[watched] < self._needed[watched]).any():
            return False
        if self._outside(watched, 0.0):
            self.inside = 0
            self._usual, self._usual_sums = np.zeros_like(self._limits), np.zeros_like(self._limits)
            self._risen, self._risen_sums = self._risen + self._records, self._risen_sums + self._sums
        else:
            self.inside += 1
            self._usual, self._usual_sums = self._usual + self._records, self._usual_sums + self._sums
        self._begin(time)
        return self.inside == BLOCKS

    def fell(self, watched: NDArray[np.bool_]) -> bool:
        """Whether blocks inside show that what fired the alarm is over, so that a later rise is another one.

        One block inside does not: of a small change that lasts, one block in sixty was within its standard error of the limit.
        Those inside in a row must be four standard errors below those that were outside, in all watched directions in which
        these were. Where none was outside yet, two must be inside.
        """
        if not self.inside:
            return False
        risen, usual = self._risen[watched], self._usual[watched]
        spreads = self._spreads[watched]
        level = self._risen_sums[watched] / np.maximum(risen, 1.0)
        out = (risen > 0) & (level > self._limits[watched] + spreads / np.sqrt(np.maximum(risen, 1.0)))
        if not out.any():
            return self.inside > 1
        errors = spreads[out] * np.sqrt(1.0 / risen[out] + 1.0 / np.maximum(usual[out], 1.0))
        means = self._usual_sums[watched][out] / np.maximum(usual[out], 1.0)
        return bool((means <= level[out] - _FELL * errors).all())

    def _outside(self, watched: NDArray[np.bool_], further: float) -> bool:
        """Whether the mean of a watched direction, of those that have records, is outside by ``further`` standard errors."""
        counted = np.maximum(self._records[watched], 1.0)
        errors = max(1.0, math.sqrt(2.0 * math.log(len(counted)))) + further
        means = self._sums[watched] / counted
        outside = means > self._limits[watched] + errors * (self._spreads[watched] / np.sqrt(counted))
        return bool(outside.any())

    def usual(self, watched: NDArray[np.bool_]) -> Usual | None:
        """What is known of the latest records: ``None`` until a whole block was inside, and while they are outside again.

        Records are counted as in the direction that has most of them. One that has fewer, such as the error on a rare class,
        needs as many more as bring it enough.
        """
        if not self.inside or not watched.any() or self._outside(watched, _NO_LONGER):
            return None
        left = BLOCKS - self.inside
        seen = self._usual + self._records
        missing = np.maximum(left * self._needed - self._records, 0.0)[watched]
        more = missing * (seen.max() / np.maximum(seen[watched], 1.0))
        until = self._since + left * self._seconds
        return Usual(int(seen.max()), math.ceil(more.max()), until if until > self._time else None)

    def open_for(self, records: Array, times: Array, watched: NDArray[np.bool_]) -> int:
        """How many of some updates, from the first on, :meth:`add` would take in without the end of a block.

        ``records`` is [update, direction], ``times`` [update].
        """
        if not watched.any() or not len(times):
            return len(times)
        since = np.minimum.accumulate(np.append(self._since, times))[1:]
        ended = times - since >= self._seconds
        if ended.any():
            counted = np.add.accumulate(np.concatenate([self._records[None], records]))[1:, watched]
            ended &= (counted >= self._needed[watched]).all(axis=1)
        return int(ended.argmax()) if ended.any() else len(times)

    def pass_over(self, records: Array, sums: Array, times: Array) -> None:
        """Take in updates that end no block. ``records`` and ``sums`` are [update, direction], ``times`` is [update]."""
        if len(times):
            # Sums in the order of the updates, as one by one.
            self._records = np.add.accumulate(np.concatenate([self._records[None], records]))[-1]
            self._sums = np.add.accumulate(np.concatenate([self._sums[None], sums]))[-1]
            self._since, self._time = min(self._since, float(times.min())), float(times[-1])

    def snapshot(self) -> dict[str, Any]:
        return {
            "inside": self.inside,
            "since": self._since,
            "time": self._time,
            "seconds": self._seconds,
            **_unique(self._records),
            "usual": _packed(self._usual, self._usual_sums),
            "risen": _packed(self._risen, self._risen_sums),
            "sums": _digits(self._sums),
        }

    def restore(self, state: dict[str, Any]) -> None:
        """Go on from a snapshot.

        If it is of other directions, raises ``ValueError`` or ``IndexError`` (``KeyError`` or ``TypeError`` if it is none) and
        changes nothing.
        """
        inside, since, seconds = int(state["inside"]), float(state["since"]), float(state["seconds"])
        shape = self._limits.shape
        records, sums = _from_unique(state, shape), np.array(state["sums"], dtype=np.float64).reshape(shape)
        # Snapshots of 0.1.0 hold neither the time nor what blocks before were made of.
        time = float(state.get("time", since))
        before = [_unpacked(state.get(name), shape) for name in ("usual", "risen")]
        self.inside, self._since, self._time, self._seconds = inside, since, time, seconds
        self._records, self._sums = records, sums
        (self._usual, self._usual_sums), (self._risen, self._risen_sums) = before
