"""Decides whether inputs and outputs have left their reference: evidence that may be looked at all the time."""

from __future__ import annotations

import logging
import math
from collections.abc import Iterable, Mapping, Sequence
from functools import partial
from typing import Any, Self

import numpy as np
from numpy.typing import NDArray

from ..errors import StateError
from ..evidence.alarms import clamped_log10
from ..evidence.counts import GroupedCounts, UpdateCounts
from ..evidence.decisions import AlarmFollower, Stretch
from ..evidence.schedule import Updates, UpdateSchedule
from ..evidence.seasonal_bets import SeasonalBets, SeasonalOmnibus
from ..evidence.state import EvidenceState, digest_of
from ..evidence.targets import BETS_OF_COLUMN, OMNIBUS, REJECTED_BETS, BetLayout, rejected_limit, rejected_log_e
from ..metrics.samples import Samples, Series
from ..reference.binning import CodedBatch
from ..reference.profile import FEATURE, PREDICTION, SCORE, Column
from .base import MonitorContext
from .unjudged_inputs import rejected_lines_unjudged, unjudged_features

__all__ = ["EvidenceMonitor", "EvidenceSamples"]

_log = logging.getLogger(__name__)
Array = NDArray[np.float64]
_WITHOUT_BET = -0.05
"""ln e while what was seen last is inside the ball: less than the 0 that is allowed, so that evidence from before fades."""
_MOST_BROKEN = math.log(100.0)
"""The most that one update says of broken features: what comes at once is one event, and a page needs about five of them."""
_HOURS_MEMORY = 3 * 3_600.0
"""Seconds of event time for which records weigh in the question whether the hours now are known to the reference."""

_MOST_CELLS = 4_000_000
"""Records times cells that are looked at together: a bound of the memory that a large batch takes."""
_ONSET_FROM = math.log(10.0)
"""Evidence from which on an onset is worth telling."""


