from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

import pytest

from model_drift_exporter.sources import FileSource
from model_drift_exporter.sources.files.position import Position, identity_of
from model_drift_exporter.sources.files.tail import FileCounters, FileTail
from tests.support.source_reader import Reading, append


class Tail:
    """A tail on one file, read until nothing comes."""

    def __init__(
        self, path: Path, *, at_end: bool = False, line_bytes: int = 1 << 20, read_bytes: int = 1 << 18
    ) -> None:
        self.counters = FileCounters()
        self.errors = 0
        self.starts: list[bool] = []
        self.tail = FileTail(
            "log",
            str(path),
            Position(identity_of(path.stat())),
            self.counters,
            at_end=at_end,
            line_bytes=line_bytes,
            read_bytes=read_bytes,
        )

    def read(self) -> bytes:
        data = b""
        while (chunk := self.tail.read()) is not None:
            data += chunk.data
            self.errors += chunk.errors.get("line_too_long", 0)
            self.starts.append(chunk.starts_stream)
        return data


@pytest.fixture
def path(tmp_path: Path) -> Path:
    path = tmp_path / "log"
    path.touch()
    return path


@pytest.fixture
def tail(path: Path) -> Iterator[Tail]:
    tail = Tail(path)
    yield tail
    tail.tail.close()


def test_lines_come_as_they_are_written(path: Path, tail: Tail) -> None:
    """One line, then many in one write, empty and CRLF ones among them, come once and unchanged."""
    append(path, b"one\n")
    assert tail.read() == b"one\n"
    append(path, b"two\n\nthree\r\n\xff\xfe\n")
    assert tail.read() == b"two\n\nthree\r\n\xff\xfe\n"
    assert tail.read() == b""
    assert tail.starts == [True, False]


def test_a_line_written_in_pieces_is_never_split(path: Path, tail: Tail) -> None:
    """Pieces that break a UTF-8 sequence wait until the newline is there."""
    euro = "€\n".encode()
    append(path, euro[:1])
    assert tail.read() == b""
    append(path, euro[1:2])
    assert tail.read() == b""
    append(path, euro[2:] + b"half")
    assert tail.read() == euro
    assert tail.counters.bytes_read == len(euro)


def test_an_unfinished_line_is_seen_but_not_delivered(path: Path, tail: Tail) -> None:
    """It is no lag, and comes when nobody waits for its end any longer; what follows is a line of its own."""
    append(path, b"one\nhalf")
    assert tail.tail.unread_bytes(0) == 0, "not open yet, and the size when found was 0"
    assert tail.read() == b"one\n"
    assert tail.tail.unread_bytes(0) == 0
    chunk = tail.tail.flush()
    assert chunk is not None
    assert chunk.data == b"half\n"
    assert tail.tail.flush() is None
    append(path, b"rest\n")
    assert tail.tail.unread_bytes(0) == 5
    assert tail.read() == b"rest\n"


@pytest.mark.parametrize("read_bytes", [1, 2, 5, 1 << 18])
def test_the_head_is_cleaned(path: Path, read_bytes: int) -> None:
    """NUL bytes and a byte order mark are skipped at the head and nowhere else."""
    path.write_bytes(bytes(3000) + b"\xef\xbb\xbfone\n\0two\n\xef\xbb\xbfthree\n")
    tail = Tail(path, read_bytes=read_bytes)
    data = b"".join(tail.read() for _ in range(3010))
    assert data == b"one\n\0two\n\xef\xbb\xbfthree\n"
    assert tail.counters.truncations == 0
    tail.tail.close()


def test_an_incomplete_byte_order_mark_waits(path: Path, tail: Tail) -> None:
    """The first two bytes of a mark decide nothing yet."""
    append(path, b"\0\xef\xbb")
    assert tail.read() == b""
    append(path, b"\xbfone\n")
    assert tail.read() == b"one\n"


