from __future__ import annotations

import math
from collections.abc import Callable, Sequence

import numpy as np
import pytest
from numpy.typing import NDArray

from model_drift_exporter.statistics.usual_silence import HOURS_A_WEEK, allowed_silence

_HOUR, _WEEKS = 3_600.0, 5
_HOURS = _WEEKS * HOURS_A_WEEK
_CHANCE = np.random.default_rng(7)


def _longest(times: Sequence[float] | NDArray[np.float64], hours: int = _HOURS) -> NDArray[np.float64]:
    """The longest silence that began in each hour, by the times of all events; what has not ended is not known."""
    found = np.full(hours, np.nan)
    events = np.sort(np.asarray(times))
    for begin, silence in zip(events[:-1], np.diff(events), strict=True):
        place = int(begin // _HOUR)
        if 0 <= place < hours:
            found[place] = np.fmax(found[place], silence)
    return found


def _allowed(times: NDArray[np.float64], hour: int, weeks: float = _WEEKS) -> float:
    """What is allowed from an hour on, by what has come before it. Hours count from the beginning of the last week."""
    last = (_WEEKS - 1) * HOURS_A_WEEK + hour
    longest = _longest(times)[: last + 1]
    longest[-1] = np.nan
    kept = np.concatenate([np.full(_HOURS - len(longest), np.nan), longest])
    kept[: _HOURS - int(weeks * HOURS_A_WEEK)] = np.nan
    return allowed_silence(kept, weeks) / _HOUR


def _days(at: float, jitter: float, every: Callable[[int], bool] = lambda _: True) -> NDArray[np.float64]:
    """A batch of a minute on some days, at an hour of the day that strays by ``jitter`` hours."""
    begins = [(24 * day + at + _CHANCE.uniform(0, jitter)) * _HOUR for day in range(7 * _WEEKS) if every(day)]
    return np.concatenate([begin + np.array([0.0, 30.0, 60.0]) for begin in begins])


def _poisson(a_day: float) -> NDArray[np.float64]:
    return np.sort(_CHANCE.uniform(0, _HOURS * _HOUR, round(a_day * 7 * _WEEKS)))


def test_a_daily_batch_may_come_an_hour_late() -> None:
    """Five minutes or an hour later is no silence; two hours are. A batch that strays by two hours may come later still."""
    assert 25.2 < _allowed(_days(2, 0.1), 26) < 26
    assert 26 < _allowed(_days(2, 2), 28) < 31


def test_a_batch_of_working_days_is_missed_on_a_working_day() -> None:
    """The weekend is no silence."""
    batch = _days(2, 0.1, lambda day: day % 7 < 5)
    assert 25.2 < _allowed(batch, 24 + 2) < 26
    assert 73 < _allowed(batch, 4 * 24 + 2) < 78


def test_an_office_is_missed_within_the_hour_by_day_and_not_over_the_weekend() -> None:
    """Tuesday noon is dense, Friday evening is followed by 63 hours."""
    times = _poisson(2_600)
    hours = times / _HOUR
    office = times[(hours % 24 >= 9) & (hours % 24 < 18) & (hours // 24 % 7 < 5)]
    assert _allowed(office, 24 + 12) < 1
    assert 15 < _allowed(office, 24 + 17) < 66
    assert _allowed(office, 4 * 24 + 17) > 63


@pytest.mark.parametrize(("a_day", "least", "most"), [(5, 30, 90), (50, 3, 10), (1_000, 0.2, 1), (10_000, 0.16, 0.3)])
def test_what_comes_by_chance_has_a_tail(a_day: float, least: float, most: float) -> None:
    """Ten mean silences and more, hours where there are few, and ten minutes at least."""
    assert least < _allowed(_poisson(a_day), 60) < most


def test_one_outage_is_no_habit() -> None:
    """Eight hours without any record last week change little once four weeks are known."""
    times = _poisson(1_000)
    begin = (_HOURS - HOURS_A_WEEK - 100) * _HOUR
    broken = times[(times < begin) | (times > begin + 8 * _HOUR)]
    for hour in (60, HOURS_A_WEEK - 100):
        assert _allowed(broken, hour) < 1


def test_a_lasting_change_is_a_habit_after_some_weeks() -> None:
    """From an event a minute to one every three hours, two weeks ago."""
    times = _poisson(1_440)
    sparse = np.arange(3 * HOURS_A_WEEK * _HOUR, _HOURS * _HOUR, 3 * _HOUR)
    assert _allowed(np.concatenate([times[times < sparse[0]], sparse]), 100) > 3.5


def test_nothing_known_is_nothing_said() -> None:
    """No hours, or none with an event."""
    assert math.isnan(allowed_silence(np.full(_HOURS, np.nan), 3.0))


def test_no_more_than_a_false_alarm_a_year_in_years_of_random_traffic() -> None:
    """Every silence of a trickle of five a day is judged by the five weeks before it."""
    times = np.sort(_CHANCE.uniform(0, 400 * 24 * _HOUR, 2_000))
    longest = _longest(times, 400 * 24)
    false = 0
    for begin, silence in zip(times[:-1], np.diff(times), strict=True):
        hour = int(begin // _HOUR)
        if hour >= _HOURS and silence > 24 * _HOUR:
            kept = longest[hour - _HOURS + 1 : hour + 1].copy()
            kept[-1] = np.nan
            false += silence > allowed_silence(kept, _WEEKS)
    assert false <= 1
