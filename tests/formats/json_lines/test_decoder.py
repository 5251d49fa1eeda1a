from __future__ import annotations

import json
import math
from collections import Counter
from collections.abc import Sequence

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from model_drift_exporter.formats import Schema
from model_drift_exporter.formats.json_lines.decoder import JsonLinesDecoder
from model_drift_exporter.records.identifiers import hash_identifiers
from model_drift_exporter.records.raw_values import NESTED as NESTED_VALUE
from tests.support.collected_records import CUTS, Collected, collect, cut, non_empty

GOOD = b'{"features":{"a":1,"b":"x"},"prediction":1}'
NESTED_HEAD = b'{"id":0,"features":{"a":0,"b":0,"c":0},"prediction":0,"score":0,"label":0}'
FLAT_HEAD = b'{"id":0,"a":0,"b":0,"c":0,"prediction":0,"score":0,"label":0}'


def decode(*lines: bytes, schema: Schema | None = None) -> Collected:
    return collect(JsonLinesDecoder(schema or Schema()), [b"\n".join(lines) + b"\n"])


TOKENS = st.one_of(
    st.sampled_from(
        [
            b"null",
            b"true",
            b"false",
            b"0",
            b"-0",
            b"-0.0",
            b"1e999",
            b"-1e999",
            b"NaN",
            b"Infinity",
            b"-Infinity",
            b"nan",
            b"01",
            b"1.",
            b"+1",
            b"9" * 30,
            b"9" * 400,
            b"-" + b"9" * 5_000,
            b"1" + b"0" * 308,
            rb'"\ud800"',
            rb'"\udc00\ud800x"',
            rb'"\\ud800"',
            rb'"\ud83d\ude00\udfff"',
            '"\N{SNOWMAN}"'.encode(),
            b'"\xff"',
            b"\xff",
            b'"\x00"',
            b'"\\u0000"',
            b'"3.5"',
            b"[]",
            b"[1,[2,{}]]",
            b"{}",
            b'{"a":{"a":null}}',
            b"[" * 40 + b"]" * 40,
            b"",
        ]
    ),
    st.floats().map(lambda number: json.dumps(number).encode()),
    st.integers().map(lambda number: str(number).encode()),
    st.text(max_size=5).map(lambda text: json.dumps(text).encode()),
)
KEYS = st.sampled_from([b'"a"', b'"b"', b'"c"', b'"id"', b'"prediction"', b'"score"', b'"label"', b'"z"', rb'"\ud800"'])


def _object(members: Sequence[tuple[bytes, bytes]]) -> bytes:
    return b"{" + b",".join(key + b":" + value for key, value in members) + b"}"


OBJECTS = st.lists(st.tuples(KEYS, TOKENS), max_size=5).map(_object)
NESTED = st.builds(
    lambda features, members, swap: _object(
        [(b'"features"', features), *members] if swap else [*members, (b'"features"', features)]
    ),
    st.one_of(OBJECTS, OBJECTS, TOKENS),
    st.lists(st.tuples(KEYS, TOKENS), max_size=3),
    st.booleans(),
)
GARBAGE = st.one_of(
    st.binary(max_size=12).map(lambda data: data.replace(b"\n", b"")),
    st.text(max_size=6).map(lambda text: text.encode("utf-16-le").replace(b"\n", b"")),
    st.sampled_from(
        [b"", b" ", b"\t\r", b"\x0b\x0c", b"\x00", b"\xef\xbb\xbf{}", b'{"features":', b"{}}", b"[{}]", b"7"]
    ),
    st.tuples(NESTED, NESTED).map(b" ".join),
    st.tuples(NESTED, NESTED).map(b"\r".join),
    TOKENS,
)
PADDING = st.sampled_from([b"", b"", b"", b" ", b"\r"])
LINES = st.lists(
    st.one_of(NESTED, NESTED, OBJECTS, GARBAGE).flatmap(lambda line: PADDING.map(lambda blank: line + blank)),
    max_size=12,
)


def _integer(digits: str) -> float:
    return float(digits)


