"""The table of a record's fields: what a column of each becomes."""

from __future__ import annotations

import importlib.util
from typing import Any

import msgspec
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from model_drift_exporter.formats.schema import FIELD_CANDIDATES, Schema
from model_drift_exporter.records.batches import LabelBatch, ModelBatch, RecordBatch
from model_drift_exporter.records.columns import Identifiers, Numbers, TextPool, Texts
from model_drift_exporter.records.fields import FIELDS, typed_field
from model_drift_exporter.records.identifiers import hash_identifiers
from model_drift_exporter.records.raw_values import numbers, text_of
from model_drift_exporter.records.times import parse_times
from tests.support.raw_values import COLUMNS

CELLS = st.lists(st.sampled_from(["", "0", "1.5", "7", "yes", "nan", "true", "2025-10-09T08:53:20Z"]), max_size=8)
SECRETS = [name for name, field in FIELDS.items() if field.holds == "secret"]
NESTED_ONLY = [name for name, field in FIELDS.items() if field.only_nested]


def test_the_fields_that_there_are() -> None:
    """Each holds one kind of value; what the model said, and what a label has too, is marked."""
    by_kind: dict[str, list[str]] = {}
    for name, field in FIELDS.items():
        by_kind.setdefault(field.holds, []).append(name)
    assert by_kind == {
        "time": ["time"],
        "identifier": ["id", "request_id"],
        "secret": ["caller"],
        "text": ["model", "version"],
        "class": ["prediction", "label", "action", "holdout", "segment"],
        "number": ["latency", "weight"],
        "score": ["score"],
        "scores": ["scores"],
    }
    assert [name for name, field in FIELDS.items() if field.output] == ["prediction", "score", "scores"]
    assert [name for name, field in FIELDS.items() if field.of_labels] == ["time", "id", "model", "label"]


@pytest.mark.parametrize("name", FIELDS)
@given(values=COLUMNS)
def test_each_field_is_typed_as_it_says(name: str, values: list[object]) -> None:
    """Of any JSON values, without an error; whoever reads the column finds what the raw values say."""
    column = typed_field(name, values, text=False)
    assert len(column) == len(values)
    assert typed_field(name, column, text=False) is column
    holds = FIELDS[name].holds
    if holds == "time":
        assert isinstance(column, Numbers)
        np.testing.assert_array_equal(column.values, parse_times(values))
        np.testing.assert_array_equal(parse_times(column), parse_times(values))
    elif holds == "identifier":
        assert isinstance(column, Identifiers)
        hashes, known = hash_identifiers(values)
        assert (column.hashes.tolist(), column.known.tolist()) == (hashes.tolist(), known.tolist())
        assert hash_identifiers(column) == (column.hashes, column.known)
    elif holds == "secret":
        assert isinstance(column, Identifiers)
        assert column.known.tolist() == hash_identifiers(values)[1].tolist()
    elif holds == "number":
        assert isinstance(column, Numbers)
        found, invalid = numbers(values)
        np.testing.assert_array_equal(column.values, found)
        assert column.invalid.tolist() == invalid
    elif holds == "scores":
        assert column is values
    else:
        assert isinstance(column, Numbers | Texts) or column is values
        assert [*map(text_of, column)] == [*map(text_of, values)]
        if holds != "text":
            np.testing.assert_array_equal(numbers(column)[0], numbers(values)[0])


@pytest.mark.parametrize("name", [name for name, field in FIELDS.items() if field.holds != "scores"])
@given(cells=CELLS)
def test_each_field_of_csv_is_typed(name: str, cells: list[str]) -> None:
    """An empty cell is missing, and a cell that can be read as a number is one where a number is asked for."""
    column = typed_field(name, cells, text=True)
    holds = FIELDS[name].holds
    if holds == "time":
        np.testing.assert_array_equal(parse_times(column), parse_times(cells))
    elif holds in ("identifier", "secret"):
        assert [value is not None for value in column] == [bool(cell) for cell in cells]
    elif holds in ("number", "score"):
        assert isinstance(column, Numbers)
        found, invalid = numbers(cells, text=True)
        np.testing.assert_array_equal(column.values, found)
        assert column.invalid.tolist() == invalid
    else:
        assert isinstance(column, Texts)
        assert [*column] == [cell or None for cell in cells]
        np.testing.assert_array_equal(numbers(column, text=True)[0], numbers(cells, text=True)[0])


