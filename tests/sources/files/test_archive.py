from __future__ import annotations

import gzip
import os
from pathlib import Path

import pytest

from model_drift_exporter.sources import FileSource
from tests.support.source_reader import Reading, append

SCAN = 5.0
LINES = [b"line %06d" % number for number in range(30_000)]
TEXT = b"\n".join(LINES) + b"\n"


def read_once(path: Path, line_bytes: int = 1 << 20) -> Reading:
    return Reading(FileSource("log", str(path), once=True, line_bytes=line_bytes, read_bytes=8192))


@pytest.mark.parametrize("once", [True, False])
def test_an_archive_is_read_to_its_end_in_bounded_chunks(tmp_path: Path, once: bool) -> None:
    """Then the source is finished, followed or not; bytes are those on the disk."""
    path = tmp_path / "log.jsonl.gz"
    path.write_bytes(gzip.compress(TEXT))
    reading = Reading(FileSource("log", str(path), once=once, read_bytes=8192))
    assert reading.to_end() == LINES
    assert max(len(chunk.data) for chunk in reading.chunks) <= 8192 + 12
    assert [chunk.starts_stream for chunk in reading.chunks[:2]] == [True, False]
    status = reading.status
    assert (status.bytes_read, status.lag_bytes, status.problem, status.files) == (path.stat().st_size, 0, "", 1)
    assert reading.step() == []


def test_members_and_a_last_line_without_newline(tmp_path: Path) -> None:
    """A line may go on in the next member, and the last one needs no newline."""
    path = tmp_path / "log.gz"
    path.write_bytes(gzip.compress(b"\xef\xbb\xbfone\ntw") + gzip.compress(b"o\nthree"))
    assert read_once(path).to_end() == [b"one", b"two", b"three"]


@pytest.mark.parametrize("damage", ["truncated", "flipped", "not gzip behind it"])
def test_a_damaged_archive_gives_what_was_read(tmp_path: Path, damage: str) -> None:
    """Whole lines up to the damage, one error in all, and a problem; the damage's own line is not passed on cut."""
    path = tmp_path / "log.gz"
    data = bytearray(gzip.compress(TEXT))
    if damage == "truncated":
        del data[len(data) * 3 // 4 :]
    elif damage == "flipped":
        data[len(data) * 3 // 4] ^= 0xFF
    else:
        data += b"garbage" * 10_000
    path.write_bytes(data)
    reading = read_once(path)
    lines = reading.to_end()
    assert lines[:10_000] == LINES[:10_000]
    if damage != "flipped":  # a flipped bit gives plausible text until the decompressor notices
        assert lines == LINES[: len(lines)]
    assert reading.errors == {"invalid_gzip": 1}
    assert reading.status.problem.startswith(f"{path} is no whole gzip file (")


@pytest.mark.parametrize("damage", ["cut off", "wrong checksum", "wrong length"])
@pytest.mark.parametrize(("end", "errors"), [(b"", {}), (b"breaks off", {"invalid_gzip": 1})])
def test_damage_behind_the_last_line_costs_none(
    tmp_path: Path, damage: str, end: bytes, errors: dict[str, int]
) -> None:
    """The file has a problem all the same; an error is counted only for a line that breaks off."""
    path = tmp_path / "log.gz"
    data = bytearray(gzip.compress(TEXT + end))
    if damage == "cut off":
        del data[-5:]
    else:
        data[-8 if damage == "wrong checksum" else -1] ^= 0xFF
    path.write_bytes(data)
    reading = read_once(path)
    assert reading.to_end() == LINES
    assert reading.errors == errors
    assert "is no whole gzip file (" in reading.status.problem


def test_an_empty_file_is_an_empty_log(tmp_path: Path) -> None:
    """It is no damaged archive: its writer has not begun."""
    path = tmp_path / "log.gz"
    path.touch()
    reading = read_once(path)
    assert reading.to_end() == []
    assert (reading.errors, reading.status.problem, reading.status.open_errors) == ({}, "", 0)


@pytest.mark.parametrize("once", [True, False])
def test_gzip_is_known_by_its_first_bytes(tmp_path: Path, once: bool) -> None:
    """Whatever the file is called, and with a pattern too."""
    path = tmp_path / "log.jsonl"
    path.write_bytes(gzip.compress(TEXT))
    for pattern in ("log.jsonl", "*.jsonl"):
        reading = Reading(FileSource("log", str(tmp_path / pattern), once=once, read_bytes=8192))
        assert reading.step() == LINES
        assert (reading.errors, reading.status.problem) == ({}, "")


def test_the_first_line_of_an_archive_may_be_too_long(tmp_path: Path) -> None:
    """The lines behind it come with an empty head."""
    path = tmp_path / "log.csv.gz"
    path.write_bytes(gzip.compress(b"x" * 200 + b"\n1,2\n"))
    reading = read_once(path, line_bytes=100)
    assert reading.to_end() == [b"1,2"]
    assert [chunk.head for chunk in reading.chunks if chunk.data] == [b""]


def test_what_is_no_gzip_at_all(tmp_path: Path) -> None:
    """One error, no lines."""
    path = tmp_path / "log.gz"
    path.write_bytes(b"plain text\n")
    reading = read_once(path)
    assert reading.to_end() == []
    assert reading.errors == {"invalid_gzip": 1}
    assert reading.status.problem


def test_long_lines_in_an_archive(tmp_path: Path) -> None:
    """They are skipped and counted, and a long last line is no line either."""
    path = tmp_path / "log.gz"
    path.write_bytes(gzip.compress(b"one\n" + b"x" * 100_000 + b"\ntwo\n" + b"y" * 100_000))
    reading = read_once(path, line_bytes=100)
    assert reading.to_end() == [b"one", b"two"]
    assert reading.errors == {"line_too_long": 2}


def test_a_pattern_of_archives_takes_new_ones_when_they_are_whole(tmp_path: Path) -> None:
    """One that appears later is read after it has not changed for a while, and none is read twice."""
    first, second = tmp_path / "1.gz", tmp_path / "2.gz"
    first.write_bytes(gzip.compress(b"one\n"))
    reading = Reading(FileSource("log", str(tmp_path / "*.gz")))
    assert reading.step() == [b"one"]
    assert not reading.source.finished
    data = gzip.compress(b"two\n")
    append(second, data[:10])
    assert reading.step(SCAN) == []
    append(second, data[10:])
    assert reading.step(SCAN) == []
    assert reading.step(SCAN) == [b"two"]
    first.rename(tmp_path / "0.gz")
    assert reading.step(SCAN) + reading.step(SCAN) == []
    assert (reading.status.problem, reading.status.files) == ("", 2)


def test_an_archive_replaced_by_another_is_read(tmp_path: Path) -> None:
    """Also if it takes the same name."""
    path, other = tmp_path / "1.gz", tmp_path / "other"
    path.write_bytes(gzip.compress(b"one\n"))
    reading = Reading(FileSource("log", str(tmp_path / "*.gz")))
    assert reading.step() == [b"one"]
    other.write_bytes(gzip.compress(b"another\n"))
    os.replace(other, path)  # noqa: PTH105 - the system call is what is meant
    assert reading.step(SCAN) == []
    assert reading.step(SCAN) == [b"another"]
    path.write_bytes(gzip.compress(b"rewritten in place\n"))
    assert reading.step(SCAN) == []
    assert reading.step(SCAN) == [b"rewritten in place"]
