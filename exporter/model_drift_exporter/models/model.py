"""One monitored model: its traffic, its reference (given or learned), its monitors and its alarms."""

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
from ..monitors import ALARMS, REASONS
from ..monitors.bin_counts import BinCountsMonitor
from ..monitors.findings import Finding
from ..records.batches import LabelBatch, ModelBatch
from ..records.clock import EventTimes
from ..records.times import parse_time
from ..reference.profile import Column, ReferenceProfile
from .learner import Learner
from .model_findings import finding_samples, findings_of
from .model_metrics import ModelSamples
from .model_monitors import ModelMonitors
from .model_traffic import ModelTraffic
from .series_limit import ModelSeries
from .settings import MonitoringSettings

__all__ = ["Model"]

_DAY = 86_400.0


class Model:
    """Monitors one model. Without a reference it keeps the first records, learns a reference from them, and counts them then.

    ``parts`` holds the monitors and the join of labels; it is ``None`` until there is a reference.
    """

    def __init__(self, name: str, reference: ReferenceProfile | None, settings: MonitoringSettings) -> None:
        self.name = name
        self.traffic = ModelTraffic(EventTimes(settings.longest_window))
        self.reference: ReferenceProfile | None = None
        self.alarms = Alarms(name, settings.evidence.budgets, ALARMS)
        self._settings = settings
        self.parts: ModelMonitors | None = None
        self._buffer = Learner(settings.learn.records)
        self._cannot_learn = False
        self._samples = ModelSamples(name, settings.learn.records)
        if reference is not None:
            self._begin(reference)

    @property
    def learning(self) -> int | None:
        """Records collected so far to learn a reference; ``None`` if there is a reference, or if none can be learned."""
        return None if self.reference is not None or self._cannot_learn else self._buffer.records

    @property
    def settings(self) -> MonitoringSettings:
        """How the model is monitored."""
        return self._settings

    @property
    def times(self) -> EventTimes:
        """The event times of the records."""
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
        self._samples.begin(reference)
        others = [*self.own_samples(), not_evaluable(self.name, (), REASONS), finding_samples(self.name, ())]
        self.parts = ModelMonitors(self.name, reference, self._settings, self.alarms, others=others)

    def process(self, batch: ModelBatch) -> None:
        """Process a batch of one input.

        Raises :class:`ReferenceProfileError` if a reference should be learned, but cannot be built from the records.
        """
        if batch.records is not None:
            self.traffic.records += batch.size
            self.traffic.follow_version(batch.records.fields.get("version"))
        self._take(batch.behind(self.traffic.position))

    def _take(self, batch: ModelBatch) -> None:
        if self.reference is not None:
            self._observe(batch)
        elif not self._cannot_learn:
            self._buffer.add(batch)
            if self._buffer.full:
                self.finish_learning()

    def finish_learning(self) -> None:
        """Build the reference from the records so far, then count these records.

        Raises :class:`ReferenceProfileError` if no reference can be built from them; the records are then kept.
        """
        self._begin(self._buffer.learn(self.name, self._settings.build))
        for batch in self._buffer.drain():
            self._observe(batch)

    def give_up_learning(self) -> None:
        """Stop learning, since no reference can be built. All records, earlier and later, are only counted in total."""
        self._cannot_learn = True
        self._buffer.drain()

    def _observe(self, batch: ModelBatch) -> None:
        if self.parts is None:
            return
        begins = self.traffic.new_versions(batch.records.fields.get("version")) if batch.records is not None else []
        for begins_version, part in batch.parts(begins):
            if begins_version:
                self._restart_evidence(self._time_of(part))
            self.parts.observe(part, self.traffic)

    def _time_of(self, batch: ModelBatch) -> float:
        """Event time of the first record of a batch, at most a day ahead of the clock; the clock's time if it has none."""
        times = batch.records.fields.get("time") if batch.records is not None else None
        time = parse_time(times[0]) if times is not None else math.nan
        now = batch.arrival if self.times.now is None else self.times.now
        return min(time, now + _DAY) if math.isfinite(time) else now

    def _restart_evidence(self, time: float) -> None:
        """Restart the evidence from zero, because the new version is another model. Closed latches stay until recovery.

        Evidence on the loss over all versions goes on. ``time`` is the event time at which the version begins.
        """
        if self.parts is not None:
            self.parts.labels.begin_version(time)
        for alarm in self.alarms.by_alert.values():
            alarm.begin_version()

    def rearm(self) -> list[str]:
        """Release every latch at a user's request. Returns the alerts released."""
        return self.alarms.rearm(self.times.now or 0.0, self.traffic.position)

    def take_over(self, old: Model, *, same_bins: bool) -> None:
        """Continue from another instance of this model: take its counters, version, clock and records kept for learning.

        Set ``same_bins`` if both have the same reference, or both have none. The counts in bins then continue as well, in
        all windows that both have; otherwise latches are released. Raises :class:`ReferenceProfileError` if no reference can
        be built from the records.
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
        """State for a snapshot, as plain values and arrays. It includes a learned reference."""
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
        """Continue from a snapshot. Call it before the first batch.

        Raises :class:`StateError` if the snapshot has another reference, or if the settings of learning changed. Then only
        version and clock continue. A monitor whose part of the snapshot does not fit starts empty.
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
        """Which labels belong to a stored prediction of this model, as an array of ``labels.size``."""
        return self._buffer.knows(labels) if self.parts is None else self.parts.labels.knows(labels)

    def finish(self) -> None:
        """Call this at the end of the input: mature outcomes are counted, and learning ends with the records so far.

        Raises :class:`ReferenceProfileError` as :meth:`finish_learning` does.
        """
        if self.learning is not None:
            self.finish_learning()
        if self.parts is not None:
            self.parts.labels.finish()

    @property
    def not_evaluable(self) -> set[str]:
        """The reasons why the model, or part of it, cannot be evaluated, as in ``model_not_evaluable``."""
        return {"no_reference"} if self.parts is None else self.parts.not_evaluable()

    def findings(self) -> tuple[Finding, ...]:
        """What is found about the model now: each latched alarm, and what monitors say beside them."""
        return findings_of(self.alarms, self.parts.by_name.values() if self.parts is not None else ())

    @property
    def compared_records(self) -> int:
        """Records counted into the bins of the reference so far."""
        return self._bin_counts.records if self._bin_counts is not None else 0

    @property
    def absent_features(self) -> list[str]:
        """Features of the reference that no record has had so far."""
        return self._bin_counts.absent_features if self._bin_counts is not None else []

    @property
    def _bin_counts(self) -> BinCountsMonitor | None:
        return self.parts.monitor(BinCountsMonitor) if self.parts is not None else None

    def series(self) -> ModelSeries:
        """How many time series the model has."""
        samples = [*self.collect()]
        return ModelSeries.of(samples, self.parts.most_series if self.parts is not None else None, self.suppressed)

    def own_samples(self) -> Iterable[Samples]:
        """Samples of the model itself, without those of its parts."""
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
        yield not_evaluable(self.name, self.not_evaluable, REASONS)
        yield finding_samples(self.name, self.findings())
        if self.parts is not None:
            yield from self.parts.collect()
