"""How many dependent values of a series count as one: the design effect (Kish 1965), from the variance of block means.

The mean of L independent values has 1/L of their variance. For dependent values, the ratio L var(block means) / var(values)
tends to the design effect as blocks become longer than the memory of the series: to (1 + r)/(1 - r) for a first-order
autoregression. The estimate is the largest ratio over several block lengths, raised by two of its own standard errors,
sqrt(2 / blocks) each. It is 1 if no ratio is larger than chance makes it. Without this test, the largest of several noisy
ratios would double every delay on independent rows.

For normal block means, (blocks - 1) times the ratio is chi-squared distributed. Means of short blocks of rare or skewed
values are not normal. Their excess kurtosis makes the ratio vary more, so the test uses fewer degrees of freedom (Box and
Andersen 1955). The cube root of Wilson and Hilferty (1931) turns chi-squared into a normal deviate. The level is divided by
the number of block lengths, so that it holds for the series.
"""

from __future__ import annotations

import math

import attrs
import numpy as np
import numpy.typing as npt

from .layout import BooleanArray, FloatArray

__all__ = [
    "LEVEL",
    "BlockRatios",
    "block_lengths",
    "block_ratios",
    "design_effect",
    "rows_a_day",
    "wilson_hilferty",
]

LEVEL = 0.001
"""Chance that a series of independent values gets a design effect above 1."""

_DAY = 86_400.0
_SHORTEST = 20
_FEWEST_BLOCKS = 8
_CONSTANT = 1e-20
_TINY = 1e-300
_ROUNDING = 1e-13
_LEAST_LONGEST = 320  # where a day has fewer rows, dependence lasts longer than a day


@attrs.frozen(eq=False)
class BlockRatios:
    """Variance ratios of the block means of several series, arrays ``[series]``.

    ``upper`` is the largest ratio, raised by two standard errors. ``chance`` is the probability of so large a ratio without
    dependence, times the number of block lengths.
    """

    upper: FloatArray
    chance: FloatArray

    def design_effects(self, level: float = LEVEL) -> FloatArray:
        """``upper`` where independence is rejected at ``level``, otherwise 1."""
        significant: BooleanArray = self.chance < level
        return np.where(significant, np.maximum(self.upper, 1.0), 1.0)


def rows_a_day(times: npt.ArrayLike) -> float:
    """Mean number of rows of the days that have any. ``times`` are in seconds, NaN where unknown.

    Infinite if the times span less than a day. A few times that are wildly wrong make little difference.
    """
    known = np.asarray(times, dtype=np.float64)
    known = known[np.isfinite(known)]
    if not len(known):
        return math.inf
    days = (known.max() - known.min()) / _DAY
    if days < 1:
        return math.inf
    return float(len(known) / min(days, len(np.unique(np.floor(known / _DAY)))))


def block_lengths(rows: int, times: npt.ArrayLike | None = None) -> list[int]:
    """The lengths of blocks to try: the longest, half of it, and so on down to 20 rows. None for fewer than 160 rows.

    The longest is an eighth of all rows. If ``times`` (seconds) are given, it is at most the rows of a day, or 320 if a day
    has fewer.
    """
    longest = rows // _FEWEST_BLOCKS
    if times is not None:
        longest = int(min(longest, max(rows_a_day(times), _LEAST_LONGEST)))
    lengths = []
    while longest >= _SHORTEST:
        lengths.append(longest)
        longest //= 2
    return lengths


def block_ratios(series: npt.ArrayLike, lengths: list[int]) -> BlockRatios:
    """Variance ratios of the block means of each row of ``series`` ``[series, values]``, for these block lengths.

    Values must be finite and of the order of 1. A series whose variance is below 1e-20 counts as constant.
    """
    raw = np.atleast_2d(np.asarray(series, dtype=np.float64))
    values = raw - raw.mean(axis=1, keepdims=True)
    squares = np.square(values)
    variance = squares.mean(axis=1)
    varies = variance > _CONSTANT
    safe = np.where(varies, variance, 1.0)
    kurtosis = np.einsum("sv,sv->s", squares, squares) / values.shape[1] / np.square(safe)
    excess = np.maximum(kurtosis - 3.0, 0.0)
    running = np.cumsum(values, axis=1, out=squares)
    upper = np.ones(len(values))
    deviate = np.full(len(values), -np.inf)
    for length in lengths:
        sums = np.diff(running[:, length - 1 :: length], axis=1, prepend=0.0)
        blocks = sums.shape[1]
        ratio = sums.var(axis=1, ddof=1) / length / safe
        freedom = 2.0 / (2.0 / (blocks - 1) + excess / (length * blocks))
        upper = np.maximum(upper, np.where(varies, ratio, 0.0) * (1 + 2 * math.sqrt(2 / blocks)))
        deviate = np.maximum(deviate, np.where(varies, wilson_hilferty(ratio, freedom), -np.inf))
    chance = np.array([0.5 * math.erfc(each / math.sqrt(2)) for each in deviate.tolist()])
    return BlockRatios(upper, np.minimum(chance * len(lengths), 1.0) if lengths else np.ones(len(values)))


def wilson_hilferty(ratio: FloatArray, freedom: FloatArray) -> FloatArray:
    """The standard normal deviate of ``ratio``, a chi-squared variable divided by its degrees of freedom.

    For probabilities of 0.001 and less, quantiles are within 3 % with 7 or more degrees of freedom, and too high with fewer.
    """
    scale = 2.0 / (9.0 * freedom)
    deviate: FloatArray = (np.cbrt(ratio) - (1 - scale)) / np.sqrt(scale)
    return deviate


def design_effect(values: npt.ArrayLike, times: npt.ArrayLike | None = None, *, level: float = LEVEL) -> float:
    """The design effect of one series, 1 or more. ``values`` are in the order of time, NaN where there is none.

    ``times`` (seconds, one per value) show how many values a day has. ``level`` is the chance that independent values get
    more than 1. Losses should be bounded, since a few huge values hide all others.
    """
    array = np.asarray(values, dtype=np.float64)
    known = np.isfinite(array)
    if times is not None:
        times = np.asarray(times, dtype=np.float64)[known]
    array = array[known]
    lengths = block_lengths(len(array), times)
    if not lengths:
        return 1.0
    array = array / max(float(np.abs(array).max()), _TINY)
    array -= array.mean()
    largest = float(np.abs(array).max())
    if largest < _ROUNDING:
        return 1.0
    return float(block_ratios(array / largest, lengths).design_effects(level)[0])
