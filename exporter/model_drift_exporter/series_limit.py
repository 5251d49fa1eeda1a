"""What a model costs in time series, and which of its columns fit a limit."""

from __future__ import annotations

from collections.abc import Sequence

from .monitors.drift import BASELINES
from .monitors.latency import LATENCY_BUCKETS
from .outputs import DERIVED
from .reference.profile import FEATURE, PREDICTION, Column
from .statistics import STATISTICS

__all__ = ["exported_columns", "series_of"]

_SHARES = 4  # of the window: observations, missing, invalid, and out of range or unseen
# Series of a model besides those of its columns: at most 19 of TrackSamples and Models, and the latency histogram.
_OTHER_SERIES = 19 + len(LATENCY_BUCKETS) + 3
_SERIES_PER_WINDOW = 2


def series_of(column: Column, windows: int) -> int:
    """How many time series a column costs."""
    if column.role in DERIVED:
        return len(column.edges) + 2 + len(column.counts) + 1  # a histogram; the reference's counts and mean
    applied = [statistic for statistic in STATISTICS if column.numeric or not statistic.numeric_only]
    statistics = sum(2 if statistic.noise_floor is not None else 1 for statistic in applied)
    bounds = 1 if column.role == FEATURE else 2  # of an output they are a metric, of a feature labels
    means = bounds * len(column.means) + 1 if column.numeric else 0
    classes = len(column.categories) * (windows + 1) if column.role == PREDICTION else 0
    return 2 * len(column.counts) + means + classes + windows * (_SHARES + len(BASELINES) * statistics)


def exported_columns(columns: Sequence[Column], windows: int, limit: int) -> list[int]:
    """Positions of the columns whose series fit the limit: outputs first, then features in their order.

    What a model exports in any case is within the limit too.
    """
    exported = []
    left = limit - _OTHER_SERIES - windows * _SERIES_PER_WINDOW
    for position in sorted(range(len(columns)), key=lambda position: columns[position].role == FEATURE):
        series = series_of(columns[position], windows)
        if series <= left:
            left -= series
            exported.append(position)
    return sorted(exported)
