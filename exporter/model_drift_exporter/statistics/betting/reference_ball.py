"""The laws that count as no drift: a ball around a reference histogram, and the projection of a bet onto it."""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from statistics import NormalDist

import attrs
import numpy as np

from ..layout import FloatArray
from .bet_tables import BetColumn, PaddedColumns

__all__ = ["ReferenceBall", "chi_square_quantile", "projected", "reference_ball"]

_REFERENCE_ERROR = 1e-4
"""The chance that the law behind the reference's rows is outside the ball around their histogram."""
_SMOOTHING = 1e-3
"""The share of a bet that goes to all cells alike, so that no cell is impossible."""
_STEPS = 8
# Newton's steps end above the root, up to rounding.
_ROUNDING = 1e-9


@attrs.frozen(eq=False)
class ReferenceBall:
    """All laws p with ``KL(reference || p) <= radius``, for each of several columns."""

    shares: FloatArray
    """The reference, ``[column, cell]``; padding is empty."""
    smoothed: FloatArray
    """The reference with a little in each cell that is not padding, ``[column, cell]``; it sums to 1 too."""
    radius: FloatArray
    """In nats, ``[column]``; infinite where the reference has no rows."""
    design_effect: FloatArray
    """How many dependent records count as one, ``[column]``."""


def reference_ball(
    columns: Sequence[BetColumn] | PaddedColumns, psi_tolerance: float = 0.02, laws: Iterable[FloatArray] = ()
) -> ReferenceBall:
    """The ball that holds the law behind the reference's rows, and all laws within ``psi_tolerance`` of it.

    The population stability index of a small change is twice its divergence. The reference's own error comes from Wilks'
    theorem. The square roots of the two divergences add up. A column has the larger one of its two design effects. The ball
    also holds ``laws`` [column, cell] and, as it is convex, mixtures of them; each is positive where the reference is. Raises
    ``ValueError`` if a column has fewer than three cells.
    """
    padded = PaddedColumns.of(columns)
    rows = padded.counts.sum(axis=1)
    occupied = rows > 0
    inside = padded.cell < padded.size[:, None]
    flat = inside / padded.size[:, None]
    shares = np.where(occupied[:, None], padded.counts / np.where(occupied, rows, 1.0)[:, None], flat)
    design_effect = np.maximum(padded.design_effect, padded.special_design_effect)
    observations = np.where(occupied, rows / design_effect, 1.0)
    error = chi_square_quantile(1.0 - _REFERENCE_ERROR, padded.size.astype(np.float64) - 1.0) / (2.0 * observations)
    farthest = np.zeros(len(rows))
    for law in laws:
        ratio = np.where(shares > 0, shares, 1.0) / np.where(shares > 0, law, 1.0)
        np.maximum(farthest, (shares * np.log(ratio)).sum(axis=1), out=farthest)
    return ReferenceBall(
        shares=shares,
        smoothed=(shares + _SMOOTHING * flat) / (1.0 + _SMOOTHING),
        radius=np.where(occupied, (np.sqrt(error) + math.sqrt(psi_tolerance / 2.0) + np.sqrt(farthest)) ** 2, np.inf),
        design_effect=design_effect,
    )


def chi_square_quantile(probability: float, freedom: FloatArray) -> FloatArray:
    """The χ² quantile by E. B. Wilson and M. M. Hilferty, *The distribution of chi-square* (1931).

    For 2 and more degrees of freedom and probabilities of 0.999 to 0.9999, it is at most 5 % too large, and never too small.
    """
    part = 2.0 / (9.0 * freedom)
    quantile: FloatArray = freedom * (1.0 - part + NormalDist().inv_cdf(probability) * np.sqrt(part)) ** 3
    return quantile


def projected(bet: FloatArray, shares: FloatArray, radius: FloatArray) -> FloatArray:
    """The share a of the bet in its projection ``p* = (1 - a) reference + a bet`` onto the ball, 1 inside the ball.

    ``bet`` and ``shares`` are ``[..., cell]`` (the bet is positive where the reference is), ``radius`` is ``[...]``. The
    projection minimises the divergence of the bet from the ball, so bet / p* is an e-value under every law in it (P.
    Grünwald, R. de Heide, W. Koolen, *Safe testing*, 2024). KL(reference || p*) is convex in a, so Newton's steps from 1
    stay above the root. A larger a is the projection onto a larger ball, so it never overstates the evidence.
    """
    shape = bet.shape[:-1]
    shares, radius = np.broadcast_to(shares, bet.shape), np.broadcast_to(radius, shape)
    ratio = shares / np.where(shares > 0, bet, 1.0)
    outside = (shares * np.log(np.where(shares > 0, ratio, 1.0))).sum(axis=-1) > radius
    part = np.ones(shape)
    if outside.any():  # seldom without drift
        part[outside] = _projected(bet[outside], shares[outside], radius[outside])
    return part


def _projected(bet: FloatArray, shares: FloatArray, radius: FloatArray) -> FloatArray:
    part = np.ones(len(bet))
    difference = bet - shares
    occupied = shares > 0
    for _ in range(_STEPS):
        law = shares + part[:, None] * difference
        ratio = shares / np.where(occupied, law, 1.0)
        excess = (shares * np.log(np.where(occupied, ratio, 1.0))).sum(axis=-1) - radius
        slope = -(difference * ratio).sum(axis=-1)
        outside = excess > 0
        part = np.where(outside, part - excess / np.where(outside, slope, 1.0), part)
    return np.minimum(part * (1.0 + _ROUNDING), 1.0)
