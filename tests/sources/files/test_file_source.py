from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path

import pytest

from model_drift_exporter.sources import FileSource
from model_drift_exporter.sources.files.file_source import OVERDUE_SECONDS
from tests.support.source_reader import Reading, append, open_files

GRACE = 6.0  # more than a file without a name is kept open


def follow(path: Path, start: str = "beginning", read_bytes: int = 1 << 18) -> Reading:
    return Reading(FileSource("log", str(path), start=start, read_bytes=read_bytes))


def read_once(path: Path | str) -> Reading:
    return Reading(FileSource("log", str(path), once=True))


def test_a_file_that_appears_later_is_read_from_its_beginning(tmp_path: Path) -> None:
    """Neither the file nor its folder need exist; waiting for them is no error, but the input is not up."""
    path = tmp_path / "logs" / "log"
    reading = follow(path, "end")
    assert reading.step() == []
    assert not reading.status.up
    assert reading.status.problem == f"{path} does not exist; it is read as soon as it appears"
    path.parent.mkdir()
    append(path, b"one\n")
    assert reading.step() == [b"one"]
    status = reading.status
    assert (status.up, status.problem, status.open_errors, status.files, status.rotations) == (True, "", 0, 1, 0)


def test_a_file_is_one_stream_named_by_its_path(tmp_path: Path) -> None:
    """Only the first chunk starts the stream."""
    path = tmp_path / "log"
    reading = follow(path)
    for line in (b"one\n", b"two\n"):
        append(path, line)
        reading.step()
    assert [(chunk.input, chunk.stream, chunk.starts_stream) for chunk in reading.chunks] == [
        ("log", str(path), True),
        ("log", str(path), False),
    ]


def test_end_skips_what_existed_before_the_first_poll_only(tmp_path: Path) -> None:
    """The file that replaces it is read from its beginning."""
    path = tmp_path / "log"
    append(path, b"old\n")
    reading = follow(path, "end")
    assert reading.step() == []
    append(path, b"one\n")
    assert reading.step() == [b"one"]
    path.rename(tmp_path / "log.1")
    append(path, b"two\n")
    assert reading.step() == [b"two"]


def test_start_must_be_known() -> None:
    """A misspelt start is refused."""
    with pytest.raises(ValueError, match='"beginning" or "end", not "middle"'):
        FileSource("log", "log", start="middle")


def test_rotation_by_rename_and_create(tmp_path: Path) -> None:
    """What was written before the rename comes first, an unfinished line is completed, and it is counted once."""
    path = tmp_path / "log"
    append(path, b"one\nhal")
    reading = follow(path)
    assert reading.step() == [b"one"]
    append(path, b"f\ntwo\n")
    path.rename(tmp_path / "log.1")
    append(path, b"three\n")
    assert reading.step() == [b"half", b"two", b"three"]
    assert reading.status.rotations == 1
    assert [chunk.starts_stream for chunk in reading.chunks] == [True, False, True]


def test_late_writes_to_the_rotated_file_are_read(tmp_path: Path) -> None:
    """For five seconds after its last line, then the file is closed and its unfinished line given out."""
    path = tmp_path / "log"
    append(path, b"one\n")
    reading = follow(path)
    reading.step()
    old = path.rename(tmp_path / "log.1")
    append(path, b"two\n")
    assert reading.step() == [b"two"]
    append(old, b"late\n")
    assert reading.step(4.0) == [b"late"]
    append(old, b"later\nunfinished")
    assert reading.step(4.0) == [b"later"]
    assert open_files(tmp_path) == 2
    assert reading.step(GRACE) == [b"unfinished"]
    assert open_files(tmp_path) == 1
    append(old, b"too late\n")
    assert reading.step() == []


