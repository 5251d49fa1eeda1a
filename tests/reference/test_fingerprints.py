"""Fingerprints of records: alike where all values are, whatever the batch, and one column can be left out."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray

from model_drift_exporter.records.batches import RecordBatch
from tests.reference.mixed_columns import BINNER

_ROWS = st.tuples(
    st.sampled_from(["free", "gold", "?", None]),
    st.sampled_from([0, 1, 2.5, 7, 1e9, None, "x"]),
    st.sampled_from([0.0, 0.25, 0.5, 2, None]),
    st.sampled_from(["no", "yes"]),
)
_Row = tuple[Any, Any, Any, str]


def _batch(rows: list[_Row]) -> RecordBatch:
    plan, age, income, prediction = (list(column) for column in zip(*rows, strict=True))
    return RecordBatch.of(len(rows), {"plan": plan, "age": age, "income": income}, prediction=prediction)


def _of(rows: list[_Row]) -> list[int]:
    batch = _batch(rows)
    return [*map(int, BINNER.fingerprints.of(batch, BINNER.cells(batch)[0]))]


def _meaning(row: _Row) -> tuple[object, ...]:
    """A category without a bin is any other, and what is no number is no value."""
    plan, age, income, prediction = row
    return (plan, None if isinstance(age, str) else age, income, prediction)


@given(st.lists(_ROWS, min_size=1, max_size=30))
def test_records_alike_and_no_others_have_the_same(rows: list[_Row]) -> None:
    """Small whole numbers too, of which only the first bits differ."""
    found: dict[tuple[object, ...], int] = {}
    for row, fingerprint in zip(rows, _of(rows), strict=True):
        assert found.setdefault(_meaning(row), fingerprint) == fingerprint
    assert len({*found.values()}) == len(found)


@given(st.lists(_ROWS, min_size=2, max_size=10), st.data())
def test_batches_do_not_matter(rows: list[_Row], data: st.DataObject) -> None:
    """A value that is no number, or a feature that no record of a batch has, must not change those of others."""
    cut = data.draw(st.integers(1, len(rows) - 1))
    assert _of(rows) == _of(rows[:cut]) + _of(rows[cut:])
    absent = [(plan, None, income, prediction) for plan, _, income, prediction in rows]
    batch = _batch(absent)
    bare = RecordBatch.of(
        len(rows), {name: batch.features[name] for name in ("plan", "income")}, prediction=[row[3] for row in rows]
    )
    assert BINNER.fingerprints.of(bare, BINNER.cells(bare)[0]).tolist() == _of(absent)


@pytest.mark.parametrize("feature", [0, 1, 2])
def test_one_feature_can_be_left_out(feature: int) -> None:
    """Less its term, the fingerprints of two records that differ in nothing else are the same."""
    one: _Row = ("free", 1, 0.5, "no")
    values: list[Any] = [*one]
    values[feature] = ["gold", 2, 0.75][feature]
    batch = _batch([one, (values[0], values[1], values[2], values[3])])
    cells = BINNER.cells(batch)[0]
    terms: list[NDArray[np.uint64]] = [term.copy() for term in BINNER.fingerprints.terms(batch, cells)]
    assert len(terms) == BINNER.fingerprints.features + 1
    rest = BINNER.fingerprints.of(batch, cells) - terms[feature]
    assert rest[0] == rest[1]


def test_numbers_on_a_grid_are_told_apart() -> None:
    """Of thousands of records of small whole numbers none has the fingerprint of another."""
    rows: list[_Row] = [("free", age, income, "no") for age in range(300) for income in range(300)]
    assert len({*_of(rows)}) == len(rows)
