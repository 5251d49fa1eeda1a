"""About how long bets take to find a change: what a reference and its dependence cost, before there is any change.

A bet's M grows by its mean ln e an outcome on average (Wald's equation). So the bet with weight v needs about
(threshold - ln v - ln w) / mean ln e outcomes, with w the minutes of an update, at which M stands before. The soonest of the
bets decides. It leaves out that bets help one another and that M may stand higher, which both make it some per cent too
long, and how far an update goes beyond the threshold, which makes it an update too short.
"""

from __future__ import annotations

import math

import numpy as np
import numpy.typing as npt

from ..layout import FloatArray
from .normal_scores import normal_quantile
from .score_bets import ScoreBets

__all__ = ["enlarged_scores", "expected_observations", "expected_outcomes", "shifted_shares"]

_MOST = 1e9
_VALUES = 400
_LEAST_VARIANCE = 1e-6


def expected_observations(growth: FloatArray, weights: npt.ArrayLike, nats: npt.ArrayLike) -> FloatArray:
    """The expected number of observations until the weighted mean of some bets has grown by ``nats`` (a natural logarithm).

    ``growth`` (mean ln e of an observation) and ``weights`` are [..., bet], ``nats`` and the result [...]. Infinite where no
    bet grows, or would need more than a thousand million.
    """
    weight = np.broadcast_to(np.asarray(weights, dtype=np.float64), growth.shape)
    with np.errstate(divide="ignore", invalid="ignore", over="ignore"):
        needed = np.maximum(np.asarray(nats, dtype=np.float64)[..., None] - np.log(weight), 1.0) / growth
    found: FloatArray = np.where((growth > 0) & (weight > 0), needed, np.inf).min(axis=-1)
    return np.where(found <= _MOST, found, np.inf)


def expected_outcomes(bets: ScoreBets, scores: npt.ArrayLike, shares: npt.ArrayLike, nats: float) -> float:
    """The same for bets on a score that has these values with these shares (sum 1), both [value]."""
    growth: FloatArray = np.asarray(shares, dtype=np.float64) @ bets.log_e(scores)
    return float(expected_observations(growth, bets.weights, nats))


def enlarged_scores(
    mean: float, standard_deviation: float, times: float, *, binary: bool, at_bound: float = 0.0
) -> tuple[FloatArray, FloatArray]:
    """Values of a loss from 0 to 1 that has become ``times`` as large, 1 at most, and their shares, both [value].

    A ``binary`` loss is 1 that many times as often. Of another one the share ``at_bound`` is 1 before, and the rest has a beta
    law, so that mean and deviation are as given.
    """
    if binary:
        rate = min(times * mean, 1.0)
        return np.array([0.0, 1.0]), np.array([1.0 - rate, rate])
    bound = min(at_bound, mean, 0.999)
    square = standard_deviation**2 + mean**2
    first, second = (mean - bound) / (1.0 - bound), (square - bound) / (1.0 - bound)
    values, shares = _beta_law(first, second - first**2)
    return np.minimum(times * np.append(values, 1.0), 1.0), np.append((1.0 - bound) * shares, bound)


def _beta_law(mean: float, variance: float) -> tuple[FloatArray, FloatArray]:
    """Values and shares of about the beta law with this mean and variance; one value where it hardly varies."""
    if variance <= _LEAST_VARIANCE or not _LEAST_VARIANCE < mean < 1.0 - _LEAST_VARIANCE:
        return np.array([mean]), np.array([1.0])
    size = max(mean * (1.0 - mean) / variance - 1.0, _LEAST_VARIANCE)
    low, high = size * mean, size * (1.0 - mean)
    # Equal steps of the angle: values lie closer at both ends, where the density may be infinite.
    values = 0.5 - 0.5 * np.cos(np.pi * (np.arange(_VALUES) + 0.5) / _VALUES)
    logarithm = (low - 0.5) * np.log(values) + (high - 0.5) * np.log1p(-values)
    # There the middle of a step does not stand for the step: its density is that of a power.
    for end, power in ((0, low), (-1, high)):
        logarithm[end] += math.log(2.0 ** (2.0 * power - 1.0) / (2.0 * power)) if power < 1.0 else 0.0
    shares = np.exp(logarithm - logarithm.max())
    shares /= shares.sum()
    return values, shares


def shifted_shares(shares: FloatArray, shift: float) -> FloatArray:
    """The shares of ordered cells after their normal scores have moved by ``shift`` standard deviations, [..., cell].

    Each row of ``shares`` sums to 1. What moves beyond the outermost cell with rows stays in it.
    """
    upper = np.clip(np.cumsum(shares, axis=-1), 0.0, 1.0)
    moved = np.array([0.5 * math.erfc((shift - edge) / math.sqrt(2.0)) for edge in normal_quantile(upper).ravel()])
    moved = np.where(upper >= 1.0 - 1e-12, 1.0, moved.reshape(upper.shape))
    found: FloatArray = np.diff(moved, axis=-1, prepend=0.0)
    return found
