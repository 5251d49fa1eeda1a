"""Estimates with 95 % intervals from sums, and an upper bound of a share that a reference estimates.

``rows`` may be an effective number: dependent rows divided by their design effect.
"""

from __future__ import annotations

import math

import attrs
import numpy as np
import numpy.typing as npt

from .layout import FloatArray

__all__ = ["Estimate", "balanced_interval", "mean_interval", "ratio_interval", "wilson_interval", "wilson_upper_bound"]

DEVIATE = 1.959963984540054
"""The quantile of the standard normal law with 2.5 % above it."""


@attrs.frozen
class Estimate:
    """A value and the ends of its 95 % interval, which are NaN if there is none."""

    value: float
    lower: float = math.nan
    upper: float = math.nan

    def scaled(self, factor: float) -> Estimate:
        """The estimate times a positive ``factor``, in another unit."""
        return Estimate(self.value * factor, self.lower * factor, self.upper * factor)

    def complement(self) -> Estimate:
        """The estimate of 1 minus the value."""
        return Estimate(1 - self.value, 1 - self.upper, 1 - self.lower)

    def within(self, lowest: float = -math.inf, highest: float = math.inf) -> Estimate:
        """The estimate with its interval cut to the possible range."""
        return Estimate(self.value, _cut(self.lower, lowest, highest), _cut(self.upper, lowest, highest))


def _cut(value: float, lowest: float, highest: float) -> float:
    return value if math.isnan(value) else min(max(value, lowest), highest)


def wilson_interval(share: float, rows: float) -> Estimate:
    """A share of ``rows`` (E. B. Wilson, *Probable inference, the law of succession, and statistical inference*, 1927)."""
    square = DEVIATE**2 / rows
    centre = (share + square / 2) / (1 + square)
    half = math.sqrt(max(square * share * (1 - share) + square**2 / 4, 0.0)) / (1 + square)
    return Estimate(share, max(centre - half, 0.0), min(centre + half, 1.0))


def mean_interval(total: float, squares: float, rows: int, design_effect: float) -> Estimate:
    """The mean of numbers with this sum and sum of squares, with a normal interval. A single row has no interval."""
    mean = total / rows
    if rows < 2:
        return Estimate(mean)
    variance = max(squares - total * mean, 0.0) / (rows - 1)
    half = DEVIATE * math.sqrt(variance * design_effect / rows)
    return Estimate(mean, mean - half, mean + half)


def ratio_interval(
    above: float, below: float, squares: tuple[float, float, float], rows: int, design_effect: float
) -> Estimate:
    """A ratio of two sums by the delta method (W. G. Cochran, *Sampling Techniques*, 1977, 6.4).

    ``above`` and ``below`` are the sums; ``below`` is positive. ``squares`` are the sums of the numerator's squares, of
    products, and of the denominator's squares.
    """
    ratio = above / below
    if rows < 2:
        return Estimate(ratio)
    residual = max(squares[0] - 2 * ratio * squares[1] + ratio * ratio * squares[2], 0.0)
    half = DEVIATE * math.sqrt(residual * rows / (rows - 1) * design_effect) / below
    return Estimate(ratio, ratio - half, ratio + half)


def balanced_interval(shares: list[tuple[float, float]]) -> Estimate:
    """The plain mean of several shares, each given as (share, independent rows), with a normal interval.

    The variance of a share is computed with two rows of each kind added (A. Agresti, B. A. Coull, *Approximate is better than
    "exact"*, 1998), since a share of 0 or 1 does not prove that there is no variance.
    """
    mean = sum(share for share, _ in shares) / len(shares)
    variance = 0.0
    for share, rows in shares:
        moved = (share * rows + 2) / (rows + 4)
        variance += moved * (1 - moved) / (rows + 4)
    half = DEVIATE * math.sqrt(variance) / len(shares)
    return Estimate(mean, mean - half, mean + half).within(0.0, 1.0)


def wilson_upper_bound(share: npt.ArrayLike, observations: npt.ArrayLike, margin: npt.ArrayLike) -> FloatArray:
    """E. B. Wilson's upper bound of a share (1927). It holds for rare values too, where a standard error says little.

    ``margin`` is in standard errors. Arguments broadcast. Shares above 1 count as 1.
    """
    share, square = np.minimum(share, 1.0), np.square(margin) / np.asarray(observations)
    root = np.sqrt(square * (share * (1.0 - share) + square / 4.0))
    bound: FloatArray = (share + square / 2.0 + root) / (1.0 + square)
    return bound
