from __future__ import annotations

import gzip
import tempfile
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from model_drift_exporter.commands.check.input_reading import Beginning, Bounds, InputReading, Reader, guess_format
from model_drift_exporter.configuration.settings import InputSettings
from model_drift_exporter.pipeline.input_decoder import InputDecoder
from model_drift_exporter.pipeline.intake import Intake
from model_drift_exporter.records.batches import Decoded
from model_drift_exporter.records.chunk import Chunk
from model_drift_exporter.sources import FileSource

GOOD, LONG, BAD, EMPTY = b'{"features":{"a":1}}', b"x" * 2_000, b"bad", b""


def read(path: Path, bounds: Bounds | None = None, *, read_bytes: int = 1 << 18) -> tuple[InputReading, list[Chunk]]:
    """What is found in a file, and the chunks that were read."""
    each = InputSettings(str(path))
    source = Beginning(
        FileSource("log", str(path), once=True, line_bytes=1_024, read_bytes=read_bytes), bounds or Bounds()
    )
    decoding = InputDecoder()
    reader = Reader(each, decoding.schema("log"), 1_024)
    chunks: list[Chunk] = []

    def watch(chunk: Chunk, name: str, decoded: Decoded) -> None:
        chunks.append(chunk)
        reader.watch(chunk, name, decoded)

    intake = Intake([source], decoding, watch)
    for _ in intake.pieces(lambda: 0.0, lambda: None):
        pass
    reading = reader.finish(source, 0.0)
    intake.close()
    return reading, chunks


@settings(deadline=None, max_examples=60)
@given(
    lines=st.lists(st.sampled_from([GOOD, LONG, BAD, EMPTY]), max_size=30),
    read_bytes=st.sampled_from([100, 3_000, 1 << 18]),
    archive=st.booleans(),
)
def test_line_numbers_are_those_of_the_file(lines: list[bytes], read_bytes: int, archive: bool) -> None:
    """However lines are mixed and read in pieces, the first three of each reason are named by their true numbers."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder, "log.jsonl.gz" if archive else "log.jsonl")
        content = b"".join(line + b"\n" for line in lines)
        path.write_bytes(gzip.compress(content) if archive else content)
        reading, _ = read(path, read_bytes=read_bytes)
    for line, reason in ((BAD, "not_json"), (LONG, "line_too_long")):
        numbers = [number for number, each in enumerate(lines, 1) if each == line]
        assert [bad.place for bad in reading.examples.get(reason, ())] == [f"{path}:{number}" for number in numbers[:3]]
        assert reading.errors[reason] == len(numbers)
    assert reading.lines == len(lines) - lines.count(EMPTY)
    assert reading.records == lines.count(GOOD)
    assert reading.complete


@pytest.mark.parametrize("bounds", [Bounds(lines=40), Bounds(size=2_000)], ids=["lines", "bytes"])
def test_no_more_is_read_than_the_bounds_allow(tmp_path: Path, bounds: Bounds) -> None:
    """Reading stops at whichever bound comes first, passes on what it counts, and knows the share it has read."""
    path = tmp_path / "log.jsonl"
    path.write_bytes((GOOD + b"\n") * 1_000)
    reading, chunks = read(path, bounds, read_bytes=500)
    assert not reading.complete
    assert 0 < reading.share < 0.2
    assert reading.records == sum(chunk.data.count(b"\n") for chunk in chunks)
    assert reading.records <= bounds.lines
    assert sum(len(chunk.data) for chunk in chunks) <= bounds.size + 500


def test_fields_that_nothing_uses_are_named(tmp_path: Path) -> None:
    """Top-level fields beside the known ones are noted, so that a misnamed prediction can be found."""
    path = tmp_path / "log.jsonl"
    path.write_bytes(b'{"features":{"a":1},"outcome":1,"ts":5}\n{"features":{"a":1},"user":"u"}\n')
    reading, _ = read(path)
    assert list(reading.others) == ["outcome", "user"]


def test_matched_files_have_their_sizes(tmp_path: Path) -> None:
    """All files of a pattern are listed, the oldest first."""
    for name in ("b.jsonl", "a.jsonl"):
        (tmp_path / name).write_bytes(GOOD + b"\n")
    reading, _ = read(tmp_path / "*.jsonl")
    assert sorted(reading.files) == [(str(tmp_path / name), len(GOOD) + 1) for name in ("a.jsonl", "b.jsonl")]
    assert reading.records == 2


@pytest.mark.parametrize(
    ("data", "name", "seems"),
    [
        (b'{"a": 1}\n', "jsonl", None),
        (b"a,b\n1,2\n", "csv", None),
        (b'{"a": 1}\n', "csv", "JSON lines"),
        (b"a;b;c\n1;2;3\n", "csv", None),
        (b"a\tb\n1\t2\n", "csv", None),
        (b"a,b,c\n1,2,3\n", "jsonl", "CSV"),
        (b'\n[{"a": 1},\n', "jsonl", "one JSON array"),
        (b'{\n"a": 1}\n', "jsonl", "JSON over several lines"),
        (b"<log a=1, b=2, c=3>\n", "jsonl", None),
        (b"2026-11-30T13:49:10.4Z stderr F model on :8080\n", "jsonl", "the log of a container"),
        (b"\x1f\x8b\x08\n", "jsonl", "compressed with gzip twice"),
        (b"\x28\xb5\x2f\xfd\n", "jsonl", "compressed with Zstandard"),
        (b"\xff\xfe{\x00\n", "jsonl", "UTF-16 text"),
    ],
)
def test_what_a_file_seems_to_be(data: bytes, name: str, seems: str | None) -> None:
    """Common mix-ups of formats are recognised by the beginning of a file, and each comes with advice."""
    guess = guess_format(data, name)
    assert (guess and guess[0]) == seems
    assert guess is None or guess[1]
