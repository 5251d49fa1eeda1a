"""Sorts any number of rows by a key in bounded memory: sorted runs in a spool, merged as they are read."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import pairwise
from typing import Any, Self

import attrs
import numpy as np
from numpy.typing import NDArray

from .array_spool import ArraySpool, SpoolStore

__all__ = ["SortedRows"]

Keys = NDArray[np.float64]
Rows = NDArray[Any]

_RUN = 32_768  # rows that are sorted at once
_MOST_RUNS = 256  # that are merged at once
_READ = 32_768  # rows that the buffers of a merge hold together


class SortedRows:
    """Rows of one type in the order of their keys; rows with equal keys stay in the order in which they came.

    ``kind`` is the type of a row, a structured one where it has several columns. Rows stand in spools that share a ``store``.
    Rows that come in order are one run, however many they are; others are runs of 32,768 and more. In memory are the rows of
    such a run or, while up to 256 runs are merged, about as many.
    """

    def __init__(self, kind: np.dtype[Any], store: SpoolStore) -> None:
        self._kind = kind
        self._store = store
        self._waiting: list[tuple[Keys, Rows]] = []
        self._number = 0
        self._runs = _Runs.new(kind, store)

    def add(self, keys: Keys, rows: Rows) -> None:
        """Take in rows with their keys, which are not NaN; both are [row]."""
        self._waiting.append((keys, rows))
        self._number += len(keys)
        if self._number >= _RUN:
            self._sort()

    def _sort(self) -> None:
        if self._number:
            keys, rows = (np.concatenate(parts) for parts in zip(*self._waiting, strict=True))
            self._waiting, self._number = [], 0
            order = np.argsort(keys, kind="stable")
            self._runs.add(keys[order], rows[order])

    def blocks(self) -> Iterator[tuple[Keys, Rows]]:
        """All rows in order with their keys, up to 32,768 at a time. Nothing can be added any more; it can be done once."""
        self._sort()
        while len(self._runs) > _MOST_RUNS:
            fewer = _Runs.new(self._kind, self._store)
            for first in range(0, len(self._runs), _MOST_RUNS):
                for keys, rows in self._runs.merged(first, first + _MOST_RUNS):
                    fewer.add(keys, rows)
            self._runs.close()
            self._runs = fewer
        yield from self._runs.merged(0, len(self._runs))
        self._runs.close()


@attrs.define(eq=False)
class _Runs:
    """Sorted runs one behind the other. All rows of a run came before those of the next."""

    keys: ArraySpool
    rows: ArraySpool
    starts: list[int] = attrs.field(factory=list)
    _last: float = np.nan

    @classmethod
    def new(cls, kind: np.dtype[Any], store: SpoolStore) -> Self:
        return cls(ArraySpool(np.float64, store=store), ArraySpool(kind, store=store))

    def __len__(self) -> int:
        return len(self.starts)

    def add(self, keys: Keys, rows: Rows) -> None:
        """Append sorted rows: to the last run where they go on in its order, otherwise as the next one."""
        if not keys[0] >= self._last:
            self.starts.append(len(self.keys))
        self.keys.append(keys)
        self.rows.append(rows)
        self._last = float(keys[-1])

    def close(self) -> None:
        self.keys.close()
        self.rows.close()

    def merged(self, first: int, end: int) -> Iterator[tuple[Keys, Rows]]:
        """The rows of the runs from ``first`` to before ``end`` in one order."""
        limits = [*self.starts[first : end + 1], *([len(self.keys)] if end >= len(self.starts) else [])]
        size = max(_READ // max(len(limits) - 1, 1), 1)
        parts = [_Part(start, stop) for start, stop in pairwise(limits)]
        while parts:
            for part in parts:
                # A part with few keys would let all others come only as far as these reach.
                if part.goes_on and len(part.keys) <= size // 2:
                    more = self.keys.read(part.start + len(part.keys), min(part.start + size, part.stop))
                    part.keys = np.concatenate([part.keys, more])
            known, limiting = min(
                ((float(part.keys[-1]), place) for place, part in enumerate(parts) if part.goes_on),
                default=(np.inf, len(parts)),
            )
            # Rows of a later run wait where the limiting one may have more with the same key, which came before them.
            found = [part.take(known, inclusive=place <= limiting) for place, part in enumerate(parts)]
            keys = np.concatenate([taken for taken, _ in found])
            rows = np.concatenate([self.rows.read(start, start + len(taken)) for taken, start in found])
            order = np.argsort(keys, kind="stable")
            yield keys[order], rows[order]
            parts = [part for part in parts if part.start < part.stop]


@attrs.define(eq=False)
class _Part:
    """The rows of a run from ``start`` to before ``stop``, with the first of their keys."""

    start: int
    stop: int
    keys: Keys = attrs.field(factory=lambda: np.empty(0))

    @property
    def goes_on(self) -> bool:
        """Whether there are more rows than keys."""
        return self.start + len(self.keys) < self.stop

    def take(self, limit: float, *, inclusive: bool) -> tuple[Keys, int]:
        """Remove the rows with keys below a limit, or at it; gives their keys, and where they stand."""
        count = int(np.searchsorted(self.keys, limit, side="right" if inclusive else "left"))
        taken, start = self.keys[:count], self.start
        self.keys, self.start = self.keys[count:], start + count
        return taken, start
