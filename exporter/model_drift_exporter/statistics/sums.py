"""Sums that do not depend on how numbers are cut into batches, so that every run agrees to the last digit."""

from __future__ import annotations

from typing import TypeVar

import numpy as np
from numpy.typing import NDArray

__all__ = ["running_sum", "summable"]

Table = TypeVar("Table", NDArray[np.float32], NDArray[np.float64])

_UNITS = 2.0**32


def running_sum(total: float, values: NDArray[np.float64]) -> float:
    """``total`` plus all values, added one after the other. ``inf`` if that is too large for a float."""
    with np.errstate(over="ignore"):
        return float(np.add.accumulate(np.append(total, values))[-1])


def summable(table: Table) -> Table:
    """The table, rounded down in place to multiples of 2^-32. A bet may lose by that, but never gains.

    A float64 holds any such multiple below 2^21 exactly. So a sum of table entries times whole numbers has no rounding error
    while it stays below 2^21. Then the order of a matrix product does not matter, which in a library for linear algebra
    depends on the number of rows. The sums are far smaller: an update has at most a thousand records, and a logarithm is
    less than 100.
    """
    table *= _UNITS  # a power of two: exact
    np.floor(table, out=table)
    table /= _UNITS
    return table
