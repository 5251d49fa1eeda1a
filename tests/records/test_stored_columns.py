"""Columns in snapshots."""

from __future__ import annotations

import math

import msgspec
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from model_drift_exporter.records.batches import RecordBatch, plain
from model_drift_exporter.records.columns import Column, Identifiers, Numbers, TextPool, Texts, typed
from model_drift_exporter.records.fields import FIELDS
from model_drift_exporter.records.stored_columns import loaded, storable, stored
from tests.support.raw_values import COLUMNS


def again(column: Column) -> Column:
    return loaded(msgspec.msgpack.decode(msgspec.msgpack.encode(stored(column), enc_hook=np.ndarray.tolist)))


@given(COLUMNS.map(typed))
def test_a_column_comes_back(column: Column) -> None:
    """Of the type that it had, with the same values; whole numbers beyond 64 bits are floats, halves of surrogates replaced."""
    kept = again(column)
    assert type(kept) is type(column)
    np.testing.assert_equal([*kept], [storable(value) for value in column])


@given(st.lists(st.tuples(st.integers(0, 2**64 - 1), st.booleans()), max_size=5))
def test_identifiers_come_back(pairs: list[tuple[int, bool]]) -> None:
    """All 64 bits of a hash."""
    hashes = np.array([value for value, _ in pairs], dtype=np.uint64)
    column = Identifiers(hashes, np.array([known for _, known in pairs], dtype=np.bool_))
    kept = again(column)
    assert isinstance(kept, Identifiers)
    assert [*kept] == [*column]


def test_invalid_values_come_back() -> None:
    """As what they are, not as missing ones."""
    assert [*again(Numbers(np.array([1.5, np.nan, np.nan]), np.array([2])))] == [1.5, None, []]


def test_only_texts_that_are_used_are_stored() -> None:
    """A pool may hold ten thousand of other batches."""
    pool = TextPool()
    Texts.of(["of before"], pool)
    column = Texts.of(["a", None, "a"], pool)
    assert stored(column)["texts"] == ["a", None]
    assert [*again(column)] == ["a", None, "a"]


@pytest.mark.parametrize(
    ("value", "kept"),
    [
        (2**64 - 1, 2**64 - 1),
        (-(2**63), -(2**63)),
        (2**64, 2.0**64),
        (-(2**63) - 1, -(2.0**63)),
        (10**400, math.inf),
        (-(10**400), -math.inf),
        (True, True),
        ("\ud800", "?"),
        ({"\ud800": [2**64, None]}, {"?": [2.0**64, None]}),
    ],
)
def test_what_a_snapshot_cannot_hold(value: object, kept: object) -> None:
    """Becomes what monitors read it as."""
    assert storable(value) == kept
    assert type(storable(value)) is type(kept)


def test_no_field_has_the_name_of_another_part_of_a_batch() -> None:
    """A batch is kept as one mapping: its fields by their names, and what is no field beside them."""
    others = plain(RecordBatch.of(1, {"a": [1.0]}))
    assert others is not None
    assert others.keys() == {"size", "text", "line", "features"}
    assert not others.keys() & FIELDS.keys()
