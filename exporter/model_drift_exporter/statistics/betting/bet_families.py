"""The families of bets on columns: their scores, the limits of the null hypothesis, and their stakes.

Bets on location, spread and categories judge the law of the valid values. Missing and invalid values score the limit, so
they are no evidence. Bets on special cells judge the shares of these cells among all records.
"""

from __future__ import annotations

from collections.abc import Iterable

import numpy as np

from ..intervals import wilson_upper_bound
from ..layout import FloatArray
from .bet_tables import BetKind, BetTables
from .normal_scores import normal_scores

__all__ = [
    "DIRECTIONAL",
    "FEWEST_SPECIAL",
    "MOST_TOGETHER",
    "add_categories",
    "add_moments",
    "add_special",
    "hold_laws",
]

_MARGIN = 3.0
"""Standard errors of the reference that every limit allows for."""
_RARE_MARGIN = 2.6
"""The same for Wilson's bound of a rare share: this is exceeded as seldom as three standard errors of a frequent share."""
_LOCATION_STAKES, _LOCATION_RANGE = (0.07, 0.2, 0.35, 0.5), (-2.0, 3.0)
_SPREAD_STAKES, _SPREAD_RANGE = (0.05, 0.12, 0.25), (-1.2, 4.0)
FEWEST_SPECIAL = 20
"""With fewer rows in a special bin, a reference does not show whether such values come in groups."""
MOST_TOGETHER = 10.0
"""The largest design effect of a special bin with fewer rows. The dependence of other values mostly comes from their level
or season, which does not show how values go missing."""
# A bet must not be able to lose everything at once.
_LARGEST_STAKE = 0.95
# Scores that vary less are constant, up to rounding.
_CONSTANT = 1e-6
# Scores with a smaller deviation are not scaled up to 1: they vary by rare values only, whose share is not known well.
_SMALLEST_DEVIATION = 0.1
# Bets on categories: (rank by frequency, +1 for a larger share or -1 for a smaller one, standard deviations above the limit).
_TWO_CATEGORIES = [(0, sign, gap) for sign in (1, -1) for gap in (0.07, 0.2, 0.35, 0.5)]
_THREE_CATEGORIES = [(rank, sign, gap) for rank in (0, 1, 2) for sign in (1, -1) for gap in (0.1, 0.35)]
_MORE_CATEGORIES = [(rank, sign, 0.2) for rank in (0, 1, 2) for sign in (1, -1)] + [
    (rank, 1, 0.2) for rank in range(3, 10)
]
_NO_CATEGORY = (0, 0, 0.0)
_ORDER_STAKE = 0.2
DIRECTIONAL = 15
"""Slots of bets on location, spread and categories."""
_PLANS = np.array(
    [
        plan + [_NO_CATEGORY] * (DIRECTIONAL - len(plan))
        for plan in (_TWO_CATEGORIES, _THREE_CATEGORIES, _MORE_CATEGORIES)
    ]
)


def add_moments(tables: BetTables, tolerance: float) -> None:
    """Add bets on the location and spread of numeric columns, in normal scores. ``tolerance`` is in standard deviations."""
    rows = np.flatnonzero(tables.columns.numeric)
    if not len(rows):
        return
    valid, shares, observations = tables.valid_shares(rows)
    limit = tolerance + _MARGIN / np.sqrt(observations)
    location, second = normal_scores(shares)
    first = 0
    for scores, stakes, bounds, kinds in (
        (location, _LOCATION_STAKES, _LOCATION_RANGE, (BetKind.LOCATION_UP, BetKind.LOCATION_DOWN)),
        (second, _SPREAD_STAKES, _SPREAD_RANGE, (BetKind.SPREAD_UP, BetKind.SPREAD_DOWN)),
    ):
        standard = _standardised(scores, shares)
        for sign, kind in zip((1.0, -1.0), kinds, strict=True):
            score, stake = _bet(sign * standard, shares, limit, bounds, stakes)
            slots = tables.put(rows, first, np.where(valid, score, limit)[:, :, None], limit, stake)
            tables.kinds[rows, slots] = kind
            first = slots.stop


