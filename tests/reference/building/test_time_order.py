from __future__ import annotations

from collections.abc import Sequence
from unittest.mock import patch

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from model_drift_exporter.array_spool import ArraySpool, SpoolStore
from model_drift_exporter.reference.building import time_order as time_order_module
from model_drift_exporter.reference.building.time_order import arranged, time_order
from model_drift_exporter.statistics import FloatArray


def _spool(values: Sequence[float], dtype: type = np.float64) -> ArraySpool:
    spool = ArraySpool(dtype)
    spool.append(np.array(values, dtype=dtype))
    return spool


@given(st.lists(st.integers(0, 9) | st.floats(-1e12, 1e12), max_size=200), st.integers(1, 40), st.integers(0, 400))
def test_rows_of_one_time_keep_their_order(times: list[float], size: int, memory: int) -> None:
    """The order is that of a stable sort of all of them, however few are looked at together."""
    with SpoolStore(memory) as store, _spool(times) as spool, patch.object(time_order_module, "PART", size):
        places, ordered = time_order(spool, store)
        expected = np.argsort(np.array(times, dtype=np.float64), kind="stable")
        assert places.read(0, len(times)).tolist() == expected.tolist()
        assert ordered.read(0, len(times)).tolist() == np.array(times, dtype=np.float64)[expected].tolist()


@given(st.permutations(range(60)), st.integers(1, 70), st.integers(1, 70), st.integers(0, 100))
def test_values_follow_their_rows(order: list[int], rows: int, window: int, memory: int) -> None:
    """Those of each spool, of its own type, whatever is picked at once."""
    with SpoolStore(memory) as store, _spool(order, np.int64) as places:
        bytes_, halves = _spool(range(60), np.uint8), _spool([each / 2 for each in range(60)])
        found = arranged([bytes_, halves], places, store, rows=rows, window=window)
        assert [each.dtype for each in found] == [np.uint8, np.float64]
        assert found[0].read(0, 60).tolist() == order
        assert found[1].read(0, 60).tolist() == [each / 2 for each in order]


@pytest.mark.parametrize("shuffled", [False, True])
def test_not_more_is_read_than_needed(shuffled: bool, monkeypatch: pytest.MonkeyPatch) -> None:
    """Rows that are nearly in order are read about once, and never more at a time than a window."""
    count, window = 20_000, 1_000
    order = np.arange(count).reshape(-1, 2)[:, ::-1].ravel()
    if shuffled:
        order = np.random.default_rng(0).permutation(count)
    read: list[int] = []
    with (
        SpoolStore(None) as store,
        _spool(range(count), np.int64) as values,
        _spool(order.tolist(), np.int64) as places,
    ):
        reading = values.read

        def counting(start: int, stop: int) -> FloatArray:
            read.append(stop - start)
            return reading(start, stop)

        monkeypatch.setattr(values, "read", counting)
        arranged([values], places, store, rows=500, window=window)
    assert max(read) <= window
    assert shuffled or sum(read) <= 1.1 * count
