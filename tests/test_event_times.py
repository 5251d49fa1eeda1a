from __future__ import annotations

import numpy as np
import pytest

from model_drift_exporter.errors import StateError
from model_drift_exporter.event_times import EventTimes
from model_drift_exporter.records import RecordBatch
from tests.prediction_log import START


def _batch(*times: object) -> RecordBatch:
    return RecordBatch(len(times), {}, time=times)


def test_times_of_records_are_theirs() -> None:
    """The clock follows the largest; a time beyond belief and one behind every window belong into none."""
    times = EventTimes(3_600)
    steps = range(START, START + 200, 10)
    time, now, timely = times.follow(_batch(*steps, START + 10 * 86_400, START - 80_000), 0.0)
    assert time.tolist() == [*map(float, steps), START + 10 * 86_400, START - 80_000]
    assert now.tolist() == [*map(float, steps), START + 190, START + 190]
    assert timely.tolist() == [True] * 20 + [False] * 2
    assert (times.future, times.late, times.untimed, times.now) == (1, 1, 0, START + 190)


def test_without_a_window_of_time_nothing_is_late() -> None:
    """A window of records has no oldest pane."""
    times = EventTimes(None)
    assert times.follow(_batch(START, START - 80_000), 0.0)[2].all()
    assert times.late == 0


def test_a_record_without_a_time_takes_the_clocks() -> None:
    """The arrival stands in only before the first time, however old the log that is read."""
    times = EventTimes(3_600)
    time, now, timely = times.follow(_batch(None, START, None, "soon", START + 60), START - 5.0)
    assert time.tolist() == [START - 5, START, START, START, START + 60]
    assert now.tolist() == time.tolist()
    assert timely.all()
    time, _, _ = times.follow(RecordBatch(2, {}), START + 9e6)
    np.testing.assert_array_equal(time, [START + 60, START + 60])
    assert times.untimed == 5


def test_a_log_without_times_is_timed_by_arrival() -> None:
    """As long as no record has a time of its own."""
    times = EventTimes(3_600)
    for arrival in (START, START + 7.0):
        assert times.follow(RecordBatch(1, {}), arrival)[0].tolist() == [arrival]


def test_event_times_go_on_from_their_snapshot() -> None:
    """Also what is known about whether records have times at all; counters start again."""
    first, second = EventTimes(3_600), EventTimes(3_600)
    first.follow(_batch(START, None), 0.0)
    second.restore(first.snapshot())
    assert second.now == START
    assert (second.late, second.untimed) == (0, 0)
    time, _, _ = second.follow(_batch(None), 5.0)
    assert time.tolist() == [START]


def test_a_snapshot_of_something_else_is_refused() -> None:
    """Nothing is known then."""
    with pytest.raises(StateError, match="event times"):
        EventTimes(3_600).restore({"clock": {}})
