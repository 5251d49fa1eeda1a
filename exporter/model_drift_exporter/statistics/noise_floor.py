"""Noise floors: the value that each effect size has on average without any drift.

Two laws of "no drift", both with multinomial windows of n observations:

* :meth:`NoiseFloorModel.floors`: window and baseline are samples of n and N from one law, the reference's shares
  (the previous window as the baseline).
* :meth:`NoiseFloorModel.reference_floors`: the baseline is the reference's counts m themselves. The law behind them is
  unknown. It has a Dirichlet distribution with parameters m (the Bayesian bootstrap, Rubin 1981), so n_b is
  beta-binomial. This is exact for quantile bins, since the N + 1 spacings of an ordered sample are Dirichlet. It differs
  from the first law where bins hold few of the reference's rows: by 30 % at N = 1,000 and windows ten times as large.

In both, a numeric column's bins weigh as many observations as they have spacings; see :class:`ReferenceLaw`.

Formulas, with U = n_b + 1/2, A = n + B/2 and p = U / A for the window, and V, D and q = V / D for the baseline:

* PSI = sum of E p ln p + E q ln q - E p E ln q - E q E ln p: one-dimensional expectations, tabulated for Poisson
  counts, times 1 - share for the binomial's smaller variance. For many observations it tends to the first-order law
  (B - 1)(1/n + 1/N) (Yurdakul and Naranjo 2020), which is 40 % off where bins are thin.
* Jensen-Shannon: each cell's expected PSI through the map between the two (1/8 for small differences).
* total variation and Wasserstein-1: mean absolute differences of normal law, corrected where counts are thin or
  skew; for Wasserstein-1 sqrt(2 / pi) sum of step sqrt(F (1 - F)(1/n + 1/N)) to first order (del Barrio, Gine and
  Matran 1999).
* Kolmogorov-Smirnov: sqrt(1/n + 1/N) times the mean largest absolute value of a Brownian bridge at the bins' edges
  (Kolmogorov 1933, Doob 1949), by a Monte Carlo of fixed seed once per reference.

Each is within 10 % of its simulated mean over references and windows of one law, for n and N of 200 and more (measured
in the tests). A reference does not show everything, which leaves these errors:

* heavy tails: the higher the reference's maximum, the wider is the last step, and the less of the law is beyond it.
  Wasserstein-1 is up to 7 % too high for a log-normal law of sigma 1, 13 % for 1.5.
* discrete laws: there may be no value beyond the reference's extremes. For Poisson laws and n far above N, PSI and
  Jensen-Shannon are up to 14 % too high at N = 200, 10 % from 500 on. Where the extreme is an atom, a rare value beyond it
  may first appear in a window. It adds a quarter to both for a binomial law of 3 trials with a chance of 0.04.
"""

from __future__ import annotations

import attrs
import numpy as np
import numpy.typing as npt

from .distance_measures import SMOOTHING
from .expectations import (
    absolute_difference_correction,
    expected_absolute,
    jensen_shannon_ratio,
    poisson_logarithms,
)
from .layout import BooleanArray, CellLayout, FloatArray
from .reference_law import ReferenceLaw

__all__ = ["NoiseFloorModel", "NoiseFloors"]


@attrs.frozen(eq=False)
class NoiseFloors:
    """Expected effect sizes without drift, each ``[..., K]``. NaN where the effect size itself would be NaN."""

    population_stability_index: FloatArray
    jensen_shannon_divergence: FloatArray
    total_variation: FloatArray
    kolmogorov_smirnov: FloatArray
    wasserstein_ratio: FloatArray


@attrs.frozen(eq=False)
class _Side:
    """Expectations of the smoothed shares of one side (window or baseline), by cell."""

    observations: FloatArray
    """The total, by column."""
    size: FloatArray
    """The total with its smoothing, by column."""
    share: FloatArray
    """E p."""
    logarithm: FloatArray
    """ln E p."""
    logarithm_shortfall: FloatArray
    """ln E p - E ln p."""
    product_excess: FloatArray
    """E p ln p - E p ln E p."""


