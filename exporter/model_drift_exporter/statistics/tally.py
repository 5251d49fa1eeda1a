"""Sums over outcomes, to which outcomes can be added and from which they can be taken back."""

from __future__ import annotations

from typing import Self

import attrs
import numpy as np
import numpy.typing as npt

from .layout import FloatArray

__all__ = ["Contributions", "Tally", "TallyShape"]

IntegerArray = npt.NDArray[np.int64]


@attrs.frozen
class TallyShape:
    """The shape of a tally: ``counts`` integers, and for each of ``levels`` levels the sums of ``numbers`` floats.

    The first ``levels`` counts are the numbers of rows by level. Each row's numbers are summed within its level only. When
    all rows of a level have been taken back, its sums are exactly 0 again. So a huge wrong value leaves no rounding error in
    the sums of ordinary values, as long as they are of another level.
    """

    counts: int
    levels: int
    numbers: int


@attrs.frozen(eq=False)
class Contributions:
    """What rows add to a tally. ``cells`` [row, n] are positions in the counts, -1 for none.

    ``level`` [row] is the level of ``numbers`` [row, m], -1 for none. The count of the level is added, too, although it is
    not among the cells.
    """

    cells: IntegerArray
    level: IntegerArray
    numbers: FloatArray

    def __len__(self) -> int:
        return len(self.level)

    def take(self, rows: npt.NDArray[np.bool_] | npt.NDArray[np.intp]) -> Contributions:
        """Some of the rows."""
        return Contributions(self.cells[rows], self.level[rows], self.numbers[rows])


@attrs.frozen(eq=False)
class Tally:
    """``counts`` is [slot, count] and ``sums`` [slot, level, number]. Each slot is a tally of its own."""

    counts: IntegerArray
    sums: FloatArray

    @classmethod
    def empty(cls, shape: TallyShape, slots: int = 1) -> Self:
        """A tally of zeros."""
        return cls(np.zeros((slots, shape.counts), dtype=np.int64), np.zeros((slots, shape.levels, shape.numbers)))

    def add(self, rows: Contributions, sign: npt.ArrayLike = 1, slot: npt.ArrayLike = 0) -> None:
        """Add rows (``sign`` 1), or take them back (-1), one after the other, each in its ``slot``.

        The last digits of the sums depend on the order of the rows, but not on how rows are cut into calls.
        """
        slots = np.broadcast_to(slot, len(rows))
        signs = np.broadcast_to(sign, len(rows)).astype(np.int64)
        first = 0
        for taken in np.flatnonzero(signs < 0).tolist():
            self._add(rows, signs, slots, slice(first, taken + 1))
            level = int(rows.level[taken])
            if level >= 0 and self.counts[slots[taken], level] == 0:
                self.sums[slots[taken], level] = 0.0
            first = taken + 1
        self._add(rows, signs, slots, slice(first, None))

    def _add(self, rows: Contributions, signs: IntegerArray, slots: IntegerArray, part: slice) -> None:
        signs, level, numbers = signs[part], rows.level[part], rows.numbers[part]
        flat, first = self.counts.reshape(-1), slots[part] * self.counts.shape[1]
        for cells in (*rows.cells[part].T, level):
            known = cells >= 0
            if known.all():
                np.add.at(flat, first + cells, signs)
            else:
                np.add.at(flat, (first + cells)[known], signs[known])
        known = level >= 0
        slots = slots[part]
        if not known.all():
            signs, slots, level, numbers = signs[known], slots[known], level[known], numbers[known]
        if (signs < 0).any():
            numbers = numbers * signs[:, None]
        # By places on one axis, since an index of several axes takes three times as long.
        _, levels, width = self.sums.shape
        first = (slots * levels + level) * width
        places = first if width == 1 else (first[:, None] + np.arange(width)).ravel()
        np.add.at(self.sums.reshape(-1), places, numbers.ravel())

    def clear(self, slot: int) -> None:
        """Empty one slot."""
        self.counts[slot] = 0
        self.sums[slot] = 0.0

    def total(self, slots: npt.NDArray[np.bool_] | None = None) -> tuple[IntegerArray, FloatArray]:
        """Counts [count] and sums [level, number] over all slots, or those chosen."""
        counts = self.counts if slots is None else self.counts[slots]
        sums = self.sums if slots is None else self.sums[slots]
        return counts.sum(axis=0), sums.sum(axis=0)
