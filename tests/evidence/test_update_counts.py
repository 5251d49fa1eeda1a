from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from model_drift_exporter.evidence.update_counts import UpdateCounts
from model_drift_exporter.reference.profile import FEATURE, Column, categorical_column, numeric_column

HOUR = 3_600.0
COLUMNS = [
    numeric_column("age", FEATURE, [0, 1, 2]),  # six cells
    categorical_column("country", FEATURE, ["de"], accepts_numbers=False),  # four
]


def places(*updates: int) -> np.ndarray[tuple[int], np.dtype[np.intp]]:
    return np.array(updates, dtype=np.intp)


def test_counts_are_by_update_column_and_cell() -> None:
    """Columns are padded to the largest; the update under way comes with the next batch."""
    counts = UpdateCounts(COLUMNS, 0)
    cells = np.array([[1, 1, 2, 2], [6, 7, 6, 6]])
    found = counts.split(cells, np.zeros(4), places(0, 0, 0, 1), 1)
    assert found is not None
    assert found.counts.tolist() == [[[0, 2, 1, 0, 0, 0], [2, 1, 0, 0, 0, 0]]]
    rest = counts.split(cells[:, :1], np.zeros(1), places(0), 1)
    assert rest is not None
    assert rest.counts.tolist() == [[[0, 1, 1, 0, 0, 0], [2, 0, 0, 0, 0, 0]]]


def test_nothing_is_complete_without_an_update() -> None:
    """Records of an update under way are kept and only kept."""
    counts = UpdateCounts(COLUMNS, 0)
    assert counts.split(np.array([[1], [6]]), np.zeros(1), places(0), 0) is None


def test_records_of_one_update_are_told_apart_by_slot() -> None:
    """Groups are by update and slot, and the slots of one update add up."""
    counts = UpdateCounts(COLUMNS, 24)
    cells = np.array([[1, 2, 1, 1], [6, 6, 6, 6]])
    assert counts.split(cells[:, :1], np.array([5 * HOUR]), places(0), 0) is None
    time = HOUR * np.array([5.5, 3.5, 5.9, 6.1])
    found = counts.split(cells, time, places(0, 0, 0, 1), 2)
    assert found is not None
    assert (found.update.tolist(), found.slot.tolist()) == ([0, 0, 1], [3, 5, 6])
    assert found.counts[:, 0].tolist() == [[0, 0, 1, 0, 0, 0], [0, 3, 0, 0, 0, 0], [0, 1, 0, 0, 0, 0]]
    assert found.by_update(found.counts, 3)[:, 0].tolist() == [[0, 3, 1, 0, 0, 0], [0, 1, 0, 0, 0, 0], [0] * 6]


def test_an_update_of_rejected_lines_alone_has_no_group() -> None:
    """Its sums are zero."""
    counts = UpdateCounts(COLUMNS, 0)
    found = counts.split(np.array([[1], [6]]), np.zeros(1), places(1), 3)
    assert found is not None
    assert found.update.tolist() == [1]
    assert found.by_update(found.counts, 3).sum(axis=(1, 2)).tolist() == [0.0, 2.0, 0.0]


def test_counts_under_way_survive_a_restart() -> None:
    """What was kept comes with the first update after it, however many records that were."""
    before = UpdateCounts(COLUMNS, 24)
    assert (
        before.split(np.array([[1], [6]]).repeat(70_000, axis=1), np.full(70_000, HOUR), np.zeros(70_000, int), 0)
        is None
    )
    after = UpdateCounts(COLUMNS, 24)
    after.restore(before.snapshot())
    found = after.split(np.array([[1], [6]]), np.array([HOUR]), places(0), 1)
    assert found is not None
    assert found.counts.tolist() == [[[0, 70_001, 0, 0, 0, 0], [70_001, 0, 0, 0, 0, 0]]]


@settings(deadline=None)
@given(st.lists(st.tuples(st.integers(0, 5), st.integers(6, 9), st.integers(0, 23)), max_size=200))
def test_records_spread_over_slots_survive_a_restart(records: list[tuple[int, int, int]]) -> None:
    """Many in few slots as few in many; the snapshot holds no more than the smaller of all cells and all records."""
    cells = np.array([record[:2] for record in records], dtype=np.int64).reshape(-1, 2).T
    times = HOUR * np.array([record[2] for record in records], dtype=np.float64)
    counts, again = UpdateCounts(COLUMNS, 24), UpdateCounts(COLUMNS, 24)
    assert counts.split(cells, times, np.zeros(len(records), dtype=np.intp), 0) is None
    state = counts.snapshot()
    slots = len(state["slots"])
    assert sum(part.size for name, part in state.items() if name in ("counts", "cells")) <= min(
        2 * len(records), 10 * slots
    )
    again.restore(state)
    for one in (counts, again):
        assert one.split(np.array([[1], [6]]), np.zeros(1), places(1), 0) is None
    ours, theirs = (one.split(cells[:, :0], times[:0], places(), 1) for one in (counts, again))
    assert ours is not None
    assert theirs is not None
    assert np.array_equal(ours.slot, theirs.slot)
    assert np.array_equal(ours.counts, theirs.counts)


@pytest.mark.parametrize(
    ("records", "columns"), [(1, COLUMNS[:1]), (1, COLUMNS[::-1]), (9, COLUMNS[:1]), (1, [COLUMNS[1]] * 2)]
)
def test_state_of_other_columns_is_refused(records: int, columns: list[Column]) -> None:
    """It says so instead of counting into the wrong cells."""
    before = UpdateCounts(COLUMNS, 0)
    cells = np.array([[5], [6]]).repeat(records, axis=1)
    before.split(cells, np.zeros(records), np.zeros(records, dtype=np.intp), 0)
    with pytest.raises(ValueError, match=r"reshape|other columns|more cells"):
        UpdateCounts(columns, 0).restore(before.snapshot())