def add_categories(tables: BetTables, tolerance: float, share_tolerance: float) -> None:
    """Add bets on larger and smaller shares of the most frequent categories of categorical columns.

    The larger of ``tolerance`` standard deviations of a category's indicator and ``share_tolerance`` is tolerated.
    """
    columns = tables.columns
    rows = np.flatnonzero(~columns.numeric)
    if not len(rows):
        return
    valid, shares, observations = tables.valid_shares(rows)
    other = columns.cell[rows] >= columns.size[rows, None] - 3
    ranking = columns.ranking[rows] * valid
    order = np.argsort(np.where(other, -1.0, ranking), axis=1, kind="stable")[:, ::-1]
    kinds = np.clip(np.count_nonzero(ranking, axis=1), 2, 4) - 2
    rank, direction, gap = np.moveaxis(_PLANS[kinds], -1, 0)
    cell = np.take_along_axis(order, np.minimum(rank.astype(np.intp), order.shape[1] - 1), axis=1)
    known = (direction != 0) & (rank < columns.size[rows, None] - 3)
    share = np.take_along_axis(shares, cell, axis=1)
    known &= share > 0
    share = np.where(direction < 0, 1.0 - share, share)
    deviation = np.sqrt(np.maximum(share, 1.0 / observations) * (1.0 - share))
    error = _MARGIN / np.sqrt(observations)
    limit = share + np.maximum(tolerance * deviation, share_tolerance) + error * deviation
    limit = np.maximum(limit, wilson_upper_bound(share, observations, _RARE_MARGIN))
    stake = _stakes(limit, limit + gap * deviation) * known
    indicator = (columns.cell[rows][:, :, None] == cell[:, None]) ^ (direction < 0)[:, None]
    slots = tables.put(rows, 0, np.where(valid[:, :, None], indicator, limit[:, None]), limit, stake)
    tables.cells[rows, slots] = np.where(direction != 0, cell, -1)
    tables.kinds[rows, slots] = BetKind.CATEGORY
    same = (rank[:, :, None] == rank[:, None]) & (direction[:, :, None] == direction[:, None])
    tables.directions[rows, slots] = same.argmax(axis=2)
    # A bet on the order by frequency detects what several rarer categories do together.
    many = np.flatnonzero(kinds == len(_PLANS) - 1)
    rows, order, shares, valid, limit = rows[many], order[many], shares[many], valid[many], (tolerance + error)[many]
    ordered, _ = normal_scores(np.take_along_axis(shares, order, axis=1))
    scores = np.empty_like(ordered)
    np.put_along_axis(scores, order, ordered, axis=1)
    for slot, sign in ((DIRECTIONAL - 2, 1.0), (DIRECTIONAL - 1, -1.0)):
        score, stake = _bet(sign * _standardised(scores, shares), shares, limit, _LOCATION_RANGE, (_ORDER_STAKE,))
        tables.put(rows, slot, np.where(valid, score, limit)[:, :, None], limit, stake)


def add_special(tables: BetTables, first: int, tolerance: float, gaps: tuple[float, ...], *, unheard_of: bool) -> None:
    """Add bets on the shares of missing, invalid and, if asked for, unheard-of (out-of-range or unseen) values of all records.

    The whole reference sets their limits, also in a season slot if the slot has any rows. If the reference has few values of
    a kind, their design effect is at most :data:`MOST_TOGETHER`, and recovery takes records as independent.
    """
    columns = tables.columns
    total = columns.ranking.sum(axis=1, keepdims=True)
    possible = (columns.counts.sum(axis=1, keepdims=True) > 0) & (total > 0)
    size = columns.size[:, None]
    unheard = (columns.cell == size - 3) | (columns.numeric[:, None] & (columns.cell == 0))
    kinds = [(columns.cell == size - 2, BetKind.MISSING), (columns.cell == size - 1, BetKind.INVALID)]
    if unheard_of:
        kinds.append((unheard, BetKind.OUT_OF_RANGE))
    everything = np.arange(len(size))
    for indicator, kind in kinds:
        rows = (columns.ranking * indicator).sum(axis=1, keepdims=True)
        effect = columns.special_design_effect[:, None]
        rare = (rows < FEWEST_SPECIAL) & (kind is not BetKind.OUT_OF_RANGE)
        if kind is BetKind.OUT_OF_RANGE:
            effect = columns.unheard_design_effect[:, None]
        effect = np.where(rare, np.minimum(effect, MOST_TOGETHER), effect)
        observations = np.maximum(total / effect, 1.0)
        share = rows / np.where(total > 0, total, 1.0)
        error = np.sqrt(np.maximum(share, 1.0 / observations) * (1.0 - share) / observations)
        bound = wilson_upper_bound(share, observations, _RARE_MARGIN)
        if kind is BetKind.OUT_OF_RANGE:
            # On average, 2 / N of any continuous law is outside the range of N rows from it.
            bound = wilson_upper_bound(share + 2.0 / observations, observations, _MARGIN)
        limit = np.maximum(share + tolerance + _MARGIN * error, bound)
        stake = _stakes(limit, limit + np.array(gaps)) * possible
        slots = tables.put(everything, first, indicator[:, :, None].astype(np.float64), limit, stake)
        tables.kinds[:, slots] = kind
        tables.design_effects[:, slots] = np.where(rare, 1.0, effect)
        tables.least_tempering[:, slots] = effect
        first = slots.stop
    if unheard_of:
        slots = slice(first - len(gaps), first)
        tables.kinds[~columns.numeric, slots] = BetKind.UNSEEN


