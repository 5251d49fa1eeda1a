"""Which records are copies: alike within ten minutes, more often than is usual. They count once as evidence."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import attrs
import numpy as np
from numpy.typing import NDArray

from ..reference.coded_batch import CodedBatch
from ..reference.profile import FEATURE, Column
from ..reference.usual_copies import UsualCopies

__all__ = ["MINUTES_TOGETHER", "CopyTable"]

Mask = NDArray[np.bool_]

MINUTES_TOGETHER = 10
"""Records alike are copies within ten minutes by the clock: a longer repetition is no storm, and adds one record in each."""

_SLOTS = 8_192
_USUAL = 20.0
"""Times the share of such records that is usual, to which more of them are no copies: shares change, and that is drift."""
_TO_SLOT, _TO_TAG, _HALF, _TIME = np.uint64(51), np.uint64(13), np.uint64(32), np.uint64(0xFFFFFFFF)
"""The first bits of a fingerprint depend on all of each value, the last ones do not."""


@attrs.frozen(eq=False)
class _Alike:
    """Records alike that stand one behind the other once all are in the order of their slots; arrays are [run].

    ``start`` is the place of the first and ``length`` their number; ``carried`` have counted before, ``since`` is the number
    of the first record of all.
    """

    start: NDArray[np.intp]
    length: NDArray[np.intp]
    carried: NDArray[np.int64]
    since: NDArray[np.int64]


class CopyTable:
    """Remembers the fingerprints of the last records, each in the slot that its first bits name.

    Of records alike within ten minutes so many are no copies: as the reference has in a row, and 20 times the share that it
    has of them of all records that have come since the first. Where that is one in 20 or more, no record is a copy. A record
    that lacks more values than rows of the reference do, or one that no row lacks, is never a copy: an outage makes records
    alike.
    """

    def __init__(self, usual: UsualCopies, columns: list[Column], starts: NDArray[np.intp]) -> None:
        """``starts`` is the first cell of each column."""
        self._usual = usual
        self._common = np.array(usual.common, dtype=np.uint64)
        self._shares = np.array(usual.shares, dtype=np.float64)
        self._off = _USUAL * usual.chance >= 1.0
        features = [position for position, column in enumerate(columns) if column.role == FEATURE]
        self._lacking = np.concatenate(
            [
                np.zeros(0, np.intp),
                *(starts[each] + len(columns[each].counts) + np.array([-2, -1]) for each in features),
            ]
        ).astype(np.intp)
        rows = np.array([count for each in features for count in [*columns[each].counts.values()][-2:]])
        self._unheard = rows == 0
        self._column_of = np.repeat(features, 2)
        self._begin()

    def _begin(self) -> None:
        self._records = 0
        self._key = np.zeros(_SLOTS, dtype=np.uint64)
        self._counted = np.zeros(_SLOTS, dtype=np.int64)
        self._first = np.zeros(_SLOTS, dtype=np.int64)

    def copies(self, batch: CodedBatch, minute: NDArray[np.int64]) -> Mask | None:
        """Which records are copies, ``None`` if none is. ``minute`` [record] is that of the clock just after each record."""
        ordinal = np.arange(self._records, self._records + batch.size)
        self._records += batch.size
        if self._off or not batch.size:
            return None
        fingerprints, time = batch.fingerprints, minute // MINUTES_TOGETHER
        outside = self._in_outage(batch)
        if outside is None:
            places = None
        else:
            places = np.flatnonzero(~outside)
            if not len(places):
                return None
            fingerprints, time, ordinal = fingerprints[places], time[places], ordinal[places]
        found = self._take(fingerprints, time, ordinal)
        if found is None:
            return None
        copies = np.zeros(batch.size, dtype=np.bool_)
        copies[found if places is None else places[found]] = True
        return copies

    def _in_outage(self, batch: CodedBatch) -> Mask | None:
        """Which records lack more values than usual, or unheard of ones; ``None`` if none does."""
        lacking = batch.counts[self._lacking] > 0
        if not lacking.any():
            return None
        number = np.zeros(batch.size, dtype=np.int64)
        for cell, column, unheard in zip(
            self._lacking[lacking].tolist(),
            self._column_of[lacking].tolist(),
            self._unheard[lacking].tolist(),
            strict=True,
        ):
            number += (batch.cells[column] == cell) * (self._usual.most_missing + 1 if unheard else 1)
        found: Mask = number > self._usual.most_missing
        return found if found.any() else None

    def _take(
        self, fingerprints: NDArray[np.uint64], time: NDArray[np.int64], ordinal: NDArray[np.int64]
    ) -> NDArray[np.intp] | None:
        """Take in records; returns the places of copies among them, ``None`` without any."""
        slot = (fingerprints >> _TO_SLOT).astype(np.intp)
        key = _keys(fingerprints, time)
        ordered = np.sort(fingerprints)
        if not (ordered[1:] == ordered[:-1]).any() and not (self._key[slot] == key).any():
            # Of records in one slot the last stays, as NumPy writes them.
            self._key[slot], self._counted[slot], self._first[slot] = key, 1, ordinal
            return None
        order = np.argsort(slot.astype(np.uint16), kind="stable")
        slot, key, ordinal = slot[order], key[order], ordinal[order]
        leading = np.ones(len(slot), dtype=np.bool_)
        np.not_equal(slot[1:], slot[:-1], out=leading[1:])
        begins = leading.copy()
        begins[1:] |= key[1:] != key[:-1]
        first, starts, run = np.flatnonzero(leading), np.flatnonzero(begins), np.cumsum(begins) - 1
        own = slot[first]
        goes_on = self._key[own] == key[first]
        carried = np.zeros(len(starts), dtype=np.int64)
        since = ordinal[starts]
        carried[run[first[goes_on]]] = self._counted[own[goes_on]]
        since[run[first[goes_on]]] = self._first[own[goes_on]]
        lengths = np.diff(starts, append=len(slot))
        counted, copies = carried + 1, None
        repeated = np.flatnonzero((lengths > 1) | (carried > 0))
        if len(repeated):
            runs = _Alike(starts[repeated], lengths[repeated], carried[repeated], since[repeated])
            counted[repeated], copies = self._admit(self._share(fingerprints[order[runs.start]]), ordinal, runs)
            copies = order[copies] if len(copies) else None
        last = np.append(first[1:], len(slot)) - 1
        self._key[own], self._counted[own], self._first[own] = key[last], counted[run[last]], since[run[last]]
        return copies

    def _admit(
        self, share: NDArray[np.float64], ordinal: NDArray[np.int64], runs: _Alike
    ) -> tuple[NDArray[np.int64], NDArray[np.intp]]:
        """How many records of each run count so far, [run], and the places of the records that do not.

        ``share`` [run] is the usual one, ``ordinal`` [record] the number of each record. A record counts if fewer do than are
        allowed: counted = min(counted + 1, allowed), where allowed never falls.
        """
        run = np.repeat(np.arange(len(runs.start)), runs.length)
        number = np.arange(len(run)) - np.repeat(np.cumsum(runs.length) - runs.length, runs.length)
        places, carried = runs.start[run] + number, runs.carried[run]
        allowed = self._usual.together + np.floor(_USUAL * share[run] * (ordinal[places] - runs.since[run]))
        allowed = np.minimum(allowed, carried + number + 1).astype(np.int64)
        # The smallest so far within a run: those of later runs are made smaller than all of earlier ones.
        apart = len(run) + int(carried.max()) + 2
        lowest = np.minimum.accumulate(allowed - number - apart * run) + apart * run
        counted = np.minimum(lowest, carried + 1) + number
        before = np.where(number == 0, carried, np.concatenate([[0], counted[:-1]]))
        return counted[np.cumsum(runs.length) - 1], places[counted == before]

    def _share(self, fingerprints: NDArray[np.uint64]) -> NDArray[np.float64]:
        """The usual share of records like these."""
        share = np.full(len(fingerprints), self._usual.chance)
        if len(self._common):
            places = np.minimum(np.searchsorted(self._common, fingerprints), len(self._common) - 1)
            known = self._common[places] == fingerprints
            share[known] = np.maximum(self._shares[places[known]], share[known])
        return share

    def snapshot(self) -> dict[str, Any]:
        """What the latest ten minutes may still ask for, 12 bytes a slot and less."""
        time = self._key & _TIME
        used = np.flatnonzero((time == time.max()) & (self._counted > 0))
        return {
            "records": self._records,
            "time": int(time.max()),
            "slot": used.astype(np.uint16),
            "tag": (self._key[used] >> _HALF).astype(np.uint32),
            "counted": _small(self._counted[used]),
            "age": _small(self._records - self._first[used]),
        }

    def restore(self, state: Mapping[str, Any]) -> None:
        """Go on from :meth:`snapshot`. Raises ``KeyError``, ``TypeError`` or ``ValueError`` if it does not fit, and is as new."""
        self._begin()
        slot, tag = np.asarray(state["slot"], dtype=np.intp), np.asarray(state["tag"], dtype=np.uint64)
        counted, age = (np.asarray(state[name], dtype=np.int64) for name in ("counted", "age"))
        records, time = int(state["records"]), int(state["time"])
        if len({len(slot), len(tag), len(counted), len(age)}) > 1 or (slot >= _SLOTS).any():
            raise ValueError("another table of copies")
        self._records = records
        self._key[slot] = tag << _HALF | np.uint64(time)
        self._counted[slot], self._first[slot] = counted, records - age


def _keys(fingerprints: NDArray[np.uint64], time: NDArray[np.int64]) -> NDArray[np.uint64]:
    """What a slot is compared by: 32 bits of the fingerprint that do not name the slot, and the ten minutes."""
    return fingerprints << _TO_TAG & ~_TIME | time.view(np.uint64) & _TIME


def _small(numbers: NDArray[np.int64]) -> NDArray[Any]:
    return numbers.astype(np.min_scalar_type(int(numbers.max(initial=0))))
