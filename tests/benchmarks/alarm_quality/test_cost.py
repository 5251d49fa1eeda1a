from __future__ import annotations

from benchmarks.alarm_quality.cost import cost_of_updates


def test_updates_are_timed_one_by_one() -> None:
    """There is a time for each update, and a state that holds something."""
    found = cost_of_updates(4, 3)
    assert len(found["seconds"]) == 3
    assert all(seconds >= 0 for seconds in found["seconds"])
    assert found["bytes"] > 500
