from __future__ import annotations

import json
import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from model_drift_exporter.formats.json_lines.lenient import NOT_JSON, decode_leniently

VALUES = st.recursive(
    st.one_of(st.none(), st.booleans(), st.floats(allow_nan=False), st.integers(-(2**80), 2**80), st.text()),
    lambda inner: st.one_of(st.lists(inner, max_size=3), st.dictionaries(st.text(), inner, max_size=3)),
    max_leaves=8,
)


@given(VALUES, st.booleans())
def test_it_reads_what_json_writes(value: object, ascii_only: bool) -> None:
    """Proper JSON, NaN's relatives included, comes back as it was; pairs of surrogates as their character."""
    assert decode_leniently(json.dumps(value, ensure_ascii=ascii_only).encode()) == value


@given(st.text(st.one_of(st.sampled_from('\\"ud83\ud83d\ude00\udc00'), st.characters(categories=["Cs", "L"]))))
def test_its_text_can_be_encoded(text: str) -> None:
    """Lone surrogates become U+FFFD, and nothing else changes."""
    decoded = decode_leniently(json.dumps([text, {text: 0}]).encode())
    whole = text.encode("utf-16", "surrogatepass").decode("utf-16", "replace")
    assert decoded == [whole, {whole: 0}]


@pytest.mark.parametrize(
    ("text", "number"),
    [("9" * 400, math.inf), ("-" + "9" * 9_000, -math.inf), ("1e999", math.inf), ("-Infinity", -math.inf)],
)
def test_numbers_beyond_a_float_are_infinite(text: str, number: float) -> None:
    """A number of any length is a number."""
    assert decode_leniently(text.encode()) == number


@pytest.mark.parametrize(
    "line",
    [
        b'{"features": {"a": ' + b"[" * 5_000 + b"]" * 5_001 + b"}}",
        b'{"features": {"a": ' + b"[" * 5_000 + b"}" + b"]" * 4_999 + b"}}",
        b'{"features": {"a": ' + b"[" * 5_000 + b"bad" + b"]" * 5_000 + b"}}",
        b'{"features": {"a": ' + b"[" * 5_000 + b"]" * 5_000 + b"}} x",
        b'{"features": {' + b"[" * 5_000 + b"]" * 5_000 + b": 1}}",
        b'{"a": ' + b'{"b": ' * 20_000 + b"1" + b"}" * 20_001,
    ],
)
def test_what_is_deep_must_be_json_all_the_same(line: bytes) -> None:
    """Also what lies beyond the depth that can be decoded is looked at; and a line can be too long for it."""
    assert decode_leniently(line) is NOT_JSON


@pytest.mark.parametrize("depth", [900, 1_500, 8_000])
def test_depth_alone_makes_no_line_bad(depth: int) -> None:
    """The value is some array or object, so that it can be counted as invalid, and the rest of the record is there."""
    value = b'["]", ' * depth + b'{"x": "[\\"{"}' + b"]" * depth
    nested = decode_leniently(b'{"features": {"a": ' + value + b', "b": 1}}')
    flat = decode_leniently(b'{"a": ' + value + b', "b": 1}')
    assert isinstance(nested, dict)
    assert isinstance(nested["features"]["a"], list)
    assert nested["features"]["b"] == 1
    assert isinstance(flat, dict)
    assert isinstance(flat["a"], list)


@pytest.mark.parametrize(
    "line", [b"", b"{", b"\xff", b'"\xff"', b"nan", b"01", b"[" * 100_000, b"\xef\xbb\xbf1", b"\x00"]
)
def test_it_says_what_is_no_json(line: bytes) -> None:
    """What cannot be read is one value of its own, which JSON's null is not."""
    assert decode_leniently(line) is NOT_JSON
    assert decode_leniently(b"null") is None
