"""What evidence bets, watched from beside it: by family of bets, with an alarm that is armed again at once."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence

import attrs
import numpy as np
from numpy.typing import NDArray

from model_drift_exporter.evidence.columns import ColumnEvidence
from model_drift_exporter.evidence.schedule import Updates
from model_drift_exporter.evidence.seasonal_bets import SeasonalBets
from model_drift_exporter.evidence.targets import BETS_OF_COLUMN, BetLayout
from model_drift_exporter.evidence.update_counts import GroupedCounts
from model_drift_exporter.monitors.monitor import MonitorContext
from model_drift_exporter.reference.coded_batch import CodedBatch
from model_drift_exporter.reference.profile import FEATURE, PREDICTION, SCORE
from model_drift_exporter.statistics.betting.bets import BETS, OMNIBUS_WEIGHT, BetKind
from model_drift_exporter.statistics.betting.e_cusum import advance
from model_drift_exporter.statistics.betting.omnibus import MEMORIES

__all__ = ["Family", "Rearmed", "WatchedEvidence", "allowed", "families_of"]

Array = NDArray[np.float64]
Watch = Callable[[Array, Array], None]

_KINDS = {
    "location": (BetKind.LOCATION_UP, BetKind.LOCATION_DOWN),
    "spread": (BetKind.SPREAD_UP, BetKind.SPREAD_DOWN),
    "category": (BetKind.CATEGORY,),
    "special bins": (BetKind.MISSING, BetKind.INVALID, BetKind.OUT_OF_RANGE, BetKind.UNSEEN),
}
_LARGEST = 700.0


def allowed(updates: float, threshold: float) -> float:
    """Crossings that are allowed on ``updates`` null updates if one is expected in ``threshold`` of them."""
    expected = updates / threshold
    return expected + 3.0 * math.sqrt(expected)


class WatchedEvidence(ColumnEvidence):
    """The exporter's evidence; ``watch`` is told minutes (as logarithm) and ln e of all bets at each of its updates."""

    def __init__(self, context: MonitorContext, watch: Watch) -> None:
        self._watch = watch
        super().__init__(context.reference, context.evidence, context.alarms)

    def observe(self, batch: CodedBatch) -> None:
        """Take in records, as the exporter's monitor does."""
        self.add(batch.cells[: len(self.columns)], batch.time, batch.now, batch.position)

    def _log_e(self, updates: Updates, groups: GroupedCounts) -> Array:
        log_e = super()._log_e(updates, groups)
        self._watch(updates.log_minutes, log_e)
        return log_e


@attrs.frozen(eq=False)
class Family:
    """A weighted average of bets: their places among all, and weights that sum to 1."""

    name: str
    places: NDArray[np.intp]
    weights: Array


def families_of(context: MonitorContext) -> list[Family]:
    """Each kind of bet on the features, averaged over the features that have it; then each alarm of the inputs."""
    columns = [column for column in context.columns if column.role in (FEATURE, PREDICTION, SCORE)]
    bets = SeasonalBets(context.reference, range(len(columns)), context.evidence).pooled
    features = np.array([column.role == FEATURE for column in columns])
    rows = np.arange(len(columns))[:, None] * BETS_OF_COLUMN
    found = []
    for name, kinds in _KINDS.items():
        chosen = np.isin(bets.drift.kinds, kinds) & (bets.drift.weights > 0) & features[:, None]
        if chosen.any():
            found.append(_family(name, (rows + np.arange(BETS)), bets.drift.weights * chosen))
    omnibus = rows + BETS + np.arange(len(MEMORIES))
    found.append(_family("omnibus", omnibus, np.full(omnibus.shape, OMNIBUS_WEIGHT) * features[:, None]))
    found += [
        Family(target.alert, target.places.ravel(), (target.weights / len(target.names)).ravel())
        for target in BetLayout(columns, bets, context.evidence.broken_tolerance).targets()
    ]
    return [_without_idle(family) for family in found]


def _family(name: str, places: NDArray[np.intp], weights: Array) -> Family:
    sums = weights.sum(axis=1, keepdims=True)
    weights = weights / np.where(sums > 0, sums, 1.0) / np.count_nonzero(sums)
    return Family(name, places.ravel(), weights.ravel())


def _without_idle(family: Family) -> Family:
    used = family.weights > 0
    return Family(family.name, family.places[used], family.weights[used])


class Rearmed:
    """One family's e-CUSUM: all its bets start again wherever the average reaches ``threshold``; infinite for never.

    ``crossings`` counts these, ``highest`` is the largest logarithm of the average so far.
    """

    def __init__(self, family: Family, threshold: float) -> None:
        self.family = family
        self._threshold = math.log(threshold)
        self._log_m = np.zeros(len(family.places))
        self.crossings = 0
        self.highest = -math.inf

    def update(self, log_minutes: Array, log_e: Array) -> None:
        """Take in some updates; ``log_e`` is [update, bet] with all bets there are."""
        own = log_e[:, self.family.places]
        first = 0
        while first < len(own):
            log_m, _ = advance(self._log_m, own[first:], log_minutes[first:])
            total = self._averages(log_m)
            crossed = np.flatnonzero(total >= self._threshold)
            end = int(crossed[0]) if len(crossed) else len(total) - 1
            self.highest = max(self.highest, float(total[: end + 1].max()))
            self._log_m = np.zeros(len(self.family.places)) if len(crossed) else log_m[end]
            self.crossings += len(crossed) > 0
            first += end + 1

    def _averages(self, log_m: Array) -> Array:
        """Exact where an average may reach the threshold or a new height, else a bound that is below both."""
        bound = log_m.max(axis=1)
        total: Array = bound.copy()
        near = np.flatnonzero(bound >= min(self._threshold, self.highest))
        if len(near):
            total[near] = np.log(np.exp(np.minimum(log_m[near], _LARGEST)) @ self.family.weights)
        return total


def watch_all(rearmed: Sequence[Rearmed]) -> Watch:
    """Tells all of them."""

    def watch(log_minutes: Array, log_e: Array) -> None:
        for each in rearmed:
            each.update(log_minutes, log_e)

    return watch
