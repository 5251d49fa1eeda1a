"""Streams that are not independent records: autocorrelation, daily cycles, wandering. Do they page, is a shift found?"""

from __future__ import annotations

import math
from collections import Counter
from pathlib import Path
from typing import Any

import attrs
import numpy as np
from numpy.typing import NDArray

from model_drift_exporter.configuration.settings import Settings
from model_drift_exporter.evidence.settings import PAGE, TICKET, EvidenceSettings
from model_drift_exporter.models.model import Model
from model_drift_exporter.monitors.drift import DriftMonitor
from model_drift_exporter.records.batches import NO_POSITIONS, ModelBatch, RecordBatch
from model_drift_exporter.records.clock import EventTimes
from model_drift_exporter.records.columns import Numbers
from model_drift_exporter.records.features import Features
from model_drift_exporter.reference.binner import Binner
from model_drift_exporter.reference.coded_batch import CodedBatch
from model_drift_exporter.reference.profile import ReferenceProfile

from .delays import PAGE_UPDATES
from .laws import START, context_of, profile_of
from .windows import WINDOW, WindowRules

__all__ = ["PROCESSES", "Process", "dependent_streams"]

Array = NDArray[np.float64]

A_DAY = 4_800
REFERENCE_DAYS = 14
_SHIFT = 0.5
_WARM_UP = 8_000
_TICKETS_OF_THE_INPUTS = 5  # the alarms that share the budget of tickets


@attrs.frozen
class Process:
    """A made-up course of one number: AR(1) with ``autocorrelation``, a daily cycle, a level that changes at midnight."""

    autocorrelation: float = 0.0
    cycle: float = 0.0
    wander: float = 0.0

    def draw(self, random: np.random.Generator, streams: int, days: int) -> Array:
        """[stream, record], of mean 0 and standard deviation 1 over time."""
        rho, records = self.autocorrelation, days * A_DAY
        if rho:
            noise = random.standard_normal((records + _WARM_UP, streams)) * math.sqrt(1.0 - rho * rho)
            value = np.zeros(streams)
            for step in noise:
                value = rho * value + step
                step[:] = value
            values = np.ascontiguousarray(noise[_WARM_UP:].T)
        else:
            values = random.standard_normal((streams, records))
        values += self.cycle * np.sin(2.0 * math.pi * np.arange(records) / A_DAY)
        if self.wander:
            values += np.repeat(self.wander * random.standard_normal((streams, days)), A_DAY, axis=1)
        values /= math.sqrt(1.0 + self.cycle**2 / 2.0 + self.wander**2)
        return values


PROCESSES = {
    "iid": Process(),
    "AR(1) 0.9": Process(0.9),
    "AR(1) 0.99": Process(0.99),
    "AR(1) 0.999": Process(0.999),
    "daily cycle 0.5 sd": Process(cycle=0.5),
    "cycle + AR(1) 0.99": Process(0.99, cycle=0.5),
    "cycle + AR(1) 0.9 + wander 0.1 sd a day": Process(0.9, cycle=0.5, wander=0.1),
}


def dependent_streams(
    setting: str, seed: int, streams: int, live_days: int, *, errors: str | None = None, error_streams: int = 0
) -> dict[str, Any]:
    """What becomes of some streams of one process, clean and then shifted; ``errors`` is a file for some streams' errors.

    The feature and, independent of it, the chance of an error follow the process; a tenth of the predictions is wrong.
    """
    process = PROCESSES[setting]
    random = np.random.default_rng([seed, *setting.encode()])
    days = REFERENCE_DAYS + live_days
    values = process.draw(random, 2 * streams, days)
    live = REFERENCE_DAYS * A_DAY
    wrong = values[streams:] > np.quantile(values[streams:], 0.9)
    found = [_follow(values[stream], wrong[stream], live, random) for stream in range(streams)]
    if errors:
        np.save(Path(errors), wrong[:error_streams, live:])
    return {"streams": found}


