from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import attrs
import numpy as np
import numpy.typing as npt
import pytest
import scipy.spatial.distance
import scipy.special
import scipy.stats
from hypothesis import assume, given
from hypothesis import strategies as st

from model_drift_exporter.statistics import (
    CellLayout,
    ColumnCells,
    DriftStatistics,
    chi2,
    chi2_zscore,
    compare,
    jensen_shannon_divergence,
    kolmogorov_smirnov,
    population_stability_index,
    shares,
    total_variation,
    wasserstein_ratio,
)

Counts = npt.NDArray[np.int64]
Statistic = Callable[[npt.NDArray[Any], npt.NDArray[Any], CellLayout], npt.NDArray[np.float64]]

SMOOTHED: dict[str, Statistic] = {
    "population_stability_index": population_stability_index,
    "jensen_shannon_divergence": jensen_shannon_divergence,
    "total_variation": total_variation,
    "chi2": chi2,
}
ORDERED: dict[str, Statistic] = {
    "kolmogorov_smirnov": kolmogorov_smirnov,
    "wasserstein_ratio": wasserstein_ratio,
}
ALL: dict[str, Statistic] = {**SMOOTHED, **ORDERED, "chi2_zscore": chi2_zscore}

NUMERIC = CellLayout.from_columns([ColumnCells(6, (0.0, 1.0, 2.5, 7.0), 2.0)])


@attrs.frozen(eq=False)
class Comparison:
    """Some columns with a window's and a baseline's counts."""

    columns: list[ColumnCells]
    current: Counts
    baseline: Counts

    @property
    def layout(self) -> CellLayout:
        return CellLayout.from_columns(self.columns)


@st.composite
def comparisons(draw: st.DrawFn, largest_count: int = 100_000, columns: int = 4) -> Comparison:
    """Columns of any kind and size, with empty, thin and full bins."""
    drawn = []
    for _ in range(draw(st.integers(1, columns))):
        size = draw(st.integers(2, 20))
        values = st.floats(-1e6, 1e6).map(lambda value: round(value, 3))
        representatives = sorted(draw(st.lists(values, max_size=size)))
        drawn.append(ColumnCells(size, representatives, draw(st.floats(1e-3, 1e6))))
    cells = sum(column.size for column in drawn)
    count = st.one_of(st.just(0), st.integers(0, 5), st.integers(0, largest_count))
    counts = st.lists(count, min_size=cells, max_size=cells)
    return Comparison(drawn, np.array(draw(counts)), np.array(draw(counts)))


def smoothed_shares(counts: Counts) -> npt.NDArray[np.float64]:
    """The shares as the module's text defines them."""
    total = float(counts.sum()) + 0.5 * len(counts)
    return np.array([(count + 0.5) / total for count in counts.tolist()])


@pytest.mark.slow
@given(comparisons(columns=1))
def test_statistics_of_smoothed_shares_equal_scipy(comparison: Comparison) -> None:
    """PSI, Jensen-Shannon, total variation and chi-square are SciPy's on the same counts."""
    current, baseline, layout = comparison.current, comparison.baseline, comparison.layout
    assume(current.any() and baseline.any())
    p, q = smoothed_shares(current), smoothed_shares(baseline)
    jeffreys = scipy.special.rel_entr(p, q).sum() + scipy.special.rel_entr(q, p).sum()
    assert population_stability_index(current, baseline, layout)[0] == pytest.approx(jeffreys, rel=1e-12, abs=1e-14)
    divergence = scipy.spatial.distance.jensenshannon(p, q) ** 2
    assert jensen_shannon_divergence(current, baseline, layout)[0] == pytest.approx(divergence, rel=1e-12, abs=1e-14)
    distance = 0.5 * scipy.spatial.distance.cityblock(p, q)
    assert total_variation(current, baseline, layout)[0] == pytest.approx(distance, rel=1e-12, abs=1e-14)
    pearson = scipy.stats.chi2_contingency([current + 0.5, baseline + 0.5], correction=False)
    statistic = chi2(current, baseline, layout)[0]
    assert statistic == pytest.approx(pearson.statistic, rel=1e-12, abs=1e-8)
    freedom = pearson.dof
    cube = (pearson.statistic / freedom) ** (1 / 3)
    zscore = (cube - 1 + 2 / (9 * freedom)) / math.sqrt(2 / (9 * freedom))
    assert chi2_zscore(current, baseline, layout)[0] == pytest.approx(zscore, rel=1e-9, abs=1e-3)


