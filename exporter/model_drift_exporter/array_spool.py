"""Long arrays in little memory: what is beyond a bound stands in an unnamed temporary file."""

from __future__ import annotations

import errno
import os
import tempfile
from bisect import bisect_right
from collections.abc import Iterator
from io import FileIO
from typing import Any, Self

import numpy as np
import numpy.typing as npt
from numpy.typing import NDArray

from .errors import TemporaryFileError

__all__ = ["ArraySpool", "SpoolStore"]

_MEMORY_BYTES = 1 << 20


class SpoolStore:
    """The memory and the temporary file that any number of spools share.

    Together they keep up to ``memory_bytes`` in memory (``None``: everything, and no file is ever made). Beyond that all of
    them write what they have to the file, which the system removes when the store is closed or the process ends. The file
    is read by ordinary reads: pages of a mapped file would count as memory of the process.
    """

    def __init__(self, memory_bytes: int | None = _MEMORY_BYTES) -> None:
        self._limit = memory_bytes
        self._held = 0
        self._spools: dict[ArraySpool, None] = {}
        self._file: FileIO | None = None
        self._end = 0

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """Close all spools; what was read from them stays valid."""
        for spool in [*self._spools]:
            spool.close()
        if self._file is not None:
            self._file.close()
            self._file = None

    def add(self, spool: ArraySpool) -> None:
        """Let a spool share the memory and the file."""
        self._spools[spool] = None

    def remove(self, spool: ArraySpool) -> None:
        """Forget a spool that holds nothing any more."""
        self._spools.pop(spool, None)

    def held(self, size: int) -> None:
        """Spools hold so many bytes more in memory; all of them write out if that is too much."""
        self._held += size
        if self._limit is not None and self._held > self._limit:
            for spool in self._spools:
                spool.write_out()

    def released(self, size: int) -> None:
        """Spools hold so many bytes less."""
        self._held -= size

    def write(self, data: bytes | bytearray) -> int:
        """Append to the file; gives the place at which the data begin. Raises :class:`TemporaryFileError`."""
        place = self._end
        try:
            if self._file is None:
                self._file = tempfile.TemporaryFile(buffering=0)  # noqa: SIM115 - closed with the store
            self._file.seek(place)
            left = memoryview(data)
            while left:
                left = left[self._file.write(left) :]
        except OSError as error:
            raise _failure("write", error) from error
        self._end += len(data)
        return place

    def read_into(self, place: int, target: memoryview) -> None:
        """Fill ``target`` with what stands at ``place``. Raises :class:`TemporaryFileError`."""
        try:
            if self._file is not None:
                self._file.seek(place)
            while target:
                found = self._file.readinto(target) if self._file is not None else 0
                target = target[found:]
                if not found:
                    break
        except OSError as error:
            raise _failure("read", error) from error
        if target:
            raise _failure("read", OSError(errno.EIO, "it has been cut"))


class ArraySpool:
    """A one-dimensional array that only grows at its end, of any length, in bounded memory.

    Up to ``memory_bytes`` are kept in memory, the rest in a temporary file. Spools that are filled together should share a
    ``store``, which has one bound and one file for all of them. ``dtype`` may be any type of fixed size.

    ``append``, ``read`` and ``blocks`` raise :class:`TemporaryFileError` if the file cannot be written or read. A spool ends
    with ``close``, as a context manager, or with its store.
    """

    def __init__(
        self, dtype: npt.DTypeLike, *, memory_bytes: int = _MEMORY_BYTES, store: SpoolStore | None = None
    ) -> None:
        self.dtype = np.dtype(dtype)
        if self.dtype.hasobject or not self.dtype.itemsize:
            raise TypeError(f"values of type {self.dtype} have no fixed size")
        self._store = SpoolStore(memory_bytes) if store is None else store
        self._alone = store is None
        self._store.add(self)
        self._closed = False
        self._length = 0
        self._held = bytearray()
        # Where each part in the file begins: in the array (ascending; the last one is where memory begins), and in the file.
        self._starts = [0]
        self._places: list[int] = []

    def __len__(self) -> int:
        return self._length

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """Forget all values; what was read stays valid. Nothing can be appended any more."""
        self._closed = True
        self._store.released(len(self._held))
        self._store.remove(self)
        self._held = bytearray()
        self._length, self._starts, self._places = 0, [0], []
        if self._alone:
            self._store.close()

    def append(self, values: npt.ArrayLike) -> None:
        """Add values [value] at the end.

        Raises :class:`TypeError` for values of another kind, such as fractions for whole numbers, or of more dimensions, and
        :class:`ValueError` if the spool is closed.
        """
        if self._closed:
            raise ValueError("the spool is closed")
        added = np.ascontiguousarray(np.asarray(values).astype(self.dtype, casting="same_kind", copy=False))
        if added.ndim != 1:
            raise TypeError(f"a spool takes arrays of one dimension, not of {added.ndim}")
        if len(added):
            self._held += added.view(np.uint8).data
            self._length += len(added)
            self._store.held(added.nbytes)

    def write_out(self) -> None:
        """Move what is in memory to the file."""
        if self._held:
            self._places.append(self._store.write(self._held))
            self._starts.append(self._length)
            self._store.released(len(self._held))
            self._held = bytearray()

    def read(self, start: int, stop: int) -> NDArray[Any]:
        """A copy of the values ``start`` to ``stop - 1``, fewer where the array ends before."""
        stop = min(max(stop, 0), self._length)
        start = min(max(start, 0), stop)
        values = np.empty(stop - start, dtype=self.dtype)
        if not len(values):
            return values
        target = memoryview(values.view(np.uint8).data)
        size = self.dtype.itemsize
        for part in range(bisect_right(self._starts, start) - 1, len(self._starts)):
            begin = self._starts[part]
            end = self._starts[part + 1] if part < len(self._places) else self._length
            first, last = max(start, begin), min(stop, end)
            if first >= last:
                break
            piece = target[(first - start) * size : (last - start) * size]
            if part < len(self._places):
                self._store.read_into(self._places[part] + (first - begin) * size, piece)
            else:
                piece[:] = memoryview(self._held)[(first - begin) * size : (last - begin) * size]
        return values

    def blocks(self, size: int) -> Iterator[NDArray[Any]]:
        """All values in order, ``size`` at a time; the last block may be shorter."""
        for start in range(0, self._length, size):
            yield self.read(start, start + size)


def _failure(verb: str, error: OSError) -> TemporaryFileError:
    try:
        folder = tempfile.gettempdir()
    except OSError:  # there is none that can be written; the error says where it was looked for
        folder = os.environ.get("TMPDIR", "the folder for temporary files")
    reason = (error.strerror or str(error)).lower()
    return TemporaryFileError(
        f"cannot {verb} a temporary file in {folder}: {reason}; name a folder with room in the environment variable TMPDIR"
    )