def hold_laws(tables: BetTables, laws: Iterable[FloatArray]) -> None:
    """Widen the null of the bets on location, spread and categories: it holds each of ``laws`` [column, cell], and mixtures.

    A limit is raised by as much as the mean score of the valid values is larger under one of these laws than in the
    reference. Call it before bets on special cells are added.
    """
    columns = tables.columns
    valid = columns.valid[:, None]
    scores = np.where(columns.valid[:, :, None], tables.scores, 0.0)

    def mean(law: FloatArray) -> FloatArray:
        weight = np.where(valid, law[:, None], 0.0)
        total = weight.sum(axis=2, keepdims=True)
        found: FloatArray = np.where(total > 0, weight @ scores / np.where(total > 0, total, 1.0), -np.inf)[:, 0]
        return found

    own = mean(columns.counts)
    raised = np.full(tables.limits.shape, -np.inf)
    for law in laws:
        np.maximum(raised, mean(law), out=raised)
    usable = np.isfinite(own) & np.isfinite(raised)
    tables.limits += np.where(usable, np.maximum(raised - np.where(usable, own, 0.0), 0.0), 0.0)
    tables.scores = np.where(columns.valid[:, :, None], tables.scores, tables.limits[:, None]).astype(
        tables.scores.dtype
    )
    lowest = np.where(columns.valid[:, :, None], tables.scores, np.inf).min(axis=1)
    stakes = np.minimum(tables.stakes, _LARGEST_STAKE / np.maximum(tables.limits - lowest, _LARGEST_STAKE))
    tables.stakes = np.where(scores.max(axis=1) > tables.limits, stakes, 0.0)


def _standardised(scores: FloatArray, shares: FloatArray, smallest: float = _CONSTANT) -> FloatArray:
    """Scores with mean 0 and deviation 1, or less than 1 if it was below ``smallest``. Constant scores become 0."""
    centred = scores - (shares * scores).sum(axis=1, keepdims=True)
    deviation = np.sqrt((shares * centred * centred).sum(axis=1, keepdims=True))
    return np.where(deviation > _CONSTANT, centred / np.maximum(deviation, smallest), 0.0)


def _bet(
    standard: FloatArray, shares: FloatArray, limit: FloatArray, bounds: tuple[float, float], stakes: tuple[float, ...]
) -> tuple[FloatArray, FloatArray]:
    """The scores [column, cell] of bets on larger standardised scores, and their stakes [column, bet]."""
    score = _standardised(np.clip(standard, *bounds), shares, _SMALLEST_DEVIATION)
    worst = limit - score.min(axis=1, keepdims=True)
    stake = np.minimum(np.array(stakes), _LARGEST_STAKE / np.maximum(worst, _LARGEST_STAKE))
    return score, stake * score.any(axis=1, keepdims=True)


def _stakes(limit: FloatArray, share: FloatArray) -> FloatArray:
    """The stakes that make e the likelihood ratio of ``share`` against ``limit``. 0 where no share is above the limit."""
    possible = limit < 1.0 - _CONSTANT
    largest = np.where(possible, limit, 0.5)
    target = np.minimum(np.where(possible, share, 0.5), (1.0 + largest) / 2.0)
    stakes: FloatArray = np.where(possible, (target - largest) / (largest * (1.0 - largest)), 0.0)
    return stakes
