"""At which age a cohort has counted, and which labels are late for it."""

from __future__ import annotations

import numpy as np

from model_drift_exporter.labels.cohorts import Cohorts

HOUR, DAY = 3_600.0, 86_400.0


def _late(cohorts: Cohorts, time: float, label_time: float, maturity: float) -> bool:
    return bool(cohorts.late(np.array([time]), np.array([label_time]), maturity)[0])


def test_a_label_is_late_behind_the_maturity() -> None:
    """At it, it is not."""
    cohorts = Cohorts()
    cohorts.follow(HOUR)
    assert not _late(cohorts, 0.0, HOUR, HOUR)
    assert _late(cohorts, 0.0, HOUR + 1, HOUR)


def test_a_cohort_that_has_counted_is_not_opened_again() -> None:
    """Quick labels were counted at an hour; the slow ones of the same days are late although two days are right now."""
    cohorts = Cohorts()
    cohorts.follow(HOUR)
    cohorts.reached(10 * DAY)
    cohorts.follow(2 * DAY)
    cohorts.reached(12 * DAY)
    assert _late(cohorts, 9 * DAY, 10.5 * DAY, 2 * DAY)
    assert not _late(cohorts, 9 * DAY, 9 * DAY + HOUR, 2 * DAY)
    assert not _late(cohorts, 10 * DAY, 11.5 * DAY, 2 * DAY)
    cohorts.follow(3 * DAY)
    assert _late(cohorts, 9 * DAY, 10.5 * DAY, 3 * DAY)
    assert not _late(cohorts, 10 * DAY, 11.5 * DAY, 3 * DAY)
    assert _late(cohorts, 10 * DAY, 12.5 * DAY, 3 * DAY)
    assert not _late(cohorts, 11 * DAY, 13.5 * DAY, 3 * DAY)


def test_a_shorter_maturity_is_one_for_all_that_has_not_counted() -> None:
    """Nothing has to be remembered of the longer one."""
    cohorts = Cohorts()
    cohorts.follow(2 * DAY)
    cohorts.reached(10 * DAY)
    cohorts.follow(HOUR)
    assert _late(cohorts, 9 * DAY, 9.5 * DAY, HOUR)


def test_it_goes_on_from_a_snapshot_and_follows_a_clock_that_is_set_back() -> None:
    """Times of a clock that was wrong mean nothing."""
    cohorts, again = Cohorts(), Cohorts()
    cohorts.follow(HOUR)
    cohorts.reached(1_000 * DAY)
    cohorts.follow(2 * DAY)
    again.restore(cohorts.snapshot())
    assert _late(again, 900 * DAY, 901 * DAY, 2 * DAY)
    again.set_back(10 * DAY)
    assert not _late(again, 900 * DAY, 901 * DAY, 2 * DAY)
    assert _late(again, 9 * DAY, 10 * DAY, 2 * DAY)


def test_little_is_remembered() -> None:
    """A maturity that wanders for years does not grow the state."""
    cohorts = Cohorts()
    for step in range(500):
        cohorts.follow(HOUR + step)
        cohorts.reached(step * DAY)
    assert len(cohorts.snapshot()["steps"]) == 50
