from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import attrs
import numpy as np
import pytest

from model_drift_exporter.statistics import STATISTICS, CellLayout, ColumnCells, Comparison
from prometheus.src.distances import ESSENTIAL, FORMS
from tests.support.noise_floors import beside_reference, beside_window
from tests.support.promtool import check_values
from tests.support.rule_series import labelled, series

_NUMERIC_SPECIAL, _CATEGORICAL_SPECIAL = ("__missing__", "__invalid__"), ("__other__", "__missing__", "__invalid__")
_REFERENCE = "f00d"
_STATISTICS = [statistic for statistic in STATISTICS if statistic.name in FORMS]


@attrs.frozen
class _Column:
    """One column with its bins, counts of the reference, and how much each replica counts a minute."""

    role: str
    name: str
    means: tuple[float, ...]
    categories: tuple[str, ...]
    reference: tuple[int, ...]
    deviation: float = 1.7

    @property
    def bins(self) -> tuple[str, ...]:
        if not self.means:
            return (*self.categories, *_CATEGORICAL_SPECIAL)
        return ("__below__", *(f"b{n:02d}" for n in range(len(self.means) - 2)), "__above__", *_NUMERIC_SPECIAL)

    @property
    def own(self) -> dict[str, str]:
        return {"model": "churn", **({"feature": self.name} if self.role == "feature" else {})}

    @property
    def labels(self) -> dict[str, str]:
        """Labels of what is recorded."""
        return {"model": "churn", "reference": _REFERENCE, **self.own}

    def recorded(self, metric: str, operation: str, *, cells: bool = False) -> str:
        level = "model_reference" + "_feature" * (self.role == "feature") + "_bin" * cells
        return f"{level}:{self.role}_{metric}:{operation}"

    @property
    def layout(self) -> CellLayout:
        return CellLayout.from_columns([ColumnCells(len(self.bins), self.means, self.deviation)])

    def draw(self, generator: np.random.Generator, mean: float = 6.0) -> list[int]:
        """Counts, some of them 0."""
        return [int(count) for count in generator.poisson(generator.gamma(1.0, mean, len(self.bins)))]


def _columns() -> list[_Column]:
    generator = np.random.default_rng(7)

    def means(bins: int) -> tuple[float, ...]:
        return tuple(np.cumsum(generator.gamma(1.0, 1.0, bins + 2)).round(3).tolist())

    columns = [
        _Column("feature", "age", means(14), (), ()),
        _Column("feature", "with tied edges", means(5), (), ()),
        _Column("feature", "plan", (), ("gold", "_b07", "silver"), ()),
        _Column("prediction", "", (), ("leaves", "stays"), ()),
        _Column("score", "", means(12), (), ()),
    ]
    return [attrs.evolve(column, reference=tuple(column.draw(generator, 60.0))) for column in columns]


COLUMNS = _columns()


def _reference_series(column: _Column, instance: str, length: int) -> Iterator[dict[str, str]]:
    target = {"job": "model", "instance": instance}
    prefix = f"model_{column.role}_reference"
    bounds = {"lower": "", "upper": ""} if column.role == "feature" else {}
    for name, count in zip(column.bins, column.reference, strict=True):
        yield series(f"{prefix}_observations", f"{count}x{length}", **column.own, bin=name, **bounds, **target)
    for name, mean in zip(column.bins, column.means, strict=False):
        yield series(f"{prefix}_bin_mean", f"{mean}x{length}", **column.own, bin=name, **target)
    if column.means:
        yield series(f"{prefix}_standard_deviation", f"{column.deviation}x{length}", **column.own, **target)


def _info(instance: str, reference: str, length: int) -> dict[str, str]:
    target = {"job": "model", "instance": instance}
    return series("model_info", f"1x{length}", model="churn", version="8", reference=reference, **target)


def _numpy(column: _Column, current: list[int], baseline: list[int], operation: str) -> dict[str, dict[str, float]]:
    """What NumPy says to each recorded statistic of a column, where it says something."""
    comparison = Comparison(np.array(current), np.array(baseline), column.layout)
    values = {statistic.name: float(statistic.value(comparison)[0]) for statistic in _STATISTICS}
    values["psi_noise_floor"] = float(
        beside_reference(np.array(baseline), sum(current))
        if operation.startswith("reference")
        else beside_window(np.array(current), np.array(baseline))
    )
    selector = column.own
    expected = {}
    for name in values if operation == "reference1h" else (*ESSENTIAL, "psi_noise_floor"):
        value = values[name]
        expression = labelled(column.recorded(name, operation), **selector)
        expected[expression] = {} if np.isnan(value) else {labelled("", **column.labels): value}
    return expected


def _shares(column: _Column, counts: list[int], window: str) -> dict[str, dict[str, float]]:
    bins = {
        "missing": {"__missing__"},
        "invalid": {"__invalid__"},
        "out_of_range": {"__below__", "__above__"},
        "unseen": {"__other__"},
    }
    return {
        labelled(column.recorded(share, f"ratio{window}"), **column.own): {
            labelled("", **column.labels): sum(
                n for n, name in zip(counts, column.bins, strict=True) if name in special
            )
            / sum(counts)
        }
        for share, special in bins.items()
        if special & set(column.bins)
    }


