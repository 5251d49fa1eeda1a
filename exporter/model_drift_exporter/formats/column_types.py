"""Types the columns of one stream: numbers as a matrix, texts by their codes in pools that go on from chunk to chunk."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from itertools import chain

import numpy as np

from ..records.columns import Column, Numbers, TextPool, Texts, typed
from ..records.features import Features
from ..records.fields import typed_field
from ..records.raw_values import NESTED, numbers

__all__ = ["ColumnTypes"]

_CONTAINERS: frozenset[type] = frozenset({list, dict})


class ColumnTypes:
    """Makes typed columns of raw ones. ``text``: the values are strings, as in CSV."""

    def __init__(self, *, text: bool = False) -> None:
        self._text = text
        self._pools: dict[str, TextPool] = {}

    def pool(self, name: str) -> TextPool:
        """The pool for the texts of a field or a feature."""
        pool = self._pools.get(name)
        if pool is None or pool.full:
            pool = self._pools[name] = TextPool()
        return pool

    def field(self, name: str, values: Column) -> Column:
        """The typed column of a field."""
        return typed_field(name, values, text=self._text, pool=self.pool(f"field {name}"))

    def features(
        self,
        columns: Mapping[str, Column],
        size: int,
        *,
        sure: Mapping[str, str],
        numeric: frozenset[str] = frozenset(),
        categorical: frozenset[str] = frozenset(),
    ) -> Features:
        """The typed columns of features.

        ``sure`` are features whose values are known to be all numbers (``number``) or all texts (``text``), or missing. Of the
        others those that are ``numeric`` by their references become numbers, with what was none noted; text becomes coded where
        they are ``categorical``.
        """
        flat = [name for name in columns if sure.get(name) == "number"]
        matrix = np.empty((0, size))
        if flat:
            values = chain.from_iterable(columns[name] for name in flat)
            matrix = np.fromiter(values, np.float64, len(flat) * size).reshape(len(flat), size)
        rows = {name: row for row, name in enumerate(flat)}
        others: dict[str, Column] = {}
        more: dict[str, Numbers] = {}
        for name, column in columns.items():
            if name not in rows:
                each = self._feature(name, column, sure.get(name, ""), name in numeric, name in categorical)
                if isinstance(each, Numbers):
                    more[name] = each
                else:
                    others[name] = each
        invalid = {name: each.invalid for name, each in more.items() if len(each.invalid)}
        if more:
            matrix = np.concatenate([matrix, *(each.values[None] for each in more.values())])
            rows |= {name: len(flat) + row for row, name in enumerate(more)}
        return Features(tuple(columns), matrix, rows, invalid, others)

    def _feature(self, name: str, column: Column, sure: str, numeric: bool, categorical: bool) -> Column:
        if isinstance(column, Numbers | Texts):
            return column
        if numeric:
            array, invalid = numbers(column, text=self._text)
            return Numbers(array, np.asarray(invalid, dtype=np.int64))
        if sure == "text":
            texts: Sequence[str | None] = column  # type: ignore[assignment]
            return Texts.of(texts, self.pool(name))
        if not self._text:
            return _without_contents(typed(column, self.pool(name)))
        if categorical:
            cells: list[str | None] = [str(value) if value else None for value in column]
            return Texts.of(cells, self.pool(name))
        return column


def _without_contents(column: Column) -> Column:
    """Raw values without what arrays and objects hold, which may be a thousand times as much as the rest of a record."""
    if isinstance(column, Numbers | Texts) or _CONTAINERS.isdisjoint(map(type, column)):
        return column
    return [NESTED if value.__class__ in _CONTAINERS else value for value in column]
