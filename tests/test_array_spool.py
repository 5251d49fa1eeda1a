"""Arrays that are longer than the memory they may take."""

from __future__ import annotations

import errno
import tempfile
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from model_drift_exporter.array_spool import ArraySpool, SpoolStore
from model_drift_exporter.errors import TemporaryFileError

_PARTS = st.lists(st.lists(st.integers(-(2**15), 2**15 - 1), max_size=12), max_size=12)


def _count_files(monkeypatch: pytest.MonkeyPatch) -> list[None]:
    made: list[None] = []
    make = tempfile.TemporaryFile

    def counting(*arguments: Any, **named: Any) -> Any:
        made.append(None)
        return make(*arguments, **named)

    monkeypatch.setattr(tempfile, "TemporaryFile", counting)
    return made


@given(_PARTS, st.integers(0, 60), st.integers(-3, 150), st.integers(-3, 150), st.integers(1, 20))
def test_what_is_read_is_what_was_appended(
    parts: Sequence[Sequence[int]], memory: int, start: int, stop: int, size: int
) -> None:
    """Any range of it, whatever part of it is in the file, and all of it block by block."""
    expected = np.array([each for part in parts for each in part], dtype=np.int16)
    with ArraySpool(np.int16, memory_bytes=memory) as spool:
        for part in parts:
            spool.append(np.array(part, dtype=np.int16))
        assert len(spool) == len(expected)
        first, last = max(start, 0), max(stop, 0)
        assert spool.read(start, stop).tolist() == expected[first : max(first, last)].tolist()
        blocks = [*spool.blocks(size)]
        assert [each for block in blocks for each in block.tolist()] == expected.tolist()
        assert all(len(block) == size for block in blocks[:-1])


@given(_PARTS, st.integers(0, 100))
def test_spools_that_share_a_store_do_not_mix(parts: Sequence[Sequence[int]], memory: int) -> None:
    """Each gives back its own values, of its own type, also when another one has been closed."""
    with SpoolStore(memory) as store:
        numbers, halves, gone = (ArraySpool(kind, store=store) for kind in (np.int64, np.float64, np.uint8))
        for part in parts:
            numbers.append(np.array(part, dtype=np.int64))
            halves.append(np.array(part, dtype=np.float64) / 2)
            gone.append(np.zeros(len(part), dtype=np.uint8))
        gone.close()
        flat = [each for part in parts for each in part]
        assert numbers.read(0, len(flat)).tolist() == flat
        assert halves.read(0, len(flat)).tolist() == [each / 2 for each in flat]
        assert len(gone) == 0


@pytest.mark.parametrize(
    "values",
    [
        np.array([True, False]),
        np.array([b"one", b"three"]),
        np.array(["2026-11-30", "NaT"], dtype="datetime64[s]"),
        np.array([(1, 0.5), (2, -0.0)], dtype=[("place", np.int32), ("value", np.float64)]),
    ],
)
def test_any_type_of_fixed_size_will_do(values: np.ndarray[Any, np.dtype[Any]]) -> None:
    """Times, texts and structures come back to the byte."""
    with ArraySpool(values.dtype, memory_bytes=0) as spool:
        spool.append(values)
        found = spool.read(0, 2)
        assert (found.dtype, found.tobytes()) == (values.dtype, values.tobytes())


def test_a_small_array_makes_no_file(monkeypatch: pytest.MonkeyPatch) -> None:
    """The first byte beyond the bound does, and there is one file however many spools share it."""
    made = _count_files(monkeypatch)
    with SpoolStore(8) as store:
        first, second = ArraySpool(np.uint8, store=store), ArraySpool(np.uint8, store=store)
        first.append(np.arange(4, dtype=np.uint8))
        second.append(np.arange(4, dtype=np.uint8))
        assert len(made) == 0
        second.append(np.arange(1, dtype=np.uint8))
        first.append(np.arange(9, dtype=np.uint8))
        assert len(made) == 1
        assert first.read(2, 6).tolist() == [2, 3, 0, 1]


def test_a_store_without_bound_never_makes_a_file(monkeypatch: pytest.MonkeyPatch) -> None:
    """A process whose disks are all read-only can use it."""
    made = _count_files(monkeypatch)
    with SpoolStore(None) as store:
        spool = ArraySpool(np.float64, store=store)
        for _ in range(4):
            spool.append(np.ones(1_000_000))
        assert (len(spool), len(made)) == (4_000_000, 0)


