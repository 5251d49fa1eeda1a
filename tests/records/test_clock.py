from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise

import numpy as np
import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from model_drift_exporter.errors import StateError
from model_drift_exporter.records import clock as clock_module
from model_drift_exporter.records.batches import RecordBatch
from model_drift_exporter.records.clock import EventClock, EventTimes
from tests.support.prediction_log import START as LOG_START

DAY = 86_400.0
START = 1_793_664_000.0


def follow(times: Sequence[float], cuts: Sequence[int] = ()) -> tuple[list[float], list[bool], float | None]:
    """``now`` after each record and whether its time was accepted, for records cut into batches."""
    clock = EventClock()
    running: list[float] = []
    accepted: list[bool] = []
    bounds = [0, *sorted(min(cut, len(times)) for cut in cuts), len(times)]
    for first, last in pairwise(bounds):
        now, believed = clock.advance(np.array(times[first:last], dtype=np.float64))
        assert len(now) == len(believed) == last - first
        running += now.tolist()
        accepted += believed.tolist()
    return running, accepted, clock.now


STEPS = st.one_of(
    st.floats(-3_600, 3_600),
    st.sampled_from([0.0, 1.0, DAY, -DAY, DAY + 1, 7 * DAY, -7 * DAY, 400 * DAY, -400 * DAY]),
    st.floats(-3 * DAY, 3 * DAY),
)
WALKS = st.lists(STEPS, max_size=60).map(lambda steps: (START + np.cumsum(steps)).tolist())
SPIKES = st.lists(
    st.one_of(
        st.floats(START, START + 7_200), st.floats(START, START + 7_200), st.floats(START - 9 * DAY, START + 9 * DAY)
    ),
    max_size=60,
)
TIMES = st.one_of(WALKS, SPIKES)


@given(TIMES, st.lists(st.integers(0, 60), max_size=6))
@example([START + 2 * DAY, *[START + number for number in range(30)]], [3, 14, 15, 16])
@example([START + number + (number > 20) * 3 * DAY for number in range(40)], [20, 24])
def test_the_clock_depends_on_the_order_of_records_only(times: list[float], cuts: list[int]) -> None:
    """However records come in batches, empty ones too, each sees the same clock and is judged the same."""
    one_by_one = follow(times, range(len(times)))
    assert follow(times, cuts) == one_by_one
    assert follow(times) == one_by_one


@given(TIMES)
def test_now_is_the_largest_accepted_time_and_hardly_ever_falls(times: list[float]) -> None:
    """Among few only the fifteenth record may take ``now`` back; otherwise it is the largest accepted time so far."""
    running, accepted, last = follow(times)
    assert last == (running[-1] if running else None)
    for index in range(len(times)):
        if index and index != 14:
            believed = times[index] if accepted[index] else -np.inf
            assert running[index] == max(running[index - 1], believed)
        assert running[index] in times[: index + 1]


@given(st.lists(st.floats(0, 0.9 * DAY), min_size=1, max_size=40), st.data())
def test_one_time_in_the_future_is_not_followed(offsets: list[float], data: st.DataObject) -> None:
    """Among records within a day, a single time days ahead is refused wherever it stands but first."""
    times = [START + offset for offset in offsets]
    place = data.draw(st.integers(1, len(times)))
    lead = data.draw(st.floats(21 * DAY, 10_000 * DAY))
    running, accepted, _ = follow([*times[:place], START + lead, *times[place:]])
    assert accepted == [*[True] * place, False, *[True] * (len(times) - place)]
    assert running[-1] == max(times)


def test_a_day_ahead_is_the_limit_in_dense_traffic() -> None:
    """A day after the predecessors' median is believed, a second more is not."""
    dense = [START + number for number in range(15)]
    median = dense[7]
    assert follow([*dense, median + DAY])[1][-1]
    assert not follow([*dense, median + DAY + 1])[1][-1]


@pytest.mark.parametrize("lead", [1.5 * DAY, 30 * DAY, 36_500 * DAY])
def test_a_wrong_first_time_is_taken_back(lead: float) -> None:
    """With nothing before it the first time must be believed; fifteen records prove it wrong, and nothing brings it back."""
    times = [START + lead, *[START + 60 * number for number in range(100)]]
    running, accepted, _ = follow(times)
    assert running[:14] == [START + lead] * 14
    assert running[14:] == times[14:]
    assert all(accepted)


