from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from model_drift_exporter.statistics.betting.e_cusum import advance, log_mean
from model_drift_exporter.statistics.betting.score_bets import ScoreBets

BETS = st.builds(
    ScoreBets,
    mean=st.one_of(st.just(0.0), st.floats(0.001, 0.99)),
    standard_deviation=st.floats(0, 0.5),
    rows=st.integers(1, 100_000),
    design_effect=st.sampled_from([1.0, 2.5, 50.0]),
    tolerance=st.sampled_from([0.0, 0.01, 0.05]),
    relative_tolerance=st.sampled_from([0.0, 0.1]),
    lower=st.sampled_from([0.0, -1.0]),
    binary=st.booleans(),
)


@given(BETS, st.lists(st.floats(0, 1), min_size=1, max_size=6), st.integers(0, 2**32 - 1))
def test_no_bet_gains_while_the_mean_keeps_to_the_limit(bets: ScoreBets, places: list[float], seed: int) -> None:
    """Under any law on the range of losses with a mean up to the limit, e has mean 1 at most in every bet."""
    losses = bets.lower + (1 - bets.lower) * np.array([*places, 0.0, 1.0])
    law = np.random.default_rng(seed).dirichlet(np.full(len(losses), 0.5))
    for law_at in (law, np.eye(len(losses))[-1]):
        mean = law_at @ losses
        part = min(1.0, (bets.limit - bets.lower) / max(mean - bets.lower, 1e-12))
        inside = part * law_at + (1 - part) * np.eye(len(losses))[-2]
        assert inside @ losses <= bets.limit + 1e-12
        log_e = bets.log_e(losses)
        assert np.isfinite(log_e).all()
        assert np.all(inside @ np.exp(log_e) <= 1 + 1e-9)
        assert np.all(inside @ np.exp(log_e * bets.design_effect) <= 1 + 1e-9)


@given(BETS)
def test_evidence_grows_with_the_loss(bets: ScoreBets) -> None:
    """A larger loss is never less evidence, and losses beyond the range count as its ends."""
    log_e = bets.log_e(np.linspace(bets.lower - 1, 2, 50))
    assert np.all(np.diff(log_e, axis=0) >= 0)
    assert log_e[0].tolist() == bets.log_e([bets.lower])[0].tolist()
    assert log_e[-1].tolist() == bets.log_e([1.0])[0].tolist()


def test_the_limit_adds_error_and_tolerance() -> None:
    """Reference, two standard errors of independent rows, and the larger tolerance add up."""
    bets = ScoreBets(0.1, 0.3, 10_000, design_effect=4.0)
    assert bets.limit == pytest.approx(0.1 + 2 * 0.3 / 50 + 0.01)
    assert ScoreBets(0.4, 0.49, 10_000).limit == pytest.approx(0.4 + 2 * 0.0049 + 0.04)
    assert ScoreBets(0.4, 0.49, 10_000, margin=0.0, relative_tolerance=0.0).limit == pytest.approx(0.41)


def test_an_errorless_reference_allows_for_what_it_could_not_show() -> None:
    """No error in n rows is no proof of none: the limit is the tolerance and Wilson's bound, 4 / n."""
    assert ScoreBets(0.0, 0.0, 200, binary=True).limit == pytest.approx(0.01 + 4 / 204)


def test_the_limit_of_few_rows_fails_no_more_often_than_that_of_many() -> None:
    """A reference of 100 rows errs to below its limit's tolerance as seldom as two standard errors say, or a little more."""
    chance = np.random.default_rng(1)
    for rows in (100, 300, 10_000):
        for rate in (0.03, 0.1, 0.3):
            shares, times = np.unique(chance.binomial(rows, rate, 4_000) / rows, return_counts=True)
            limits = np.array(
                [
                    ScoreBets(share, 0.3, rows, tolerance=0.0, relative_tolerance=0.0, binary=True).limit
                    for share in shares
                ]
            )
            assert times[limits < rate].sum() / 4_000 < 0.035


def test_binary_bets_are_likelihood_ratios() -> None:
    """For errors of 0 and 1 each bet is that of a larger rate q against the limit."""
    bets = ScoreBets(0.1, 0.3, 10_000, design_effect=2.0, binary=True)
    right, wrong = bets.log_e([0, 1])
    rates = bets.limit * np.exp(2.0 * wrong)
    np.testing.assert_allclose(rates[:6] - bets.limit, [0.01, 0.03, 0.06, 0.1, 0.25, 0.5])
    np.testing.assert_allclose(rates[6:] / bets.limit, [1.25, 1.75, 3.0])
    np.testing.assert_allclose(right * 2.0, np.log((1 - rates) / (1 - bets.limit)))
    assert bets.weights.sum() == pytest.approx(1.0)


@given(
    rate=st.floats(0.0003, 0.45),
    times=st.floats(1.5, 10),
    rows=st.sampled_from([100.0, 1_000.0, 100_000.0]),
    effect=st.sampled_from([1.0, 20.0, 800.0]),
    tolerance=st.sampled_from([0.0, 0.001, 0.01]),
)
def test_some_bet_gains_three_quarters_of_what_any_bet_could(
    rate: float, times: float, rows: float, effect: float, tolerance: float
) -> None:
    """Whatever the limit, and however far beyond it an error rate is: the most is the relative entropy of the two."""
    deviation = math.sqrt(rate * (1 - rate))
    bets = ScoreBets(rate, deviation, rows, design_effect=effect, tolerance=tolerance, binary=True)
    risen = min(times * rate, 0.95)
    assume(risen > 1.2 * bets.limit)
    most = risen * math.log(risen / bets.limit) + (1 - risen) * math.log((1 - risen) / (1 - bets.limit))
    gains = effect * (np.array([1 - risen, risen]) @ bets.log_e([0.0, 1.0]))
    assert 0.75 * most < gains.max() <= most + 1e-12


def test_a_bet_goes_no_further_than_three_quarters_of_what_is_left() -> None:
    """Where the limit is high, bets are on rates below 1: a single right answer does not end them."""
    bets = ScoreBets(0.75, 0.43, 10_000, binary=True)
    rates = bets.limit * np.exp(bets.log_e([1])[0])
    np.testing.assert_allclose(rates[-1], bets.limit + 0.75 * (1 - bets.limit))
    assert rates[0] == pytest.approx(bets.limit + 0.01)


def test_a_model_that_is_always_wrong_cannot_become_worse() -> None:
    """With a limit of 1 or more there is no bet."""
    assert not ScoreBets(0.99, 0.1, 100, binary=True).log_e([0.0, 0.5, 1.0]).any()


@pytest.mark.parametrize("lower", [0.0, -1.0])
def test_a_bounded_loss_that_doubles_is_found(lower: float) -> None:
    """A rise by a third of a standard deviation crosses a page's threshold within a thousand labels, none before."""
    generator = np.random.default_rng(8)
    mean = 0.0 if lower else 0.3
    bets = ScoreBets(mean, 0.2, 10_000, lower=lower)
    before, after = (generator.uniform(-0.3464, 0.3464, 3_000) + mean + rise for rise in (0.0, 0.07))
    log_m, _ = advance(np.zeros(len(bets.weights)), bets.log_e(np.concatenate([before, after])), 0.0)
    evidence = log_mean(log_m, bets.weights)
    assert evidence[:3_000].max() < math.log(1_000)
    assert np.flatnonzero(evidence > math.log(5_256_000))[0] < 4_000
