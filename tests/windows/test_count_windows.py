from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise

import attrs
import numpy as np
import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from numpy.typing import NDArray

from model_drift_exporter.errors import StateError
from model_drift_exporter.records.clock import PANES, late
from model_drift_exporter.settings.values import Window
from model_drift_exporter.windows.count_windows import CountsInTime, CountsOfRecords, RollingWindow, make_windows

CELLS, COLUMNS = 5, 2


@attrs.frozen
class Record:
    """One record: its time, its cells, the clock just after it, and whether it belongs into windows."""

    time: float
    cells: tuple[int, int]
    now: float
    timely: bool


def parts(records: Sequence[Record], cuts: Sequence[int]) -> list[Sequence[Record]]:
    bounds = sorted({0, len(records), *(cut for cut in cuts if cut < len(records))})
    return [part for first, last in pairwise(bounds) if (part := records[first:last])]


def counted(records: Sequence[Record]) -> list[int]:
    counts = [0] * CELLS
    for record in records:
        for cell in record.cells:
            counts[cell] += 1
    return counts


def fed(window: RollingWindow, records: Sequence[Record], cuts: Sequence[int]) -> tuple[list[int], list[int]]:
    for part in parts(records, cuts):
        window.observe(
            cells=np.array([record.cells for record in part], dtype=np.int64).reshape(-1, COLUMNS).T,
            time=np.array([record.time for record in part]),
            now=np.array([record.now for record in part]),
            timely=np.array([record.timely for record in part]),
        )
    current, previous = window.counts()
    return current.tolist(), previous.tolist()


def pane(time: float, seconds: float) -> int:
    return int(np.floor(time / (seconds / PANES)))


CELL_PAIRS = st.tuples(st.integers(0, 2), st.integers(3, 4))
STEPS = st.one_of(
    st.just(0.0),
    st.floats(-90, 90),
    st.floats(-5_000, 5_000),
    st.sampled_from([60.0, -60.0, 3_600.0, -3_600.0, 7_200.0, 1e6]),
)
CUTS = st.lists(st.integers(0, 30), max_size=5)
SECONDS = st.sampled_from([3_600.0, 60.0, 86_400.0, 7.0, 0.9])
STARTS = st.sampled_from([0.0, 1_793_664_000.0, -86_400.0, -2_000_000_000.0, 1e11])


@st.composite
def logs(draw: st.DrawFn) -> list[Record]:
    """Records in any order, untimely ones among them, under a clock that never falls."""
    time = now = draw(STARTS)
    records = []
    for step, cells, timely in draw(st.lists(st.tuples(STEPS, CELL_PAIRS, st.booleans()), max_size=30)):
        time += step
        now = max(now, time) if timely else now
        records.append(Record(time, cells, now, timely))
    return records


@given(logs(), SECONDS, CUTS)
@example([Record(0.0, (0, 3), 0.0, True), Record(-0.1, (1, 3), 0.0, True)], 3_600.0, [1])
@example([Record(1e11, (0, 3), 1e11, True)] * 3, 7.0, [])
def test_a_window_of_time_holds_the_records_of_its_panes(
    records: list[Record], seconds: float, cuts: list[int]
) -> None:
    """The current pane and the 59 before it, the 60 before those as the previous window; batches make no difference."""
    window = CountsInTime("w", seconds, CELLS)
    found = fed(window, records, cuts)
    newest = pane(records[-1].now, seconds) if records else 0
    panes = [(pane(record.time, seconds), record) for record in records if record.timely]
    current = [record for number, record in panes if newest - PANES < number <= newest]
    previous = [record for number, record in panes if newest - 2 * PANES < number <= newest - PANES]
    assert found == (counted(current), counted(previous))
    held = {number for number, _ in panes if newest - PANES < number <= newest}
    assert window.coverage() == pytest.approx(len(held) / PANES)


@given(st.floats(-1e11, 1e11), SECONDS)
def test_a_record_at_the_very_end_is_in_the_window(time: float, seconds: float) -> None:
    """Rounding never puts a record with the latest time behind or before the window's last pane."""
    assert fed(CountsInTime("w", seconds, CELLS), [Record(time, (1, 4), time, True)], []) == (
        [0, 1, 0, 0, 1],
        [0] * CELLS,
    )
    assert not late(np.array([time]), np.array([time]), seconds).any()


@given(logs(), SECONDS)
def test_late_is_behind_the_oldest_pane(records: list[Record], seconds: float) -> None:
    """A record is late exactly if the window that ends at its ``now`` would not hold it any more."""
    times, clock = np.array([record.time for record in records]), np.array([record.now for record in records])
    expected = [pane(record.time, seconds) <= pane(record.now, seconds) - PANES for record in records]
    assert late(times, clock, seconds).tolist() == expected


@pytest.mark.parametrize("cuts", [[], [1], [2], [1, 2, 3]])
def test_a_clock_set_back_takes_its_pane_along(cuts: list[int]) -> None:
    """When time really comes to the pane of a wrong record, the record is not there, however records were batched."""
    wrong = Record(100_000.0, (0, 3), 100_000.0, True)
    right = [Record(60.0 * number, (1, 4), 60.0 * number, True) for number in range(3)]
    window = CountsInTime("w", 3_600.0, CELLS)
    assert fed(window, [wrong, *right], cuts)[0] == [0, 3, 0, 0, 3]
    assert fed(window, [Record(100_000.0, (2, 4), 100_000.0, True)], [])[0] == [0, 0, 1, 0, 1]


