from __future__ import annotations

import math
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray
from scipy import stats

from model_drift_exporter.errors import StateError
from model_drift_exporter.monitors.distances import DistancesMonitor
from model_drift_exporter.statistics import STATISTICS
from tests.support.exposition import Exposition
from tests.support.monitor_context import coded, context_of, reference
from tests.support.prediction_log import START, Row, make_rows


def _monitor(rows: list[Row], windows: tuple[str, ...] = ("1h", "100"), batch: int = 64) -> DistancesMonitor:
    context = context_of(reference(), windows)
    monitor = DistancesMonitor(context)
    for start in range(0, len(rows), batch):
        monitor.observe(coded(context, rows[start : start + batch]))
    return monitor


def _found(rows: list[Row], windows: tuple[str, ...] = ("1h", "100"), batch: int = 64) -> Exposition:
    return Exposition.of(_monitor(rows, windows, batch).collect())


def _counts(values: list[Any], column: Any) -> NDArray[np.float64]:
    """Counts per bin, the slow way: by the limits that the metrics tell."""
    counts = dict.fromkeys(column.bins, 0.0)
    for value in values:
        for name, (lower, upper) in zip(column.bins, column.bounds, strict=True):
            low, high = float(lower or "nan"), float(upper or "nan")
            inside = low < value <= high or (value == low == column.edges[0] and name == "b00")
            if inside and not (name == "__below__" and value == high):
                counts[name] += 1
                break
    return np.array([*counts.values()])


def test_statistics_against_the_reference_equal_scipy() -> None:
    """PSI, JS, TV with half an observation added to each bin; KS and W1 on valid numbers; χ² of the two samples."""
    rows = make_rows(300, seed=4, shift=4)
    column = reference().columns[0]
    found = _found(rows)
    now = _counts([row["features"]["age"] for row in rows[-100:]], column)
    then = np.array([*column.counts.values()], dtype=float)
    assert now.sum() == 100
    p, q = (now + 0.5) / (now + 0.5).sum(), (then + 0.5) / (then + 0.5).sum()
    mixed = (p + q) / 2
    expected = {
        "psi": stats.entropy(p, q) + stats.entropy(q, p),
        "js_divergence": (stats.entropy(p, mixed) + stats.entropy(q, mixed)) / 2,
        "total_variation": np.abs(p - q).sum() / 2,
        "ks_statistic": np.abs(np.cumsum(now[:-2] / 100) - np.cumsum(then[:-2] / then.sum())).max(),
        "wasserstein_ratio": stats.wasserstein_distance(
            [column.edges[0], *column.means, column.edges[-1]],
            [column.edges[0], *column.means, column.edges[-1]],
            now[:-2],
            then[:-2],
        )
        / column.standard_deviation,
    }
    for name, value in expected.items():
        exported = found(f"model_feature_{name}", model="m", feature="age", window="100", baseline="reference")
        assert exported == pytest.approx(value, rel=1e-9), name


def test_every_statistic_for_every_column_window_and_baseline() -> None:
    """Numeric columns have all, categorical ones those without order; a noise floor stands beside each effect size."""
    found = _found(make_rows(800, seed=1, step=9))
    for role, numeric in (("feature", True), ("feature", False), ("prediction", False), ("score", True)):
        own = {"feature": "age" if numeric else "country"} if role == "feature" else {}
        for window in ("1h", "100"):
            for baseline in ("reference", "previous"):
                labels = {"model": "m", **own, "window": window, "baseline": baseline}
                for statistic in STATISTICS:
                    name, applies = statistic.name, numeric or not statistic.numeric_only
                    for metric in (name, f"{name}_noise_floor") if statistic.noise_floor else (name,):
                        value = found.get(f"model_{role}_{metric}", **labels)
                        assert (value is not None) == applies, (role, metric, labels)
                        assert value is None or math.isfinite(value)
            labels = {"model": "m", **own, "window": window}
            assert found(f"model_{role}_missing_ratio", **labels) == 0
            assert found(f"model_{role}_invalid_ratio", **labels) == 0
            assert (found.get(f"model_{role}_out_of_range_ratio", **labels) is not None) == numeric
            assert (found.get(f"model_{role}_unseen_ratio", **labels) is None) == numeric


def test_no_drift_stays_near_the_noise_floor() -> None:
    """On records like the reference PSI is of the size of its floor; a shift lifts it far above."""
    labels = {"model": "m", "feature": "age", "window": "1h", "baseline": "reference"}
    still = _found(make_rows(360, seed=5))
    moved = _found(make_rows(360, seed=5, shift=10))
    floor = still("model_feature_psi_noise_floor", **labels)
    assert floor == pytest.approx(16 * (1 / 360 + 1 / 1_000), rel=0.25)
    assert still("model_feature_psi", **labels) < 2.5 * floor
    assert moved("model_feature_psi", **labels) > 10 * floor


