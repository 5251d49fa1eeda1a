"""Labels of one model: from batches of predictions and labels to matured outcomes, also across a restart."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable
from typing import Any

import attrs
import numpy as np
from numpy.typing import NDArray

from ..errors import StateError
from ..evidence.alarms import Alarm, Alarms
from ..joining.keys import keys_of
from ..metrics.samples import Samples
from ..records.batches import LabelBatch
from ..records.identifiers import hash_identifiers
from ..reference.binner import Binner
from ..reference.coded_batch import CodedBatch
from ..reference.outcome_batch import OutcomeBatch, OutcomeLayout
from ..reference.profile import ReferenceProfile
from .admission import Admission, Sample, sampling_keys
from .delays import MATURE_SHARE, DelayHistogram, Maturity
from .evaluability import LabelHealth, LabelState, unmatched
from .events import EventReader, Events
from .join import Joins, JoinTally, join, join_alone
from .label_clock import FlowClock, FlowTimes
from .label_store import PREDICTION, LabelStore
from .metrics import Coverage, LabelSeries, LabelSummary, selective
from .release import Releaser
from .settings import LabelSettings

__all__ = ["FlowState", "LabelFlow"]

Mask = NDArray[np.bool_]
_LOOKS = 256  # events between checks, from the first label until the maturity is known
_FEW = 20_000
_SELDOM = 16
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
                block = _BLOCK if unlabelled or self._state.maturity.seconds is not None else _LOOKS
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
        joins, revisions = join(
            self._state.store, events, times.time, admitted, watermark=self._state.sample.watermark, tally=self._tally
        )
        if alone.any():
            keys = sampling_keys(self.model, events, self._state.events)
            own = join_alone(self._state.store, events, times.time, alone, keys=keys, tally=self._tally)
            joins = Joins.in_order(joins, own)
        if len(joins.row):
            joins = self._timed(joins, events, times)
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
            )
        )

    def _timed(self, joins: Joins, events: Events, times: FlowTimes) -> Joins:
        """The joins with implausible label times replaced. Counts their delays."""
        # A prediction may be read long after its label. But a label waits for the horizon at most, so no delay is longer.
        now = np.minimum(joins.label_time, times.now[joins.event])
        believable = joins.label_time - joins.time <= self._settings.horizon
        joins = attrs.evolve(joins, label_time=np.where(believable, joins.label_time, now))
        leading = (events.is_label & times.leading)[joins.event]
        self._state.delays.observe(np.maximum(joins.label_time - joins.time, 0.0), leading)
        self._state.health.observe_joined(joins.label, now)
        return joins

    def _look(self, now: float, model: float) -> None:
        self._state.look(now)
        # Coverage of a large store is too slow for every check.
        if self._state.store.size < _FEW or self._state.events % (_SELDOM * _BLOCK) == 0:
            self._state.unfair = self._state.unfair_at(now)
        if self._state.events % _BLOCK == 0:
            self._state.releaser.pending.settle()
            moved = self._state.sample.tend(self._state.store, model, self._tally, labels_seen=self.labels_seen)
            if moved is not None:
                self._state.releaser.pending.move(moved)

    def _pass_on(self, outcomes: OutcomeBatch | None) -> None:
        if outcomes is not None:
            if self._settings.delay_independent:
                outcomes = attrs.evolve(outcomes, late=None)
            if self._state.unfair:
                outcomes = attrs.evolve(outcomes, unfair=np.ones(outcomes.size, dtype=np.bool_))
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


class FlowState:
    """The store, the clock, and what is known of delays and label health. ``events`` is the number of events so far."""

    def __init__(
        self,
        model: str,
        reference: ReferenceProfile,
        layout: OutcomeLayout,
        settings: LabelSettings,
        *,
        probabilities: bool,
    ) -> None:
        self.layout = layout
        self.clock = FlowClock()
        self.store = LabelStore(layout, settings.capacity, probabilities=probabilities)
        self.sample = Sample(settings)
        self.releaser = Releaser()
        self.delays = DelayHistogram(model)
        self.health = LabelHealth(reference, layout, settings)
        self.maturity = Maturity(0.0 if settings.delay_independent else settings.maturity)
        self.events = 0
        self.unfair = False
        self.first_prediction: float | None = None
        self._coverage: tuple[int, Coverage] | None = None

    def begin(self, time: float) -> None:
        """Note the event time of a prediction. Only that of the first one is kept."""
        if self.first_prediction is None:
            self.first_prediction = time

    def look(self, now: float) -> None:
        """Update the maturity."""
        if self.first_prediction is not None:
            self.maturity.look(self.delays, now - self.first_prediction)

    def settle(self) -> None:
        """Labels that led the model's clock were right."""
        self.delays.settle()
        self.health.settle()

    def set_back(self, now: float, model: float) -> None:
        """The clock went back to ``now``: labels that led the model's clock were wrong, or that clock itself was."""
        self.delays.withdraw()
        self.health.set_back(now)
        self.releaser.set_back(now)
        self.sample.set_back(model)
        if self.first_prediction is not None:
            self.first_prediction = min(self.first_prediction, model)
        self.look(now)

    def coverage(self) -> Coverage:
        """Which predictions have labels, after the last event."""
        if self._coverage is None or self._coverage[0] != self.events:
            self._coverage = (self.events, self._cover(self.clock.now))
        return self._coverage[1]

    def finish(self, now: float) -> None:
        """The input has ended at ``now``. No prediction will judge the labels that still lead, so they count as right."""
        self.settle()
        self.look(now)
        self._coverage = None

    def _cover(self, now: float) -> Coverage:
        return Coverage.of(self.store, self.layout, now, self.maturity.seconds)

    def unfair_at(self, now: float) -> bool:
        """Whether the labels so far are a biased sample of the outcomes, and so no evidence on the loss.

        ``now`` is the clock at the last event that has been taken in. :attr:`clock` may be far ahead of that, since it reads
        all events of a chunk first. With its time, predictions whose labels come later in the chunk would look unlabelled.
        """
        return self.health.seen and (self.health.only_one_class or selective(self._cover(now)))

    def label_state(self, broken_input: Alarm | None) -> LabelState:
        """The state of the labels after the last event.

        ``broken_input`` is the alarm that keeps outcomes from the loss monitor while it is active.
        """
        now, maturity = self.clock.now, self.maturity.seconds
        excluded = None
        if broken_input is not None and broken_input.active and broken_input.since is not None:
            onset = broken_input.since if broken_input.onset is None else broken_input.onset
            excluded = max(broken_input.since, onset + (maturity or 0.0))
        return LabelState(
            now=now,
            first_prediction=self.first_prediction,
            delay=self.delays.quantile(MATURE_SHARE) if self.delays.labels else 0.0,
            selective=self.health.seen and selective(self.coverage()),
            unmatched=self.health.seen and unmatched(self.store, now, maturity),
            counted=math.isfinite(self.releaser.latest),
            excluded_since=excluded,
        )

    def take_over(self, old: FlowState, settings: LabelSettings) -> None:
        """Go on with the state of a flow with the same reference, under other settings."""
        self.store, self.releaser, self.clock = old.store, old.releaser, old.clock
        self.sample, self.delays = old.sample, old.delays
        self.store.capacity, self.sample.settings = settings.capacity, settings
        self.maturity.restore(old.maturity.snapshot())
        self.health.restore(old.health.snapshot())
        self.events, self.first_prediction, self.unfair = old.events, old.first_prediction, old.unfair

    def snapshot(self) -> dict[str, Any]:
        """The store's arrays are views: write or copy them before the next batch."""
        return {
            "store": self.store.snapshot(),
            "releaser": self.releaser.snapshot(),
            "clock": self.clock.snapshot(),
            "sample": self.sample.snapshot(),
            "delays": self.delays.snapshot(),
            "maturity": self.maturity.snapshot(),
            "health": self.health.snapshot(),
            "events": self.events,
            "first_prediction": self.first_prediction,
            "unfair": self.unfair,
        }

    def restore(self, state: Any) -> None:
        """Go on from :meth:`snapshot`; raises :class:`StateError` or another error (``KeyError``, …) if it does not fit."""
        self.store.restore(state["store"])
        self.releaser.restore(state["releaser"], self.store.size)
        self.clock.restore(state["clock"])
        self.sample.restore(state["sample"])
        self.delays.restore(state["delays"])
        self.maturity.restore(state["maturity"])
        self.health.restore(state["health"])
        self.events = int(state["events"])
        self.first_prediction = None if (first := state["first_prediction"]) is None else float(first)
        self.unfair = bool(state["unfair"])