@given(logs(), st.integers(1, 8), CUTS)
def test_a_window_of_records_holds_exactly_the_last_ones(records: list[Record], number: int, cuts: list[int]) -> None:
    """The last timely records and as many before them, also when one batch is larger than both together."""
    window = CountsOfRecords("w", number, COLUMNS, CELLS)
    found = fed(window, records, cuts)
    timely = [record for record in records if record.timely]
    assert found == (counted(timely[-number:]), counted(timely[:-number][-number:]))
    assert window.coverage() == pytest.approx(min(len(timely) / number, 1))


@pytest.mark.parametrize("cells", [2**16, 2**16 + 1])
def test_a_window_of_records_holds_any_cell(cells: int) -> None:
    """The last cell of a wide model comes back as it was, whatever the ring stores it in."""
    window = CountsOfRecords("w", 3, 1, cells)
    time = np.zeros(2)
    timely = np.ones(2, dtype=np.bool_)
    cell = np.array([[0, cells - 1]])
    window.observe(cell, time, time, timely)
    counts: NDArray[np.int64] = window.counts()[0]
    assert (len(counts), np.flatnonzero(counts).tolist()) == (cells, [0, cells - 1])


def test_windows_are_made_as_configured() -> None:
    """Names and order are those of the settings."""
    windows = make_windows([Window("1h", seconds=3_600.0), Window("3", records=3)], COLUMNS, CELLS)
    assert [(window.name, type(window)) for window in windows] == [("1h", CountsInTime), ("3", CountsOfRecords)]
    records = [Record(number * 7_200.0, (0, 3), number * 7_200.0, True) for number in range(5)]
    assert fed(windows[0], records, [])[0][0] == 1
    assert fed(windows[1], records, [])[0][0] == 3


def test_before_the_first_record_windows_are_empty() -> None:
    """Nothing observed, nothing counted, nothing covered."""
    for window in make_windows([Window("1h", seconds=3_600.0), Window("3", records=3)], COLUMNS, CELLS):
        assert [counts.tolist() for counts in window.counts()] == [[0] * CELLS] * 2
        assert window.coverage() == 0


_BEFORE_A_CLOCK_IS_SET_BACK = [Record(0.0, (0, 3), 0.0, True), Record(121.0, (0, 3), 121.0, True)]


@example(_BEFORE_A_CLOCK_IS_SET_BACK, [Record(0.0, (0, 3), 0.0, False)], CountsInTime("w", 60.0, CELLS), [])
@given(logs(), logs(), st.sampled_from([CountsInTime("w", 60.0, CELLS), CountsOfRecords("w", 7, COLUMNS, CELLS)]), CUTS)
def test_a_window_goes_on_from_its_snapshot(
    before: list[Record], after: list[Record], kind: RollingWindow, cuts: list[int]
) -> None:
    """Restored in another process it holds what an uninterrupted one holds, whatever comes later."""

    def fresh() -> RollingWindow:
        return (
            CountsInTime("w", 60.0, CELLS)
            if isinstance(kind, CountsInTime)
            else CountsOfRecords("w", 7, COLUMNS, CELLS)
        )

    whole, first, second = fresh(), fresh(), fresh()
    fed(whole, before, cuts)
    fed(first, before, cuts)
    second.restore(first.snapshot())
    assert [counts.tolist() for counts in second.counts()] == [counts.tolist() for counts in whole.counts()]
    assert fed(second, after, cuts) == fed(whole, after, cuts)
    assert second.coverage() == whole.coverage()


@pytest.mark.parametrize("state", [None, {}, {"panes": 1}, {"ring": np.zeros((9, 9)), "seen": 3}])
def test_a_snapshot_of_something_else_is_refused(state: object) -> None:
    """The window stays empty."""
    for window in (CountsInTime("w", 60.0, CELLS), CountsOfRecords("w", 7, COLUMNS, CELLS)):
        with pytest.raises(StateError, match="window w"):
            window.restore(state)
        assert window.coverage() == 0


def test_a_snapshot_of_another_window_is_refused() -> None:
    """Another length or other bins give no counts to go on with."""
    with pytest.raises(StateError, match="other bins or another length"):
        CountsInTime("w", 60.0, CELLS).restore(CountsInTime("w", 120.0, CELLS).snapshot())
    with pytest.raises(StateError, match="other bins or another length"):
        CountsInTime("w", 60.0, CELLS).restore(CountsInTime("w", 60.0, CELLS + 1).snapshot())
    with pytest.raises(StateError, match="other bins or another length"):
        CountsOfRecords("w", 7, COLUMNS, CELLS).restore(CountsOfRecords("w", 8, COLUMNS, CELLS).snapshot())
    damaged = CountsOfRecords("w", 7, COLUMNS, CELLS).snapshot() | {"seen": 1, "ring": np.array([[0, CELLS]])}
    with pytest.raises(StateError, match="bins that there are not"):
        CountsOfRecords("w", 7, COLUMNS, CELLS).restore(damaged)
    twice = CountsInTime("w", 60.0, CELLS).snapshot() | {
        "panes": np.array([1, 1 + 2 * PANES]),
        "counts": np.zeros((2, CELLS), dtype=np.int32),
    }
    with pytest.raises(StateError, match="a pane twice"):
        CountsInTime("w", 60.0, CELLS).restore(twice)
