from __future__ import annotations

import attrs
import numpy as np
import numpy.typing as npt
import pytest
import scipy.stats
from hypothesis import given
from hypothesis import strategies as st

from model_drift_exporter.reference.building.survey import numeric_edges
from model_drift_exporter.statistics import (
    CellLayout,
    ColumnCells,
    NoiseFloorModel,
    NoiseFloors,
    compare,
)

CATEGORIES = np.array([0.6, 0.25, 0.1, 0.04, 0.01])
REFERENCES = 600
NAMES = [field.name for field in attrs.fields(NoiseFloors)]
LAWS = {"normal": scipy.stats.norm(), "lognormal": scipy.stats.lognorm(1.0), "poisson": scipy.stats.poisson(3)}


def quantile_column(
    values: npt.NDArray[np.float64], missing: int
) -> tuple[ColumnCells, npt.NDArray[np.int64], npt.NDArray[np.float64]]:
    """The program's bins of raw values, their counts (below, ordinals, above, missing, invalid), and the edges."""
    ordered = np.sort(values)
    edges = np.array(numeric_edges(ordered, ordered[0], ordered[-1]))
    ordinal = np.searchsorted(edges[1:], ordered, side="left")
    counts = np.bincount(ordinal)
    means = np.clip(np.bincount(ordinal, ordered) / counts, edges[:-1], edges[1:])
    column = ColumnCells(len(counts) + 4, (edges[0], *means, edges[-1]), float(ordered.std()))
    return column, np.concatenate([[0], counts, [0, missing, 0]]), edges


