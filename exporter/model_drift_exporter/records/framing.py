"""How records follow one another in the bytes of a stream: framings by name, and how each cuts a stream.

A source takes a cutter of the input's framing for each of its streams. What comes out are lines, whatever the framing, so
that a format of lines can be read from all of them.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping
from types import MappingProxyType
from typing import BinaryIO

import attrs

from .cutters import ContainerCutter, Cutter, LengthCutter

__all__ = [
    "FRAMINGS",
    "NEWLINE",
    "DamagedFile",
    "FilePart",
    "FileParts",
    "Framing",
    "FramingBy",
    "FramingOf",
    "always_newline",
]


@attrs.frozen
class FilePart:
    """A part of a file for the decoder of its format: so many ``rows``. ``share`` of the file is read with it, 0 to 1."""

    data: bytes
    rows: int
    share: float


class DamagedFile(Exception):  # noqa: N818 - what it is of, as OSError
    """A file that cannot be read on; ``reason`` is what its rest counts as."""

    def __init__(self, reason: str, message: str) -> None:
        super().__init__(message)
        self.reason = reason


FileParts = Callable[[BinaryIO, int], Iterator[FilePart]]
"""Reads an open file in parts, behind so many rows."""


def _never(_beginning: bytes) -> bool:
    return False


@attrs.frozen
class Framing:
    """How records follow one another in a stream.

    ``name`` is the value of the setting ``framing``. ``help`` explains it in the documentation. ``title`` is what a stream
    with this framing is called.

    ``cutter`` makes a cutter for a stream. Its argument is ``line_bytes``, the length of the longest record. ``looks_like``
    says by the beginning of a stream whether it may have this framing; it gives advice where another one is set. If
    ``has_ends`` is false, only reading from the beginning tells where a record begins.

    A framing of whole files has ``parts``, which reads an open file in parts for the decoder of ``format``. The file must
    be one that can be read anywhere. Parts are bounded in bytes, and ``line_bytes`` does not apply to them. ``parts`` raises
    :class:`DamagedFile` where the file cannot be read on, and ``OSError`` if it cannot be read at all. The ``cutter`` of
    such a framing gets the streams that are no such file, a pipe or one in gzip: it is a :class:`RefusingCutter`.
    """

    name: str
    help: str = ""
    cutter: Callable[[int], Cutter] = Cutter
    looks_like: Callable[[bytes], bool] = _never
    title: str = ""
    has_ends: bool = True
    parts: FileParts | None = None
    format: str | None = None


FramingOf = Callable[[str, bytes], Framing]
"""The framing of a stream, by its name and its first bytes."""

FramingBy = Callable[[bytes], Framing]
"""The framing of one stream, by its first bytes."""

_ENTRY = re.compile(rb"\d{4}-\d\d-\d\dT\S+ (?:stdout|stderr) [FP](?::\S*)? ")


def _has_entry(beginning: bytes) -> bool:
    return _ENTRY.match(beginning) is not None


def _of_streams(*streams: bytes) -> Callable[[int], Cutter]:
    return lambda line_bytes: ContainerCutter(line_bytes, frozenset(streams))


NEWLINE = Framing("newline", "one record on each line")
FRAMINGS: Mapping[str, Framing] = MappingProxyType(
    {
        framing.name: framing
        for framing in (
            NEWLINE,
            Framing(
                "container",
                "lines of a container's standard output, in a log of the kubelet (CRI)",
                _of_streams(b"stdout"),
                _has_entry,
                "the log of a container",
            ),
            Framing("container-both", "as `container`, with standard error", _of_streams(b"stdout", b"stderr")),
            Framing(
                "length", "four bytes with its length, the highest first, before each", LengthCutter, has_ends=False
            ),
        )
    }
)
"""Framings that a setting can name. One that belongs to a format stands in its ``FormatSpec``."""


def always_newline(_stream: str, _beginning: bytes) -> Framing:
    """Lines, whatever the stream is."""
    return NEWLINE
