"""Typed columns are sequences of the raw values that they stand for; plain lists are the oracle."""

from __future__ import annotations

import math
import tracemalloc
from collections.abc import Callable
from itertools import chain
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from model_drift_exporter.records import columns
from model_drift_exporter.records.columns import (
    Column,
    Identifiers,
    Numbers,
    TextPool,
    Texts,
    bytes_of,
    concatenated,
    joined,
    taken,
    typed,
)
from model_drift_exporter.records.raw_values import numbers, text_of
from tests.support.raw_values import COLUMNS

MISSING_OR_FLOAT = st.one_of(st.none(), st.floats(allow_nan=False))
MISSING_OR_TEXT = st.one_of(st.none(), st.sampled_from(["", "a", "b", "true"]), st.text(max_size=3))
MISSING_OR_HASH = st.one_of(st.none(), st.integers(0, 2**64 - 1))


def numbers_of(values: list[Any]) -> Numbers:
    """``None`` is missing, ``[]`` is no number."""
    array = np.array([math.nan if value is None or value == [] else value for value in values], dtype=np.float64)
    return Numbers(array, np.array([index for index, value in enumerate(values) if value == []], dtype=np.int64))


def identifiers_of(values: list[Any]) -> Identifiers:
    known = np.array([value is not None for value in values], dtype=np.bool_)
    return Identifiers(np.array([value or 0 for value in values], dtype=np.uint64), known)


NUMBERS = st.lists(st.one_of(MISSING_OR_FLOAT, st.just([])), max_size=12).map(numbers_of)
TEXTS = st.lists(MISSING_OR_TEXT, max_size=12).map(Texts.of)
IDENTIFIERS = st.lists(MISSING_OR_HASH, max_size=12).map(identifiers_of)
RAW = st.lists(st.one_of(st.none(), st.booleans(), st.integers(), st.just({"a": 1}), st.text(max_size=2)), max_size=12)
ANY: st.SearchStrategy[Column] = st.one_of(NUMBERS, TEXTS, IDENTIFIERS, RAW)


@pytest.mark.parametrize(
    ("values", "of"),
    [
        ([1.5, None, [], -0.0, math.inf], numbers_of),
        (["a", None, "", "a", "b"], Texts.of),
        ([5, None, 2**64 - 1, 0, 6], identifiers_of),
    ],
)
def test_a_typed_column_is_a_sequence_of_raw_values(values: list[Any], of: Any) -> None:
    """It has their length, order and equality; code that looks at single values need not know its type."""
    column = of(values)
    assert [*column] == values
    assert (len(column), column[1], column[-1]) == (5, None, values[-1])
    assert [column[index] for index in range(-5, 5)] == values * 2
    assert [*column[1:4]] == values[1:4]
    assert type(column[1:4]) is type(column)
    assert column == values
    assert values == column
    assert column == tuple(values)
    assert column != values[:4]
    assert (values[2] in column, column.index(values[4]), [*reversed(column)]) == (True, 4, values[::-1])
    assert [*of([])] == []
    with pytest.raises(IndexError):
        column[5]
    with pytest.raises(TypeError):
        hash(column)


@given(ANY, st.data())
def test_taking_is_as_from_a_list(column: Column, data: st.DataObject) -> None:
    """By an array of indexes, also repeated and from the end, or by a slice; the type stays."""
    values = [*column]
    chosen: list[int] = []
    if values:
        chosen = data.draw(st.lists(st.integers(-len(values), len(values) - 1), max_size=15))
    part = taken(column, np.array(chosen, dtype=np.int64))
    assert [*part] == [values[index] for index in chosen]
    cut = data.draw(st.slices(len(values)))
    assert [*taken(column, cut)] == values[cut]
    assert type(part) is type(taken(column, cut)) is type(column)
    # What is taken again from a part is what it is in the part.
    assert [*taken(part, slice(None, None, -1))] == [*part][::-1]


@given(st.lists(ANY, min_size=1, max_size=5))
def test_columns_one_behind_the_other_are_as_lists(parts: list[Column]) -> None:
    """The values are those of the parts, in order, whatever the types; parts of one type stay of it."""
    whole = concatenated(parts)
    assert [*whole] == [*chain.from_iterable(parts)]
    kinds = {type(part) for part in parts}
    if len(kinds) == 1:
        assert type(whole) is kinds.pop()


@given(st.lists(TEXTS, min_size=1, max_size=4), st.integers(0, 3), st.integers(1, 5))
def test_texts_stay_texts_beside_what_is_missing_throughout(parts: list[Texts], place: int, size: int) -> None:
    """A chunk without any value could be of any type; beside texts it is texts, beside numbers it is numbers."""
    nothing = typed([None] * size)
    given: list[Column] = [*parts]
    given.insert(place, nothing)
    whole = concatenated(given)
    assert isinstance(whole, Texts)
    assert [*whole] == [*chain.from_iterable(given)]
    assert isinstance(concatenated([nothing, numbers_of([1.0])]), Numbers)
    # A value that is no number is not missing.
    assert isinstance(concatenated([parts[0], numbers_of([[]])]), list)