def skewed_reference(rows: int) -> tuple[CellLayout, npt.NDArray[np.int64]]:
    """A normal, a log-normal, a discrete and a categorical column."""
    generator = np.random.default_rng(rows)
    normal, normal_counts, _ = quantile_column(generator.normal(size=rows), 0)
    lognormal, lognormal_counts, _ = quantile_column(generator.lognormal(size=rows), rows // 20)
    discrete = np.bincount(np.minimum(generator.geometric(0.3, rows), 9))[1:]
    dice = ColumnCells(13, (1.0, *range(1, 10), 9.0), 3.0)
    categories = generator.multinomial(rows, CATEGORIES)
    layout = CellLayout.from_columns([normal, lognormal, dice, ColumnCells(8)])
    dice_counts = np.concatenate([[0], discrete, [0, 3, 0]])
    return layout, np.concatenate([normal_counts, lognormal_counts, dice_counts, categories, [0, 0, 0]])


def samples(
    layout: CellLayout, law: npt.NDArray[np.float64], size: int, repetitions: int, seed: int
) -> npt.NDArray[np.int64]:
    """Multinomial counts of each column by its law."""
    generator = np.random.default_rng(seed)
    drawn = []
    for start, cells in zip(layout.starts, layout.sizes, strict=True):
        share = law[start : start + cells]
        drawn.append(generator.multinomial(size, share / share.sum(), repetitions))
    return np.concatenate(drawn, axis=-1)


def law_of(layout: CellLayout, counts: npt.NDArray[np.int64]) -> npt.NDArray[np.float64]:
    """The reference's spacings: one in the continuous columns' out-of-range cells, the first of them from the lowest."""
    weight = counts.astype(np.float64)
    for start, size in zip(layout.starts[:2], layout.sizes, strict=False):
        weight[[start, start + size - 3]] = 1
        weight[start + 1] -= 1
    return weight


@pytest.mark.parametrize("rows", [1_000, 10_000, 50_000])
@pytest.mark.parametrize("observations", [200, 1_000, 20_000])
@pytest.mark.parametrize("previous", [False, True])
def test_floors_are_the_means_of_two_samples_of_one_law(rows: int, observations: int, previous: bool) -> None:
    """Window and baseline drawn from the reference's shares: every floor is within 10 % of the simulated mean."""
    layout, counts = skewed_reference(rows)
    law = law_of(layout, counts)
    baseline = observations if previous else rows
    found = compare(samples(layout, law, observations, 1_000, 1), samples(layout, law, baseline, 1_000, 2), layout)
    floors = NoiseFloorModel(layout, counts).floors(observations, baseline)
    for name in NAMES:
        simulated = getattr(found, name).mean(axis=0)
        np.testing.assert_allclose(getattr(floors, name), simulated, rtol=0.1, err_msg=name)


@pytest.mark.slow
@pytest.mark.parametrize("rows", [200, 500, 1_000, 2_000, 10_000])
def test_floors_are_the_means_over_references_and_windows(rows: int) -> None:
    """References of raw values, binned as the program does, and windows of the same law: within 10 % of the mean.

    Given a reference, a window's counts are multinomial with the law's masses between the edges: no need to draw its
    values. A discrete law's divergences may be 15 % off; the module says why.
    """
    generator = np.random.default_rng(rows)
    columns, counts, masses = [], [], []
    for law in LAWS.values():
        for values in law.rvs((REFERENCES, rows), random_state=generator):
            column, column_counts, edges = quantile_column(values.astype(np.float64), 0)
            columns.append(column)
            counts.append(column_counts)
            edges[0] = np.nextafter(edges[0], -np.inf)
            masses.append(np.concatenate([np.diff(law.cdf(edges), prepend=0, append=1), [0, 0]]))
    layout = CellLayout.from_columns(columns)
    reference, law_masses = np.concatenate(counts), np.concatenate(masses)
    model = NoiseFloorModel(layout, reference)
    for observations in (200, 1_000, 4_000, 20_000):
        windows = samples(layout, law_masses, observations, 4, observations)
        before = samples(layout, law_masses, observations, 4, observations + 1)
        for floors, found in (
            (model.reference_floors(observations), compare(windows, reference, layout)),
            (model.floors(observations, observations), compare(windows, before, layout)),
        ):
            for name in NAMES:
                simulated = getattr(found, name).reshape(-1, len(LAWS), REFERENCES).mean(axis=(0, 2))
                expected = getattr(floors, name).reshape(len(LAWS), REFERENCES).mean(axis=1)
                for law_name, ratio in zip(LAWS, expected / simulated, strict=True):
                    discrete = law_name == "poisson" and name.endswith(("index", "divergence"))
                    place = f"{name} of {law_name}, {rows} rows and {observations} observations"
                    assert ratio == pytest.approx(1.0, abs=0.15 if discrete else 0.1), place


def test_many_observations_reach_the_first_order_laws() -> None:
    """With every bin well filled PSI tends to (B - 1)(1/n + 1/N) and Jensen-Shannon to an eighth of it."""
    layout = CellLayout.from_columns([ColumnCells(10)])
    floors = NoiseFloorModel(layout, np.full(10, 10**6)).floors(10**6, 10**7)
    first_order = 9 * (1 / 10**6 + 1 / 10**7)
    assert floors.population_stability_index[0] == pytest.approx(first_order, rel=1e-3)
    assert floors.jensen_shannon_divergence[0] == pytest.approx(first_order / 8, rel=1e-3)


def test_the_published_null_mean_of_a_normal_features_wasserstein_distance() -> None:
    """In many fine bins a normal feature's floor is 1.29 standard deviations times sqrt(1/n + 1/N), less the tails."""
    values = np.random.default_rng(3).normal(size=100_000)
    ordinal = np.floor((values + 6) * 20).astype(np.int64)
    means = (np.arange(240) + 0.5) / 20 - 6
    layout = CellLayout.from_columns([ColumnCells(240, tuple(means), 1.0)])
    floors = NoiseFloorModel(layout, np.bincount(ordinal, minlength=240)).floors(1_000, 10_000)
    assert floors.wasserstein_ratio[0] == pytest.approx(1.29 * np.sqrt(1 / 1_000 + 1 / 10_000), rel=0.02)


def test_an_empty_special_bin_is_smoothing_and_not_noise() -> None:
    """A bin that neither side ever fills adds exactly the difference that smoothing makes of it."""
    counts = np.array([600, 400])
    without = NoiseFloorModel(CellLayout.from_columns([ColumnCells(2)]), counts).floors(500, 500)
    layout = CellLayout.from_columns([ColumnCells(3)])
    with_empty = NoiseFloorModel(layout, np.append(counts, 0)).floors(500, 500)
    ratio = with_empty.population_stability_index[0] / without.population_stability_index[0]
    assert ratio == pytest.approx(501 / 501.5, rel=1e-9)


@given(st.integers(1, 10**7), st.integers(1, 10**7))
def test_floors_are_positive_bounded_and_symmetric(observations: int, baseline: int) -> None:
    """Any sizes give finite floors in the effect sizes' ranges, the same with the samples exchanged."""
    floors = MODEL.floors(observations, baseline)
    exchanged = MODEL.floors(baseline, observations)
    against_reference = MODEL.reference_floors(observations)
    for name in NAMES:
        for found in (floors, against_reference):
            values = getattr(found, name)
            said = np.isfinite(values)
            assert said.tolist() == SAID[name], name
            assert np.all(values[said] > 0), name
            if name not in {"population_stability_index", "wasserstein_ratio"}:
                assert np.all(values[said] <= 1), name
        np.testing.assert_allclose(getattr(floors, name), getattr(exchanged, name), rtol=1e-9, err_msg=name)


@given(st.integers(1, 10**6))
def test_more_observations_lower_the_floors(observations: int) -> None:
    """A window of twice the size has less noise against an equally large baseline."""
    small, large = MODEL.floors(observations, observations), MODEL.floors(2 * observations, 2 * observations)
    for name in ("population_stability_index", "jensen_shannon_divergence", "kolmogorov_smirnov"):
        if name == "kolmogorov_smirnov":
            assert np.all((getattr(large, name) <= getattr(small, name))[:3])
        elif observations >= 20:
            assert np.all(getattr(large, name) < getattr(small, name)), name


def test_nothing_is_said_without_observations() -> None:
    """Empty windows, empty baselines and columns without reference rows have no floors, without a warning."""
    layout = CellLayout.from_columns([ColumnCells(4, (0.0, 1.0, 2.0), 1.0), ColumnCells(3)])
    model = NoiseFloorModel(layout, [1, 5, 1, 0, 0, 0, 0])
    floors = model.floors(np.array([[100, 100], [0, 0]]), np.array([100, 100]))
    for name in NAMES:
        values = getattr(floors, name)
        assert np.isfinite(values[0, 0]), name
        assert np.isnan(values[0, 1]), name
        assert np.isnan(values[1]).all(), name
        assert np.isnan(getattr(model.floors(100, 0), name)).all(), name
        assert np.isnan(getattr(model.reference_floors(0), name)).all(), name


def test_sizes_broadcast_over_windows_and_baselines() -> None:
    """Windows by baselines in one call are the same as each pair alone."""
    sizes = np.array([[200.0] * 4, [3_000.0] * 4])[:, None]
    baselines = np.array([[500.0] * 4, [9_000.0] * 4])
    together = MODEL.floors(sizes, baselines)
    for name in NAMES:
        assert getattr(together, name).shape == (2, 2, 4)
        for window in range(2):
            for baseline in range(2):
                alone = MODEL.floors(sizes[window, 0], baselines[baseline])
                np.testing.assert_allclose(getattr(together, name)[window, baseline], getattr(alone, name), rtol=1e-12)


LAYOUT, COUNTS = skewed_reference(5_000)
MODEL = NoiseFloorModel(LAYOUT, COUNTS)
SAID = {name: [True, True, True, name not in {"kolmogorov_smirnov", "wasserstein_ratio"}] for name in NAMES}
