"""A small stream without data of anybody: meals brought to the door, and a model that says which come late."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime

import attrs
import numpy as np

from .incident import KILOMETRES_PER_MILE, Incident
from .logistic import LogisticModel
from .requests import FloatArray, Requests
from .scenario import Scenario

__all__ = ["generated_scenario", "order_rhythm", "orders"]

_HOUR, _DAY = 3_600.0, 86_400.0
_START = datetime(2026, 3, 2, 17, tzinfo=UTC).timestamp()
_ORDERS_PER_HOUR = 600.0
_SPEED = 1_200.0
_FIT_ROWS, _REFERENCE_ROWS = 12_000, 10_000
_RADIUS_MILES = 5.0

_ZONES = (("centre", 0.34), ("north", 0.22), ("harbour", 0.18), ("west", 0.16), ("hills", 0.10))
_KITCHENS = (
    ("pizza", 0.28, 9.0),
    ("burgers", 0.22, 8.0),
    ("thai", 0.15, 13.0),
    ("sushi", 0.13, 16.0),
    ("indian", 0.12, 15.0),
    ("salads", 0.10, 6.0),
)  # share of the orders, mean minutes of preparation
_VEHICLES = ("bicycle", "scooter", "car")


def order_rhythm(time: FloatArray) -> FloatArray:
    """Orders at a time of day (UTC) relative to the day's mean: a lunch, a long dinner, few at night."""
    hour = time / _HOUR % 24

    def around(peak: float, width: float) -> FloatArray:
        away = np.abs(hour - peak)
        bell: FloatArray = np.exp(-0.5 * (np.minimum(away, 24 - away) / width) ** 2)
        return bell

    rhythm: FloatArray = 0.45 + 1.0 * around(12.5, 1.5) + 1.35 * around(19.0, 2.2)
    return rhythm / 0.917  # 0.45 + sqrt(2π) (1.0 · 1.5 + 1.35 · 2.2) / 24: its mean over a day


def orders(random: np.random.Generator, start: float, end: float, per_hour: float, prefix: str) -> Requests:
    """Orders placed between two times (seconds since the epoch), ``per_hour`` of them on a day's average."""
    highest, end = 2.0, max(start, end)
    count = random.poisson(per_hour * highest * (end - start) / _HOUR)
    candidates = np.sort(random.uniform(start, end, count))
    time = candidates[random.uniform(size=count) * highest < order_rhythm(candidates)]
    size = len(time)
    kitchen = random.choice(len(_KITCHENS), size, p=[share for _, share, _ in _KITCHENS])
    distance = 0.2 + (_RADIUS_MILES - 0.2) * random.beta(1.8, 2.4, size)
    by_car = 1 / (1 + np.exp(-(distance - 3.8)))
    by_bicycle = 0.75 / (1 + np.exp(1.2 * (distance - 2.2)))
    draw = random.uniform(size=size)
    vehicle = np.where(draw < by_bicycle, 0, np.where(draw < by_bicycle + (1 - by_bicycle) * by_car, 2, 1))
    items = 1.0 + random.poisson(1.9, size).astype(np.float64)
    basket = items * random.lognormal(2.2, 0.35, size)
    kitchen_minutes = np.array([minutes for _, _, minutes in _KITCHENS])[kitchen]
    preparation = kitchen_minutes * random.gamma(12, 1 / 12, size) + 0.8 * items
    # Kitchens have as many cooks as the hour needs: no input follows the hour, so a week is a reference for any hour of it.
    queue = random.negative_binomial(3, 3 / (3 + 4.0), size).astype(np.float64)
    courier_orders = 1.0 + random.binomial(3, np.where(vehicle == 2, 0.35, 0.2)).astype(np.float64)
    courier_days = random.exponential(240.0, size).round()
    promised = 5 * np.ceil((14 + 4.2 * distance + 0.75 * preparation + random.normal(0, 3, size)) / 5)
    risk = (
        -1.7
        + 0.55 * (distance - 2.2)
        + 0.11 * (preparation - 13)
        + 0.16 * (queue - 4)
        + 0.55 * (courier_orders - 1.6)
        - 0.035 * (promised - 33)
        - 0.0012 * (courier_days - 240)
        + np.array([0.0, -0.35, 0.2])[vehicle]
    )
    late = random.uniform(size=size) < 1 / (1 + np.exp(-risk))
    arrival = promised + np.where(late, random.exponential(11, size) + 1, -random.uniform(0, 12, size))
    return Requests(
        ids=np.array([f"{prefix}{number:06d}" for number in range(size)], dtype=np.str_),
        time=time,
        numeric={
            "distance": distance.round(2),
            "preparation_minutes": preparation.round(1),
            "promised_minutes": promised,
            "items": items,
            "basket_value": basket.round(2),
            "kitchen_queue": queue,
            "courier_orders": courier_orders,
            "courier_days": np.where(random.uniform(size=size) < 0.02, np.nan, courier_days),
        },
        categorical={
            "vehicle": np.array(_VEHICLES)[vehicle],
            "kitchen": np.array([name for name, _, _ in _KITCHENS])[kitchen],
            "zone": np.array([name for name, _ in _ZONES])[
                random.choice(len(_ZONES), size, p=[share for _, share in _ZONES])
            ],
        },
        positive=late,
        outcome_time=time + 60 * np.maximum(arrival, 8.0),
    )


def generated_scenario(seed: int = 1) -> Scenario:
    """Orders of one city from a Monday's dinner on; the same for the same ``seed``."""
    history = _some_orders(np.random.default_rng([seed, 0]), _FIT_ROWS, _START - 28 * _DAY, "f")
    reference = _some_orders(np.random.default_rng([seed, 1]), _REFERENCE_ROWS, _START - 14 * _DAY, "r")
    return Scenario(
        name="late-meals",
        version="2026.03",
        positive="late",
        negative="in_time",
        threshold=0.3,
        model=LogisticModel.fit(history),
        reference=reference,
        live=lambda: _live(seed),
        start=_START,
        speed=_SPEED,
        windows=("1000", "1h", "24h"),
        lasts=np.inf,
        incident=Incident("distance", KILOMETRES_PER_MILE, "vehicle", "bicycle", "bike"),
        introduction=(
            "A model says, when a meal is ordered, whether it will be brought late.",
            "The orders are generated; a week of them, on which the model was accepted, is its reference.",
        ),
    )


def _some_orders(random: np.random.Generator, size: int, start: float, prefix: str) -> Requests:
    """A number of orders spread over a week, so that each hour of the day has its share."""
    found = orders(random, start, start + 7 * _DAY, size / (7 * 24) * 1.1, prefix)
    kept = np.zeros(len(found), dtype=np.bool_)
    kept[np.sort(random.permutation(len(found))[:size])] = True
    return found.take(kept)


def _live(seed: int) -> Iterator[Requests]:
    random = np.random.default_rng([seed, 2])
    block = 0
    while True:
        begin = _START + block * _HOUR / 4
        yield orders(random, begin, begin + _HOUR / 4, _ORDERS_PER_HOUR, f"o{block:05d}-")
        block += 1


@attrs.define(eq=False)
class Orders:
    """Orders as they come in, for a writer that asks again and again what has come since."""

    random: np.random.Generator
    per_hour: float
    since: float
    calls: int = 0

    def until(self, now: float) -> Requests:
        """Orders placed since the last call."""
        self.calls += 1
        found = orders(self.random, self.since, now, self.per_hour, f"{int(self.since):x}-{self.calls:x}-")
        self.since = max(now, self.since)
        return found
