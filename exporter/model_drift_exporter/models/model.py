"""One model as the exporter follows it: its traffic, its reference (given or being learned), its monitors and alarms."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import attrs
import msgspec
import numpy as np
from numpy.typing import NDArray

from ..errors import StateError
from ..evidence.alarms import Alarms
from ..labels.evaluability import not_evaluable
from ..metrics.samples import Samples
from ..records.batches import LabelBatch, ModelBatch
from ..records.clock import EventTimes
from ..records.times import parse_time
from ..reference.profile import Column, ReferenceProfile
from .learner import Learner
from .model_metrics import ModelSamples
from .model_monitors import ModelMonitors
from .model_traffic import ModelTraffic
from .series_limit import ModelSeries
from .settings import MonitoringSettings

__all__ = ["Model"]

_DAY = 86_400.0


class Model:
    """Follows one model. Without a reference it keeps the first records, learns one from them, then counts them too.

    ``parts`` are the monitors and the join of labels, once there is a reference.
    """

    def __init__(self, name: str, reference: ReferenceProfile | None, settings: MonitoringSettings) -> None:
        self.name = name
        self.traffic = ModelTraffic(EventTimes(settings.longest_window))
        self.reference: ReferenceProfile | None = None
        self.alarms = Alarms(name, settings.evidence.budgets)
        self._settings = settings
        self.parts: ModelMonitors | None = None
        self._buffer = Learner(settings.learn.records)
        self._cannot_learn = False
        self._samples = ModelSamples(name, settings.learn.records)
        if reference is not None:
            self._begin(reference)

    @property
    def learning(self) -> int | None:
        """Records learned from so far; ``None`` once there is a reference, or if none can be learned."""
        return None if self.reference is not None or self._cannot_learn else self._buffer.records

    @property
    def settings(self) -> MonitoringSettings:
        """How the model is monitored."""
        return self._settings

    @property
    def times(self) -> EventTimes:
        """The clock of the records."""
        return self.traffic.times

    @property
    def columns(self) -> Sequence[Column]:
        """All columns of the reference; none while there is no reference."""
        return self.reference.columns if self.reference else ()

    @property
    def suppressed(self) -> Sequence[str]:
        """Columns whose series are not exported because of their number."""
        return self.parts.suppressed if self.parts is not None else ()

    @property
    def suppressed_series(self) -> int:
        """Series not exported because of their number."""
        return self.parts.suppressed_series if self.parts is not None else 0

    def _begin(self, reference: ReferenceProfile) -> None:
        self.reference = reference
        self.parts = ModelMonitors(self.name, reference, self._settings, self.alarms)
        self._samples.begin(reference)

    def process(self, batch: ModelBatch) -> None:
        """Take in what has come for the model.

        All lines are of one input. Raises :class:`ReferenceProfileError` if no reference can be built from the records that
        it should be learned from.
        """
        if batch.records is not None:
            self.traffic.records += batch.size
            self.traffic.follow_version(batch.records.version)
        self._take(batch.behind(self.traffic.position))

    def _take(self, batch: ModelBatch) -> None:
        if self.reference is not None:
            self._observe(batch)
        elif not self._cannot_learn:
            self._buffer.add(batch)
            if self._buffer.full:
                self.finish_learning()

    def finish_learning(self) -> None:
        """Build the reference from the records so far, then count these like all others.

        Raises :class:`ReferenceProfileError` if no reference can be built from them; they are then kept.
        """
        self._begin(self._buffer.learn(self.name, self._settings.build))
        for batch in self._buffer.drain():
            self._observe(batch)

    def give_up_learning(self) -> None:
        """Stop looking for a reference: the records held none; they and all further ones are counted only."""
        self._cannot_learn = True
        self._buffer.drain()

    def _observe(self, batch: ModelBatch) -> None:
        if self.parts is None:
            return
        begins = self.traffic.new_versions(batch.records.version) if batch.records is not None else []
        for position, part in enumerate(batch.parts(begins)):
            if begins and (position or begins[0] == 0):
                self._restart_evidence(self._time_of(part))
            self.parts.observe(part, self.traffic)

    def _time_of(self, batch: ModelBatch) -> float:
        """Event time of the first record of a batch, as far as it can be told."""
        times = batch.records.time if batch.records is not None else None
        time = parse_time(times[0]) if times is not None else math.nan
        now = batch.arrival if self.times.now is None else self.times.now
        return min(time, now + _DAY) if math.isfinite(time) else now

    def _restart_evidence(self, time: float) -> None:
        """Start the evidence from nothing, because the new version is another model. Latches stay closed until recovery.

        Outcomes of predictions before ``time`` are no evidence on the new version, although their labels are still to come.
        """
        if self.parts is not None:
            self.parts.labels.begin_version(time)
        for alarm in self.alarms.by_alert.values():
            if not alarm.active:
                alarm.evidence = -np.inf
                if alarm.restart is not None:
                    alarm.restart()

    def rearm(self) -> list[str]:
        """Release every latch, as a person asks; returns the alerts released."""
        return self.alarms.rearm(self.times.now or 0.0, self.traffic.position)

    def take_over(self, old: Model, *, same_bins: bool) -> None:
        """Go on where the model stopped before: counters, version, clock, and records not learned from yet.

        With ``same_bins`` (both have the same reference, or both lack one) what was counted into bins goes on, too,
        in all windows that both have; otherwise latches are released. Raises :class:`ReferenceProfileError` if no reference
        can be built from the records.
        """
        times = attrs.evolve(old.times, longest_window=self._settings.longest_window)
        self.traffic = attrs.evolve(old.traffic, times=times)
        if not same_bins:
            old.rearm()
        self.alarms.restore(old.alarms.snapshot())
        self.alarms.transitions = old.alarms.drain()
        if same_bins:
            self._cannot_learn = old._cannot_learn
            if self.parts is not None and old.parts is not None:
                self.parts.take_over(old.parts)
        for batch in old._buffer.batches:
            self._take(batch)

    def snapshot(self) -> dict[str, Any]:
        """State for a snapshot, as plain values and arrays; a learned reference is part of it."""
        reference = self.reference
        return {
            "reference": reference.fingerprint if reference else "",
            "learned": msgspec.to_builtins(reference) if reference and reference.learned else None,
            "learning": self._settings.learning_text,
            "hopeless": self._cannot_learn,
            "traffic": self.traffic.snapshot(),
            "buffer": self._buffer.snapshot(),
            "board": self.alarms.snapshot(),
            "monitors": self.parts.snapshot() if self.parts is not None else {},
        }

    def restore(self, state: Mapping[str, Any]) -> None:
        """Go on from a snapshot, before the first batch.

        Raises :class:`StateError` if it is of another reference, or a reference would now be learned otherwise: only
        version and clock then go on. A monitor whose part does not fit starts empty.
        """
        self.traffic.restore(state["traffic"])
        if self.reference is None:
            if state["learning"] != self._settings.learning_text:
                raise StateError(f"model {self.name}: settings changed that its reference is learned with")
            self._cannot_learn = bool(state["hopeless"])
            if state["learned"] is not None:
                try:
                    self._begin(msgspec.convert(state["learned"], ReferenceProfile))
                except msgspec.ValidationError as error:
                    raise StateError(f"the learned reference in the snapshot does not fit: {error}") from error
        fingerprint = self.reference.fingerprint if self.reference else ""
        if fingerprint != state["reference"]:
            raise StateError(
                f"model {self.name}: its reference changed from {state['reference'] or 'none'} to {fingerprint}"
            )
        self._buffer.restore(state["buffer"])
        self.alarms.restore(state["board"])
        if self.parts is not None:
            self.parts.restore(state["monitors"])

    def knows(self, labels: LabelBatch) -> NDArray[np.bool_]:
        """Which labels are of a prediction of this model that is kept."""
        return self._buffer.knows(labels) if self.parts is None else self.parts.labels.knows(labels)

    def finish(self) -> None:
        """The input has ended: outcomes that are mature by now count, and a model that still learns takes what it has.

        Raises :class:`ReferenceProfileError` as :meth:`finish_learning`.
        """
        if self.learning is not None:
            self.finish_learning()
        if self.parts is not None:
            self.parts.labels.finish()

    @property
    def not_evaluable(self) -> set[str]:
        """Why the model, or part of it, cannot be judged; the reasons of ``model_not_evaluable``."""
        return {"no_reference"} if self.parts is None else self.parts.not_evaluable()

    @property
    def unjudged_inputs(self) -> Sequence[str]:
        """What of the inputs cannot be judged now, and why, a sentence each."""
        return () if self.parts is None else self.parts.drift.unjudged()

    @property
    def compared_records(self) -> int:
        """Records counted into the bins of the reference so far."""
        return self.parts.bin_counts.records if self.parts is not None else 0

    @property
    def absent_features(self) -> list[str]:
        """Features of the reference that no record had so far."""
        return self.parts.bin_counts.absent_features if self.parts is not None else []

    def series(self) -> ModelSeries:
        """How many time series the model has."""
        columns = self.parts.exported if self.parts is not None else ()
        return ModelSeries.of([*self.collect()], columns, len(self._settings.windows), self.suppressed)

    def own_samples(self) -> Iterable[Samples]:
        """Samples of what the model itself counts, whatever its parts do."""
        return self._samples.collect(
            self.traffic,
            learned_from=self.learning or 0,
            absent_features=len(self.absent_features),
            suppressed=self.suppressed_series,
        )

    def collect(self) -> Iterable[Samples]:
        """All samples of the model."""
        yield from self.own_samples()
        yield from self.alarms.collect()
        yield not_evaluable(self.name, self.not_evaluable)
        if self.parts is not None:
            yield from self.parts.collect()
