from __future__ import annotations

import json
from collections.abc import Sequence
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from model_drift_exporter.formats import Schema, format_of
from model_drift_exporter.pipeline import input_decoder as module
from model_drift_exporter.pipeline.input_decoder import InputDecoder, StreamDecoders
from model_drift_exporter.records.batches import Decoded
from model_drift_exporter.records.chunk import Chunk
from tests.support.prediction_log import batch_of, make_rows, profile_of

RECORD = b'{"id":1,"features":{"a":1},"prediction":0}'
LABEL = b'{"id":1,"label":1}'
LINES = st.lists(st.sampled_from([RECORD, LABEL, b"x", b"[]", b"", b'{"id":2}']), max_size=30)


def _chunks(lines: Sequence[bytes], cuts: Sequence[int], skipped: Sequence[int]) -> list[Chunk]:
    ends = [0, *sorted(min(cut, len(lines)) for cut in cuts), len(lines)]
    return [
        Chunk(
            "log",
            f"{index % 2}.jsonl",
            b"".join(line + b"\n" for line in lines[low:high]),
            errors={"line_too_long": skipped[index]} if skipped[index] else {},
        )
        for index, (low, high) in enumerate(pairwise(ends))
    ]


@given(LINES, st.lists(st.integers(0, 30), max_size=4), st.lists(st.integers(0, 2), min_size=5, max_size=5))
def test_every_line_of_an_input_has_its_number(lines: list[bytes], cuts: list[int], skipped: list[int]) -> None:
    """Over all chunks, the lines of records, of labels and of what was rejected are all lines of the input, each once."""
    decoding = InputDecoder(fields={"label": "label"})
    kinds: dict[int, str] = {}
    total = 0
    for chunk in _chunks(lines, cuts, skipped):
        decoded = decoding.decode(chunk, "jsonl")
        found = [("rejected", decoded.rejected.tolist())]
        found += [
            (kind, batch.position.tolist())
            for kind, batch in (("record", decoded.records), ("label", decoded.labels))
            if batch is not None
        ]
        for kind, numbers in found:
            assert numbers == sorted(numbers)
            assert not kinds.keys() & set(numbers)
            kinds.update(dict.fromkeys(numbers, kind))
        assert sum(decoded.errors.values()) == len(decoded.rejected)
        total += decoded.lines
    assert sorted(kinds) == [*range(total)]
    meant = {RECORD: "record", LABEL: "label"}
    if not sum(skipped):
        given = [line for line in lines if line]
        assert [kinds[number] for number in range(total)] == [meant.get(line, "rejected") for line in given]


def test_lines_that_the_source_skipped_stand_in_front() -> None:
    """They have the first numbers of their chunk, and inputs are numbered each for itself."""
    decoding = InputDecoder()
    first = decoding.decode(Chunk("a", "a", b"x\n" + RECORD + b"\n", errors={"line_too_long": 2}), "jsonl")
    assert first.records is not None
    assert (first.records.position.tolist(), first.rejected.tolist()) == ([3], [0, 1, 2])
    assert (first.errors, first.lines) == ({"line_too_long": 2, "not_json": 1}, 4)
    alone = decoding.decode(Chunk("a", "a", b"", errors={"invalid_gzip": 1}), "jsonl")
    assert (alone.records, alone.rejected.tolist()) == (None, [4])
    other = decoding.decode(Chunk("b", "b", RECORD), "jsonl")
    assert other.records is not None
    assert (other.records.position.tolist(), other.rejected.tolist()) == ([0], [])


def test_an_input_of_labels_has_no_records() -> None:
    """What the fields beside the label are called makes no difference."""
    decoding = InputDecoder(labels=["truth"])
    data = b'{"key":1,"age":3,"prediction":1,"label":1}\n{"key":2}\n'
    decoded = decoding.decode(Chunk("truth", "t", data), "jsonl")
    assert (decoded.records, decoded.errors) == (None, {"no_label": 1})
    assert decoded.labels is not None
    assert decoded.labels.size == 1
    assert decoding.decode(Chunk("log", "t", data), "jsonl").records is not None


def test_features_of_references_are_the_only_ones() -> None:
    """Unless a model that learns its own comes: then the chunk is decoded again with all of them."""
    rows = make_rows(2)
    for row in rows:
        row["features"]["new"] = 1
    chunk = Chunk("log", "log.jsonl", b"".join(json.dumps(row).encode() + b"\n" for row in rows), starts_stream=True)
    profile = profile_of([batch_of(make_rows(50))])
    closed = InputDecoder(references=[profile])
    decoded = closed.decode(chunk, "auto")
    assert decoded.records is not None
    assert set(decoded.records.features) == {"age", "country"}
    assert closed.unknown_features() == {"new"}
    opened = InputDecoder(references=[profile], learns_from=lambda _: True).decode(chunk, "auto")
    assert opened.records is not None
    assert set(opened.records.features) == {"age", "country", "new"}


@pytest.mark.parametrize("way", ["snapshot", "take_over"])
def test_numbers_and_schemas_go_on(way: str) -> None:
    """Another one, after a restart or a reload, goes on with the numbers of the lines."""
    old, new = InputDecoder(exclude=["b"]), InputDecoder(exclude=["b"])
    old.decode(Chunk("log", "log", RECORD + b"\n" + LABEL), "jsonl")
    if way == "snapshot":
        new.restore(old.snapshot())
        assert new.schema("log").features == {"a": None}
    else:
        new.take_over(old)
    decoded = new.decode(Chunk("log", "log", RECORD), "jsonl")
    assert decoded.records is not None
    assert decoded.records.position.tolist() == [2]
    assert new.same_fields(old)
    assert not new.same_fields(InputDecoder())


