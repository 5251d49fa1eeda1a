"""Design effects from decayed sums over blocks: how much the means of blocks vary, against what independent records would do.

The estimate is that of :mod:`.design_effect`: the variance of block sums divided by the records of a block and by the
variance of one record, raised by two of its standard errors. There the blocks of one series have one length, and all values
are at hand. Here blocks have any number of records, old ones count less than new ones, and the variance of one record is
known from elsewhere.

An effect is shown if the ratio refutes the design effect that is already allowed for, and is well above it. So a stream whose
dependence is known gets nothing, whatever the number of looks.
"""

from __future__ import annotations

from statistics import NormalDist

import attrs
import numpy as np

from .design_effect import wilson_hilferty
from .layout import BooleanArray, FloatArray

__all__ = ["FEWEST_BLOCKS", "BlockSums", "shown_effects"]

FEWEST_BLOCKS = 4.0
"""Fewer blocks show nothing."""

LEVEL = 1e-6
"""Chance that independent records show an effect in any of the ratios of one look."""

_LEAST_RISE = 1.25
"""A ratio below this multiple of the effect that is allowed for makes no difference worth a slower alarm."""


@attrs.frozen(eq=False)
class BlockSums:
    """Decayed sums over blocks, each an array of the same shape, such as [level, series].

    ``blocks`` is their number, ``records`` Σn, ``sums`` Σs and ``squares`` Σ s²/n, where a block has n records with the sum s.
    """

    blocks: FloatArray
    records: FloatArray
    sums: FloatArray
    squares: FloatArray

    def ratios(self, variance: FloatArray) -> FloatArray:
        """The variance of block means times the records of a block, divided by that of one record; 0 where it is unknown."""
        records = np.where(self.records > 0, self.records, 1.0)
        between = self.squares - self.sums * self.sums / records
        known = (self.blocks > 1.0) & (variance > 0)
        divisor = np.where(known, (self.blocks - 1.0) * variance, 1.0)
        return np.where(known, np.maximum(between, 0.0) / divisor, 0.0)


def shown_effects(found: BlockSums, variance: FloatArray, excess: FloatArray, allowed: FloatArray) -> FloatArray:
    """The design effects that blocks show beyond the one ``allowed`` for, 1 where they show none.

    ``variance`` and ``excess`` (its excess kurtosis) are those of one record. All arrays broadcast to the shape of the sums.
    The chance that independent records show anything is divided by the number of ratios.
    """
    ratio = found.ratios(variance)
    blocks = np.maximum(found.blocks, 2.0)
    freedom = 2.0 / (2.0 / (blocks - 1.0) + np.maximum(excess, 0.0) / np.maximum(found.records, 1.0))
    needed = -NormalDist().inv_cdf(LEVEL / max(ratio.size, 1))
    shown: BooleanArray = found.blocks >= FEWEST_BLOCKS - 1e-9
    shown &= ratio >= _LEAST_RISE * allowed
    shown &= wilson_hilferty(ratio / allowed, freedom) >= needed
    return np.where(shown, ratio * (1.0 + 2.0 * np.sqrt(2.0 / blocks)), 1.0)
