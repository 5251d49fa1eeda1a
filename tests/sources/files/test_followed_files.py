from __future__ import annotations

import os
from pathlib import Path

import pytest

from model_drift_exporter.sources import FileSource
from tests.support.source_reader import Reading, append, open_files

SCAN = 5.0
GRACE = 6.0


def follow(folder: Path, pattern: str = "*.log*", max_open: int = 128) -> Reading:
    return Reading(FileSource("log", str(folder / pattern), max_open=max_open))


def write_dated(path: Path, data: bytes, age: int) -> None:
    append(path, data)
    os.utime(path, (1_000_000 - age, 1_000_000 - age))


def test_files_come_in_order_of_modification_each_to_its_end(tmp_path: Path) -> None:
    """The oldest first, however they are called."""
    write_dated(tmp_path / "a.log", b"3\n4\n", age=1)
    write_dated(tmp_path / "b.log", b"1\n2\n", age=3)
    write_dated(tmp_path / "c.log", b"5\n", age=0)
    reading = Reading(FileSource("log", str(tmp_path / "*.log"), read_bytes=2))
    assert reading.step() == [b"1", b"2", b"3", b"4", b"5"]
    assert reading.status.files == 3


def test_a_file_written_without_pause_does_not_starve_another(tmp_path: Path) -> None:
    """Its turn ends where it ended when the turn came."""
    busy, other = tmp_path / "busy.log", tmp_path / "other.log"
    write_dated(busy, b"1\n", age=1)
    write_dated(other, b"other\n", age=0)
    reading = follow(tmp_path)
    found = []
    for _ in range(3):
        chunk = reading.source.poll(reading.now)
        assert chunk is not None
        found.append(chunk.data)
        append(busy, b"more\n")
    assert found == [b"1\n", b"other\n", b"more\nmore\n"]


def test_a_rotated_file_that_still_matches_is_not_read_again(tmp_path: Path) -> None:
    """Several rotations in a row, with everything renamed each time, give each line once."""
    path = tmp_path / "app.log"
    append(path, b"0\n")
    reading = follow(tmp_path)
    lines = reading.step()
    for number in range(1, 5):
        for old in range(number, 1, -1):
            (tmp_path / f"app.log.{old - 1}").rename(tmp_path / f"app.log.{old}")
        append(path, b"late %d\n" % number)
        path.rename(tmp_path / "app.log.1")
        append(path, b"%d\n" % number)
        lines += reading.step()
        lines += reading.step(GRACE)
    assert lines == [b"0", b"late 1", b"1", b"late 2", b"2", b"late 3", b"3", b"late 4", b"4"]
    assert reading.status.rotations == 4
    assert reading.status.files == 5


def test_two_rotations_between_polls(tmp_path: Path) -> None:
    """The file in the middle is found by the pattern, and read before the newest."""
    path = tmp_path / "app.log"
    append(path, b"1\n")
    reading = follow(tmp_path)
    reading.step()
    path.rename(tmp_path / "app.log.2")
    write_dated(path, b"2\n", age=10)
    path.rename(tmp_path / "app.log.1")
    write_dated(path, b"3\n", age=5)
    assert reading.step() == [b"2", b"3"]


def test_a_file_moved_out_of_sight_is_read_to_its_end_and_closed(tmp_path: Path) -> None:
    """It may come back, and then goes on where it was."""
    path, away = tmp_path / "app.log", tmp_path / "archive"
    append(path, b"1\n")
    reading = follow(tmp_path)
    reading.step()
    append(path, b"2\n")
    path.rename(away)
    assert reading.step() == [b"2"]
    assert reading.status.files == 1
    reading.step(GRACE)
    assert reading.status.files == 0
    append(away, b"3\n")
    away.rename(path)
    assert reading.step(SCAN) == [b"3"]


