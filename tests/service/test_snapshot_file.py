"""The file that holds state: what goes in comes out, and nothing damaged ever does."""

from __future__ import annotations

import struct
from pathlib import Path
from typing import Any

import msgspec
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as st_numpy

from model_drift_exporter.errors import StateError
from model_drift_exporter.service.snapshot_file import FORMAT_VERSION, read_snapshot, set_aside, write_snapshot

_PLAIN = st.none() | st.booleans() | st.integers(-(2**63), 2**63 - 1) | st.floats() | st.text() | st.binary()
_ARRAYS = st_numpy.arrays(
    st.sampled_from(["<f4", "<f8", "<i2", "<i4", "<i8", "|u1", "<u8", "|b1"]),
    st_numpy.array_shapes(min_dims=0, min_side=0, max_side=4),
)
_STATES = st.recursive(
    _PLAIN | _ARRAYS,
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(), inner, max_size=4),
    max_leaves=12,
)


def _same(left: Any, right: Any) -> bool:
    if isinstance(left, np.ndarray):
        return bool(left.dtype == right.dtype) and left.shape == right.shape and left.tobytes() == right.tobytes()
    if isinstance(left, dict):
        return left.keys() == right.keys() and all(_same(left[key], right[key]) for key in left)
    if isinstance(left, list):
        return len(left) == len(right) and all(map(_same, left, right))
    return type(left) is type(right) and msgspec.msgpack.encode(left) == msgspec.msgpack.encode(right)


@settings(max_examples=100, deadline=None)
@given(state=_STATES)
def test_what_goes_in_comes_out(state: Any, tmp_path_factory: pytest.TempPathFactory) -> None:
    """Plain values and arrays of every kind are read as they were written."""
    path = tmp_path_factory.mktemp("snapshot") / "state"
    assert write_snapshot(path, state) == path.stat().st_size
    assert _same(read_snapshot(path), state)


def test_arrays_that_are_not_contiguous_or_little_endian_are_written_by_value(tmp_path: Path) -> None:
    """A slice or a foreign byte order is a matter of memory, not of the value."""
    path = tmp_path / "state"
    numbers = np.arange(12).reshape(3, 4)
    write_snapshot(path, {"slice": numbers[:, 1], "big": np.array([1.5, 2.5], dtype=">f8"), "one": np.float64(2)})
    state = read_snapshot(path)
    assert state["slice"].tolist() == [1, 5, 9]
    assert state["big"].tolist() == [1.5, 2.5]
    assert state["one"] == 2.0


def test_a_snapshot_is_for_its_owner_only(tmp_path: Path) -> None:
    """It holds identifiers' hashes and offsets: others need not read it."""
    path = tmp_path / "state"
    write_snapshot(path, {})
    assert path.stat().st_mode & 0o777 == 0o600
    assert [*tmp_path.iterdir()] == [path]


@settings(max_examples=150, deadline=None)
@given(data=st.data())
def test_no_damage_is_read(data: st.DataObject, tmp_path_factory: pytest.TempPathFactory) -> None:
    """A byte that changed, or an end that is missing, is a StateError and nothing else."""
    path = tmp_path_factory.mktemp("snapshot") / "state"
    write_snapshot(path, {"a": np.arange(5.0), "b": ["text", 7], "c": np.zeros((2, 3), dtype=np.int16)})
    whole = bytearray(path.read_bytes())
    place = data.draw(st.integers(0, len(whole) - 1))
    if data.draw(st.booleans()):
        whole[place] ^= data.draw(st.integers(1, 255))
    else:
        del whole[place:]
    path.write_bytes(whole)
    with pytest.raises(StateError):
        read_snapshot(path)


def test_errors_say_what_is_wrong(tmp_path: Path) -> None:
    """A person learns whether the file is missing, foreign, of another version, or cut off."""
    path = tmp_path / "state"
    with pytest.raises(StateError, match="cannot read the snapshot"):
        read_snapshot(path)
    path.write_bytes(b"{}" * 100)
    with pytest.raises(StateError, match="no snapshot of this exporter"):
        read_snapshot(path)
    write_snapshot(path, {"a": 1})
    whole = path.read_bytes()
    place = whole.index(b"\n") + 1
    path.write_bytes(whole[:place] + struct.pack("<I", FORMAT_VERSION + 1) + whole[place + 4 :])
    with pytest.raises(StateError, match=f"version {FORMAT_VERSION + 1}"):
        read_snapshot(path)
    path.write_bytes(whole[:-1])
    with pytest.raises(StateError, match="cut off"):
        read_snapshot(path)


def test_an_array_larger_than_its_file_is_refused_before_memory_is_taken(tmp_path: Path) -> None:
    """A descriptor that lies about its size costs nothing."""
    path = tmp_path / "state"
    write_snapshot(path, {"a": np.zeros(3)})
    whole = path.read_bytes()
    honest = msgspec.msgpack.encode(["<f8", [3]])
    lying = msgspec.msgpack.encode(["<f8", [99]])
    assert honest in whole
    path.write_bytes(whole.replace(honest, lying))
    with pytest.raises(StateError, match="cannot be in it"):
        read_snapshot(path)


def test_what_cannot_be_written_leaves_the_old_file(tmp_path: Path) -> None:
    """A value of another type, or a folder that is gone, never costs the last good snapshot."""
    path = tmp_path / "state"
    write_snapshot(path, {"a": 1})
    with pytest.raises(StateError, match="cannot hold a object"):
        write_snapshot(path, {"a": object()})
    assert read_snapshot(path) == {"a": 1}
    for value in (10**40, "\ud800"):
        with pytest.raises(StateError, match="cannot hold this state"):
            write_snapshot(path, {"a": value})
    with pytest.raises(StateError, match="cannot write the snapshot"):
        write_snapshot(tmp_path / "gone" / "state", {"a": 1})


def test_an_unusable_file_is_set_aside(tmp_path: Path) -> None:
    """It moves out of the way and stays for a look; where it cannot move, that is said."""
    path = tmp_path / "state"
    path.write_bytes(b"?")
    moved = set_aside(path)
    assert moved == tmp_path / "state.set-aside"
    assert not path.exists()
    assert set_aside(path) is None
