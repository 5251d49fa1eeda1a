"""A made-up binary classifier and the world that asks it: times, features, mistakes, and how they vary where nothing is wrong."""

from __future__ import annotations

import math
from collections.abc import Callable

import attrs
import numpy as np
from numpy.typing import NDArray

from .stream import DAY, Stream

__all__ = ["PLANS", "REGIONS", "Classifier", "World", "daily_levels", "wandering"]

Array = NDArray[np.float64]
Random = np.random.Generator
Intensity = Callable[[Array], Array]

PLANS = ("free", "basic", "pro", "team")
REGIONS = tuple(f"r{number:02d}" for number in range(10))
_PLAN_SHARES = (0.5, 0.25, 0.15, 0.1)
_REGION_SHARES = (0.2, 0.15, 0.13, 0.12, 0.1, 0.1, 0.08, 0.06, 0.04, 0.02)
_NUMBERS = {
    "x1": (0.0, 1.0, 2.1),
    "dist": (10.0, 4.0, 1.5),
    "age": (40.0, 12.0, 1.0),
    "temp": (15.0, 6.0, 0.8),
    "xm": (0.0, 1.0, 0.6),
}
"""Centre and scale of each number, and by how much a scale of it moves the model's logit."""
_EFFECTS = {"plan": np.array([-0.4, 0.0, 0.5, 0.9]), "region": np.linspace(-0.5, 0.5, len(REGIONS))}
_GRID = 300.0  # seconds
_EVENNESS = 0.03
"""The share of outcomes that are the opposite of what the features make likely, where nothing else is said."""

TEXTS = {"plan": (*PLANS, "Free", "student"), "region": (*REGIONS, "unknown")}
"""All that a log may hold; where nothing has changed the last ones do not come."""


def wandering(random: Random, days: int, memory: float, sd: float) -> Array:
    """[day]: a level that is forgotten within ``memory`` days (AR(1)), with standard deviation ``sd``."""
    keep = math.exp(-1.0 / memory)
    noise = random.standard_normal(days) * sd * math.sqrt(1.0 - keep * keep)
    level = np.empty(days)
    value = random.standard_normal() * sd
    for day, step in enumerate(noise.tolist()):
        value = keep * value + step
        level[day] = value
    return level


def daily_levels(random: Random, days: int, sd: float) -> Array:
    """[day]: levels that have nothing to do with one another."""
    return random.standard_normal(days) * sd


