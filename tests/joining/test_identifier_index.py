from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, rule

from model_drift_exporter.errors import StateError
from model_drift_exporter.joining.identifier_index import ColumnType, IdentifierIndex

TYPES = {
    "time": ColumnType(np.float64),
    "count": ColumnType(np.int16, initial=-1),
    "halves": ColumnType(np.uint8, (3,), initial=7),
}
# Keys of one place in the index: the same low bits, other high ones.
_KEYS = st.integers(0, 2**64 - 1).map(lambda key: key & ~0xFFFF if key % 3 else key)
_BATCHES = st.lists(_KEYS, max_size=40)


def _keys(values: Sequence[int]) -> np.ndarray[Any, np.dtype[np.uint64]]:
    return np.array(values, dtype=np.uint64)


class IndexAndDictionary(RuleBasedStateMachine):
    """An index beside a dictionary from key to number; each row has a number of its own in its column ``time``."""

    def __init__(self) -> None:
        super().__init__()
        self.index = IdentifierIndex(TYPES, 10)
        self.number_of: dict[int, float] = {}
        self.rows: list[float] = []
        self.number = 0.0

    def _write(self, rows: np.ndarray[Any, Any]) -> list[float]:
        numbers = [self.number + place for place in range(len(rows))]
        self.number += len(rows)
        self.index.columns["time"][rows] = numbers
        self.rows += numbers
        return numbers

    @rule(batch=_BATCHES, seen=st.lists(st.integers(0, 50), max_size=10))
    def find_or_append(self, batch: list[int], seen: list[int]) -> None:
        known = [*self.number_of]
        batch = batch + [known[place % len(known)] for place in seen if known] + batch[:3]
        new = [key for place, key in enumerate(batch) if key not in self.number_of and key not in batch[:place]]
        size = self.index.size
        rows, first = self.index.find_or_append(_keys(batch))
        assert [batch[place] for place in np.flatnonzero(first)] == new
        assert rows[first].tolist() == [*range(size, size + len(new))]
        self.number_of |= dict(zip(new, self._write(rows[first]), strict=True))
        assert self.index.columns["time"][rows].tolist() == [self.number_of[key] for key in batch]

    @rule(batch=_BATCHES)
    def append(self, batch: list[int]) -> None:
        new = [key for key in dict.fromkeys(batch) if key not in self.number_of]
        rows = self.index.append(_keys(new))
        self.number_of |= dict(zip(new, self._write(rows), strict=True))

    @rule(batch=_BATCHES)
    def append_hidden(self, batch: list[int]) -> None:
        self._write(self.index.append(_keys(batch), hidden=True))

    @rule(chosen=st.sets(st.integers(0, 50), max_size=10))
    def supersede(self, chosen: set[int]) -> None:
        known = [*self.number_of]
        keys = [known[place] for place in chosen if place < len(known)]
        before = self.index.find(_keys(keys)).tolist()
        rows, old = self.index.supersede(_keys(keys))
        assert old.tolist() == before
        self.number_of |= dict(zip(keys, self._write(rows), strict=True))

    @rule(data=st.data())
    def retain(self, data: st.DataObject) -> None:
        kept = data.draw(st.lists(st.booleans(), min_size=self.index.size, max_size=self.index.size))
        moved = self.index.retain(np.array(kept, dtype=np.bool_))
        assert moved[kept].tolist() == [*range(self.index.size)]
        assert set(moved[~np.array(kept, dtype=np.bool_)].tolist()) <= {-1}
        self.rows = [number for number, stays in zip(self.rows, kept, strict=True) if stays]
        self.number_of = {key: number for key, number in self.number_of.items() if number in self.rows}

    @rule()
    def load(self) -> None:
        shown = [*self.number_of.values()]
        other = IdentifierIndex(TYPES, 3)
        other.append(_keys([1, 2, 3]))
        other.load(
            self.index.snapshot(), hidden=np.array([number not in shown for number in self.rows], dtype=np.bool_)
        )
        self.index = other

    @invariant()
    def finds_what_there_is(self) -> None:
        asked = [*self.number_of, 5, 1 << 40, 2**64 - 1]
        found = self.index.find(_keys(asked)).tolist()
        numbers = [None if row < 0 else float(self.index.columns["time"][row]) for row in found]
        assert numbers == [self.number_of.get(key) for key in asked]
        assert self.index.columns["time"][: self.index.size].tolist() == self.rows


TestIndexAndDictionary = IndexAndDictionary.TestCase
TestIndexAndDictionary.settings = settings(max_examples=60, stateful_step_count=15, deadline=None)


def test_new_rows_begin_with_what_their_columns_say() -> None:
    """Also where a removed row had another value before."""
    index = IdentifierIndex(TYPES, 10)
    rows = index.append(_keys([1, 2]))
    index.columns["count"][rows] = 5
    index.columns["halves"][rows] = 0
    index.retain(np.zeros(2, dtype=np.bool_))
    again, _ = index.find_or_append(_keys([3, 3]))
    assert again.tolist() == [0, 0]
    assert index.columns["count"][0] == -1
    assert index.columns["halves"][0].tolist() == [7, 7, 7]


@given(st.lists(st.integers(0, 300), max_size=200), st.lists(st.integers(0, 200)))
@settings(deadline=None)
def test_batches_leave_no_trace(numbers: list[int], cuts: list[int]) -> None:
    """Keys have the same rows, however they are cut, though half of them share a place in the index."""
    keys = _keys([number << 20 if number % 2 else number * 0x9E3779B9 for number in numbers])
    whole, cut = IdentifierIndex({}, 10), IdentifierIndex({}, 10)
    expected = whole.find_or_append(keys)[0].tolist()
    limits = sorted({0, *(each for each in cuts if each < len(keys)), len(keys)})
    found = []
    for start, end in pairwise(limits):
        found += cut.find_or_append(keys[start:end])[0].tolist()
    assert found == expected


def test_an_index_grows_beyond_its_capacity() -> None:
    """It holds what comes, in steps that are small beyond the capacity, and finds all of it."""
    index = IdentifierIndex({}, 5_000)
    keys = np.random.default_rng(1).integers(0, 2**64, 40_000, dtype=np.uint64)
    for start in range(0, len(keys), 3_000):
        index.find_or_append(np.concatenate([keys[start : start + 3_000], keys[:10]]))
    assert index.find(keys).tolist() == [*range(40_000)]
    assert index.nbytes <= 40_000 * 8 + 4_096 * 8 + 4 * 2**17


def test_nothing_asked_is_nothing_found() -> None:
    """Neither an empty batch nor an empty index is a special case."""
    index = IdentifierIndex(TYPES, 10)
    assert index.find(_keys([3])).tolist() == [-1]
    rows, first = index.find_or_append(_keys([]))
    assert (rows.tolist(), first.tolist(), index.size) == ([], [], 0)
    assert index.retain(np.zeros(0, dtype=np.bool_)).tolist() == []


@pytest.mark.parametrize("broken", ["time", "count", "halves"])
def test_rows_of_other_columns_are_refused(broken: str) -> None:
    """Of another type, of another shape, or not there: the index says so, and is empty."""
    index = IdentifierIndex(TYPES, 10)
    index.append(_keys([1, 2]))
    state = index.snapshot()
    shown = np.zeros(2, dtype=np.bool_)
    for wrong in (state[broken].astype(np.float32), state[broken][:1], None):
        index.append(_keys([9]))
        with pytest.raises(StateError, match=f"another column {broken}"):
            index.load(state | {broken: wrong}, hidden=shown)
        assert index.size == 0
        assert index.find(_keys([1])).tolist() == [-1]
