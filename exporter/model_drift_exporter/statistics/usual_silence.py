"""How long a silence of a stream of events is usual, from the longest ones that began in each hour of the past weeks."""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import NDArray

__all__ = ["HOURS_A_WEEK", "allowed_silence"]

HOURS_A_WEEK = 168
_HOUR = 3_600.0
_AROUND = 2
"""Hours before and after that say the same: a batch comes a little earlier or later, an office closes so."""
_ROBUST_WEEKS = 4
"""From so many weeks on, the longest silence of comparable times is left out: it may have been an outage."""
_LONG = 3 * _HOUR
"""Silences from this on are nights, weekends and batches, which have a rhythm; shorter ones are chance."""
_FEW = 3
_UNKNOWN_FACTOR = 2.0
_WORTH = math.log(1.5)
"""A narrower habit must be so much sharper: of few comparable hours, some look sharp by chance."""
_EXTRAPOLATED = 3.0
"""Of an exponential law, the tail of 1e-5 lies so many times as far beyond the median as that of one percent does."""
_LEAST, _LATE, _LATE_SHARE = 600.0, 5_400.0, 0.06

Array = NDArray[np.float64]


def allowed_silence(longest: Array, weeks: float) -> float:
    """The silence from now on that its habit explains, in seconds; NaN where nothing is known.

    ``longest`` is [hour], whole weeks of hours that end with the present one: the seconds to the next event from the event of
    this hour that was followed by the longest silence; NaN for hours without events. ``weeks`` are known, a fraction of one at
    least. Comparable are the same hours of the week, or of the day, or all: those that give the sharpest bound which holds for
    the past weeks themselves, each judged by the others. What is random has its tail extrapolated; what has a rhythm hardly.
    """
    silences = np.where(np.isnan(longest), -np.inf, longest)
    known = silences > -np.inf
    if not known.any():
        return math.nan
    around = silences.copy()
    for shift in range(1, _AROUND + 1):
        around[shift:] = np.maximum(around[shift:], silences[:-shift])
        around[:-shift] = np.maximum(around[:-shift], silences[shift:])
    dropped = int(weeks >= _ROBUST_WEEKS)
    habits = [_bounds(silences, silences, 1, dropped), _bounds(around, silences, 24, dropped)]
    if weeks >= 2:
        habits.append(_bounds(around, silences, HOURS_A_WEEK, dropped))
    best, sharpest = math.nan, math.inf
    now, others = math.nan, np.full(len(silences), np.nan)
    for own_now, own_others in habits:
        # Where hours are not comparable to any, the next wider habit holds.
        now = own_now if math.isfinite(own_now) else now
        others = np.where(np.isfinite(own_others), own_others, others)
        judged = others[known & np.isfinite(others)]
        sharpness = float(np.log(judged).mean()) if len(judged) else math.inf
        if math.isfinite(now) and (sharpness < sharpest - _WORTH or math.isnan(best)):
            best, sharpest = now, sharpness
    return best


def _bounds(silences: Array, own: Array, period: int, dropped: int) -> tuple[float, Array]:
    """The bound from now on, and that of each hour [hour] by the others of its kind; infinite where there are none."""
    groups = silences.reshape(-1, period)
    ordered = np.sort(groups, axis=0)[::-1]
    ordered = np.concatenate([ordered[: dropped + 2], np.full((dropped + 2, period), -np.inf)])
    usual, next_to_it = ordered[dropped], ordered[dropped + 1]
    of_others = np.where(groups >= usual, next_to_it, usual).ravel()
    comparable = (own > -np.inf) & (of_others > -np.inf)
    factors = [_factor(own[each] / of_others[each], dropped) for each in (
        comparable & (of_others < _LONG), comparable & (of_others >= _LONG)
    )]  # fmt: skip
    with np.errstate(invalid="ignore"):
        others = _with_margin(of_others, np.where(of_others < _LONG, *factors))
        now = _with_margin(usual[-1:], np.where(usual[-1:] < _LONG, *factors))
    return float(now[0]), others


def _factor(ratios: Array, dropped: int) -> float:
    """How many times the longest silence of comparable times one may take, by how it was in the past."""
    if len(ratios) < _FEW:
        return _UNKNOWN_FACTOR
    ordered = np.sort(ratios)
    outages = dropped * (1 + len(ratios) // 100)
    middle, high = float(ordered[len(ordered) // 2]), float(ordered[-1 - outages])
    return max(1.0, middle + _EXTRAPOLATED * (high - middle))


def _with_margin(usual: Array, factor: Array) -> Array:
    """At least ten minutes; a batch may come late by 90 minutes, a short one by its own length, a long one by some percent."""
    margin = np.maximum(np.minimum(usual, _LATE), _LATE_SHARE * usual)
    return np.maximum(usual * factor, usual + np.maximum(margin, _LEAST))
