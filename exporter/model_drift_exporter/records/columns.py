"""Columns of a batch as decoders type them: numbers, coded texts, identifiers. What is none of these stays a list of raw values.

A typed column is also a sequence of the raw values that it stands for, so code that looks at single
values need not know its type.
"""

from __future__ import annotations

from array import array
from collections.abc import Iterator, Mapping, Sequence
from itertools import chain
from typing import Any, Self, overload

import attrs
import numpy as np
from numpy.typing import NDArray

__all__ = [
    "Column",
    "Identifiers",
    "Indexes",
    "Numbers",
    "TextPool",
    "Texts",
    "bytes_of",
    "concatenated",
    "joined",
    "taken",
    "typed",
]

Column = Sequence[object]
Indexes = NDArray[np.int64]
_MOST_TEXTS = 10_000
_MOST_CHARACTERS = 1 << 20
_NUMBERS = {float, int, type(None)}
_EXACT = 2.0**53
_TEXTS = {str, bool, type(None)}
_NONE = np.empty(0, dtype=np.int64)
_BYTES_OF_VALUE = 60  # of a raw value: a number or what holds a text, a list or an object, with its place in the column
_BYTES_OF_ELEMENT = 40  # of a number in a list
_BYTES_OF_ENTRY = 70  # of a number in an object


class _Array(Sequence[object]):
    """What typed columns have in common: they are sequences of raw values, and give parts of themselves of the same type."""

    __slots__ = ()

    def _raw(self, index: int) -> object:
        raise NotImplementedError

    def take(self, indexes: Any) -> Self:
        """The values at an array or a slice of indexes, in that order."""
        raise NotImplementedError

    @overload
    def __getitem__(self, index: int) -> object: ...
    @overload
    def __getitem__(self, index: slice) -> Sequence[object]: ...
    def __getitem__(self, index: int | slice) -> object:
        return self.take(index) if isinstance(index, slice) else self._raw(index)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Sequence) and [*self] == [*other]

    __hash__ = None  # type: ignore[assignment]


@attrs.frozen(eq=False, repr=False, slots=True)
class Numbers(_Array):
    """``values`` is a float64 array, NaN where a value is missing or no number. ``invalid`` are the indexes of the latter.

    The raw value of what was no number is not kept; an empty list stands for it.
    """

    values: NDArray[np.float64]
    invalid: Indexes = attrs.field(factory=lambda: _NONE)

    def __len__(self) -> int:
        return len(self.values)

    def __iter__(self) -> Iterator[object]:
        values: list[object] = [None if value != value else value for value in self.values.tolist()]  # noqa: PLR0124 - NaN
        for index in self.invalid.tolist():
            values[index] = []
        return iter(values)

    def _raw(self, index: int) -> object:
        value = float(self.values[index])
        if value == value:  # noqa: PLR0124 - not NaN
            return value
        return [] if index % len(self.values) in self.invalid else None

    def take(self, indexes: Any) -> Self:
        """The values at an array or a slice of indexes, in that order."""
        values = self.values[indexes]
        if not len(self.invalid):
            return type(self)(values)
        wrong = np.zeros(len(self.values), dtype=np.bool_)
        wrong[self.invalid] = True
        return type(self)(values, np.flatnonzero(wrong[indexes]))


class TextPool:
    """Distinct texts, by code in ``codes`` and by text in ``texts``. ``None`` has the code -1. A pool only grows, up to a limit.

    Who has a pool with more than 10,000 texts, or a million characters, goes on with a new one: see :meth:`full`.
    """

    __slots__ = ("__weakref__", "codes", "texts")

    def __init__(self) -> None:
        self.texts: list[str] = []
        self.codes = _Coding(self.texts)

    def __len__(self) -> int:
        return len(self.texts)

    @property
    def full(self) -> bool:
        """Whether the next batch of texts should get another pool."""
        return len(self.texts) >= _MOST_TEXTS or self.characters >= _MOST_CHARACTERS

    @property
    def characters(self) -> int:
        """How many characters all texts have together."""
        return self.codes.characters

    def lengths(self, codes: NDArray[np.int32]) -> NDArray[np.int64]:
        """How many characters the text of each code has, 0 for a missing one."""
        found: NDArray[np.int64] = np.frombuffer(self.codes.lengths, np.int64)[codes + 1]
        return found

    def code(self, values: Sequence[str | None]) -> NDArray[np.int32]:
        """The code of each text; new texts are added."""
        return np.fromiter(map(self.codes.__getitem__, values), np.int32, len(values))


