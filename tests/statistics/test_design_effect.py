from __future__ import annotations

import math
from itertools import pairwise
from unittest.mock import patch

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from scipy.signal import lfilter
from scipy.stats import chi2, norm

from model_drift_exporter.statistics import FloatArray, sums
from model_drift_exporter.statistics.design_effect import (
    block_lengths,
    block_ratios,
    design_effect,
    rows_a_day,
    wilson_hilferty,
)

_DAY = 86_400.0
_ROWS_A_DAY = 4_800
_ROWS = 14 * _ROWS_A_DAY
_TIMES = np.arange(_ROWS) * _DAY / _ROWS_A_DAY


def _autoregression(coefficient: float, series: int, rows: int = _ROWS) -> FloatArray:
    noise = np.random.default_rng(5).standard_normal((series, rows + 10_000))
    values: FloatArray = lfilter([math.sqrt(1 - coefficient**2)], [1, -coefficient], noise, axis=1)[:, 10_000:]
    return values


def _skew(generator: np.random.Generator, shape: tuple[int, int]) -> FloatArray:
    return generator.standard_normal(shape) ** 2


def _heavy(generator: np.random.Generator, shape: tuple[int, int]) -> FloatArray:
    return generator.lognormal(0, 1.5, shape)


def _rare(generator: np.random.Generator, shape: tuple[int, int]) -> FloatArray:
    return (generator.random(shape) < 0.01).astype(np.float64)


def _normal(generator: np.random.Generator, shape: tuple[int, int]) -> FloatArray:
    return generator.standard_normal(shape)


@pytest.mark.parametrize("rows", [300, 1_000, 5_000])
@pytest.mark.parametrize("law", [_normal, _skew, _heavy, _rare])
def test_independent_values_count_as_what_they_are(law: object, rows: int) -> None:
    """Whatever their law, at least 99.5 % of independent series have a design effect of exactly 1."""
    assert callable(law)
    values = law(np.random.default_rng(rows), (2_000, rows))
    effects = block_ratios(lambda start, stop: values[:, start:stop], rows, block_lengths(rows)).design_effects()
    assert (effects == 1).mean() >= 0.995


@pytest.mark.parametrize(("coefficient", "lower", "upper"), [(0.9, 28, 40), (0.99, 290, 420), (0.999, 2_300, 3_600)])
def test_an_autoregression_has_its_known_design_effect(coefficient: float, lower: float, upper: float) -> None:
    """The median estimate lies above (1 + r)/(1 - r), which is 19, 199 and 1,999, and below twice that."""
    series = _autoregression(coefficient, 20)
    effects = [design_effect(values, _TIMES) for values in series]
    assert lower < np.median(effects) < upper
    assert lower > (1 + coefficient) / (1 - coefficient)


def test_a_daily_cycle_looks_like_strong_dependence() -> None:
    """A cycle of half a standard deviation makes some 330 rows count as one, where it is not taken out."""
    cycle = 0.5 * np.sin(2 * np.pi * np.arange(_ROWS) / _ROWS_A_DAY)
    noise = np.random.default_rng(6).standard_normal((10, _ROWS))
    assert 290 < np.median([design_effect(values + cycle, _TIMES) for values in noise]) < 380


@pytest.mark.parametrize("freedom", [7.0, 13.0, 60.0, 2_500.0])
@pytest.mark.parametrize("level", [1e-3, 1e-4, 1e-5])
def test_the_chi_squared_quantile_is_close(freedom: float, level: float) -> None:
    """At SciPy's quantile the deviate is that of the normal law, within what moves the quantile by 3 %."""
    quantile = chi2.isf(level, freedom) / freedom
    wanted = norm.isf(level)
    low, high = (wilson_hilferty(np.array([quantile * factor]), np.array([freedom]))[0] for factor in (0.97, 1.03))
    assert low < wanted < high


@pytest.mark.parametrize("freedom", [0.5, 1.0, 3.0])
def test_few_degrees_of_freedom_err_on_the_safe_side(freedom: float) -> None:
    """Rare values, which leave few, are found dependent more seldom than asked for."""
    for level in (1e-3, 1e-5):
        quantile = np.array([chi2.isf(level, freedom) / freedom])
        assert wilson_hilferty(quantile, np.array([freedom]))[0] < norm.isf(level)


def test_a_burst_of_rare_values_is_found() -> None:
    """An outage of 500 of 50,000 rows is one event, not 500."""
    missing = np.zeros(50_000)
    missing[20_000:20_500] = 1
    assert design_effect(missing) > 300
    assert design_effect(np.random.default_rng(1).permutation(missing)) == 1


def test_a_stricter_level_finds_no_more() -> None:
    """Weak dependence passes the usual test and fails a far stricter one."""
    values = _autoregression(0.3, 1, 3_000)[0]
    assert design_effect(values, level=0.05) > 1
    assert design_effect(values, level=1e-12) == 1


