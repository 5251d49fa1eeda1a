from __future__ import annotations

import math
from collections.abc import Callable

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray

from model_drift_exporter.statistics.betting.bet_tables import BetColumn
from model_drift_exporter.statistics.betting.bets import make_bets
from model_drift_exporter.statistics.betting.e_cusum import advance, log_mean
from model_drift_exporter.statistics.betting.expected_delay import (
    enlarged_scores,
    expected_observations,
    expected_outcomes,
    shifted_shares,
)
from model_drift_exporter.statistics.betting.score_bets import ScoreBets

Array = NDArray[np.float64]
Law = Callable[[np.random.Generator, int], Array]
THRESHOLD = math.log(10_512_000)
TRIALS, BEFORE = 60, 500


def delays(bets: ScoreBets, before: Array, after: Array) -> Array:
    """Outcomes of the change until a page in each trial, in updates of five; arrays [trial, outcome]."""
    scores = np.concatenate([before, after], axis=1)
    log_e = bets.log_e(scores.T.ravel()).reshape(-1, 5, len(scores), len(bets.weights)).sum(axis=1)
    log_m, _ = advance(np.zeros(log_e.shape[1:]), log_e, 0.0)
    crossed = log_mean(log_m, bets.weights)[before.shape[1] // 5 :] >= THRESHOLD
    return np.where(crossed.any(axis=0), 5.0 * (crossed.argmax(axis=0) + 1), math.inf)


@pytest.mark.parametrize(
    ("rate", "rows", "effect", "times"),
    [(0.1, 10_000, 1.0, 2), (0.1, 10_000, 1.0, 3), (0.15, 30_000, 1.0, 3), (0.05, 3_000, 1.0, 2), (0.3, 500, 1.0, 3),
     (0.15, 30_000, 10.0, 3), (0.15, 2_000, 20.0, 3)],
)  # fmt: skip
def test_the_delay_of_a_larger_error_rate_is_expected_within_a_third(
    rate: float, rows: int, effect: float, times: int
) -> None:
    """Simulated, with references of other sizes and dependence."""
    generator = np.random.default_rng(11)
    deviation = math.sqrt(rate * (1 - rate))
    bets = ScoreBets(rate, deviation, rows, design_effect=effect, binary=True)
    expected = expected_outcomes(bets, *enlarged_scores(rate, deviation, times, binary=True), THRESHOLD)
    before = (generator.random((TRIALS, BEFORE)) < rate).astype(np.float64)
    after = (generator.random((TRIALS, int(2 * expected) // 5 * 5)) < times * rate).astype(np.float64)
    found = delays(bets, before, after)
    assert 3 / 4 < expected / np.median(found) < 4 / 3


LAWS: dict[str, Law] = {
    "normal": lambda random, size: np.abs(random.normal(size=size)),
    "exponential": lambda random, size: random.exponential(size=size),
    "a deviation of a billion": lambda random, size: np.abs(random.standard_t(2.2, size=size)),
    "never small": lambda random, size: random.uniform(0.6, 1.0, size=size),
}


@pytest.mark.parametrize("law", LAWS)
@pytest.mark.parametrize("times", [1.5, 2.0, 3.0])
def test_the_delay_of_larger_errors_of_a_regression_is_expected_within_a_half(law: str, times: float) -> None:
    """Only mean and deviation of the bounded errors are known, and that five in a hundred are at the bound."""
    generator = np.random.default_rng(12)
    scale = np.quantile(LAWS[law](generator, 200_000), 0.95)

    def losses(shape: tuple[int, int], larger: float) -> Array:
        errors = larger * LAWS[law](generator, shape[0] * shape[1])
        return np.minimum(errors / scale, 1.0).reshape(shape)

    before = losses((TRIALS, BEFORE), 1.0)
    mean, deviation = float(before.mean()), float(before.std())
    bets = ScoreBets(mean, deviation, 20_000)
    expected = expected_outcomes(bets, *enlarged_scores(mean, deviation, times, binary=False, at_bound=0.05), THRESHOLD)
    found = delays(bets, before, losses((TRIALS, int(2 * expected) // 5 * 5), times))
    assert 2 / 3 < expected / np.median(found) < 3 / 2


@pytest.mark.parametrize(("effect", "rows"), [(1.0, 10_000), (5.0, 100_000), (20.0, 20_000)])
def test_the_delay_of_a_shift_is_expected_within_a_half(effect: float, rows: int) -> None:
    """A numeric column in ten bins whose values move by half a standard deviation, up and down."""
    generator = np.random.default_rng(13)
    edges = np.quantile(generator.normal(size=100_000), np.linspace(0, 1, 11)[1:-1])
    counts = np.concatenate([[0], np.full(10, rows // 10), [0, 0, 0]])
    bets = make_bets([BetColumn(counts, numeric=True, design_effect=effect)])
    shares = counts / rows
    for shift in (0.5, -0.5):
        growth = shifted_shares(shares, shift) @ bets.log_e[0]
        expected = float(expected_observations(growth, bets.weights[0], THRESHOLD))
        values = generator.normal(shift, 1.0, size=(int(2 * expected) // 10, 10, TRIALS))
        log_e = bets.log_e[0][1 + np.searchsorted(edges, values)].sum(axis=1)
        log_m, _ = advance(np.zeros(log_e.shape[1:]), log_e, 0.0)
        crossed = log_mean(log_m, bets.weights[0]) >= THRESHOLD
        assert crossed.any(axis=0).all()
        assert 2 / 3 < expected / np.median(10.0 * (crossed.argmax(axis=0) + 1)) < 3 / 2


@given(st.floats(0.001, 0.999), st.floats(0.01, 1.0), st.floats(0.0, 0.2))
def test_a_law_has_the_mean_and_the_deviation_that_it_was_made_for(mean: float, part: float, at_bound: float) -> None:
    """As long as the losses are as large as before; never are they outside of their range."""
    at_bound = min(at_bound, mean / 2)
    rest = (mean - at_bound) / (1 - at_bound)
    deviation = part * 0.9 * math.sqrt(rest * (1 - rest) * (1 - at_bound))
    square = (1 - at_bound) * ((0.9 * part) ** 2 * rest * (1 - rest) + rest**2) + at_bound
    deviation = math.sqrt(square - mean**2)
    values, shares = enlarged_scores(mean, deviation, 1.0, binary=False, at_bound=at_bound)
    assert shares.sum() == pytest.approx(1.0)
    assert np.all((values >= 0) & (values <= 1))
    assert shares @ values == pytest.approx(mean, abs=0.01)
    assert math.sqrt(shares @ (values - mean) ** 2) == pytest.approx(deviation, abs=0.02)
    larger, same = enlarged_scores(mean, deviation, 2.0, binary=False, at_bound=at_bound)
    assert same @ larger >= shares @ values - 1e-12
    assert larger.max() <= 1


@given(st.floats(0, 1), st.floats(1, 4))
def test_a_binary_loss_is_that_many_times_as_frequent(mean: float, times: float) -> None:
    """But not more frequent than always."""
    values, shares = enlarged_scores(mean, 0.3, times, binary=True)
    assert shares @ values == pytest.approx(min(times * mean, 1.0))


@given(st.lists(st.integers(0, 50), min_size=2, max_size=8).filter(any), st.floats(-2, 2))
def test_a_shift_moves_shares_among_the_cells_with_rows(counts: list[int], shift: float) -> None:
    """Shares stay shares; a cell outside of all rows gets none; upwards there is more above each edge."""
    shares = np.array(counts) / sum(counts)
    moved = shifted_shares(shares, shift)
    assert moved.sum() == pytest.approx(1.0)
    assert moved.min() >= -1e-12
    occupied = np.flatnonzero(shares)
    assert not np.delete(moved, np.s_[occupied[0] : occupied[-1] + 1]).any()
    assert np.all((np.cumsum(moved) - np.cumsum(shares)) * np.sign(shift) <= 1e-9)


def test_what_never_grows_takes_for_ever() -> None:
    """A bet that loses, or that has no weight, is no bet; the soonest of the others decides."""
    growth = np.array([[-0.1, 0.0, 0.2], [0.1, 0.2, 0.4]])
    found = expected_observations(growth, [0.5, 0.5, 0.0], 10.0)
    assert found[0] == math.inf
    assert found[1] == pytest.approx((10 + math.log(2)) / 0.2)
    bets = ScoreBets(0.05, 0.2, 10_000, binary=True)
    assert expected_outcomes(bets, [0.0, 1.0], [0.95, 0.05], 16.0) == math.inf
