"""Bets that the mean of a score has become larger than the reference's error and the tolerance allow.

After A. Podkopaev, A. Ramdas, *Tracking the risk of a deployed model and detecting harmful distribution shifts* (2022), as
testing by betting: I. Timans et al., *On continuous monitoring of risk violations under unknown shift* (2025).
"""

from __future__ import annotations

import math

import numpy as np
import numpy.typing as npt

from ..intervals import wilson_upper_bound
from ..layout import FloatArray

__all__ = ["ScoreBets"]

_GAPS = (0.01, 0.03, 0.06, 0.10, 0.25)
# Bets on large changes: a gap of one half, and means that are some times the limit, which matters where that is tiny. They have
# little weight, so that what the bets above find is found at most one per cent later.
_LARGE_GAP, _TIMES_LIMIT, _LARGE_WEIGHT = 0.5, (1.25, 1.75, 3.0), 0.15
# No bet is on more than this part of what is left between the limit and 1.
_MOST_OF_REST = 0.75
# A bet must not be able to lose everything at once.
_LARGEST_STAKE = 0.95


class ScoreBets:
    """Bets ``e = 1 + λ (score - limit)`` on a few sizes of a rise. The mean of e is at most 1 while that of the score is in it.

    Sizes are parts of the range of scores, up to half of it, and means that are up to three times the limit.

    The reference's score has the given mean and standard deviation on ``rows`` rows; ``design_effect`` dependent ones count as
    one. The limit is that mean, plus ``margin`` standard errors, plus the larger of ``tolerance`` and ``relative_tolerance``
    times the mean. Scores are from ``lower`` to 1. For residuals, whose mean is 0 by definition, ``lower`` is -1. A
    ``binary`` score is 0 or 1. Its error is that of Wilson's bound of a share, which holds for few rows too, and each bet is
    the likelihood ratio of a larger rate.
    """

    def __init__(
        self,
        mean: float,
        standard_deviation: float,
        rows: float,
        *,
        design_effect: float = 1.0,
        tolerance: float = 0.01,
        relative_tolerance: float = 0.10,
        margin: float = 2.0,
        lower: float = 0.0,
        binary: bool = False,
    ) -> None:
        self.mean = mean
        self.design_effect = max(design_effect, 1.0)
        observations = max(rows / self.design_effect, 1.0)
        # A reference without any errors does not prove that they never happen.
        self.spread = math.sqrt(max(standard_deviation**2, 1.0 / observations))
        allowed = max(tolerance, relative_tolerance * abs(mean))
        bound = mean + margin * self.spread / math.sqrt(observations)
        if binary:
            bound = float(wilson_upper_bound(mean, observations, margin))
        self.limit = bound + allowed
        """The largest mean under the null hypothesis."""
        self.lower = lower
        self.stakes = self._chosen_stakes(binary=binary)
        """λ of each bet, ``[bet]``."""
        large = len(self.stakes) - len(_GAPS)
        self.weights: FloatArray = np.repeat(
            [(1.0 - _LARGE_WEIGHT) / len(_GAPS), _LARGE_WEIGHT / large], [len(_GAPS), large]
        )
        """Prior weight of each bet, ``[bet]``; they sum to 1."""

    def log_e(self, scores: npt.ArrayLike) -> FloatArray:
        """The ln e of each score, ``[n]`` to ``[n, bet]``, divided by the design effect. Scores are clipped to their range."""
        excess = np.clip(np.asarray(scores, dtype=np.float64), self.lower, 1.0)
        excess -= self.limit
        log_e: FloatArray = excess[:, None] * self.stakes
        np.log1p(log_e, out=log_e)
        log_e /= self.design_effect
        return log_e

    def _chosen_stakes(self, *, binary: bool) -> FloatArray:
        gaps = np.array([*_GAPS, _LARGE_GAP, *((times - 1.0) * self.limit for times in _TIMES_LIMIT)])
        if self.limit >= 1.0:
            return np.zeros(len(gaps))
        gaps = np.minimum(gaps, _MOST_OF_REST * (1.0 - self.limit))
        variance = self.limit * (1.0 - self.limit) if binary else self.spread**2 + gaps**2
        stakes: FloatArray = np.minimum(gaps / variance, _LARGEST_STAKE / (self.limit - self.lower))
        return stakes
