from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from model_drift_exporter.sources import FileSource
from tests.support.source_reader import Reading, append, open_files

SCAN = 5.0


def numbered(first: int, last: int) -> list[bytes]:
    return [b"line %06d" % number for number in range(first, last)]


def write(path: Path, lines: list[bytes]) -> None:
    append(path, b"".join(line + b"\n" for line in lines))


@pytest.fixture
def path(tmp_path: Path) -> Path:
    path = tmp_path / "app.log"
    write(path, numbered(0, 500))
    return path


@pytest.fixture
def reading(path: Path) -> Reading:
    reading = Reading(FileSource("log", f"{path}*"))
    assert reading.step() == numbered(0, 500)
    return reading


@pytest.mark.parametrize("regrown", [0, 10, 900])
def test_copytruncate_loses_and_repeats_nothing_if_the_copy_matches(path: Path, reading: Reading, regrown: int) -> None:
    """What was written between the last read and the truncation is read from the copy."""
    write(path, numbered(500, 520))
    shutil.copy(path, f"{path}.1")
    path.write_bytes(b"")
    write(path, numbered(520, 520 + regrown))
    assert sorted(reading.step()) == numbered(500, 520 + regrown), "at once: truncation is a reason to look for files"
    assert reading.step(SCAN) == []
    assert (reading.status.truncations, reading.status.rotations) == (1, 0)


def test_a_copy_found_before_the_truncation_waits_for_it(path: Path, reading: Reading) -> None:
    """Half-made or whole, it is passed over until the original is truncated."""
    copy = Path(f"{path}.1")
    write(path, numbered(500, 510))
    content = path.read_bytes()
    append(copy, content[:4000])
    assert reading.step(SCAN) == numbered(500, 510)
    append(copy, content[4000:])
    assert reading.step(SCAN) == []
    write(path, numbered(510, 520))
    write(copy, numbered(510, 520))
    path.write_bytes(b"")
    write(path, numbered(520, 530))
    assert sorted(reading.step(SCAN) + reading.step(SCAN)) == numbered(510, 530)
    assert reading.status.truncations == 1


def test_a_copy_made_long_before_the_truncation_adds_nothing(path: Path, reading: Reading) -> None:
    """All of it had been read in the original."""
    shutil.copy(path, f"{path}.backup")
    assert reading.step(SCAN) == []
    write(path, numbered(500, 520))
    assert reading.step(SCAN) == numbered(500, 520)
    path.write_bytes(b"")
    assert reading.step(SCAN) + reading.step(SCAN) == []


def test_a_copy_that_goes_its_own_way_is_a_new_file(path: Path, reading: Reading) -> None:
    """As soon as its end is no longer the original's."""
    copy = Path(f"{path}.2")
    shutil.copy(path, copy)
    assert reading.step(SCAN) == []
    with copy.open("r+b") as file:
        file.truncate(1200)
    write(copy, numbered(900, 1100))
    assert reading.step(SCAN)[-200:] == numbered(900, 1100)


def test_two_logs_with_the_same_lines_are_both_read(path: Path, reading: Reading) -> None:
    """If the name of one is not the other's with something added."""
    reading.source.close()
    reading = Reading(FileSource("log", str(path.with_name("*.log"))))
    reading.step()
    other = path.with_name("other.log")
    shutil.copy(path, other)
    assert reading.step(SCAN) == numbered(0, 500)


def test_short_logs_that_begin_alike_are_both_read(tmp_path: Path) -> None:
    """Less than 1 KiB in common, a CSV header say, is no sign of a copy."""
    first, second = tmp_path / "log.csv", tmp_path / "log-2.csv"
    append(first, b"time,a,b\n")
    reading = Reading(FileSource("log", str(tmp_path / "*.csv")))
    assert reading.step() == [b"time,a,b"]
    append(second, b"time,a,b\n1,2,3\n")
    assert reading.step(SCAN) == [b"time,a,b", b"1,2,3"]


def test_an_empty_new_name_is_read_once_it_holds_something(path: Path, reading: Reading) -> None:
    """An empty file may be a copy about to be filled, or a new log."""
    new = Path(f"{path}.new")
    copy = Path(f"{path}.1")
    new.touch()
    copy.touch()
    assert reading.step(SCAN) == []
    write(new, numbered(2000, 2001))
    append(copy, path.read_bytes())
    assert reading.step(SCAN) == numbered(2000, 2001)


def test_copytruncate_again_and_again(path: Path, reading: Reading) -> None:
    """Copies that move on to older names neither repeat lines nor count as rotations."""
    for number in range(1, 4):
        for old in range(number, 1, -1):
            Path(f"{path}.{old - 1}").rename(f"{path}.{old}")
        first = number * 500
        write(path, numbered(first, first + 200))
        shutil.copy(path, f"{path}.1")
        path.write_bytes(b"")
        write(path, numbered(first + 200, first + 500))
        assert sorted(reading.step(SCAN) + reading.step(SCAN)) == numbered(first, first + 500)
    assert (reading.status.truncations, reading.status.rotations) == (3, 0)


def test_a_copy_is_recognised_while_the_original_is_closed(path: Path) -> None:
    """By what was read of it last."""
    other = path.with_name("app.log.other")
    write(other, numbered(3000, 3001))
    reading = Reading(FileSource("log", f"{path}*", max_open=1))
    reading.step()
    assert open_files(path.parent) == 1
    shutil.copy(path, f"{path}.1")
    shutil.copy(path, f"{path}.2")
    assert reading.step(SCAN) == []
