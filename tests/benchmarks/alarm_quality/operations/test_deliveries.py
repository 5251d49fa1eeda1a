from __future__ import annotations

import numpy as np
import pytest

from benchmarks.alarm_quality.laws import START
from benchmarks.alarm_quality.operations import deliveries
from benchmarks.alarm_quality.operations.stream import DAY, HOUR, Stream
from benchmarks.alarm_quality.operations.world import World


def _stream(days: float = 65.0) -> Stream:
    random = np.random.default_rng(1)
    stream = World().draw(random, 0.0, days, START)
    return stream.having(predicted=np.zeros(stream.size), label=(random.random(stream.size) < 0.2).astype(np.float64))


def test_each_record_comes_as_often_as_said() -> None:
    """Within ten seconds, in the order of time."""
    stream = _stream(3.0)
    found = deliveries.copied(5)(stream, np.random.default_rng(2))
    assert (np.bincount(found["source"].astype(int)) == 5).all()
    assert (np.diff(found["time"]) >= 0).all()
    original = stream["time"][found["source"].astype(int)]
    assert 0.0 <= (found["time"] - original).min() <= (found["time"] - original).max() <= 10.0


def test_a_storm_repeats_one_record_within_two_minutes() -> None:
    """One each full month; a wrong one where that is asked."""
    found = deliveries.storms(300, wrong=True)(_stream(), np.random.default_rng(3))
    copies = np.bincount(found["source"].astype(int))
    stormed = np.flatnonzero(copies > 1)
    assert copies[stormed].tolist() == [301, 301]
    for source in stormed.tolist():
        own = found["source"] == source
        assert np.ptp(found["time"][own]) <= 120.0
        assert (found["label"][own] == 1.0).all()


def test_garbage_comes_in_bursts() -> None:
    """Each is an event of its own."""
    found = deliveries.burst_of_garbage(500)(_stream(), np.random.default_rng(4))
    assert len(found.garbage) == 1_000
    for event in (0, 1):
        assert np.ptp(found.garbage[found.garbage_event == event]) <= 120.0


def test_the_customer_comes_one_hour_a_week() -> None:
    """In two fifths of its records his feature is missing, elsewhere as often as ever."""
    stream = deliveries.customer()(_stream(), np.random.default_rng(5))
    hour = np.floor((stream["time"] - START) / HOUR) % 168 == 2 * 24 + 14
    gone = np.isnan(stream.seen["xm"])
    assert gone[hour].mean() == pytest.approx(0.4 + 0.6 * 0.05, abs=0.08)
    assert gone[~hour].mean() == pytest.approx(0.05, abs=0.005)


def test_clocks_are_off_and_versions_take_turns() -> None:
    """The lines stay where they were."""
    stream = _stream(3.0)
    found = deliveries.clocks(-7.0, 0.0, 5.0)(stream, np.random.default_rng(6))
    assert {*np.round((found["time"] - stream["time"]) / 60.0).tolist()} == {-7.0, 0.0, 5.0}
    assert (found["time"] < START + 3 * DAY + HOUR).all()
    assert deliveries.versions_in_turns(0.1)(stream, np.random.default_rng(7))["version"].mean() == pytest.approx(
        0.1, abs=0.02
    )
