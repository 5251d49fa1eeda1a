"""Everything of one model that exists once there is a reference: its bins, its monitors, and what they make of batches."""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterable, Mapping, Sequence
from functools import partial
from typing import Any

from ..errors import StateError
from ..evidence.alarms import Alarms
from ..labels.flow import LabelFlow
from ..metrics.samples import Samples
from ..monitors import MONITORS, OUTCOME_MONITORS, Monitor, MonitorContext, OutcomeMonitor
from ..monitors.bin_counts import BinCountsMonitor
from ..monitors.distances import DistancesMonitor
from ..monitors.drift import DriftMonitor
from ..records.batches import ModelBatch, RecordBatch, positions_of
from ..reference.binner import Binner, CodedBatch
from ..reference.outcome_batch import OutcomeBatch
from ..reference.profile import Column, ReferenceProfile
from .model_traffic import ModelTraffic
from .reference_metrics import reference_samples
from .series_limit import exported_columns, series_of
from .settings import MonitoringSettings

__all__ = ["ModelMonitors"]

_log = logging.getLogger(__name__)


_Part = Monitor | OutcomeMonitor | LabelFlow
_NAMES_OF_0_1_0: Mapping[str, str] = {
    "DriftMonitor": "distances",
    "EvidenceMonitor": "drift",
    "PerformanceMonitor": "performance",
    "HarmMonitor": "loss",
    "ConceptMonitor": "concept",
    "LabelFlow": "labels",
}
"""Names of parts by those that they have in snapshots of version 0.1.0."""


class ModelMonitors:
    """The monitors of one model, and the join that feeds outcomes to some of them, all in the order of the lines.

    ``bin_counts``, ``distances`` and ``drift`` are those of the monitors that others ask for more than samples, ``labels`` is
    the join. ``exported`` are the columns whose series fit the limit; ``suppressed`` the names of the others, which have
    ``suppressed_series``.
    """

    def __init__(self, model: str, reference: ReferenceProfile, settings: MonitoringSettings, alarms: Alarms) -> None:
        self.model = model
        self._binner = Binner(reference)
        windows = len(settings.windows)
        exported = exported_columns(
            reference.columns, windows, settings.limits.series_per_model, len(reference.classes)
        )
        hidden = [column for position, column in enumerate(reference.columns) if position not in set(exported)]
        self.exported: Sequence[Column] = [reference.columns[position] for position in exported]
        self.suppressed: Sequence[str] = [column.name for column in hidden]
        self.suppressed_series = sum(series_of(column, windows) for column in hidden)
        context = MonitorContext(
            model, reference, self._binner, settings.windows, exported, alarms, settings.evidence, settings.loss
        )
        self.bin_counts = BinCountsMonitor(context)
        self.distances = DistancesMonitor(context)
        self.drift = DriftMonitor(context)
        others = [make(context) for make in MONITORS]
        self._monitors: list[Monitor] = [self.bin_counts, self.distances, *others, self.drift]
        self._outcome_monitors: list[OutcomeMonitor] = [make(context) for make in OUTCOME_MONITORS]
        self.labels = LabelFlow(model, reference, self._binner, settings.labels, self._judge, alarms=alarms)
        self._parts = _by_name([*self._monitors, *self._outcome_monitors, self.labels])
        self._constant = reference_samples(model, reference, [reference.columns[position] for position in exported])

    def observe(self, batch: ModelBatch, traffic: ModelTraffic) -> None:
        """Take in a batch; the clock of ``traffic`` follows."""
        now = batch.arrival if traffic.times.now is None else traffic.times.now
        if len(batch.rejected):
            self.drift.reject(batch.rejected, now)
        coded = None
        if batch.records is not None:
            coded = self._coded(batch.records, batch.arrival, traffic)
            now = float(coded.now[-1])
            for monitor in self._monitors:
                monitor.observe(coded)
        for monitor in self._monitors if batch.records is not None or len(batch.rejected) else ():
            monitor.tick(now)
        self.labels.observe(coded, batch.labels, batch.arrival)

    def _judge(self, outcomes: OutcomeBatch) -> None:
        for monitor in self._outcome_monitors:
            monitor.observe(outcomes)

    def _coded(self, records: RecordBatch, arrival: float, traffic: ModelTraffic) -> CodedBatch:
        time, now, timely = traffic.times.follow(records, arrival)
        position = positions_of(records)
        traffic.position = int(position[-1])
        traffic.suppressed_observations += records.size * len(self.suppressed)
        cells, scores = self._binner.cells(records)
        values = self._binner.values(records, scores)
        return CodedBatch(records.size, cells, time, now, timely, values, position, records, scores)

    def not_evaluable(self) -> set[str]:
        """Why the model cannot be judged now, by its labels or its inputs; the reasons of ``model_not_evaluable``."""
        return self.labels.not_evaluable() | ({"input_not_judged"} if self.drift.unjudged() else set())

    def take_over(self, old: ModelMonitors) -> None:
        """Go on with what others with the same bins have counted, before the first batch; what does not fit starts empty."""
        for monitor, before in zip(self._monitors, old._monitors, strict=True):
            self._try(monitor, partial(monitor.take_over, before))
        for judge, judge_before in zip(self._outcome_monitors, old._outcome_monitors, strict=True):
            self._try(judge, partial(judge.take_over, judge_before))
        self.labels.take_over(old.labels)

    def _try(self, part: _Part, go_on: Callable[[], None]) -> None:
        try:
            go_on()
        except StateError as error:
            _log.warning("model %s: %s begins anew: %s", self.model, part.name, error)

    def collect(self) -> Iterable[Samples]:
        """The samples of all parts, and those of the reference."""
        yield from self._constant
        for part in self._parts.values():
            yield from part.collect()

    def snapshot(self) -> dict[str, Any]:
        """The state of each part by its name; arrays may be views, to be written before the next batch."""
        return {name: part.snapshot() for name, part in self._parts.items()}

    def restore(self, state: Mapping[str, Any]) -> None:
        """Go on from a snapshot with the same reference, before the first batch; a part that does not fit starts empty."""
        states = {_NAMES_OF_0_1_0.get(name, name): each for name, each in state.items()}
        for name, part in self._parts.items():
            if name in states:
                self._try(part, partial(part.restore, states[name]))
        for name in sorted(name for name, each in states.items() if each is not None and name not in self._parts):
            _log.warning("model %s: the snapshot's state of %s is left out: there is no such monitor", self.model, name)


def _by_name(parts: Iterable[_Part]) -> dict[str, _Part]:
    """Raises ``ValueError`` where two parts would keep their state under one name."""
    found: dict[str, _Part] = {}
    for part in parts:
        other = found.setdefault(part.name, part)
        if other is not part:
            raise ValueError(f"{type(other).__name__} and {type(part).__name__} are both called {part.name}")
    return found
