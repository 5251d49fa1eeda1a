"""What a model costs in time series, counted from the series themselves, and which of its columns fit a limit."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from typing import Self

import attrs

from ..evidence.alarms import MOST_LEFT_OUT
from ..metrics.samples import HistogramSeries, Samples
from ..reference.profile import FEATURE, Column

__all__ = ["ModelSeries", "SeriesCount", "fitting", "series_now", "typical_columns"]

_OF_MODELS = 2  # the number of series itself, and the labels: what is exported of all models together


@attrs.frozen(eq=False)
class SeriesCount:
    """How many time series a model has, with a value or not.

    ``by_column`` counts those of each feature by its name, and those of each other role; ``others`` those of the model itself.
    """

    by_column: Counter[tuple[str, str]]
    others: int

    @classmethod
    def of(cls, samples: Iterable[Samples]) -> Self:
        """Count the series of samples. The metric of each block says whether they are of columns."""
        found: Counter[tuple[str, str]] = Counter()
        others = 0
        for block in samples:
            role, series = block.series.metric.role, block.series
            if not role:
                others += len(series)
            elif role == FEATURE and not isinstance(series, HistogramSeries):
                place = series.metric.labels.index("feature")
                found.update((FEATURE, labels[place]) for labels in series.label_values)
            else:
                found[role, ""] += len(series)
        return cls(found, others)

    def of_column(self, column: Column) -> int:
        """The series of one column; 0 where it was not among those exported."""
        return self.by_column[_key(column)]


def _key(column: Column) -> tuple[str, str]:
    return (FEATURE, column.name) if column.role == FEATURE else (column.role, "")


def _shape(column: Column) -> tuple[object, ...]:
    return (column.role, column.kind, len(column.counts), len(column.means), len(column.categories))


def typical_columns(columns: Sequence[Column]) -> dict[tuple[object, ...], int]:
    """The position of the first column of each shape: columns of one shape cost the same."""
    found: dict[tuple[object, ...], int] = {}
    for position, column in enumerate(columns):
        found.setdefault(_shape(column), position)
    return found


def fitting(columns: Sequence[Column], counted: SeriesCount, alerts: int, limit: int) -> tuple[list[int], int]:
    """Positions of the columns whose series fit the limit, and the number of series of the columns that do not.

    Outputs go first, then features in their order. ``counted`` holds at least one column of each shape. ``alerts`` is how many
    alerts may name a feature: each is one more series of every feature, and names a few that are left out. What the model
    exports in any case is within the limit.
    """
    typical = typical_columns(columns)
    costs = [
        counted.of_column(columns[typical[_shape(column)]]) + (alerts if column.role == FEATURE else 0)
        for column in columns
    ]
    left = limit - counted.others - _OF_MODELS
    if sum(costs) <= left:
        return [*range(len(columns))], 0
    left -= alerts * min(sum(column.role == FEATURE for column in columns), MOST_LEFT_OUT)
    exported = []
    for position in sorted(range(len(columns)), key=lambda position: columns[position].role == FEATURE):
        if costs[position] <= left:
            left -= costs[position]
            exported.append(position)
    return sorted(exported), sum(costs) - sum(costs[position] for position in exported)


def series_now(samples: Iterable[Samples]) -> int:
    """How many time series a model has with these samples of its own."""
    return sum(block.exported for block in samples) + _OF_MODELS


@attrs.frozen
class ModelSeries:
    """Time series of one model: those with a value now, the most there can be, and the columns that the limit leaves out.

    The most are there once all windows, and those before them, hold records and all alerts fire.
    """

    now: int
    most: int
    suppressed: Sequence[str] = ()

    @classmethod
    def of(cls, samples: Sequence[Samples], most: int | None, suppressed: Sequence[str]) -> Self:
        """Count a model's samples. ``most`` are those that there can be; ``None`` where these are what the samples hold."""
        known = sum(len(block.series) for block in samples) if most is None else most
        return cls(series_now(samples), known + _OF_MODELS, suppressed)
