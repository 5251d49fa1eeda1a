from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from model_drift_exporter.joining.identifier_index import ColumnType, IdentifierIndex
from model_drift_exporter.joining.key_sample import KeySample

_RANDOM = np.random.default_rng(5)


def _keys(count: int) -> np.ndarray[tuple[int], np.dtype[np.uint64]]:
    return _RANDOM.integers(0, 2**64, count, dtype=np.uint64)


def test_what_is_too_much_is_halved_by_key() -> None:
    """The ratio is a power of two, and exactly the keys below it stay."""
    sample, keys = KeySample(100.0), _keys(3_000)
    kept = np.ones(3_000, dtype=np.bool_)
    assert sample.due(3_000, 1_000)
    sample.sweep(keys, kept, 1_000)
    assert sample.ratio == 0.25
    assert kept.tolist() == sample.holds(keys).tolist() == (keys < np.uint64(2**62)).tolist()


def test_the_expired_make_room_without_a_sample() -> None:
    """Where few enough may stay, all of these do."""
    sample, kept = KeySample(100.0), np.arange(3_000) < 800
    sample.sweep(_keys(3_000), kept, 1_000)
    assert sample.ratio == 1.0
    assert kept.sum() == 800


def test_room_is_used_again() -> None:
    """Three quarters empty, the ratio doubles, up to everything; also where a sweep finds it out."""
    sample = KeySample(100.0)
    sample.sweep(_keys(8_000), np.ones(8_000, dtype=np.bool_), 1_000)
    assert sample.ratio == 0.0625
    sample.widen(250, 1_000)
    assert sample.ratio == 0.0625
    sample.widen(249, 1_000)
    assert sample.ratio == 0.125
    sample.sweep(_keys(900), np.arange(900) < 100, 1_000)
    assert sample.ratio == 0.25
    for _ in range(5):
        sample.widen(0, 1_000)
    assert sample.ratio == 1.0


def test_expiry_follows_a_time_that_was_seen_twice() -> None:
    """One look far ahead expires nothing, nor does a time that is not known."""
    sample = KeySample(100.0)
    for now, watermark in ((-np.inf, -np.inf), (500.0, -np.inf), (1e9, 400.0), (600.0, 500.0), (610.0, 500.0)):
        sample.follow(now)
        assert sample.watermark == watermark
    sample.set_back(550.0)
    assert sample.watermark == 450.0


def test_sweeps_come_in_parts_of_the_horizon() -> None:
    """A thirty-second of it must have passed, or the index be full."""
    sample = KeySample(320.0)
    for now in (1_000.0, 1_000.0):
        sample.follow(now)
    assert sample.due(1, 10)
    sample.sweep(_keys(1), np.ones(1, dtype=np.bool_), 10)
    for now, due in ((1_009.0, False), (1_009.0, False), (1_011.0, False), (1_011.0, True)):
        sample.follow(now)
        assert sample.due(1, 10) is due
    assert sample.due(10, 10)


@pytest.mark.parametrize("broken", ["halvings", "watermark", "looked", "swept"])
def test_a_snapshot_goes_on_or_is_refused(broken: str) -> None:
    """All of it survives; a part that is missing changes nothing."""
    sample, other = KeySample(10.0), KeySample(10.0)
    for now in (100.0, 110.0):
        sample.follow(now)
    sample.sweep(_keys(100), np.ones(100, dtype=np.bool_), 20)
    other.restore(sample.snapshot())
    assert other.snapshot() == sample.snapshot()
    assert (other.ratio, other.watermark) == (sample.ratio, 90.0)
    state = KeySample(10.0).snapshot()
    del state[broken]
    with pytest.raises(KeyError):
        other.restore(state)
    assert other.snapshot() == sample.snapshot()


class Pairs:
    """Two halves of each thing meet by key: what a room above builds of an index and a sample."""

    def __init__(self, capacity: int, horizon: float) -> None:
        self.index = IdentifierIndex(
            {
                "time": ColumnType(np.float64),
                "value": ColumnType(np.float64),
                "met": ColumnType(np.bool_, initial=False),
            },
            capacity,
        )
        self.sample = KeySample(horizon)
        self.capacity = capacity

    def meet(self, keys: np.ndarray, time: np.ndarray, value: np.ndarray) -> list[tuple[float, float]]:
        """Halves with their event time and value; returns the pairs of values that are whole now."""
        keys, time, value = (each[self.sample.holds(keys)] for each in (keys, time, value))
        rows, first = self.index.find_or_append(keys)
        columns = self.index.columns
        columns["time"][rows[first]], columns["value"][rows[first]] = time[first], value[first]
        pairs = [*zip(columns["value"][rows[~first]].tolist(), value[~first].tolist(), strict=True)]
        columns["met"][rows[~first]] = True
        return pairs

    def tend(self, now: float) -> int:
        """Drop what has met or expired; returns how many halves never met."""
        self.sample.follow(now)
        if not self.sample.due(self.index.size, self.capacity):
            return 0
        part = slice(self.index.size)
        met, expired = self.index.columns["met"][part], self.index.columns["time"][part] < self.sample.watermark
        lonely = int((expired & ~met).sum())
        kept = ~met & ~expired
        self.sample.sweep(self.index.columns["key"][part], kept, self.capacity)
        self.index.retain(kept)
        return lonely


@given(st.permutations(range(60)), st.integers(1, 20))
@settings(deadline=None, max_examples=40)
def test_halves_meet_whatever_comes_first(order: list[int], size: int) -> None:
    """Each of thirty things comes twice; all pairs are found, and what is alone is counted once it has expired."""
    pairs = Pairs(1_000, 50.0)
    found = []
    numbers = np.array(order)
    for start in range(0, 60, size):
        some = numbers[start : start + size]
        keys = (some // 2).astype(np.uint64) * np.uint64(0x9E3779B97F4A7C15)
        found += pairs.meet(keys, np.full(len(some), 10.0), some.astype(np.float64))
    assert sorted(tuple(sorted(pair)) for pair in found) == [(2.0 * each, 2.0 * each + 1) for each in range(30)]
    pairs.meet(_keys(7), np.full(7, 10.0), np.zeros(7))
    assert [pairs.tend(now) for now in (20.0, 70.0, 70.0)] == [0, 0, 7]
    assert pairs.index.size == 0
