"""Columns of one stream, typed chunk by chunk."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from model_drift_exporter.formats.column_types import ColumnTypes
from model_drift_exporter.records import columns as records_columns
from model_drift_exporter.records.columns import Column, Identifiers, Numbers, Texts
from model_drift_exporter.records.raw_values import numbers, text_of
from tests.support.raw_values import JSON

JSON_COLUMNS = st.integers(1, 5).flatmap(
    lambda size: st.dictionaries(st.sampled_from("abcd"), st.lists(JSON, min_size=size, max_size=size), min_size=1)
)
CELLS = st.sampled_from(["", "0", "7", "007", "1.5", "gold", "nan", "n/a", "1_0"])
CSV_COLUMNS = st.integers(1, 5).flatmap(
    lambda size: st.dictionaries(st.sampled_from("abcd"), st.lists(CELLS, min_size=size, max_size=size), min_size=1)
)
NAMES = st.frozensets(st.sampled_from("abcde"))


def size_of(columns: dict[str, list[Any]]) -> int:
    return len(next(iter(columns.values())))


def sure_of(column: Column) -> str:
    kinds = {type(value) for value in column} - {type(None)}
    return {frozenset({float}): "number", frozenset({str}): "text"}.get(frozenset(kinds), "any")


@given(JSON_COLUMNS, NAMES, st.booleans())
def test_features_mean_what_their_values_do(
    columns: dict[str, list[object]], numeric: frozenset[str], told: bool
) -> None:
    """Whether the decoder has told their types or not; a feature that is numeric by its references is looked at as a number."""
    sure = {name: sure_of(column) for name, column in columns.items()} if told else {}
    features = ColumnTypes().features(columns, size_of(columns), sure=sure, numeric=numeric)
    assert [*features] == [*columns]
    assert features.numbers.shape == (len(features.rows), size_of(columns))
    for name, values in columns.items():
        column = features[name]
        found, invalid = numbers(values)
        array, wrong = numbers(column)
        np.testing.assert_array_equal(array, found)
        assert wrong == invalid
        if name not in numeric:
            assert [*map(text_of, column)] == [*map(text_of, values)]
        elif sure.get(name) != "text":
            assert isinstance(column, Numbers)


@given(CSV_COLUMNS, NAMES, NAMES)
def test_features_of_csv_are_what_their_references_say(
    columns: dict[str, list[str]], numeric: frozenset[str], categorical: frozenset[str]
) -> None:
    """Numbers, or texts in which an empty cell is missing; a feature that no reference knows stays in cells."""
    categorical -= numeric
    features = ColumnTypes(text=True).features(
        columns, size_of(columns), sure={}, numeric=numeric, categorical=categorical
    )
    assert [*features] == [*columns]
    for name, cells in columns.items():
        column = features[name]
        array, wrong = numbers(column, text=True)
        found, invalid = numbers(cells, text=True)
        np.testing.assert_array_equal(array, found)
        assert wrong == invalid
        if name in numeric:
            assert isinstance(column, Numbers)
        elif name in categorical:
            assert isinstance(column, Texts)
            assert [*column] == [cell or None for cell in cells]
        else:
            assert column is cells


def test_fields_are_typed_by_what_they_hold() -> None:
    """In CSV a number is read out of its cell."""
    for types, latency in ((ColumnTypes(), [0.5, "x"]), (ColumnTypes(text=True), ["0.5", "x"])):
        column = types.field("latency", latency)
        assert isinstance(column, Numbers)
        assert [*column] == [0.5, []]
        assert isinstance(types.field("id", ["7"]), Identifiers)
        assert isinstance(types.field("prediction", ["yes"]), Texts)


def test_chunks_of_one_stream_share_the_pool_of_a_column(monkeypatch: pytest.MonkeyPatch) -> None:
    """Of each field and feature one, also if both have one name; a full one is followed by another, and stays as it was."""
    monkeypatch.setattr(records_columns, "_MOST_TEXTS", 3)
    types = ColumnTypes()
    chunks = [["a", "b"], ["b", "c"], ["d", "a"]]
    found = [types.field("label", chunk) for chunk in chunks]
    features = [types.features({"label": chunk}, 2, sure={"label": "text"})["label"] for chunk in chunks]
    for columns in (found, features):
        first, second, third = columns
        assert isinstance(first, Texts)
        assert isinstance(second, Texts)
        assert isinstance(third, Texts)
        assert first.pool is second.pool is not third.pool
        assert (first.codes.tolist(), second.codes.tolist(), third.codes.tolist()) == ([0, 1], [1, 2], [0, 1])
        assert [[*column] for column in columns] == chunks
    assert isinstance(found[0], Texts)
    assert isinstance(features[0], Texts)
    assert found[0].pool is not features[0].pool
    assert types.pool("a") is types.pool("a")
    assert types.pool("a") is not types.pool("b")


def test_numbers_of_a_chunk_are_one_matrix() -> None:
    """Those that the decoder has told and those found by their references or their values, each at its row."""
    columns: dict[str, Column] = {"c": ["x", 2.0], "t": ["x", "y"], "a": [1.0, None], "b": [True, 3.0], "d": [4.0, 5.0]}
    features = ColumnTypes().features(
        columns, 2, sure={"a": "number", "t": "text", "b": "any", "c": "any"}, numeric=frozenset("c")
    )
    assert features.numbers.shape == (3, 2)
    assert {name: [*features[name]] for name in features} == {
        "c": [[], 2.0],
        "t": ["x", "y"],
        "a": [1.0, None],
        "b": [True, 3.0],
        "d": [4.0, 5.0],
    }
    assert {name: each.tolist() for name, each in features.invalid.items()} == {"c": [0]}