def test_a_first_time_long_ago_costs_one_record() -> None:
    """A first record from 1970 makes the next one look wrong; the third is believed."""
    running, accepted, _ = follow([0.0, *[START + number for number in range(20)]])
    assert accepted == [True, False, *[True] * 19]
    assert running[2:] == [START + number for number in range(1, 20)]


@pytest.mark.parametrize("pause", [1.5 * DAY, 3 * DAY, 400 * DAY])
def test_a_long_pause_is_followed_after_eight_records(pause: float) -> None:
    """Eight of fifteen predecessors agree then; the clock stands still until it believes."""
    before = [START + 60 * number for number in range(50)]
    after = [START + pause + 60 * number for number in range(50)]
    running, accepted, _ = follow(before + after)
    assert accepted == [True] * 50 + [False] * 8 + [True] * 42
    assert running[50:58] == [before[-1]] * 8
    assert running[58:] == after[8:]


def test_a_pause_of_a_day_is_followed_at_once() -> None:
    """A night or a day without records is no reason for doubt."""
    before = [START + 60 * number for number in range(50)]
    assert all(follow([*before, before[-1] + DAY - 3_600])[1])


@pytest.mark.parametrize("step", [DAY, 1.5 * DAY, 7 * DAY, 30 * DAY])
def test_records_days_apart_are_followed(step: float) -> None:
    """Daily to monthly records move the clock; where they are more than a day apart the second alone is doubted."""
    times = [START + step * number for number in range(40)]
    running, accepted, _ = follow(times)
    assert accepted == [True, step <= DAY, *[True] * 38]
    assert running[2:] == times[2:]


