"""What a model costs in time series, and which of its columns fit a limit."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Self

import attrs

from ..labels.delays import DELAY_BUCKETS
from ..labels.evaluability import NOT_EVALUABLE
from ..metrics.samples import Samples
from ..monitors.distances import BASELINES
from ..monitors.latency import LATENCY_BUCKETS
from ..reference.profile import FEATURE, PREDICTION, Column
from ..reference.scores import DERIVED
from ..statistics import STATISTICS

__all__ = ["ModelSeries", "exported_columns", "other_series", "series_now", "series_of"]

_SHARES = 4  # of the window: observations, missing, invalid, and out of range or unseen
_JUDGED = 2  # of every column with evidence: that, and its design effect
_WHILE_FIRING = 5  # of a feature: the onset, and its name in four alerts
_SUSPECTED = 2 * 3  # features in the alerts on outcomes, which suspect the strongest
# Series of a model besides those of its columns, at most: those of Model and of Models, the histograms of latency and
# label delay, 7 alarms with suspected features, evidence, reasons why not, dependence, and the join of labels.
_OTHER_SERIES = (
    19 + len(LATENCY_BUCKETS) + 3 + (len(DELAY_BUCKETS) + 3) + 7 * 5 + _SUSPECTED + 7 + len(NOT_EVALUABLE) + 9 + 32
)
# Of performance: the labels, three losses and five other metrics with their intervals, the split of the loss.
_SERIES_PER_WINDOW = 2 + 1 + 3 * (3 + 5) + 2
_PERFORMANCE = 6
_SERIES_PER_CLASS = 2 + 3
_SERIES_PER_CLASS_AND_WINDOW = 3 * 3
_OF_MODELS = 2  # the number of series itself, and the labels: what is exported of all models together


def other_series(windows: int, classes: int) -> int:
    """The most time series that a model has besides those of its columns."""
    by_window = windows * (_SERIES_PER_WINDOW + classes * _SERIES_PER_CLASS_AND_WINDOW)
    return _OTHER_SERIES + _PERFORMANCE + by_window + classes * _SERIES_PER_CLASS


def series_of(column: Column, windows: int) -> int:
    """How many time series a column costs at most: those while alerts fire included."""
    if column.role in DERIVED:
        return len(column.edges) + 2 + len(column.counts) + 1  # a histogram; the reference's counts and mean
    applied = [statistic for statistic in STATISTICS if column.numeric or not statistic.numeric_only]
    statistics = sum(2 if statistic.noise_floor is not None else 1 for statistic in applied)
    bounds = 1 if column.role == FEATURE else 2  # of an output they are a metric, of a feature labels
    # Besides those of its bins: one for below, one for above, and the standard deviation.
    means = bounds * len(column.means) + 3 if column.numeric else 0
    classes = len(column.categories) * (windows + 1) if column.role == PREDICTION else 0
    judged = _JUDGED + (_WHILE_FIRING if column.role == FEATURE else 0)
    return 2 * len(column.counts) + means + classes + judged + windows * (_SHARES + len(BASELINES) * statistics)


def exported_columns(columns: Sequence[Column], windows: int, limit: int, classes: int) -> list[int]:
    """Positions of the columns whose series fit the limit: outputs first, then features in their order.

    What a model with so many classes exports in any case is within the limit too.
    """
    exported = []
    left = limit - other_series(windows, classes)
    for position in sorted(range(len(columns)), key=lambda position: columns[position].role == FEATURE):
        series = series_of(columns[position], windows)
        if series <= left:
            left -= series
            exported.append(position)
    return sorted(exported)


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
    def of(cls, samples: Sequence[Samples], columns: Sequence[Column], windows: int, suppressed: Sequence[str]) -> Self:
        """Count a model's own samples. ``columns`` are the exported ones, ``windows`` a number."""
        roles = {column.role for column in columns}
        others = sum(len(block.series) for block in samples if block.series.metric.role not in roles)
        now = series_now(samples)
        most = sum(series_of(column, windows) for column in columns) + _SUSPECTED + others + _OF_MODELS
        return cls(now, max(now, most), suppressed)