CSV = b"age,prediction\n41,1\n"
JSON = b'{"age": 41, "prediction": 1}\n'


def first(data: bytes, stream: str = "app.log", *, head: bytes | None = None) -> Chunk:
    return Chunk("log", stream, data, starts_stream=True, head=head)


def more(data: bytes, stream: str = "app.log") -> Chunk:
    return Chunk("log", stream, data)


def read(decoders: StreamDecoders, *chunks: Chunk, format: str = "auto") -> list[tuple[Decoded, str]]:
    schema = Schema()
    return [decoders.decode(chunk, format, schema) for chunk in chunks]


@pytest.mark.parametrize(
    ("stream", "line", "format"),
    [
        ("a.csv", b'{"a": 1}', "csv"),
        ("A.CSV.GZ", b"", "csv"),
        ("a.jsonl", b"a,b", "jsonl"),
        ("a.json.gz", b"a,b", "jsonl"),
        ("a.ndjson", b"a,b", "jsonl"),
        ("app.log", b"a,b", "csv"),
        ("app.log.gz", b"a;b", "csv"),
        ("stdin", b'{"a": 1, "b": 2}', "jsonl"),
        ("stdin", b"1,2", "jsonl"),
        ("stdin", b"", "jsonl"),
    ],
)
def test_a_name_decides_before_the_first_line(stream: str, line: bytes, format: str) -> None:
    """Where the name says nothing, only what reads like a CSV header is CSV."""
    assert format_of(stream, line) == format


def test_the_format_is_decided_once_for_each_stream() -> None:
    """By the first line that is not empty, until the stream starts again."""
    decoders = StreamDecoders()
    found = read(decoders, first(b"\n \n"), more(b"\n" + CSV), more(b"42,0\n"), first(JSON, "other"), first(JSON))
    assert [name for _, name in found] == ["", "csv", "csv", "jsonl", "jsonl"]
    assert [decoded.records.size for decoded, _ in found if decoded.records] == [1, 1, 1, 1]
    assert not any(decoded.errors for decoded, _ in found)


def test_a_setting_and_the_chunk_say_more_than_a_line() -> None:
    """The input's format goes before the first line, the chunk's own before both."""
    chunk = Chunk("log", "ingest#1", CSV, starts_stream=True, format="csv")
    assert [read(StreamDecoders(), each, format="jsonl")[0][1] for each in (chunk, first(CSV))] == ["csv", "jsonl"]


def test_nothing_is_told_from_a_line_in_the_middle() -> None:
    """Values may look like names: such lines are JSON, or, of a stream known to be CSV, have lost their header."""
    decoded, name = read(StreamDecoders(), more(b"alice,gold\n"))[0]
    assert (name, decoded.errors) == ("jsonl", {"not_json": 1})
    decoded, name = read(StreamDecoders(), more(b"alice,gold\n", "a.csv"))[0]
    assert (name, decoded.records, decoded.errors) == ("csv", None, {"not_csv": 1})
    assert decoded.problem


def test_a_head_stands_for_the_first_line() -> None:
    """It tells the format and is the header; one that was too long leaves the stream without."""
    decoded, name = read(StreamDecoders(), first(b"41,1\n", head=b"age,prediction"))[0]
    assert name == "csv"
    assert decoded.records is not None
    assert decoded.records.features == {"age": ["41"]}
    decoded, _ = read(StreamDecoders(), first(b"alice,gold\n", "a.csv", head=b""))[0]
    assert (decoded.records, decoded.errors) == (None, {"not_csv": 1})


def test_a_chunk_can_be_decoded_again() -> None:
    """Its header is not counted as a line, and a decoder that others share goes on."""
    schema = Schema(closed=True)
    decoders = StreamDecoders()
    for chunk in (first(CSV), first(JSON, "b.jsonl")):
        decoders.decode(chunk, "auto", schema)
    schema.open()
    for chunk in (first(CSV), first(JSON, "b.jsonl")):
        decoded = decoders.decode_again(chunk, "auto", schema)
        assert decoded.records is not None
        assert (decoded.records.size, list(decoded.records.features), decoded.errors) == (1, ["age"], {})


def test_headers_are_taken_over() -> None:
    """Another set of decoders goes on in the middle of a stream."""
    old, new = StreamDecoders(), StreamDecoders()
    read(old, first(CSV))
    new.take_over(old)
    assert [decoded.errors for decoded, _ in read(new, more(b"42,0\n"))] == [{}]


def test_streams_long_not_read_are_forgotten(monkeypatch: pytest.MonkeyPatch) -> None:
    """A forgotten one has no header any more, and makes none of its values."""
    monkeypatch.setattr(module, "_STREAMS", 2)
    decoders = StreamDecoders()
    read(decoders, first(CSV, "a.csv"), first(CSV, "b.csv"), more(b"1,1\n", "a.csv"), first(CSV, "c.csv"))
    found = read(decoders, more(b"1,1\n", "a.csv"), more(b"1,1\n", "b.csv"))
    assert [decoded.errors for decoded, _ in found] == [{}, {"not_csv": 1}]
