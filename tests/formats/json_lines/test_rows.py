from __future__ import annotations

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from model_drift_exporter.formats import FIELD_CANDIDATES, Schema
from model_drift_exporter.formats.json_lines.decoder import JsonLinesDecoder
from model_drift_exporter.formats.json_lines.rows import Aliases, is_braced, non_empty_lines, one_a_line
from model_drift_exporter.records.identifiers import hash_identifiers
from tests.support.collected_records import collect


@pytest.mark.parametrize(
    ("data", "rows", "expected"),
    [
        (b'{"a": 1}\n{"a": 2}\n', 2, True),
        (b'{"a": 1}\n{"a": 2}', 2, True),
        (b'{"a": 1} {"a": 2}', 2, False),
        (b'{"a":\n1}', 1, False),
        (b'{"a": 1}\n\n{"a": 2}', 2, False),
        (b'{"a": 1}', 1, True),
    ],
)
def test_rows_that_are_certainly_one_a_line(data: bytes, rows: int, expected: bool) -> None:
    """Where it cannot be told at a glance, it is denied."""
    assert one_a_line(data, rows) is expected


def test_lines_and_objects() -> None:
    """A line of blanks is none; an object may have blanks around it."""
    assert non_empty_lines(b"a\n \t\r\n\nb") == [b"a", b"b"]
    assert [is_braced(line) for line in (b' {"a": 1}\r', b"[{}]", b"{}x")] == [True, False, False]


ODD = ['say "hi"', "back\\slash", "line\nbreak", "\x00", "\ue000", "\ue000" + b'"'.hex()]
NAMES = st.one_of(st.sampled_from(ODD), st.text(st.characters(codec="utf-8"), min_size=1, max_size=4))


@pytest.mark.parametrize("nested", [True, False])
@given(names=st.lists(NAMES, unique=True, min_size=1, max_size=5))
def test_a_feature_may_have_any_name(nested: bool, names: list[str]) -> None:
    """Names that JSON has to escape are features like others, in both forms, and bad lines are told as ever."""
    fields = {name for candidates in FIELD_CANDIDATES.values() for name in candidates}
    names = [name for name in names if name not in fields] or ['"']
    rows = [{name: float(number) for name in names} for number in range(3)]
    records = [{"features": row, "prediction": 1} if nested else {**row, "prediction": 1} for row in rows]
    lines = [json.dumps(record).encode() for record in records]
    found = collect(JsonLinesDecoder(Schema()), [b"\n".join([*lines, b"{bad", b"[]", b'{"prediction": 1}']) + b"\n"])
    assert found.features == {name: [0.0, 1.0, 2.0] for name in names}
    assert found.errors == {"not_json": 1, "not_an_object": 1, "no_features": 1}


def test_a_field_and_the_object_of_features_may_have_such_names() -> None:
    """They come from the configuration."""
    schema = Schema({"features": 'in"puts', "id": "k\\ey"})
    found = collect(JsonLinesDecoder(schema), [b'{"in\\"puts": {"a\\nb": 1, "c": NaN}, "k\\\\ey": "7"}\n'])
    assert (found.features["a\nb"], found.fields["id"]) == ([1.0], hash_identifiers(["7"])[0].tolist())


def test_without_such_names_nothing_is_renamed() -> None:
    """Then whole chunks are decoded at once."""
    aliases = Aliases(["age", "plan", "größe"], "features")
    assert not aliases
    assert aliases.rename({"age": 1}) == {"age": 1}
    assert Aliases(['"'], None).rename([1]) == [1]