def _read(line: bytes) -> object:
    """A line with the standard library alone; raises ``ValueError``."""
    return json.loads(line.decode(), parse_int=_integer)


def _features(record: dict[str, object], *, nested: bool, flat: bool) -> dict[str, object] | None:
    features = record.get("features")
    if nested and isinstance(features, dict):
        return features
    if nested and flat:
        said = record.get("prediction") is not None or record.get("score") is not None
        return record if said and any(record.get(name) is not None for name in "abc") else None
    return record if flat and not record.keys().isdisjoint("abc") else None


def _reason(line: bytes, *, nested: bool, flat: bool) -> str:
    """What a line is once fields, features and form are known, after the text of DESIGN D12, one line at a time."""
    try:
        record = _read(line)
    except UnicodeDecodeError:
        return "invalid_utf8"
    except ValueError:
        return "not_json"
    if not isinstance(record, dict):
        return "not_an_object"
    if _features(record, nested=nested, flat=flat) is not None:
        return "record"
    return "label" if "label" in record else "no_features"


def _plain(value: object) -> object:
    """A value as it can be compared: containers without what they hold, halves of surrogates replaced.

    NaN is a missing value, and a bool the text that it is written as: a typed column does not tell these apart, and no monitor
    does either.
    """
    if isinstance(value, bool):
        value = "true" if value else "false"
    if isinstance(value, str):
        return value.encode("utf-16", "surrogatepass").decode("utf-16", "replace")
    if isinstance(value, float) and math.isnan(value):
        return (type(None), None)
    return "nested" if isinstance(value, list | dict) or value == NESTED_VALUE else (type(value), value)


def _check(head: bytes, lines: list[bytes], cuts: list[int], *, nested: bool, flat: bool) -> None:
    decoder = JsonLinesDecoder(Schema({"label": "label", "time": None}, exclude=frozenset({"z", "features", "\ufffd"})))
    decoder.decode(head)
    found = collect(decoder, cut(lines, cuts))
    given = [line for line in lines if line.strip()]
    reasons = [_reason(line, nested=nested, flat=flat) for line in given]
    expected = Counter(reasons)
    assert found.lines == non_empty(lines)
    assert (found.records, found.labels) == (expected.pop("record", 0), expected.pop("label", 0))
    assert found.errors == expected
    assert found.record_lines == [line for line, reason in enumerate(reasons) if reason == "record"]
    assert found.label_lines == [line for line, reason in enumerate(reasons) if reason == "label"]
    records = [
        record for line, reason in zip(given, reasons, strict=True) if reason == "record" and (record := _read(line))
    ]
    for name in "abc" if found.records else ():
        values = []
        for record in records:
            assert isinstance(record, dict)
            features = _features(record, nested=nested, flat=flat)
            assert features is not None
            values.append(features.get(name))
        assert [*map(_plain, found.features[name])] == [*map(_plain, values)]


@given(LINES, CUTS)
@example([GOOD + b" " + GOOD, b""], [])
@example([b'{"features":', b'{"a":1}}', GOOD + GOOD], [])
@example([GOOD + b" " + GOOD, b" ", b'{"a":', b"1}", b""], [2])
@example([b'{"features":{"a":' + b"9" * 5_000 + b"}}"], [])
@example([b'{"features":{"a":' + b"9" * 400 + b',"b":NaN}}'], [])
def test_every_line_of_a_nested_log_is_what_it_is_alone(lines: list[bytes], cuts: list[int]) -> None:
    """However a log is cut into chunks, each line counts, and each value is read, as if the line stood alone."""
    _check(NESTED_HEAD, lines, cuts, nested=True, flat=False)


@given(LINES, CUTS)
@example([b'{"a":null,"label":1}', b'{"id":1,"label":1}', b'{"id":1}'], [])
def test_every_line_of_a_flat_log_is_what_it_is_alone(lines: list[bytes], cuts: list[int]) -> None:
    """The same for features beside the other fields."""
    _check(FLAT_HEAD, [line.replace(b"features", b"z") for line in lines], cuts, nested=False, flat=True)


