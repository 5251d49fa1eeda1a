from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray

from model_drift_exporter.errors import StateError
from model_drift_exporter.windows.silences import Silences

_HOUR, _DAY = 3_600.0, 86_400.0
_MONDAY = 1_760_313_600.0


def _batches(days: float, at: float = 2 * _HOUR) -> NDArray[np.float64]:
    """The clock over a batch a day."""
    return np.concatenate([_MONDAY + day * _DAY + at + np.arange(10.0) for day in range(round(days))])


def _usual(now: NDArray[np.float64]) -> float:
    silences = Silences()
    silences.observe(now)
    return silences.usual


def test_a_batch_is_known_after_eight_days() -> None:
    """Before that nobody knows the weekend."""
    assert math.isnan(_usual(_batches(8)))
    assert 25 * _HOUR < _usual(_batches(9)) < 26 * _HOUR


def test_round_the_clock_is_known_after_a_day() -> None:
    """A record a minute, day and night; nights without records say nothing yet."""
    minutes = _MONDAY + np.arange(0, 30 * _HOUR, 60.0)
    assert math.isnan(_usual(minutes[:1_400]))
    assert 600 <= _usual(minutes) < 2_000
    by_day = minutes[(minutes % _DAY) < 12 * _HOUR]
    assert math.isnan(_usual(by_day))


@given(st.lists(st.integers(1, 400), max_size=6), st.booleans())
def test_parts_and_restarts_change_nothing(cuts: list[int], restarted: bool) -> None:
    """However records come in batches, and whenever somebody looks."""
    chance = np.random.default_rng(5)
    now = _MONDAY + np.cumsum(chance.exponential(3 * _HOUR, 400))
    whole, parts = Silences(), Silences()
    whole.observe(now)
    for part in np.split(now, sorted({*cuts, 1})):
        if len(part):
            parts.observe(part)
            _ = parts.usual
        if restarted:
            state, parts = parts.snapshot(), Silences()
            parts.restore(state)
    assert parts.usual == whole.usual


@pytest.mark.parametrize("jump", [-2 * _HOUR, 40 * _DAY])
def test_a_clock_that_was_wrong_begins_anew(jump: float) -> None:
    """Far back, or weeks ahead; what falls back by seconds goes on."""
    before = _batches(20)
    assert math.isnan(_usual(np.concatenate([before, before[-1:] + jump])))
    assert _usual(np.concatenate([before, before[-1:] - 9])) == _usual(before)


@pytest.mark.parametrize(
    "state", [{}, {"longest": [1.0], "first": 0.0, "last": 1.0}, {"longest": "x", "first": 0, "last": 0}]
)
def test_another_state_does_not_fit(state: dict[str, object]) -> None:
    """It says so."""
    with pytest.raises(StateError, match="silences in the snapshot"):
        Silences().restore(state)
