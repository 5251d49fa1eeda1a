from __future__ import annotations

import os
from pathlib import Path

import pytest

from model_drift_exporter.sources.files.discovery import find_file, find_files, is_archive, is_pattern


def test_patterns_and_names(tmp_path: Path) -> None:
    """A pattern has a wildcard and is no file's own name."""
    (tmp_path / "a[1].log").touch()
    assert is_pattern(str(tmp_path / "*.log"))
    assert is_pattern(str(tmp_path / "a[2].log"))
    assert not is_pattern(str(tmp_path / "a[1].log"))
    assert not is_pattern(str(tmp_path / "missing.log"))
    assert is_archive("log.jsonl.gz")
    assert not is_archive("log.gz.jsonl")


def test_the_oldest_modification_comes_first(tmp_path: Path) -> None:
    """The name decides between files of the same time."""
    for name, time in (("c", 1), ("b", 2), ("a", 2)):
        (tmp_path / name).touch()
        os.utime(tmp_path / name, (time, time))
    found, left_out = find_files(str(tmp_path / "*"))
    assert [Path(file.path).name for file in found] == ["c", "a", "b"]
    assert left_out == 0


def test_archives_only_by_a_pattern_for_archives(tmp_path: Path) -> None:
    """They are counted where they are left out."""
    for name in ("log", "log.1.gz", "log.2.gz"):
        (tmp_path / name).touch()
    found, left_out = find_files(str(tmp_path / "log*"))
    assert ([Path(file.path).name for file in found], left_out) == (["log"], 2)
    found, left_out = find_files(str(tmp_path / "*.gz"))
    assert (sorted(Path(file.path).name for file in found), left_out) == (["log.1.gz", "log.2.gz"], 0)


def test_only_regular_files_are_found(tmp_path: Path) -> None:
    """Anything else is an error that says what to do."""
    os.mkfifo(tmp_path / "fifo")
    with pytest.raises(OSError, match="standard input"):
        find_file(str(tmp_path / "fifo"))
    with pytest.raises(IsADirectoryError, match="write a pattern"):
        find_file(str(tmp_path))
    with pytest.raises(FileNotFoundError):
        find_file(str(tmp_path / "missing"))