@given(LINES, CUTS)
def test_every_line_of_a_mixed_log_is_what_it_is_alone(lines: list[bytes], cuts: list[int]) -> None:
    """After flat records and nested ones both forms are read, a flat one if it has an output and a feature."""
    _check(FLAT_HEAD + b"\n" + NESTED_HEAD, lines, cuts, nested=True, flat=True)


@given(LINES, CUTS)
def test_lines_are_accounted_for_while_the_schema_is_learned(lines: list[bytes], cuts: list[int]) -> None:
    """With nothing known beforehand, records, labels and errors still add up to the lines that are not blank."""
    assert collect(JsonLinesDecoder(Schema()), cut(lines, cuts)).lines == non_empty(lines)


@given(st.binary(max_size=200))
def test_no_bytes_make_it_raise(data: bytes) -> None:
    """Any bytes at all are accounted for, line by line, with and without a last newline."""
    assert collect(JsonLinesDecoder(Schema()), [data]).lines == non_empty(data.split(b"\n"))


@pytest.mark.parametrize(
    ("line", "reason"),
    [
        (b"{", "not_json"),
        (b"\x00", "not_json"),
        ('{"features":{"a":1}}'.encode("utf-16-le"), "not_json"),
        (b'{"features":{"a":"\xff"}}', "invalid_utf8"),
        (b"\xff\xfe", "invalid_utf8"),
        (b"[1]", "not_an_object"),
        (b"null", "not_an_object"),
        (b'"text"', "not_an_object"),
        (b'{"features":null}', "no_features"),
        (b'{"features":[1,2],"prediction":1}', "no_features"),
        (b'{"features":4.5,"prediction":1}', "no_features"),
        (b'{"prediction":1}', "no_features"),
        (b"{}", "no_features"),
        (GOOD + GOOD, "not_json"),
    ],
)
def test_a_bad_line_is_counted_with_its_reason_and_the_others_go_on(line: bytes, reason: str) -> None:
    """The reason is the same whether the line comes first, between good ones, or alone."""
    for before, after in ((0, 0), (0, 2), (2, 0), (2, 2)):
        found = decode(*[GOOD] * before, line, *[GOOD] * after)
        assert (found.records, found.labels, found.errors) == (before + after, 0, {reason: 1})


@pytest.mark.parametrize("depth", [100, 900, 990, 1_000, 3_000, 200_000])
@pytest.mark.parametrize(
    "place", [b'{"features":{"a":%s}}', b'{"features":{"b":1},"other":%s}', b'{"time":%s,"a":NaN}', b"%s"]
)
def test_deep_nesting_never_gets_through(depth: int, place: bytes) -> None:
    """A line nested too deeply for a parser is one rejected line; the next one is read."""
    for surprise in (b"[" * depth + b"]" * depth, b'{"x":' * depth + b"1" + b"}" * depth, b"[" * depth):
        found = decode(GOOD, place % surprise, GOOD)
        assert found.lines == 3
        assert found.records >= 2


def test_an_object_over_several_lines_is_as_many_bad_lines() -> None:
    """One line is one record: pieces of an object are no JSON, even where other lines hold two objects each."""
    found = decode(GOOD, b'{"features":', b'{"a":2}', b"}", GOOD + GOOD, GOOD)
    assert (found.records, found.errors) == (2, {"not_json": 3, "no_features": 1})


def test_wrong_types_reject_no_record() -> None:
    """Whatever stands in a field or feature, the record counts and its other values are kept."""
    wrong = [b"null", b"true", b'"x"', b"[]", b"{}", b"1e999", b"NaN", b"-Infinity", b"9" * 5_000, rb'"\ud800"']
    names = ["ts", "id", "model", "version", "prediction", "score", "scores", "latency", "label", "other"]
    lines = [b'{"features":{"a":7,"b":' + value + b"}}" for value in wrong]
    lines += [b'{"' + name.encode() + b'":' + value + b',"features":{"a":7}}' for name in names for value in wrong]
    found = decode(*lines)
    assert (found.records, found.errors) == (len(lines), {})
    assert found.features["a"] == [7.0] * len(lines)


