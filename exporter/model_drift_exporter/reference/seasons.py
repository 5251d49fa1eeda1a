"""Seasons: the hours of the day or of the week as slots of a reference, if they explain what else looks like dependence."""

from __future__ import annotations

from collections.abc import Callable

import attrs
import numpy as np
import numpy.typing as npt
from numpy.typing import NDArray

from ..statistics import FloatArray, IndexArray
from ..statistics.design_effect import LEVEL, BlockRatios
from ..statistics.time_span import TimeSpan
from .time_zones import GREENWICH, local_seconds

__all__ = [
    "ABSENT_REASONS",
    "FEWEST_CYCLES",
    "FEWEST_ROWS",
    "PRIOR_ROWS",
    "SLOTS",
    "SeasonChoice",
    "SeasonCover",
    "choose_slots",
    "counts_by_slot",
    "slot_law",
    "slots_of",
]

SLOTS = (24, 168)
"""Hours of the day, hours of the week."""

ABSENT_REASONS = ("no_times", "too_short", "few_rows", "no_gain")
"""Why a reference has no slots."""

FEWEST_CYCLES = 8
FEWEST_ROWS = 200
"""Of a slot; slots that have fewer, such as a shop's night, may hold one row in twenty together."""

PRIOR_ROWS = 10.0
"""Rows of the pooled law that a slot's law is mixed with: of a cycle of up to two standard deviations this takes away less
than the slot's own sampling error of 3/sqrt(rows), and no bin that the pooled law knows is impossible in a slot."""

_GAIN = 2.0
_THIN_SHARE = 0.05
_HOUR = 3_600.0
_MONDAY = 72  # the epoch began on a Thursday


def slots_of(times: npt.ArrayLike, slots: int, time_zone: str = GREENWICH) -> NDArray[np.int64]:
    """The slot of each event time (seconds since the epoch): the hour of the day, or with 168 slots of the week, in a time zone.

    Where clocks go back, the hour that comes twice is one slot. -1 for a time that is not finite.
    """
    seconds = np.asarray(times, dtype=np.float64)
    known = np.isfinite(seconds)
    hours = np.floor(local_seconds(np.where(known, seconds, 0.0), time_zone) / _HOUR) + (
        _MONDAY if slots == SLOTS[1] else 0
    )
    return np.where(known, np.mod(hours, slots), -1).astype(np.int64)


def slot_law(slot_counts: npt.ArrayLike, pooled_counts: npt.ArrayLike) -> FloatArray:
    """Shares of one column's bins in a slot ``[..., bins]``, shrunk to the pooled law.

    (n_b + 10 p_b) / (n + 10), where n_b are the slot's counts and p_b the pooled shares: the posterior mean under a Dirichlet
    prior of weight 10 (``PRIOR_ROWS``). A slot without rows has the pooled law; how far it may be off is for the caller to
    judge by the slot's rows.
    """
    counts = np.asarray(slot_counts, dtype=np.float64)
    pooled = np.asarray(pooled_counts, dtype=np.float64)
    shares = pooled / max(float(pooled.sum()), 1.0)
    law: FloatArray = (counts + PRIOR_ROWS * shares) / (counts.sum(axis=-1, keepdims=True) + PRIOR_ROWS)
    return law


def counts_by_slot(codes: NDArray[np.unsignedinteger], slot: IndexArray, slots: int, bins: int) -> NDArray[np.int64]:
    """``[slots, bins]`` rows of one column by slot and bin; rows in slot -1 are left out."""
    index = (slot + 1) * bins + codes
    return np.bincount(index, minlength=(slots + 1) * bins).reshape(slots + 1, bins)[1:]


class SeasonCover:
    """How the rows of a reference cover its possible slots; add their event times in ascending order, in any number of parts."""

    def __init__(self, time_zone: str = GREENWICH) -> None:
        self._time_zone = time_zone
        self._span = TimeSpan([slots * _HOUR for slots in SLOTS])
        self._rows = {slots: np.zeros(slots, dtype=np.int64) for slots in SLOTS}

    def add(self, times: FloatArray) -> None:
        """Take in the times (seconds since the epoch) of more rows, none of them before those that came earlier."""
        self._span.add(times)
        for slots in self._rows:
            self._rows[slots] += np.bincount(slots_of(times, slots, self._time_zone), minlength=slots)

    def rows(self, slots: int) -> IndexArray:
        """Rows in each of so many slots."""
        return self._rows[slots]

    def cycles(self, slots: int) -> float:
        """Cycles that the times cover; a few that are wildly wrong make little difference."""
        period = slots * _HOUR
        return (
            min(float(self._span.covered(period)), self._span.seconds / period + 1 / slots) if self._span.rows else 0.0
        )


@attrs.frozen(eq=False)
class SeasonChoice:
    """The slots chosen, 24 or 168, or 0 and why; the block ratios of all series within them, and those without slots."""

    slots: int
    absent: str
    ratios: BlockRatios
    pooled: BlockRatios


def choose_slots(cover: SeasonCover | None, measure: Callable[[int], BlockRatios]) -> SeasonChoice:
    """Choose the slots of a reference whose event times have this cover, ``None`` if it has no times.

    ``measure`` gives the block ratios of all series of the columns within so many slots, 0 for none. Slots are chosen if there
    are 8 cycles and 200 rows a slot, and some series whose dependence is beyond doubt loses half of its design effect or
    more while none that is beyond doubt within the slots has doubled; those of the week only if they do that to the day's.
    """
    pooled = measure(0)
    best = SeasonChoice(0, "no_times", pooled, pooled)
    if cover is None:
        return best
    absent = ["too_short"]
    for slots in SLOTS:
        if cover.cycles(slots) < FEWEST_CYCLES:
            continue
        rows = cover.rows(slots)
        if rows[rows < FEWEST_ROWS].sum() > _THIN_SHARE * rows.sum():
            absent.append("few_rows")
            continue
        within = measure(slots)
        if _gains(best.ratios, within):
            best = SeasonChoice(slots, "", within, pooled)
        absent.append("no_gain")
    return best if best.slots else attrs.evolve(best, absent=max(absent, key=ABSENT_REASONS.index))


def _gains(before: BlockRatios, after: BlockRatios) -> bool:
    """Whether slots help; design effects are compared before the test for 1, which a series may just pass or fail."""
    series = max(len(before.upper), 1)
    helped = (before.chance < LEVEL / series) & (before.upper >= _GAIN * after.upper)
    hurt = (after.chance < LEVEL / series) & (after.upper >= _GAIN * before.upper)
    return bool(helped.any() and not hurt.any())
