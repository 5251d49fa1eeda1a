from __future__ import annotations

import math

import pytest

from benchmarks.alarm_quality import delays
from benchmarks.alarm_quality.laws import normal


def test_a_large_shift_is_found_soon_in_whole_looks() -> None:
    """A shift by one standard deviation needs some looks of 20 records, not hundreds."""
    found = delays.feature_delays(1, "+1 sd", features=4, most=600)
    assert all(20 <= delay <= 400 and delay % 20 == 0 for delay in found)


def test_without_a_change_nothing_is_found(monkeypatch: pytest.MonkeyPatch) -> None:
    """Clean records do not count as found, to the end."""
    monkeypatch.setitem(delays.CHANGES, "none", normal())
    assert delays.feature_delays(1, "none", features=3, most=600) == [math.inf] * 3


def test_a_doubled_error_is_found_and_the_same_error_is_not(monkeypatch: pytest.MonkeyPatch) -> None:
    """Delays count from the change, in whole looks of 10 labels; a larger budget takes longer."""
    short = delays.error_delays(1, 3, page_budget=100.0)
    long = delays.error_delays(1, 3, page_budget=1e8)
    assert all(0 < early < late < 3_000 for early, late in zip(short, long, strict=True))
    assert {delay % 10 for delay in long} == {0.0}
    monkeypatch.setattr(delays, "ERROR", 0.0)
    assert delays.error_delays(1, 1, page_budget=100.0) == [math.inf]
