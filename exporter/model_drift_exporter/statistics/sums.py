"""Sums that do not depend on how the numbers came in batches, so that every run agrees to the last digit."""

from __future__ import annotations

from typing import TypeVar

import numpy as np
from numpy.typing import NDArray

__all__ = ["running_sum", "summable"]

Table = TypeVar("Table", NDArray[np.float32], NDArray[np.float64])

_UNITS = 2.0**32


def running_sum(total: float, values: NDArray[np.float64]) -> float:
    """``total`` plus all values, added one after the other; ``inf`` where that is beyond a float."""
    with np.errstate(over="ignore"):
        return float(np.add.accumulate(np.append(total, values))[-1])


def summable(table: Table) -> Table:
    """The table, rounded down in place to multiples of 2^-32: a bet may lose by that, and never gains.

    A float64 holds any such multiple below 2^21 exactly. So a sum of table entries times whole numbers has no rounding error
    at all while it stays below that, and a matrix product may add them in any order: a library for linear algebra takes
    another order for another number of rows. Records of an update (a thousand at most) times a logarithm (less than 100)
    stay far below.
    """
    table *= _UNITS  # a power of two: exact
    np.floor(table, out=table)
    table /= _UNITS
    return table
