"""Bytes into whole lines, with a limit on the length of one line."""

from __future__ import annotations

__all__ = ["BYTE_ORDER_MARK", "LineAssembler", "without_long_lines"]

BYTE_ORDER_MARK = b"\xef\xbb\xbf"


def without_long_lines(lines: bytes, line_bytes: int) -> tuple[bytes, int]:
    """Take out the lines longer than ``line_bytes`` (newline not counted) and say how many they were.

    ``lines`` ends with a newline. Costs one step per ``line_bytes`` of data, not one per line.
    """
    size = len(lines)
    if size <= line_bytes + 1:
        return lines, 0
    kept: list[bytes] = []
    dropped = start = position = 0
    while position < size:
        end = lines.rfind(b"\n", position, position + line_bytes + 1)
        if end >= 0:
            position = end + 1
            continue
        kept.append(lines[start:position])
        dropped += 1
        position = start = lines.index(b"\n", position + line_bytes + 1) + 1
    if not dropped:
        return lines, 0
    kept.append(lines[start:])
    return b"".join(kept), dropped


class LineAssembler:
    """Puts the pieces of a stream that cannot be read twice together into whole lines.

    Keeps at most ``line_bytes`` and one piece. A byte order mark and NUL bytes at the head of the stream are left out.
    """

    def __init__(self, line_bytes: int) -> None:
        self._line_bytes = line_bytes
        self._unfinished = bytearray()
        self._at_head = True
        self._skipping = False
        self._too_long = 0

    def feed(self, piece: bytes) -> bytes:
        """Return the lines that ``piece`` completes, ending with a newline, or nothing."""
        if self._at_head:
            piece = self._without_head(piece)
        if self._skipping:
            start = piece.find(b"\n") + 1
            if not start:
                return b""
            self._skipping = False
            piece = piece[start:]
        cut = piece.rfind(b"\n") + 1
        if not cut:
            self._unfinished += piece
            self._drop_long_unfinished()
            return b""
        lines = piece[:cut]
        if self._unfinished:
            lines = bytes(self._unfinished) + lines
        self._unfinished = bytearray(piece[cut:])
        self._drop_long_unfinished()
        lines, dropped = without_long_lines(lines, self._line_bytes)
        self._too_long += dropped
        return lines

    def finish(self) -> bytes:
        """Return the unfinished last line, a newline added, or nothing. A new line starts after it."""
        line = bytes(self._unfinished)
        self._unfinished.clear()
        self._skipping = False
        return line + b"\n" if line else b""

    def take_too_long(self) -> dict[str, int]:
        """Return the lines dropped since the last call as a chunk's errors: none, or ``line_too_long`` with a count."""
        errors = {"line_too_long": self._too_long} if self._too_long else {}
        self._too_long = 0
        return errors

    def _without_head(self, piece: bytes) -> bytes:
        text = (bytes(self._unfinished) + piece).lstrip(b"\0")
        self._unfinished.clear()
        if BYTE_ORDER_MARK.startswith(text) and text != BYTE_ORDER_MARK:
            self._unfinished += text
            return b""
        self._at_head = False
        return text.removeprefix(BYTE_ORDER_MARK)

    def _drop_long_unfinished(self) -> None:
        if len(self._unfinished) > self._line_bytes:
            self._unfinished.clear()
            self._skipping = True
            self._too_long += 1
