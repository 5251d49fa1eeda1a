"""What a model costs in time series, and which of its columns fit a limit."""

from __future__ import annotations

from collections.abc import Sequence

from ..labels.delays import DELAY_BUCKETS
from ..labels.evaluability import NOT_EVALUABLE
from ..monitors.distances import BASELINES
from ..monitors.latency import LATENCY_BUCKETS
from ..reference.profile import FEATURE, PREDICTION, Column
from ..reference.scores import DERIVED
from ..statistics import STATISTICS

__all__ = ["exported_columns", "other_series", "series_of"]

_SHARES = 4  # of the window: observations, missing, invalid, and out of range or unseen
_JUDGED = 2  # of every column with evidence: that, and its design effect
_WHILE_FIRING = 5  # of a feature: the onset, and its name in four alerts
# Series of a model besides those of its columns, at most: those of the track and of Models, the histograms of latency and
# label delay, 7 alarms with suspected features, evidence, reasons why not, dependence, and the join of labels.
_OTHER_SERIES = 19 + len(LATENCY_BUCKETS) + 3 + (len(DELAY_BUCKETS) + 3) + 7 * 5 + 6 + 7 + len(NOT_EVALUABLE) + 9 + 32
# Of performance: the labels, three losses and five other metrics with their intervals, the split of the loss.
_SERIES_PER_WINDOW = 2 + 1 + 3 * (3 + 5) + 2
_PERFORMANCE = 6
_SERIES_PER_CLASS = 2 + 3
_SERIES_PER_CLASS_AND_WINDOW = 3 * 3


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
