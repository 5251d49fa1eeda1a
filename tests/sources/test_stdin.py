from __future__ import annotations

import gzip
import io
import os
import sys
from collections.abc import Callable, Iterator
from functools import partial
from typing import BinaryIO

import pytest

from model_drift_exporter.formats import framing_of
from model_drift_exporter.sources import StdinSource
from tests.support.source_reader import Reading


class Pipe:
    """A pipe with its writing end, as a shell would connect it."""

    def __init__(self) -> None:
        read, write = os.pipe()
        self.reader: BinaryIO = os.fdopen(read, "rb")
        self.writer = os.fdopen(write, "wb", buffering=0)


@pytest.fixture
def pipe() -> Iterator[Pipe]:
    pipe = Pipe()
    yield pipe
    pipe.writer.close()
    pipe.reader.close()


def test_lines_come_as_they_are_written_until_the_end(pipe: Pipe) -> None:
    """Polling an open, empty pipe returns at once; the last line comes when it is closed."""
    reading = Reading(StdinSource(stream=pipe.reader))
    assert reading.step() == []
    pipe.writer.write(b"one\ntw")
    assert reading.step() == [b"one"]
    pipe.writer.write(b"o\nthree")
    assert reading.step() == [b"two"]
    finished = [reading.source.finished]
    pipe.writer.close()
    assert reading.step() == [b"three"]
    finished.append(reading.source.finished)
    assert finished == [False, True]
    assert reading.step() == []
    assert [chunk.starts_stream for chunk in reading.chunks] == [True, False, False]
    status = reading.status
    assert (status.up, status.bytes_read, status.lag_seconds, status.open_errors) == (True, 13, 0.0, 0)


def test_draining_does_not_break_a_line(pipe: Pipe) -> None:
    """While the pipe is open, what has no newline is half a record."""
    reading = Reading(StdinSource(stream=pipe.reader))
    pipe.writer.write(b"one\nha")
    assert reading.step(draining=True) == [b"one"]
    pipe.writer.write(b"lf\n")
    assert reading.step(draining=True) == [b"half"]


def test_what_python_has_not_buffered_is_not_waited_for(pipe: Pipe) -> None:
    """A large write is read piece by piece, each no larger than asked for."""
    reading = Reading(StdinSource(stream=pipe.reader, read_bytes=100))
    lines = [b"%06d" % number for number in range(1000)]
    pipe.writer.write(b"\n".join(lines) + b"\n")
    assert reading.step() == lines
    assert max(len(chunk.data) for chunk in reading.chunks) <= 107


def test_lag_is_the_time_since_nothing_was_waiting(pipe: Pipe) -> None:
    """How many bytes wait in a pipe is not known."""
    reading = Reading(StdinSource(stream=pipe.reader, read_bytes=4))
    reading.step()
    pipe.writer.write(b"one\ntwo\n")
    assert reading.source.poll(reading.now + 1) is not None
    reading.now += 10
    assert reading.status.lag_seconds == 10.0
    reading.step()
    assert reading.status.lag_seconds == 0.0


def test_long_lines_are_counted(pipe: Pipe) -> None:
    """Before they end, and once each."""
    reading = Reading(StdinSource(stream=pipe.reader, line_bytes=10))
    pipe.writer.write(b"x" * 50)
    assert reading.step() == []
    assert reading.errors == {"line_too_long": 1}
    pipe.writer.write(b"x" * 50 + b"\none\n")
    assert reading.step() == [b"one"]
    assert reading.errors == {"line_too_long": 1}


def test_a_stream_in_memory() -> None:
    """What has no descriptor is read directly."""
    reading = Reading(StdinSource("log", "csv", stream=io.BytesIO(b"one\ntwo")))
    assert reading.source.format == "csv"
    assert reading.to_end() == [b"one", b"two"]
    assert {chunk.input for chunk in reading.chunks} == {"log"}


@pytest.mark.parametrize("compress", [bytes, gzip.compress])
@pytest.mark.parametrize("read_bytes", [1, 3, 1 << 18])
def test_parquet_through_a_pipe_is_refused(compress: Callable[[bytes], bytes], read_bytes: int) -> None:
    """Nothing of it is read as lines; it counts once, and the problem says what to do."""
    stream = io.BytesIO(compress(b"PAR1\n{}\n" * 1_000))
    framing = partial(framing_of("auto", "auto"), "stdin")
    reading = Reading(StdinSource(stream=stream, framing=framing, read_bytes=read_bytes))
    assert reading.to_end() == []
    assert reading.errors == {"not_parquet": 1}
    assert "give the file instead of a pipe" in reading.status.problem


