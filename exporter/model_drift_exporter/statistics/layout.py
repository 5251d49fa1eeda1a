"""The layout of the bins of all columns of a model on one flat axis, so that no statistic loops over columns."""

from __future__ import annotations

from collections.abc import Sequence
from functools import cached_property
from typing import Any

import attrs
import numpy as np
import numpy.typing as npt

__all__ = ["BooleanArray", "CellLayout", "ColumnCells", "FloatArray", "IndexArray"]

FloatArray = npt.NDArray[np.float64]
IndexArray = npt.NDArray[np.intp]
BooleanArray = npt.NDArray[np.bool_]

# Bin means are sums of floats. By rounding, two bins around one repeated value may be in the wrong order.
_ORDER_TOLERANCE = 1e-9


@attrs.frozen
class ColumnCells:
    """One column's bins: the valid numeric ones first and in order of value, then the special ones.

    ``size`` counts all bins. ``representatives`` has one number per valid numeric bin (the reference's mean in the
    bin, its minimum for ``__below__``, its maximum for ``__above__``) and is empty for a categorical column.
    ``standard_deviation`` is the reference's.
    """

    size: int
    representatives: Sequence[float] = ()
    standard_deviation: float = float("nan")


@attrs.frozen(eq=False)
class CellLayout:
    """Columns with unequal numbers of bins, one after the other on a flat axis of C cells.

    Counts have the shape ``[..., C]`` and statistics ``[..., K]``, where K is the number of columns. Raises ``ValueError``
    if the parts contradict each other.
    """

    starts: IndexArray
    """First cell of each column, ``[K]``."""
    sizes: IndexArray
    """Number of cells of each column, ``[K]``."""
    column: IndexArray
    """Column of each cell, ``[C]``."""
    valid: BooleanArray
    """Cells of valid numeric values, ``[C]``: contiguous and in order of value, before the column's other cells."""
    numeric: BooleanArray
    """Numeric columns, ``[K]``."""
    representative: FloatArray
    """The value that stands for a valid cell, ``[C]``; 0 elsewhere."""
    standard_deviation: FloatArray
    """The reference's standard deviation, ``[K]``; NaN or 0 where Wasserstein-1 cannot be scaled by it."""

    def __attrs_post_init__(self) -> None:
        columns, cells = len(self.sizes), len(self.column)
        if any(len(part) != columns for part in (self.starts, self.numeric, self.standard_deviation)):
            raise ValueError(f"starts, numeric and standard_deviation must have {columns} entries, one per column")
        if any(len(part) != cells for part in (self.valid, self.representative)):
            raise ValueError(f"valid and representative must have {cells} entries, one per cell")
        if np.any(self.sizes < 1) or not np.array_equal(self.column, np.repeat(np.arange(columns), self.sizes)):
            raise ValueError("every column needs at least one cell, and columns must follow each other in order")
        if not np.array_equal(self.starts, np.cumsum(self.sizes) - self.sizes):
            raise ValueError("starts must be where each column's cells begin")
        if np.any(self.valid & ~self.numeric[self.column]):
            raise ValueError("a categorical column has no cells of valid numeric values")
        same_column = self.column[1:] == self.column[:-1]
        if np.any(same_column & self.valid[1:] & ~self.valid[:-1]):
            raise ValueError("the cells of valid numeric values must come first in their column")
        if not np.all(np.isfinite(self.representative)):
            raise ValueError("representatives must be finite")
        lower, upper = self.representative[:-1], self.representative[1:]
        slack = _ORDER_TOLERANCE * np.maximum(np.abs(lower), np.abs(upper))
        if np.any(same_column & self.valid[1:] & (upper < lower - slack)):
            raise ValueError("representatives must not decrease from one valid cell to the next")

    @classmethod
    def from_columns(cls, columns: Sequence[ColumnCells]) -> CellLayout:
        """Lays the columns out one after the other. A column with representatives is numeric.

        Raises ``ValueError`` if a column has more representatives than bins, or they decrease or are not finite.
        """
        sizes = np.array([column.size for column in columns], dtype=np.intp)
        starts = np.cumsum(sizes, dtype=np.intp) - sizes
        valid = np.zeros(int(sizes.sum()), dtype=np.bool_)
        representative = np.zeros(len(valid))
        for start, column in zip(starts.tolist(), columns, strict=True):
            stop = start + len(column.representatives)
            if len(column.representatives) > column.size:
                raise ValueError(f"{len(column.representatives)} representatives for {column.size} bins")
            valid[start:stop] = True
            representative[start:stop] = column.representatives
        return cls(
            starts=starts,
            sizes=sizes,
            column=np.repeat(np.arange(len(sizes), dtype=np.intp), sizes),
            valid=valid,
            numeric=np.array([len(column.representatives) > 0 for column in columns], dtype=np.bool_),
            representative=representative,
            standard_deviation=np.array([column.standard_deviation for column in columns], dtype=np.float64),
        )

    @cached_property
    def bins(self) -> FloatArray:
        """Number of bins of each column as floats, ``[K]``."""
        return self.sizes.astype(np.float64)

    @cached_property
    def scaled_step(self) -> FloatArray:
        """Distance from a valid cell's representative to the next valid one's in standard deviations, ``[C]``.

        0 for a column's last valid cell, and in all cells of columns outside :attr:`scalable`.
        """
        step = np.where(self.scalable[self.column], self._raw_scaled_step, 0.0)
        return np.maximum(step, 0.0)

    @cached_property
    def scalable(self) -> BooleanArray:
        """Columns whose Wasserstein-1 distance is defined: numeric, with a usable standard deviation, ``[K]``."""
        finite = np.ones(len(self.sizes), dtype=np.bool_)
        finite[self.column[~np.isfinite(self._raw_scaled_step)]] = False
        return self.numeric & finite & np.isfinite(self.standard_deviation) & (self.standard_deviation > 0)

    @cached_property
    def _raw_scaled_step(self) -> FloatArray:
        step = np.zeros(len(self.column))
        neighbours = (self.column[1:] == self.column[:-1]) & self.valid[1:]
        # Representatives near the largest float overflow here, and a standard deviation may be 0.
        with np.errstate(all="ignore"):
            scaled = np.diff(self.representative) / self.standard_deviation[self.column[:-1]]
        step[:-1][neighbours] = scaled[neighbours]
        return step

    def per_column(self, counts: npt.NDArray[Any]) -> npt.NDArray[Any]:
        """Adds up the cells of each column: ``[..., C]`` to ``[..., K]``."""
        return np.add.reduceat(counts, self.starts, axis=-1)

    def per_cell(self, columns: npt.NDArray[Any]) -> npt.NDArray[Any]:
        """Repeats each column's value in its cells: ``[..., K]`` to ``[..., C]``."""
        return np.take(columns, self.column, axis=-1)
