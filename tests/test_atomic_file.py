"""Files replaced at once."""

from __future__ import annotations

from pathlib import Path

import pytest

from model_drift_exporter.atomic_file import replace_file, replacing


def test_content_and_mode_are_what_was_asked(tmp_path: Path) -> None:
    """The file has the new content and the mode, and nothing else is left in the folder."""
    path = tmp_path / "file"
    path.write_bytes(b"old")
    replace_file(path, b"new", 0o600)
    assert path.read_bytes() == b"new"
    assert path.stat().st_mode & 0o777 == 0o600
    assert [*tmp_path.iterdir()] == [path]


def test_a_block_that_fails_changes_nothing(tmp_path: Path) -> None:
    """The old content stays, and the half-written file goes away."""
    path = tmp_path / "file"
    path.write_bytes(b"old")

    def fail() -> None:
        with replacing(path) as file:
            file.write(b"half")
            raise RuntimeError

    with pytest.raises(RuntimeError):
        fail()
    assert path.read_bytes() == b"old"
    assert [*tmp_path.iterdir()] == [path]


def test_what_a_killed_process_left_is_no_obstacle(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A leftover under the same process number is replaced."""
    monkeypatch.setattr("os.getpid", lambda: 77)
    (tmp_path / ".file.77").write_bytes(b"left over")
    replace_file(tmp_path / "file", b"new")
    assert [path.name for path in tmp_path.iterdir()] == ["file"]


def test_a_folder_that_is_gone_is_an_os_error(tmp_path: Path) -> None:
    """The caller says it in its own words."""
    with pytest.raises(OSError, match="No such file"):
        replace_file(tmp_path / "gone" / "file", b"")
