from __future__ import annotations

import numpy as np
import numpy.typing as npt
import pytest
from hypothesis import given
from hypothesis import strategies as st

from model_drift_exporter.evidence.block_clock import BlockClock, Stretch

_HOUR, _DAY = 3_600.0, 86_400.0
_START = 1_760_054_400.0
"""Midnight."""

Ends = list[tuple[int, bool, int]]


def _ends(times: npt.NDArray[np.float64], cuts: list[int], *, restart: bool = False) -> Ends:
    """All ends of blocks: behind which update, whether there is a look, how many days end. Cut into several calls."""
    found, clock, first = [], BlockClock(), 0
    for last in [*sorted(cuts), len(times)]:
        if restart:
            state, clock = clock.snapshot(), BlockClock()
            clock.restore(state)
        for stretch in clock.stretches(times[first:last]):
            place = first + stretch.start
            found += [(place + hour, False, 0) for hour in stretch.hours[: -1 if stretch.look else None]]
            found += [(first + stretch.stop - 1, True, stretch.days)] * stretch.look
        first = last
    return found


def _every(seconds: float, updates: int) -> npt.NDArray[np.float64]:
    times: npt.NDArray[np.float64] = _START + np.float64(seconds) * np.arange(1.0, updates + 1.0)
    return times


def test_a_quick_stream_is_looked_at_every_hour() -> None:
    """Behind the first update of the next hour, which belongs to the old one."""
    found = _ends(_every(60.0, 24 * 60), [])
    assert found == [(60 * hour - 1, True, hour == 24) for hour in range(1, 25)]


def test_a_slow_stream_is_looked_at_every_day() -> None:
    """Blocks within a day have four updates at least."""
    found = _ends(_every(72 * 60.0, 60), [])
    assert found == [
        *((place, False, 0) for place in (3, 7, 11, 15)),
        (19, True, 1),
        *((place, False, 0) for place in (23, 27, 31, 35)),
        (39, True, 1),
        *((place, False, 0) for place in (43, 47, 51, 55)),
        (59, True, 1),
    ]


def test_where_days_hold_less_than_two_updates_a_block_takes_several() -> None:
    """One update in three days: a block of two has six days, the first of all those since its first update."""
    assert _ends(_every(3 * _DAY, 5), []) == [(1, True, 3), (3, True, 6)]


def test_a_clock_that_goes_back_ends_nothing() -> None:
    """Until it has come up again."""
    times = np.concatenate([_every(_HOUR, 30), _every(_HOUR, 30), _every(_HOUR, 50)[30:]])
    ends = [place for place, *_ in _ends(times, [])]
    assert [place for place in ends if 28 <= place < 60] == []
    assert 60 in ends


def test_nothing_comes_of_nothing() -> None:
    """No update, no stretch."""
    assert [*BlockClock().stretches(np.zeros(0))] == []
    assert [*BlockClock().stretches(_every(1.0, 3))] == [Stretch(0, 3, (), look=False, days=0)]


def test_a_snapshot_that_is_none_changes_nothing() -> None:
    """The clock goes on as it was."""
    clock = BlockClock()
    for _ in clock.stretches(_every(_HOUR, 5)):
        pass
    before = clock.snapshot()
    with pytest.raises((KeyError, TypeError, ValueError)):
        clock.restore({"hour": 1, "begun": 2, "updates": [1, 2]})
    assert clock.snapshot() == before


@given(
    gaps=st.lists(st.sampled_from([0.0, 20.0, 600.0, _HOUR, 5 * _HOUR, _DAY, -_HOUR]), min_size=1, max_size=120),
    cuts=st.lists(st.integers(0, 120), max_size=6),
    restart=st.booleans(),
)
def test_ends_do_not_depend_on_how_updates_come(gaps: list[float], cuts: list[int], restart: bool) -> None:
    """Nor on a restart between them."""
    times = _START + np.cumsum(np.array(gaps, dtype=np.float64))
    assert _ends(times, [min(cut, len(times)) for cut in cuts], restart=restart) == _ends(times, [])
