"""What each alarm is about: which columns, which of their bets, with which weights."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

import attrs
import numpy as np
from numpy.typing import NDArray

from ..reference.profile import FEATURE, PREDICTION, SCORE, Column, ReferenceProfile
from ..statistics.betting.bets import BETS, OMNIBUS_WEIGHT, BetKind, Bets
from ..statistics.betting.e_cusum import log_mean
from ..statistics.betting.omnibus import MEMORIES
from ..statistics.intervals import wilson_upper_bound
from .seasonal_bets import SlotBets

__all__ = ["BETS_OF_COLUMN", "OMNIBUS", "REJECTED_BETS", "BetLayout", "Target", "rejected_limit", "rejected_log_e"]

Array = NDArray[np.float64]
Indexes = NDArray[np.intp]

OMNIBUS = slice(BETS, BETS + len(MEMORIES))
"""The positions of the omnibus bets among those of a column."""
_BROKEN = 6
BETS_OF_COLUMN = BETS + len(MEMORIES) + _BROKEN
"""The number of bets on a column, in this order: bets on drift, omnibus bets, bets on broken input."""

_REJECTED_GAPS = (0.05, 0.2, 0.7)
REJECTED_BETS = len(_REJECTED_GAPS)
"""The number of bets on the share of rejected lines. They come after those of all columns."""

_REJECTED_DESIGN_EFFECT = 50.0
"""How many rejected lines count as one: they come in groups, for example as the lines of a stack trace."""

_REJECTED_MARGIN = 2.6
"""Standard errors in Wilson's bound of the reference's share of rejected lines."""

_BLOCK_RECORDS = 500.0


def rejected_limit(reference: ReferenceProfile, tolerance: float) -> float:
    """The largest share of rejected lines that is no broken input: Wilson's bound of the reference's share plus ``tolerance``.

    Lines that come in a group count as one: a single event does not show what share is usual.
    """
    if not reference.lines or not reference.rejected_lines:
        return tolerance
    together = min(_REJECTED_DESIGN_EFFECT, reference.rejected_lines)
    share = reference.rejected_lines / reference.lines
    return float(wilson_upper_bound(share, reference.lines / together, _REJECTED_MARGIN)) + tolerance


def rejected_log_e(lines: Array, rejected: Array, limit: float) -> Array:
    """The ln e of updates, [update, bet], each bet on a share of rejected lines above ``limit``. 0 if that is 1 or more.

    ``lines`` and ``rejected`` are numbers of lines, [update].
    """
    if limit >= 1.0:
        return np.zeros((len(lines), REJECTED_BETS))
    share = np.minimum(limit + np.array(_REJECTED_GAPS), (1.0 + limit) / 2.0)
    more, less = np.log(share / limit), np.log1p(-share) - np.log1p(-limit)
    accepted = lines - rejected
    found: Array = (rejected[:, None] * more + accepted[:, None] * less) / _REJECTED_DESIGN_EFFECT
    return found


@attrs.frozen(eq=False)
class Target:
    """The members of one alarm: columns and, for broken input, the rejected lines. Its evidence is the average of theirs.

    ``names`` are those of the members, empty for a member that is not a feature. ``places`` (positions on the axis of all
    bets) and ``weights`` are [member, bet]. ``directions`` are what must recover: positions on the axis that recovery looks at
    (of columns one bet of each direction, of scores all). ``member_of`` is the member of each. ``learning`` are the columns
    whose omnibus bets, which have a memory, are among the bets.
    """

    alert: str
    names: tuple[str, ...]
    places: Indexes
    weights: Array
    directions: Indexes
    member_of: Indexes
    learning: Indexes

    def members(self, log_m: Array) -> Array:
        """The log evidence of each member, [update, member], from that of all bets, [update, bet]."""
        return log_mean(np.take(log_m, self.places, axis=1), self.weights)

    def evidence(self, members: Array) -> Array:
        """The log evidence of the alarm, [update], from that of its members."""
        return log_mean(members, np.full(len(self.names), 1.0 / len(self.names)))


class BetLayout:
    """The axis of all bets of all columns. ``spreads`` and ``needed`` [bet] are those of recovery."""

    def __init__(self, columns: Sequence[Column], bets: SlotBets, rejected_limit: float) -> None:
        self._columns = columns
        self.size = len(columns) * BETS_OF_COLUMN + REJECTED_BETS
        drift, broken = bets.drift, bets.broken
        omnibus = np.full((len(columns), len(MEMORIES)), OMNIBUS_WEIGHT / len(MEMORIES))
        self._kinds = np.concatenate([drift.kinds, np.full(omnibus.shape, -1), broken.kinds], axis=1)
        weights = np.concatenate([drift.weights, omnibus, broken.weights], axis=1)
        self._weights = np.where(self._kinds != BetKind.NONE, weights, 0.0)
        effects = bets.ball.design_effect[:, None]
        effects = np.concatenate([drift.design_effects, effects + 0.0 * omnibus, broken.design_effects], axis=1)
        self.needed = np.concatenate([(_BLOCK_RECORDS * effects).ravel(), np.full(REJECTED_BETS, _BLOCK_RECORDS)])
        spreads = np.concatenate([_spreads(drift), 0.0 * omnibus, _spreads(broken)], axis=1) * np.sqrt(effects)
        # For an omnibus bet, recovery looks at ln e itself: it must not gain more than 1 in a block.
        spreads[:, OMNIBUS] = 1.0 / np.sqrt(_BLOCK_RECORDS * effects[:, OMNIBUS])
        spread = np.sqrt(max(rejected_limit * (1.0 - rejected_limit), 0.0) * _REJECTED_DESIGN_EFFECT)
        self.spreads = np.concatenate([spreads.ravel(), np.full(REJECTED_BETS, spread)])
        alone = np.broadcast_to(np.arange(BETS, OMNIBUS.stop), omnibus.shape)
        directions = np.concatenate([drift.directions, alone, OMNIBUS.stop + broken.directions], axis=1)
        self._first = (directions == np.arange(BETS_OF_COLUMN)) & (self._kinds != BetKind.NONE)

    def joined(self, drift: Array, omnibus: Array, broken: Array, rejected: Array) -> Array:
        """[update, bet] of all, from [update, column, bet] of three families and ``rejected``, [update, bet] or [update, 1]."""
        by_column = np.concatenate([drift, omnibus, broken], axis=2).reshape(len(rejected), -1)
        return np.concatenate([by_column, np.broadcast_to(rejected, (len(rejected), REJECTED_BETS))], axis=1)

    def omnibus_of(self, by_bet: Array) -> Array:
        """A view of the omnibus bets, [update, column, bet], among all, [update, bet]."""
        return by_bet[:, :-REJECTED_BETS].reshape(len(by_bet), len(self._columns), BETS_OF_COLUMN)[:, :, OMNIBUS]

    def targets(self) -> list[Target]:
        """The alarms on columns for which this reference has members."""
        roles = [column.role for column in self._columns]
        features = [position for position, role in enumerate(roles) if role == FEATURE]
        outputs = [position for position, role in enumerate(roles) if role in (PREDICTION, SCORE)]
        every = range(BETS + len(MEMORIES))
        missing = self._slots(features, (BetKind.MISSING, BetKind.INVALID))
        outside = self._slots(features, (BetKind.OUT_OF_RANGE, BetKind.UNSEEN))
        broken = range(BETS + len(MEMORIES), BETS_OF_COLUMN)
        found = [self._target("ModelInputBroken", features, broken, rejected=True)]
        if features:
            found += [
                self._target("ModelFeatureDrift", features, every),
                self._target("ModelFeatureMissingValues", features, missing),
                self._target("ModelFeatureOutOfRange", features, outside),
            ]
        if outputs:
            found.append(self._target("ModelPredictionDrift", outputs, every))
        return found

    def every_column(self) -> Target:
        """A target for the drift of each column by itself, with all columns as members."""
        return self._target("", range(len(self._columns)), range(BETS + len(MEMORIES)))

    def _slots(self, columns: Sequence[int], kinds: tuple[BetKind, ...]) -> Iterable[int]:
        """The bets on drift that are of these kinds in some column."""
        return np.flatnonzero(np.isin(self._kinds[columns, :BETS], kinds).any(axis=0)).tolist()

    def _target(self, alert: str, columns: Sequence[int], bets: Iterable[int], *, rejected: bool = False) -> Target:
        slots = np.array([*bets], dtype=np.intp)
        rows = np.array(columns, dtype=np.intp)[:, None]
        places = rows * BETS_OF_COLUMN + slots
        weights = self._weights[rows, slots]
        total = weights.sum(axis=1, keepdims=True)
        weights = weights / np.where(total > 0, total, 1.0)
        direct = self._first[rows, slots]
        names = [self._columns[column].name if self._columns[column].role == FEATURE else "" for column in columns]
        directions, member_of = places[direct], np.broadcast_to(np.arange(len(columns))[:, None], places.shape)[direct]
        if rejected:
            tail = np.arange(self.size - REJECTED_BETS, self.size)
            own = np.zeros((1, len(slots)))
            own[0, :REJECTED_BETS] = 1.0 / REJECTED_BETS
            places = np.concatenate([places, np.resize(tail, (1, len(slots)))])
            weights = np.concatenate([weights, own])
            directions, member_of = np.append(directions, tail[0]), np.append(member_of, len(columns))
            names.append("")
        learning = rows[:, 0] if BETS in slots else rows[:0, 0]
        return Target(alert, tuple(names), places, weights, directions, member_of, learning)


def _spreads(bets: Bets) -> Array:
    """Standard deviations of scores. For a share, the deviation at the largest tolerated share."""
    shares = np.clip(bets.limits, 0.0, 1.0)
    special = bets.kinds >= BetKind.MISSING
    found: Array = np.where(special, np.sqrt(shares * (1.0 - shares)), bets.spreads)
    return found
