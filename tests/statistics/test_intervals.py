from __future__ import annotations

import math

import numpy as np
import pytest
from scipy import stats
from scipy.stats import binomtest

from model_drift_exporter.statistics.intervals import (
    Estimate,
    balanced_interval,
    mean_interval,
    ratio_interval,
    wilson_interval,
    wilson_upper_bound,
)


@pytest.mark.parametrize(("hits", "rows"), [(0, 10), (3, 10), (10, 10), (57, 1_000)])
def test_wilson_equals_scipy(hits: int, rows: int) -> None:
    """The score interval of SciPy's binomial test."""
    expected = stats.binomtest(hits, rows).proportion_ci(method="wilson")
    found = wilson_interval(hits / rows, rows)
    assert (found.value, found.lower, found.upper) == pytest.approx((hits / rows, *expected), abs=1e-12)


def test_means_have_the_normal_interval() -> None:
    """SciPy's, and wider by the root of the design effect."""
    values = np.random.default_rng(1).gamma(2, size=200)
    found = mean_interval(values.sum(), (values**2).sum(), 200, 1.0)
    expected = stats.norm.interval(0.95, values.mean(), stats.sem(values))
    assert (found.lower, found.upper) == pytest.approx(expected, rel=1e-9)
    wide = mean_interval(values.sum(), (values**2).sum(), 200, 9.0)
    assert wide.upper - wide.value == pytest.approx(3 * (found.upper - found.value))


def test_single_rows_have_no_interval() -> None:
    """A mean or ratio of one row says nothing of its own error."""
    for found in (mean_interval(2.0, 4.0, 1, 1.0), ratio_interval(2.0, 4.0, (4.0, 8.0, 16.0), 1, 1.0)):
        assert found.value in {2.0, 0.5}
        assert math.isnan(found.lower)
        assert math.isnan(found.upper)


def test_ratios_cover_what_they_should() -> None:
    """Some 95 % of intervals of a ratio of correlated sums hold the true ratio."""
    generator = np.random.default_rng(2)
    held = 0
    for _ in range(400):
        below = generator.gamma(3, size=300)
        above = 0.4 * below + generator.normal(0, 0.5, 300)
        squares = ((above**2).sum(), (above * below).sum(), (below**2).sum())
        found = ratio_interval(above.sum(), below.sum(), squares, 300, 1.0)
        held += found.lower <= 0.4 <= found.upper
    assert 0.92 <= held / 400 <= 0.98


def test_balanced_shares_cover_what_they_should() -> None:
    """The mean of two shares, one of them near 1, with few rows."""
    generator = np.random.default_rng(3)
    held = 0
    for _ in range(400):
        shares = [(generator.binomial(40, 0.97) / 40, 40.0), (generator.binomial(300, 0.6) / 300, 300.0)]
        found = balanced_interval(shares)
        held += found.lower <= 0.785 <= found.upper
    assert held / 400 >= 0.93


def test_estimates_change_their_unit() -> None:
    """Scaled, subtracted from 1, cut to what is possible; no interval stays none."""
    estimate = Estimate(0.2, -0.1, 0.4)
    assert estimate.within(0.0, 0.3) == Estimate(0.2, 0.0, 0.3)
    assert estimate.scaled(10) == Estimate(2.0, -1.0, 4.0)
    assert estimate.complement() == Estimate(0.8, 0.6, 1.1)
    assert math.isnan(Estimate(1.0).within(0.0, 0.5).upper)


@pytest.mark.parametrize(("events", "rows"), [(0, 10), (1, 10), (7, 500), (250, 500), (500, 500)])
def test_it_is_the_upper_end_of_wilsons_interval(events: int, rows: int) -> None:
    """As SciPy has it, for two standard errors."""
    interval = binomtest(events, rows).proportion_ci(0.9544997361, method="wilson")
    assert float(wilson_upper_bound(events / rows, rows, 2.0)) == pytest.approx(interval.high)


def test_arguments_broadcast() -> None:
    """Shares above 1 count as 1, whose bound is 1."""
    found = wilson_upper_bound(np.array([[0.1], [1.2]]), np.array([10.0, 100.0]), 2.6)
    assert found.shape == (2, 2)
    assert found[0, 0] > found[0, 1] > 0.1
    np.testing.assert_allclose(found[1], 1.0)