class NoiseFloorModel:
    """Noise floors for one reference. It takes about 0.1 s to build for 200 features, and is then cheap to call.

    ``reference_counts`` are the reference's counts ``[C]``. Observations are the column totals ``[..., K]`` of the
    windows, or anything that broadcasts to that.
    """

    def __init__(self, layout: CellLayout, reference_counts: npt.ArrayLike) -> None:
        self.layout = layout
        self.law = law = ReferenceLaw(layout, reference_counts)
        self._half_inverse_weight = 0.5 / np.where(law.weight > 0, law.weight, 1.0)
        self._reference = self._fixed(law.counts, law.rows)

    def floors(self, observations: npt.ArrayLike, baseline_observations: npt.ArrayLike) -> NoiseFloors:
        """Floors against a baseline that is itself a sample of the reference's law, such as the previous window."""
        current, baseline = self._per_column(observations), self._per_column(baseline_observations)
        skewness = _inverse(current) - _inverse(baseline)
        function = self.law.distribution_function
        return self._floors(self._sample(current), self._sample(baseline), function, skewness)

    def reference_floors(self, observations: npt.ArrayLike) -> NoiseFloors:
        """Floors against the reference itself."""
        current = self._per_column(observations)
        # A gamma mixture of Poisson counts: its third cumulant is its variance times 1/n + 2/N.
        skewness = _inverse(current) + 2.0 * _inverse(self.law.rows)
        return self._floors(self._predicted(current), self._reference, self.law.reference_function, skewness)

    def _per_column(self, observations: npt.ArrayLike) -> FloatArray:
        return np.broadcast_arrays(np.asarray(observations, dtype=np.float64), self.law.rows)[0]

    def _sample(self, observations: FloatArray) -> _Side:
        """A multinomial sample of the law."""
        centre = self.law.share * self.layout.per_cell(observations)
        centre += SMOOTHING
        logarithm = np.log(centre)
        shortfall, excess = poisson_logarithms(logarithm)
        shortfall /= centre
        return self._side(observations, centre, logarithm, shortfall, excess)

    def _predicted(self, observations: FloatArray) -> _Side:
        """A multinomial sample of an unknown law of which the reference is a sample."""
        mean = self.law.share * self.layout.per_cell(observations)
        centre = mean + SMOOTHING
        logarithm = np.log(centre)
        shortfall, excess = poisson_logarithms(logarithm)
        shortfall /= centre
        # The spread of the law itself, by the delta method for a gamma law. With only one reference observation it is
        # still within 20 %, and the floor within 4 %.
        spread = np.square(mean)
        spread *= self._half_inverse_weight
        spread /= centre
        excess += spread
        spread /= centre
        shortfall += spread
        return self._side(observations, centre, logarithm, shortfall, excess)

    def _fixed(self, counts: FloatArray, total: FloatArray) -> _Side:
        """Counts that do not vary."""
        centre = counts + SMOOTHING
        return self._side(total, centre, np.log(centre), np.zeros(len(counts)), np.zeros(len(counts)))

    def _side(
        self, total: FloatArray, centre: FloatArray, logarithm: FloatArray, shortfall: FloatArray, excess: FloatArray
    ) -> _Side:
        per_cell = self.layout.per_cell
        size = total + SMOOTHING * self.layout.bins
        inverse = per_cell(1.0 / size)
        # The variance of a Poisson count is its mean, that of a multinomial one 1 - share times that.
        binomial = 1.0 - self.law.share
        shortfall *= binomial
        excess *= binomial
        excess *= inverse
        return _Side(total, size, centre * inverse, logarithm - per_cell(np.log(size)), shortfall, excess)

    def _floors(self, window: _Side, other: _Side, other_function: FloatArray, skewness: FloatArray) -> NoiseFloors:
        """``skewness``: the third cumulant of the difference in a small share over its variance, by column."""
        layout, law = self.layout, self.law
        current, baseline = window.observations, other.observations
        present = (current > 0) & (baseline > 0) & (law.rows > 0)
        inverse = np.where(present, _inverse(current) + _inverse(baseline), 0.0)
        offset = window.share - other.share
        together = window.share + other.share

        stability = window.logarithm - other.logarithm
        stability *= offset
        stability += window.product_excess
        stability += other.product_excess
        stability += window.share * other.logarithm_shortfall
        stability += other.share * window.logarithm_shortfall
        np.maximum(stability, 0.0, out=stability)
        divergence = stability * jensen_shannon_ratio(2.0 * stability / together)

        smaller, larger = np.minimum(current, baseline), np.maximum(current, baseline)
        balance = layout.per_cell(smaller / np.maximum(larger, 1.0))
        smaller = layout.per_cell(smaller)
        smallest_share = layout.per_cell(SMOOTHING / np.maximum(window.size, other.size))
        deviation = _deviation(law.share, layout.per_cell(inverse), smaller, balance)
        # The third cumulant of a share has the opposite sign of that of the rest's share.
        lean = layout.per_cell(skewness) * (1.0 - 2.0 * law.share)
        variation = _mean_absolute_difference(offset, deviation, lean, together - 2.0 * smallest_share)

        function = law.distribution_function
        ordered = present & (law.valid_share > 0)
        valid_inverse = inverse / np.where(ordered, law.valid_share, 1.0)
        smaller *= layout.per_cell(law.valid_share)
        deviation = _deviation(function, layout.per_cell(valid_inverse), smaller, balance)
        together = function + other_function
        lean = layout.per_cell(skewness / np.where(ordered, law.valid_share, 1.0)) * (1.0 - 2.0 * function)
        gap = _mean_absolute_difference(
            function - other_function, deviation, lean, np.minimum(together, 2.0 - together)
        )
        gap *= layout.scaled_step
        largest = np.minimum(law.mean_largest_bridge * np.sqrt(valid_inverse), 1.0)
        return NoiseFloors(
            population_stability_index=_said(layout.per_column(stability), present),
            jensen_shannon_divergence=_said(layout.per_column(divergence), present),
            total_variation=_said(0.5 * layout.per_column(variation), present),
            kolmogorov_smirnov=_said(largest, ordered),
            wasserstein_ratio=_said(layout.per_column(gap), ordered & layout.scalable),
        )


def _inverse(observations: FloatArray) -> FloatArray:
    return 1.0 / np.maximum(observations, 1.0)


def _deviation(share: FloatArray, inverse: FloatArray, smaller: FloatArray, balance: FloatArray) -> FloatArray:
    """Standard deviation of the normal law that has the same mean absolute value as the difference of two samples' shares."""
    mean = np.minimum(share, 1.0 - share) * smaller
    return np.sqrt(share * (1.0 - share) * inverse) * absolute_difference_correction(mean, balance)


def _mean_absolute_difference(
    offset: FloatArray, deviation: FloatArray, lean: FloatArray, bound: FloatArray
) -> FloatArray:
    """E |Z| for a nearly normal Z with mean ``offset`` and standard deviation ``deviation``.

    ``lean`` is its third central moment divided by its variance. The result is at most ``bound``, and at least the absolute
    ``offset``.
    """
    inverse = np.divide(1.0, deviation, out=np.zeros_like(deviation), where=deviation > 0)
    expected = deviation * expected_absolute(offset * inverse, lean * inverse)
    return np.maximum(np.minimum(expected, bound), np.abs(offset))


def _said(values: FloatArray, where: BooleanArray) -> FloatArray:
    return np.where(where, values, np.nan)
