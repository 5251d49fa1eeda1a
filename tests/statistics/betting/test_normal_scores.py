from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats

from model_drift_exporter.statistics.betting.normal_scores import normal_density, normal_quantile, normal_scores

SHARES = st.lists(st.integers(0, 1_000), min_size=1, max_size=25).filter(any)


def test_quantiles_equal_those_of_scipy() -> None:
    """From the centre to far tails the quantile is right to nine digits, and infinite at 0 and 1."""
    tails = 10.0 ** -np.linspace(0.3, 12, 200)
    probability = np.concatenate([tails, 1.0 - tails])
    np.testing.assert_allclose(normal_quantile(probability), stats.norm.ppf(probability), rtol=2e-9)
    assert normal_quantile(np.array([0.0, 0.5, 1.0])).tolist() == [-np.inf, 0.0, np.inf]


def test_densities_equal_those_of_scipy() -> None:
    """The density is the standard normal one and 0 at infinity."""
    value = np.array([-np.inf, -3.0, 0.0, 0.5, np.inf])
    np.testing.assert_allclose(normal_density(value), stats.norm.pdf(value), rtol=1e-12)


@pytest.mark.slow
@given(SHARES)
def test_scores_are_conditional_moments(counts: list[int]) -> None:
    """In every occupied cell the scores are the mean and the second moment of a truncated normal number."""
    shares = np.array([counts]) / sum(counts)
    mean, second = normal_scores(shares)
    edges = stats.norm.ppf(np.clip(np.concatenate([[0.0], np.cumsum(shares[0])]), 0.0, 1.0))
    for cell in np.flatnonzero(shares[0]):
        if 1e-6 < np.cumsum(shares[0])[cell] < 1 - 1e-6:
            truncated = stats.truncnorm(edges[cell], edges[cell + 1])
            np.testing.assert_allclose(mean[0, cell], truncated.mean(), atol=1e-5)
            np.testing.assert_allclose(second[0, cell], truncated.moment(2), atol=1e-5)


@given(SHARES)
def test_scores_keep_the_moments_of_the_normal_law_and_its_order(counts: list[int]) -> None:
    """Over all cells the mean is 0, the second moment 1, and scores of location never decrease."""
    shares = np.array([counts]) / sum(counts)
    mean, second = normal_scores(shares)
    assert (shares * mean).sum() == pytest.approx(0.0, abs=1e-7)
    assert (shares * second).sum() == pytest.approx(1.0, abs=1e-7)
    assert np.all(np.diff(mean[0]) >= -1e-9)
    assert np.isfinite(second).all()


def test_empty_cells_score_as_points_or_as_the_outermost_occupied_cell() -> None:
    """A cell without rows scores its place between its neighbours; one beyond the range as the range's last cell."""
    mean, second = normal_scores(np.array([[0.0, 0.5, 0.0, 0.5, 0.0]]))
    half = np.sqrt(2 / np.pi)
    np.testing.assert_allclose(mean, [[-half, -half, 0.0, half, half]], atol=1e-8)
    np.testing.assert_allclose(second, [[1.0, 1.0, 0.0, 1.0, 1.0]], atol=1e-8)


def test_nothing_scores_nothing() -> None:
    """A column without rows has scores of 0."""
    mean, second = normal_scores(np.zeros((1, 4)))
    assert mean.tolist() == second.tolist() == [[0.0] * 4]
