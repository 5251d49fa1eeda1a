"""Everything of one model that exists once there is a reference: its bins, its monitors, and what they make of batches."""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterable, Mapping, Sequence
from functools import partial
from typing import Any, TypeVar

import numpy as np

from ..errors import ReferenceProfileError, StateError
from ..evidence.alarms import MOST_LEFT_OUT, Alarms
from ..evidence.surplus import SurplusRecords
from ..labels.flow import LabelFlow
from ..metrics.metric import Group, Metric, gauge
from ..metrics.samples import Samples, Series
from ..monitors import MONITORS, Monitor, MonitorContext, MonitorSpec
from ..monitors.monitor import COUNTERS
from ..records.batches import ModelBatch, RecordBatch
from ..reference.binner import Binner
from ..reference.coded_batch import CodedBatch
from ..reference.outcome_batch import OutcomeBatch
from ..reference.profile import FEATURE, Column, ReferenceProfile
from ..reference.usual_copies import USUAL_COPIES, UsualCopies
from .model_traffic import ModelTraffic
from .reference_metrics import reference_samples
from .segment_table import SegmentTable
from .series_limit import SeriesCount, fitting, typical_columns
from .settings import MonitoringSettings

__all__ = ["METRICS", "ModelMonitors"]

_log = logging.getLogger(__name__)
_M = TypeVar("_M", bound=Monitor)

_OFF = gauge(
    "model_monitor_off",
    "model monitor reason",
    "1 for a monitor that does not run for this model, and why: the reference lacks what it needs.",
    Group.ALERTS,
)
METRICS: tuple[Metric, ...] = (_OFF,)

_LABELS, _SEGMENTS, _SURPLUS = "labels", "segments", "surplus"
_MANY_COLUMNS = 300
"""With more columns than that, series are counted on one column of each shape before any are made of all."""
_NAMES_OF_0_1_0: Mapping[str, str] = {
    "DriftMonitor": "distances",
    "EvidenceMonitor": "drift",
    "PerformanceMonitor": "performance",
    "HarmMonitor": "loss",
    "ConceptMonitor": "concept",
    "LabelFlow": _LABELS,
}
"""Names of parts by those that they have in snapshots of version 0.1.0."""


