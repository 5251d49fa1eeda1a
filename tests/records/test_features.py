"""The features of a batch: numeric ones are a matrix, and all of them together a mapping of columns."""

from __future__ import annotations

from itertools import chain

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from model_drift_exporter.records.columns import Column, Numbers, TextPool, Texts, typed
from model_drift_exporter.records.features import Features
from model_drift_exporter.records.raw_values import numbers
from tests.support.raw_values import JSON

SIZE = 4
NUMBERS = st.lists(st.one_of(st.none(), st.floats(allow_nan=False)), min_size=SIZE, max_size=SIZE)
TEXTS = st.lists(st.one_of(st.none(), st.text(max_size=2)), min_size=SIZE, max_size=SIZE)
INVALID = st.sets(st.integers(0, SIZE - 1)).map(
    lambda wrong: Numbers(
        np.array([np.nan if index in wrong else index / 2 for index in range(SIZE)]),
        np.array([*sorted(wrong)], np.int64),
    )
)
RAW = st.lists(JSON, min_size=SIZE, max_size=SIZE)
COLUMNS: st.SearchStrategy[dict[str, Column]] = st.dictionaries(
    st.sampled_from("abcde"), st.one_of(NUMBERS, TEXTS, RAW, INVALID), max_size=5
)


def as_lists(features: Features) -> dict[str, list[object]]:
    return {name: [*column] for name, column in features.items()}


@given(COLUMNS)
def test_features_are_a_mapping_of_typed_columns(columns: dict[str, Column]) -> None:
    """In the order that they were given in; each is what it would be as a column of its own."""
    features = Features.of(columns, SIZE)
    assert [*features] == [*features.names] == [*columns]
    assert len(features) == len(columns)
    for name, values in columns.items():
        column = typed(values)
        assert [*features[name]] == [*column]
        assert type(features[name]) is type(column)
        assert isinstance(column, Numbers) == (name in features.rows)
    assert "z" not in features
    with pytest.raises(KeyError):
        features["z"]


@given(COLUMNS)
def test_the_matrix_has_a_row_for_each_numeric_feature(columns: dict[str, Column]) -> None:
    """NaN where a value is missing or no number; the latter are listed for the features that have such."""
    features = Features.of(columns, SIZE)
    assert features.numbers.shape == (len(features.rows), SIZE)
    assert sorted(features.rows.values()) == [*range(len(features.rows))]
    assert features.names == tuple(name for name in columns if name in features.rows or name in features.others)
    for name, row in features.rows.items():
        found, invalid = numbers(typed(columns[name]))
        np.testing.assert_array_equal(features.numbers[row], found)
        assert features.invalid.get(name, np.empty(0)).tolist() == invalid
        assert (name in features.invalid) == bool(invalid)


@given(COLUMNS, st.lists(st.integers(0, SIZE - 1), max_size=6), st.slices(SIZE))
def test_taking_is_as_from_each_column(columns: dict[str, Column], indexes: list[int], cut: slice) -> None:
    """The matrix, what is invalid and the other columns stay together."""
    features = Features.of(columns, SIZE)
    whole = as_lists(features)
    part = features.take(np.array(indexes, dtype=np.int64))
    assert as_lists(part) == {name: [values[index] for index in indexes] for name, values in whole.items()}
    assert as_lists(features.take(cut)) == {name: values[cut] for name, values in whole.items()}
    assert part.names == features.names
    assert part.rows == features.rows
    assert all(len(each) for each in part.invalid.values())
    # What was taken from is as before.
    assert as_lists(features) == whole


