from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from model_drift_exporter.statistics.betting.e_cusum import advance, log_mean

FINITE = st.floats(-50, 50)
UPDATES = st.lists(st.tuples(FINITE, st.sampled_from([0.0, -4.0, 1.5])), min_size=1, max_size=40)


@given(st.one_of(FINITE, st.just(-math.inf)), UPDATES)
def test_it_is_the_recursion(start: float, updates: list[tuple[float, float]]) -> None:
    """Each update multiplies the larger of M and w by e, and an excursion starts where M was not above w."""
    after, started = advance(np.array([start]), np.array([[e] for e, _ in updates]), [w for _, w in updates])
    log_m, since = start, -1
    for position, (e, w) in enumerate(updates):
        since = position if log_m <= w else since
        log_m = max(log_m, w) + e
        assert after[position, 0] == log_m
        assert started[position, 0] == since


@given(UPDATES, st.integers(0, 40), st.sampled_from([3, 30]), st.integers(0, 2**32 - 1))
def test_several_calls_are_one(updates: list[tuple[float, float]], cut: int, bets: int, seed: int) -> None:
    """However updates are cut into calls, evidence is the same bit for bit."""
    floors = np.array([w for _, w in updates])
    log_e = np.random.default_rng(seed).normal(scale=3.0, size=(len(updates), bets, 2))
    whole, started = advance(np.zeros((bets, 2)), log_e, floors)
    first, first_started = advance(np.zeros((bets, 2)), log_e[:cut], floors[:cut])
    middle = first[-1] if len(first) else np.zeros((bets, 2))
    last, last_started = advance(middle, log_e[cut:], floors[cut:])
    assert np.array_equal(whole, np.concatenate([first, last]))
    later = np.where(last_started >= 0, last_started + len(first), started[len(first) - 1] if len(first) else -1)
    assert np.array_equal(started, np.concatenate([first_started, later]))


@given(UPDATES, st.integers(0, 2**32 - 1))
def test_few_bets_are_advanced_as_many_are(updates: list[tuple[float, float]], seed: int) -> None:
    """Each bet has the evidence that it has among a hundred others, bit for bit, and the same beginning."""
    floors = np.array([w for _, w in updates])
    log_e = np.random.default_rng(seed).normal(scale=3.0, size=(len(updates), 100))
    many, started = advance(np.zeros(100), log_e, floors)
    for bet in (0, 57):
        few, few_started = advance(np.zeros(1), log_e[:, [bet]], floors)
        assert few[:, 0].tolist() == many[:, bet].tolist()
        assert few_started[:, 0].tolist() == started[:, bet].tolist()


def test_one_floor_serves_all_updates() -> None:
    """A single log w stands for each update."""
    after, _ = advance(np.zeros(1), np.full((3, 1), -1.0), 0.5)
    assert after[:, 0].tolist() == [-0.5, -0.5, -0.5]


def test_infinite_evidence_is_no_error() -> None:
    """Impossible and certain records leave numbers, evidence recovers from the former at the next update."""
    after, _ = advance(np.zeros(1), np.array([[-np.inf], [1.0], [np.inf], [-1.0]]), 0.0)
    assert after[0, 0] < -1e200
    assert after[1, 0] == 1.0
    assert after[3, 0] > 1e200


def test_no_update_gives_nothing() -> None:
    """Without an update there is nothing after it."""
    after, started = advance(np.zeros(4), np.zeros((0, 4)), 0.0)
    assert after.shape == started.shape == (0, 4)


@pytest.mark.parametrize("floor", [1.0, 7.0])
def test_a_false_alarm_takes_as_long_as_promised(floor: float) -> None:
    """With likelihood ratios of the null the mean time to M >= c is at least c units of the floor."""
    generator, threshold, streams = np.random.default_rng(5), 100.0 * floor, 400
    log_m, alarm = np.zeros(streams), np.full(streams, 2_000.0)
    for update in range(2_000):
        log_e = generator.normal(-0.125, 0.5, size=(1, streams))
        log_m = advance(log_m, log_e, math.log(floor))[0][0]
        alarm = np.where((log_m >= math.log(threshold)) & (alarm == 2_000.0), update + 1, alarm)
    assert alarm.mean() * floor >= threshold


@given(st.lists(st.tuples(st.floats(-20, 20), st.floats(0, 2)), min_size=1, max_size=12))
def test_the_mean_is_that_of_evidence_itself(bets: list[tuple[float, float]]) -> None:
    """Weighted M add up; without weight there is nothing."""
    log_m, weights = np.array(bets).T
    expected = float((np.exp(log_m) * weights).sum())
    assert np.exp(log_mean(log_m, weights)) == pytest.approx(expected, rel=1e-9)


def test_the_mean_holds_at_the_ends() -> None:
    """Huge, vanishing and infinite evidence has a mean; what has no weight does not spoil it."""
    log_m = np.array([[800.0, 800.0], [-900.0, -900.0], [-np.inf, -np.inf], [np.inf, 0.0], [0.0, np.inf]])
    mean = log_mean(log_m, [0.5, 0.5])
    assert mean[:2].tolist() == pytest.approx([800.0, -900.0])
    assert mean[2:].tolist() == [-np.inf, np.inf, np.inf]
    assert log_mean(log_m, [1.0, 0.0])[4] == 0.0
    assert log_mean(np.zeros((2, 0)), 1.0).tolist() == [-np.inf, -np.inf]