class _Coding(dict[str | None, int]):
    __slots__ = ("characters", "lengths", "texts")

    def __init__(self, texts: list[str]) -> None:
        super().__init__({None: -1})
        self.texts = texts
        self.lengths = array("q", [0])  # of the missing text, whose code is -1, and of each other behind it
        self.characters = 0

    def __missing__(self, key: str) -> int:
        code = self[key] = len(self.texts)
        self.texts.append(key)
        self.lengths.append(len(key))
        self.characters += len(key)
        return code


@attrs.frozen(eq=False, repr=False, slots=True)
class Texts(_Array):
    """``codes`` (int32) are places in ``pool.texts``; -1 is a missing value."""

    pool: TextPool
    codes: NDArray[np.int32]

    @classmethod
    def of(cls, values: Sequence[str | None], pool: TextPool | None = None) -> Texts:
        """Texts in a pool, by default one of their own."""
        pool = TextPool() if pool is None else pool
        return cls(pool, pool.code(values))

    def __len__(self) -> int:
        return len(self.codes)

    def __iter__(self) -> Iterator[object]:
        texts = [*self.pool.texts, None]
        return map(texts.__getitem__, self.codes.tolist())

    def _raw(self, index: int) -> object:
        code = int(self.codes[index])
        return None if code < 0 else self.pool.texts[code]

    def take(self, indexes: Any) -> Self:
        """The texts at an array or a slice of indexes, in that order."""
        return type(self)(self.pool, self.codes[indexes])

    def distinct(self) -> tuple[list[str | None], NDArray[np.int64]]:
        """The distinct texts in the order in which they come, ``None`` for missing ones, and the place in them of each value."""
        size, texts = len(self.codes), self.pool.texts
        # Written from the end, the first occurrence of each code is what stays; the missing value's place is the last.
        first = np.full(len(texts) + 1, size)
        first[self.codes[::-1]] = np.arange(size - 1, -1, -1)
        used = np.flatnonzero(first < size)
        used = used[np.argsort(first[used])]
        rank = np.zeros(len(texts) + 1, dtype=np.int64)
        rank[used] = np.arange(len(used))
        named: list[str | None] = [*texts, None]
        return [named[code] for code in used.tolist()], rank[self.codes]


@attrs.frozen(eq=False, repr=False, slots=True)
class Identifiers(_Array):
    """Hashed identifiers: ``hashes`` (uint64), and ``known`` where there is one at all."""

    hashes: NDArray[np.uint64]
    known: NDArray[np.bool_]

    def __len__(self) -> int:
        return len(self.hashes)

    def __iter__(self) -> Iterator[object]:
        pairs = zip(self.hashes.tolist(), self.known.tolist(), strict=True)
        return iter([value if known else None for value, known in pairs])

    def _raw(self, index: int) -> object:
        return int(self.hashes[index]) if self.known[index] else None

    def take(self, indexes: Any) -> Self:
        """The identifiers at an array or a slice of indexes, in that order."""
        return type(self)(self.hashes[indexes], self.known[indexes])


def typed(values: Column, pool: TextPool | None = None) -> Column:
    """Raw JSON values as numbers or as texts, if all of them are, or missing; otherwise the values themselves.

    A bool becomes the text that it is everywhere: ``true`` or ``false``. ``pool`` gets the texts.
    """
    if isinstance(values, _Array):
        return values
    kinds = set(map(type, values))
    if kinds <= _NUMBERS:
        numbers = _exact_numbers(values, whole=int in kinds)
        return values if numbers is None else numbers
    if kinds <= _TEXTS:
        texts: Any = values
        if bool in kinds:
            texts = [("true" if value else "false") if isinstance(value, bool) else value for value in texts]
        return Texts.of(texts, pool)
    return values


def _exact_numbers(values: Column, *, whole: bool) -> Numbers | None:
    """The values as floats; ``None`` if a whole number among them has more digits than a float can hold."""
    try:
        array = np.fromiter(values, np.float64, len(values))
    except OverflowError:
        return None
    if whole and bool((np.abs(array) >= _EXACT).any()):
        return None
    return Numbers(array)


def bytes_of(column: Column) -> int:
    """About how many bytes of memory a column holds. A text of a pool counts each time, as long as the pool has as many."""
    if isinstance(column, Numbers):
        return column.values.nbytes + column.invalid.nbytes
    if isinstance(column, Identifiers):
        return column.hashes.nbytes + column.known.nbytes
    if isinstance(column, Texts):
        return column.codes.nbytes + min(int(column.pool.lengths(column.codes).sum()), column.pool.characters)
    return _BYTES_OF_VALUE * len(column) + _bytes_within(column)