class EvidenceMonitor:
    """e-CUSUMs on the bins of all features, the prediction and the score, and on the share of rejected lines.

    Decides the alarms of the model's board that are about them. Numbers derived from the score get no bets: they would say
    the same again.
    """

    def __init__(self, context: MonitorContext) -> None:
        self._context = context
        options = context.evidence
        columns = [column for column in context.columns if column.role in (FEATURE, PREDICTION, SCORE)]
        self._columns = len(columns)
        self._bets = SeasonalBets(context.reference, range(self._columns), options)
        self._rejected_limit = rejected_limit(context.reference, options.broken_tolerance)
        self._digest = digest_of([self._bets.digest, self._rejected_limit, [column.name for column in columns]])
        self._layout = BetLayout(columns, self._bets.pooled, self._rejected_limit)
        self._unjudged = self._never_judged(columns)
        self._every_column = self._layout.every_column()
        self._samples = EvidenceSamples(context)
        self._begin(columns)
        cells = int(np.prod(self._counts.shape))
        self._most_records = int(np.clip(_MOST_CELLS // (cells * (4 if self._bets.slots else 1)), 256, 8_192))

    def _begin(self, columns: Sequence[Column]) -> None:
        board, options = self._context.board, self._context.evidence
        self._schedule = UpdateSchedule(options.update_records, options.update_seconds)
        self._counts = UpdateCounts(columns, self._bets.slots)
        self._omnibus = SeasonalOmnibus(self._bets)
        self._state = EvidenceState.new(self._layout.size)
        # When the last update was, and of how many records in unknown hours and of how many in all it and those before it are.
        self._hours = [-math.inf, 0.0, 0.0]
        self._followers = [
            AlarmFollower(board[target.alert], target, self._layout) for target in self._layout.targets()
        ]
        for follower in self._followers:
            follower.alarm.restart = partial(self._restart, follower)
            if not follower.alarm.active:
                follower.alarm.evidence = 0.0

    def _never_judged(self, columns: Sequence[Column]) -> list[str]:
        reference, tolerance = self._context.reference, self._context.evidence.broken_tolerance
        threshold = self._context.board["ModelInputBroken"].threshold
        found = []
        if features := unjudged_features(columns, self._bets.pooled.broken, tolerance, threshold):
            found.append(
                "by this reference, missing or invalid values cannot be told (too few rows, or gaps that come close "
                f"together): {', '.join(features)}"
            )
        share, members = reference.rejected_lines / max(reference.lines, 1), len(reference.features) + 1
        if rejected_lines_unjudged(share, self._rejected_limit, tolerance, threshold, members):
            found.append("the reference's log had so many rejected lines that more of them cannot be told")
        return found

    def unjudged(self) -> Sequence[str]:
        """What of the inputs cannot be judged now though it were broken throughout, and why, a sentence each."""
        hours = ["the reference has no rows of these hours (UTC): inputs are not judged in them"]
        _, unknown, every = self._hours
        return self._unjudged + hours if 2.0 * unknown > every else self._unjudged

    def reject(self, lines: NDArray[np.int64], now: float) -> None:
        """Lines, ascending, that were neither records nor labels; call it before :meth:`observe` of the records among them.

        ``now`` is the model's clock. They count as lines of the schedule, each where its number puts it; that is known with
        the next records, the next tick or the next rejected lines.
        """
        self._rejected_only(self._schedule.reject(lines, now))

    def observe(self, batch: CodedBatch) -> None:
        """See :class:`Monitor`."""
        for first in range(0, batch.size, self._most_records):
            part = slice(first, first + self._most_records)
            now = batch.now[part]
            updates = self._schedule.observe(batch.line[part], now)
            # A record that is late for the windows is one of the stream all the same, and evidence has no window. One
            # ahead of the clock has a time that is not believed: its slot is unknown, and so is whether it is live.
            believed = batch.time[part] <= now
            cells, time, update_of = batch.cells[: self._columns, part], batch.time[part], updates.update_of
            if not believed.all():
                cells, time, update_of = cells[:, believed], time[believed], update_of[believed]
            groups = self._counts.split(cells, time, update_of, len(updates))
            if groups is not None:
                self._decide(updates, groups)

    def tick(self, now: float) -> None:  # noqa: ARG002 - the clock is the records' own
        """All lines so far have come."""
        self._rejected_only(self._schedule.flush())

    def _rejected_only(self, updates: Updates) -> None:
        nothing = np.zeros(0)
        cells = np.zeros((self._columns, 0), dtype=np.int64)
        groups = self._counts.split(cells, nothing, np.zeros(0, dtype=np.intp), len(updates))
        if groups is not None:
            self._decide(updates, groups)

    def _decide(self, updates: Updates, groups: GroupedCounts) -> None:
        self._note_hours(updates, groups)
        known, mark = 0, self._omnibus.mark()
        log_e = self._log_e(updates, groups)
        first = 0
        while first < len(updates):
            begun = updates.begun[first:]
            evidence = self._state.after(log_e[first:], updates.log_minutes[first:], begun)
            stretch = Stretch(updates, evidence, first, partial(self._excess, updates, groups, log_e))
            end = len(updates) - first
            courses = [follower.course(stretch, end) for follower in self._followers]
            recoveries = [course.recovers for course in courses if course.recovers is not None]
            if recoveries and min(recoveries) + 1 < end:
                end = min(recoveries) + 1
                courses = [follower.course(stretch, end) for follower in self._followers]
            both = [*zip(self._followers, courses, strict=True)]
            firing = [(course.fires, follower, course) for follower, course in both if course.fires is not None]
            for _, follower, course in sorted(firing, key=lambda each: each[0]):
                follower.fire(course, stretch)
            self._state.take(evidence, end - 1)
            for follower, course in both:
                follower.follow(course, stretch)
            first += end
            recovered = [follower for follower, course in both if course.recovers is not None]
            forgets = first < len(updates) and any(len(follower.target.learning) for follower in recovered)
            if forgets:
                self._omnibus.go_back(mark)
                self._omnibus.log_e(groups.between(known, first))
            for follower in recovered:
                follower.alarm.resolve(float(updates.time[first - 1]), int(updates.record[first - 1]))
            if forgets:
                # What comes behind was bet on with what has been forgotten now.
                known, mark = first, self._omnibus.mark()
                self._bet_on_shape(log_e, groups.between(first, len(updates)))

    def _note_hours(self, updates: Updates, groups: GroupedCounts) -> None:
        """Follow the share of records in hours that the reference does not know, over some hours: one late batch is no matter."""
        if not self._columns or not self._bets.slots:
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
        """The omnibus bets of these groups, put in the place of what is there for their updates."""
        omnibus = self._omnibus.log_e(groups)
        omnibus[omnibus == 0.0] = _WITHOUT_BET
        chosen = np.unique(groups.update)
        self._by_column(log_e)[chosen, :, OMNIBUS] = groups.by_update(omnibus, len(log_e))[chosen]

    def _by_column(self, by_bet: Array) -> Array:
        """A view of [update, bet] as [update, column, bet], without the bets on rejected lines."""
        return by_bet[:, :-REJECTED_BETS].reshape(len(by_bet), self._columns, BETS_OF_COLUMN)

    def _excess(self, updates: Updates, groups: GroupedCounts, log_e: Array) -> tuple[Array, Array]:
        """What recovery looks at: records and sums of scores less their limits, [update, bet]; see :class:`Stretch`."""
        number = len(updates)
        drift, broken = self._bets.excess(groups)
        sums = log_e.copy()  # the omnibus bets are looked at themselves
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

    def _restart(self, follower: AlarmFollower) -> None:
        self._state.restart(np.unique(follower.target.places), self._schedule.time)
        if len(follower.target.learning):
            self._omnibus.restart(follower.target.learning)
        follower.restart()

    def take_over(self, old: Self) -> None:
        """See :class:`Monitor`: all goes on, unless what is bet on or what counts as no drift is other than it was."""
        self.restore(old.snapshot())

    def collect(self) -> Iterable[Samples]:
        """See :class:`Monitor`."""
        target = self._every_column
        log_m = self._state.log_m
        evidence = target.members(log_m[None])[0] if self._columns else np.zeros(0)
        leading = np.where(target.weights > 0, log_m[target.places], -np.inf).argmax(axis=1)
        onsets = self._state.since[target.places[np.arange(self._columns), leading]]
        drift = self._context.board["ModelFeatureDrift"]
        model = None if drift.evidence == -np.inf else drift.evidence
        return self._samples.collect(evidence, onsets, model, self._schedule.updates)

    def snapshot(self) -> dict[str, Any]:
        """See :class:`Monitor`."""
        return {
            "bets": self._digest,
            "schedule": self._schedule.snapshot(),
            "counts": self._counts.snapshot(),
            "omnibus": self._omnibus.snapshot(),
            "state": self._state.snapshot(),
            "hours": [*self._hours],
            "alarms": {follower.target.alert: follower.snapshot() for follower in self._followers},
        }

    def restore(self, state: Any) -> None:
        """See :class:`Monitor`. Evidence against another reference or with other tolerances begins anew; latches stay."""
        try:
            if state["bets"] == self._digest:
                self._restore(state)
            else:
                _log.info(
                    "model %s: evidence on columns begins anew: tolerances or the reference changed",
                    self._context.model,
                )
                self._begin(self._context.columns[: self._columns])
        except (KeyError, TypeError, ValueError, IndexError, AttributeError) as error:
            self._begin(self._context.columns[: self._columns])
            raise StateError(f"model {self._context.model}: the evidence in the snapshot does not fit") from error

    def _restore(self, state: Mapping[str, Any]) -> None:
        self._schedule.restore(state["schedule"])
        self._counts.restore(state["counts"])
        self._omnibus.restore(state["omnibus"])
        self._state.restore(state["state"])
        self._hours = [*map(float, state.get("hours", self._hours))]
        for follower in self._followers:
            follower.restore(state["alarms"].get(follower.target.alert), self._state.log_m)


class EvidenceSamples:
    """The series of one model; ``columns`` of what it is given are the leading ones of the context."""

    def __init__(self, context: MonitorContext) -> None:
        model = context.model
        columns = context.columns
        self._features = [position for position in context.exported if columns[position].role == FEATURE]
        names = [(model, columns[position].name) for position in self._features]
        self._evidence = Series("model_feature_drift_evidence_log10", names)
        self._onset = Series("model_feature_drift_onset_timestamp_seconds", names)
        self._outputs = [
            (Series(f"model_{role}_drift_evidence_log10", [(model,)]), position)
            for role in (PREDICTION, SCORE)
            for position in context.exported
            if columns[position].role == role
        ]
        self._model = Series("model_drift_evidence_log10", [(model,)])
        self._updates = Series("model_evidence_updates_total", [(model,)])
        budgets = context.evidence.budgets
        self._thresholds = Series(
            "model_drift_evidence_threshold_log10", [(model, severity) for severity in budgets]
        ).samples([math.log10(minutes) for minutes in budgets.values()])

    def collect(self, columns: Array, onsets: Array, model: float | None, updates: int) -> Iterable[Samples]:
        """Samples of log M of each column, since when it has grown, that of all features together, and of how many updates."""
        evidence = columns[self._features]
        yield self._evidence.samples([clamped_log10(value) for value in evidence.tolist()])
        yield self._onset.samples(np.where(evidence >= _ONSET_FROM, onsets[self._features], np.nan))
        for series, position in self._outputs:
            yield series.samples([clamped_log10(float(columns[position]))])
        if model is not None:
            yield self._model.samples([clamped_log10(model)])
        yield self._thresholds
        yield self._updates.samples([updates])