def test_a_short_line_of_a_pipe_does_not_wait_for_the_next(pipe: Pipe) -> None:
    """It tells as well as a long one that the stream is text."""
    reading = Reading(StdinSource(stream=pipe.reader, framing=partial(framing_of("auto", "auto"), "stdin")))
    for line in (b"1\n", b"PAR1\n"):
        pipe.writer.write(line)
        assert reading.step() == [line.strip()]


def test_standard_input_is_the_default(monkeypatch: pytest.MonkeyPatch) -> None:
    """It is taken from ``sys.stdin`` when the source is made."""
    monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(b"one\n")))
    assert Reading(StdinSource()).to_end() == [b"one"]


def test_no_standard_input(monkeypatch: pytest.MonkeyPatch) -> None:
    """A process started without one is told so, and waits for nothing."""
    monkeypatch.setattr(sys, "stdin", None)
    reading = Reading(StdinSource())
    assert reading.to_end() == []
    assert (reading.status.up, reading.status.problem) == (False, "standard input is closed")
    assert reading.status.open_errors == 1


def test_a_read_error_ends_the_stream(pipe: Pipe, monkeypatch: pytest.MonkeyPatch) -> None:
    """What was read stays, the unfinished line included, and the status has the reason."""

    def fail(descriptor: int, length: int) -> bytes:
        raise OSError(5, "Input/output error")

    reading = Reading(StdinSource(stream=pipe.reader))
    pipe.writer.write(b"one\nhalf")
    assert reading.step() == [b"one"]
    pipe.writer.write(b"more")
    monkeypatch.setattr("os.read", fail)
    assert reading.step() == [b"half"]
    assert reading.source.finished
    assert reading.status.problem == "cannot read standard input: input/output error"


def test_a_reader_elsewhere_does_not_block_the_poll(pipe: Pipe, monkeypatch: pytest.MonkeyPatch) -> None:
    """Someone else may have taken what was announced."""

    def nothing_left(descriptor: int, length: int) -> bytes:
        raise BlockingIOError(11, "Resource temporarily unavailable")

    reading = Reading(StdinSource(stream=pipe.reader))
    pipe.writer.write(b"one\n")
    with monkeypatch.context() as patch:
        patch.setattr("os.read", nothing_left)
        assert reading.step() == []
    assert reading.step() == [b"one"]


def test_close_stops_reading(pipe: Pipe) -> None:
    """The stream itself stays open, it is not ours."""
    reading = Reading(StdinSource(stream=pipe.reader))
    pipe.writer.write(b"one\n")
    reading.source.close()
    assert reading.step() == []
    assert reading.source.finished
    assert not pipe.reader.closed


def test_gzip_is_decompressed(pipe: Pipe) -> None:
    """Recognised by its first bytes, however they come, and read as it comes."""
    reading = Reading(StdinSource(stream=pipe.reader))
    data = gzip.compress(b"one\ntwo\nthree")
    for piece in (data[:1], data[1:5], data[5:]):
        assert reading.source.poll(reading.now) is None
        pipe.writer.write(piece)
    assert reading.step() == [b"one", b"two"]
    pipe.writer.close()
    assert reading.step() == [b"three"]
    assert (reading.status.problem, reading.status.bytes_read) == ("", len(data))
    assert [chunk.starts_stream for chunk in reading.chunks] == [True, False]


@pytest.mark.parametrize(("text", "errors"), [(b"one\ntwo\n", {}), (b"one\ntwo\nthree", {"invalid_gzip": 1})])
def test_gzip_that_breaks_off(text: bytes, errors: dict[str, int]) -> None:
    """What came is read, the status says what is wrong, and a line that breaks off is an error."""
    reading = Reading(StdinSource(stream=io.BytesIO(gzip.compress(text)[:-3])))
    assert reading.to_end() == [b"one", b"two"]
    assert reading.errors == errors
    assert reading.status.problem.startswith("standard input is no whole gzip stream (it ends too early)")
    assert reading.status.open_errors == 1


def test_what_is_shorter_than_a_mark_is_text() -> None:
    """A single byte that gzip begins with is a line."""
    assert Reading(StdinSource(stream=io.BytesIO(b"\x1f"))).to_end() == [b"\x1f"]


def test_the_first_line_may_be_too_long() -> None:
    """The lines behind it come with an empty head."""
    reading = Reading(StdinSource(stream=io.BytesIO(b"\n" + b"x" * 50 + b"\n1,2\n"), line_bytes=10, read_bytes=8))
    assert reading.to_end() == [b"", b"1,2"]
    assert [chunk.head for chunk in reading.chunks if chunk.data.strip()] == [b""]