@given(comparisons(largest_count=300, columns=1))
def test_statistics_of_valid_values_equal_scipy(comparison: Comparison) -> None:
    """Kolmogorov-Smirnov and Wasserstein-1 are SciPy's on the representatives repeated as often as counted."""
    column, layout = comparison.columns[0], comparison.layout
    valid = len(column.representatives)
    current, baseline = comparison.current[:valid], comparison.baseline[:valid]
    assume(current.any() and baseline.any() and current.sum() + baseline.sum() > 2)
    representatives = np.array(column.representatives)
    distance = scipy.stats.wasserstein_distance(representatives, representatives, current, baseline)
    ratio = wasserstein_ratio(comparison.current, comparison.baseline, layout)[0]
    # Shares are rounded at 1e-16, which far apart representatives magnify.
    magnified = (representatives[-1] - representatives[0]) / column.standard_deviation
    assert ratio == pytest.approx(distance / column.standard_deviation, rel=1e-12, abs=1e-14 * magnified)
    ordinals = np.arange(valid)
    largest = scipy.stats.ks_2samp(np.repeat(ordinals, current), np.repeat(ordinals, baseline), method="asymp")
    statistic = kolmogorov_smirnov(comparison.current, comparison.baseline, layout)[0]
    assert statistic == pytest.approx(largest.statistic, rel=1e-12, abs=1e-15)


def test_a_known_comparison() -> None:
    """Values worked out by hand for one small table pin the definitions."""
    layout = CellLayout.from_columns([ColumnCells(3, (0.0, 3.0), 2.0)])
    current, baseline = np.array([3, 1, 0]), np.array([1, 3, 0])
    found = compare(current, baseline, layout)
    p, q = 3.5 / 5.5, 1.5 / 5.5
    assert found.population_stability_index[0] == pytest.approx(2 * (p - q) * math.log(p / q))
    assert found.total_variation[0] == pytest.approx(p - q)
    assert found.chi2[0] == pytest.approx(4 * (3.5 - 2.5) ** 2 / 2.5)
    assert found.kolmogorov_smirnov[0] == pytest.approx(0.5)
    assert found.wasserstein_ratio[0] == pytest.approx(0.75)


@given(comparisons())
def test_several_columns_give_what_each_gives_alone(comparison: Comparison) -> None:
    """A column's statistics do not depend on the columns it stands beside."""
    together = compare(comparison.current, comparison.baseline, comparison.layout)
    layout = comparison.layout
    for position, column in enumerate(comparison.columns):
        cells = slice(layout.starts[position], layout.starts[position] + layout.sizes[position])
        alone = compare(comparison.current[cells], comparison.baseline[cells], CellLayout.from_columns([column]))
        for name, values in attrs.asdict(alone, recurse=False).items():
            assert np.array_equal(getattr(together, name)[[position]], values, equal_nan=True), name


@given(comparisons())
def test_the_entry_point_equals_the_single_functions(comparison: Comparison) -> None:
    """``compare`` shares intermediate arrays without changing a result."""
    together = compare(comparison.current, comparison.baseline, comparison.layout)
    for name, statistic in ALL.items():
        alone = statistic(comparison.current, comparison.baseline, comparison.layout)
        assert np.array_equal(getattr(together, name), alone, equal_nan=True), name