def test_numbers_beyond_a_float_are_infinite() -> None:
    """1e999 and a whole number of thousands of digits are wild values, not bad lines."""
    found = decode(*(b'{"features":{"a":%s}}' % token for token in (b"1e999", b"-" + b"9" * 400, b"9" * 5_000)))
    assert found.features == {"a": [math.inf, -math.inf, math.inf]}


def test_text_can_always_be_encoded() -> None:
    """Halves of surrogate pairs are replaced, in values and names; whole pairs and escaped backslashes are not."""
    found = decode(
        rb'{"features":{"a":"\ud800!","n\udfff":1},"id":"\udc00"}',
        rb'{"features":{"a":"\ud83d\ude00"}}',
        rb'{"features":{"a":"\\ud800"}}',
    )
    assert found.features["a"] == ["\ufffd!", "\N{GRINNING FACE}", r"\ud800"]
    assert found.features["n\ufffd"] == [1.0, None, None]
    assert found.fields["id"] == [*hash_identifiers(["\ufffd"])[0].tolist(), None, None]


def test_the_last_of_duplicate_keys_counts() -> None:
    """A key that comes twice has its last value, as in other JSON readers."""
    found = decode(b'{"features":{"a":1},"prediction":0,"features":{"a":2,"a":3},"prediction":1}')
    assert (found.features, found.fields["prediction"]) == ({"a": [3.0]}, [1])


def test_an_empty_object_of_features_is_a_record() -> None:
    """With ``features: {}`` everything is missing, and the record counts."""
    found = decode(GOOD, b'{"features":{}}', b'{"features":{"a":null}}')
    assert (found.records, found.features["a"]) == (3, [1.0, None, None])
    assert (decode(b'{"features":{}}').records, decode(b'{"features":{}}').features) == (1, {})


def test_features_together_with_a_label_are_a_record() -> None:
    """The label of a record stays with it, ``None`` where a record has none; only bare ones are labels."""
    found = decode(GOOD[:-1] + b',"label":0}', GOOD, b'{"id":"7","label":1}', b'{"id":"8","label":null}')
    assert (found.records, found.fields["label"]) == (2, [0, None])
    assert found.label_values == [1, None]


@pytest.mark.parametrize("good", [GOOD, b'{"a":1,"b":"x","prediction":1}'])
def test_labels_are_recognised_however_late_they_begin(good: bytes) -> None:
    """The first label may stand inside a chunk, far behind the lines that are looked at one by one."""
    for schema in (Schema(), Schema(closed=True)):
        schema.add_features("ab")
        decoder = JsonLinesDecoder(schema)
        assert collect(decoder, [(good + b"\n") * 30_000]).records == 30_000
        late = collect(decoder, [(good + b"\n") * 5 + b'{"id":"1","actual":"yes"}\n' + good + b"\n"])
        assert (late.records, late.labels, late.label_values, late.errors) == (6, 1, ["yes"], {})


def test_fields_that_begin_late_are_learned_from_the_head_of_a_chunk() -> None:
    """A feature and a field that appear after the scanned lines are seen when a chunk begins with them."""
    decoder = JsonLinesDecoder(Schema())
    collect(decoder, [(GOOD + b"\n") * 25_000])
    found = collect(decoder, [b'{"features":{"new":2},"score":0.5}\n' + GOOD + b"\n"])
    assert (found.features["new"], found.fields["score"]) == ([2.0, None], [0.5, None])


@pytest.mark.parametrize("form", [b'{"model":"%s","features":{"%s":1}}', b'{"model":"%s","%s":1}'])
def test_a_closed_schema_can_be_opened_for_another_model(form: bytes) -> None:
    """Features that the reference lacks are not decoded, but their records count; once open, they are read."""
    schema = Schema(closed=True)
    schema.add_features("a")
    decoder = JsonLinesDecoder(schema)
    data = form % (b"one", b"a") + b"\n" + form % (b"two", b"b") + b"\n" + b'{"id":3,"label":1}\n{"id":3}\n'
    closed = collect(decoder, [data])
    assert (closed.features, closed.fields["model"]) == ({"a": [1.0, None]}, ["one", "two"])
    schema.open()
    opened = collect(decoder, [data])
    assert opened.features == {"a": [1.0, None], "b": [None, 1.0]}
    for found in (closed, opened):
        assert (found.records, found.labels, found.errors) == (2, 1, {"no_features": 1})


