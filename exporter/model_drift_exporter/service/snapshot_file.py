"""One file that holds state: plain values and NumPy arrays, versioned and checked, arrays written without a copy."""

from __future__ import annotations

import hashlib
import math
import struct
from collections.abc import Iterator
from io import FileIO
from pathlib import Path
from typing import Any

import msgspec
import numpy as np
from numpy.typing import NDArray

from ..atomic_file import replacing
from ..errors import StateError

__all__ = ["FORMAT_VERSION", "read_snapshot", "set_aside", "write_snapshot"]

FORMAT_VERSION = 1
_MAGIC = b"model-drift-exporter snapshot\n"
_HEAD = struct.Struct("<IQ")
_ARRAY = 1
_DIGEST = 16
_KINDS = "biuf"


class _Descriptor(msgspec.Struct, array_like=True):
    dtype: str
    shape: list[int]


def write_snapshot(path: Path, state: object) -> int:
    """Replace the file by ``state``: dictionaries with text keys, lists, texts, bytes, numbers, ``None`` and arrays.

    Returns its size in bytes. Raises :class:`StateError` if it cannot be written; the old file is then still there.
    """
    arrays: list[NDArray[Any]] = []

    def hook(value: object) -> object:
        if isinstance(value, np.ndarray) and value.dtype.kind in _KINDS:
            arrays.append(np.ascontiguousarray(value))
            descriptor = _Descriptor(value.dtype.newbyteorder("<").str, [*value.shape])
            return msgspec.msgpack.Ext(_ARRAY, msgspec.msgpack.encode(descriptor))
        if isinstance(value, np.generic):
            return value.item()
        raise StateError(f"{path}: a snapshot cannot hold a {type(value).__name__}")

    try:
        body = msgspec.msgpack.encode(state, enc_hook=hook)
    except (OverflowError, TypeError, ValueError, RecursionError) as error:
        raise StateError(f"{path}: a snapshot cannot hold this state: {error}") from error
    try:
        with replacing(path, 0o600) as file:
            digest = hashlib.blake2b(digest_size=_DIGEST)
            for part in _parts(body, arrays):
                digest.update(part)
                file.write(part)
            file.write(digest.digest())
            return file.tell()
    except OSError as error:
        raise StateError(f"{path}: cannot write the snapshot: {error.strerror or error}") from error


def _parts(body: bytes, arrays: list[NDArray[Any]]) -> Iterator[bytes | memoryview]:
    yield _MAGIC
    yield _HEAD.pack(FORMAT_VERSION, len(body))
    yield body
    for array in arrays:
        if array.size:  # an empty one has no bytes to view
            yield array.astype(array.dtype.newbyteorder("<"), copy=False).data.cast("B")


def read_snapshot(path: Path) -> Any:
    """What :func:`write_snapshot` wrote. Raises :class:`StateError`, saying what is wrong, also if there is no file."""
    try:
        with path.open("rb", buffering=0) as file:
            return _ValueReader(path, file).read()
    except OSError as error:
        raise StateError(f"{path}: cannot read the snapshot: {error.strerror or error}") from error
    except (msgspec.MsgspecError, TypeError, ValueError, RecursionError) as error:
        raise StateError(f"{path}: the snapshot is damaged: {error}") from error


class _ValueReader:
    def __init__(self, path: Path, file: FileIO) -> None:
        self._path, self._file = path, file
        self._size = path.stat().st_size
        self._digest = hashlib.blake2b(digest_size=_DIGEST)
        self._arrays: list[NDArray[Any]] = []

    def read(self) -> Any:
        if self._take(len(_MAGIC)) != _MAGIC:
            raise StateError(f"{self._path}: no snapshot of this exporter")
        version, length = _HEAD.unpack(self._take(_HEAD.size))
        if version != FORMAT_VERSION:
            raise StateError(
                f"{self._path}: a snapshot of version {version}, this exporter reads version {FORMAT_VERSION}"
            )
        state = msgspec.msgpack.decode(self._take(length), ext_hook=self._array)
        for array in self._arrays:
            if array.size:
                self._fill(memoryview(array.data).cast("B"))
        digest = self._digest.digest()
        if self._take(_DIGEST) != digest:
            raise StateError(f"{self._path}: the snapshot is damaged: its checksum does not match")
        return state

    def _take(self, length: int) -> bytes:
        if length > self._size:
            raise StateError(f"{self._path}: the snapshot is cut off or damaged")
        data = bytearray(length)
        self._fill(memoryview(data))
        return bytes(data)

    def _fill(self, view: memoryview) -> None:
        filled = 0
        while filled < len(view):
            got = self._file.readinto(view[filled:])
            if not got:
                raise StateError(f"{self._path}: the snapshot is cut off")
            filled += got
        self._digest.update(view)

    def _array(self, code: int, data: memoryview) -> NDArray[Any]:
        descriptor = msgspec.msgpack.decode(data, type=_Descriptor)
        dtype = np.dtype(descriptor.dtype)
        shape = descriptor.shape
        known = code == _ARRAY and dtype.kind in _KINDS and min(shape, default=0) >= 0
        if not known or math.prod(shape) * dtype.itemsize > self._size:
            raise ValueError("an array that cannot be in it")
        self._arrays.append(np.empty(shape, dtype=dtype))
        return self._arrays[-1]


def set_aside(path: Path) -> Path | None:
    """Move a file that cannot be used out of the way, for a person to look at; where it is now, ``None`` if it stays."""
    target = path.with_name(f"{path.name}.set-aside")
    try:
        path.replace(target)
    except OSError:
        return None
    return target