@pytest.mark.slow
@given(comparisons())
def test_effect_sizes_stay_in_their_ranges_and_are_symmetric(comparison: Comparison) -> None:
    """No effect size is negative or beyond its bound, and exchanging the samples changes none."""
    current, baseline, layout = comparison.current, comparison.baseline, comparison.layout
    bounds = {"jensen_shannon_divergence": math.log(2), "total_variation": 1.0, "kolmogorov_smirnov": 1.0}
    for name, statistic in {**SMOOTHED, **ORDERED}.items():
        values = statistic(current, baseline, layout)
        said = ~np.isnan(values)
        assert np.all(values[said] >= 0), name
        assert np.all(values[said] <= bounds.get(name, math.inf)), name
        exchanged = statistic(baseline, current, layout)
        np.testing.assert_allclose(values, exchanged, rtol=1e-12, atol=1e-15, err_msg=name)


@given(comparisons(), st.integers(2, 50))
def test_the_same_counts_are_no_drift(comparison: Comparison, factor: int) -> None:
    """Equal counts give exactly 0; proportional ones give 0 where shares are not smoothed."""
    counts, layout = comparison.current, comparison.layout
    for name, statistic in {**SMOOTHED, **ORDERED}.items():
        values = statistic(counts, counts, layout)
        assert not np.any(values[~np.isnan(values)]), name
    for name, statistic in ORDERED.items():
        values = statistic(counts, counts * factor, layout)
        np.testing.assert_allclose(
            values[~np.isnan(values)] / (1 + layout.scaled_step.sum()), 0, atol=1e-15, err_msg=name
        )


@given(comparisons(columns=1), st.randoms(use_true_random=False))
def test_the_order_of_bins_does_not_matter_where_values_have_none(comparison: Comparison, random: Any) -> None:
    """PSI, Jensen-Shannon, total variation and chi-square see bins as a set."""
    order = list(range(len(comparison.current)))
    random.shuffle(order)
    for name, statistic in SMOOTHED.items():
        values = statistic(comparison.current, comparison.baseline, comparison.layout)
        shuffled = statistic(comparison.current[order], comparison.baseline[order], comparison.layout)
        np.testing.assert_allclose(values, shuffled, rtol=1e-12, atol=1e-15, err_msg=name)


@given(comparisons(columns=1), st.data())
def test_one_row_moves_a_statistic_by_one_rows_mass(comparison: Comparison, data: st.DataObject) -> None:
    """Moving one row to any other bin changes each effect size by at most a bound known before the row is seen."""
    current, baseline, layout = comparison.current, comparison.baseline, comparison.layout
    assume(current.any() and baseline.any())
    source = data.draw(st.sampled_from(np.flatnonzero(current).tolist()))
    target = data.draw(st.integers(0, len(current) - 1))
    moved = current.copy()
    moved[source] -= 1
    moved[target] += 1
    size = current.sum() + 0.5 * len(current)
    baseline_size = baseline.sum() + 0.5 * len(current)
    change = {name: abs(f(moved, baseline, layout) - f(current, baseline, layout))[0] for name, f in ALL.items()}
    # Shares move by 1 / size and lie between half a row and everything; q ln p moves by at most q ln 3.
    logarithms = math.log(2 * size) + math.log(2 * baseline_size) + 1
    assert change["population_stability_index"] <= math.log(3) + 2 / size * logarithms
    assert change["jensen_shannon_divergence"] <= 2 / size * logarithms
    assert change["total_variation"] <= 1 / size * (1 + 1e-9)
    valid = current[layout.valid].sum()
    if not math.isnan(change["kolmogorov_smirnov"]):
        assert change["kolmogorov_smirnov"] <= 1 / valid * (1 + 1e-9)
        assert change["wasserstein_ratio"] <= layout.scaled_step.sum() / valid * (1 + 1e-9) + 1e-12