def test_a_feature_may_be_called_like_a_field() -> None:
    """A nested feature with a field's name does not confuse the flat form, which is assumed before the first record."""
    schema = Schema(closed=True)
    schema.add_features(["model", "age"])
    decoder = JsonLinesDecoder(schema)
    assert collect(decoder, [b'{"id":1,"model":"m","label":1}\n']).labels == 1
    found = collect(decoder, ['{"model":"m","features":{"model":"coupé","age":1}}\n'.encode()])
    assert (found.features, found.fields["model"]) == ({"model": ["coupé"], "age": [1.0]}, ["m"])


def test_two_fields_may_have_one_name() -> None:
    """A column can be configured as the id and the time, and what is taken is not detected as something else."""
    found = decode(
        b'{"ts":5,"model":"7","features":{"a":1}}', schema=Schema({"time": "ts", "id": "ts", "version": "model"})
    )
    hashes = hash_identifiers([5])[0].tolist()
    assert (found.fields["time"], found.fields["id"], found.fields["version"]) == ([5], hashes, ["7"])
    assert found.fields["model"] == [None]


def test_one_nested_line_does_not_end_a_flat_log() -> None:
    """Flat records go on to be read after a line with an object among the common names."""
    flat = b'{"ts":1,"age":%d,"prediction":0}'
    found = decode(flat % 1, b'{"ts":1,"input":{"age":2},"prediction":0}', flat % 3, b'{"ts":1,"note":"x"}')
    assert (found.records, found.features["age"], found.errors) == (3, [1.0, 2.0, 3.0], {"no_features": 1})


def test_two_decoders_share_one_schema() -> None:
    """What one stream taught the schema is decoded from the other one as well."""
    schema = Schema()
    first, second = JsonLinesDecoder(schema), JsonLinesDecoder(schema)
    collect(first, [GOOD])
    assert collect(second, [b'{"features":{"c":2}}']).features["c"] == [2.0]
    assert collect(first, [b'{"features":{"c":4}}']).features == {"a": [None], "b": [None], "c": [4.0]}


def test_latency_is_in_the_unit_of_its_name() -> None:
    """A batch has seconds, whatever the log has."""
    for line, seconds in ((b'{"latency_ms":12,"features":{"a":1}}', 0.012), (b'{"latency":12,"features":{"a":1}}', 12)):
        decoded = JsonLinesDecoder(Schema()).decode(line)
        assert decoded.records is not None
        assert [*decoded.records.fields["latency"]] == [seconds]


def test_an_input_of_labels_holds_no_records() -> None:
    """A line with a label is one, whatever else it holds and whatever its fields are called; the others are rejected."""
    schema = Schema(labels=True)
    lines = [b'{"key":1,"age":41,"label":"yes"}', b'{"features":{"a":1},"prediction":0,"label":null}', GOOD, b"x", b""]
    found = decode(*lines, b'{"id":7,"label":"no"}', schema=schema)
    assert (found.records, found.label_values, found.label_lines) == (0, ["yes", None, "no"], [0, 1, 4])
    assert found.errors == {"no_label": 1, "not_json": 1}
    assert not schema.features


def test_what_a_schema_has_learned_can_be_kept() -> None:
    """A decoder with a restored schema reads the middle of a log as the first one would have."""
    learned, kept = Schema({"time": None}), Schema({"time": None})
    decode(FLAT_HEAD, NESTED_HEAD, schema=learned)
    kept.restore(learned.snapshot())
    assert kept.snapshot() == learned.snapshot()
    assert (kept.mixed, [*kept.features]) == (True, ["a", "b", "c"])
