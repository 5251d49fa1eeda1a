"""Assembles whole records from the pieces of a stream that cannot be read twice."""

from __future__ import annotations

from ..records.framing import NEWLINE, Framing, FramingBy
from ..records.long_lines import BYTE_ORDER_MARK

__all__ = ["Assembler"]

_LEAST_TO_TELL = 4  # the length of the shortest mark that files of a format begin with
_MOST_TO_TELL = 4_096


class Assembler:
    """Gives the lines of whole records. Keeps one unfinished record at most, as long as its framing allows, and one piece.

    It removes a byte order mark and NUL bytes at the head of a stream of text. ``framing`` may be told by the first bytes.
    """

    def __init__(self, line_bytes: int, framing: Framing | FramingBy = NEWLINE) -> None:
        self._line_bytes = line_bytes
        self._framing_by = None if isinstance(framing, Framing) else framing
        self._cutter = (framing if isinstance(framing, Framing) else framing(b"")).cutter(line_bytes)
        self._unfinished = b""
        self._at_head = self._cutter.is_text

    @property
    def breaks_off(self) -> bool:
        """Whether the pieces so far end inside a record that is not counted yet."""
        return bool(self._unfinished.strip())

    @property
    def problem(self) -> str:
        """Why nothing of the stream can be read, and what to do about it; empty if it can be."""
        return self._cutter.problem

    @property
    def held(self) -> int:
        """Bytes of an unfinished record."""
        return len(self._unfinished)

    def feed(self, piece: bytes) -> bytes:
        """Return the lines that ``piece`` completes, with a newline at the end; empty if there are none."""
        searched = len(self._unfinished)
        window = self._unfinished + piece if self._unfinished else piece
        if self._framing_by is not None:
            if len(window) < _LEAST_TO_TELL and b"\n" not in window:
                self._unfinished = window
                return b""
            self._cutter = self._framing_by(window[:_MOST_TO_TELL]).cutter(self._line_bytes)
            self._at_head, self._framing_by, searched = self._cutter.is_text, None, 0
        if self._at_head:
            text = window.lstrip(b"\0")
            if BYTE_ORDER_MARK.startswith(text) and text != BYTE_ORDER_MARK:
                self._unfinished = text
                return b""
            self._at_head, searched, window = False, 0, text.removeprefix(BYTE_ORDER_MARK)
        cutter = self._cutter
        found: list[bytes] = []
        start = 0
        while start < len(window):
            if cutter.skipping:
                end = cutter.skip(window, start)
                if cutter.skipping:
                    start = end
                    break
            else:
                end = cutter.end_of_last(window, start, max(start, searched))
                if end > start:
                    found.append(cutter.take(window[start:end]))
                elif cutter.is_too_long(window, start):
                    end = cutter.begin(window, start)
                else:
                    break
            start = end
        self._unfinished = window[start:]
        return found[0] if len(found) == 1 else b"".join(found)

    def finish(self) -> bytes:
        """Return the unfinished last line with a newline added, or empty bytes. A new record starts after it."""
        rest, self._unfinished = self._unfinished, b""
        lines = self._cutter.finish(rest)
        self._cutter.long.skipping = False
        return self._cutter.long.take_out(lines)

    def take_head(self) -> bytes | None:
        """Return ``Chunk.head`` for the lines just returned."""
        return self._cutter.long.take_head()

    def take_errors(self) -> dict[str, int]:
        """Return the number of records skipped since the last call, by reason, as ``Chunk.errors``."""
        return self._cutter.take_errors()
