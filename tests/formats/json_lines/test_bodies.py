from __future__ import annotations

import json
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from model_drift_exporter.formats.json_lines.bodies import lines_of_body

_OBJECTS = st.lists(st.dictionaries(st.text(max_size=3), st.integers() | st.text(max_size=5), max_size=3), max_size=5)


@given(_OBJECTS, st.sampled_from([None, 2]))
def test_an_array_is_one_line_for_each_element(objects: list[dict[str, Any]], indent: int | None) -> None:
    """However it is written."""
    lines = lines_of_body(json.dumps(objects, indent=indent).encode(), True)
    assert [json.loads(line) for line in lines.splitlines()] == objects


@given(_OBJECTS)
def test_lines_stay_lines(objects: list[dict[str, Any]]) -> None:
    """And get a line break at their end."""
    body = b"\n".join(json.dumps(each).encode() for each in objects)
    assert lines_of_body(body, True) == (body + b"\n" if body else b"")


def test_one_object_over_several_lines_is_one_line() -> None:
    """Also with numbers that JSON does not have."""
    for value in (b"1", b"NaN"):
        assert lines_of_body(b'{\n"a": ' + value + b"\r\n}", True) == b'{ "a": ' + value + b"  }\n"


def test_what_is_no_json_is_left_to_the_decoder() -> None:
    """Line by line, so that each counts."""
    assert lines_of_body(b"[1,\n2", True) == b"[1,\n2\n"


def test_of_a_body_that_is_cut_off_only_whole_lines_come() -> None:
    """None of an array or an object over several lines."""
    assert lines_of_body(b'{"a":1}\n{"a":2}\n{"a"', False) == b'{"a":1}\n{"a":2}\n'
    assert lines_of_body(b'[{"a":1},\n{"a":2},\n{"a"', False) == b""
    assert lines_of_body(b'{\n"a":1,\n"b"', False) == b""
