"""Structs that take only what features have held so far are faster, and nobody can tell by what comes out."""

from __future__ import annotations

import json
import math
from collections.abc import Callable, Sequence

import msgspec
import numpy as np
import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from model_drift_exporter.formats.json_lines.decoder import JsonLinesDecoder
from model_drift_exporter.formats.json_lines.rows import Aliases
from model_drift_exporter.formats.json_lines.structs import Kind, RecordStructs
from model_drift_exporter.formats.schema import Schema
from model_drift_exporter.records.raw_values import numbers, text_of
from tests.support.collected_records import CUTS, collect, cut

HEAD: dict[str, object] = {"id": "0", "features": {"a": None, "b": None, "c": None}, "prediction": None, "score": None}
FLAT_HEAD: dict[str, object] = {"id": "0", "a": None, "b": None, "c": None, "prediction": None, "score": None}


def schema_of(*records: dict[str, object], numeric: frozenset[str] = frozenset()) -> Schema:
    schema = Schema(numeric=numeric)
    for record in records:
        schema.learn(record)
    return schema


def structs_of(schema: Schema, **kinds: Kind) -> RecordStructs:
    return RecordStructs.of(schema, Aliases([*schema.fields.values(), *schema.features], "features"), kinds)


def test_structs_have_the_fields_and_the_features() -> None:
    """Fields first, in the order of the table; the features are in a struct of their own, or behind the fields."""
    nested, flat = structs_of(schema_of(HEAD), a="number"), structs_of(schema_of(FLAT_HEAD), b="text")
    for structs in (nested, flat):
        assert (structs.positions, structs.width) == ({"id": 0, "prediction": 1, "score": 2}, 3)
        assert (structs.features, structs.beside) == (["a", "b", "c"], [])
    assert (nested.kinds, flat.kinds) == (["number", "any", "any"], ["any", "text", "any"])
    row = msgspec.structs.astuple(nested.decoder.decode(json.dumps(HEAD | {"features": {"b": 7, "a": 5}, "id": 3})))
    assert row[:3] == (3, None, None)
    assert nested.container is not None
    assert type(row[3]) is nested.container
    assert msgspec.structs.astuple(row[3]) == (5.0, 7.0, None)
    assert flat.container is None
    row = msgspec.structs.astuple(flat.decoder.decode(json.dumps(FLAT_HEAD | {"c": 7, "b": "x"})))
    assert row == ("0", None, None, None, "x", 7.0)


def test_a_mixed_log_has_features_in_both_places() -> None:
    """Those of flat records are beside the fields, and of the same kinds."""
    structs = structs_of(schema_of(FLAT_HEAD, HEAD), a="number")
    assert (structs.features, structs.beside) == (["a", "b", "c"], ["a", "b", "c"])
    assert structs.container is not None
    for record in (FLAT_HEAD | {"a": "x"}, HEAD | {"features": {"a": "x"}}):
        with pytest.raises(msgspec.ValidationError):
            structs.decoder.decode(json.dumps(record))


def test_two_fields_may_have_one_name() -> None:
    """Both are at the same place."""
    schema = Schema({"time": "ts", "id": "ts", "version": "v"})
    schema.learn({"ts": 5, "v": 1, "features": {"a": 1}})
    structs = structs_of(schema)
    assert (structs.positions, structs.width) == ({"time": 0, "id": 0, "version": 1}, 2)


@pytest.mark.parametrize(
    ("value", "kinds"),
    [
        ("null", {"number", "text", "any"}),
        ("1", {"number", "any"}),
        ("1.5", {"number", "any"}),
        ("9" * 30, {"number", "any"}),
        ('"x"', {"text", "any"}),
        ("true", {"any"}),
        ("[1]", {"any"}),
        ('{"a":1}', {"any"}),
        ("1e999", set()),
    ],
)
def test_a_value_of_another_kind_is_told(value: str, kinds: set[Kind]) -> None:
    """A struct takes missing values and those of its kind, or all there are; only what is beyond JSON fails everywhere."""
    every: tuple[Kind, ...] = ("number", "text", "any")
    for kind in every:
        decoder = structs_of(schema_of(HEAD), a=kind).decoder
        data = f'{{"features":{{"a":{value}}}}}'.encode()
        if kind in kinds:
            decoder.decode(data)
        else:
            with pytest.raises(msgspec.MsgspecError):
                decoder.decode(data)


def test_fields_may_hold_anything() -> None:
    """Whatever kinds the features have: a bad value of a field cannot reject its record."""
    structs = structs_of(schema_of(HEAD), a="number", b="text", c="number")
    for value in (None, 1, "x", True, [1], {"a": 1}):
        structs.decoder.decode(json.dumps(HEAD | {"id": value, "prediction": value, "score": value}))


