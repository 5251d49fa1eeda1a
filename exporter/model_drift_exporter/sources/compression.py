"""Bounded gzip decompression for archives and request bodies."""

from __future__ import annotations

import zlib

__all__ = ["GZIP_MAGIC", "GzipDecompressor"]

GZIP_MAGIC = b"\x1f\x8b"
_GZIP_WINDOW = 16 + zlib.MAX_WBITS


class GzipDecompressor:
    """Decompresses a gzip stream of one or more members, never more than asked for at a time."""

    def __init__(self) -> None:
        self._member: zlib._Decompress | None = None
        self._pending = b""
        self._output_waits = False
        self._members = 0

    @property
    def complete(self) -> bool:
        """Whether the input so far ends at the end of a member (an empty input does not)."""
        return self._member is None and self._members > 0

    def decompress(self, compressed: bytes, max_bytes: int) -> bytes:
        """Return at most ``max_bytes``; call again with no input until nothing comes, then with more input.

        Raises ``zlib.error`` where the stream is damaged.
        """
        data = self._pending + compressed if self._pending else compressed
        while data or self._output_waits:
            if self._member is None:
                data = data.lstrip(b"\0")  # members may be padded with NUL bytes
                if not data:
                    break
                self._member = zlib.decompressobj(_GZIP_WINDOW)
            text = self._member.decompress(data, max_bytes)
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
