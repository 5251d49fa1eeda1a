"""The classes that a column of predictions or labels names, each distinct one named once."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from typing import Any, Self

import attrs
import numpy as np
from numpy.typing import NDArray

from ..records.raw_values import Values, distinct_texts

__all__ = ["ClassColumn"]

_NONE = -1


@attrs.frozen(eq=False)
class ClassColumn:
    """``places`` [row] are places in ``names``, which are different from each other; -1 is no class."""

    names: Sequence[str]
    places: NDArray[np.int64]

    @classmethod
    def of(cls, values: Values, *, text: bool) -> Self:
        """The classes of raw values or of a typed column, as :func:`class_of` names each of them."""
        texts, found = distinct_texts(values)
        places: dict[str, int] = {}
        table = [
            _NONE if name is None or (text and not name) else places.setdefault(name, len(places)) for name in texts
        ]
        return cls([*places], np.array(table, dtype=np.int64)[found])

    @classmethod
    def without(cls, rows: int) -> Self:
        """Rows without any class."""
        return cls([], np.full(rows, _NONE))

    def __len__(self) -> int:
        return len(self.places)

    def taken(self, rows: Any) -> ClassColumn:
        """Some of the rows, by an array of truths or by indexes."""
        return ClassColumn(self.names, self.places[np.asarray(rows, dtype=None if len(rows) else np.int64)])

    def positions(self, wanted: Mapping[str, int], other: int) -> NDArray[np.int64]:
        """Of each row the number that its class is mapped to, ``other`` where it is none of these, -1 where there is none."""
        return np.array([*(wanted.get(name, other) for name in self.names), _NONE], dtype=np.int64)[self.places]

    def groups(self) -> Iterator[tuple[str, NDArray[np.int64]]]:
        """The rows of each class, ascending; the classes in the order of their first rows."""
        order = np.argsort(self.places, kind="stable")
        order = order[np.searchsorted(self.places[order], 0) :]
        starts = np.flatnonzero(np.diff(self.places[order], prepend=_NONE))
        groups = np.split(order, starts[1:]) if len(starts) else []
        for rows in sorted(groups, key=lambda rows: int(rows[0])):
            yield self.names[self.places[rows[0]]], rows

    def counts(self) -> Counter[str]:
        """Rows of each class, in the order of their first rows."""
        return Counter({name: len(rows) for name, rows in self.groups()})