@given(ANY, st.lists(st.one_of(ANY, st.integers(0, 5)), max_size=4))
def test_a_part_without_the_column_is_missing(first: Column, rest: list[Column | int]) -> None:
    """As many missing values as the part has records, in its place among the others."""
    for parts in ([first, *rest], [*rest, first]):
        given_columns = [None if isinstance(part, int) else part for part in parts]
        sizes = [part if isinstance(part, int) else len(part) for part in parts]
        whole = joined(given_columns, sizes, text=False)
        expected = [[None] * part if isinstance(part, int) else [*part] for part in parts]
        assert [*whole] == [*chain.from_iterable(expected)]


CELLS = st.lists(st.sampled_from(["", "1.5", "007", "gold", "nan"]), max_size=12)


@given(st.lists(st.one_of(CELLS, CELLS, NUMBERS, TEXTS, st.integers(0, 3)), max_size=4), CELLS)
def test_columns_of_csv_of_several_types_are_cells_together(parts: list[Column | int], cells: list[str]) -> None:
    """Strings, as whoever reads untyped columns of CSV expects; they say the same as the columns did."""
    parts.append(cells)
    given_columns = [None if isinstance(part, int) else part for part in parts]
    sizes = [part if isinstance(part, int) else len(part) for part in parts]
    whole = joined(given_columns, sizes, text=True)
    assert {type(value) for value in whole} <= {str}
    found, invalid = numbers(whole, text=True)
    wrong = np.zeros(len(whole), dtype=np.bool_)
    wrong[invalid] = True
    start = 0
    for part, size in zip(parts, sizes, strict=True):
        own: Column = [""] * size if isinstance(part, int) else part
        array, own_invalid = numbers(own, text=True)
        np.testing.assert_array_equal(found[start : start + size], array)
        assert np.flatnonzero(wrong[start : start + size]).tolist() == own_invalid
        start += size


@given(COLUMNS)
def test_what_is_typed_means_the_same(values: list[object]) -> None:
    """To whoever asks for texts or for numbers: of any JSON values, whether a type was found for them or not."""
    column = typed(values)
    assert typed(column) is column
    assert [*map(text_of, column)] == [*map(text_of, values)]
    array, invalid = numbers(values)
    found, wrong = numbers(column)
    np.testing.assert_array_equal(found, array)
    assert wrong == invalid


@pytest.mark.parametrize(
    ("values", "kind"),
    [
        ([1, 2.5, None, math.nan], Numbers),
        ([None, None], Numbers),
        ([], Numbers),
        (["a", None], Texts),
        ([True, None, "a"], Texts),
        ([1, "a"], list),
        ([True, 1], list),
        ([[1]], list),
        ([2**53 - 1, -(2**53) + 1], Numbers),
        ([2**53 + 1, 1.0], list),
        ([-(2**53)], list),
        ([10**400], list),
        ([1e300], Numbers),
    ],
)
def test_which_columns_are_typed(values: list[object], kind: type) -> None:
    """Those of one type; a whole number that a float cannot hold to the last digit leaves all as they are."""
    column = typed(values)
    assert type(column) is kind
    assert kind is not list or column is values


def test_a_bool_is_the_text_that_it_is_everywhere() -> None:
    """Beside texts as well as alone."""
    assert [*typed([True, None, False, "x", "true"])] == ["true", None, "false", "x", "true"]


@given(st.lists(st.lists(MISSING_OR_TEXT, max_size=6), max_size=6))
def test_a_pool_goes_on_from_batch_to_batch(batches: list[list[str | None]]) -> None:
    """A text has one code in all batches, and codes that are given stay: a column of before reads as before."""
    pool = TextPool()
    found = [Texts.of(values, pool) for values in batches]
    assert [[*column] for column in found] == batches
    codes = [
        dict(zip(values, column.codes.tolist(), strict=True)) for values, column in zip(batches, found, strict=True)
    ]
    merged = dict(chain.from_iterable(each.items() for each in codes))
    assert all(each.items() <= merged.items() for each in codes)
    assert len(pool) == len(pool.texts) == len({*chain.from_iterable(batches)} - {None})
    if found:
        whole = concatenated(found)
        assert isinstance(whole, Texts)
        assert whole.pool is pool


