from __future__ import annotations

import pytest

from model_drift_exporter.formats import Schema
from model_drift_exporter.formats import streams as module
from model_drift_exporter.formats.streams import StreamDecoders, format_of
from model_drift_exporter.records.batches import Decoded
from model_drift_exporter.records.chunk import Chunk

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
    assert decoded.records.features == {"age": ("41",)}
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