def test_values_read_are_nobody_elses() -> None:
    """Neither those of the caller who appended them, nor those of the next reader."""
    given_values = np.arange(3)
    with ArraySpool(np.int64) as spool:
        spool.append(given_values)
        given_values[:] = 7
        spool.read(0, 3)[:] = 9
        assert spool.read(0, 3).tolist() == [0, 1, 2]


def test_values_of_another_kind_are_refused() -> None:
    """A fraction is no whole number, a table is no array of one dimension, and objects have no fixed size."""
    with ArraySpool(np.int32) as spool:
        spool.append(np.arange(3, dtype=np.int64))
        with pytest.raises(TypeError, match="same_kind"):
            spool.append(np.array([0.5]))
        with pytest.raises(TypeError, match="one dimension"):
            spool.append(np.zeros((2, 2), dtype=np.int32))
        assert spool.read(0, 9).tolist() == [0, 1, 2]
    with pytest.raises(TypeError, match="no fixed size"):
        ArraySpool(np.object_)


def test_nothing_is_appended_after_the_end() -> None:
    """Neither to a spool that was closed, nor to one whose store was."""
    store = SpoolStore()
    spools = [ArraySpool(np.int64), ArraySpool(np.int64, store=store)]
    spools[0].close()
    store.close()
    for spool in spools:
        assert len(spool) == 0
        with pytest.raises(ValueError, match="closed"):
            spool.append(np.arange(3))


def test_a_folder_that_cannot_be_written_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """With the reason, and with how to choose another one."""
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path / "absent"))
    with ArraySpool(np.uint8, memory_bytes=0) as spool, pytest.raises(TemporaryFileError) as caught:
        spool.append(np.arange(3, dtype=np.uint8))
    assert str(caught.value) == (
        f"cannot write a temporary file in {tmp_path / 'absent'}: no such file or directory; "
        "name a folder with room in the environment variable TMPDIR"
    )


def test_where_there_is_no_folder_at_all_the_error_says_where_it_was_looked_for(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As in a container whose root is read-only."""
    monkeypatch.setenv("TMPDIR", str(tmp_path / "absent"))
    monkeypatch.setattr(tempfile, "tempdir", None)
    monkeypatch.setattr(tempfile, "_candidate_tempdir_list", lambda: [str(tmp_path / "absent")])
    with (
        ArraySpool(np.uint8, memory_bytes=0) as spool,
        pytest.raises(TemporaryFileError, match=r"absent: no usable temporary directory found.*TMPDIR"),
    ):
        spool.append(np.arange(3, dtype=np.uint8))


class _FullDisk:
    """Takes two bytes at a time, four in all, as a disk that is full does."""

    def __init__(self) -> None:
        self._room = 4

    def seek(self, place: int) -> None:
        pass

    def write(self, data: memoryview) -> int:
        if not self._room:
            raise OSError(errno.ENOSPC, "No space left on device")
        self._room -= 2
        return min(2, len(data))

    def close(self) -> None:
        pass


def test_a_full_disk_is_no_silent_loss(monkeypatch: pytest.MonkeyPatch) -> None:
    """A write that is cut short goes on, until there is no room."""
    disk = _FullDisk()
    monkeypatch.setattr(tempfile, "TemporaryFile", lambda **_: disk)
    with ArraySpool(np.uint8, memory_bytes=0) as spool:
        spool.append(np.arange(3, dtype=np.uint8))
        with pytest.raises(TemporaryFileError, match="no space left on device"):
            spool.append(np.arange(3, dtype=np.uint8))


def test_a_file_that_was_cut_is_no_array_of_zeros(monkeypatch: pytest.MonkeyPatch) -> None:
    """Nor of what happened to stand in memory."""
    file = tempfile.TemporaryFile(buffering=0)  # noqa: SIM115 - closed with the spool
    monkeypatch.setattr(tempfile, "TemporaryFile", lambda **_: file)
    with ArraySpool(np.uint8, memory_bytes=0) as spool:
        spool.append(np.arange(100, dtype=np.uint8))
        file.truncate(50)
        with pytest.raises(TemporaryFileError, match=r"cannot read .* it has been cut"):
            spool.read(0, 100)