@given(st.lists(st.lists(MISSING_OR_TEXT, max_size=6), min_size=2, max_size=5))
def test_texts_of_several_pools_are_joined_in_one(batches: list[list[str | None]]) -> None:
    """Only texts that a column uses come into the pool of the first: what a pool held before is not carried along."""
    used = Texts.of(["of another batch"])
    found = [Texts.of(values) for values in batches[:-1]]
    found.append(Texts.of(batches[-1], used.pool))
    whole = concatenated(found)
    assert isinstance(whole, Texts)
    assert [*whole] == [*chain.from_iterable(batches)]
    assert whole.pool is found[0].pool
    assert "of another batch" not in whole.pool.texts
    # Those joined read as before.
    assert [[*column] for column in found] == batches


def test_a_pool_is_full_at_its_most_texts_or_characters(monkeypatch: pytest.MonkeyPatch) -> None:
    """Repeated and missing ones do not count. What is full still takes texts: a batch is never cut in two."""
    monkeypatch.setattr(columns, "_MOST_TEXTS", 3)
    monkeypatch.setattr(columns, "_MOST_CHARACTERS", 10)
    for first, second in ((["a", None, "b", "a", None, "b"], ["c", "d"]), (["123456789", "123456789"], ["0"])):
        pool, full = TextPool(), []
        for values in (first, second):
            assert [*Texts.of(values, pool)] == values
            full.append(pool.full)
        assert full == [False, True]


@given(st.lists(MISSING_OR_TEXT, max_size=12), st.permutations(["b", "x", "", "a"]))
def test_distinct_texts_come_by_their_first_occurrence(values: list[str | None], before: list[str]) -> None:
    """Whatever the pool held before; the missing one is one of them."""
    pool = TextPool()
    pool.code(before)
    texts, places = Texts.of(values, pool).distinct()
    assert texts == [*dict.fromkeys(values)]
    assert [texts[place] for place in places.tolist()] == values


@given(NUMBERS, st.data())
def test_invalid_values_stay_with_their_place(column: Numbers, data: st.DataObject) -> None:
    """Ascending, in range, and NaN, also after taking and joining: missing and invalid are never taken for each other."""
    size = len(column)
    chosen = data.draw(st.lists(st.integers(0, size - 1), max_size=9)) if size else []
    whole = concatenated([column.take(np.array(chosen, dtype=np.int64)), numbers_of([1.0]), column])
    assert isinstance(whole, Numbers)
    invalid = whole.invalid.tolist()
    assert invalid == sorted(set(invalid))
    assert [value == [] for value in whole] == [index in invalid for index in range(len(whole))]
    assert np.isnan(whole.values[whole.invalid]).all()


def _embeddings(size: int) -> Column:
    return [[place + element / 7 for element in range(1_500)] for place in range(size)]


def _scores(size: int) -> Column:
    return [{f"class {number}": place + number / 7 for number in range(1_000)} for place in range(size)]


def _nested(size: int) -> Column:
    return tuple([{"a": [place + element / 7 for element in range(50)]} for _ in range(20)] for place in range(size))


def _long_texts(size: int) -> Column:
    return typed([f"{place:>20000}" for place in range(size)])


def _raw_texts(size: int) -> Column:
    return [f"{place:>20000}" if place % 2 else {"text": [f"{place:>20000}"]} for place in range(size)]


def _names(size: int) -> Column:
    return [{f"{place:>20000}": True} for place in range(size)]


@pytest.mark.parametrize("make", [_embeddings, _scores, _nested, _long_texts, _raw_texts, _names])
def test_the_bytes_of_a_column_are_about_what_it_takes(make: Callable[[int], Column]) -> None:
    """Whatever its values are made of: within a factor of two of what Python allocates."""
    make(1)
    tracemalloc.start()
    try:
        column = make(50)
        taken_now, _ = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert taken_now / 2 < bytes_of(column) < taken_now * 2


@given(NUMBERS, TEXTS, IDENTIFIERS)
def test_arrays_are_counted_to_the_byte(floats: Numbers, texts: Texts, identifiers: Identifiers) -> None:
    """Of texts also the characters, which each use counts, but all together no more than the pool has."""
    assert bytes_of(floats) == 8 * (len(floats) + len(floats.invalid))
    assert bytes_of(identifiers) == 9 * len(identifiers)
    each = [len(str(text)) for text in texts if text is not None]
    assert bytes_of(texts) == 4 * len(texts) + min(sum(each), sum(map(len, texts.pool.texts)))


def test_what_other_batches_say_is_not_counted() -> None:
    """A pool holds texts of many, and a text that is repeated is there once."""
    pool = TextPool()
    Texts.of(["x" * 1_000], pool)
    assert bytes_of(Texts.of(["a", None, "bcd"], pool)) == 12 + 4
    assert bytes_of(Texts.of(["y" * 1_000] * 500, pool)) == 2_000 + 2_004
