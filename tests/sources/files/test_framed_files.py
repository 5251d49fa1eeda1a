"""Files whose records are no plain lines: followed, read once, compressed, resumed."""

from __future__ import annotations

import gzip
import json
import struct
import sys
import tempfile
from collections.abc import Callable
from pathlib import Path

import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st
from pyarrow import parquet

from model_drift_exporter.formats import framing_of
from model_drift_exporter.formats.parquet import lines_of
from model_drift_exporter.records.framing import FRAMINGS
from model_drift_exporter.sources import FileSource
from tests.support.source_reader import Reading, append

LIMIT = 1_000
ROWS = [{"x": float(number), "plan": "gold"} for number in range(9_000)]
LINES = [json.dumps(row, separators=(",", ":")).encode() for row in ROWS]


def contained(text: bytes, tag: bytes = b"F", stream: bytes = b"stdout") -> bytes:
    return b"2026-11-30T13:49:14.107403003Z " + stream + b" " + tag + b" " + text + b"\n"


def container(texts: list[bytes]) -> bytes:
    """Long lines in parts, with messages of standard error between the lines."""
    data = b""
    for text in texts:
        data += contained(b"message", stream=b"stderr")
        parts = [text[start : start + 30] for start in range(0, len(text), 30)] or [b""]
        data += b"".join(contained(part, b"P") for part in parts[:-1]) + contained(parts[-1])
    return data


def prefixed(texts: list[bytes]) -> bytes:
    return b"".join(struct.pack(">I", len(text)) + text for text in texts)


WRITERS: dict[str, Callable[[list[bytes]], bytes]] = {"container": container, "length": prefixed}


def source_of(
    path: Path, framing: str, *, once: bool = False, read_bytes: int = 1 << 18, start: str = "beginning"
) -> FileSource:
    return FileSource(
        "log",
        str(path),
        once=once,
        start=start,
        framing=framing_of("auto", framing),
        line_bytes=LIMIT,
        read_bytes=read_bytes,
    )


