"""Bounded gzip decompression for archives and request bodies."""

from __future__ import annotations

import zlib
from collections.abc import Callable
from pathlib import Path

__all__ = ["GZIP_MAGIC", "GzipDecompressor", "Pieces", "begins_like_gzip", "is_only_unproven"]

GZIP_MAGIC = b"\x1f\x8b"
_GZIP_WINDOW = 16 + zlib.MAX_WBITS


class GzipDecompressor:
    """Decompresses a gzip stream of one or more members, never more than asked for at a time."""

    def __init__(self) -> None:
        self._member: zlib._Decompress | None = None
        self._pending = b""
        self._output_waits = False
        self._members = 0
        self._damage: zlib.error | None = None

    @property
    def complete(self) -> bool:
        """Whether the input so far ends at the end of a member (an empty input does not)."""
        return self._member is None and self._members > 0

    def decompress(self, compressed: bytes, max_bytes: int) -> bytes:
        """Return at most ``max_bytes``; call again with no input until nothing comes, then with more input.

        Raises ``zlib.error`` where the stream is damaged, after all that could be decompressed before that place.
        """
        if self._damage is not None:
            raise self._damage
        data = self._pending + compressed if self._pending else compressed
        while data or self._output_waits:
            if self._member is None:
                data = data.lstrip(b"\0")  # members may be padded with NUL bytes
                if not data:
                    break
                self._member = zlib.decompressobj(_GZIP_WINDOW)
            before = self._member.copy()
            try:
                text = self._member.decompress(data, max_bytes)
            except zlib.error as error:
                self._damage = error
                text = _up_to_damage(before, data)
                if not text:
                    raise
                return text
            if self._member.eof:
                data = self._member.unused_data
                self._member = None
                self._members += 1
                self._output_waits = False
            else:
                data = self._member.unconsumed_tail
                self._output_waits = len(text) == max_bytes
            if text:
                self._pending = data
                return text
        self._pending = b""
        return b""


class Pieces:
    """The text of a stream that ``read`` gives in pieces: decompressed if it begins like gzip, as it is otherwise.

    ``read`` returns nothing at the end, and ``None`` where the next piece would have to be waited for.
    """

    def __init__(self, read: Callable[[], bytes | None], max_bytes: int) -> None:
        self._read = read
        self._max_bytes = max_bytes
        self._beginning = b""
        self._begun = False
        self._gzip: GzipDecompressor | None = None

    def read(self) -> bytes | None:
        """As the stream's ``read``. Raises ``zlib.error`` where gzip is damaged, ``EOFError`` where it breaks off."""
        if self._begun:
            return self._read() if self._gzip is None else self._decompressed(b"", self._gzip)
        piece = self._read()
        if piece is None:
            return None
        self._beginning += piece
        if piece and len(self._beginning) < len(GZIP_MAGIC):
            return None
        self._begun = True
        if not self._beginning.startswith(GZIP_MAGIC):
            return self._beginning
        self._gzip = GzipDecompressor()
        return self._decompressed(self._beginning, self._gzip)

    def _decompressed(self, piece: bytes, gzip: GzipDecompressor) -> bytes | None:
        while not (text := gzip.decompress(piece, self._max_bytes)):
            following = self._read()
            if not following:
                if following is not None and not gzip.complete:
                    raise EOFError("it ends too early")
                return following
            piece = following
        return text


def begins_like_gzip(path: str) -> bool:
    """Whether a file's first bytes say that it is compressed with gzip; not if it cannot be read."""
    try:
        with Path(path).open("rb", buffering=0) as file:
            return file.read(len(GZIP_MAGIC)) == GZIP_MAGIC
    except OSError:
        return False


def is_only_unproven(error: Exception) -> bool:
    """Whether all text came before the damage: its checksum is wrong or missing, or the end of a member is."""
    return isinstance(error, EOFError) or "incorrect data check" in str(error) or "incorrect length check" in str(error)


def _up_to_damage(member: zlib._Decompress, data: bytes) -> bytes:
    # What the failing call had decompressed is lost with its exception; byte by byte it comes again up to the damage.
    text = bytearray()
    try:
        for position in range(len(data)):
            text += member.decompress(data[position : position + 1])
    except zlib.error:
        pass
    return bytes(text)
