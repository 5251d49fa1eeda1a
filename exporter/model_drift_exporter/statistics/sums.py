"""Sums that do not depend on how numbers are cut into batches, so that every run agrees to the last digit."""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeVar

import numpy as np
from numpy.typing import NDArray

__all__ = ["PART", "Reader", "pairwise_sum", "running_sum", "summable"]

Reader = Callable[[int, int], NDArray[np.float64]]
"""Reads the values ``start`` to ``stop - 1`` of long series: an array [..., value]."""

PART = 1 << 15
"""The most values of a series that are looked at together."""

Table = TypeVar("Table", NDArray[np.float32], NDArray[np.float64])

_UNITS = 2.0**32
_UNROLLED = 8  # NumPy's loop adds so many values at a time, and halves at a multiple of them


def running_sum(total: float, values: NDArray[np.float64]) -> float:
    """``total`` plus all values, added one after the other. ``inf`` if that is too large for a float."""
    with np.errstate(over="ignore"):
        return float(np.add.accumulate(np.append(total, values))[-1])


def pairwise_sum(read: Reader, length: int) -> NDArray[np.float64]:
    """The sums [...] of series of ``length`` values, of which no more than ``PART`` are in memory at once.

    Halves are summed up each by itself, as NumPy does in memory. So rounding errors do not grow with the length, and the last
    digit is that of ``sum(axis=-1)`` over the whole array. ``read`` is asked for all values once, in their order.
    """
    return _pairwise_sum(read, 0, length)


def _pairwise_sum(read: Reader, start: int, length: int) -> NDArray[np.float64]:
    if length <= PART:
        return np.asarray(read(start, start + length).sum(axis=-1))
    half = length // 2
    half -= half % _UNROLLED
    return _pairwise_sum(read, start, half) + _pairwise_sum(read, start + half, length - half)


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
