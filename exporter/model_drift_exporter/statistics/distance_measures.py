"""Effect sizes: how far the binned counts of one window are from those of a baseline, for all columns at once.

Shares are smoothed by half a count per bin on both sides, as in the recording rules, so that an empty bin is finite:
p = (n_b + 0.5) / (n + 0.5 B) for the window and q = (N_b + 0.5) / (N + 0.5 B) for the baseline, where B is the number of
bins, special ones included. Kolmogorov-Smirnov and Wasserstein-1 use valid numeric values only, unsmoothed.

Every function takes counts ``[..., C]`` of a :class:`CellLayout` (their leading axes broadcast) and returns ``[..., K]``. A
result is NaN where one side has no observations. Kolmogorov-Smirnov and Wasserstein-1 are also NaN for a categorical column
or without valid values, and Wasserstein-1 without a usable standard deviation.
"""

from __future__ import annotations

from typing import Any

import attrs
import numpy as np
import numpy.typing as npt

from .layout import BooleanArray, CellLayout, FloatArray

__all__ = [
    "SMOOTHING",
    "DriftStatistics",
    "chi2",
    "chi2_zscore",
    "compare",
    "jensen_shannon_divergence",
    "kolmogorov_smirnov",
    "population_stability_index",
    "shares",
    "total_variation",
    "wasserstein_ratio",
]

SMOOTHING = 0.5
"""Added to the count of every bin on both sides (Jeffreys' prior of a multinomial law)."""

Counts = npt.NDArray[Any]


@attrs.frozen(eq=False)
class DriftStatistics:
    """All effect sizes of one comparison, each ``[..., K]``."""

    population_stability_index: FloatArray
    jensen_shannon_divergence: FloatArray
    total_variation: FloatArray
    chi2: FloatArray
    chi2_zscore: FloatArray
    kolmogorov_smirnov: FloatArray
    wasserstein_ratio: FloatArray


def compare(current: Counts, baseline: Counts, layout: CellLayout) -> DriftStatistics:
    """Computes all statistics with shared intermediate results. Each field is what the function of the same name returns."""
    smoothed = _Smoothed(current, baseline, layout)
    cumulative = _Cumulative(current, baseline, layout)
    statistic = smoothed.chi2()
    return DriftStatistics(
        population_stability_index=smoothed.population_stability_index(),
        jensen_shannon_divergence=smoothed.jensen_shannon_divergence(),
        total_variation=smoothed.total_variation(),
        chi2=statistic,
        chi2_zscore=_wilson_hilferty(statistic, layout),
        kolmogorov_smirnov=cumulative.kolmogorov_smirnov(),
        wasserstein_ratio=cumulative.wasserstein_ratio(),
    )


def population_stability_index(current: Counts, baseline: Counts, layout: CellLayout) -> FloatArray:
    """Sum of (p - q) ln(p / q): the symmetric Kullback-Leibler divergence (Jeffreys), in nats."""
    return _Smoothed(current, baseline, layout).population_stability_index()


def jensen_shannon_divergence(current: Counts, baseline: Counts, layout: CellLayout) -> FloatArray:
    """Mean divergence of p and q from their average, in nats, 0 to ln 2 (Lin 1991); the distance is its square root."""
    return _Smoothed(current, baseline, layout).jensen_shannon_divergence()


def total_variation(current: Counts, baseline: Counts, layout: CellLayout) -> FloatArray:
    """Half the sum of |p - q|: the share of observations that would have to change bins, 0 to 1."""
    return _Smoothed(current, baseline, layout).total_variation()


def chi2(current: Counts, baseline: Counts, layout: CellLayout) -> FloatArray:
    """Pearson's two-sample statistic of the 2 x B table of smoothed counts, with B - 1 degrees of freedom."""
    return _Smoothed(current, baseline, layout).chi2()


def chi2_zscore(current: Counts, baseline: Counts, layout: CellLayout) -> FloatArray:
    """:func:`chi2` as a standard normal deviate (Wilson and Hilferty 1931); NaN for a column of a single bin."""
    return _wilson_hilferty(chi2(current, baseline, layout), layout)


def kolmogorov_smirnov(current: Counts, baseline: Counts, layout: CellLayout) -> FloatArray:
    """Largest difference of the two distribution functions at the bins' edges, 0 to 1."""
    return _Cumulative(current, baseline, layout).kolmogorov_smirnov()


def wasserstein_ratio(current: Counts, baseline: Counts, layout: CellLayout) -> FloatArray:
    """Wasserstein-1 distance with each bin at its representative, in standard deviations of the reference."""
    return _Cumulative(current, baseline, layout).wasserstein_ratio()


def shares(counts: Counts, layout: CellLayout, mask: BooleanArray) -> FloatArray:
    """Share of each column's observations in the cells of ``mask`` ``[C]`` (missing ones, say); NaN without any."""
    counts = np.asarray(counts, dtype=np.float64)
    total = layout.per_column(counts)
    selected: FloatArray = layout.per_column(counts * mask)
    return _said(selected / _divisor(total), total > 0)


