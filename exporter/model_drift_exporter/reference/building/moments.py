"""Sums over the numbers of one column, by bin: what its means and its standard deviation are made of."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

__all__ = ["Moments"]

_LARGE = 1e140  # the square of a larger number is no float


class Moments:
    """Means and the standard deviation of numbers in the bins of ``edges`` (the minimum, then the upper edges).

    Numbers are added one after the other, so that the result does not depend on how they came in batches. Sums are taken
    around a middle value and in units of a power of two: numbers far from 0, or near the largest float, lose nothing.
    """

    def __init__(self, edges: Sequence[float]) -> None:
        self._edges = np.array(edges, dtype=np.float64)
        self._center = float(self._edges[len(edges) // 2])
        largest = float(np.abs(self._edges).max())
        self._scale = 1.0 if largest < _LARGE else float(np.ldexp(1.0, int(np.frexp(largest)[1]) - 1))
        bins = len(edges) + 3  # below, the ordinals, above, missing, invalid
        self._count = np.zeros(bins, dtype=np.int64)
        self._sum = np.zeros(bins)
        self._squares = np.zeros(bins)

    def add(self, codes: NDArray[np.int64], values: NDArray[np.float64]) -> None:
        """Add the finite ones of some numbers; ``codes`` are their bins, 0 for what is below the edges."""
        known = np.isfinite(values)
        codes, found = codes[known], values[known] / self._scale - self._center / self._scale
        np.add.at(self._sum, codes, found)
        np.add.at(self._squares, codes, found**2)
        np.add.at(self._count, codes, 1)

    @property
    def bin_means(self) -> list[float]:
        """The mean in each ordinal bin, always inside it; the middle of a bin without numbers."""
        lower, upper = self._edges[:-1], self._edges[1:]
        count, total = self._count[1:-3], self._sum[1:-3]
        means = (total / np.maximum(count, 1) + self._center / self._scale) * self._scale
        # Rounding may lead out of a narrow bin.
        inside: list[float] = np.clip(np.where(count > 0, means, lower / 2 + upper / 2), lower, upper).tolist()
        return inside

    @property
    def mean(self) -> float:
        """The mean of all numbers; 0 without any."""
        return self._center + self._deviation * self._scale if self._count.any() else 0.0

    @property
    def standard_deviation(self) -> float:
        """The standard deviation of all numbers (dividing by their number); 0 without any."""
        squares = float(self._squares.sum()) / max(int(self._count.sum()), 1)
        return float(np.sqrt(max(squares - self._deviation**2, 0.0))) * self._scale

    @property
    def _deviation(self) -> float:
        return float(self._sum.sum()) / max(int(self._count.sum()), 1)