def test_windows_hold_the_latest_records() -> None:
    """A window of time holds its panes, one of records exactly these; the previous window lies just before."""
    rows = make_rows(1_000, seed=6, step=10, start=START)
    found = _found(rows)
    now = rows[-1]["ts"]
    panes = np.array([row["ts"] // 60 for row in rows])
    expected = int(((panes > now // 60 - 60) & (panes <= now // 60)).sum())
    assert found("model_window_records", model="m", window="1h") == expected
    assert found("model_feature_window_observations", model="m", feature="age", window="1h") == expected
    assert found("model_window_records", model="m", window="100") == 100
    assert found("model_window_coverage_ratio", model="m", window="1h") == 1
    assert found("model_window_coverage_ratio", model="m", window="100") == 1


def test_special_values_have_shares() -> None:
    """Missing, invalid, out of range and unseen values, as shares of the window's observations."""
    rows = make_rows(100, seed=7)
    for index, value in enumerate((None, None, "40", 1e9, -1e9, 1e9)):
        rows[index]["features"]["age"] = value
    rows[0]["features"]["country"] = "xx"
    found = _found(rows)
    labels = {"model": "m", "feature": "age", "window": "100"}
    assert found("model_feature_missing_ratio", **labels) == 0.02
    assert found("model_feature_invalid_ratio", **labels) == 0.01
    assert found("model_feature_out_of_range_ratio", **labels) == 0.03
    assert found("model_feature_unseen_ratio", model="m", feature="country", window="100") == 0.01


def test_class_shares() -> None:
    """The share of each class in the window; a missing prediction is in the whole."""
    rows = [
        row | {"prediction": "yes" if index < 30 else "no" if index < 90 else None}
        for index, row in enumerate(make_rows(100))
    ]
    found = _found(rows)
    assert found.by("class", "model_prediction_class_ratio", model="m", window="100") == {"no": 0.6, "yes": 0.3}


def test_empty_windows_have_no_statistics() -> None:
    """Before the first record counts are 0, and what would be a division by nothing is absent."""
    found = _found([])
    assert found("model_window_records", model="m", window="1h") == 0
    assert found("model_feature_window_observations", model="m", feature="age", window="100") == 0
    assert not found.select("model_feature_psi", model="m")
    assert not found.select("model_feature_missing_ratio", model="m")
    assert not found.select("model_prediction_class_ratio", model="m")


def test_batches_make_no_difference() -> None:
    """The same records in batches of other sizes give the same numbers."""
    rows = make_rows(700, seed=3, shift=2)
    assert _found(rows, batch=1_000).samples == _found(rows, batch=13).samples


@pytest.mark.parametrize("wild", [1e300, -1e300, math.inf, 1e18])
def test_a_wild_value_moves_no_more_than_any_other_out_of_range(wild: float) -> None:
    """A value far beyond the reference's range has the effect of one just beyond it, on every statistic."""
    column = reference().columns[0]
    mild = column.edges[-1] + 1 if wild > 0 else column.edges[0] - 1
    rows = make_rows(300, seed=4)
    found = []
    for value in (wild, mild):
        changed = [*rows[:-1], rows[-1] | {"features": {"age": value, "country": "de"}}]
        found.append(_found(changed).samples)
    assert found[0] == found[1]


def test_a_look_is_kept_until_the_next_batch() -> None:
    """Statistics are computed once a batch, however many ask."""
    monitor = _monitor(make_rows(50))
    first = monitor.look()
    assert monitor.look() is first
    context = context_of(reference())
    monitor.observe(coded(context, make_rows(1)))
    assert monitor.look() is not first


def test_windows_that_stay_are_taken_over() -> None:
    """One of the same specification goes on, in any place; one of the same length and another name is new."""
    profile = reference()
    old = DistancesMonitor(context_of(profile, ("1h", "100", "24h")))
    new = DistancesMonitor(context_of(profile, ("24h", "50", "60m", "1h")))
    context = context_of(profile)
    old.observe(coded(context, make_rows(200, seed=4)))
    new.look()
    new.restore(old.snapshot())
    assert new.look().records.tolist() == [200, 0, 0, 200]
    new.observe(coded(context, make_rows(10, seed=5, start=START + 2_000)))
    found = Exposition.of(new.collect())
    assert found.by("window", "model_window_records", model="m") == {"24h": 210, "50": 10, "60m": 10, "1h": 210}


def test_windows_go_on_from_a_snapshot() -> None:
    """A new process with the same windows shows what the old one showed; a window that is new begins empty."""
    rows = make_rows(300, seed=4, shift=4)
    first = _monitor(rows[:200])
    context = context_of(reference())
    second = DistancesMonitor(context)
    second.restore(first.snapshot())
    second.observe(coded(context, rows[200:]))
    assert Exposition.of(second.collect()).samples == _found(rows).samples
    other = DistancesMonitor(context_of(reference(), ("1h", "50")))
    other.restore(first.snapshot())
    assert [window.coverage() > 0 for window in other.windows] == [True, False]


@pytest.mark.parametrize("state", [None, {"1h": None}, {"100": {}}])
def test_a_snapshot_of_something_else_is_refused(state: object) -> None:
    """The monitor is then as new."""
    monitor = DistancesMonitor(context_of(reference()))
    with pytest.raises(StateError):
        monitor.restore(state)
    assert not any(window.coverage() for window in monitor.windows)
