"""Scores of ordered cells by the standard normal law, for bets on location and spread."""

from __future__ import annotations

import math

import numpy as np

from ..layout import FloatArray

__all__ = ["normal_density", "normal_quantile", "normal_scores"]

# P. J. Acklam's rational approximation of the normal quantile; its relative error is below 1.2e-9.
_CENTRE_ABOVE = (
    -3.969683028665376e01,
    2.209460984245205e02,
    -2.759285104469687e02,
    1.383577518672690e02,
    -3.066479806614716e01,
    2.506628277459239e00,
)
_CENTRE_BELOW = (
    -5.447609879822406e01,
    1.615858368580409e02,
    -1.556989798598866e02,
    6.680131188771972e01,
    -1.328068155288572e01,
    1.0,
)
_TAIL_ABOVE = (
    -7.784894002430293e-03,
    -3.223964580411365e-01,
    -2.400758277161838e00,
    -2.549732539343734e00,
    4.374664141464968e00,
    2.938163982698783e00,
)
_TAIL_BELOW = (7.784695709041462e-03, 3.224671290700398e-01, 2.445134137142996e00, 3.754408661907416e00, 1.0)
_TAIL = 0.02425
_ROOT_TWO_PI = math.sqrt(2.0 * math.pi)
# Cumulative shares are sums. A smaller tail is a rounding error.
_ROUNDING = 1e-12


def normal_density(value: FloatArray) -> FloatArray:
    """The standard normal density, 0 at both infinities."""
    density: FloatArray = np.exp(-0.5 * value * value) / _ROOT_TWO_PI
    return density


def normal_quantile(probability: FloatArray) -> FloatArray:
    """The standard normal quantile of probabilities from 0 (minus infinity) to 1 (plus infinity)."""
    tail = np.minimum(probability, 1.0 - probability)
    with np.errstate(divide="ignore", invalid="ignore"):
        centred = probability - 0.5
        square = centred * centred
        centre = centred * _polynomial(_CENTRE_ABOVE, square) / _polynomial(_CENTRE_BELOW, square)
        depth = np.sqrt(-2.0 * np.log(tail))
        far = np.copysign(_polynomial(_TAIL_ABOVE, depth) / _polynomial(_TAIL_BELOW, depth), centred)
    quantile: FloatArray = np.where(tail < _TAIL, far, centre)
    return np.where(tail <= 0.0, np.copysign(np.inf, centred), quantile)


def normal_scores(shares: FloatArray) -> tuple[FloatArray, FloatArray]:
    """The conditional mean and second moment of a standard normal variable in each of a column's ordered cells.

    ``shares`` is ``[column, cell]``, each row in order and with sum 1 (a row of zeros gives zeros). An empty cell scores as
    a point between its neighbours. A cell beyond the outermost occupied cell scores as that one. Both results are
    ``[column, cell]``.
    """
    upper = np.cumsum(shares, axis=-1)
    upper[upper > 1.0 - _ROUNDING] = 1.0
    upper[upper < _ROUNDING] = 0.0
    edge = normal_quantile(upper)
    density = normal_density(edge)
    point = np.where(np.isfinite(edge), edge, 0.0)
    occupied = shares > 0
    share = np.where(occupied, shares, 1.0)
    mean = np.where(occupied, -_difference(density) / share, point)
    second = np.where(occupied, 1.0 - _difference(point * density) / share, point * point)
    cell = np.arange(shares.shape[-1])
    first = occupied.argmax(axis=-1)[:, None]
    last = len(cell) - 1 - occupied[:, ::-1].argmax(axis=-1)[:, None]
    nearest = np.clip(cell, first, last)
    return np.take_along_axis(mean, nearest, axis=-1), np.take_along_axis(second, nearest, axis=-1)


def _difference(value: FloatArray) -> FloatArray:
    """The difference of each cell's value from that of the cell below, and from 0 for the first cell."""
    difference = value.copy()
    difference[..., 1:] -= value[..., :-1]
    return difference


def _polynomial(coefficients: tuple[float, ...], argument: FloatArray) -> FloatArray:
    value = np.full_like(argument, coefficients[0])
    for coefficient in coefficients[1:]:
        value = value * argument + coefficient
    return value