def test_values_that_are_missing_are_left_out() -> None:
    """NaN and its time are dropped; what is left is one series."""
    values = _autoregression(0.9, 1, 5_000)[0]
    times = np.arange(5_000) * 60.0
    gaps = np.insert(values, [0, 70, 4_000], np.nan)
    assert design_effect(gaps, np.insert(times, [0, 70, 4_000], 1e12)) == design_effect(values, times)


def test_a_constant_or_short_series_shows_nothing() -> None:
    """Without variance, or with fewer than eight blocks of 20, there is nothing to find."""
    assert design_effect(np.full(1_000, 0.1)) == 1
    assert design_effect(np.arange(159.0)) == 1
    assert design_effect(np.arange(160.0)) > 1
    assert design_effect([]) == 1


@given(
    arrays(np.float64, st.integers(0, 400), elements=st.floats(allow_subnormal=False)),
)
@settings(max_examples=60, deadline=None)
def test_no_numbers_break_it(values: FloatArray) -> None:
    """Whatever the values, the result is a finite number of at least 1."""
    assert 1 <= design_effect(values) < math.inf


@given(st.integers(0, 99), st.floats(1e-6, 1e6), st.floats(-1e3, 1e3), st.booleans())
@settings(max_examples=30, deadline=None)
def test_the_unit_of_the_values_does_not_matter(seed: int, factor: float, shift: float, negative: bool) -> None:
    """Multiplied and shifted values have the same design effect."""
    values = np.cumsum(np.random.default_rng(seed).standard_normal(600))
    moved = (-factor if negative else factor) * (values + shift)
    assert design_effect(moved) == pytest.approx(design_effect(values), rel=1e-6)


@given(st.integers(0, 10**7), st.none() | st.floats(0.01, 1e6))
def test_there_are_eight_blocks_of_twenty_at_least(rows: int, a_day: float | None) -> None:
    """Lengths fall from the longest by halves; none is shorter than 20 or leaves fewer than eight blocks."""
    lengths = block_lengths(rows, a_day)
    assert all(length >= 20 and rows // length >= 8 for length in lengths)
    assert all(longer // 2 == shorter for longer, shorter in pairwise(lengths))
    assert bool(lengths) == (rows >= 160)


def test_the_longest_block_has_the_rows_of_a_day() -> None:
    """With times it is a day's rows, or 320 where these are fewer; without, an eighth of the rows."""
    assert block_lengths(_ROWS, rows_a_day(_TIMES))[0] == _ROWS_A_DAY
    assert block_lengths(_ROWS)[0] == _ROWS // 8
    assert block_lengths(_ROWS, rows_a_day(np.arange(_ROWS) * 1_800.0))[0] == 320
    assert block_lengths(_ROWS, rows_a_day(np.zeros(_ROWS)))[0] == _ROWS // 8


def test_a_day_is_one_that_has_rows() -> None:
    """Weekends without rows, unknown times and one wild time do not make days longer or shorter."""
    week = np.concatenate([day * _DAY + np.arange(100) * 800.0 for day in range(5)])
    times = np.concatenate([week + 7 * _DAY * number for number in range(4)])
    assert rows_a_day(times) == pytest.approx(100)
    assert rows_a_day(np.append(times, [np.nan, 4e12])) == pytest.approx(100, rel=0.06)
    assert rows_a_day([]) == math.inf
    assert rows_a_day([5.0, 5.0]) == math.inf


@given(st.integers(0, 9), st.integers(160, 3_000), st.integers(1, 3))
@settings(max_examples=30, deadline=None)
def test_a_long_series_is_read_in_parts(seed: int, rows: int, series: int) -> None:
    """However few values are in memory at once, the ratios are the same; each value is asked for twice, in its order."""
    values = np.random.default_rng(seed).standard_normal((series, rows)).cumsum(axis=1) / rows**0.5
    asked: list[tuple[int, int]] = []

    def read(start: int, stop: int) -> FloatArray:
        asked.append((start, stop))
        part: FloatArray = values[:, start:stop].copy()
        return part

    lengths = block_lengths(rows)
    whole = block_ratios(read, rows, lengths)
    assert asked == [(0, rows)] * 2
    with patch.object(sums, "PART", 129):
        parts = block_ratios(read, rows, lengths)
    assert parts.upper.tolist() == whole.upper.tolist()
    assert parts.chance.tolist() == pytest.approx(whole.chance.tolist(), rel=1e-9, abs=1e-300)
    assert max(stop - start for start, stop in asked[2:]) <= 129
    assert [start for start, _ in asked[3:]] == [0 if stop == rows else stop for _, stop in asked[2:-1]]
