"""Evidence on columns of bins: whether inputs and outputs have left their reference, and which alarms fire."""

from __future__ import annotations

import logging
import math
from collections.abc import Mapping, Sequence
from functools import partial
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ..errors import StateError
from ..reference.profile import FEATURE, PREDICTION, SCORE, ReferenceProfile
from .alarms import Alarms
from .decisions import AlarmDecision, UpdateSpan
from .evidence_state import EvidenceState, digest_of
from .schedule import Updates, UpdateSchedule
from .seasonal_bets import SeasonalBets, SeasonalOmnibus
from .settings import EvidenceSettings
from .targets import BETS_OF_COLUMN, OMNIBUS, REJECTED_BETS, BetLayout, rejected_limit, rejected_log_e
from .unjudged_inputs import rejected_lines_unjudged, unjudged_features
from .update_counts import GroupedCounts, UpdateCounts

__all__ = ["ColumnEvidence"]

_log = logging.getLogger(__name__)
Array = NDArray[np.float64]
_WITHOUT_BET = -0.05
"""ln e while the last records are inside the ball. It is less than the allowed 0, so that earlier evidence fades."""
_MOST_BROKEN = math.log(100.0)
"""The largest ln e of one update on broken features. Its records may be one event, and a page needs about five of these."""
_HOURS_MEMORY = 3 * 3_600.0
"""Time constant, in seconds of event time, of the share of records in hours that the reference does not know."""

_MOST_CELLS = 4_000_000
"""Records times cells that are processed together. This bounds the memory that a large batch takes."""


