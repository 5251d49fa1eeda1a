"""What is known of identifiers: rows of columns that are found by a 64-bit key, a batch at a time."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import attrs
import numpy as np
import numpy.typing as npt
from numpy.typing import NDArray

from ..errors import StateError

__all__ = ["ColumnType", "IdentifierIndex", "Keys", "Mask", "Rows"]

Rows = NDArray[np.int64]
Keys = NDArray[np.uint64]
Mask = NDArray[np.bool_]

_SMALLEST = 4_096
_CHUNK = 65_536
_FREE = -1


def _data_type(kind: npt.DTypeLike) -> np.dtype[Any]:
    return np.dtype(kind)


@attrs.frozen
class ColumnType:
    """A column of the index: the type of its values, and their shape where one value is an array.

    New rows begin with the value ``initial``; without one it is left open what is in them.
    """

    kind: np.dtype[Any] = attrs.field(converter=_data_type)
    shape: tuple[int, ...] = ()
    initial: Any = None


class IdentifierIndex:
    """Entries in rows ``0`` to ``size - 1``, found by their key with open addressing and linear probing.

    ``columns`` maps each name to an array [row, ...] that may be longer than ``size``; who writes into it does so row by row,
    and asks for the array again after rows have been added. There is always the column ``key`` (uint64). Keys must be spread
    evenly over all their bits, as those of ``hash_identifiers`` are. A row can be *hidden*: it is kept, but no key finds it.

    ``capacity`` is about how many rows there will be. It bounds how far memory grows ahead of them, not their number: who owns
    the index removes rows in time (see :class:`~.key_sample.KeySample`). A row takes 8 to 16 bytes beside its columns.
    """

    def __init__(self, types: Mapping[str, ColumnType], capacity: int) -> None:
        self.capacity = capacity
        self._types = {"key": ColumnType(np.uint64), **types}
        self._begin()

    def _begin(self) -> None:
        self.size = 0
        self._allocated = min(_SMALLEST, self.capacity)
        self.columns: dict[str, NDArray[Any]] = {
            name: np.zeros((self._allocated, *each.shape), each.kind) for name, each in self._types.items()
        }
        self._index: NDArray[np.int32] = np.full(_index_size(self._allocated), _FREE, dtype=np.int32)

    @property
    def nbytes(self) -> int:
        """Bytes of all arrays."""
        return self._index.nbytes + sum(column.nbytes for column in self.columns.values())

    def find(self, keys: Keys) -> Rows:
        """The row of each key, -1 for a key without one."""
        return self._probed(keys)[0]

    def append(self, keys: Keys, *, hidden: bool = False) -> Rows:
        """Add a row for each key. Unless ``hidden``, keys must differ from each other and from all that can be found."""
        start = self.size
        rows = np.arange(start, start + len(keys))
        self._reserve(len(keys))
        self._open(keys)
        if not hidden:
            self._insert(keys, rows)
        return rows

    def find_or_append(self, keys: Keys) -> tuple[Rows, Mask]:
        """The row of each key; a key without one gets a new row. Keys may occur several times.

        Also returns a mask of the first occurrences of new keys. These get the rows from the old ``size`` on, in their order.
        """
        rows, places = self._probed(keys)
        first = rows < 0
        asking = np.flatnonzero(first)
        if not len(asking):
            return rows, first
        own, places = keys[asking], places[asking]
        if self._reserve(len(asking)):
            places = self._probed(own)[1]
        start = self.size
        # A row for each of them, for the time being; where a key occurs again, it will have that of the first.
        given = np.arange(start, start + len(asking), dtype=np.int64)
        repeats = np.zeros(len(asking), dtype=np.bool_)
        mask = len(self._index) - 1
        searching = np.arange(len(asking))
        while len(searching):
            at = places[searching]
            free = self._index[at] == _FREE
            claims, at_free = searching[free], at[free]
            # Where several write to one place, the last has it: in this order that is the first of the keys.
            self._index[at_free[::-1]] = (claims + start)[::-1]
            holder = self._index[at].astype(np.int64)
            lost = np.flatnonzero(holder != searching + start)
            # All occurrences of a key look at the same places in the same round, so it meets itself here or nowhere.
            further, holder = searching[lost], holder[lost] - start
            same = holder >= 0  # not a row of before
            same[same] = own[holder[same]] == own[further[same]]
            repeats[further[same]] = True
            given[further[same]] = holder[same] + start
            searching = further[~same]
            places[searching] = (places[searching] + 1) & mask
        if repeats.any():
            fresh = ~repeats
            place = np.flatnonzero(fresh)
            final = np.cumsum(fresh) - 1 + start
            self._index[places[place]] = final[place]
            given = final[given - start]
            first[asking[repeats]] = False
            own = own[fresh]
        rows[asking] = given
        self._open(own)
        return rows, first

    def supersede(self, keys: Keys) -> tuple[Rows, Rows]:
        """Add a row in place of that of each key, which must have one. Returns the new rows, and the old ones, hidden now."""
        rows = self.append(keys, hidden=True)
        old, places = self._probed(keys)
        self._index[places] = rows
        return rows, old

    def retain(self, kept: Mask) -> Rows:
        """Keep only the rows of a mask [row]. Returns the new row of each old one, -1 for a removed one."""
        findable = self._findable()
        moved = np.cumsum(kept, dtype=np.int32)
        moved -= 1
        moved[~kept] = _FREE
        size = int(kept.sum())
        for column in (*self.columns.values(), findable):
            done = 0
            for start in range(0, self.size, _CHUNK):
                part = slice(start, min(start + _CHUNK, self.size))
                rows = column[part][kept[part]]
                column[done : done + len(rows)] = rows
                done += len(rows)
        self.size = size
        self._build(findable[:size])
        return moved.astype(np.int64)

    def snapshot(self) -> dict[str, NDArray[Any]]:
        """The rows in use, as views: the next change of the index changes them too. Which are hidden is not in it."""
        return {name: column[: self.size] for name, column in self.columns.items()}

    def load(self, state: Mapping[str, Any], hidden: Mask) -> None:
        """Begin with the rows of :meth:`snapshot`, of which some are ``hidden``, [row].

        If they do not fit, raises :class:`StateError`, ``KeyError`` or ``TypeError`` and leaves the index empty.
        """
        self._begin()
        size = len(state["key"])
        loaded = {}
        for name, each in self._types.items():
            column = np.asarray(state.get(name))
            if column.dtype != each.kind or column.shape != (size, *each.shape):
                raise StateError(f"the snapshot has another column {name}")
            loaded[name] = column
        self._reserve(size)
        self.size = size
        for name, column in loaded.items():
            self.columns[name][:size] = column
        self._build(~hidden)

    def _open(self, keys: Keys) -> None:
        """Take new rows, for which there is room, with these keys."""
        part = slice(self.size, self.size + len(keys))
        self.columns["key"][part] = keys
        for name, each in self._types.items():
            if each.initial is not None:
                self.columns[name][part] = each.initial
        self.size = part.stop

    def _probed(self, keys: Keys) -> tuple[Rows, Rows]:
        """The row of each key, -1 for none, and its place in the index: that of the row, or the free one where it would be."""
        mask = len(self._index) - 1
        places = (keys & np.uint64(mask)).astype(np.int64)
        found = self._index[places].astype(np.int64)
        stored = self.columns["key"]
        searching = np.flatnonzero(found != _FREE)
        while len(searching):
            searching = searching[stored[found[searching]] != keys[searching]]
            at = (places[searching] + 1) & mask
            rows = self._index[at]
            places[searching], found[searching] = at, rows
            searching = searching[rows != _FREE]
        return found, places

    def _reserve(self, number: int) -> bool:
        """Make room for so many rows more. Returns whether places in the index are others now."""
        wanted = self.size + number
        if wanted <= self._allocated:
            return False
        doubled = min(2 * self._allocated, self.capacity + _SMALLEST)
        self._allocated = max(doubled, wanted)
        for name, old in self.columns.items():
            # One column after the other: memory then holds only one column twice.
            grown = np.empty((self._allocated, *old.shape[1:]), old.dtype)
            grown[: self.size] = old[: self.size]
            self.columns[name] = grown
        if _index_size(self._allocated) == len(self._index):
            return False
        self._build(self._findable())
        return True

    def _findable(self) -> Mask:
        """Which rows some key finds, [row]."""
        findable = np.zeros(self.size, dtype=np.bool_)
        findable[self._index[self._index != _FREE]] = True
        return findable

    def _build(self, findable: Mask) -> None:
        self._index = np.empty(0, dtype=np.int32)  # the old one goes before there is a new one
        self._index = np.full(_index_size(self._allocated), _FREE, dtype=np.int32)
        for start in range(0, self.size, _CHUNK):
            rows = np.flatnonzero(findable[start : start + _CHUNK]) + start
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


def _index_size(rows: int) -> int:
    """Places in the index of so many rows: a power of two, at least half of them free."""
    return 1 << max(2 * rows - 1, 1).bit_length()
