"""Which records are copies: as one record after the other would tell, in batches of any size."""

from __future__ import annotations

import math
from collections.abc import Sequence
from itertools import pairwise
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from model_drift_exporter.evidence.copy_table import CopyTable
from model_drift_exporter.records.batches import RecordBatch
from model_drift_exporter.reference.binner import Binner
from model_drift_exporter.reference.coded_batch import CodedBatch
from model_drift_exporter.reference.profile import FEATURE, Column, ReferenceProfile, numeric_column
from model_drift_exporter.reference.usual_copies import UsualCopies

_MINUTE = 60.0


def _column(name: str, missing: int = 0) -> Column:
    column = numeric_column(name, FEATURE, [0.0, 1e6])
    return Column(
        name=name,
        role=FEATURE,
        kind="numeric",
        counts=dict(zip(column.counts, [0, 1_000, 0, missing, 0], strict=True)),
        edges=column.edges,
    )


def _table(usual: UsualCopies, *columns: Column) -> tuple[CopyTable, Binner]:
    binner = Binner(ReferenceProfile(model="m", rows=1_000, task="regression", columns=[*columns] or [_column("x")]))
    return CopyTable(usual, binner.columns, binner.starts), binner


def _copies(table: CopyTable, binner: Binner, minutes: Sequence[float], **features: Sequence[Any]) -> list[bool]:
    size = len(minutes)
    batch = RecordBatch.of(size, {name: [*values] for name, values in features.items()})
    cells, _ = binner.cells(batch)
    time = np.array(minutes, dtype=np.float64) * _MINUTE
    coded = CodedBatch(binner, size, cells, time, time, np.ones(size, np.bool_), {}, batch.position, batch)
    found = table.copies(coded, np.floor(np.array(minutes)).astype(np.int64))
    return [False] * size if found is None else [bool(each) for each in found]


def test_a_second_record_alike_is_a_copy() -> None:
    """Within ten minutes by the clock; then it counts again, once."""
    table, binner = _table(UsualCopies(chance=1e-6))
    minutes = [0, 0, 1, 9.9, 10, 11, 25]
    assert _copies(table, binner, minutes, x=[5] * 7) == [False, True, True, True, False, True, False]
    assert _copies(table, binner, [26, 26, 27], x=[6, 5, 6]) == [False, True, True]


def test_what_is_usual_is_no_copy() -> None:
    """Twenty times the share of the records since the first; and as many as are together in the reference."""
    table, binner = _table(UsualCopies(chance=0.001))
    minutes, values = [0] * 1_000, [1 if number % 2 else 1_000 + number for number in range(1_000)]
    copies = _copies(table, binner, minutes, x=values)
    assert 1_000 - sum(copies) - 500 == 20  # of 998 records after the first, a fiftieth, and the first itself
    table, binner = _table(UsualCopies(chance=1e-6, together=5))
    assert _copies(table, binner, [0] * 7, x=[1] * 7) == [False] * 5 + [True] * 2


def test_what_is_common_has_a_share_of_its_own() -> None:
    """A record of which the reference has 2 % may have 40 %, another one may not."""
    _, binner = _table(UsualCopies(chance=0))
    batch = RecordBatch.of(1, {"x": [1]})
    common = int(binner.fingerprints.of(batch, binner.cells(batch)[0])[0])
    table, binner = _table(UsualCopies(chance=1e-6, common=[common], shares=[0.02]))
    values = [1, 2, 1, 2, *range(100, 106)] * 100
    copies = np.array(_copies(table, binner, [0] * 1_000, x=values))
    assert copies[np.array(values) == 1].mean() <= 0.01
    assert copies[np.array(values) == 2].mean() >= 0.99


def test_where_records_are_often_alike_none_is_a_copy() -> None:
    """As with three features of a few categories."""
    table, binner = _table(UsualCopies(chance=0.06))
    assert not any(_copies(table, binner, [0] * 100, x=[1] * 100))