def test_the_new_file_may_take_its_time(tmp_path: Path) -> None:
    """Until it is there the renamed one is followed, since its writer may not have noticed."""
    path = tmp_path / "log"
    append(path, b"one\n")
    reading = follow(path)
    reading.step()
    old = path.rename(tmp_path / "log.1")
    for _ in range(5):
        reading.step(GRACE)
    append(old, b"two\n")
    assert reading.step() == [b"two"]
    assert reading.status.up
    append(path, b"three\n")
    assert reading.step() == [b"three"]
    assert (reading.status.rotations, reading.status.problem) == (1, "")


def test_a_file_renamed_back_is_not_read_again(tmp_path: Path) -> None:
    """Neither while it is still open nor after it was closed."""
    path, other = tmp_path / "log", tmp_path / "log.1"
    append(path, b"one\n")
    reading = follow(path)
    reading.step()
    path.rename(other)
    reading.step()
    other.rename(path)
    assert reading.step() == []
    assert reading.status.problem == ""
    path.rename(other)
    append(path, b"two\n")
    assert reading.step() == [b"two"]
    reading.step(GRACE)
    append(other, b"three\n")
    other.rename(path)
    assert reading.step() == [b"three"]


def test_the_target_of_a_link_changes(tmp_path: Path) -> None:
    """As Kubernetes and "current" links do; going back to the first target repeats nothing."""
    first, second, link = tmp_path / "first", tmp_path / "second", tmp_path / "current"
    append(first, b"one\n")
    append(second, b"two\n")
    link.symlink_to(first)
    reading = follow(link)
    assert reading.step() == [b"one"]
    link.unlink()
    link.symlink_to(second)
    assert reading.step() == [b"two"]
    reading.step(GRACE)
    link.unlink()
    link.symlink_to(first)
    append(first, b"three\n")
    assert reading.step() == [b"three"]


def test_a_deleted_file_is_closed(tmp_path: Path) -> None:
    """After the grace time, so that its space is free; its unfinished line is given out."""
    path = tmp_path / "log"
    append(path, b"one\nhalf")
    reading = follow(path)
    reading.step()
    path.unlink()
    assert reading.step() == []
    assert open_files(tmp_path) == 1
    assert reading.step(GRACE) == [b"half"]
    assert open_files(tmp_path) == 0
    assert not reading.status.up
    assert reading.status.files == 0


@pytest.mark.parametrize("pause", [0.0, GRACE])
def test_a_file_deleted_and_made_again(tmp_path: Path, pause: float) -> None:
    """It is new, also if the file system gives it the same inode and it holds the same lines."""
    path = tmp_path / "log"
    append(path, b"one\n")
    reading = follow(path)
    reading.step()
    path.unlink()
    reading.step()
    reading.step(pause)
    append(path, b"one\n")
    assert reading.step() == [b"one"]
    assert reading.status.rotations == 1


def test_truncation_is_counted_and_starts_the_stream_again(tmp_path: Path) -> None:
    """The status has it apart from rotations."""
    path = tmp_path / "log"
    append(path, b"one\n")
    reading = follow(path)
    reading.step()
    path.write_bytes(b"other\n")
    assert reading.step() == [b"other"]
    assert (reading.status.truncations, reading.status.rotations) == (1, 0)
    assert reading.chunks[-1].starts_stream


