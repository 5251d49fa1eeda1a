"""One-dimensional expectations under counting noise, tabulated once for the noise floors."""

from __future__ import annotations

from functools import cache

import attrs
import numpy as np

from .distance_measures import SMOOTHING
from .layout import FloatArray

__all__ = [
    "absolute_difference_correction",
    "expected_absolute",
    "jensen_shannon_ratio",
    "poisson_logarithms",
]

_GRID = 512
_LARGEST_MEAN = 500.0
_LARGEST_SHIFT = 6.0
_LARGEST_THIN_MEAN = 36.0


@attrs.frozen(eq=False)
class _Table:
    """Functions of one variable on an even grid, interpolated linearly and constant beyond its ends."""

    first: float
    last: float
    values: tuple[FloatArray, ...]

    def __call__(self, argument: FloatArray) -> tuple[FloatArray, ...]:
        # An even grid needs no search: several times faster than numpy.interp.
        steps = len(self.values[0]) - 1
        position = np.clip((argument - self.first) * (steps / (self.last - self.first)), 0.0, float(steps))
        below = np.minimum(position.astype(np.intp), steps - 1)
        position -= below
        above = below + 1
        results = []
        for values in self.values:
            left = np.take(values, below)
            right = np.take(values, above)
            right -= left
            right *= position
            right += left
            results.append(right)
        return tuple(results)


def poisson_logarithms(logarithm: FloatArray) -> tuple[FloatArray, FloatArray]:
    """How far a Poisson count's smoothed logarithms are, on average, from those at its mean.

    With X Poisson, U = X + 1/2, u = E U and ``logarithm`` = ln u, this returns u (ln u - E ln U) and E U ln U - u ln u.
    Both rise from 0 (no observations) to 1/2 (many observations, as by the delta method). The error is below 0.001.
    """
    first, second = _poisson_table()(logarithm)
    return first, second


@cache
def _poisson_table() -> _Table:
    first, last = np.log(SMOOTHING), np.log(_LARGEST_MEAN + SMOOTHING)
    centre = np.exp(np.linspace(first, last, _GRID))[:, None]
    mean = np.maximum(centre - SMOOTHING, np.finfo(np.float64).tiny)
    count = np.arange(int(_LARGEST_MEAN + 10 * np.sqrt(_LARGEST_MEAN)), dtype=np.float64)
    factorial = np.concatenate([[0.0], np.cumsum(np.log(count[1:]))])
    probability = np.exp(count * np.log(mean) - mean - factorial)
    smoothed = count + SMOOTHING
    logarithm = np.log(centre[:, 0])
    centre = centre[:, 0]
    return _Table(
        first=float(first),
        last=float(last),
        values=(
            centre * (logarithm - probability @ np.log(smoothed)),
            probability @ (smoothed * np.log(smoothed)) - centre * logarithm,
        ),
    )


def expected_absolute(shift: FloatArray, skewness: FloatArray) -> FloatArray:
    """E |Z + shift| for a standardised Z: the mean of the folded normal law plus the first-order effect of a skewness.

    With the density phi(z) (1 + skewness (z^3 - 3 z) / 6) (Edgeworth 1905), integration by parts gives that effect as
    -skewness shift phi(shift) / 3.
    """
    size = np.abs(shift)
    excess, lean = _folded_normal_table()(size)
    lean *= skewness
    excess -= np.copysign(1.0, shift) * lean
    excess += size
    return excess


@cache
def _folded_normal_table() -> _Table:
    shift = np.linspace(0.0, _LARGEST_SHIFT, _GRID)
    # E|Z+t| - t has the slope 2 P(Z < t) - 2 and falls to 0: integrate the density twice from the far end.
    density = np.sqrt(2.0 / np.pi) * np.exp(-0.5 * shift**2)
    step = shift[1]
    tail = np.concatenate([np.cumsum((0.5 * step * (density[1:] + density[:-1]))[::-1])[::-1], [0.0]])
    excess = np.concatenate([np.cumsum((0.5 * step * (tail[1:] + tail[:-1]))[::-1])[::-1], [0.0]])
    return _Table(first=0.0, last=_LARGEST_SHIFT, values=(excess, shift * density / 6.0))


def absolute_difference_correction(mean: FloatArray, balance: FloatArray) -> FloatArray:
    """Mean absolute difference of the shares of two Poisson counts, divided by that of normal shares of the same variance.

    ``mean`` is the expected count in the smaller sample. ``balance`` is the size of the smaller sample divided by that of the
    larger one, 0 to 1. The ends are exact: 0 is one count about its mean (De Moivre 1730), 1 the difference of two counts
    with the same mean (Skellam 1946). Between them the result is interpolated.
    """
    one, two = _thin_table()(np.sqrt(mean))
    two -= one
    two *= balance
    two += one
    return two


@cache
def _thin_table() -> _Table:
    last = np.sqrt(_LARGEST_THIN_MEAN)
    root = np.linspace(0.0, last, _GRID)
    mean = np.square(root)
    whole = np.floor(mean)
    factorial = np.concatenate([[0.0], np.cumsum(np.log(np.arange(1.0, _LARGEST_THIN_MEAN + 1.0)))])
    # 2 exp(-mean) mean^(whole + 1) / whole! over sqrt(2 mean / pi)
    logarithm = np.log(np.maximum(mean, np.finfo(np.float64).tiny))
    one = np.sqrt(2.0 * np.pi) * np.exp(-mean + (whole + 0.5) * logarithm - factorial[whole.astype(np.intp)])
    # 2 mean exp(-2 mean) (I0 + I1)(2 mean) over sqrt(4 mean / pi), the Bessel functions by their integral
    cosine = np.cos(np.linspace(0.0, 2.0 * np.pi, 256, endpoint=False))
    two = np.sqrt(np.pi) * root * (np.exp(2.0 * mean[:, None] * (cosine - 1.0)) * (1.0 + cosine)).mean(axis=1)
    return _Table(first=0.0, last=float(last), values=(one, two))


def jensen_shannon_ratio(divergence: FloatArray) -> FloatArray:
    """Jensen-Shannon divergence divided by PSI, for a cell whose PSI term is ``divergence`` times its mean share m.

    With (p - q) / (p + q) = tanh t the terms are m (t tanh t - ln cosh t) and 4 m t tanh t. Their ratio is 1/8 for small
    differences and falls slowly, so the expected PSI of a cell gives its expected Jensen-Shannon divergence.
    """
    (ratio,) = _jensen_shannon_table()(np.sqrt(divergence))
    return ratio


@cache
def _jensen_shannon_table() -> _Table:
    last = 6.0
    root = np.linspace(0.0, last, _GRID)
    argument = np.linspace(1e-3, last**2, 20_000)
    symmetric = 4.0 * argument * np.tanh(argument)
    ratio = 0.25 - np.log(np.cosh(argument)) / symmetric
    return _Table(first=0.0, last=last, values=(np.interp(root, np.sqrt(symmetric), ratio),))
