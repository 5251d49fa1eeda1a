from __future__ import annotations

import tracemalloc
from collections.abc import Sequence

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from model_drift_exporter import sorted_rows
from model_drift_exporter.array_spool import SpoolStore
from model_drift_exporter.sorted_rows import SortedRows

KIND = np.dtype([("number", np.int64), ("mark", np.uint8)])


def _sorted(batches: Sequence[NDArray[np.float64]], store: SpoolStore) -> tuple[list[float], list[int], list[int]]:
    """The keys, the numbers in the order of reading, and the sizes of the blocks, of all rows in order."""
    rows, number = SortedRows(KIND, store), 0
    for keys in batches:
        columns = np.zeros(len(keys), dtype=KIND)
        columns["number"] = np.arange(number, number + len(keys))
        number += len(keys)
        rows.add(keys, columns)
    keys_found: list[float] = []
    found: list[int] = []
    sizes = []
    for keys, columns in rows.blocks():
        keys_found += keys.tolist()
        found += columns["number"].tolist()
        sizes.append(len(keys))
    return keys_found, found, sizes


_KEYS = st.lists(st.lists(st.sampled_from([-np.inf, 1.0, 2.0, 2.5, 3.0, 9.0]), max_size=12), max_size=25)


@given(_KEYS, st.integers(1, 9), st.integers(2, 4), st.integers(1, 12))
@settings(deadline=None)
def test_it_is_a_stable_sort(batches: list[list[float]], run: int, most: int, read: int) -> None:
    """Whatever the sizes of runs and buffers, and however often runs are merged before they are few enough."""
    with pytest.MonkeyPatch.context() as patch, SpoolStore(64) as store:
        for name, value in (("_RUN", run), ("_MOST_RUNS", most), ("_READ", read)):
            patch.setattr(sorted_rows, name, value)
        keys, found, _ = _sorted([np.array(batch, dtype=np.float64) for batch in batches], store)
    every = np.array([key for batch in batches for key in batch], dtype=np.float64)
    expected = np.argsort(every, kind="stable")
    assert found == expected.tolist()
    assert keys == every[expected].tolist()


def test_rows_in_order_are_one_run() -> None:
    """Blocks are as large as a merge may hold, so that nothing is merged; a row out of order begins another run."""
    with SpoolStore() as store:
        ordered = np.arange(200_000.0)
        assert _sorted(np.split(ordered, 20), store)[2] == [32_768] * 6 + [3_392]
        found = _sorted([np.arange(150_000.0), np.arange(70_000.0)], store)
        assert found[0] == sorted(found[0])
        assert max(found[2]) <= 32_768


def test_memory_does_not_grow_with_the_number_of_rows() -> None:
    """Four times the rows take no more: what is beyond a run and the store's bound stands in the file."""
    peaks = []
    for number in (300_000, 1_200_000):
        random = np.random.default_rng(1)
        tracemalloc.start()
        with SpoolStore(1 << 18) as store:
            rows, last = SortedRows(KIND, store), -np.inf
            for _ in range(0, number, 20_000):
                rows.add(random.random(20_000), np.zeros(20_000, dtype=KIND))
            for keys, _ in rows.blocks():
                assert keys[0] >= last
                last = keys[-1]
        peaks.append(tracemalloc.get_traced_memory()[1])
        tracemalloc.stop()
    assert peaks[0] * 0.8 < peaks[1] < min(peaks[0] * 1.2, 8 << 20)


def test_nothing_is_no_block() -> None:
    """Without rows there is nothing to give."""
    with SpoolStore() as store:
        assert [*SortedRows(KIND, store).blocks()] == []
