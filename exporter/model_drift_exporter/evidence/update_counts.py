"""How many records of each update fell into each bin, however records were cut into batches."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import attrs
import numpy as np
from numpy.typing import NDArray

from ..reference.coded_batch import count_cells
from ..reference.profile import Column
from ..reference.seasons import slots_of
from ..reference.time_zones import GREENWICH

__all__ = ["GroupedCounts", "UpdateCounts"]

Array = NDArray[np.float64]


@attrs.frozen(eq=False)
class GroupedCounts:
    """``counts`` [group, column, cell] of records. A group is one update in one season slot, ordered by update, then slot.

    Columns are padded to the largest number of cells. ``update`` and ``slot`` are [group]. Without a season, the slot is 0.
    """

    counts: Array
    update: NDArray[np.intp]
    slot: NDArray[np.intp]

    def between(self, first: int, last: int) -> GroupedCounts:
        """The groups of the updates from ``first`` to before ``last``."""
        part = slice(*np.searchsorted(self.update, [first, last]).tolist())
        return GroupedCounts(self.counts[part], self.update[part], self.slot[part])

    def by_update(self, values: Array, updates: int) -> Array:
        """Sums of ``values`` [group, ...] over the slots of each update, [update, ...]. 0 for an update without records."""
        if len(values) == updates and (len(values) < 2 or np.array_equal(self.update, np.arange(updates))):
            return values
        sums = np.zeros((updates, *values.shape[1:]))
        if len(values):
            starts = np.flatnonzero(np.diff(self.update, prepend=-1))
            sums[self.update[starts]] = np.add.reduceat(values, starts, axis=0)
        return sums


class UpdateCounts:
    """Counts the leading ``columns`` of coded batches by update and slot. Keeps the counts of an incomplete update."""

    def __init__(self, columns: Sequence[Column], slots: int, time_zone: str = GREENWICH) -> None:
        sizes = [len(column.counts) for column in columns]
        self.shape = (len(columns), max([3, *sizes]))
        self._size = sum(sizes)
        self._slots, self._time_zone = slots, time_zone
        self._places = np.concatenate(
            [np.zeros(0, dtype=np.intp), *(np.arange(size) + row * self.shape[1] for row, size in enumerate(sizes))]
        ).astype(np.intp)
        self._pending: dict[int, Array] = {}

    def split(
        self, cells: NDArray[np.int64], time: Array, update_of: NDArray[np.intp], updates: int
    ) -> GroupedCounts | None:
        """Count records. ``cells`` is [column, record]; event time and update are [record].

        Returns the counts of the ``updates`` updates that are complete now, ``None`` if there is none.
        """
        slot = slots_of(time, self._slots, self._time_zone) if self._slots else np.zeros(len(time), dtype=np.int64)
        groups, members = self._groups(slot, update_of)
        width = max(self._slots, 1)
        carried: dict[int, Array] = {}
        if updates:
            carried, self._pending = self._pending, {}
        counted = count_cells(cells, self._size, group=members, groups=len(groups))
        padded = np.zeros((len(groups), self.shape[0] * self.shape[1]))
        padded[:, self._places] = counted
        table = padded.reshape(-1, *self.shape)
        complete = groups < updates * width
        self._keep(table[~complete], groups[~complete] % width)
        if not updates:
            return None
        table, groups = table[complete], groups[complete]
        if carried:
            groups, table = _merged(groups, table, carried)
        return GroupedCounts(table, groups // width, groups % width)

    def _groups(
        self, slot: NDArray[np.int64], update_of: NDArray[np.intp]
    ) -> tuple[NDArray[np.intp], NDArray[np.intp]]:
        """The distinct pairs of update and slot, as one number each and ascending, and the position of each record's pair."""
        if not len(slot):
            return np.zeros(0, dtype=np.intp), np.zeros(0, dtype=np.intp)
        keys = update_of * max(self._slots, 1) + slot
        first, last = int(update_of[0]), int(update_of[-1])
        if not self._slots and len(keys) > last - first and (np.diff(keys) <= 1).all():
            return np.arange(first, last + 1), keys - first
        groups, members = np.unique(keys, return_inverse=True)
        return groups, members

    def _keep(self, table: Array, slots: NDArray[np.intp]) -> None:
        for slot, counts in zip(slots.tolist(), table, strict=True):
            before = self._pending.get(slot)
            self._pending[slot] = counts.copy() if before is None else before + counts

    def snapshot(self) -> dict[str, Any]:
        """The state as counts, or as the cells of each record if few records are in many slots."""
        tables = np.array([*self._pending.values()], dtype=np.int64).reshape(len(self._pending), *self.shape)
        slots = np.array([*self._pending], dtype=np.int16)
        if tables.sum() >= len(tables) * self._size:
            counts = tables.reshape(len(tables), self.shape[0] * self.shape[1])[:, self._places]
            return {"slots": slots, "counts": counts.astype(np.min_scalar_type(int(counts.max(initial=0))))}
        cell = np.broadcast_to(np.arange(self.shape[1], dtype=np.min_scalar_type(self.shape[1])), tables.shape)
        return {"slots": slots, "records": tables[:, 0].sum(axis=1), "cells": np.repeat(cell, tables.ravel())}

    def restore(self, state: Mapping[str, Any]) -> None:
        """Go on from a snapshot; raises :class:`ValueError` if it is of other columns."""
        slots = np.asarray(state["slots"]).tolist()
        tables = np.zeros((len(slots), self.shape[0] * self.shape[1]))
        if "counts" in state:
            tables[:, self._places] = np.asarray(state["counts"], dtype=np.float64).reshape(len(slots), self._size)
        else:
            # Each record is in one cell of each column.
            columns = np.repeat(np.arange(len(slots) * self.shape[0]), np.repeat(state["records"], self.shape[0]))
            cells = np.asarray(state["cells"], dtype=np.intp)
            if len(cells) != len(columns) or (cells >= self.shape[1]).any():
                raise ValueError("records of other columns")
            tables += np.bincount(columns * self.shape[1] + cells, minlength=tables.size).reshape(tables.shape)
            if tables[:, self._places].sum() != len(cells):
                raise ValueError("records of columns with more cells")
        self._pending = dict(zip(slots, tables.reshape(-1, *self.shape), strict=True))


def _merged(groups: NDArray[np.intp], table: Array, carried: Mapping[int, Array]) -> tuple[NDArray[np.intp], Array]:
    """``groups`` and ``table`` with the counts that were ``carried`` over for the first update, ascending."""
    joined = np.union1d(groups, np.array([*carried], dtype=np.intp))
    sums = np.zeros((len(joined), *table.shape[1:]))
    sums[np.searchsorted(joined, groups)] = table
    for slot, counts in carried.items():
        sums[np.searchsorted(joined, slot)] += counts
    return joined, sums