class _Smoothed:
    """What the statistics of smoothed shares have in common."""

    def __init__(self, current: Counts, baseline: Counts, layout: CellLayout) -> None:
        self._layout = layout
        current_total, self._current_size, current_share = _smoothed_shares(current, layout)
        baseline_total, self._baseline_size, baseline_share = _smoothed_shares(baseline, layout)
        self._present = (current_total > 0) & (baseline_total > 0)
        self._current_share, self._baseline_share = current_share, baseline_share
        self._difference: FloatArray = current_share - baseline_share
        self._symmetric: FloatArray | None = None

    def _symmetric_divergence(self) -> FloatArray:
        if self._symmetric is None:
            term = self._current_share / self._baseline_share
            np.log(term, out=term)
            term *= self._difference
            self._symmetric = self._layout.per_column(term)
        return self._symmetric

    def population_stability_index(self) -> FloatArray:
        return _said(self._symmetric_divergence(), self._present)

    def jensen_shannon_divergence(self) -> FloatArray:
        # With m = (p + q) / 2, the divergence is PSI / 4 - 1/2 sum of m ln(1 + (p - q)^2 / 4pq). This needs one logarithm
        # instead of two. It is exact for close and for distant shares, while p ln(p / m) + q ln(q / m) cancels.
        term = np.square(self._difference)
        term /= self._current_share
        term /= self._baseline_share
        term *= 0.25
        np.log1p(term, out=term)
        term *= self._current_share + self._baseline_share
        divergence = 0.25 * (self._symmetric_divergence() - self._layout.per_column(term))
        return _said(np.maximum(divergence, 0.0), self._present)

    def total_variation(self) -> FloatArray:
        return _said(0.5 * self._layout.per_column(np.abs(self._difference)), self._present)

    def chi2(self) -> FloatArray:
        # n' N' sum of (p - q)^2 / (n' p + N' q) with n' and N' the smoothed totals: Pearson's statistic, rearranged.
        layout = self._layout
        pooled: FloatArray = self._current_share * layout.per_cell(self._current_size)
        pooled = pooled + self._baseline_share * layout.per_cell(self._baseline_size)
        term = np.square(self._difference)
        term /= pooled
        return _said(layout.per_column(term) * (self._current_size * self._baseline_size), self._present)


class _Cumulative:
    """Differences of the two distribution functions over the valid numeric cells."""

    def __init__(self, current: Counts, baseline: Counts, layout: CellLayout) -> None:
        self._layout = layout
        current_valid, current_function = _distribution_function(current, layout)
        baseline_valid, baseline_function = _distribution_function(baseline, layout)
        # After the last valid cell both functions are exactly 1, so special cells add nothing.
        self._difference: FloatArray = current_function - baseline_function
        np.abs(self._difference, out=self._difference)
        self._present = (current_valid > 0) & (baseline_valid > 0)

    def kolmogorov_smirnov(self) -> FloatArray:
        return _said(np.maximum.reduceat(self._difference, self._layout.starts, axis=-1), self._present)

    def wasserstein_ratio(self) -> FloatArray:
        layout = self._layout
        distance = layout.per_column(self._difference * layout.scaled_step)
        return _said(distance, self._present & layout.scalable)


def _smoothed_shares(counts: Counts, layout: CellLayout) -> tuple[FloatArray, FloatArray, FloatArray]:
    counts = np.asarray(counts, dtype=np.float64)
    total = layout.per_column(counts)
    size = total + SMOOTHING * layout.bins
    share = counts + SMOOTHING
    share /= layout.per_cell(size)
    return total, size, share


def _distribution_function(counts: Counts, layout: CellLayout) -> tuple[FloatArray, FloatArray]:
    # One running sum over all columns: exact, since counts are whole numbers far below 2^53.
    masked = np.multiply(counts, layout.valid, dtype=np.float64)
    running = np.cumsum(masked, axis=-1)
    before = np.take(running, layout.starts, axis=-1) - np.take(masked, layout.starts, axis=-1)
    total = np.take(running, layout.starts + layout.sizes - 1, axis=-1) - before
    running -= layout.per_cell(before)
    running /= layout.per_cell(_divisor(total))
    return total, running


def _wilson_hilferty(statistic: FloatArray, layout: CellLayout) -> FloatArray:
    several = layout.sizes > 1
    freedom = np.where(several, layout.bins - 1.0, 1.0)
    spread = 2.0 / (9.0 * freedom)
    return _said((np.cbrt(statistic / freedom) - (1.0 - spread)) / np.sqrt(spread), several)


def _divisor(total: FloatArray) -> FloatArray:
    return np.where(total > 0, total, 1.0)


def _said(values: FloatArray, where: BooleanArray) -> FloatArray:
    return np.where(where, values, np.nan)
