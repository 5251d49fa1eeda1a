"""How much the live values of columns depend on one another: by column, of its values, its gaps, and its values unheard of."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from ..reference.profile import Column
from ..statistics.betting.bet_families import DIRECTIONAL
from ..statistics.betting.bets import BETS, BetKind
from .live_dependence import LiveDependence, LiveSeries
from .seasonal_bets import SlotBets
from .targets import BETS_OF_COLUMN, OMNIBUS, REJECTED_BETS, Target

__all__ = ["FAMILIES", "ColumnDependence"]

Array = NDArray[np.float64]

FAMILIES = ("values", "missing", "unheard")
"""The families of evidence of a column: location, spread, categories and the whole histogram; missing or invalid; out of range
or unseen."""
_VALUES, _GAPS, _UNHEARD = range(len(FAMILIES))
_SPECIAL_KINDS = (BetKind.MISSING, BetKind.INVALID, BetKind.OUT_OF_RANGE, BetKind.UNSEEN)
_ERRORS = 3.0
"""Standard errors of the reference's variance that are no dependence."""
_SPECIALS = BETS - DIRECTIONAL
_GROUPS = (
    ([slice(0, DIRECTIONAL), OMNIBUS], _VALUES),
    ([slice(DIRECTIONAL, DIRECTIONAL + 2 * _SPECIALS // 3), slice(OMNIBUS.stop, BETS_OF_COLUMN)], _GAPS),
    ([slice(DIRECTIONAL + 2 * _SPECIALS // 3, BETS)], _UNHEARD),
)


class ColumnDependence:
    """Live design effects of columns, for the axis of all bets. A family has the number 3 × column + its place in FAMILIES.

    The series are the ln e of one bet of each direction, which are summed anyway. Those of two directions that mirror one
    another, such as up and down, say the same, so there is one of them.
    """

    def __init__(self, columns: Sequence[Column], bets: SlotBets, *, seasonal: bool) -> None:
        drift, broken, count = bets.drift, bets.broken, len(columns)
        alone = np.broadcast_to(bets.ball.design_effect[:, None], (count, OMNIBUS.stop - OMNIBUS.start))
        effects = np.concatenate([drift.design_effects, alone, broken.design_effects], axis=1)
        self._tempering = np.concatenate([drift.tempering, alone, broken.tempering], axis=1)
        self._effects = np.maximum(effects, 1.0)
        used = np.concatenate([drift.kinds, np.ones(alone.shape, dtype=np.int8), broken.kinds], axis=1) != BetKind.NONE
        self._unused = ~used
        of_slot = np.zeros(BETS_OF_COLUMN, dtype=np.intp)
        for slices, family in _GROUPS:
            for each in slices:
                of_slot[each] = family
        self._family = len(FAMILIES) * np.arange(count)[:, None] + of_slot
        self._family_of = np.append(self._family.ravel(), np.full(REJECTED_BETS, -1))
        column, slot = _chosen(bets)
        self._places = column * BETS_OF_COLUMN + slot
        allowed = np.ones((count, len(FAMILIES)))
        for slices, family in _GROUPS:
            first = slices[0].start
            allowed[:, family] = self._tempering[:, first : slices[0].stop].max(axis=1, initial=1.0)
        series = _series(columns, bets, column, slot, self._family[column, slot])
        self.live = LiveDependence(series, allowed.ravel(), seasonal=seasonal)
        self.begin()

    def begin(self) -> None:
        """Forget everything."""
        self.live.begin()
        self.factors: Array | None = None
        """What the ln e of each bet is multiplied by, ``None`` where that is 1 for all; [bet]."""

    @property
    def rises(self) -> Array:
        """How many times the design effect is of that for which recovery allows, [bet]."""
        rises = np.maximum(self.live.effects[self._family] / self._effects, 1.0)
        return np.append(rises.ravel(), np.ones(REJECTED_BETS))

    def temper(self) -> None:
        """Make :attr:`factors` anew from the live design effects."""
        if (self.live.effects <= 1.0).all():
            self.factors = None
            return
        factors = self._tempering / np.maximum(self._tempering, self.live.effects[self._family])
        self.factors = np.append(factors.ravel(), np.ones(REJECTED_BETS))

    def sums(self, log_e: Array) -> Array:
        """The sums of the series, [update, series], from the ln e of all bets, [update, bet], which nothing has tempered."""
        return np.take(log_e, self._places, axis=1)

    def largest(self, log_m: Array) -> Array:
        """The largest log evidence of each family, [family], from that of all bets. Minus infinity where it has no bet."""
        by_column = log_m[:-REJECTED_BETS].reshape(self._unused.shape).copy()
        by_column[self._unused] = -np.inf
        found = np.empty((len(by_column), len(FAMILIES)))
        for slices, family in _GROUPS:
            found[:, family] = np.maximum.reduce([by_column[:, each].max(axis=1) for each in slices])
        return found.ravel()

    def families(self, target: Target, members: Sequence[int] | None = None) -> NDArray[np.intp]:
        """The families that some members of a target, or all of them, are about."""
        places = target.places if members is None else target.places[[*members]]
        families = np.unique(self._family_of[places])
        known: NDArray[np.intp] = families[families >= 0]
        return known

    def largest_effects(self) -> Array:
        """The largest live design effect of any column, for each of FAMILIES."""
        largest: Array = self.live.effects.reshape(-1, len(FAMILIES)).max(axis=0, initial=1.0)
        return largest


def _chosen(bets: SlotBets) -> tuple[NDArray[np.intp], NDArray[np.intp]]:
    """Columns and slots of the bets whose ln e are series: one of each direction, and one of two that mirror one another."""
    drift = bets.drift
    first = (drift.directions == np.arange(BETS)) & (drift.kinds != BetKind.NONE)
    first &= (drift.kinds != BetKind.LOCATION_DOWN) & (drift.kinds != BetKind.SPREAD_DOWN)
    same = (drift.cells[:, :, None] == drift.cells[:, None, :]) & first[:, None, :] & (drift.cells[:, :, None] >= 0)
    mirrored = np.tril(same, -1).any(axis=2)
    mirrored[:, DIRECTIONAL - 1] |= drift.kinds[:, DIRECTIONAL - 1] == BetKind.CATEGORY
    column, slot = np.nonzero(first & ~mirrored)
    return column, slot


def _series(
    columns: Sequence[Column],
    bets: SlotBets,
    column: NDArray[np.intp],
    slot: NDArray[np.intp],
    family: NDArray[np.intp],
) -> LiveSeries:
    """What the reference's law says of one record."""
    drift = bets.drift
    width = drift.log_e.shape[1]
    counts = np.zeros((len(columns), width))
    for row, each in zip(counts, columns, strict=True):
        row[: len(each.counts)] = [*each.counts.values()]
    inside = np.arange(counts.shape[1]) < np.array([[len(each.counts)] for each in columns], dtype=np.intp).reshape(
        -1, 1
    )
    rows = counts.sum(axis=1)
    shares = (counts / np.maximum(rows, 1.0)[:, None])[column]
    values = drift.log_e[column, :, slot]
    mean = (shares * values).sum(axis=1)
    away = values - mean[:, None]
    variance, fourth = (shares * away**2).sum(axis=1), (shares * away**4).sum(axis=1)
    kurtosis = fourth / np.maximum(variance**2, 1e-300)
    independent = np.maximum(rows[column] / np.maximum(drift.design_effects[column, slot], 1.0), 1.0)
    error = np.sqrt(np.maximum(kurtosis - 1.0, 0.0) / independent)
    lowest = np.where(inside[column], values, np.inf).min(axis=1, initial=np.inf)
    highest = np.where(inside[column], values, -np.inf).max(axis=1, initial=-np.inf)
    indicator = np.isin(drift.kinds[column, slot], _SPECIAL_KINDS)
    step = np.where(indicator, highest - lowest, 0.0)
    share = np.where(indicator, (mean - lowest) / np.where(step > 0, step, 1.0), 0.0)
    return LiveSeries(family, mean, variance * (1.0 + _ERRORS * error), kurtosis - 3.0, step, share)
