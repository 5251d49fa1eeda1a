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
from collections.abc import Iterator, Sequence

import attrs
import numpy as np
import numpy.typing as npt

from .layout import BooleanArray, FloatArray
from .sums import PART, Reader, pairwise_sum
from .time_span import TimeSpan

__all__ = [
    "DAY",
    "LEVEL",
    "BlockRatios",
    "block_lengths",
    "block_ratios",
    "design_effect",
    "design_effect_of",
    "rows_a_day",
    "rows_a_day_of",
    "wilson_hilferty",
]

LEVEL = 0.001
"""Chance that a series of independent values gets a design effect above 1."""

DAY = 86_400.0
"""Seconds of a day."""

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
    """Mean number of rows of the days that have any. ``times`` are in seconds, in any order, NaN where unknown.

    Infinite if the times span less than a day. A few times that are wildly wrong make little difference.
    """
    known = np.asarray(times, dtype=np.float64)
    span = TimeSpan([DAY])
    span.add(np.sort(known[np.isfinite(known)]))
    return rows_a_day_of(span)


def rows_a_day_of(span: TimeSpan) -> float:
    """The same of times that have been taken in; ``span`` must have counted days (``DAY``)."""
    days = span.seconds / DAY
    return float(span.rows / min(days, span.covered(DAY))) if days >= 1 else math.inf


def block_lengths(rows: int, a_day: float | None = None) -> list[int]:
    """The lengths of blocks to try: the longest, half of it, and so on down to 20 rows. None for fewer than 160 rows.

    The longest is an eighth of all rows. If a day's rows (``a_day``) are known, it is at most these, or 320 if a day has
    fewer.
    """
    longest = rows // _FEWEST_BLOCKS
    if a_day is not None:
        longest = int(min(longest, max(a_day, _LEAST_LONGEST)))
    lengths = []
    while longest >= _SHORTEST:
        lengths.append(longest)
        longest //= 2
    return lengths


def block_ratios(read: Reader, rows: int, lengths: Sequence[int]) -> BlockRatios:
    """Variance ratios of the block means of several series of ``rows`` values, for these block lengths.

    ``read`` gives their values [series, value]; it is asked for all of them twice, in their order, ``PART`` at a time. In
    memory are, for each series, the block sums only: a tenth of its values at most. Values must be finite and of the order of
    1. A series whose variance is below 1e-20 counts as constant.
    """
    mean = pairwise_sum(read, rows)[:, None] / rows
    blocks = _BlockSums(len(mean), rows, lengths)

    def powers(start: int, stop: int) -> FloatArray:
        values = read(start, stop) - mean
        found = np.empty((2, *values.shape))
        np.square(np.square(values, out=found[0]), out=found[1])
        blocks.add(start, values)
        return found

    variance, fourth = pairwise_sum(powers, rows) / rows
    varies = variance > _CONSTANT
    safe = np.where(varies, variance, 1.0)
    excess = np.maximum(fourth / np.square(safe) - 3.0, 0.0)
    upper = np.ones(len(mean))
    deviate = np.full(len(mean), -np.inf)
    for length, sums in blocks.sums():
        number = sums.shape[1]
        ratio = sums.var(axis=1, ddof=1) / length / safe
        freedom = 2.0 / (2.0 / (number - 1) + excess / (length * number))
        upper = np.maximum(upper, np.where(varies, ratio, 0.0) * (1 + 2 * math.sqrt(2 / number)))
        deviate = np.maximum(deviate, np.where(varies, wilson_hilferty(ratio, freedom), -np.inf))
    chance = np.array([0.5 * math.erfc(each / math.sqrt(2)) for each in deviate.tolist()])
    return BlockRatios(upper, np.minimum(chance * len(lengths), 1.0) if lengths else np.ones(len(mean)))


class _BlockSums:
    """The sums of blocks of each of several lengths: differences of the running sum where a block ends."""

    def __init__(self, series: int, rows: int, lengths: Sequence[int]) -> None:
        self._running = np.zeros((series, 1))
        self._ends = {length: np.empty((series, rows // length)) for length in lengths}

    def add(self, start: int, values: FloatArray) -> None:
        """Take in the values [series, value] from place ``start`` on, where the last ones ended; they are overwritten."""
        if not values.shape[1]:
            return
        values[:, :1] += self._running
        running = np.cumsum(values, axis=1, out=values)
        self._running = running[:, -1:].copy()
        for length, ends in self._ends.items():
            before = start // length
            found = running[:, length - 1 - start % length :: length]
            ends[:, before : before + found.shape[1]] = found

    def sums(self) -> Iterator[tuple[int, FloatArray]]:
        """Each length with the sums [series, block] of its blocks, which are forgotten with it."""
        for length in [*self._ends]:
            yield length, np.diff(self._ends.pop(length), axis=1, prepend=0.0)


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
    a_day = None if times is None else rows_a_day(np.asarray(times, dtype=np.float64)[known])
    array = array[known]
    return design_effect_of(lambda start, stop: array[start:stop], len(array), a_day, level=level)


def design_effect_of(read: Reader, rows: int, a_day: float | None = None, *, level: float = LEVEL) -> float:
    """The same for ``rows`` finite values that ``read`` gives [value], of which ``a_day`` belong to a day."""
    lengths = block_lengths(rows, a_day)
    if not lengths:
        return 1.0
    scale = max(_largest(read, rows), _TINY)
    mean = pairwise_sum(lambda start, stop: read(start, stop) / scale, rows) / rows

    def centred(start: int, stop: int) -> FloatArray:
        values: FloatArray = read(start, stop) / scale - mean
        return values

    largest = _largest(centred, rows)
    if largest < _ROUNDING:
        return 1.0
    ratios = block_ratios(lambda start, stop: centred(start, stop)[None] / largest, rows, lengths)
    return float(ratios.design_effects(level)[0])


def _largest(read: Reader, rows: int) -> float:
    """The largest size of any value."""
    return max(float(np.abs(read(start, min(start + PART, rows))).max()) for start in range(0, rows, PART))