def test_what_is_no_regular_file_is_passed_over(tmp_path: Path) -> None:
    """Directories, FIFOs, dangling links, archives and second names do not disturb."""
    append(tmp_path / "app.log", b"1\n")
    (tmp_path / "link.log").symlink_to(tmp_path / "app.log")
    os.link(tmp_path / "app.log", tmp_path / "hard.log")
    (tmp_path / "folder.log").mkdir()
    os.mkfifo(tmp_path / "fifo.log")
    (tmp_path / "dangling.log").symlink_to(tmp_path / "nothing")
    append(tmp_path / "app.log.gz", b"not even gzip")
    reading = follow(tmp_path)
    assert reading.step() == [b"1"]
    status = reading.status
    assert (status.files, status.problem, status.open_errors) == (1, "", 0)


def test_a_file_in_a_new_folder_is_found(tmp_path: Path) -> None:
    """When the pattern is looked at again, not before."""
    reading = follow(tmp_path, "**/*.log")
    reading.step()
    (tmp_path / "new").mkdir()
    append(tmp_path / "new" / "app.log", b"1\n")
    assert reading.step(SCAN / 2) == []
    assert reading.step(SCAN) == [b"1"]


def test_a_clock_set_back_does_not_stop_the_looking(tmp_path: Path) -> None:
    """A pattern is looked at again although the time for it seems far away."""
    reading = follow(tmp_path)
    reading.step()
    append(tmp_path / "app.log", b"1\n")
    assert reading.step(-3600.0) == [b"1"]


def test_a_name_with_brackets_is_a_file_if_there_is_one(tmp_path: Path) -> None:
    """A file called like a pattern is read itself."""
    path = tmp_path / "app[1].log"
    append(path, b"1\n")
    append(tmp_path / "app1.log", b"other\n")
    assert follow(tmp_path, path.name).step() == [b"1"]


def test_more_files_than_may_be_open(tmp_path: Path) -> None:
    """The quiet ones are closed, and go on where they were once they have changed."""
    paths = [tmp_path / f"{number}.log" for number in range(10)]
    for age, path in enumerate(reversed(paths)):
        write_dated(path, b"a\n", age=age)
    reading = follow(tmp_path, max_open=3)
    assert reading.step() == [b"a"] * 10
    assert open_files(tmp_path) == 3
    assert (reading.status.files, reading.status.lag_bytes) == (10, 0)
    for path in paths:
        append(path, b"b\n")
    assert len(reading.step()) == 3, "those still open are seen at once"
    assert len(reading.step(SCAN)) == 7
    assert reading.step(SCAN) == []
    assert (reading.status.rotations, reading.status.truncations) == (0, 0)


def test_a_file_that_brings_lines_stays_open(tmp_path: Path) -> None:
    """Room for another one is made by closing what has been quiet for longer."""
    busy, quiet, new = tmp_path / "busy.log", tmp_path / "quiet.log", tmp_path / "new.log"
    write_dated(busy, b"1\n", age=2)
    write_dated(quiet, b"2\n", age=1)
    reading = follow(tmp_path, max_open=2)
    reading.step()
    append(busy, b"3\n")
    assert reading.step() == [b"3"]
    append(new, b"4\n")
    assert reading.step(SCAN) == [b"4"]
    append(busy, b"5\n")
    append(quiet, b"6\n")
    assert reading.step() == [b"5"]
    assert reading.step(SCAN) == [b"6"]


def test_the_problem_of_a_file_goes_with_the_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """An unreadable file that is deleted is no problem any more."""

    def refuse(path: str, flags: int, mode: int = 0o777) -> int:
        raise PermissionError(13, "Permission denied", path)

    append(tmp_path / "app.log", b"1\n")
    reading = follow(tmp_path)
    reading.step()
    append(tmp_path / "secret.log", b"2\n")
    monkeypatch.setattr("os.open", refuse)
    reading.step(SCAN)
    assert (reading.status.open_errors, reading.status.up) == (1, True)
    assert reading.status.problem == f"cannot read {tmp_path / 'secret.log'}: permission denied"
    (tmp_path / "secret.log").unlink()
    reading.step(SCAN)
    assert reading.status.problem == ""
