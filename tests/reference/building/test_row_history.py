from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from model_drift_exporter.array_spool import ArraySpool, SpoolStore
from model_drift_exporter.records.batches import RecordBatch
from model_drift_exporter.reference.binner import Binner
from model_drift_exporter.reference.building.row_history import OrderedRows, RowHistory
from tests.support.prediction_log import batch_of, make_rows, profile_of

_BINNER = Binner(profile_of([batch_of(make_rows(50))]))


def _ordered(times: Sequence[object], *, size: int = 3, store: SpoolStore | None = None) -> OrderedRows:
    """Rows whose codes are their places, as far as there are bins; the column by one more each."""
    history = RowHistory(_BINNER, SpoolStore(None) if store is None else store)
    bins = np.array([[len(column.counts)] for column in _BINNER.columns])
    for first in range(0, len(times), size):
        part = times[first : first + size]
        places = np.arange(first, first + len(part)) + np.arange(len(bins))[:, None]
        time = None if all(each is None for each in part) else part
        history.add(RecordBatch.of(size=len(part), features={}, time=time), places % bins + _BINNER.starts[:, None])
    return history.ordered()


def _times(rows: OrderedRows) -> list[float] | None:
    return None if rows.times is None else rows.times.read(0, rows.rows).tolist()


@pytest.mark.parametrize(
    ("times", "filled"),
    [
        ([None, "no time", 30.0, 40.0, None, 50.0, 55.0], [30, 30, 30, 40, 40, 50, 55]),
        ([None, None, None, None, 4.0, 5.0, 6.0, None, 8.0, 9.0, 9.5], [4, 4, 4, 4, 4, 5, 6, 6, 8, 9, 9.5]),
        ([1.0, 2.0, None, None, None], None),
    ],
)
def test_rows_without_a_time_stay_where_they_are(times: list[object], filled: list[float] | None) -> None:
    """They have the time of the row before, the first ones that of the first row with one; where most lack it, none has."""
    assert _times(_ordered(times)) == filled


@pytest.mark.parametrize("times", [[], [None] * 5, [1.0, None, None, 4.0], [None, None, None, 4.0, 5.0, "?"]])
def test_times_that_most_rows_lack_are_none(times: list[object]) -> None:
    """Rows then count in order of arrival."""
    rows = _ordered(times)
    assert (rows.rows, rows.times, rows.places) == (len(times), None, None)
    assert rows.codes[0].read(0, 9).tolist() == [*range(len(times))]


@given(
    st.lists(st.none() | st.integers(0, 30), min_size=1, max_size=60),
    st.integers(1, 20),
    st.integers(0, 500),
)
@settings(deadline=None)
def test_rows_are_put_in_order_with_all_that_they_hold(times: list[int | None], size: int, memory: int) -> None:
    """Codes of every column, times, and what others keep beside them; whatever is in memory, and in whatever batches."""
    with SpoolStore(memory) as store:
        rows = _ordered(times, size=size, store=store)
        known = [time for time in times if time is not None]
        order = [*range(len(times))]
        if 2 * len(known) > len(times):
            filled: list[int] = []
            for time in times:
                filled.append(time if time is not None else filled[-1] if filled else known[0])
            order.sort(key=filled.__getitem__)
            assert _times(rows) == sorted(filled)
        for position, (column, codes) in enumerate(zip(_BINNER.columns, rows.codes, strict=True)):
            assert codes.read(0, rows.rows).tolist() == [(row + position) % len(column.counts) for row in order]
        beside = ArraySpool(np.float64, store=store)
        beside.append(np.arange(rows.rows) / 2)
        assert rows.arranged([beside])[0].read(0, rows.rows).tolist() == [row / 2 for row in order]
