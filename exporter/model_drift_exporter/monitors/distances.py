"""How far inputs and outputs have moved: every statistic over rolling windows, against the reference and the window before."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from functools import partial
from itertools import product
from typing import Any

import attrs
import numpy as np
from numpy.typing import NDArray

from ..errors import StateError
from ..metrics.metric import Group, Metric, gauge
from ..metrics.roles import ROLES
from ..metrics.samples import Samples, Series
from ..reference.coded_batch import CodedBatch
from ..reference.profile import ABOVE, BELOW, FEATURE, INVALID, MISSING, OTHER, PREDICTION, SCORE, Column
from ..statistics import (
    STATISTICS,
    CellLayout,
    ColumnCells,
    Comparison,
    NoDrift,
    NoiseFloorModel,
    shares,
)
from ..windows.count_windows import make_windows
from .monitor import Monitor, MonitorContext, MonitorSpec

__all__ = ["BASELINES", "DISTANCES", "DistancesMonitor", "Values", "WindowedDrift", "cell_layout"]

Array = NDArray[np.float64]
Values = NDArray[np.float64] | NDArray[np.int64]

BASELINES = ("reference", "previous")
_SPECIAL = {
    "missing_ratio": (MISSING,),
    "invalid_ratio": (INVALID,),
    "out_of_range_ratio": (BELOW, ABOVE),
    "unseen_ratio": (OTHER,),
}

_OBSERVATIONS = {
    role: gauge(
        f"model_{role}_window_observations",
        f"{its.labels} window",
        f"Observations of {its.whose} in the window.",
        its.group,
        role,
    )
    for role, its in ROLES.items()
}
_SHARES = {
    (role, share): gauge(f"model_{role}_{share}", f"{its.labels} window", text, its.group, role)
    for role, its in ROLES.items()
    for share, text in (
        ("missing_ratio", "Share of missing values (null, absent, NaN) in the window."),
        ("invalid_ratio", "Share of values of the wrong type in the window."),
        ("out_of_range_ratio", "Share of values outside the reference's range in the window."),
        (
            "unseen_ratio",
            "Share of values in the window in no bin of their own: unseen in the reference, or too rare there.",
        ),
    )
    if (role, share) != (SCORE, "unseen_ratio")  # a score is always a number
}
_STATISTICS = {
    (role, statistic.name): gauge(
        f"model_{role}_{statistic.name}", f"{its.labels} window baseline", statistic.help, its.group, role
    )
    for role, its in ROLES.items()
    for statistic in STATISTICS
}
_NOISE_FLOORS = {
    (role, statistic.name): gauge(
        f"model_{role}_{statistic.name}_noise_floor",
        f"{its.labels} window baseline",
        f"Expected {statistic.name} without any drift, for this many observations.",
        its.group,
        role,
    )
    for role, its in ROLES.items()
    for statistic in STATISTICS
    if statistic.noise_floor is not None
}
_CLASSES = gauge(
    "model_prediction_class_ratio",
    "model class window",
    "Share of predictions of a class in the window.",
    Group.PREDICTIONS,
    PREDICTION,
)
_RECORDS = gauge("model_window_records", "model window", "Records in the window.", Group.WINDOWS)
_COVERAGE = gauge(
    "model_window_coverage_ratio",
    "model window",
    "Share of the window that holds data: panes, or records of those wanted.",
    Group.WINDOWS,
)
_METRICS: tuple[Metric, ...] = (
    *_OBSERVATIONS.values(),
    *_SHARES.values(),
    *(found[key] for key in _STATISTICS for found in (_STATISTICS, _NOISE_FLOORS) if key in found),
    _CLASSES,
    _RECORDS,
    _COVERAGE,
)


@attrs.frozen(eq=False)
class WindowedDrift:
    """One look at all windows.

    ``statistics`` and ``noise_floors`` are by name, each [window, baseline, column]; ``observations`` and each of ``shares``
    [window, column], ``counts`` [window, cell]; ``starts`` is the first cell of each column.
    """

    statistics: Mapping[str, Array]
    noise_floors: Mapping[str, Array]
    observations: NDArray[np.int64]
    shares: Mapping[str, Array]
    counts: NDArray[np.int64]
    records: NDArray[np.int64]
    coverage: list[float]
    starts: NDArray[np.intp]


def cell_layout(columns: Sequence[Column]) -> CellLayout:
    """The columns' bins as the statistics want them."""
    return CellLayout.from_columns(
        [
            ColumnCells(
                size=len(column.counts),
                representatives=(column.edges[0], *column.means, column.edges[-1]) if column.numeric else (),
                standard_deviation=column.standard_deviation if column.numeric else np.nan,
            )
            for column in columns
        ]
    )