def _bytes_within(values: Sequence[object]) -> int:
    """What raw values hold beyond themselves. It looks at one level of nesting after the other, and at no number by itself."""
    size = 0
    while not (kinds := set(map(type, values))) <= _NUMBERS:
        if str in kinds:
            size += sum(len(value) for value in values if isinstance(value, str))
        lists = [value for value in values if isinstance(value, list | tuple)]
        objects = [value for value in values if isinstance(value, Mapping)]
        names = sum(map(len, chain.from_iterable(objects)))
        size += _BYTES_OF_ELEMENT * sum(map(len, lists)) + _BYTES_OF_ENTRY * sum(map(len, objects)) + names
        values = [*chain.from_iterable(lists), *chain.from_iterable(each.values() for each in objects)]
    return size


def taken(column: Column, indexes: Any) -> Column:
    """The values of any column at an array or a slice of indexes, in that order."""
    if isinstance(column, _Array):
        return column.take(indexes)
    if isinstance(indexes, slice):
        return column[indexes]
    return [column[index] for index in indexes.tolist()]


def concatenated(columns: Sequence[Column]) -> Column:
    """At least one column, one behind the other: of the same type if all are, otherwise a list of raw values."""
    if len(columns) == 1:
        return columns[0]
    columns = _alike(columns)
    if all(isinstance(column, Numbers) for column in columns):
        return _numbers([column for column in columns if isinstance(column, Numbers)])
    if all(isinstance(column, Texts) for column in columns):
        return _texts([column for column in columns if isinstance(column, Texts)])
    if all(isinstance(column, Identifiers) for column in columns):
        parts = [column for column in columns if isinstance(column, Identifiers)]
        return Identifiers(
            np.concatenate([part.hashes for part in parts]), np.concatenate([part.known for part in parts])
        )
    return [*chain.from_iterable(columns)]


def _alike(columns: Sequence[Column]) -> Sequence[Column]:
    """Texts that are all missing look like numbers that are; beside texts they are texts."""
    pool = next((column.pool for column in columns if isinstance(column, Texts)), None)
    if pool is None:
        return columns
    return [
        Texts(pool, np.full(len(column), -1, dtype=np.int32))
        if isinstance(column, Numbers) and np.isnan(column.values).all() and not len(column.invalid)
        else column
        for column in columns
    ]


def _numbers(parts: Sequence[Numbers]) -> Numbers:
    values = np.concatenate([part.values for part in parts])
    if not any(len(part.invalid) for part in parts):
        return Numbers(values)
    starts = np.cumsum([0, *(len(part) for part in parts)])
    return Numbers(values, np.concatenate([part.invalid + start for part, start in zip(parts, starts, strict=False)]))


def _texts(parts: Sequence[Texts]) -> Texts:
    pool = parts[0].pool
    codes = []
    for part in parts:
        if part.pool is pool:
            codes.append(part.codes)
            continue
        used = np.unique(part.codes)
        texts: list[str | None] = [*part.pool.texts, None]
        table = np.full(len(texts), -1, dtype=np.int32)
        table[used] = pool.code([texts[code] for code in used.tolist()])
        codes.append(table[part.codes])
    return Texts(pool, np.concatenate(codes))


def joined(columns: Sequence[Column | None], sizes: Sequence[int], *, text: bool) -> Column:
    """Columns of ``sizes``, one behind the other; a value is missing where there is none (``None``).

    With ``text`` columns of several types become cells as in CSV: all of their values are strings.
    """
    given = [column for column in columns if column is not None]
    parts = [
        _missing(given[0], size, text=text) if column is None else column
        for column, size in zip(columns, sizes, strict=True)
    ]
    if text and len({type(part) if isinstance(part, _Array) else None for part in _alike(parts)}) > 1:
        parts = [_cells(part) for part in parts]
    return concatenated(parts)


def _cells(column: Column) -> Column:
    """What a typed column of CSV would be untyped. A cell that was no number is any text that is none."""
    return [_cell(value) for value in column] if isinstance(column, _Array) else column


def _cell(value: object) -> str:
    if isinstance(value, float):
        return str(int(value)) if value.is_integer() and abs(value) < _EXACT else repr(value)
    return "" if value is None else str(value)


def _missing(like: Column, size: int, *, text: bool) -> Column:
    if isinstance(like, Numbers):
        return Numbers(np.full(size, np.nan))
    if isinstance(like, Texts):
        return Texts(like.pool, np.full(size, -1, dtype=np.int32))
    if isinstance(like, Identifiers):
        return Identifiers(np.zeros(size, dtype=np.uint64), np.zeros(size, dtype=np.bool_))
    return ([""] if text else [None]) * size
