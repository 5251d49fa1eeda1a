"""A feature that goes missing, or comes as text, in every record: when is it told, by the reference's days and the traffic?"""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Iterator
from typing import Any

import attrs
import numpy as np
from numpy.typing import NDArray

from model_drift_exporter.configuration.settings import Settings
from model_drift_exporter.evidence.settings import PAGE, TICKET
from model_drift_exporter.models.model import Model
from model_drift_exporter.records.batches import NO_POSITIONS, ModelBatch, RecordBatch
from model_drift_exporter.records.features import Features
from model_drift_exporter.reference.profile import ReferenceProfile

from .laws import START, profile_of

__all__ = ["FAULTS", "World", "allowed_records", "broken_input"]

Array = NDArray[np.float64]

FAULTS: dict[str, object] = {"missing": None, "wrong type": "n/a"}
"""The value of the feature in every record."""

_FEATURE = "level"
_DAY = 86_400.0
_LEAST_RECORDS, _LEAST_HOURS = 300, 4
_BATCH = 500
_DAYS_BEFORE = 1.0
_LONGEST_DAYS = 10.0
_LATER = 7.0


@attrs.frozen
class World:
    """A model whose features and traffic have a day's and a week's season, each of ``amplitude`` standard deviations.

    ``level`` has all of the season and is never missing, ``seldom`` is missing in 5 % of the records, ``nightly`` in 35 % of
    those from 22 to 6 o'clock. ``rate`` is in records a day; there are three times as many at noon as at midnight.
    """

    rate: int
    amplitude: float = 1.0

    def draw(self, random: np.random.Generator, first_day: float, days: float) -> RecordBatch:
        """The records of some days, in order of time."""
        day = self._times(random, first_day, days)
        size = len(day)
        daily = np.sin(2 * math.pi * day)
        season = self.amplitude * (daily + np.sin(2 * math.pi * day / 7))
        night = (day % 1.0 >= 22 / 24) | (day % 1.0 < 6 / 24)
        level = season + random.standard_normal(size)
        return RecordBatch.of(
            size=size,
            features={
                _FEATURE: level.tolist(),
                "weak": (0.3 * season + random.standard_normal(size)).tolist(),
                "plain": random.standard_normal(size).tolist(),
                "number": random.poisson(2.0, size).tolist(),
                "seldom": _with_gaps(random.standard_normal(size), random.random(size) < 0.05),
                "nightly": _with_gaps(random.standard_normal(size), night & (random.random(size) < 0.35)),
                "plan": np.array(["free", "basic", "pro", "team"])[random.integers(0, 4, size)].tolist(),
                "device": np.where(random.random(size) < 0.5 + 0.2 * daily, "phone", "desk").tolist(),
            },
            time=(START + _DAY * day).tolist(),
            prediction=np.where(random.random(size) < 1.0 / (1.0 + np.exp(-level)), "yes", "no").tolist(),
            position=range(size),
        )

    def _times(self, random: np.random.Generator, first_day: float, days: float) -> Array:
        """Days since the start, ascending; thinned from even ones."""
        drawn = np.sort(random.uniform(first_day, first_day + days, 2 * round(self.rate * days)))
        times: Array = drawn[random.random(len(drawn)) < 0.5 - 0.25 * np.cos(2 * math.pi * drawn)]
        return times


def allowed_records(rate: int) -> float:
    """Records within which a feature that is broken throughout must be named: 300, or those of four hours if that is more."""
    return max(_LEAST_RECORDS, rate * _LEAST_HOURS / 24)


def broken_input(days: int, rate: int, seed: int, *, clean_days: float, amplitude: float = 1.0) -> dict[str, Any]:
    """What a reference of so many days does: when ``ModelInputBroken`` names the feature, by fault; alarms of clean days."""
    random = np.random.default_rng([seed, days, rate])
    world = World(rate, amplitude)
    reference = profile_of(world.draw(random, 0, days))
    onset = days + random.uniform(_DAYS_BEFORE, _DAYS_BEFORE + _LATER)
    before = world.draw(random, onset - _DAYS_BEFORE, _DAYS_BEFORE)
    after = world.draw(random, onset, _LONGEST_DAYS)
    fired, reasons = _clean(reference, world.draw(random, onset, clean_days))
    return {
        "slots": reference.season.slots if reference.season else 0,
        "design_effect": reference.features[0].design_effect,
        "told": {fault: _told(reference, before, after, value) for fault, value in FAULTS.items()},
        "pages": fired[PAGE],
        "tickets": fired[TICKET],
        "reasons": reasons,
    }


def _told(reference: ReferenceProfile, before: RecordBatch, after: RecordBatch, value: object) -> dict[str, float]:
    """Records and hours from the first broken record on; infinite for never."""
    model = _track(reference)
    model.process(ModelBatch(before, None, NO_POSITIONS, 0.0))
    broken = attrs.evolve(
        after,
        features=Features.of({**after.features, _FEATURE: [value] * after.size}, after.size),
        position=np.arange(before.size, before.size + after.size),
    )
    for part in _parts(broken):
        model.process(ModelBatch(part, None, NO_POSITIONS, 0.0))
        for edge in model.alarms.drain():
            if edge.firing and edge.alert == "ModelInputBroken" and _FEATURE in edge.features:
                place = edge.record - before.size
                times = np.array(broken.fields["time"], dtype=np.float64)
                return {"records": place + 1.0, "hours": float(times[place] - times[0]) / 3_600.0}
    return {"records": math.inf, "hours": math.inf}


def _clean(reference: ReferenceProfile, records: RecordBatch) -> tuple[Counter[str], list[str]]:
    """Alarms by severity where nothing is wrong, and why the model is not evaluable at the end."""
    model = _track(reference)
    for part in _parts(records):
        model.process(ModelBatch(part, None, NO_POSITIONS, 0.0))
    return Counter(edge.severity for edge in model.alarms.drain() if edge.firing), sorted(model.not_evaluable)


def _track(reference: ReferenceProfile) -> Model:
    return Model(reference.model, reference, Settings().monitoring)


def _parts(batch: RecordBatch) -> Iterator[RecordBatch]:
    for start in range(0, batch.size, _BATCH):
        yield batch.take(range(start, min(start + _BATCH, batch.size)))


def _with_gaps(values: Array, absent: NDArray[np.bool_]) -> list[float | None]:
    return [None if gone else value for value, gone in zip(values.tolist(), absent.tolist(), strict=True)]
