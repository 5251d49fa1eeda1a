"""Logs of a model as people deliver them, as arrays: records can be taken twice, moved, broken, with garbage between them."""

from __future__ import annotations

from functools import cache

import attrs
import numpy as np
from numpy.typing import NDArray

from model_drift_exporter.evidence.alarms import Transition
from model_drift_exporter.models.model import Model
from model_drift_exporter.records.batches import NO_POSITIONS, ModelBatch, RecordBatch
from model_drift_exporter.reference.profile import ReferenceProfile
from model_drift_exporter.settings.values import parse_window
from tests.sections import monitoring_settings
from tests.support.prediction_log import START, profile_of

__all__ = ["DAY", "FEATURES", "PLANS", "Log", "drawn", "fed", "fired", "pages", "reference"]

Array = NDArray[np.float64]
DAY = 86_400.0
FEATURES = ("age", "income", "tenure", "distance")
PLANS = np.array(["free", "basic", "pro", "team"])
_ERROR = 0.15


@attrs.frozen(eq=False)
class Log:
    """Records by their event times, in order; ``None`` in ``plan`` and NaN in ``values`` [feature, record] are missing."""

    time: Array
    values: Array
    plan: NDArray[np.object_]
    predicted: NDArray[np.bool_]
    wrong: NDArray[np.bool_]
    garbage: NDArray[np.int64] = attrs.field(factory=lambda: NO_POSITIONS)
    """Before which record each rejected line stands."""

    @property
    def size(self) -> int:
        return len(self.time)

    def take(self, indexes: NDArray[np.int64], time: Array | None = None) -> Log:
        """Records at some indexes, at other times if these are given."""
        return Log(
            self.time[indexes] if time is None else time,
            self.values[:, indexes],
            self.plan[indexes],
            self.predicted[indexes],
            self.wrong[indexes],
        )

    def then(self, other: Log) -> Log:
        """Both in the order of time."""
        both = Log(
            np.concatenate([self.time, other.time]),
            np.concatenate([self.values, other.values], axis=1),
            np.concatenate([self.plan, other.plan]),
            np.concatenate([self.predicted, other.predicted]),
            np.concatenate([self.wrong, other.wrong]),
        )
        return both.take(np.argsort(both.time, kind="stable"))

    def without(self, features: range, lacking: NDArray[np.bool_]) -> Log:
        """The records with these features missing in some of them."""
        values = self.values.copy()
        for feature in features:
            values[feature, lacking] = np.nan
        return attrs.evolve(self, values=values)

    def records(self, *, labels: bool = True) -> RecordBatch:
        """As a decoder gives them; rejected lines stand between them."""
        lines = np.arange(self.size) + np.searchsorted(self.garbage, np.arange(self.size), side="right")
        label = np.where(self.predicted ^ self.wrong, "yes", "no").tolist() if labels else None
        return RecordBatch.of(
            self.size,
            {**dict(zip(FEATURES, self.values.tolist(), strict=True)), "plan": self.plan.tolist()},
            time=self.time.tolist(),
            id=[str(number) for number in range(self.size)],
            prediction=np.where(self.predicted, "yes", "no").tolist(),
            label=label,
            position=lines,
        )


def drawn(days: float, rate: float, seed: int, *, first: float = 0.0, error: float = _ERROR) -> Log:
    """Records at random times, from ``first`` days on, ``rate`` a day."""
    random = np.random.default_rng(seed)
    size = round(days * rate)
    return Log(
        np.sort(random.uniform(START + first * DAY, START + (first + days) * DAY, size)),
        random.standard_normal((len(FEATURES), size)),
        PLANS[random.integers(0, 4, size)].astype(object),
        random.random(size) < 0.4,
        random.random(size) < error,
    )


@cache
def reference(rate: float = 1_000, days: float = 30) -> ReferenceProfile:
    """Of the same world, with times and labels."""
    return profile_of([drawn(days, rate, 1, first=-days).records()])


def fed(log: Log, profile: ReferenceProfile | None = None, *, labels: bool = True) -> Model:
    """A model that has read the log, in batches of no particular size."""
    model = Model("m", profile or reference(), monitoring_settings((parse_window("1h"),)))
    records = log.records(labels=labels)
    rejected = log.garbage + np.arange(len(log.garbage))
    random = np.random.default_rng(2)
    first = 0
    while first < log.size:
        last = min(first + int(random.integers(500, 4_000)), log.size)
        lines = rejected[(log.garbage >= first) & (log.garbage < last)]
        model.process(ModelBatch(records.take(range(first, last)), None, lines, START))
        first = last
    return model


def fired(model: Model) -> list[Transition]:
    """The alarms that have fired."""
    return [edge for edge in model.alarms.drain() if edge.firing]


def pages(model: Model) -> list[str]:
    return [edge.alert for edge in fired(model) if edge.severity == "page"]