class ModelMonitors:
    """The monitors of one model, and the join that feeds outcomes to them, all in the order of the lines.

    ``by_name`` are the monitors that apply to the reference, ``off`` says why another does not. ``labels`` is the join.
    ``exported`` are the columns whose series fit the limit, ``suppressed`` the names of the others, which would have
    ``suppressed_series``; ``most_series`` is the most that is ever exported of the parts and alarms.
    """

    def __init__(
        self,
        model: str,
        reference: ReferenceProfile,
        settings: MonitoringSettings,
        alarms: Alarms,
        *,
        others: Iterable[Samples] = (),
        monitors: Sequence[MonitorSpec] = MONITORS,
    ) -> None:
        """``others`` are samples of the model that are exported whatever its parts do."""
        self.model = model
        self._reference, self._alarms = reference, alarms
        self._binner = Binner(reference)
        self._segments = SegmentTable()
        self.off = {spec.name: why for spec in monitors if (why := spec.why_off(reference))}
        self._specs = [spec for spec in monitors if spec.name not in self.off]
        columns = reference.columns
        every = [*range(len(columns))]
        first = every if len(every) <= _MANY_COLUMNS else [*typical_columns(columns).values()]
        context = MonitorContext(
            model,
            reference,
            self._binner,
            settings.windows,
            first,
            alarms,
            settings.evidence,
            settings.monitors,
        )
        self.by_name: dict[str, Monitor] = {}
        for spec in self._specs:
            try:
                self.by_name[spec.name] = spec.make(context)
            except ReferenceProfileError as error:
                self.off[spec.name] = "reference_part_unusable"
                _log.warning("%s; %s is off", error, spec.name)
        self._specs = [spec for spec in self._specs if spec.name in self.by_name]
        usual = reference.part(USUAL_COPIES, UsualCopies) if USUAL_COPIES in self.by_name else None
        self._surplus = SurplusRecords(model, self._binner, usual)
        self._off_series = Series(_OFF, [(model, name, why) for name, why in self.off.items()])
        self.labels = LabelFlow(model, reference, self._binner, settings.labels, self._judge, alarms=alarms)
        self._constant = reference_samples(model, reference, [columns[position] for position in first])
        counted = SeriesCount.of([*others, *alarms.collect(), *self.collect()])
        naming = sum(spec.names_features for spec in alarms.specs)
        exported, self.suppressed_series = fitting(columns, counted, naming, settings.limits.series_per_model)
        self.exported: Sequence[Column] = [columns[position] for position in exported]
        self.suppressed: Sequence[str] = [columns[position].name for position in every if position not in {*exported}]
        if exported != first:
            self._constant = reference_samples(model, reference, self.exported)
            for monitor in self.by_name.values():
                monitor.export(exported)
            counted = SeriesCount.of([*others, *alarms.collect(), *self.collect()])
        alarms.leave_out({column.name for column in reference.features} - {column.name for column in self.exported})
        shown = sum(column.role == FEATURE for column in self.exported)
        named = shown + min(len(reference.features) - shown, MOST_LEFT_OUT)
        self.most_series = counted.others + counted.by_column.total() + naming * named

    def monitor(self, kind: type[_M]) -> _M | None:
        """The monitor of a class; ``None`` where it is off."""
        return next((each for each in self.by_name.values() if isinstance(each, kind)), None)

    def observe(self, batch: ModelBatch, traffic: ModelTraffic) -> None:
        """Take in a batch; the clock of ``traffic`` follows."""
        coded = None
        if batch.records is not None or len(batch.rejected):
            coded = self._coded(batch, traffic)
            for monitor in self.by_name.values():
                monitor.observe(coded)
        self.labels.observe(coded if batch.records is not None else None, batch.labels, batch.arrival)

    def _judge(self, outcomes: OutcomeBatch) -> None:
        for monitor in self.by_name.values():
            monitor.judge(outcomes)

    def _coded(self, batch: ModelBatch, traffic: ModelTraffic) -> CodedBatch:
        clock = batch.arrival if traffic.times.now is None else traffic.times.now
        records = batch.records
        if records is None:
            return _without_records(self._binner, batch, clock)
        time, now, timely = traffic.times.follow(records, batch.arrival_of_records())
        position = records.position
        traffic.position = int(position[-1])
        traffic.suppressed_observations += records.size * len(self.suppressed)
        cells, scores = self._binner.cells(records)
        values = self._binner.values(records, scores)
        coded = CodedBatch(
            self._binner,
            records.size,
            cells,
            time,
            now,
            timely,
            values,
            position,
            records,
            scores,
            batch.rejected,
            clock,
            self._segments.places(records.fields.get("segment")),
            version=traffic.version_codes(records.fields.get("version"), records.size),
        )
        return self._surplus.mark(coded)

    def not_evaluable(self) -> set[str]:
        """Why the model cannot be judged now, by its labels or by what its monitors say: reasons of ``model_not_evaluable``."""
        return self.labels.not_evaluable().union(*(monitor.not_evaluable() for monitor in self.by_name.values()))

    def take_over(self, old: ModelMonitors) -> None:
        """Go on after a reload with what others with the same bins have counted; what does not fit starts empty."""
        self._restore({name: monitor.snapshot() for name, monitor in old.by_name.items()})
        self.labels.take_over(old.labels)
        self._segments = old._segments
        self._try(_SURPLUS, partial(self._surplus.restore, old._surplus.snapshot()))

    def _try(self, name: str, go_on: Callable[[], None]) -> None:
        try:
            go_on()
        except StateError as error:
            _log.warning("model %s: %s begins anew: %s", self.model, name, error)

    def collect(self) -> Iterable[Samples]:
        """The samples of all parts, and those of the reference."""
        yield from self._constant
        yield self._off_series.samples([1.0] * len(self.off))
        for monitor in self.by_name.values():
            yield from monitor.collect()
        yield from self.labels.collect()

    def snapshot(self) -> dict[str, Any]:
        """The state of each part by its name, without counters; arrays may be views, to be written before the next batch."""
        states = {name: _without_counters(monitor.snapshot()) for name, monitor in self.by_name.items()}
        return {
            **states,
            _LABELS: self.labels.snapshot(),
            _SEGMENTS: self._segments.snapshot(),
            _SURPLUS: self._surplus.snapshot(),
        }

    def restore(self, state: Mapping[str, Any]) -> None:
        """Go on from a snapshot with the same reference, before the first batch; a part that does not fit starts empty."""
        states = {_NAMES_OF_0_1_0.get(name, name): each for name, each in state.items()}
        known = {*self.by_name, *self.off, _LABELS, _SEGMENTS, _SURPLUS}
        for name in sorted(name for name, each in states.items() if each is not None and name not in known):
            _log.warning("model %s: the snapshot's state of %s is left out: there is no such monitor", self.model, name)
        self._restore(states)
        self._segments.restore(states.get(_SEGMENTS, ()))
        if _SURPLUS in states:
            self._try(_SURPLUS, partial(self._surplus.restore, states[_SURPLUS]))
        if _LABELS in states:
            self._try(_LABELS, partial(self.labels.restore, states[_LABELS]))

    def _restore(self, states: Mapping[str, Any]) -> None:
        """Monitors without a state, and those that are off, forget what alarms of theirs had added up."""
        for spec in self._specs:
            if states.get(spec.name) is not None:
                self._try(spec.name, partial(self.by_name[spec.name].restore, states[spec.name]))
        deciding = {alarm.alert for spec in self._specs if states.get(spec.name) is not None for alarm in spec.alarms}
        for alert, alarm in self._alarms.by_alert.items():
            if alert not in deciding:
                alarm.forget()


def _without_counters(state: Any) -> Any:
    if not isinstance(state, dict):
        return state
    return {name: each for name, each in state.items() if name != COUNTERS} or None


def _without_records(binner: Binner, batch: ModelBatch, clock: float) -> CodedBatch:
    nothing = np.zeros(0)
    return CodedBatch(
        binner=binner,
        size=0,
        cells=np.zeros((len(binner.columns), 0), dtype=np.int64),
        time=nothing,
        now=nothing,
        timely=np.zeros(0, dtype=np.bool_),
        values={},
        position=np.zeros(0, dtype=np.int64),
        records=RecordBatch.of(0, {}),
        rejected=batch.rejected,
        clock=clock,
    )
