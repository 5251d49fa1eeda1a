"""Evidence on columns of bins: whether inputs and outputs have left their reference, and which alarms fire."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from functools import partial
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ..reference.profile import FEATURE, PREDICTION, SCORE, ReferenceProfile
from .alarms import Alarms
from .block_clock import Stretch
from .column_dependence import ColumnDependence
from .decisions import AlarmDecision, DecisionLoop
from .event_budget import EventBudget
from .evidence_state import EvidenceState, ResumableEvidence, digest_of
from .recovery import RecoveryBlocks
from .schedule import Updates, UpdateSchedule
from .seasonal_bets import SeasonalBets, SeasonalOmnibus
from .settings import PAGE, EvidenceSettings
from .targets import REJECTED_BETS, BetLayout, Target, rejected_limit, rejected_log_e
from .unjudged_inputs import UnknownHours, never_judged
from .update_counts import GroupedCounts, UpdateCounts

__all__ = ["ColumnEvidence"]

Array = NDArray[np.float64]
_WITHOUT_BET = -0.05
"""ln e while the last records are inside the ball. It is less than the allowed 0, so that earlier evidence fades."""
_MOST_BROKEN = math.log(100.0)
"""The largest ln e of one update on broken features. Its records may be one event, and a page needs about five of these."""
_OUTAGE = 0.9
"""Of the records of an update, or of its lines: where so many are broken, all are."""
_MOST_CELLS = 4_000_000
"""Records times cells that are processed together. This bounds the memory that a large batch takes."""


class ColumnEvidence(ResumableEvidence):
    """e-CUSUMs on the bins of all features, the prediction and the score, and on the share of rejected lines.

    It decides the ``alarms`` on these. ``columns`` are the columns that are bet on, the leading ones of the reference.
    Columns derived from the score are not among them, since they would count its evidence twice.
    """

    def __init__(self, reference: ReferenceProfile, settings: EvidenceSettings, alarms: Alarms) -> None:
        self._settings = settings
        self._alarms = alarms
        self.columns = [column for column in reference.columns if column.role in (FEATURE, PREDICTION, SCORE)]
        self._bets = SeasonalBets(reference, range(len(self.columns)), settings)
        self._rejected_limit = rejected_limit(reference, settings.broken_tolerance)
        self.name = f"model {alarms.model}"
        self.digest = digest_of([self._bets.digest, self._rejected_limit, [column.name for column in self.columns]])
        self._layout = BetLayout(self.columns, self._bets.pooled, self._rejected_limit)
        broken, threshold = self._bets.pooled.broken, alarms["ModelInputBroken"].threshold
        self._unjudged = never_judged(reference, self.columns, broken, settings.broken_tolerance, threshold)
        self._broken_bets, self._page = broken.log_e.shape[2], threshold
        self._no_records = np.zeros((len(self.columns), 0), np.int64), np.zeros(0), np.zeros(0, np.intp)
        self._every_column = self._layout.every_column()
        self.dependence = ColumnDependence(self.columns, self._bets.pooled, seasonal=self._bets.slots > 0)
        self._begin()
        cells = int(np.prod(self._counts.shape))
        self._most_records = int(np.clip(_MOST_CELLS // (cells * (4 if self._bets.slots else 1)), 256, 8_192))

    def _begin(self) -> None:
        settings = self._settings
        self.updates = 0
        self._schedule = UpdateSchedule(settings.update_records, settings.update_interval)
        self._counts = UpdateCounts(self.columns, self._bets.slots, self._bets.time_zone)
        self._omnibus = SeasonalOmnibus(self._bets)
        self._state = EvidenceState.new(self._layout.size)
        self._hours = UnknownHours()
        self._budget = EventBudget(len(self.columns) * self._broken_bets + REJECTED_BETS, self._page)
        decisions = []
        for target in self._layout.targets():
            alarm = self._alarms[target.alert]
            alarm.evidence = alarm.evidence if alarm.active else 0.0
            spreads, needed = self._layout.spreads[target.directions], self._layout.needed[target.directions]
            decisions.append(AlarmDecision(alarm, target, RecoveryBlocks(np.zeros_like(spreads), spreads, needed)))
        self._decisions = decisions
        self._loop = DecisionLoop(self._state, decisions, self._forget, self._recovered)
        self.dependence.begin()

    def _forget(self, target: Target) -> None:
        self._omnibus.restart(target.learning)
        self.dependence.live.drop(self.dependence.families(target))

    def _recovered(self, decision: AlarmDecision) -> None:
        families, live = self.dependence.families(decision.target, decision.about), self.dependence.live
        if decision.alarm.severity == PAGE:
            live.drop(families, all_of_it=True)
        else:
            live.settle(np.setdiff1d(families, self._held(PAGE)))

    def _held(self, severity: str = "") -> NDArray[np.intp]:
        """The families of evidence that latched alarms are about, those of a severity if one is given."""
        latched = [each for each in self._decisions if each.about and severity in ("", each.alarm.severity)]
        families = [self.dependence.families(each.target, each.about) for each in latched]
        return np.concatenate([np.zeros(0, dtype=np.intp), *families])

    def _temper(self) -> None:
        """Evidence and recovery use the larger of the reference's and the live design effects."""
        self.dependence.temper()
        for decision in self._decisions:
            decision.temper(self.dependence.rises)

    def _look(self, stretch: Stretch, time: float) -> None:
        """Look at what live records have shown, before the next update is weighed."""
        live = self.dependence.live
        held = np.zeros(len(live.effects), dtype=np.bool_)
        held[self._held()] = True
        if live.look(stretch, self.dependence.largest(self._state.log_m), held, time):
            self._temper()

    def unjudged(self) -> Sequence[str]:
        """What could not be seen now even if an input were broken throughout, and why. One sentence each."""
        return self._unjudged

    @property
    def unknown_hours(self) -> float:
        """The share of the records of the last hours in hours that the reference has no rows of; NaN without a season."""
        return self._hours.share if self._bets.slots else math.nan

    def reject(self, position: NDArray[np.int64], now: float) -> None:
        """Take in lines that were neither records nor labels, by their positions in the input, ascending.

        Call it before :meth:`add` of the records among them. ``now`` is the model's clock, in seconds since the epoch. Each
        line counts at its position, which is known with the next :meth:`add`, :meth:`flush` or :meth:`reject`.
        """
        self._count(self._schedule.reject(position, now), *self._no_records)

    def add(
        self,
        cells: NDArray[np.int64],
        time: Array,
        now: Array,
        position: NDArray[np.int64],
        surplus: NDArray[np.bool_] | None = None,
    ) -> None:
        """Take in records, in their order.

        ``cells`` is [column, record]: the bin of each value, on one axis of the bins of all columns. ``time`` is event time
        and ``now`` the event clock just after each record, in seconds since the epoch. ``position`` is the number of its line.
        Those in ``surplus`` are no evidence: they count as lines only.
        """
        for first in range(0, len(time), self._most_records):
            part = slice(first, first + self._most_records)
            updates = self._schedule.observe(position[part], now[part])
            # A record that is too late for the windows counts, since evidence has no window. A record ahead of the clock does
            # not: its time is not believed, so its slot is unknown, and so is whether it is live.
            left_out = time[part] > now[part]
            if surplus is not None:
                left_out |= surplus[part]
            kept = ~left_out if left_out.any() else slice(None)
            self._count(updates, cells[:, part][:, kept], time[part][kept], updates.update_of[kept])

    def flush(self) -> None:
        """All lines so far have been read. Rejected lines that wait count now."""
        self._count(self._schedule.flush(), *self._no_records)

    def _count(self, updates: Updates, cells: NDArray[np.int64], time: Array, update_of: NDArray[np.intp]) -> None:
        groups = self._counts.split(cells, time, update_of, len(updates))
        if groups is not None:
            self.add_counts(updates, groups)

    def add_counts(self, updates: Updates, groups: GroupedCounts) -> None:
        """Take in one or more updates whose records are counted already, for example as sums over the replicas of a fleet.

        Alarms fire and recover at their exact update. ``updates.update_of`` is not used.
        """
        if self.columns and self._bets.slots:
            self._hours.observe(updates.time, groups, self._bets.unknown(groups.slot))
        self.updates += len(updates)
        known, mark = 0, self._omnibus.mark()
        log_e = self._log_e(updates, groups)
        sums = self.dependence.sums(log_e)
        records = groups.by_update(groups.counts[:, :1].sum(axis=2), len(updates))

        def bet_again(part: slice, first: int, targets: Sequence[Target]) -> None:
            """Later updates were bet on with a memory that has been forgotten at the update ``first`` of a part."""
            nonlocal known, mark
            learning = np.concatenate([target.learning for target in targets])
            if len(learning):
                first += part.start
                self._omnibus.go_back(mark)
                self._omnibus.log_e(groups.between(known, first))
                self._omnibus.restart(learning)
                known, mark = first, self._omnibus.mark()
                again = self._omnibus_log_e(groups.between(first, len(updates)), len(updates))
                self._layout.omnibus_of(log_e)[first:] = again[first:]
                if self.dependence.factors is not None:
                    weighed[first - part.start :] = log_e[first : part.stop] * self.dependence.factors

        for stretch in self.dependence.live.stretches(updates.time):
            part, times = slice(stretch.start, stretch.stop), updates.part(slice(stretch.start, stretch.stop))
            weighed = log_e[part] if self.dependence.factors is None else log_e[part] * self.dependence.factors
            excess = partial(self._excess, updates, groups, log_e, part)
            self._loop.advance(weighed, times, excess, partial(bet_again, part))
            self.dependence.live.take(stretch, times.log_minutes, records[part], sums[part])
            if stretch.look:
                self._look(stretch, float(times.time[-1]))

    def _log_e(self, updates: Updates, groups: GroupedCounts) -> Array:
        drift, broken = (groups.by_update(each, len(updates)) for each in self._bets.log_e(groups))
        rejected = rejected_log_e(updates.lines, updates.rejected, self._rejected_limit)
        omnibus = self._omnibus_log_e(groups, len(updates))
        broken = np.minimum(broken, _MOST_BROKEN)
        together = np.concatenate([broken.reshape(len(updates), -1), rejected], axis=1)
        bounded = self._budget.bounded(together, updates, partial(self._outage, updates, groups))
        broken, rejected = bounded[:, :-REJECTED_BETS].reshape(broken.shape), bounded[:, -REJECTED_BETS:]
        return self._layout.joined(drift, omnibus, broken, rejected)

    def _outage(self, updates: Updates, groups: GroupedCounts) -> NDArray[np.bool_]:
        """In which updates nearly all values of a feature are broken, or nearly all lines rejected; [update, bet]."""
        counts = groups.by_update(groups.counts, len(updates))
        ends = np.array([len(column.counts) for column in self.columns], dtype=np.intp)
        lacking = counts[:, np.arange(len(ends)), ends - 1] + counts[:, np.arange(len(ends)), ends - 2]
        records = counts.sum(axis=2)
        values = np.repeat((records > 0) & (lacking >= _OUTAGE * records), self._broken_bets, axis=1)
        lines = np.repeat((updates.rejected >= _OUTAGE * updates.lines)[:, None], REJECTED_BETS, axis=1)
        return np.concatenate([values, lines], axis=1)

    def _omnibus_log_e(self, groups: GroupedCounts, updates: int) -> Array:
        omnibus = self._omnibus.log_e(groups)
        omnibus[omnibus == 0.0] = _WITHOUT_BET
        return groups.by_update(omnibus, updates)

    def _excess(self, updates: Updates, groups: GroupedCounts, log_e: Array, part: slice) -> tuple[Array, Array]:
        """What recovery needs, of a part of the updates: numbers of records, sums of scores less their limits, [update, bet]."""
        drift, broken = (groups.by_update(each, len(updates)) for each in self._bets.excess(groups))
        rejected = (updates.rejected - self._rejected_limit * updates.lines)[:, None]
        # For omnibus bets, recovery looks at ln e itself.
        sums = self._layout.joined(drift, self._layout.omnibus_of(log_e), broken, rejected)
        drift, broken, omnibus = (groups.by_update(each, len(updates)) for each in self._bets.judged(groups))
        return self._layout.joined(drift, omnibus, broken, updates.lines[:, None])[part], sums[part]

    def by_column(self) -> tuple[Array, Array]:
        """The natural logarithm of M of each column, and the event time since when its leading bet has grown; [column]."""
        if not self.columns:
            return np.zeros(0), np.zeros(0)
        target, log_m = self._every_column, self._state.log_m
        leading = np.where(target.weights > 0, log_m[target.places], -np.inf).argmax(axis=1)
        since = self._state.since[target.places[np.arange(len(self.columns)), leading]]
        return target.members(log_m[None])[0], since

    def snapshot(self) -> dict[str, Any]:
        return {
            "bets": self.digest,
            "updates": self.updates,
            "schedule": self._schedule.snapshot(),
            "counts": self._counts.snapshot(),
            "omnibus": self._omnibus.snapshot(),
            "hours": self._hours.snapshot(),
            "live": self.dependence.live.snapshot(),
            "budget": self._budget.snapshot(),
            **self._loop.snapshot(),
        }

    def resume(self, state: Mapping[str, Any]) -> None:
        self._schedule.restore(state["schedule"])
        self.updates = int(state["updates"] if "updates" in state else state["schedule"]["updates"])  # as in 0.1.0
        self._counts.restore(state["counts"])
        self._omnibus.restore(state["omnibus"])
        self._hours.restore(state.get("hours", self._hours.snapshot()))
        self._budget.restore(state.get("budget", self._budget.snapshot()))
        self._loop.restore(state)
        if "live" in state:  # snapshots of before have none
            self.dependence.live.restore(state["live"])
        self._temper()
