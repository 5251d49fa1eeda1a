from __future__ import annotations

from datetime import UTC, datetime
from zoneinfo import ZoneInfo

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from model_drift_exporter.reference.seasons import slots_of
from model_drift_exporter.reference.time_zones import clock_changes, is_time_zone, parse_time_zone, utc_offsets
from model_drift_exporter.settings.values import SettingError

ZONES = (
    *("UTC", "Europe/Berlin", "Europe/London", "America/New_York", "America/St_Johns", "America/Santiago"),
    *("Australia/Lord_Howe", "Pacific/Auckland", "Pacific/Apia", "Asia/Kolkata", "Asia/Gaza", "Africa/Casablanca"),
    *("America/Boa_Vista", "America/Asuncion", "Antarctica/Troll"),
)
_FIRST, _LAST = datetime(1970, 1, 1, tzinfo=UTC).timestamp(), datetime(2100, 12, 31, tzinfo=UTC).timestamp()


def _check(times: list[float], zone: str) -> None:
    moments = [datetime.fromtimestamp(time, ZoneInfo(zone)) for time in times]
    assert slots_of(times, 24, zone).tolist() == [moment.hour for moment in moments]
    assert slots_of(times, 168, zone).tolist() == [24 * moment.weekday() + moment.hour for moment in moments]
    offsets = [offset.total_seconds() for moment in moments if (offset := moment.utcoffset()) is not None]
    assert utc_offsets(times, zone).tolist() == offsets


@given(st.lists(st.integers(int(_FIRST), int(_LAST)).map(float), min_size=1), st.sampled_from(ZONES))
def test_slots_are_hours_as_clocks_say(times: list[float], zone: str) -> None:
    """Those of the standard library, for any time from 1970 to 2100, also in zones that are half an hour off."""
    _check(times, zone)


@given(st.sampled_from(ZONES[1:]), st.data())
def test_clocks_change_at_the_second(zone: str, data: st.DataObject) -> None:
    """Just before, at, and just after each change."""
    changes = clock_changes(zone)[0].tolist()
    change = data.draw(st.sampled_from(changes))
    _check([time for time in (change - 1, change, change + 1, change + 3_599) if _FIRST <= time <= _LAST], zone)


def test_an_hour_that_comes_twice_is_one_slot_and_one_that_is_left_out_is_none() -> None:
    """Berlin in 2026: 29 March has no hour from 2 o'clock on, 25 October has two."""
    for first, hours in (
        ("2026-03-29T00:00+01:00", [0, 1, 3, 4]),
        ("2026-10-25T00:00+02:00", [0, 1, 2, 2, 3]),
    ):
        start = datetime.fromisoformat(first).timestamp()
        assert slots_of(start + 3_600.0 * np.arange(len(hours)), 24, "Europe/Berlin").tolist() == hours


def test_times_far_away_have_the_first_or_the_last_clocks_and_no_slot_is_wrong() -> None:
    """No time is out of range, and what is no time has no slot."""
    times = [-1e18, -1e11, 1e11, 1e18, np.nan, np.inf]
    found = slots_of(times, 24, "Europe/Berlin")
    assert ((found[:4] >= 0) & (found[:4] < 24)).all()
    assert found[4:].tolist() == [-1, -1]


@pytest.mark.parametrize(
    ("written", "meant"),
    [
        ("Europe/Berlni", "Europe/Berlin"),
        ("berlin", "Europe/Berlin"),
        ("New York", "America/New_York"),
        ("america/new_york", "America/New_York"),
    ],
)
def test_a_wrong_name_is_a_mistake_that_says_what_may_be_meant(written: str, meant: str) -> None:
    """By another case, by its place alone, or by a letter."""
    assert not is_time_zone(written)
    with pytest.raises(SettingError, match=f'did you mean "{meant}"'):
        parse_time_zone(written)


@pytest.mark.parametrize("written", ["", "Europe", "../etc/passwd", "/etc/passwd", "Nowhere", "+01:00", "x\0y"])
def test_what_is_no_name_is_a_mistake_that_says_what_to_write(written: str) -> None:
    """Folders and paths are none."""
    assert not is_time_zone(written)
    with pytest.raises(SettingError, match="Europe/Berlin"):
        parse_time_zone(written)
    with pytest.raises(ValueError, match="is not a time zone"):
        clock_changes(written)
