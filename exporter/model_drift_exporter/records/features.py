"""The features of a batch: the numeric ones as one matrix, the others as columns of their own."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import attrs
import numpy as np
from numpy.typing import NDArray

from .columns import Column, Indexes, Numbers, joined, taken, typed

__all__ = ["Features"]


@attrs.frozen(eq=False)
class Features(Mapping[str, Column]):
    """Columns by feature, in the order of ``names``.

    ``numbers`` is a float64 matrix [numeric feature, record] with the rows ``rows`` by feature, NaN where a value is missing or
    no number; ``invalid`` are the indexes of the records in which it was no number, for the features that have such. ``others``
    are coded texts, or raw values where these are of several types.
    """

    names: tuple[str, ...]
    numbers: NDArray[np.float64]
    rows: Mapping[str, int]
    invalid: Mapping[str, Indexes]
    others: Mapping[str, Column]

    @classmethod
    def of(cls, columns: Mapping[str, Column], size: int) -> Features:
        """Features in columns of any kind, of ``size`` values each; raw JSON values are typed."""
        found = {name: typed(column) for name, column in columns.items()}
        return cls.of_typed(found, size)

    @classmethod
    def of_typed(cls, columns: Mapping[str, Column], size: int) -> Features:
        """Features in columns that are typed as far as they should be."""
        numeric = {name: column for name, column in columns.items() if isinstance(column, Numbers)}
        matrix = np.empty((len(numeric), size))
        for row, column in enumerate(numeric.values()):
            matrix[row] = column.values
        return cls(
            names=tuple(columns),
            numbers=matrix,
            rows={name: row for row, name in enumerate(numeric)},
            invalid={name: column.invalid for name, column in numeric.items() if len(column.invalid)},
            others={name: column for name, column in columns.items() if name not in numeric},
        )

    def __getitem__(self, name: str) -> Column:
        row = self.rows.get(name)
        if row is None:
            return self.others[name]
        invalid = self.invalid.get(name)
        return Numbers(self.numbers[row]) if invalid is None else Numbers(self.numbers[row], invalid)

    def __iter__(self) -> Iterator[str]:
        return iter(self.names)

    def __len__(self) -> int:
        return len(self.names)

    def take(self, indexes: Any) -> Features:
        """The records at an array or a slice of indexes, in that order."""
        invalid = {}
        for name in self.invalid:
            column = self[name]
            part = column.take(indexes).invalid if isinstance(column, Numbers) else ()
            if len(part):
                invalid[name] = np.asarray(part, dtype=np.int64)
        return attrs.evolve(
            self,
            numbers=self.numbers[:, indexes],
            invalid=invalid,
            others={name: taken(column, indexes) for name, column in self.others.items()},
        )

    @classmethod
    def joined(cls, parts: Sequence[Features], sizes: Sequence[int], *, text: bool) -> Features:
        """The records of all parts, one part behind the other; a feature that a part lacks is missing there."""
        first = parts[0]
        if len(parts) == 1:
            return first
        if all(part.names == first.names and part.rows == first.rows for part in parts):
            starts = np.cumsum([0, *sizes])
            invalid: dict[str, list[Indexes]] = {}
            for part, start in zip(parts, starts, strict=False):
                for name, indexes in part.invalid.items():
                    invalid.setdefault(name, []).append(indexes + start)
            return attrs.evolve(
                first,
                numbers=np.concatenate([part.numbers for part in parts], axis=1),
                invalid={name: np.concatenate(each) for name, each in invalid.items()},
                others={name: joined([part.others[name] for part in parts], sizes, text=text) for name in first.others},
            )
        names = dict.fromkeys(name for part in parts for name in part.names)
        return cls.of_typed(
            {name: joined([part.get(name) for part in parts], sizes, text=text) for name in names}, sum(sizes)
        )
