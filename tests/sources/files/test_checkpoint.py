"""A source that goes on from the checkpoint of an earlier process."""

from __future__ import annotations

import gzip
from pathlib import Path
from typing import Any

import msgspec
import pytest

from model_drift_exporter.errors import StateError
from model_drift_exporter.sources import FileSource
from model_drift_exporter.sources.files.checkpoint import MAX_CLOSED, Resumptions
from model_drift_exporter.sources.files.copies import Resumption
from model_drift_exporter.sources.files.position import Position
from tests.support.source_reader import Reading, append

LINES = b"".join(b"line %d\n" % number for number in range(200))


def restarted(reading: Reading, source: FileSource, *, change: Any = None) -> Reading:
    """Another process with the checkpoint of the first, as it is after a file on disk."""
    state = msgspec.msgpack.decode(msgspec.msgpack.encode(reading.source.checkpoint()))
    reading.source.close()
    if change is not None:
        change(state)
    successor = Reading(source, reading.now)
    successor.source.resume(state)
    return successor


def test_reading_goes_on_behind_the_last_line(tmp_path: Path) -> None:
    """An unfinished line comes in whole, once, by the process that sees its end."""
    path = tmp_path / "log"
    append(path, b"one\ntw")
    reading = Reading(FileSource("log", str(path)))
    assert reading.step() == [b"one"]
    reading = restarted(reading, FileSource("log", str(path)))
    append(path, b"o\nthree\n")
    assert reading.step() == [b"two", b"three"]


def test_a_log_rotated_meanwhile_is_read_to_its_end_first(tmp_path: Path) -> None:
    """Under a single path the rotated file is found in its folder by its inode."""
    path = tmp_path / "log"
    append(path, LINES)
    reading = Reading(FileSource("log", str(path)))
    reading.step()
    append(path, b"last of the old\n")
    reading = restarted(reading, FileSource("log", str(path)))
    path.rename(tmp_path / "log.1")
    append(path, b"first of the new\n")
    assert reading.step() == [b"last of the old", b"first of the new"]


def test_a_log_truncated_meanwhile_is_read_from_its_beginning(tmp_path: Path) -> None:
    """The bytes in front of the position are others now."""
    path = tmp_path / "log"
    append(path, LINES)
    reading = Reading(FileSource("log", str(path)))
    reading.step()
    reading = restarted(reading, FileSource("log", str(path)))
    path.write_bytes(b"other %d\n" * 400)
    assert reading.step() == [b"other %d"] * 400


def test_a_header_is_known_after_a_restart(tmp_path: Path) -> None:
    """The first line of the file comes along, so that a CSV file can be read on in its middle."""
    path = tmp_path / "log.csv"
    append(path, b"a,b\n1,2\n")
    reading = Reading(FileSource("log", str(path)))
    reading.step()
    reading = restarted(reading, FileSource("log", str(path)))
    append(path, b"3,4\n")
    assert reading.step() == [b"3,4"]
    assert [(chunk.head, chunk.starts_stream) for chunk in reading.chunks] == [(b"a,b", False)]


def test_the_middle_of_a_line_too_long_is_no_line(tmp_path: Path) -> None:
    """A process that is killed while it steps over a long line does not make a line of its rest."""
    path = tmp_path / "log"
    append(path, b"one\n")
    reading = Reading(FileSource("log", str(path), line_bytes=100))
    assert reading.step() == [b"one"]
    append(path, b"x" * 500)
    assert reading.step() == []
    assert reading.errors == {"line_too_long": 1}
    reading = restarted(reading, FileSource("log", str(path), line_bytes=100))
    append(path, b"x" * 50 + b"\ntwo\n")
    assert reading.step() == [b"two"]
    assert not reading.errors


@pytest.mark.parametrize("read_bytes", [50, 1 << 19])
def test_an_archive_goes_on_behind_the_lines_read(tmp_path: Path, read_bytes: int) -> None:
    """It is decompressed again, and no line comes twice; its first line comes along as the head."""
    path = tmp_path / "log.jsonl.gz"
    path.write_bytes(gzip.compress(LINES))
    whole = LINES.split(b"\n")[:-1]
    reading = Reading(FileSource("log", str(path), once=True, read_bytes=read_bytes))
    chunk = reading.source.poll(reading.now)
    assert chunk is not None
    done = chunk.data.count(b"\n")
    reading = restarted(reading, FileSource("log", str(path), once=True, read_bytes=read_bytes))
    assert reading.to_end() == whole[done:]
    assert done == len(whole) or next(chunk.head for chunk in reading.chunks if chunk.data) == b"line 0"


def test_an_archive_that_was_read_is_not_read_again(tmp_path: Path) -> None:
    """Also when it was read by another process."""
    path = tmp_path / "log.gz"
    path.write_bytes(gzip.compress(LINES))
    reading = Reading(FileSource("log", str(path)))
    assert len(reading.to_end()) == 200
    reading = restarted(reading, FileSource("log", str(path)))
    assert reading.step() == []


def test_starting_at_the_end_is_for_the_first_start_only(tmp_path: Path) -> None:
    """What was written while no process ran is read, also into a new file."""
    path = tmp_path / "log"
    append(path, LINES)
    reading = Reading(FileSource("log", str(path), start="end"))
    assert reading.step() == []
    append(path, b"new\n")
    reading = restarted(reading, FileSource("log", str(path), start="end"))
    assert reading.step() == [b"new"]
    reading = restarted(reading, FileSource("log", str(path), start="end"))
    path.unlink()
    append(path, b"another file\n")
    assert reading.step() == [b"another file"]


def test_a_volume_mounted_again_may_have_another_device_number(tmp_path: Path) -> None:
    """Inode and content are enough to know a file again."""
    path = tmp_path / "log"
    append(path, LINES)
    reading = Reading(FileSource("log", str(path)))
    reading.step()

    def renumber(state: dict[str, Any]) -> None:
        for file in state["files"]:
            file["device"] += 1

    reading = restarted(reading, FileSource("log", str(path)), change=renumber)
    append(path, b"new\n")
    assert reading.step() == [b"new"]


def test_a_state_that_is_no_checkpoint_is_refused(tmp_path: Path) -> None:
    """The source can then be read from its beginning."""
    path = tmp_path / "log"
    append(path, b"one\n")
    source = FileSource("log", str(path))
    with pytest.raises(StateError, match="does not fit"):
        source.resume({"files": "none"})
    assert Reading(source).step() == [b"one"]


def test_few_of_the_files_let_go_are_remembered() -> None:
    """A log that rotates for years does not grow the checkpoint."""
    resumptions = Resumptions()
    for inode in range(MAX_CLOSED + 10):
        resumptions.remember(Resumption(Position((1, inode), 5, b"line\n"), "log"))
    assert [inode for _, inode in resumptions] == [*range(10, MAX_CLOSED + 10)]