@attrs.frozen
class World:
    """How records come. ``rate`` is in records a day; levels and amplitudes are in standard deviations of a feature.

    ``busy`` is how many times the mean the traffic has at noon on top; ``growth`` a month. ``day_sd`` is how much days differ,
    ``season`` the amplitude of a day's and of a week's season. ``night_errors`` is by how many times more errors are made from 0
    to 6 o'clock; ``error_sd`` by how much days differ in the share of errors, ``error_memory`` how many days such a mood lasts
    (0: a day). ``session`` is the number of records in a row that share most of their features, ``together`` of those that share
    features and outcome. ``utc_offset`` is added to the hours by which seasons go, from ``offset_from`` days on.
    """

    rate: float = 1_000.0
    busy: float = 0.0
    growth: float = 0.0
    season: float = 0.0
    day_sd: float = 0.0
    night_errors: float = 1.0
    error_sd: float = 0.0
    error_memory: float = 0.0
    noise: float = _EVENNESS
    session: int = 1
    together: int = 1
    holidays: tuple[int, ...] = ()
    utc_offset: float = 0.0
    offset_from: float = math.inf
    nightly_batch: bool = False
    missing_at_night: float = 0.0

    def _local(self, day: Array) -> Array:
        local: Array = np.where(day >= self.offset_from, day + self.utc_offset / 24.0, day)
        return local

    def times(self, random: Random, first: float, last: float) -> Array:
        """Days, ascending."""
        if self.nightly_batch:
            starts = np.arange(math.floor(first), math.floor(last)) + 2.0 / 24.0
            each = round(self.rate)
            # A batch scores 50 records a second.
            nightly: Array = (starts[:, None] + np.arange(each) / 50.0 / DAY).ravel()
            return nightly
        step = min(_GRID / DAY, (last - first) / 1_000.0)
        grid = np.arange(first, last, step)
        local = self._local(grid + step / 2)
        intensity = 1.0 + self.busy * (
            -0.7 * np.cos(2 * math.pi * local) + 0.3 * np.where(np.floor(local) % 7 < 5, 0.4, -1.0)
        )
        intensity *= np.exp(self.growth * np.maximum(grid, 0.0) / 30.0)
        if self.holidays:
            intensity[np.isin(np.floor(local), self.holidays)] *= 0.3
        cumulated = np.concatenate([[0.0], np.cumsum(intensity)]) * step * self.rate
        events = round(cumulated[-1] / self.together / self.session)
        drawn = np.sort(random.uniform(0.0, cumulated[-1], events))
        edges = np.append(grid, grid[-1] + step)
        day: Array = np.interp(drawn, cumulated, edges)
        row = self.together * self.session
        if row > 1:
            # Records in a row come two seconds apart.
            day = np.sort((day[:, None] + np.arange(row) * 2.0 / DAY).ravel())
        return day

    def draw(self, random: Random, first: float, last: float, start: float) -> Stream:
        """The records from one day to another, counted from ``start`` (seconds); features as they are, no outcome yet."""
        day = self.times(random, first, last)
        size = len(day)
        local = self._local(day)
        origin = math.floor(first) - 1
        days = math.ceil(last) - origin + 1
        which = np.floor(local).astype(np.int64) - origin
        level = {name: daily_levels(random, days, self.day_sd)[which] for name in ("x1", "dist", "temp")}
        seasonal = self.season * (np.sin(2 * math.pi * local) + 0.7 * np.sin(2 * math.pi * local / 7.0))
        if self.holidays:
            seasonal = np.where(np.isin(np.floor(local), self.holidays), seasonal - 0.5, seasonal)
        normal = {name: self._normals(random, size) for name in ("x1", "dist", "age", "temp", "xm")}
        x1 = normal["x1"] + level["x1"] + seasonal
        dist = np.maximum(0.1, 10.0 + 4.0 * (normal["dist"] + level["dist"] + 0.5 * seasonal))
        temp = 15.0 + 6.0 * (normal["temp"] + level["temp"] + seasonal)
        absent = random.random(size) < 0.05
        night = (local % 1.0 < 6 / 24) | (local % 1.0 >= 22 / 24)
        if self.missing_at_night:
            absent |= night & (random.random(size) < self.missing_at_night)
        seen = {
            "x1": x1,
            "dist": dist,
            "age": np.clip(np.round(40.0 + 12.0 * normal["age"]), 18, 95),
            "temp": temp,
            "cnt": random.poisson(2.0, size).astype(np.float64),
            "xm": np.where(absent, np.nan, normal["xm"]),
            "plan": random.choice(len(PLANS), size, p=_PLAN_SHARES).astype(np.float64),
            "region": random.choice(len(REGIONS), size, p=_REGION_SHARES).astype(np.float64),
        }
        mood = (
            wandering(random, days, self.error_memory, self.error_sd)
            if self.error_memory
            else daily_levels(random, days, self.error_sd)
        )
        columns = {
            "time": start + day * DAY,
            "mood": mood[which],
            "night": (local % 1.0 < 6 / 24).astype(np.float64),
            "state": self._state(local, which),
            "source": np.arange(size, dtype=np.float64),
        }
        stream = Stream(seen, columns, dict(TEXTS))
        if self.together > 1:
            same = np.arange(size) // self.together * self.together
            times = stream["time"]
            stream = stream.take(same).having(time=times, source=np.arange(size, dtype=np.float64))
        return stream

    def _state(self, local: Array, day: NDArray[np.int64]) -> Array:
        """A number for all records whose features have one law."""
        if self.day_sd or self.holidays:
            return day.astype(np.float64)
        if self.season or self.missing_at_night:
            hour: Array = np.floor(local * 24.0) % 168.0
            return hour
        return np.zeros(len(local))

    def _normals(self, random: Random, size: int) -> Array:
        if self.session == 1:
            return random.standard_normal(size)
        common = np.repeat(random.standard_normal(-(-size // self.session)), self.session)[:size]
        return math.sqrt(0.5) * common + math.sqrt(0.5) * random.standard_normal(size)

    def flips(self, stream: Stream) -> Array:
        """The chance that an outcome is the opposite of what the features make likely, [record]."""
        flips = np.full(stream.size, self.noise)
        if self.error_sd:
            # A rise by d of the share of errors is flips of d / (1 - 2 error).
            flips = flips + (0.08 - self.noise) + stream["mood"] / (1.0 - 2 * 0.15)
        if self.night_errors > 1.0:
            flips = np.where(stream["night"] > 0, flips + 0.15 * (self.night_errors - 1.0) / 0.7, flips)
        clipped: Array = np.clip(flips, 0.0, 0.5)
        return clipped


def logit(seen: dict[str, Array], size: int) -> Array:
    """What the model makes of the features, [record]; a value that is missing, or unknown, is an average one."""
    total = np.zeros(size)
    for name, (centre, scale, effect) in _NUMBERS.items():
        if name in seen:
            total += effect * np.nan_to_num((seen[name] - centre) / scale)
    for name, effects in _EFFECTS.items():
        if name in seen:
            code = seen[name]
            known = code < len(effects)  # false where it is missing
            total += np.where(known, effects[np.where(known, code, 0.0).astype(np.int64)], 0.0)
    return total


def probability(logits: Array) -> Array:
    """Of the positive class."""
    found: Array = 1.0 / (1.0 + np.exp(-np.clip(logits, -40.0, 40.0)))
    return found


@attrs.frozen
class Classifier:
    """``scale`` and ``intercept`` turn what features say into a logit."""

    scale: float = 1.36  # with the usual noise 15 % of the predictions are wrong
    intercept: float = 0.0

    def score(self, stream: Stream) -> Array:
        """The probability of the positive class, as the features that are seen make it."""
        return probability(self.scale * logit(stream.seen, stream.size) + self.intercept)