@given(st.lists(COLUMNS, min_size=1, max_size=4))
def test_a_feature_that_a_part_lacks_is_missing_there(parts: list[dict[str, Column]]) -> None:
    """Of the parts together each feature has as many values as there are records, those of each part in their place."""
    batches = [Features.of(columns, SIZE) for columns in parts]
    whole = Features.joined(batches, [SIZE] * len(parts), text=False)
    names = [*dict.fromkeys(chain.from_iterable(parts))]
    assert [*whole.names] == names
    assert whole.numbers.shape == (len(whole.rows), SIZE * len(parts))
    nothing: list[object] = [None] * SIZE
    for name in names:
        assert [*whole[name]] == [*chain.from_iterable(batch.get(name, nothing) for batch in batches)]
    assert all(len(each) for each in whole.invalid.values())


@given(COLUMNS, st.integers(1, 3))
def test_parts_with_the_same_columns_keep_their_types(columns: dict[str, Column], times: int) -> None:
    """The usual case, chunks of one log: a matrix behind a matrix, texts of one pool."""
    batch = Features.of(columns, SIZE)
    whole = Features.joined([batch] * times, [SIZE] * times, text=False)
    assert whole.rows == batch.rows
    assert as_lists(whole) == {name: values * times for name, values in as_lists(batch).items()}
    for name, column in batch.others.items():
        joined = whole.others[name]
        assert not isinstance(column, Texts) or (isinstance(joined, Texts) and joined.pool is column.pool)


def test_parts_may_have_the_same_features_in_another_order() -> None:
    """Rows of the matrix are found by name."""
    first = Features.of({"a": [1.0], "b": [2.0], "c": ["x"]}, 1)
    second = Features.of({"b": [4.0], "c": ["y"], "a": [3.0]}, 1)
    whole = Features.joined([first, second], [1, 1], text=False)
    assert as_lists(whole) == {"a": [1, 3], "b": [2, 4], "c": ["x", "y"]}


def test_a_feature_that_is_numeric_in_one_part_only_is_raw_in_all() -> None:
    """Values of both types stay as they are; no number becomes text."""
    whole = Features.joined([Features.of({"a": [1.5, None]}, 2), Features.of({"a": ["x", 2.5]}, 2)], [2, 2], text=False)
    assert (whole.rows, as_lists(whole)) == ({}, {"a": [1.5, None, "x", 2.5]})


def test_cells_of_csv_stay_strings_beside_numbers() -> None:
    """Of two logs of one model one may know that a feature is numeric, and the other not: together they are cells again."""
    known = Features.of_typed(
        {"a": Numbers(np.array([7.0, 0.25, np.nan, np.nan]), np.array([3])), "b": Texts.of(["x", None, "", "y"])}, 4
    )
    for cells in ({"a": ["1.5", ""], "b": ["z", ""]}, {"b": ["z", ""], "a": ["1.5", ""]}):
        unknown = Features.of_typed(cells, 2)
        whole = Features.joined([known, unknown], [4, 2], text=True)
        assert {type(value) for column in whole.values() for value in column} == {str}
        assert [*whole["b"]] == ["x", "", "", "y", "z", ""]
        found, invalid = numbers(whole["a"], text=True)
        np.testing.assert_array_equal(found, [7, 0.25, np.nan, np.nan, 1.5, np.nan])
        assert invalid == [3]
        assert whole["a"][0] == "7"


def test_no_features_are_features() -> None:
    """Such as those of a batch of labels alone."""
    features = Features.of({}, 3)
    assert (len(features), features.numbers.shape, features.take(np.array([0])).numbers.shape) == (0, (0, 3), (0, 1))
    assert Features.joined([features, features], [3, 3], text=True).numbers.shape == (0, 6)


def test_texts_keep_the_pool_of_their_stream() -> None:
    """Codes of all batches of a stream mean the same texts."""
    pool = TextPool()
    first, second = (Features.of_typed({"a": Texts.of(values, pool)}, 2) for values in (["x", "y"], ["y", "z"]))
    whole = Features.joined([first, second], [2, 2], text=False)["a"]
    assert isinstance(whole, Texts)
    assert (whole.pool is pool, whole.codes.tolist()) == (True, [0, 1, 1, 2])
