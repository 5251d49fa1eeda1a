"""Predictions and labels that wait for each other: a hash table in columns, with 31 to 39 bytes per entry at capacity."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from ..errors import StateError
from ..reference.outcome_batch import OutcomeLayout

__all__ = ["COUNTED", "LABEL", "MOST_PROBABILITIES", "PREDICTION", "UNINDEXED", "LabelStore"]

Array = NDArray[np.float64]
Rows = NDArray[np.int64]
Keys = NDArray[np.uint64]

PREDICTION, LABEL, COUNTED, UNINDEXED = 1, 2, 4, 8
"""Flags of an entry: it has a prediction, it has a label, its outcome has been counted, no label can find it. 0: vacant."""

MOST_PROBABILITIES = 8
"""For models with more classes, probabilities are not kept."""

_SMALLEST = 4_096
_CHUNK = 65_536
_FREE = -1


class LabelStore:
    """Entries in rows ``0`` to ``size - 1``, found by their key with open addressing and linear probing.

    Columns are arrays that may be longer than ``size``. Classes are stored as small integers, numbers as floats. :meth:`put`
    and :meth:`get` take and return floats, NaN for none.
    """

    def __init__(self, layout: OutcomeLayout, capacity: int, *, probabilities: bool = False) -> None:
        self.capacity = capacity
        self._none = _none_of(layout)
        value = np.dtype(np.float64) if self._none is None else np.min_scalar_type(self._none)
        self._types: dict[str, tuple[np.dtype[Any], tuple[int, ...]]] = {
            "key": (np.dtype(np.uint64), ()),
            "time": (np.dtype(np.float64), ()),
            "flags": (np.dtype(np.uint8), ()),
            "predicted": (value, ()),
            "label": (value, ()),
        }
        if layout.score_bins:
            self._types["score"] = (np.dtype(np.float32), ())
            self._types["score_cell"] = (np.dtype(np.int8 if layout.score_bins < 128 else np.int16), ())
        if probabilities and 2 < len(layout.classes) <= MOST_PROBABILITIES:
            self._types["probabilities"] = (np.dtype(np.uint8), (len(layout.classes),))
        self.size = 0
        self.dead = 0
        self.columns: dict[str, NDArray[Any]] = {}
        self._index = np.empty(0, dtype=np.int32)
        self._begin()

    def _begin(self) -> None:
        self.size = self.dead = 0
        self._rows = min(_SMALLEST, self.capacity)
        self.columns = {name: np.zeros((self._rows, *tail), kind) for name, (kind, tail) in self._types.items()}
        self._index = np.full(_index_size(self._rows), _FREE, dtype=np.int32)

    @property
    def nbytes(self) -> int:
        """Bytes of all arrays."""
        return self._index.nbytes + sum(column.nbytes for column in self.columns.values())

    def get(self, name: str, rows: Rows) -> Array:
        """``predicted`` or ``label`` of some rows, NaN for none."""
        found = self.columns[name][rows]
        if self._none is None:
            return found
        return np.where(found == self._none, np.nan, found)

    def put(self, name: str, rows: Rows, values: Array) -> None:
        """Set ``predicted`` or ``label`` of some rows."""
        if self._none is not None:
            values = np.where(np.isnan(values), self._none, values)
        self.columns[name][rows] = values

    def find(self, keys: Keys) -> Rows:
        """The row of each key, -1 for a key without one."""
        return self._locate(keys)[0]

    def _locate(self, keys: Keys) -> tuple[Rows, Rows]:
        """The row of each key and its place in the index, -1 for a key without them."""
        found = np.full(len(keys), _FREE, dtype=np.int64)
        places = np.full(len(keys), _FREE, dtype=np.int64)
        mask = len(self._index) - 1
        position = (keys & np.uint64(mask)).astype(np.int64)
        stored = self.columns["key"]
        asked = np.arange(len(keys))
        while len(asked):
            rows = self._index[position]
            occupied = rows != _FREE
            matching = occupied & (stored[rows] == keys)
            found[asked[matching]] = rows[matching]
            places[asked[matching]] = position[matching]
            further = np.flatnonzero(occupied & ~matching)
            asked, keys, position = asked[further], keys[further], (position[further] + 1) & mask
        return found, places

    def append(self, keys: Keys, *, indexed: bool = True) -> Rows:
        """Add rows with flags 0 and no label. Keys to be ``indexed`` must differ from each other and from all indexed ones."""
        start, self.size = self.size, self.size + len(keys)
        self._reserve(start)
        rows = np.arange(start, self.size)
        self.columns["key"][start : self.size] = keys
        self.columns["flags"][start : self.size] = 0
        self.put("label", rows, np.full(len(rows), np.nan))
        if indexed:
            self._insert(keys, rows)
        return rows

    def supersede(self, keys: Keys) -> Rows:
        """Add rows in place of the rows of some keys. The old rows stay, but :meth:`find` does not find them any more."""
        rows = self.append(keys, indexed=False)
        old, places = self._locate(keys)
        self._index[places] = rows
        self.columns["flags"][old] |= UNINDEXED
        return rows

    def _reserve(self, used: int) -> None:
        if self.size <= self._rows:
            return
        doubled = min(2 * self._rows, self.capacity + _SMALLEST)
        self._rows = max(doubled, self.size)
        for name, old in self.columns.items():
            # One column after the other: memory then holds only one column twice.
            grown = np.empty((self._rows, *old.shape[1:]), old.dtype)
            grown[:used] = old[:used]
            self.columns[name] = grown
        if _index_size(self._rows) > len(self._index):
            self._reindex(used)

    def _reindex(self, used: int) -> None:
        self._index = np.empty(0, dtype=np.int32)
        self._index = np.full(_index_size(self._rows), _FREE, dtype=np.int32)
        for start in range(0, used, _CHUNK):
            part = slice(start, min(start + _CHUNK, used))
            rows = np.flatnonzero(self.columns["flags"][part] & UNINDEXED == 0) + start
            self._insert(self.columns["key"][rows], rows)

    def _insert(self, keys: Keys, rows: Rows) -> None:
        mask = len(self._index) - 1
        position = (keys & np.uint64(mask)).astype(np.int64)
        while len(rows):
            free = self._index[position] == _FREE
            self._index[position[free]] = rows[free]
            # Where several rows wrote to one place, the last has it. The others try the next place.
            lost = np.flatnonzero(self._index[position] != rows)
            rows, position = rows[lost], (position[lost] + 1) & mask

    def retain(self, kept: NDArray[np.bool_]) -> Rows:
        """Keep only the rows of a mask. Returns the new row of each old one, -1 for a removed one."""
        moved = np.cumsum(kept, dtype=np.int32)
        moved -= 1
        moved[~kept] = _FREE
        size = int(kept.sum())
        for column in self.columns.values():
            done = 0
            for start in range(0, self.size, _CHUNK):
                part = slice(start, min(start + _CHUNK, self.size))
                rows = column[part][kept[part]]
                column[done : done + len(rows)] = rows
                done += len(rows)
        self.size, self.dead = size, 0
        flags = self.columns["flags"][:size]
        self.dead = int(np.count_nonzero(flags & (UNINDEXED | COUNTED) == UNINDEXED | COUNTED))
        self._reindex(size)
        return moved.astype(np.int64)

    def snapshot(self) -> dict[str, Any]:
        """The rows in use, as views: the next change of the store changes them too."""
        return {name: column[: self.size] for name, column in self.columns.items()}

    def restore(self, state: Any) -> None:
        """Go on from :meth:`snapshot`. If it does not fit, raises :class:`StateError` and leaves the store empty."""
        self._begin()
        size = len(state["key"])
        loaded = {}
        for name, (kind, tail) in self._types.items():
            column = np.asarray(state.get(name))
            if column.dtype != kind or column.shape != (size, *tail):
                raise StateError(f"the label store in the snapshot has another column {name} than this model")
            loaded[name] = column
        self.size = size
        self._reserve(0)
        for name, column in loaded.items():
            self.columns[name][:size] = column
        self._reindex(size)
        flags = loaded["flags"]
        self.dead = int(np.count_nonzero(flags & (UNINDEXED | COUNTED) == UNINDEXED | COUNTED))


def _none_of(layout: OutcomeLayout) -> int | None:
    """The integer that stands for no class, ``None`` for regression. It is one above that of unknown classes."""
    return len(layout.classes) + 1 if layout.classification else None


def _index_size(rows: int) -> int:
    """Places in the index of so many rows: a power of two, at least half of them free."""
    return 1 << max(2 * rows - 1, 1).bit_length()