@given(TIMES, st.lists(st.integers(0, 60), max_size=6))
def test_what_is_taken_back_does_not_depend_on_batches_either(times: list[float], cuts: list[int]) -> None:
    """With limits that short logs reach."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(clock_module, "_CONTRADICTING", 5)
        patch.setattr(clock_module, "_OUTWEIGHING", 1)
        assert follow(times, cuts) == follow(times, range(len(times)))


@pytest.mark.parametrize(("wrong", "until"), [(9, 200), (20, 200), (28, 200), (100, 920), (500, 4_920)])
def test_a_few_wrong_clocks_are_outvoted(wrong: int, until: int) -> None:
    """Ten records for each that was believed beyond the first eight, 200 at least, take a false lead back for good."""
    before = [START + number for number in range(100)]
    lead = [4_070_908_800.0 + number for number in range(wrong)]
    after = [START + 100 + number for number in range(10_000)]
    running, accepted, _ = follow([*before, *lead, *after])
    behind = len(before) + wrong + until
    assert running[behind - 2] == lead[-1]
    assert running[behind - 1 :] == after[until - 1 :]
    assert all(accepted[len(before) + wrong :])


def test_a_false_lead_falls_where_some_clocks_stay_wrong() -> None:
    """One record in twenty goes on saying 2099, and is not believed afterwards."""
    wrong = [4_070_908_800.0 + number for number in range(20)]
    times = [4_070_909_000.0 if number % 20 == 19 else START + number for number in range(2_000)]
    running, accepted, _ = follow([*[START - 60.0 + number for number in range(60)], *wrong, *times])
    assert running[80 + 1_000] < START + DAY
    assert accepted[-20:].count(False) == 1


def test_a_backlog_beside_a_live_log_takes_nothing_back() -> None:
    """Old records in turns with new ones, or a hundred thousand after a million new ones, leave the clock alone."""
    live = np.array([START + number for number in range(1_000)])
    clock = EventClock()
    now = float(clock.advance(live)[0][-1])
    for turn in range(1, 20):
        assert (clock.advance(live + 1_000 * turn - 30 * DAY)[0] == now).all()
        now = float(clock.advance(live + 1_000 * turn)[0][-1])
    clock = EventClock()
    now = float(clock.advance(START + np.arange(20_000) / 10)[0][-1])
    assert (clock.advance(START - 30 * DAY + np.arange(2_000.0))[0] == now).all()


def test_a_long_false_lead_survives_no_restart() -> None:
    """What supports it and what does not is in the snapshot."""
    first, second = EventClock(), EventClock()
    first.advance(np.array([START + number for number in range(100)]))
    first.advance(np.array([4_070_908_800.0 + number for number in range(20)]))
    first.advance(np.array([START + 100.0 + number for number in range(199)]))
    second.restore(first.snapshot())
    assert second.now is not None
    assert second.now > 4e9
    second.advance(np.array([START + 300.0]))
    assert second.now == START + 300


def test_no_records_leave_the_clock_alone() -> None:
    """Before the first record there is no time, and an empty batch changes none."""
    clock = EventClock()
    assert clock.advance(np.empty(0))[1].tolist() == []
    assert clock.now is None
    clock.advance(np.array([START]))
    clock.advance(np.empty(0))
    assert clock.now == START


@given(WALKS, st.integers(0, 60))
def test_the_clock_goes_on_from_its_snapshot(times: list[float], cut: int) -> None:
    """A new process judges the next times as the old one would have."""
    first, second = EventClock(), EventClock()
    first.advance(np.array(times[:cut]))
    second.restore(first.snapshot())
    whole, believed, now = follow(times)
    running, accepted = second.advance(np.array(times[cut:]))
    assert (running.tolist(), accepted.tolist(), second.now) == (whole[cut:], believed[cut:], now)


@pytest.mark.parametrize("state", [None, {}, {"now": "late", "recent": [], "seen": 0, "supporting": 0, "behind": 0}])
def test_a_snapshot_of_something_else_is_refused(state: object) -> None:
    """The clock has not begun then."""
    clock = EventClock()
    with pytest.raises(StateError, match="does not fit"):
        clock.restore(state)
    assert clock.now is None


def _batch(*times: object) -> RecordBatch:
    return RecordBatch.of(len(times), {}, time=times)


def test_times_of_records_are_theirs() -> None:
    """The clock follows the largest; a time beyond belief and one behind every window belong into none."""
    times = EventTimes(3_600)
    steps = range(LOG_START, LOG_START + 200, 10)
    time, now, timely = times.follow(_batch(*steps, LOG_START + 10 * 86_400, LOG_START - 80_000), 0.0)
    assert time.tolist() == [*map(float, steps), LOG_START + 10 * 86_400, LOG_START - 80_000]
    assert now.tolist() == [*map(float, steps), LOG_START + 190, LOG_START + 190]
    assert timely.tolist() == [True] * 20 + [False] * 2
    assert (times.future, times.late, times.untimed, times.now) == (1, 1, 0, LOG_START + 190)


def test_without_a_window_of_time_nothing_is_late() -> None:
    """A window of records has no oldest pane."""
    times = EventTimes(None)
    assert times.follow(_batch(LOG_START, LOG_START - 80_000), 0.0)[2].all()
    assert times.late == 0


def test_a_record_without_a_time_takes_the_clocks() -> None:
    """The arrival stands in only before the first time, however old the log that is read."""
    times = EventTimes(3_600)
    time, now, timely = times.follow(_batch(None, LOG_START, None, "soon", LOG_START + 60), LOG_START - 5.0)
    assert time.tolist() == [LOG_START - 5, LOG_START, LOG_START, LOG_START, LOG_START + 60]
    assert now.tolist() == time.tolist()
    assert timely.all()
    time, _, _ = times.follow(RecordBatch.of(2, {}), LOG_START + 9e6)
    np.testing.assert_array_equal(time, [LOG_START + 60, LOG_START + 60])
    assert times.untimed == 5


def test_a_log_without_times_is_timed_by_arrival() -> None:
    """As long as no record has a time of its own."""
    times = EventTimes(3_600)
    for arrival in (LOG_START, LOG_START + 7.0):
        assert times.follow(RecordBatch.of(1, {}), arrival)[0].tolist() == [arrival]


def test_event_times_go_on_from_their_snapshot() -> None:
    """Also what is known about whether records have times at all; counters start again."""
    first, second = EventTimes(3_600), EventTimes(3_600)
    first.follow(_batch(LOG_START, None), 0.0)
    second.restore(first.snapshot())
    assert second.now == LOG_START
    assert (second.late, second.untimed) == (0, 0)
    time, _, _ = second.follow(_batch(None), 5.0)
    assert time.tolist() == [LOG_START]


def test_event_times_of_something_else_are_refused() -> None:
    """Nothing is known then."""
    with pytest.raises(StateError, match="event times"):
        EventTimes(3_600).restore({"clock": {}})
