from __future__ import annotations

import math
from itertools import islice

import numpy as np
import pytest

from model_drift_exporter.commands.demo.generated import Orders, generated_scenario, order_rhythm, orders
from model_drift_exporter.commands.demo.requests import FloatArray, Requests

HOUR, DAY = 3600.0, 86_400.0
MONDAY = 1_772_409_600.0  # 2026-03-02T00:00:00Z


def a_day(seed: int = 0, per_hour: float = 400.0) -> Requests:
    return orders(np.random.default_rng(seed), MONDAY, MONDAY + DAY, per_hour, "o")


def correlation(first: FloatArray, second: FloatArray) -> float:
    return float(np.corrcoef(first, second)[0, 1])


def test_the_same_seed_gives_the_same_stream_and_another_another() -> None:
    """The demo and its tests are repeatable."""
    first, second, other = generated_scenario(5), generated_scenario(5), generated_scenario(6)
    for one, two in zip(islice(first.live(), 3), islice(second.live(), 3), strict=True):
        assert one.time.tolist() == two.time.tolist()
        assert one.numeric["distance"].tolist() == two.numeric["distance"].tolist()
    assert first.model.weights.tolist() == second.model.weights.tolist() != other.model.weights.tolist()


def test_orders_follow_the_day() -> None:
    """As many come as asked for on a day's average, far more at dinner than at night."""
    assert order_rhythm(np.arange(0, DAY, 60)).mean() == pytest.approx(1.0, abs=0.01)
    assert order_rhythm(np.arange(0, DAY, 60)).max() < 2.0
    day = a_day()
    assert len(day) == pytest.approx(9_600, rel=0.05)
    hours = np.bincount(((day.time - MONDAY) // HOUR).astype(int), minlength=24)
    assert hours[19] > 3 * hours[3]
    assert (np.diff(day.time) >= 0).all()


def test_no_input_follows_the_hour() -> None:
    """A week is a reference for any hour of it: a quiet night gives no ticket, and neither does a quiet dinner."""
    day = a_day(per_hour=4_000.0)
    hour = (day.time - MONDAY) // HOUR
    night, dinner = day.take(hour < 6), day.take((hour >= 18) & (hour < 21))
    for name in day.numeric:
        one, two = night.numeric[name], dinner.numeric[name]
        one, two = one[np.isfinite(one)], two[np.isfinite(two)]
        noise = math.sqrt(one.var() / len(one) + two.var() / len(two))
        assert abs(one.mean() - two.mean()) < 4 * noise, name


def test_inputs_hang_together_and_the_outcome_on_them() -> None:
    """Eight numbers and three categories, correlated as in life: no table of independent noise."""
    day = a_day()
    assert (len(day.numeric), len(day.categorical)) == (8, 3)
    assert correlation(day.numeric["distance"], day.numeric["promised_minutes"]) > 0.5
    assert correlation(day.numeric["items"], day.numeric["basket_value"]) > 0.5
    car = day.categorical["vehicle"] == "car"
    assert day.numeric["distance"][car].mean() > day.numeric["distance"][~car].mean() + 0.5
    late = day.positive
    assert 0.1 < late.mean() < 0.3
    assert day.numeric["kitchen_queue"][late].mean() > day.numeric["kitchen_queue"][~late].mean()


def test_the_model_tells_late_meals_from_others() -> None:
    """A late meal's score is the higher one in clearly more than half of all pairs."""
    scenario = generated_scenario()
    score, late = scenario.model.score(scenario.reference), scenario.reference.positive
    ranks = np.argsort(np.argsort(score))
    pairs = int(late.sum()) * int((~late).sum())
    assert (ranks[late].sum() - late.sum() * (late.sum() - 1) / 2) / pairs > 0.7


def test_outcomes_come_after_their_orders() -> None:
    """A label is later than its prediction, by minutes to hours."""
    delay = a_day().outcome_time - a_day().time
    assert delay.min() >= 480
    assert delay.max() < 4 * HOUR


def test_live_orders_go_on_without_gap_or_repeated_identifier() -> None:
    """Blocks follow each other in time from the scenario's start on."""
    scenario = generated_scenario()
    blocks = list(islice(scenario.live(), 8))
    times = np.concatenate([block.time for block in blocks])
    identifiers = [name for block in blocks for name in block.ids.tolist()]
    assert times[0] >= scenario.start
    assert (np.diff(times) >= 0).all()
    assert times[-1] - times[0] > 1.9 * HOUR
    assert len(set(identifiers)) == len(identifiers)


def test_orders_until_now_begin_where_the_last_ended() -> None:
    """Asked again and again, orders are given once; a clock that stands still or goes back gives none."""
    incoming = Orders(np.random.default_rng(1), 3600.0, MONDAY)
    first, second = incoming.until(MONDAY + 600), incoming.until(MONDAY + 1200)
    assert first.time.max() <= MONDAY + 600 <= second.time.min()
    assert not len(incoming.until(MONDAY + 1200))
    assert not len(incoming.until(MONDAY))
    assert incoming.since == MONDAY + 1200