class ColumnEvidence:
    """e-CUSUMs on the bins of all features, the prediction and the score, and on the share of rejected lines.

    It decides the ``alarms`` on these. ``columns`` are the columns that are bet on, the leading ones of the reference.
    Columns derived from the score are not among them, since they would count its evidence twice.
    """

    def __init__(self, reference: ReferenceProfile, settings: EvidenceSettings, alarms: Alarms) -> None:
        self._reference = reference
        self._settings = settings
        self._alarms = alarms
        self.columns = [column for column in reference.columns if column.role in (FEATURE, PREDICTION, SCORE)]
        self._bets = SeasonalBets(reference, range(len(self.columns)), settings)
        self._rejected_limit = rejected_limit(reference, settings.broken_tolerance)
        self._digest = digest_of([self._bets.digest, self._rejected_limit, [column.name for column in self.columns]])
        self._layout = BetLayout(self.columns, self._bets.pooled, self._rejected_limit)
        self._unjudged = self._never_judged()
        self._every_column = self._layout.every_column()
        self._begin()
        cells = int(np.prod(self._counts.shape))
        self._most_records = int(np.clip(_MOST_CELLS // (cells * (4 if self._bets.slots else 1)), 256, 8_192))

    def _begin(self) -> None:
        alarms, settings = self._alarms, self._settings
        self._schedule = UpdateSchedule(settings.update_records, settings.update_interval)
        self._counts = UpdateCounts(self.columns, self._bets.slots)
        self._omnibus = SeasonalOmnibus(self._bets)
        self._state = EvidenceState.new(self._layout.size)
        # The time of the last update, and fading counts of records in unknown hours and of all records.
        self._hours = [-math.inf, 0.0, 0.0]
        self._decisions = [
            AlarmDecision(alarms[target.alert], target, self._layout) for target in self._layout.targets()
        ]
        for decision in self._decisions:
            decision.alarm.restart = partial(self._restart, decision)
            if not decision.alarm.active:
                decision.alarm.evidence = 0.0

    def _never_judged(self) -> list[str]:
        reference, tolerance = self._reference, self._settings.broken_tolerance
        threshold = self._alarms["ModelInputBroken"].threshold
        found = []
        if features := unjudged_features(self.columns, self._bets.pooled.broken, tolerance, threshold):
            found.append(
                "by this reference, missing or invalid values cannot be told (too few rows, or gaps that come close "
                f"together): {', '.join(features)}"
            )
        share, members = reference.rejected_lines / max(reference.lines, 1), len(reference.features) + 1
        if rejected_lines_unjudged(share, self._rejected_limit, tolerance, threshold, members):
            found.append("the reference's log had so many rejected lines that more of them cannot be told")
        return found

    def unjudged(self) -> Sequence[str]:
        """What could not be seen now even if an input were broken throughout, and why. One sentence each."""
        hours = ["the reference has no rows of these hours (UTC): inputs are not judged in them"]
        _, unknown, every = self._hours
        return self._unjudged + hours if 2.0 * unknown > every else self._unjudged

    @property
    def updates(self) -> int:
        """The number of updates so far."""
        return self._schedule.updates

    def reject(self, position: NDArray[np.int64], now: float) -> None:
        """Take in lines that were neither records nor labels, by their positions in the input, ascending.

        Call it before :meth:`add` of the records among them. ``now`` is the model's clock, in seconds since the epoch. Each
        line counts at its position, which is known with the next :meth:`add`, :meth:`flush` or :meth:`reject`.
        """
        self._rejected_only(self._schedule.reject(position, now))

    def add(self, cells: NDArray[np.int64], time: Array, now: Array, position: NDArray[np.int64]) -> None:
        """Take in records, in their order.

        ``cells`` is [column, record]: the bin of each value, on one axis of the bins of all columns. ``time`` is event time
        and ``now`` the event clock just after each record, in seconds since the epoch. ``position`` is the number of its line.
        """
        for first in range(0, len(time), self._most_records):
            part = slice(first, first + self._most_records)
            updates = self._schedule.observe(position[part], now[part])
            # A record that is too late for the windows counts, since evidence has no window. A record ahead of the clock does
            # not: its time is not believed, so its slot is unknown, and so is whether it is live.
            believed = time[part] <= now[part]
            counted, times, update_of = cells[:, part], time[part], updates.update_of
            if not believed.all():
                counted, times, update_of = counted[:, believed], times[believed], update_of[believed]
            self._decide_counted(updates, counted, times, update_of)

    def flush(self) -> None:
        """All lines so far have been read. Rejected lines that wait count now."""
        self._rejected_only(self._schedule.flush())

    def _rejected_only(self, updates: Updates) -> None:
        cells = np.zeros((len(self.columns), 0), dtype=np.int64)
        self._decide_counted(updates, cells, np.zeros(0), np.zeros(0, dtype=np.intp))

    def _decide_counted(
        self, updates: Updates, cells: NDArray[np.int64], time: Array, update_of: NDArray[np.intp]
    ) -> None:
        groups = self._counts.split(cells, time, update_of, len(updates))
        if groups is not None:
            self.add_counts(updates, groups)

    def add_counts(self, updates: Updates, groups: GroupedCounts) -> None:
        """Take in one or more updates whose records are counted already. Alarms fire and recover at their exact update."""
        self._note_hours(updates, groups)
        known, mark = 0, self._omnibus.mark()
        log_e = self._log_e(updates, groups)
        first = 0
        while first < len(updates):
            begun = updates.begun[first:]
            evidence = self._state.after(log_e[first:], updates.log_minutes[first:], begun)
            span = UpdateSpan(updates, evidence, first, partial(self._excess, updates, groups, log_e))
            end = len(updates) - first
            verdicts = [decision.verdict(span, end) for decision in self._decisions]
            recoveries = [verdict.recovers for verdict in verdicts if verdict.recovers is not None]
            if recoveries and min(recoveries) + 1 < end:
                end = min(recoveries) + 1
                verdicts = [decision.verdict(span, end) for decision in self._decisions]
            both = [*zip(self._decisions, verdicts, strict=True)]
            firing = [(verdict.fires, decision, verdict) for decision, verdict in both if verdict.fires is not None]
            for _, decision, verdict in sorted(firing, key=lambda each: each[0]):
                decision.fire(verdict, span)
            self._state.take(evidence, end - 1)
            for decision, verdict in both:
                decision.follow(verdict, span)
            first += end
            recovered = [decision for decision, verdict in both if verdict.recovers is not None]
            forgets = first < len(updates) and any(len(decision.target.learning) for decision in recovered)
            if forgets:
                self._omnibus.go_back(mark)
                self._omnibus.log_e(groups.between(known, first))
            for decision in recovered:
                decision.alarm.resolve(float(updates.time[first - 1]), int(updates.position[first - 1]))
            if forgets:
                # Later updates were bet on with a memory that has now been forgotten: bet again.
                known, mark = first, self._omnibus.mark()
                self._bet_on_shape(log_e, groups.between(first, len(updates)))

    def _note_hours(self, updates: Updates, groups: GroupedCounts) -> None:
        """Follow the share of records in hours that the reference lacks, over some hours: one late batch must not matter."""
        if not self.columns or not self._bets.slots:
            return
        records = groups.counts[:, 0].sum(axis=1)
        unknown = np.bincount(groups.update, records * self._bets.unknown(groups.slot), len(updates))
        every = np.bincount(groups.update, records, len(updates))
        for time, *added in zip(updates.time.tolist(), unknown.tolist(), every.tolist(), strict=True):
            kept = math.exp(-max(time - self._hours[0], 0.0) / _HOURS_MEMORY)
            self._hours = [time, *(kept * before + more for before, more in zip(self._hours[1:], added, strict=True))]

    def _log_e(self, updates: Updates, groups: GroupedCounts) -> Array:
        number = len(updates)
        log_e = np.zeros((number, self._layout.size))
        by_column = self._by_column(log_e)
        drift, broken = self._bets.log_e(groups)
        by_column[:, :, : drift.shape[2]] = groups.by_update(drift, number)
        by_column[:, :, BETS_OF_COLUMN - broken.shape[2] :] = np.minimum(groups.by_update(broken, number), _MOST_BROKEN)
        self._bet_on_shape(log_e, groups)
        log_e[:, -REJECTED_BETS:] = rejected_log_e(updates.lines, updates.rejected, self._rejected_limit)
        return log_e

    def _bet_on_shape(self, log_e: Array, groups: GroupedCounts) -> None:
        """Write the omnibus bets of these groups into ``log_e``, in place of earlier ones for their updates."""
        omnibus = self._omnibus.log_e(groups)
        omnibus[omnibus == 0.0] = _WITHOUT_BET
        chosen = np.unique(groups.update)
        self._by_column(log_e)[chosen, :, OMNIBUS] = groups.by_update(omnibus, len(log_e))[chosen]

    def _by_column(self, by_bet: Array) -> Array:
        """A view of [update, bet] as [update, column, bet], without the bets on rejected lines."""
        return by_bet[:, :-REJECTED_BETS].reshape(len(by_bet), len(self.columns), BETS_OF_COLUMN)

    def _excess(self, updates: Updates, groups: GroupedCounts, log_e: Array) -> tuple[Array, Array]:
        """What recovery needs: numbers of records, and sums of scores less their limits, both [update, bet]."""
        number = len(updates)
        drift, broken = self._bets.excess(groups)
        sums = log_e.copy()  # for omnibus bets, recovery looks at ln e itself
        by_column = self._by_column(sums)
        by_column[:, :, : drift.shape[2]] = groups.by_update(drift, number)
        by_column[:, :, BETS_OF_COLUMN - broken.shape[2] :] = groups.by_update(broken, number)
        sums[:, -REJECTED_BETS:] = (updates.rejected - self._rejected_limit * updates.lines)[:, None]
        records = np.empty_like(sums)
        drift, broken, omnibus = self._bets.judged(groups)
        judged = np.concatenate([drift, omnibus, broken], axis=2)
        self._by_column(records)[:] = groups.by_update(judged, number)
        records[:, -REJECTED_BETS:] = updates.lines[:, None]
        return records, sums

    def _restart(self, decision: AlarmDecision) -> None:
        self._state.restart(np.unique(decision.target.places), self._schedule.time)
        if len(decision.target.learning):
            self._omnibus.restart(decision.target.learning)
        decision.restart()

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
            "bets": self._digest,
            "schedule": self._schedule.snapshot(),
            "counts": self._counts.snapshot(),
            "omnibus": self._omnibus.snapshot(),
            "state": self._state.snapshot(),
            "hours": [*self._hours],
            "alarms": {decision.target.alert: decision.snapshot() for decision in self._decisions},
        }

    def restore(self, state: Any) -> None:
        """Go on from :meth:`snapshot`. With another reference or other tolerances, evidence starts anew.

        Latches stay as they are. If the state does not fit, raises :class:`StateError` and leaves evidence as new.
        """
        model = self._alarms.model
        try:
            if state["bets"] == self._digest:
                self._restore(state)
            else:
                _log.info("model %s: evidence on columns begins anew: tolerances or the reference changed", model)
                self._begin()
        except (KeyError, TypeError, ValueError, IndexError, AttributeError) as error:
            self._begin()
            raise StateError(f"model {model}: the evidence in the snapshot does not fit") from error

    def _restore(self, state: Mapping[str, Any]) -> None:
        self._schedule.restore(state["schedule"])
        self._counts.restore(state["counts"])
        self._omnibus.restore(state["omnibus"])
        self._state.restore(state["state"])
        self._hours = [*map(float, state.get("hours", self._hours))]
        for decision in self._decisions:
            decision.restore(state["alarms"].get(decision.target.alert), self._state.log_m)