class DistancesMonitor(Monitor):
    """Effect sizes with their noise floors, shares of special bins, and class shares, for each window."""

    def __init__(self, context: MonitorContext) -> None:
        self._context = context
        columns = context.columns
        self._layout = cell_layout(columns)
        self._reference = np.array([count for column in columns for count in column.counts.values()], dtype=np.int64)
        self._floors = NoiseFloorModel(self._layout, self._reference)
        self.windows = make_windows(context.windows, len(columns), context.binner.size)
        names = [name for column in columns for name in column.bins]
        numeric = np.repeat([column.numeric for column in columns], self._layout.sizes)
        self._masks = {
            metric: np.isin(names, bins) & (numeric if BELOW in bins else ~numeric if OTHER in bins else True)
            for metric, bins in _SPECIAL.items()
        }
        self._look: WindowedDrift | None = None
        self._records = Series(_RECORDS, [(context.model, window.name) for window in self.windows])
        self._coverage = Series(_COVERAGE, [(context.model, window.name) for window in self.windows])
        self.export(context.exported)

    def export(self, columns: Sequence[int]) -> None:
        self._columns = columns
        self._by_column = [each for role in ROLES for each in self._exported(role) if len(each.columns)]
        self._classes = self._prepare_classes()

    def _exported(self, role: str) -> Iterable[_Exported]:
        """The metrics of the columns of a role, each with the columns that it applies to."""
        numeric = [column.numeric for column in self._context.columns]
        yield self._series(_OBSERVATIONS[role], role, lambda look: look.observations)
        for (own, name), metric in _SHARES.items():
            if own == role:
                kinds = {"out_of_range_ratio": {True}, "unseen_ratio": {False}}.get(name, {True, False})
                chosen = [kind in kinds for kind in numeric]
                yield self._series(metric, role, partial(_share, name), chosen)
        for statistic in STATISTICS:
            chosen = [kind or not statistic.numeric_only for kind in numeric]
            yield self._series(_STATISTICS[role, statistic.name], role, partial(_statistic, statistic.name), chosen)
            if statistic.noise_floor is not None:
                floor = partial(_noise_floor, statistic.name)
                yield self._series(_NOISE_FLOORS[role, statistic.name], role, floor, chosen)

    def _series(
        self, metric: Metric, role: str, values: Callable[[WindowedDrift], Values], chosen: Sequence[bool] = ()
    ) -> _Exported:
        context = self._context
        positions = [
            position
            for position in self._columns
            if context.columns[position].role == role and (not chosen or chosen[position])
        ]
        whose = [
            (context.model, context.columns[position].name) if role == FEATURE else (context.model,)
            for position in positions
        ]
        windows: Iterable[tuple[str, ...]] = [(window.name,) for window in self.windows]
        if "baseline" in metric.labels:
            windows = product([window.name for window in self.windows], BASELINES)
        labels = [(*identity, *window) for window in windows for identity in whose]
        return _Exported(Series(metric, labels), np.array(positions, dtype=np.intp), values)

    def _prepare_classes(self) -> tuple[Series, NDArray[np.intp], int] | None:
        context = self._context
        for position in self._columns:
            column = context.columns[position]
            if column.role == PREDICTION and not column.numeric:
                start = int(context.binner.starts[position])
                cells = np.arange(start, start + len(column.categories), dtype=np.intp)
                labels = [(context.model, name, window.name) for window in self.windows for name in column.categories]
                return Series(_CLASSES, labels), cells, position
        return None

    def observe(self, batch: CodedBatch) -> None:
        """Add the timely records to every window."""
        if batch.size:
            for window in self.windows:
                window.observe(batch.cells, batch.time, batch.now, batch.timely, batch.counts)
            self._look = None

    def snapshot(self) -> dict[str, Any]:
        """The windows by name."""
        return {window.name: window.snapshot() for window in self.windows}

    def restore(self, state: Any) -> None:
        """Windows that the state lacks begin empty."""
        if not isinstance(state, dict):
            raise StateError(f"model {self._context.model}: the windows in the snapshot do not fit")
        context = self._context
        windows = make_windows(context.windows, len(context.columns), context.binner.size)
        for window in windows:
            if window.name in state:
                window.restore(state[window.name])
        self.windows = windows
        self._look = None

    def look(self) -> WindowedDrift:
        """All statistics of all windows now; computed once until the next batch."""
        if self._look is not None:
            return self._look
        pairs = [window.counts() for window in self.windows]
        current = np.array([now for now, _ in pairs])
        baselines = np.array([[self._reference, before] for _, before in pairs])
        before = np.add.reduceat(baselines[:, 1], self._layout.starts, axis=-1)
        observations = np.add.reduceat(current, self._layout.starts, axis=-1)
        comparison = Comparison(current[:, None, :], baselines, self._layout)
        nulls = [
            NoDrift(self._floors, observations.astype(np.float64), baseline)
            for baseline in (None, before.astype(np.float64))
        ]
        self._look = WindowedDrift(
            statistics={statistic.name: statistic.value(comparison) for statistic in STATISTICS},
            noise_floors={
                statistic.name: np.stack([statistic.noise_floor(null) for null in nulls], axis=1)
                for statistic in STATISTICS
                if statistic.noise_floor is not None
            },
            observations=observations,
            shares={name: shares(current, self._layout, mask) for name, mask in self._masks.items()},
            counts=current,
            records=observations[:, 0] if observations.shape[1] else np.zeros(len(pairs), dtype=np.int64),
            coverage=[window.coverage() for window in self.windows],
            starts=self._layout.starts,
        )
        return self._look

    def collect(self) -> Iterable[Samples]:
        look = self.look()
        yield self._records.samples(look.records)
        yield self._coverage.samples(look.coverage)
        for each in self._by_column:
            yield each.series.samples(each.values(look)[..., each.columns].ravel())
        if self._classes is not None:
            series, cells, position = self._classes
            with np.errstate(invalid="ignore"):
                yield series.samples((look.counts[:, cells] / look.observations[:, [position]]).ravel())


@attrs.frozen(eq=False)
class _Exported:
    """Series of the columns of one role that a metric applies to.

    ``values`` are those of all columns: [window, column] or [window, baseline, column].
    """

    series: Series
    columns: NDArray[np.intp]
    values: Callable[[WindowedDrift], Values]


def _share(name: str, look: WindowedDrift) -> Array:
    return look.shares[name]


def _statistic(name: str, look: WindowedDrift) -> Array:
    return look.statistics[name]


def _noise_floor(name: str, look: WindowedDrift) -> Array:
    return look.noise_floors[name]


DISTANCES = MonitorSpec(name="distances", title="Distances", make=DistancesMonitor, metrics=_METRICS)