def test_texts_go_into_the_pool_that_is_given() -> None:
    """So that codes mean the same from chunk to chunk."""
    pool = TextPool()
    for text in (False, True):
        column = typed_field("prediction", ["yes", "no"], text=text, pool=pool)
        assert isinstance(column, Texts)
        assert column.pool is pool
    model = typed_field("model", ["yes", 7], text=False, pool=pool)
    assert (len(pool), [*model]) == (3, ["yes", "7"])


def _loaded_again() -> Any:
    """The module as another process has it."""
    spec = importlib.util.find_spec("model_drift_exporter.records.fields")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@pytest.mark.parametrize("name", SECRETS)
def test_a_secret_is_hashed_by_a_salt_of_this_process(name: str) -> None:
    """The same caller has the same hash in all batches; nobody who hashes names finds it, and another process has others."""
    callers = ["ann", "bob", None, "ann", 7]
    column = typed_field(name, callers, text=False)
    assert isinstance(column, Identifiers)
    known = column.hashes[column.known].tolist()
    assert [value is None for value in column] == [False, False, True, False, False]
    assert known[0] == known[2]
    assert len(set(known)) == 3
    assert [*typed_field(name, ["bob"], text=True)] == [column[1]]
    public = {
        *hash_identifiers(callers)[0].tolist(),
        *hash_identifiers(hash_identifiers(callers)[0].tolist())[0].tolist(),
    }
    assert public.isdisjoint(known)
    assert [*_loaded_again().typed_field(name, ["ann"], text=False)] != [column[0]]


@pytest.mark.parametrize("name", SECRETS)
@pytest.mark.parametrize("text", [False, True])
def test_no_snapshot_holds_a_secret(name: str, text: bool) -> None:
    """Neither what it was nor its hash, of records and of labels; the other fields are kept."""
    fields: dict[str, Any] = {name: ["ann"], "id": ["7"], "label": ["yes"]}
    records = RecordBatch.of(1, {"age": ["41"]}, text=text, **fields)
    labels = LabelBatch.of(1, text=text, **fields)
    batch = ModelBatch(records, labels, np.array([5]), 0.0)
    state = batch.snapshot()
    for part in ("records", "labels"):
        assert name not in state[part]
        assert {"id", "label"} <= state[part].keys()
    saved = msgspec.json.encode(state, enc_hook=np.ndarray.tolist)
    (hashed,) = records.fields[name]
    assert b"ann" not in saved
    assert str(hashed).encode() not in saved
    kept = ModelBatch.restored(msgspec.json.decode(saved)).records
    assert kept is not None
    assert kept.fields.keys() == {"id", "label"}


@pytest.mark.parametrize("name", NESTED_ONLY)
def test_what_is_beside_features_is_no_such_field(name: str) -> None:
    """In a flat log a segment or a weight may well be a feature; it is, unless the configuration says otherwise."""
    for candidate in FIELDS[name].candidates:
        schema = Schema()
        schema.learn({candidate: 1, "age": 2, "prediction": 1})
        assert (name in schema.fields, [*schema.features]) == (False, [candidate, "age"])
        # Nor later, when records with an object of features come.
        schema.learn({candidate: 1, "features": {"age": 2}, "prediction": 1})
        assert name not in schema.fields
        nested = Schema()
        nested.learn({candidate: 1, "features": {"age": 2}, "prediction": 1})
        assert (nested.fields[name], [*nested.features]) == (candidate, ["age"])
        configured = Schema({name: candidate})
        configured.learn({candidate: 1, "age": 2, "prediction": 1})
        assert (configured.fields[name], [*configured.features]) == (candidate, ["age"])


def test_no_two_fields_look_for_one_name() -> None:
    """Which field a name is does not depend on the others that a record has."""
    names = [name for candidates in FIELD_CANDIDATES.values() for name in candidates]
    assert len(set(names)) == len(names)
    assert {*FIELD_CANDIDATES} == {*FIELDS, "features"}