def test_nothing_is_said_without_observations() -> None:
    """An empty side gives NaN everywhere, without a warning."""
    empty, some = np.zeros(6, dtype=np.int64), np.arange(6)
    for current, baseline in ((empty, some), (some, empty), (empty, empty)):
        for name, statistic in ALL.items():
            assert np.isnan(statistic(current, baseline, NUMERIC)).all(), name


def test_missing_values_alone_have_no_distribution_function() -> None:
    """A window of missing values has a PSI but neither Kolmogorov-Smirnov nor Wasserstein-1."""
    found = compare(np.array([0, 0, 0, 0, 9, 0]), np.array([1, 2, 3, 4, 0, 0]), NUMERIC)
    assert found.population_stability_index[0] > 1
    assert np.isnan(found.kolmogorov_smirnov[0])
    assert np.isnan(found.wasserstein_ratio[0])


def test_columns_that_cannot_be_ordered_or_scaled_say_so() -> None:
    """Categorical columns have no Kolmogorov-Smirnov or Wasserstein-1, constant ones no Wasserstein-1."""
    layout = CellLayout.from_columns([ColumnCells(3), ColumnCells(3, (1.0, 1.0, 1.0), 0.0)])
    found = compare(np.array([1, 2, 3, 4, 5, 6]), np.array([3, 2, 1, 6, 5, 4]), layout)
    assert np.isnan(found.kolmogorov_smirnov).tolist() == [True, False]
    assert np.isnan(found.wasserstein_ratio).tolist() == [True, True]
    assert np.isfinite(found.chi2_zscore).all()


def test_a_single_bin_has_no_degrees_of_freedom() -> None:
    """A column of one bin cannot drift and has no normal deviate."""
    layout = CellLayout.from_columns([ColumnCells(1)])
    assert population_stability_index(np.array([5]), np.array([9]), layout).tolist() == [0.0]
    assert np.isnan(chi2_zscore(np.array([5]), np.array([9]), layout)).all()


def test_leading_axes_broadcast() -> None:
    """Windows by baselines in one call are the same as each pair alone."""
    generator = np.random.default_rng(7)
    windows = generator.integers(0, 50, (3, 1, 6))
    previous = generator.integers(0, 50, (3, 1, 6))
    reference = np.broadcast_to(generator.integers(0, 50, 6), (3, 1, 6))
    baselines = np.concatenate([reference, previous], axis=1)
    found = compare(windows, baselines, NUMERIC)
    for field in attrs.fields(DriftStatistics):
        values = getattr(found, field.name)
        assert values.shape == (3, 2, 1)
        for window in range(3):
            for baseline in range(2):
                alone = compare(windows[window, 0], baselines[window, baseline], NUMERIC)
                assert values[window, baseline] == getattr(alone, field.name)


def test_small_unsigned_counts_do_not_wrap() -> None:
    """Counts of a narrow unsigned type are added up as numbers, not modulo their type."""
    narrow = np.full(6, 200, dtype=np.uint8)
    wide = np.array([1, 2, 3, 4, 5, 6])
    for name, statistic in ALL.items():
        assert statistic(narrow, wide, NUMERIC) == statistic(narrow.astype(np.int64), wide, NUMERIC), name


def test_shares_of_masked_cells() -> None:
    """The share of the cells of a mask is relative to all of the column, and unknown without observations."""
    layout = CellLayout.from_columns([ColumnCells(3), ColumnCells(2), ColumnCells(1)])
    mask = np.array([False, True, True, False, False, True])
    counts = np.array([[1, 2, 1, 5, 0, 0], [0, 0, 0, 0, 1, 3]])
    np.testing.assert_array_equal(shares(counts, layout, mask), [[0.75, 0.0, np.nan], [np.nan, 0.0, 1.0]])


def test_a_model_without_columns_has_no_statistics() -> None:
    """No columns give empty results."""
    layout = CellLayout.from_columns([])
    assert compare(np.zeros((2, 0)), np.zeros((2, 0)), layout).population_stability_index.shape == (2, 0)
