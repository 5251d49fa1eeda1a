from __future__ import annotations

import math
from collections.abc import Sequence
from itertools import pairwise

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from model_drift_exporter.labels.label_clock import FlowClock, FlowTimes

_DAY = 86_400.0
NAN = math.nan


def _follow(clock: FlowClock, events: Sequence[tuple[float | None, float]], arrival: float = 5.0) -> FlowTimes:
    """Events are (the model's clock or None for a label, own time)."""
    is_label = np.array([model is None for model, _ in events])
    model = np.array([NAN if model is None else model for model, _ in events])
    return clock.follow(np.array([time for _, time in events]), model, is_label=is_label, arrival=arrival)


def test_labels_move_the_clock() -> None:
    """The clock is the larger of the model's and the labels'; a label without a time happens now."""
    times = _follow(FlowClock(), [(100.0, 100.0), (None, 160.0), (120.0, 90.0), (None, NAN), (200.0, 200.0)])
    assert times.now.tolist() == [100.0, 160.0, 160.0, 160.0, 200.0]
    assert times.time.tolist() == [100.0, 160.0, 90.0, 160.0, 200.0]
    assert not times.future.any()


def test_one_label_from_the_future_is_not_believed() -> None:
    """More than a day ahead is counted, happens now, and moves nothing."""
    times = _follow(FlowClock(), [(100.0, 100.0), (None, 100.0 + _DAY), (None, 3 * _DAY), (150.0, 150.0)])
    assert times.future.tolist() == [False, False, True, False]
    assert times.time[2] == 100.0 + _DAY
    assert times.now[-1] == 100.0 + _DAY


def test_labels_that_agree_are_believed() -> None:
    """Labels a month after the predictions, as from a file read later, are followed from the ninth on."""
    times = _follow(FlowClock(), [(0.0, 0.0), *((None, 30 * _DAY + index) for index in range(12))])
    assert times.future.tolist() == [False, *[True] * 8, *[False] * 4]
    assert times.now[-1] == 30 * _DAY + 11


def test_before_the_first_prediction_there_is_no_clock() -> None:
    """Labels keep their times, those without take the arrival; neither a wild one nor many can set the clock."""
    clock = FlowClock()
    times = _follow(clock, [(None, 1e12), (None, NAN), *((None, 1e9 + index) for index in range(20)), (7.0, 7.0)])
    assert times.time[[0, 1, -1]].tolist() == [1e12, 5.0, 7.0]
    assert times.now.tolist() == [*[-math.inf] * 22, 7.0]
    assert not times.future.any()
    assert clock.now == 7.0


def test_the_clock_follows_a_lead_that_is_taken_back() -> None:
    """Where the model's clock falls, this one does, and says where; labels that followed it are forgotten."""
    clock = FlowClock()
    times = _follow(clock, [(1e9, 1e9), (None, 1e9 + 5), (50.0, 50.0), (None, 60.0)])
    assert times.turns == {2: True}
    assert times.now.tolist() == [1e9, 1e9 + 5, 50.0, 60.0]
    times = _follow(clock, [(40.0, 40.0)])
    assert (times.now.tolist(), times.turns) == ([40.0], {0: True})


def _due(first: int, count: int, lead: float = 120 * _DAY) -> list[tuple[float | None, float]]:
    return [(None, first + lead + index) for index in range(count)]


def test_labels_dated_ahead_are_found_out_by_the_next_prediction() -> None:
    """Believed once from the ninth on, then never again while as few come between two predictions."""
    clock = FlowClock()
    times = _follow(clock, [(0.0, 0.0), *_due(0, 20), (60.0, 60.0)])
    assert times.future.tolist() == [False, *[True] * 8, *[False] * 12, False]
    assert times.now[-2:].tolist() == [120 * _DAY + 19, 60.0]
    assert times.model.tolist() == [*[0.0] * 21, 60.0]
    assert times.turns == {21: True}
    for first in range(120, 6_000, 60):
        times = _follow(clock, [*_due(first, 150), (first, first)])
        assert times.future[:150].all()
        assert times.now.tolist() == [*[first - 60.0] * 150, first]
        assert not times.turns


def test_where_predictions_end_labels_go_on() -> None:
    """Even after labels that were dated ahead: they are believed once ten times as many come without a prediction."""
    clock = FlowClock()
    _follow(clock, [(0.0, 0.0), *_due(0, 20), (60.0, 60.0)])
    times = _follow(clock, _due(0, 300))
    assert times.future.tolist() == [*[True] * 200, *[False] * 100]
    assert clock.now == 120 * _DAY + 299


def test_a_lead_that_was_right_is_believed_at_once_next_time() -> None:
    """Where predictions and labels come once a month, only the first eight labels of the first month are doubted."""
    clock, months = FlowClock(), []
    for month in range(4):
        start = 30 * month * _DAY
        predictions = [(start + index, start + index) for index in range(5)]
        labels = [(None, start + 29 * _DAY + index) for index in range(20)]
        months.append(_follow(clock, [*predictions, *labels]))
    assert [int(times.future.sum()) for times in months] == [8, 0, 0, 0]
    assert [times.turns for times in months] == [{}, {0: False}, {0: False}, {0: False}]


def test_a_wild_label_moves_nothing_for_long() -> None:
    """Neither alone, nor in hundreds, nor after leads that were right."""
    clock = FlowClock()
    _follow(clock, [(0.0, 0.0), *_due(0, 20, 3 * _DAY), (3 * _DAY, 3 * _DAY)])
    for wild in (1, 500):
        times = _follow(clock, [*((None, 4e9 + index) for index in range(wild)), (4 * _DAY, 4 * _DAY)])
        assert times.now[-1] == 4 * _DAY
        assert clock.now == 4 * _DAY


def test_a_prediction_of_the_future_happens_now() -> None:
    """Its own time is not believed either."""
    assert _follow(FlowClock(), [(10.0, 10.0), (10.0, 1e9)]).time.tolist() == [10.0, 10.0]


_TIMES = st.sampled_from([NAN, 0.0, 10.0, 5_000.0, _DAY, 3 * _DAY, 3 * _DAY + 10, 40 * _DAY])


@given(st.lists(st.tuples(st.booleans(), _TIMES), min_size=1, max_size=60), st.lists(st.integers(0, 60)), st.data())
def test_the_clock_does_not_depend_on_batches(
    drawn: list[tuple[bool, float]], cuts: list[int], data: st.DataObject
) -> None:
    """Cut anywhere, and restored from a snapshot in between, it says the same."""
    latest = 0.0
    events: list[tuple[float | None, float]] = []
    for is_label, time in drawn:
        if is_label:
            events.append((None, time))
        else:
            latest = max(latest, 0.0 if math.isnan(time) else time) if time != 10.0 else 10.0
            events.append((latest, latest))
    whole = _follow(FlowClock(), events)
    clock, parts, turns = FlowClock(), list[FlowTimes](), dict[int, bool]()
    limits = sorted({0, *(cut for cut in cuts if cut < len(events)), len(events)})
    for start, end in pairwise(limits):
        if data.draw(st.booleans()):
            state, clock = clock.snapshot(), FlowClock()
            clock.restore(state)
        parts.append(_follow(clock, events[start:end]))
        turns |= {start + place: fallen for place, fallen in parts[-1].turns.items()}
    for name in ("time", "now", "model", "future"):
        np.testing.assert_array_equal(np.concatenate([getattr(part, name) for part in parts]), getattr(whole, name))
    assert turns == whole.turns