def _follow(values: Array, wrong: NDArray[np.bool_], live: int, random: np.random.Generator) -> dict[str, Any]:
    whole = _records(values, wrong, random)
    profile = profile_of(whole.take(range(live)))
    records = whole.take(range(live, whole.size))
    fired, highest, page_level = _clean(profile, records)
    shifted = attrs.evolve(
        records, features=Features.of({"x": Numbers(np.asarray(values[live:]) + _SHIFT)}, records.size)
    )
    rules = WindowRules({"x": values[:live]})
    for start in range(0, records.size - WINDOW + 1, WINDOW):
        rules.window({"x": values[live + start : live + start + WINDOW]}, start + WINDOW)
    feature = profile.features[0]
    return {
        "pages": fired[PAGE],
        "tickets": fired[TICKET],
        "alerts": dict(Counter(name for name in fired if name not in (PAGE, TICKET))),
        "page_level": page_level,
        "highest": highest,
        "design_effect": feature.design_effect,
        "loss_design_effect": profile.outcomes.loss.design_effect if profile.outcomes else math.nan,
        "slots": profile.season.slots if profile.season else 0,
        "delay": _delay(profile, records, shifted, _options_at_page_level()),
        "ticket_delay": _delay(profile, records, shifted, EvidenceSettings()),
        "psi": [rules.psi.share, len(rules.psi.alarms())],
        "ks": [rules.ks.share, len(rules.ks.alarms())],
    }


def _records(values: Array, wrong: NDArray[np.bool_], random: np.random.Generator) -> RecordBatch:
    size = len(values)
    label = random.integers(0, 2, size)
    return RecordBatch.of(
        size=size,
        features={"x": values.tolist()},
        time=(START + np.arange(size) * (86_400.0 / A_DAY)).tolist(),
        prediction=list(map(str, (label ^ wrong).tolist())),
        label=list(map(str, label.tolist())),
        position=range(size),
    )


def _options_at_page_level() -> EvidenceSettings:
    """Under these the alarms of tickets have the threshold that a page has by default."""
    return EvidenceSettings(false_ticket=PAGE_UPDATES / _TICKETS_OF_THE_INPUTS)


def _clean(profile: ReferenceProfile, records: RecordBatch) -> tuple[Counter[str], float, int]:
    """Alarms by severity and name with the defaults, labels included; the highest evidence of a ticket; page-level crossings."""
    model = Model(profile.model, profile, Settings().monitoring)
    strict = _Watch(profile, _options_at_page_level())
    fired: Counter[str] = Counter()
    highest, crossings = -math.inf, 0
    for start in range(0, records.size, A_DAY // 4):
        batch = records.take(range(start, start + A_DAY // 4))
        model.process(ModelBatch(batch, None, NO_POSITIONS, 0.0))
        strict.observe(batch)
        edges = [edge for edge in model.alarms.drain() if edge.firing]
        fired.update(edge.severity for edge in edges)
        fired.update(edge.alert for edge in edges)
        highest = max([highest, *(alarm.evidence for alarm in model.alarms.by_alert.values())])
        crossings += sum(edge.firing for edge in strict.context.alarms.drain())
    return fired, highest / math.log(10), crossings


class _Watch:
    """The evidence monitor alone, as a model's track feeds it."""

    def __init__(self, profile: ReferenceProfile, options: EvidenceSettings) -> None:
        self.context = context_of(profile, options)
        self._monitor = DriftMonitor(self.context)
        self._times = EventTimes(None)
        self._binner = Binner(profile)

    def observe(self, batch: RecordBatch) -> None:
        """Bin the records and give them to the monitor."""
        time, now, timely = self._times.follow(batch, 0.0)
        cells, scores = self._binner.cells(batch)
        self._monitor.observe(
            CodedBatch(self._binner, batch.size, cells, time, now, timely, {}, batch.position, batch, scores)
        )


def _delay(profile: ReferenceProfile, clean: RecordBatch, shifted: RecordBatch, options: EvidenceSettings) -> float:
    """Records after a shift at the second midnight until ``ModelFeatureDrift``; infinite for never."""
    watch = _Watch(profile, options)
    watch.observe(clean.take(range(A_DAY)))
    shifted_from = int(clean.position[0]) + A_DAY
    for start in range(A_DAY, clean.size, A_DAY // 4):
        watch.observe(shifted.take(range(start, start + A_DAY // 4)))
        for edge in watch.context.alarms.drain():
            if edge.firing and edge.alert == "ModelFeatureDrift":
                return float(edge.record + 1 - shifted_from)
    return math.inf
