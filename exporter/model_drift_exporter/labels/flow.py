"""Labels of one model: from batches of predictions and labels to matured outcomes, also across a restart."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable
from typing import Any

import attrs
import numpy as np
from numpy.typing import NDArray

from ..errors import StateError
from ..evidence.alarms import Alarms
from ..joining.keys import keys_of
from ..metrics.samples import Samples
from ..records.batches import LabelBatch
from ..records.identifiers import hash_identifiers
from ..reference.binner import Binner
from ..reference.coded_batch import CodedBatch
from ..reference.outcome_batch import OutcomeBatch, OutcomeLayout
from ..reference.profile import ReferenceProfile
from .admission import Admission, sampling_keys
from .delays import RevisedDelays, buckets_of
from .events import EventReader, Events
from .flow_state import FlowState
from .join import Joins, JoinTally, Revisions, join, join_alone
from .label_clock import FlowTimes
from .label_store import PREDICTION
from .metrics import LabelSeries, LabelSummary
from .settings import LabelSettings

__all__ = ["LabelFlow"]

Mask = NDArray[np.bool_]
Array = NDArray[np.float64]
_LOOKS = 256  # events between checks, from the first label until the maturity is known, and when labels should be there
_BLOCK = 4_096  # events between checks before and after; some checks are made only here


class LabelFlow:
    """Joins the labels of one model with its predictions and hands on the outcomes that are mature.

    Periodic checks happen where the number of events is a multiple of 256 or 4,096, never at the end of a batch. So results
    do not depend on how events were cut into batches. Before the first label the short checks would find nothing, so they
    are left out. ``hand_on`` is called with each batch of matured outcomes, in order. ``alarms`` say whether the model's
    input is broken.
    """

    name = "labels"

    def __init__(
        self,
        model: str,
        reference: ReferenceProfile,
        binner: Binner,
        settings: LabelSettings,
        hand_on: Callable[[OutcomeBatch], None],
        *,
        alarms: Alarms | None = None,
    ) -> None:
        self.model = model
        self.layout = OutcomeLayout.of(reference)
        self._settings = settings
        self._hand_on = hand_on
        self._alarms = alarms
        self._reader = EventReader(model, reference, binner, self.layout)
        self._reference = reference
        self._series = LabelSeries(model, self.layout)
        self._begin()

    def _begin(self) -> None:
        self._state = FlowState(
            self.model, self._reference, self.layout, self._settings, probabilities=self._reader.probabilities
        )
        self._admission = Admission(self.model, self._reader.unusable, self._state.sample, self._state.health)
        self._tally = JoinTally()
        self._reader.position = -1

    @property
    def labels_seen(self) -> bool:
        """Whether any label has come, usable or not."""
        return self._state.health.seen

    def knows(self, labels: LabelBatch) -> Mask:
        """Which labels belong to a prediction of this model in the store. For labels that do not name their model."""
        if "id" not in labels.fields:
            return np.zeros(labels.size, dtype=np.bool_)
        hashes, identified = hash_identifiers(labels.fields["id"])
        rows = self._state.store.find(keys_of(self.model, hashes))
        known: Mask = identified & (rows >= 0) & (self._state.store.columns["flags"][rows] & PREDICTION != 0)
        return known

    def observe(self, coded: CodedBatch | None, labels: LabelBatch | None, arrival: float) -> None:
        """Take in one chunk, in the order of lines. ``arrival`` is the wall clock, used while there is no event time."""
        events = self._reader.read(coded, labels)
        if events is None:
            return
        times = self._state.clock.follow(events.time, events.clock, is_label=events.is_label, arrival=arrival)
        start = 0
        first = 0 if self.labels_seen else events.first_label
        for turn in [*times.turns, events.size]:
            while start < turn:
                unlabelled = start < first
                block = _BLOCK if unlabelled or not self._state.looks_often else _LOOKS
                end = min(first if unlabelled else turn, turn, start + block - self._state.events % block)
                self._take(events.part(start, end), times.part(start, end))
                self._state.events += end - start
                if self._state.events % block == 0:
                    self._look(float(times.now[end - 1]), float(times.model[end - 1]))
                start = end

    def begin_version(self, time: float) -> None:
        """Another version of the model begins at event time ``time``. Call this before its first batch.

        Outcomes of earlier predictions that name no version do not count for it. They are handed on as superseded.
        """
        self._state.releaser.began = time

    def _take(self, events: Events, times: FlowTimes) -> None:
        if times.turns.get(0):
            self._state.set_back(float(times.now[0]), float(times.model[0]))
        elif times.turns:
            self._state.settle()
        admitted, alone = self._admission.admit(events, times, self._state.maturity.seconds, self._state.events)
        if not events.is_label.all():
            self._state.begin(float(times.time[int((~events.is_label).argmax())]))
        joins, revisions, opened = join(
            self._state.store, events, times.time, admitted, watermark=self._state.sample.watermark, tally=self._tally
        )
        if alone.any():
            keys = sampling_keys(self.model, events, self._state.events)
            own = join_alone(self._state.store, events, times.time, alone, keys=keys, tally=self._tally)
            joins = Joins.in_order(joins, own)
        if len(joins.row) or revisions is not None:
            joins = self._timed(joins, revisions, events, times)
        ripened = None
        if self._state.ripe_age is not None:
            ripened = self._state.ripening.follow(self._state.store, times.now, joins, opened, self._state.ripe_age)
        self._pass_on(
            self._state.releaser.release(
                self._state.store,
                times.now,
                events.position,
                joins,
                revisions,
                maturity=self._state.maturity.seconds,
                version=events.version,
                is_label=events.is_label,
                ripened=None if self._settings.sampled else ripened,
            )
        )

    def _timed(self, joins: Joins, revisions: Revisions | None, events: Events, times: FlowTimes) -> Joins:
        """The joins with implausible label times replaced. Counts their delays, and those of revised labels."""
        now = np.minimum(joins.label_time, times.now[joins.event])
        label_time = self._believed(joins.label_time, joins.time, now)
        joins = attrs.evolve(joins, label_time=label_time)
        leads = events.is_label & times.leading
        delay = self._state.store.columns["delay"]
        delays = np.maximum(label_time - joins.time, 0.0)
        buckets = delay[joins.row] = buckets_of(delays)
        revised = None
        if revisions is not None:
            own = self._state.store.columns["time"][revisions.row]
            now_revised = np.minimum(revisions.time, times.now[revisions.event])
            after = np.maximum(self._believed(revisions.time, own, now_revised) - own, 0.0)
            leading = leads[revisions.event]
            revised = RevisedDelays(revisions.event, _before(delay, revisions.row, buckets_of(after)), after, leading)
            delay[revisions.row[~leading]] = buckets_of(after[~leading])
        self._state.delays.observe(buckets, delays, leads[joins.event], event=joins.event, revised=revised)
        read = np.maximum(times.now[joins.event] - joins.time, 0.0)[~leads[joins.event]]
        self._state.read_delays.observe(buckets_of(read), read)
        self._state.health.observe_joined(joins.label, now)
        return joins

    def _believed(self, label_time: Array, time: Array, now: Array) -> Array:
        """The times of labels, and ``now`` where they are implausible.

        A prediction may be read long after its label. But a label waits for the horizon at most, so no delay is longer.
        """
        return np.where(label_time - time <= self._settings.horizon, label_time, now)

    def _look(self, now: float, model: float) -> None:
        self._state.look(now)
        self._state.unfair = self._state.maturity.seconds is not None and self._state.selects
        if self._state.events % _BLOCK == 0:
            self._state.releaser.pending.settle()
            moved = self._state.sample.tend(self._state.store, model, self._tally, labels_seen=self.labels_seen)
            if moved is not None:
                self._state.releaser.pending.move(moved)
                self._state.ripening.move(moved)

    def _pass_on(self, outcomes: OutcomeBatch | None) -> None:
        if outcomes is not None:
            if self._settings.delay_independent:
                outcomes = attrs.evolve(outcomes, late=None)
            if self._state.unfair:
                outcomes = attrs.evolve(outcomes, unfair=np.ones(outcomes.size, dtype=np.bool_))
            self._state.set_aside.observe(outcomes)
            self._hand_on(outcomes)

    def finish(self, now: float | None = None) -> None:
        """The input has ended, at ``now`` if that is later than the last event. Outcomes that are mature then count."""
        end = self._state.clock.now if now is None else max(now, self._state.clock.now)
        self._state.finish(end)
        if math.isfinite(end):
            position = np.array([self._reader.position])
            maturity = self._state.maturity.seconds
            self._pass_on(
                self._state.releaser.release(
                    self._state.store, np.array([end]), position, Joins.none(), None, maturity=maturity
                )
            )

    def take_over(self, old: LabelFlow) -> None:
        """Go on where another flow of the model, with the same reference, stopped. ``old`` must not be used afterwards."""
        self._state.take_over(old._state, self._settings)
        self._tally = old._tally
        self._admission = Admission(self.model, self._reader.unusable, self._state.sample, self._state.health)
        self._admission.rejected, self._admission.unidentified = old._admission.rejected, old._admission.unidentified
        self._reader.position = old._reader.position

    def not_evaluable(self) -> set[str]:
        """The reasons for which the model cannot be judged by its labels now, empty if it can."""
        broken_input = self._alarms["ModelInputBroken"] if self._alarms is not None else None
        return self._state.health.reasons(self._state.label_state(broken_input))

    def summary(self) -> LabelSummary:
        """The state of the labels now."""
        return LabelSummary.of(
            self._state.store,
            self._tally,
            self._admission.rejected,
            unidentified=self._admission.unidentified,
            sampling_ratio=self._state.sample.ratio,
            newest=self._state.health.newest,
            maturity=self._state.maturity.seconds,
            coverage=self._state.coverage() if self.labels_seen else None,
        )

    def collect(self) -> Iterable[Samples]:
        yield from self._series.samples(self.summary())
        yield self._state.delays.samples(known=self.labels_seen)

    def snapshot(self) -> dict[str, Any]:
        """The store's arrays are views: write or copy them before the next batch."""
        return {"flow": self._state.snapshot(), "line": self._reader.position}

    def restore(self, state: Any) -> None:
        """Go on from :meth:`snapshot` of a flow with the same reference, before the first batch.

        Counters start again at 0. If the state does not fit, raises :class:`StateError` and leaves the flow as new.
        """
        try:
            self._state.restore(state["flow"])
            self._reader.position = int(state["line"])
        except (StateError, KeyError, TypeError, ValueError, AttributeError, IndexError) as error:
            self._begin()
            raise StateError(f"the labels of model {self.model} in the snapshot do not fit: {error!r}") from error


def _before(stored: NDArray[np.uint8], row: NDArray[np.int64], after: NDArray[np.uint8]) -> NDArray[np.uint8]:
    """The bucket of the delay that each of some revisions replaces: the one ``stored``, or that of the revision before it."""
    order = np.argsort(row, kind="stable")
    again = np.flatnonzero(row[order][1:] == row[order][:-1]) + 1
    found = stored[row]
    found[order[again]] = after[order[again - 1]]
    return found