VALUES = st.one_of(
    st.none(),
    st.floats(-9, 9),
    st.sampled_from([1, 2, 2**53 + 1, 10**40, math.inf, math.nan]),
    st.sampled_from(["x", "y", "", "7", "\ud800"]),
    st.booleans(),
    st.just([1]),
    st.just({"a": 1}),
)
ONE_KIND = st.sampled_from([st.floats(-9, 9), st.sampled_from(["x", "y"]), st.integers(0, 3), st.booleans(), st.none()])
ROWS = ONE_KIND.flatmap(
    lambda usual: st.lists(
        st.fixed_dictionaries({}, optional=dict.fromkeys("abc", st.one_of(usual, usual, usual, VALUES))), max_size=12
    )
)
FIELDS = st.fixed_dictionaries({}, optional={"prediction": VALUES, "score": VALUES})


def _nested(row: dict[str, object], fields: dict[str, object]) -> dict[str, object]:
    return {**fields, "features": row}


def _flat(row: dict[str, object], fields: dict[str, object]) -> dict[str, object]:
    return {"a": 0.5, **row, **fields}


FORMS = {"nested": ([HEAD], _nested), "flat": ([FLAT_HEAD], _flat), "mixed": ([FLAT_HEAD, HEAD], _nested)}


@pytest.mark.parametrize("form", FORMS)
@given(ROWS, st.data(), CUTS, st.frozensets(st.sampled_from("abc")))
@example([{"a": 1.0}, {"a": "x"}, {"a": 2.0}, {"a": None}], None, [1, 2, 3], frozenset())
@example([{"a": 1.0}, {"a": "x"}, {"a": 2.0}, {"a": None}], None, [1, 2, 3], frozenset("a"))
def test_chunks_make_no_difference(
    form: str, rows: list[dict[str, object]], data: st.DataObject | None, cuts: Sequence[int], numeric: frozenset[str]
) -> None:
    """A value of another kind in a later chunk changes no result, neither its own nor another one's.

    Each line alone, read by a decoder that has seen nothing but the names, is the oracle. A column means its texts and its
    numbers; of a feature that is numeric by its references only the numbers matter.
    """
    heads, write = FORMS[form]
    records = [write(row, data.draw(FIELDS) if data else {}) for row in rows]
    _same_in_chunks(heads, records, cuts, numeric)


def _same_in_chunks(
    heads: Sequence[dict[str, object]], records: list[dict[str, object]], cuts: Sequence[int], numeric: frozenset[str]
) -> None:
    lines = [json.dumps(record).encode() for record in records]
    whole = collect(JsonLinesDecoder(schema_of(*heads, numeric=numeric)), cut(lines, cuts))
    alone = [collect(JsonLinesDecoder(schema_of(*heads, numeric=numeric)), [line]) for line in lines]
    assert (whole.records, whole.errors) == (len(lines), {})
    for name in "abc" if lines else "":
        expected = [each.features[name][0] for each in alone]
        np.testing.assert_array_equal(numbers(whole.features[name])[0], numbers(expected)[0])
        assert numbers(whole.features[name])[1] == numbers(expected)[1]
        if name not in numeric:
            assert [*map(text_of, whole.features[name])] == [*map(text_of, expected)]
            assert [*map(_shape, whole.features[name])] == [*map(_shape, expected)]
    for name in ("prediction", "score"):
        found, expected = whole.fields.get(name, []), [each.fields[name][0] for each in alone]
        assert [*map(text_of, found)] == [*map(text_of, expected)]
        assert [*map(_shape, found)] == [*map(_shape, expected)]


def _shape(value: object) -> object:
    return value if isinstance(value, list | dict) else None


@pytest.mark.parametrize(("usual", "other"), [("1.5", '"x"'), ('"x"', "1.5"), ("1.5", "[1]"), ('"x"', "true")])
def test_after_a_value_of_another_kind_a_feature_may_hold_anything(
    usual: str, other: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """So that a log in which a feature is of two kinds is decoded twice only once."""
    tried: list[dict[str, Kind]] = []
    compiled: Callable[..., RecordStructs] = RecordStructs.of

    def of(schema: Schema, aliases: Aliases, kinds: dict[str, Kind]) -> RecordStructs:
        tried.append(dict(kinds))
        return compiled(schema, aliases, kinds)

    monkeypatch.setattr(RecordStructs, "of", of)
    decoder = JsonLinesDecoder(Schema())
    kind: Kind = "text" if usual == '"x"' else "number"

    def feed(value: str) -> None:
        assert collect(decoder, [b'{"features":{"a":%s,"b":7}}\n' % value.encode()]).records == 1

    feed("null")
    assert tried == [{}, {"b": "number"}]
    feed(usual)
    assert tried[2:] == [{"a": kind, "b": "number"}]
    feed(usual)
    feed("null")
    assert len(tried) == 3
    feed(other)
    assert tried[3:] == [{"b": "number"}]
    for value in (usual, other, "null"):
        feed(value)
    assert len(tried) == 4
