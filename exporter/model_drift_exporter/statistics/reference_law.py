"""The law behind a reference's rows, as far as its counts show it."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from .layout import CellLayout, FloatArray

__all__ = ["ReferenceLaw"]

_BRIDGES = 2_048
_BRIDGES_AT_ONCE = 64
_SEED = 20_240_229
# The mean of one repeated value is that value, up to rounding.
_ATOM_TOLERANCE = 1e-12


class ReferenceLaw:
    """The unknown law behind the reference's rows, as the noise floors need it.

    The next value of a continuous law falls into each of the rows + 1 spacings of an ordered sample equally often. So a
    numeric bin weighs as many observations as it has spacings. A bin that ends at one of its rows has one spacing per row.
    The lowest bin also begins at the minimum, and has one less. A bin outside the reference's range has one if it is empty.
    The exception is an extreme that is an atom (a repeated value, such as 0): nothing is expected beyond it. All other empty
    bins stay empty. Raises ``ValueError`` if ``counts`` are not ``[C]``.
    """

    def __init__(self, layout: CellLayout, counts: npt.ArrayLike) -> None:
        self.counts: FloatArray = np.array(counts, dtype=np.float64)
        """The reference's counts, ``[C]``."""
        if self.counts.shape != layout.column.shape:
            raise ValueError(f"reference counts must have the shape {layout.column.shape}, not {self.counts.shape}")
        self.rows: FloatArray = layout.per_column(self.counts)
        """The reference's observations, ``[K]``."""
        self.weight: FloatArray = self.counts + _spacings_less_rows(layout, self.counts, self.rows)
        """Observations that each cell weighs, ``[C]``."""
        self.total_weight: FloatArray = np.maximum(layout.per_column(self.weight), 1.0)
        self.share: FloatArray = self.weight / layout.per_cell(self.total_weight)
        """Expected share of each cell, ``[C]``; 0 in a column without observations."""
        self.valid_share: FloatArray = layout.per_column(self.share * layout.valid)
        """Expected share of valid numeric values, ``[K]``."""
        self.distribution_function = _distribution_function(self.share, layout)
        """Share of the valid values up to and including each cell, ``[C]``."""
        self.reference_function = _distribution_function(self.counts, layout)
        """The same, but of the counts."""
        self.mean_largest_bridge = _mean_largest_bridge(self.share, self.distribution_function, layout)
        """Mean largest absolute value of a Brownian bridge at the bins' edges, ``[K]``."""


def _spacings_less_rows(layout: CellLayout, counts: FloatArray, rows: FloatArray) -> FloatArray:
    weight = np.zeros(len(counts))
    valid_cells = layout.per_column(layout.valid.astype(np.intp))
    columns = np.flatnonzero((valid_cells >= 3) & (rows > 0))
    first = layout.starts[columns]
    last = first + valid_cells[columns] - 1
    for outside, inside in ((first, first + 1), (last, last - 1)):
        extreme, mean = layout.representative[outside], layout.representative[inside]
        atom = (np.abs(extreme - mean) <= _ATOM_TOLERANCE * np.abs(extreme)) & (counts[inside] >= 2)
        weight[outside] = (counts[outside] == 0) & ~atom
    weight[first + 1] -= np.where(counts[first + 1] > 0, weight[first], 0.0)
    return weight


def _distribution_function(weight: FloatArray, layout: CellLayout) -> FloatArray:
    valid = weight * layout.valid
    total: FloatArray = layout.per_column(valid)
    function: FloatArray = _running_sum(valid, layout) / layout.per_cell(np.where(total > 0, total, 1.0))
    # Rounding must not leave a variance at the ends of the distribution.
    return np.clip(function, 0.0, 1.0)


def _running_sum(values: FloatArray, layout: CellLayout) -> FloatArray:
    running = np.cumsum(values, axis=-1)
    before = np.take(running, layout.starts, axis=-1) - np.take(values, layout.starts, axis=-1)
    running -= layout.per_cell(before)
    return running


def _mean_largest_bridge(share: FloatArray, function: FloatArray, layout: CellLayout) -> FloatArray:
    generator = np.random.default_rng(_SEED)
    valid = share * layout.valid
    total = layout.per_column(valid)
    spread = np.sqrt(valid / layout.per_cell(np.where(total > 0, total, 1.0)))
    ordinal = np.arange(len(share)) - layout.starts[layout.column]
    last = layout.starts + layout.sizes - 1
    summed = np.zeros(len(layout.sizes))
    for _ in range(_BRIDGES // _BRIDGES_AT_ONCE):
        # All columns share the draws, each by the positions of its own bins.
        normal = generator.standard_normal((int(layout.sizes.max(initial=1)), _BRIDGES_AT_ONCE)).T
        path = _running_sum(np.take(normal, ordinal, axis=-1) * spread, layout)
        path -= function * layout.per_cell(np.take(path, last, axis=-1))
        np.abs(path, out=path)
        summed += np.maximum.reduceat(path, layout.starts, axis=-1).sum(axis=0)
    return summed / _BRIDGES
