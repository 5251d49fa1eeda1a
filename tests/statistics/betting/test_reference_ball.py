from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import optimize, stats

from model_drift_exporter.statistics.betting.bets import BetColumn
from model_drift_exporter.statistics.betting.reference_ball import chi_square_quantile, projected, reference_ball
from model_drift_exporter.statistics.layout import FloatArray

COUNTS = st.lists(st.integers(0, 500), min_size=3, max_size=20).filter(any)
SEEDS = st.integers(0, 2**32 - 1)
RADII = st.sampled_from([0.0015, 0.012, 0.05, 0.3])


def divergence(reference: FloatArray, law: FloatArray) -> float:
    """KL(reference || law)."""
    occupied = reference > 0
    return float((reference[occupied] * np.log(reference[occupied] / law[occupied])).sum())


def some_bet(reference: FloatArray, generator: np.random.Generator) -> FloatArray:
    """A random histogram, smoothed by fifty records of the reference and a little more."""
    live = generator.dirichlet(np.full(len(reference), generator.choice([0.1, 1.0])))
    prior = (reference + 0.001 / len(reference)) / 1.001
    bet = 50 * prior + generator.choice([20, 300, 3_000]) * live
    smoothed: FloatArray = bet / bet.sum()
    return smoothed


@pytest.mark.parametrize("probability", [0.999, 0.9999])
def test_the_quantile_is_near_and_from_above(probability: float) -> None:
    """For all degrees of freedom that columns have the χ² quantile is at most six percent too large, never too small."""
    freedom = np.arange(2.0, 300.0)
    ratio = chi_square_quantile(probability, freedom) / stats.chi2.ppf(probability, freedom)
    assert np.all(ratio >= 1.0)
    assert np.all(ratio <= 1.06)
    assert np.all(ratio[10:] <= 1.025)


def test_the_radius_adds_the_roots_of_error_and_tolerance() -> None:
    """The ball is as wide as Wilks' bound of the reference's error and half the tolerated index together."""
    column = BetColumn([1_000, 2_000, 3_000, 0, 0], numeric=False, design_effect=2.0, special_design_effect=3.0)
    ball = reference_ball([column], psi_tolerance=0.02)
    error = stats.chi2.ppf(1 - 1e-4, 4) / (2 * 6_000 / 3)
    assert ball.radius[0] == pytest.approx((np.sqrt(error) + 0.1) ** 2, rel=0.03)
    assert ball.design_effect.tolist() == [3.0]
    assert ball.shares[0].tolist() == pytest.approx([1 / 6, 1 / 3, 1 / 2, 0, 0])
    assert ball.smoothed.sum() == pytest.approx(1.0)
    assert np.all(ball.smoothed > 0)


def test_the_law_of_the_reference_is_inside() -> None:
    """Of a thousand references drawn from one law none has it outside its ball without any tolerance."""
    law = np.array([0.001, 0.009, 0.2, 0.3, 0.4, 0.05, 0.03, 0.01])
    drawn = np.random.default_rng(3).multinomial(5_000, law, size=1_000)
    ball = reference_ball([BetColumn(counts, numeric=True) for counts in drawn], psi_tolerance=0.0)
    found = np.array([divergence(shares, law) for shares in ball.shares])
    assert np.all(found <= ball.radius)
    assert found.max() > 0.3 * ball.radius.max()


def test_a_column_without_rows_has_no_outside() -> None:
    """Nothing can be off a reference that has no rows; padding stays empty."""
    ball = reference_ball([BetColumn([0, 0, 0], numeric=False), BetColumn([1, 2, 3, 0, 0], numeric=True)])
    assert ball.radius[0] == np.inf
    assert ball.smoothed[0].tolist() == pytest.approx([1 / 3, 1 / 3, 1 / 3, 0, 0])


@given(COUNTS, SEEDS, RADII)
def test_the_projection_is_on_the_border_or_beyond(counts: list[int], seed: int, radius: float) -> None:
    """The part of the bet is the root of KL = radius, never below it; a bet inside the ball is its own projection."""
    reference = np.array(counts) / sum(counts)
    bet = some_bet(reference, np.random.default_rng(seed))
    part = float(projected(bet, reference, np.array(radius)))
    if divergence(reference, bet) <= radius:
        assert part == 1.0
        return

    def excess(tried: float) -> float:
        return divergence(reference, reference + tried * (bet - reference)) - radius

    root = optimize.brentq(excess, 0.0, 1.0, xtol=1e-14)
    assert root <= part <= 1.0
    assert part <= 1.05 * root


@pytest.mark.slow
@given(COUNTS, SEEDS, RADII)
def test_no_law_of_the_ball_gains(counts: list[int], seed: int, radius: float) -> None:
    """The mean of bet / projection is at most 1 under random laws inside and on the border of the ball."""
    generator = np.random.default_rng(seed)
    reference = np.array(counts) / sum(counts)
    bet = some_bet(reference, generator)
    part = float(projected(bet, reference, np.array(radius)))
    law = reference + part * (bet - reference)
    ratio = np.where(law > 0, bet / np.where(law > 0, law, 1.0), 1.0)
    for other in (bet, *generator.dirichlet(np.full(len(reference), 0.3), size=20)):
        inside = reference
        for step in 2.0 ** -np.arange(0, 30):
            tried = inside + step * (other - inside)
            if divergence(reference, np.maximum(tried, 1e-300)) <= radius:
                inside = tried
        assert inside @ ratio <= 1.0 + 1e-9


@given(counts=COUNTS, seed=SEEDS, laws=st.integers(1, 4))
def test_laws_that_are_no_drift_are_inside_and_so_are_mixtures(counts: list[int], seed: int, laws: int) -> None:
    """Of any laws that are positive where the reference is."""
    generator = np.random.default_rng(seed)
    held = 0.99 * generator.dirichlet(np.full(len(counts), 0.2), size=laws) + 0.01 / len(counts)
    ball = reference_ball([BetColumn(counts, numeric=False)], psi_tolerance=0.0, laws=[law[None] for law in held])
    for law in (*held, generator.dirichlet(np.ones(laws)) @ held):
        assert divergence(ball.shares[0], law) <= ball.radius[0] + 1e-9