@pytest.mark.parametrize("read_bytes", [7, 100, 1 << 18])
@pytest.mark.parametrize("length", [51, 99, 5000])
def test_a_long_line_is_skipped_and_counted(path: Path, read_bytes: int, length: int) -> None:
    """Its neighbours come, however long it is and however much is read at a time."""
    path.write_bytes(b"one\n" + b"x" * 50 + b"\n" + b"y" * length + b"\nthree\n")
    tail = Tail(path, line_bytes=50, read_bytes=read_bytes)
    data = b"".join(tail.read() for _ in range(5000 // read_bytes // 50 + 5))
    assert data == b"one\n" + b"x" * 50 + b"\nthree\n"
    assert tail.errors == 1
    tail.tail.close()


def test_a_long_line_is_counted_before_it_ends(path: Path) -> None:
    """A line growing beyond the limit is reported at once, skipped to its newline, and counted once."""
    tail = Tail(path, line_bytes=10)
    for _ in range(5):
        append(path, b"x" * 8)
        assert tail.read() == b""
    assert tail.errors == 1
    assert tail.tail.flush() is None
    append(path, b"x\ngood\n")
    assert tail.read() == b"good\n"
    assert tail.errors == 1
    tail.tail.close()


def test_one_read_is_bounded(path: Path) -> None:
    """A file of any size is read in chunks of at most ``read_bytes`` and the line they cut."""
    lines = b"".join(b"%06d\n" % number for number in range(5000))
    path.write_bytes(lines)
    tail = Tail(path, read_bytes=1000)
    sizes = []
    data = b""
    while (chunk := tail.tail.read()) is not None:
        sizes.append(len(chunk.data))
        data += chunk.data
    assert data == lines
    assert max(sizes) <= 1007
    tail.tail.close()


def test_a_line_without_end_does_not_hold_up_a_read(path: Path) -> None:
    """One read gives up after a bounded number of bytes and says that it has not seen all."""
    path.write_bytes(b"x" * 100_000)
    tail = Tail(path, line_bytes=10, read_bytes=100)
    chunk = tail.tail.read()
    assert chunk is not None
    assert chunk.errors == {"line_too_long": 1}
    assert not tail.tail.at_end
    assert tail.counters.bytes_read <= 64 * 100
    tail.tail.close()


@pytest.mark.parametrize("unfinished", [b"", b"half"])
def test_truncation_to_nothing(path: Path, tail: Tail, unfinished: bytes) -> None:
    """The file starts again as a new stream; an unfinished line is dropped rather than passed on cut."""
    append(path, b"one\n" + unfinished)
    assert tail.read() == b"one\n"
    os.truncate(path, 0)
    assert tail.read() == b""
    append(path, b"two\n")
    assert tail.read() == b"two\n"
    assert tail.counters.truncations == 1
    assert tail.starts == [True, True]


@pytest.mark.parametrize("again", [b"2\n", b"new\n", b"longer than it was before\n"])
def test_truncation_and_regrowth_between_two_reads(path: Path, tail: Tail, again: bytes) -> None:
    """It is noticed whether the file ends before, at, or beyond the old position."""
    append(path, b"one\n")
    assert tail.read() == b"one\n"
    path.write_bytes(again)
    assert tail.read() == again
    assert tail.counters.truncations == 1


def test_truncation_of_nothing_but_an_unfinished_line(path: Path, tail: Tail) -> None:
    """Even before the first newline, a changed beginning is a truncation."""
    append(path, b"half")
    assert tail.read() == b""
    path.write_bytes(b"other\n")
    assert tail.read() == b"other\n"
    assert tail.counters.truncations == 1


def test_copytruncate_under_a_writer_that_keeps_its_offset(path: Path, tail: Tail) -> None:
    """The hole that such a writer leaves in front of its next line is skipped."""
    append(path, b"line\n" * 1000)
    assert len(tail.read()) == 5000
    with path.open("r+b", buffering=0) as writer:
        writer.truncate(0)
        writer.seek(5000)
        writer.write(b"next\n")
    assert tail.read() == b"next\n"
    assert tail.counters.truncations == 1


@pytest.mark.parametrize(
    ("content", "skipped"),
    [(b"", 0), (b"one\n", 4), (b"one\nhalf", 4), (b"half", 0), (b"a" * 3000 + b"\n" + b"b" * 700, 3001)],
)
def test_starting_at_the_end(path: Path, content: bytes, skipped: int) -> None:
    """Reading begins before the last line if that is unfinished, and truncation is still noticed."""
    path.write_bytes(content)
    tail = Tail(path, at_end=True)
    assert tail.read() == b""
    append(path, b" more\n")
    assert tail.read() == content[skipped:] + b" more\n"
    path.write_bytes(b"n" * (skipped + 50) + b"\n")
    assert tail.read() == b"n" * (skipped + 50) + b"\n"
    assert tail.counters.truncations == 1
    tail.tail.close()


def test_starting_at_the_end_inside_a_long_line(path: Path) -> None:
    """Only the lines behind the long one come."""
    path.write_bytes(b"a" * 5000)
    tail = Tail(path, at_end=True, line_bytes=100)
    assert tail.read() == b""
    append(path, b"rest\ngood\n")
    assert tail.read() == b"good\n"
    tail.tail.close()


def test_a_parked_tail_goes_on_where_it_was(path: Path, tail: Tail) -> None:
    """It opens the file again only when that has changed, and neither repeats nor loses a line."""
    append(path, b"one\nhal")
    assert tail.read() == b"one\n"
    tail.tail.park()
    tail.tail.wake(path.stat())
    assert tail.read() == b""
    assert not tail.tail.is_open
    append(path, b"f\n")
    assert tail.read() == b"", "not woken"
    tail.tail.wake(path.stat())
    assert tail.read() == b"half\n"


def test_parking_overlooks_nothing_written_meanwhile(path: Path, tail: Tail) -> None:
    """A tail that has not seen all when it is parked opens the file again by itself."""
    append(path, b"one\n")
    assert tail.read() == b"one\n"
    append(path, b"two\n")
    tail.tail.park()
    assert tail.tail.will_open
    assert tail.read() == b"two\n"


def test_another_file_in_its_place_is_not_read(path: Path, tail: Tail) -> None:
    """A file replaced before it was opened is left to whoever looks for files."""
    path.rename(path.with_name("old"))
    path.write_bytes(b"other\n")
    with pytest.raises(FileNotFoundError):
        tail.tail.read()
    assert not tail.tail.is_open


def test_the_position_is_the_start_of_a_line(path: Path, tail: Tail) -> None:
    """From a position another tail goes on, so it is never inside a line that is still to come."""
    append(path, b"one\nhalf")
    tail.read()
    assert tail.tail.position == Position(identity_of(path.stat()), 4, b"one\n")


def test_deleted_says_whether_disk_space_is_held(path: Path, tail: Tail) -> None:
    """A renamed file has a name still, a deleted one has none."""
    tail.read()
    renamed = path.rename(path.with_name("old"))
    assert not tail.tail.deleted()
    renamed.unlink()
    assert tail.tail.deleted()


@pytest.mark.parametrize("read_bytes", [7, 1 << 16])
def test_a_long_line_of_blanks_is_an_empty_line(tmp_path: Path, read_bytes: int) -> None:
    """As it is in a decoder; it counts as soon as something else is in it."""
    path = tmp_path / "log"
    append(path, b" " * 50 + b"\n" + b" " * 50 + b"x\none\n" + b"\t" * 50)
    reading = Reading(FileSource("log", str(path), line_bytes=20, read_bytes=read_bytes))
    assert [line for line in reading.step() if line.strip()] == [b"one"]
    assert reading.errors == {"line_too_long": 1}
    append(path, b"\t\ntwo\n")
    assert reading.step() == [b"two"]
    append(path, b" " * 50)
    assert reading.step() == []
    append(path, b"end\nthree\n")
    assert reading.step() == [b"three"]
    assert reading.errors == {"line_too_long": 2}


@pytest.mark.parametrize("read_bytes", [7, 1 << 16])
def test_a_first_line_that_is_too_long_leaves_an_empty_head(tmp_path: Path, read_bytes: int) -> None:
    """Once for each beginning of the file."""
    path = tmp_path / "log.csv"
    append(path, b"\n" + b"x" * 50 + b"\n1,2\n" + b"y" * 50 + b"\n3,4\n")
    reading = Reading(FileSource("log", str(path), line_bytes=20, read_bytes=read_bytes))
    assert [line for line in reading.step() if line] == [b"1,2", b"3,4"]
    heads = [chunk.head for chunk in reading.chunks if chunk.data.strip()]
    assert heads == [b"", *[None] * (len(heads) - 1)]
    path.write_bytes(b"a,b\n")
    assert reading.step() == [b"a,b"]
    assert reading.chunks[-1].head is None


@pytest.mark.parametrize(
    ("beginning", "head"), [(b"\xef\xbb\xbfa,b\n1,2\n", b"a,b"), (b"x" * 50 + b"\n1,2\n", b""), (b"", None)]
)
def test_reading_from_the_end_knows_the_first_line(tmp_path: Path, beginning: bytes, head: bytes | None) -> None:
    """What is read later needs the header of the file."""
    path = tmp_path / "log.csv"
    append(path, beginning)
    reading = Reading(FileSource("log", str(path), start="end", line_bytes=20))
    assert reading.step() == []
    append(path, b"3,4\n")
    assert reading.step() == [b"3,4"]
    append(path, b"5,6\n")
    assert reading.step() == [b"5,6"]
    assert [chunk.head for chunk in reading.chunks] == [head, None]
