from __future__ import annotations

from pathlib import Path

import pytest

from model_drift_exporter.sources.files.position import Position, identity_of


@pytest.mark.parametrize(
    ("content", "same"),
    [(b"one\ntwo\n", True), (b"one\n", True), (b"two\none\n", False), (b"one", False), (b"", False)],
)
def test_a_position_is_known_by_the_bytes_before_it(tmp_path: Path, content: bytes, same: bool) -> None:
    """Whatever the file's identity; a file that is too short does not hold it."""
    path = tmp_path / "log"
    path.write_bytes(content)
    with path.open("rb") as file:
        assert Position((0, 0), 4, b"one\n").is_in(file.fileno()) == same


def test_the_beginning_is_in_no_file(tmp_path: Path) -> None:
    """Nothing was read before it, so nothing can be recognised."""
    path = tmp_path / "log"
    path.write_bytes(b"one\n")
    with path.open("rb") as file:
        assert not Position(identity_of(path.stat())).is_in(file.fileno())