def test_an_outage_makes_no_copies() -> None:
    """Records that lack what no row lacks, or more than rows do, are alike because of that."""
    columns = [_column("x", missing=50), _column("y", missing=50), _column("z")]
    table, binner = _table(UsualCopies(chance=1e-6, most_missing=1), *columns)
    ones = [1] * 3
    assert _copies(table, binner, [0] * 3, x=ones, y=ones, z=[None] * 3) == [False] * 3
    assert _copies(table, binner, [0] * 3, x=[None] * 3, y=[None] * 3, z=ones) == [False] * 3
    assert _copies(table, binner, [0] * 3, x=[None] * 3, y=ones, z=ones) == [False, True, True]
    assert _copies(table, binner, [0] * 3, x=["a", None, 1], y=ones, z=ones) == [False, True, False]


class _OneByOne:
    """The same for a record at a time, with a dictionary for the slots."""

    def __init__(self, binner: Binner, chance: float, together: int) -> None:
        self._binner, self._chance, self._together = binner, chance, together
        self._slots: dict[int, list[int]] = {}
        self._records = 0

    def copy(self, minute: int, value: int) -> bool:
        batch = RecordBatch.of(1, {"x": [value]})
        fingerprint = int(self._binner.fingerprints.of(batch, self._binner.cells(batch)[0])[0])
        number, self._records = self._records, self._records + 1
        found = self._slots.get(fingerprint >> 51)
        if found is None or found[:2] != [fingerprint, minute // 10]:
            self._slots[fingerprint >> 51] = [fingerprint, minute // 10, 1, number]
            return False
        if found[2] + 1 > self._together + math.floor(20 * self._chance * (number - found[3])):
            return True
        found[2] += 1
        return False


_STEPS = st.lists(st.tuples(st.sampled_from([0, 0, 0, 3, 11]), st.integers(0, 6)), min_size=1, max_size=80)
_COLLIDING = 9_000
"""So many values share some of 8,192 slots."""


@given(_STEPS, st.sampled_from([1e-6, 0.004, 0.02]), st.integers(1, 3), st.lists(st.integers(0, 80), max_size=4))
def test_batches_and_restarts_do_not_matter(
    steps: list[tuple[int, int]], chance: float, together: int, cuts: list[int]
) -> None:
    """As one record after the other."""
    usual = UsualCopies(chance=chance, together=together)
    table, binner = _table(usual)
    slow = _OneByOne(binner, chance, together)
    minutes = np.cumsum([step for step, _ in steps]).tolist()
    values = [value for _, value in steps]
    expected = [slow.copy(minute, value) for minute, value in zip(minutes, values, strict=True)]
    places = [0, *sorted(min(cut, len(steps)) for cut in cuts), len(steps)]
    found: list[bool] = []
    for first, last in pairwise(places):
        found += _copies(table, binner, minutes[first:last], x=values[first:last])
        state = table.snapshot()
        table, _ = _table(usual)
        table.restore(state)
    assert found == expected


def test_other_records_take_slots_over() -> None:
    """More records than slots: each batch is as one record after the other would have it, and a snapshot is small."""
    usual = UsualCopies(chance=1e-6)
    table, binner = _table(usual)
    slow = _OneByOne(binner, 1e-6, 1)
    random = np.random.default_rng(3)
    values = random.integers(0, _COLLIDING, 30_000).tolist()
    expected = [slow.copy(0, value) for value in values]
    found: list[bool] = []
    for first in range(0, len(values), 7_000):
        part = values[first : first + 7_000]
        found += _copies(table, binner, [0] * len(part), x=part)
    assert found == expected
    assert 0.3 < np.mean(found) < 0.9
    assert sum(np.asarray(each).nbytes for each in table.snapshot().values()) < 100 * 1_024


def test_a_state_that_does_not_fit_leaves_it_as_new() -> None:
    """Of other slots than there are."""
    table, binner = _table(UsualCopies(chance=1e-6))
    _copies(table, binner, [0, 0], x=[1, 2])
    state = table.snapshot()
    with pytest.raises(ValueError, match="another table"):
        table.restore(state | {"slot": np.array([8_192, 1], dtype=np.uint16)})
    assert not any(_copies(table, binner, [0, 0], x=[1, 2]))
