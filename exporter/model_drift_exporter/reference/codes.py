"""Turns raw values into bin codes, one column at a time.

This is the hot path. Clean values take one pass in C; other values are coded one by one.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any
from weakref import WeakKeyDictionary

import numpy as np
from numpy.typing import NDArray

from ..records.columns import Numbers, TextPool, Texts
from ..records.raw_values import Values, distinct_texts, numbers, text_of
from .profile import Column

__all__ = ["CategoricalCoder", "NumericCoder", "coder_of"]

_TEXTS = {str, type(None)}


class NumericCoder:
    """Codes of a numeric column, in this order: below the reference's minimum (0), ordinal bins, above, missing, invalid."""

    def __init__(self, edges: Sequence[float]) -> None:
        # Bins are closed on the right; the first one is closed on the left too. +inf is an edge, so that NaN, which no
        # comparison with an edge accepts, gets the code after it.
        with np.errstate(over="ignore"):
            lowest = np.nextafter(edges[0], -np.inf)
        self._edges = np.array([[lowest], *([edge] for edge in edges[1:]), [np.inf]])
        self.invalid = len(edges) + 2
        self._dtype = np.min_scalar_type(self.invalid)

    def codes(self, values: Values, *, text: bool = False) -> NDArray[np.unsignedinteger[Any]]:
        """One code a value."""
        array, invalid = numbers(values, text=text)
        codes = self.codes_of_numbers(array)
        if invalid:
            codes[invalid] = self.invalid
        return codes

    def codes_of_numbers(self, array: NDArray[np.float64]) -> NDArray[np.unsignedinteger[Any]]:
        """One code per number; NaN is missing."""
        # With few edges, comparing with each one takes half the time of a binary search.
        reached = (array <= self._edges).view(np.uint8)
        codes: NDArray[np.unsignedinteger[Any]] = len(self._edges) - np.add.reduce(reached, axis=0, dtype=self._dtype)
        return codes


class _Codes(dict[object, int]):
    """A mapping that gives all unknown keys the code ``other``, without storing them."""

    def __init__(self, codes: Mapping[object, int], other: int) -> None:
        super().__init__(codes)
        self._other = other

    def __missing__(self, key: object) -> int:
        return self._other


def _whole(category: str) -> int | None:
    """The whole number whose text is exactly the category, else ``None``: 7 for ``7``, ``None`` for ``007``."""
    try:
        number = int(category)
    except ValueError:
        return None
    return number if str(number) == category else None


class CategoricalCoder:
    """Codes of a categorical column, in this order: the categories, other, missing, invalid."""

    def __init__(self, categories: Sequence[str], *, accepts_numbers: bool = False) -> None:
        known: dict[object, int] = {category: code for code, category in enumerate(categories)}
        other, missing = len(categories), len(categories) + 1
        self.invalid = missing + 1
        self._missing = missing
        self._accepts_numbers = accepts_numbers
        self._by_text = _Codes({**known, None: missing}, other)
        self._by_text_or_empty = _Codes({**known, None: missing, "": missing}, other)
        whole: dict[object, int] = {
            number: code for code, category in enumerate(categories) if (number := _whole(category)) is not None
        }
        self._tables: WeakKeyDictionary[TextPool, NDArray[np.int64]] = WeakKeyDictionary()
        self._by_integer = _Codes({**whole, None: missing}, other)

    def codes(self, values: Values, *, text: bool = False) -> NDArray[np.int64]:
        """One code a value."""
        if isinstance(values, Texts):
            return self._codes_of_texts(values)
        if isinstance(values, Numbers):
            return self._codes_of_numbers(values)
        kinds = set(map(type, values))
        if kinds <= _TEXTS:
            by_text = self._by_text_or_empty if text else self._by_text
            return np.fromiter(map(by_text.__getitem__, values), np.int64, len(values))
        if self._accepts_numbers and kinds <= {int, type(None)}:
            return np.fromiter(map(self._by_integer.__getitem__, values), np.int64, len(values))
        return np.fromiter(map(self._code, values), np.int64, len(values))

    def _codes_of_texts(self, column: Texts) -> NDArray[np.int64]:
        table = self._tables.get(column.pool)
        texts = column.pool.texts
        known = 0 if table is None else len(table) - 1
        if table is None or known < len(texts):
            # The missing value has the code -1: its place is the last one.
            more = [self._by_text[text] for text in texts[known:]]
            table = np.array([*(table[:-1] if table is not None else ()), *more, self._missing], dtype=np.int64)
            self._tables[column.pool] = table
        codes: NDArray[np.int64] = table[column.codes]
        return codes

    def _codes_of_numbers(self, column: Numbers) -> NDArray[np.int64]:
        if self._accepts_numbers:
            names, places = distinct_texts(column)
            table = [self._missing if name is None else self._by_text[name] for name in names]
            codes = np.array(table, dtype=np.int64)[places] if table else np.empty(0, dtype=np.int64)
        else:
            codes = np.where(np.isnan(column.values), self._missing, self.invalid)
        codes[column.invalid] = self.invalid
        return codes

    def _code(self, value: object) -> int:
        if value is None or value != value:  # noqa: PLR0124 - NaN
            return self._missing
        if isinstance(value, str | bool) or self._accepts_numbers:
            name = text_of(value)
            return self.invalid if name is None else self._by_text[name]
        return self.invalid


def coder_of(column: Column) -> NumericCoder | CategoricalCoder:
    """The coder for a reference column."""
    if column.numeric:
        return NumericCoder(column.edges)
    return CategoricalCoder(column.categories, accepts_numbers=column.accepts_numbers)