def test_an_hour_of_counters_gives_what_numpy_gives(tmp_path: Path) -> None:
    """Every statistic of two replicas, one of which restarts, is the exporter's own on the same counts."""
    generator = np.random.default_rng(11)
    minutes = 75
    inputs = [_info("one", _REFERENCE, minutes), _info("two", _REFERENCE, minutes)]
    expected: dict[str, dict[str, float]] = {}
    for column in COLUMNS:
        total = np.zeros(len(column.bins), dtype=int)
        for instance in ("one", "two"):
            inputs += _reference_series(column, instance, minutes)
            each = column.draw(generator)
            total += np.array(each)
            for name, count in zip(column.bins, each, strict=True):
                # The second replica restarts: its counters begin again at the first minute's count.
                values = f"0+{count}x{minutes}" if instance == "one" else f"0+{count}x40 {count}+{count}x34"
                metric = f"model_{column.role}_observations_total"
                inputs.append(series(metric, values, **column.own, bin=name, job="model", instance=instance))
        counts = (total * 60).tolist()
        cells = labelled(column.recorded("observations", "increase1h", cells=True), **column.own)
        expected |= _numpy(column, counts, list(column.reference), "reference1h") | _shares(column, counts, "1h")
        expected[cells] = {
            labelled("", **column.labels, bin=name): float(n) for name, n in zip(column.bins, counts, strict=True)
        }
    check_values(tmp_path, inputs, expected, at=f"{minutes}m", evaluation="5m", files=("counts.yml", "drift-1h.yml"))


@pytest.mark.parametrize(("window", "piece", "pieces"), [("6h", "5m", 72), ("24h", "1h", 24)])
def test_longer_windows_are_sums_of_recorded_pieces(window: str, piece: str, pieces: int, tmp_path: Path) -> None:
    """Six hours and a day are compared as NumPy compares the sum of their pieces, even if some pieces are empty."""
    generator = np.random.default_rng(13)
    steps = pieces + 4
    inputs = [_info("one", _REFERENCE, steps)]
    expected: dict[str, dict[str, float]] = {}
    for column in COLUMNS:
        inputs += _reference_series(column, "one", steps)
        history = np.array([column.draw(generator) for _ in range(steps + 1)])
        history[5] = 0
        recorded = column.recorded("observations", f"increase{piece}", cells=True)
        for name, values in zip(column.bins, history.T.tolist(), strict=True):
            inputs.append(series(recorded, " ".join(map(str, values)), **column.labels, bin=name))
        # The window ends a millisecond before now: with the newest piece but one.
        counts = history[steps - pieces : steps].sum(axis=0).tolist()
        expected |= _numpy(column, counts, list(column.reference), f"reference{window}")
        expected |= _shares(column, counts, window)
    at = f"{steps * (5 if piece == '5m' else 60)}m"
    files = ("counts.yml", f"drift-{window}.yml")
    # The pieces are given, so that one evaluation in the end is enough.
    check_values(tmp_path, inputs, expected, at=at, interval=piece, evaluation=at, files=files)


def test_the_same_window_a_week_before_is_a_baseline(tmp_path: Path) -> None:
    """The seasonal baseline is what was counted a week ago under the same reference, compared as NumPy does."""
    generator = np.random.default_rng(17)
    hours = 8 * 24
    inputs = [_info("one", _REFERENCE, hours)]
    expected: dict[str, dict[str, float]] = {}
    for column in COLUMNS:
        inputs += _reference_series(column, "one", hours)
        before, now = column.draw(generator), column.draw(generator)
        recorded = column.recorded("observations", "increase1h", cells=True)
        for name, old, new in zip(column.bins, before, now, strict=True):
            inputs.append(series(recorded, f"{old}x{4 * 24} {new}x{4 * 24}", **column.labels, bin=name))
        expected |= _numpy(column, [24 * n for n in now], [24 * n for n in before], "lastweek24h")
    files = ("counts.yml", "drift-24h.yml")
    check_values(tmp_path, inputs, expected, at=f"{hours}h", interval="1h", evaluation="24h", files=files)


def test_a_week_without_data_before_has_no_seasonal_baseline(tmp_path: Path) -> None:
    """Without counts of a week before nothing is said, rather than compared with nothing."""
    column = COLUMNS[0]
    inputs = [_info("one", _REFERENCE, 40), *_reference_series(column, "one", 40)]
    recorded = column.recorded("observations", "increase1h", cells=True)
    inputs += [series(recorded, "5x40", **column.labels, bin=name) for name in column.bins]
    expected: dict[str, dict[str, float]] = {
        column.recorded(name, "lastweek24h"): {} for name in (*ESSENTIAL, "psi_noise_floor")
    }
    files = ("counts.yml", "drift-24h.yml")
    check_values(tmp_path, inputs, expected, at="40h", interval="1h", evaluation="8h", files=files)


def test_no_traffic_is_no_drift(tmp_path: Path) -> None:
    """An idle model has no statistics: the smoothing alone would look like a uniform distribution."""
    column = COLUMNS[0]
    minutes = 75
    inputs = [_info("one", _REFERENCE, minutes), *_reference_series(column, "one", minutes)]
    metric = "model_feature_observations_total"
    inputs += [
        series(metric, f"9x{minutes}", **column.own, bin=name, job="model", instance="one") for name in column.bins
    ]
    expected: dict[str, dict[str, float]] = {column.recorded(name, "reference1h"): {} for name in FORMS}
    check_values(tmp_path, inputs, expected, at=f"{minutes}m", evaluation="5m", files=("counts.yml", "drift-1h.yml"))