@given(
    texts=st.lists(st.integers(0, 2_500), max_size=8),
    cuts=st.lists(st.integers(0, 12_000), max_size=6),
    framing=st.sampled_from(sorted(WRITERS)),
    read_bytes=st.sampled_from([50, 3_000, 1 << 18]),
    restarts=st.booleans(),
)
def test_a_file_gives_its_records_however_it_grows(
    texts: list[int], cuts: list[int], framing: str, read_bytes: int, restarts: bool
) -> None:
    """Torn anywhere, read in any pieces, with a restart at any moment: each record once, long ones counted."""
    lines = [b"%d:" % number + b"x" * size for number, size in enumerate(texts)]
    data = WRITERS[framing](lines)
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder, "log")
        reading = Reading(source_of(path, framing, read_bytes=read_bytes))
        found: list[bytes] = []
        written = skipped = 0
        for cut in [*sorted(cut for cut in cuts if cut < len(data)), len(data)]:
            append(path, data[written:cut])
            written = cut
            for _ in range(3):  # a poll looks at so much of a long record at a time
                found += reading.step()
            if restarts:
                state, skipped = reading.source.checkpoint(), skipped + reading.errors["line_too_long"]
                reading.source.close()
                reading = Reading(source_of(path, framing, read_bytes=read_bytes))
                reading.source.resume(state)
        for _ in range(2 + len(data) // (64 * read_bytes)):
            found += reading.step()
        reading.source.close()
    long = sum(len(line) > LIMIT for line in lines)
    assert found == [line for line in lines if len(line) <= LIMIT]
    # A process that ends inside a long record has counted it; the next one begins with it again.
    counted = skipped + reading.errors["line_too_long"]
    assert counted == long if not restarts else long <= counted <= 2 * long + len(cuts) + 1


@pytest.mark.parametrize("framing", sorted(WRITERS))
def test_an_archive_has_the_framing_of_its_input(tmp_path: Path, framing: str) -> None:
    """A rotated and compressed log is read as it was, and where an earlier process has stopped."""
    texts = [b"%d" % number for number in range(5_000)]
    path = tmp_path / "log.gz"
    path.write_bytes(gzip.compress(WRITERS[framing](texts)))
    assert Reading(source_of(path, framing, once=True)).to_end() == texts
    source = source_of(path, framing, read_bytes=3_000)
    chunk = source.poll(0.0)
    assert chunk is not None
    following = source_of(path, framing)
    following.resume(source.checkpoint())
    assert chunk.data.split(b"\n")[:-1] + Reading(following).to_end() == texts


def test_the_end_of_a_container_log_is_the_end_of_a_line(tmp_path: Path) -> None:
    """With start: end in the middle of a line in parts, that line is not read; the next one is."""
    path = tmp_path / "log"
    path.write_bytes(contained(b"old") + contained(b"begins;", b"P"))
    reading = Reading(source_of(path, "container", start="end"))
    assert reading.step() == []
    append(path, contained(b"ends") + contained(b"new"))
    assert reading.step() == [b"new"]


def test_draining_leaves_an_unfinished_record_where_it_is(tmp_path: Path) -> None:
    """Its end comes after the restart."""
    for framing, data in (
        ("length", prefixed([b"one", b"two"])),
        ("container", container([b"one", b"t" * 40 + b"wo"])),
    ):
        path = tmp_path / framing
        path.write_bytes(data[:-2])
        reading = Reading(source_of(path, framing))
        assert reading.step(draining=True) == [b"one"]
        following = Reading(source_of(path, framing))
        following.source.resume(reading.source.checkpoint())
        append(path, data[-2:])
        assert len(following.step()) == 1


def test_a_last_record_that_is_cut_off_is_counted(tmp_path: Path) -> None:
    """Where a file is read once to its end."""
    path = tmp_path / "log"
    path.write_bytes(prefixed([b"one", b"two"])[:-1])
    reading = Reading(source_of(path, "length", once=True))
    assert reading.to_end() == [b"one"]
    assert reading.errors == {"cut_off": 1}


def write_parquet(path: Path, first: int = 0, end: int = len(ROWS)) -> Path:
    parquet.write_table(pa.Table.from_pylist(ROWS[first:end]), path, row_group_size=2_000)
    return path


@pytest.mark.parametrize("name", ["log.parquet", "LOG.PQ", "no ending"])
def test_a_parquet_file_is_read_once(tmp_path: Path, name: str) -> None:
    """In parts, by its name or by its first bytes; the chunks say their format, and bytes are those on the disk."""
    path = write_parquet(tmp_path / name)
    reading = Reading(source_of(path, "auto", once=True))
    assert reading.to_end() == LINES
    assert {chunk.format for chunk in reading.chunks} == {"parquet"}
    assert [chunk.starts_stream for chunk in reading.chunks] == [True, False, False]
    status = reading.status
    assert (status.bytes_read, status.lag_bytes, status.problem, status.files) == (path.stat().st_size, 0, "", 1)


def test_parquet_files_come_by_a_pattern_while_it_is_followed(tmp_path: Path) -> None:
    """One that appears later is read once it does not change any more; none is read twice."""
    write_parquet(tmp_path / "a.parquet", 0, 3_000)
    reading = Reading(source_of(tmp_path / "*.parquet", "auto"))
    assert reading.step() == LINES[:3_000]
    write_parquet(tmp_path / "b.parquet", 3_000)
    assert reading.step(6.0) == []
    assert reading.step(6.0) == LINES[3_000:]
    assert reading.step(60.0) == []
    following = Reading(source_of(tmp_path / "*.parquet", "auto"))
    following.source.resume(reading.source.checkpoint())
    assert following.step(60.0) == []


def test_a_parquet_file_goes_on_where_a_process_stopped(tmp_path: Path) -> None:
    """At the row, whatever the parts."""
    path = write_parquet(tmp_path / "log.parquet")
    source = source_of(path, "auto")
    chunk = source.poll(0.0)
    assert chunk is not None
    assert chunk.rows == 4_000
    lines = lines_of(chunk.data).split(b"\n")[:-1]
    following = source_of(path, "auto")
    following.resume(source.checkpoint())
    assert lines + Reading(following).to_end() == LINES


def test_a_damaged_parquet_file_is_told_and_counted(tmp_path: Path) -> None:
    """The others are read; one that was only not finished is read when it is."""
    whole = write_parquet(tmp_path / "b.parquet").read_bytes()
    damaged = tmp_path / "a.parquet"
    damaged.write_bytes(whole[:-100])
    reading = Reading(source_of(tmp_path / "*.parquet", "auto"))
    assert reading.step() == LINES
    assert reading.errors == {"not_parquet": 1}
    assert "a.parquet: cannot read it as Parquet" in reading.status.problem
    damaged.write_bytes(whole)
    assert reading.step(6.0) == []
    assert reading.step(6.0) == LINES


@pytest.mark.parametrize("name", ["log.parquet.gz", "log.gz", "log.parquet", "no ending"])
@pytest.mark.parametrize("read_bytes", [3, 1 << 18])
def test_parquet_in_gzip_is_refused(tmp_path: Path, name: str, read_bytes: int) -> None:
    """Nothing of it is read as lines, whether its name or its content says what it is; other files are read."""
    path = write_parquet(tmp_path / name)
    path.write_bytes(gzip.compress(path.read_bytes()))
    reading = Reading(source_of(path, "auto", once=True, read_bytes=read_bytes))
    assert reading.to_end() == []
    assert reading.errors == {"not_parquet": 1}
    assert f"{name}: Parquet cannot be read from gzip" in reading.status.problem
    assert "decompress it" in reading.status.problem
    assert reading.status.lag_bytes == 0


def test_text_in_gzip_is_no_parquet(tmp_path: Path) -> None:
    """However short its first record is."""
    path = tmp_path / "log.gz"
    path.write_bytes(gzip.compress(b"1\nPAR1\nPAR1\n"))
    for read_bytes in (1, 3, 1_000):
        assert Reading(source_of(path, "auto", once=True, read_bytes=read_bytes)).to_end() == [b"1", b"PAR1", b"PAR1"]


def test_without_pyarrow_a_parquet_file_waits(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The input cannot be read, and says what to install; nothing counts as read."""
    path = write_parquet(tmp_path / "log.parquet")
    with monkeypatch.context() as patch:
        patch.setitem(sys.modules, "pyarrow", None)
        reading = Reading(source_of(path, "auto"))
        assert reading.step() == []
        status = reading.status
        assert (status.up, status.open_errors) == (False, 1)
        assert "pip install 'model-drift-exporter[parquet]'" in status.problem
        once = Reading(source_of(path, "auto", once=True))
        assert once.to_end() == []
        assert "pip install" in once.status.problem
    assert reading.step(6.0) + reading.step(6.0) == LINES


def test_framings_have_names_of_their_own() -> None:
    """Those that a setting can name."""
    assert {name: framing.name for name, framing in FRAMINGS.items()} == {name: name for name in FRAMINGS}