def test_permission_denied_then_granted(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The problem is told once, however often opening is tried, and the file is read when it can be."""
    path = tmp_path / "log"
    append(path, b"one\n")
    reading = follow(path)
    with monkeypatch.context() as patch:
        patch.setattr("os.open", _refuse)
        for _ in range(3):
            assert reading.step() == []
        status = reading.status
        assert (status.up, status.open_errors, status.files) == (False, 1, 0)
        assert status.problem == f"cannot read {path}: permission denied"
    assert reading.step() == [b"one"]
    status = reading.status
    assert (status.up, status.open_errors, status.problem, status.rotations) == (True, 1, "", 0)


def _refuse(path: str, flags: int, mode: int = 0o777) -> int:
    assert flags & os.O_NONBLOCK, "a FIFO must not block the opening"
    raise PermissionError(13, "Permission denied", path)


def test_a_read_error_does_not_lose_the_place(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Once the disk answers again, reading goes on behind the last line delivered."""
    path = tmp_path / "log"
    append(path, b"one\n")
    reading = follow(path)
    reading.step()
    append(path, b"two\n")
    with monkeypatch.context() as patch:
        patch.setattr("os.pread", _fail)
        for _ in range(3):
            assert reading.step() == []
        assert reading.status.problem == f"cannot read {path}: input/output error"
        assert reading.status.open_errors == 1
        assert (reading.status.lag_bytes, reading.status.lag_seconds) == (4, 0.75)
    assert reading.step() == [b"two"]
    assert reading.status.problem == ""


def _fail(descriptor: int, length: int, offset: int) -> bytes:
    raise OSError(5, "Input/output error")


def test_a_directory_in_the_files_place(tmp_path: Path) -> None:
    """It is an error with advice, until a file is there."""
    path = tmp_path / "log"
    path.mkdir()
    reading = follow(path)
    reading.step()
    assert reading.status.open_errors == 1
    assert reading.status.problem.endswith("it is a directory; write a pattern such as directory/*.jsonl")
    path.rmdir()
    append(path, b"one\n")
    assert reading.step() == [b"one"]


def test_lag_is_what_exists_and_was_not_read(tmp_path: Path) -> None:
    """In bytes, and in seconds since the last time when nothing was left."""
    path = tmp_path / "log"
    append(path, b"one\n")
    reading = follow(path, read_bytes=8)
    reading.step()
    assert (reading.status.lag_bytes, reading.status.lag_seconds) == (0, 0.0)
    append(path, b"two\n" * 6)
    reading.now += 10
    assert (reading.status.lag_bytes, reading.status.lag_seconds) == (24, 10.0)
    chunk = reading.source.poll(reading.now)
    assert chunk is not None
    assert (reading.status.lag_bytes, reading.status.lag_seconds) == (16, 10.0)
    assert reading.step() == [b"two"] * 4
    assert (reading.status.lag_bytes, reading.status.lag_seconds, reading.status.bytes_read) == (0, 0.0, 28)


def test_draining_gives_out_the_unfinished_line(tmp_path: Path) -> None:
    """Once, and after all that is whole."""
    path = tmp_path / "log"
    append(path, b"one\nhalf")
    reading = follow(path)
    assert reading.step(draining=True) == [b"one", b"half"]
    assert reading.step(draining=True) == []
    assert not reading.source.finished


def test_draining_includes_a_rotated_file(tmp_path: Path) -> None:
    """Its unfinished line does not wait for the grace time."""
    path = tmp_path / "log"
    append(path, b"half")
    reading = follow(path)
    reading.step()
    path.rename(tmp_path / "log.1")
    append(path, b"one")
    assert reading.step(draining=True) == [b"half", b"one"]


def test_a_backlog_is_read_in_bounded_chunks(tmp_path: Path) -> None:
    """Memory does not grow with a slow reader, and no line is lost."""
    path = tmp_path / "log"
    lines = [b"%d" % number for number in range(20_000)]
    append(path, b"\n".join(lines) + b"\n")
    reading = follow(path, read_bytes=4096)
    assert reading.step() == lines
    assert max(len(chunk.data) for chunk in reading.chunks) <= 4096 + 6


def test_once_reads_to_the_end_and_finishes(tmp_path: Path) -> None:
    """Also a last line without newline; the file is closed."""
    path = tmp_path / "log"
    append(path, b"one\ntwo")
    reading = read_once(path)
    assert not reading.source.finished
    assert reading.to_end() == [b"one", b"two"]
    assert open_files(tmp_path) == 0
    status = reading.status
    assert (status.up, status.problem, status.files, status.bytes_read, status.open_errors) == (True, "", 1, 7, 0)
    append(path, b"three\n")
    assert reading.step() == []


def test_once_gives_up_on_no_line_however_long_another_is(tmp_path: Path) -> None:
    """A line longer than one poll reads does not end the file."""
    path = tmp_path / "log"
    append(path, b"x" * 100_000 + b"\ngood\n")
    reading = Reading(FileSource("log", str(path), once=True, line_bytes=10, read_bytes=100))
    assert reading.to_end() == [b"good"]
    assert reading.errors == {"line_too_long": 1}


@pytest.mark.parametrize(
    ("make", "problem"),
    [
        (lambda _: None, "cannot read {}: no such file or directory"),
        (Path.mkdir, "cannot read {}: it is a directory; write a pattern such as directory/*.jsonl"),
        (os.mkfifo, "cannot read {}: it is no regular file; pipe it into standard input instead"),
    ],
)
def test_once_reports_what_cannot_be_read(tmp_path: Path, make: Callable[[Path], None], problem: str) -> None:
    """The source finishes with a problem and an open error."""
    path = tmp_path / "log"
    make(path)
    reading = read_once(path)
    assert reading.to_end() == []
    status = reading.status
    assert (status.up, status.problem, status.open_errors, status.files) == (False, problem.format(path), 1, 0)


def test_once_reads_the_other_files_of_a_pattern(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """One that cannot be opened is reported and left out."""
    for name in ("a.log", "b.log", "c.log"):
        append(tmp_path / name, name.encode() + b"\n")
    really_open = os.open

    def refuse_b(path: str, flags: int, mode: int = 0o777) -> int:
        if path.endswith("b.log"):
            return _refuse(path, flags)
        return really_open(path, flags, mode)

    monkeypatch.setattr("os.open", refuse_b)
    reading = read_once(tmp_path / "*.log")
    assert sorted(reading.to_end()) == [b"a.log", b"c.log"]
    status = reading.status
    assert (status.up, status.open_errors, status.files) == (True, 1, 2)
    assert status.problem == f"cannot read {tmp_path / 'b.log'}: permission denied"


def test_a_pattern_without_files(tmp_path: Path) -> None:
    """With once it is an error, otherwise they are waited for; archives that were left out are mentioned."""
    (tmp_path / "log.1.gz").touch()
    pattern = tmp_path / "log*"
    once = read_once(pattern)
    once.to_end()
    assert once.status.open_errors == 1
    assert once.status.problem == (
        f"no file matches {pattern}; 1 archives are left out, write a pattern ending in .gz to read them"
    )
    reading = follow(pattern)
    reading.step()
    assert (reading.status.up, reading.status.open_errors) == (False, 0)
    append(tmp_path / "log", b"one\n")
    assert reading.step(1.0) == []
    assert reading.step(5.0) == [b"one"]
    assert (reading.status.up, reading.status.problem) == (True, "")


def test_closing_leaves_nothing_open(tmp_path: Path) -> None:
    """Neither the followed file nor a rotated one."""
    path = tmp_path / "log"
    append(path, b"one\n")
    reading = follow(path)
    reading.step()
    path.rename(tmp_path / "log.1")
    append(path, b"two\n")
    reading.step()
    assert open_files(tmp_path) == 2
    reading.source.close()
    assert open_files(tmp_path) == 0


def test_a_busy_pattern_is_looked_at_again_nevertheless(tmp_path: Path) -> None:
    """A file that never pauses does not keep a new one from being found."""
    busy = tmp_path / "busy.log"
    append(busy, b"line\n")
    reading = follow(tmp_path / "*.log")
    found = set()
    for _ in range(10):
        append(tmp_path / "other.log", b"other\n")
        reading.now += OVERDUE_SECONDS / 4
        append(busy, b"line\n")
        chunk = reading.source.poll(reading.now)
        assert chunk is not None
        found.add(Path(chunk.stream).name)
    assert found == {"busy.log", "other.log"}
