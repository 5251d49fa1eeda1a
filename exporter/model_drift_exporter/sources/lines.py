"""Bytes into whole lines, with a limit on the length of one line."""

from __future__ import annotations

__all__ = ["BYTE_ORDER_MARK", "LineAssembler", "LongLines", "without_long_lines"]

BYTE_ORDER_MARK = b"\xef\xbb\xbf"


def without_long_lines(lines: bytes, line_bytes: int) -> tuple[bytes, int]:
    """Take out the lines longer than ``line_bytes`` (newline not counted) and say how many of them were not empty.

    An empty line holds nothing but blanks. ``lines`` ends with a newline. Costs one step per ``line_bytes`` of data,
    not one per line.
    """
    size = len(lines)
    if size <= line_bytes + 1:
        return lines, 0
    kept: list[bytes] = []
    dropped = cuts = start = position = 0
    while position < size:
        end = lines.rfind(b"\n", position, position + line_bytes + 1)
        if end >= 0:
            position = end + 1
            continue
        kept.append(lines[start:position])
        cuts += 1
        start = lines.index(b"\n", position + line_bytes + 1) + 1
        dropped += not lines[position:start].isspace()
        position = start
    if not cuts:
        return lines, 0
    kept.append(lines[start:])
    return b"".join(kept), dropped


class LongLines:
    """Takes lines that are too long out of a stream, counts them, and knows whether its first line was one of them.

    A line counts as soon as anything but blanks has been seen of it. ``skipping`` is whether the stream is inside of a
    long line; with ``begun`` true it does not start at its beginning.
    """

    def __init__(self, line_bytes: int) -> None:
        self._line_bytes = line_bytes
        self._count = 0
        self.start()

    def start(self, *, begun: bool = False) -> None:
        """Start with another stream, or at another place of it; what has been counted stays."""
        self.skipping = False
        self._blank = False
        self._begun = begun
        self._head: bytes | None = None

    def begin(self, part: bytes) -> None:
        """Step over the beginning of a line, too long already."""
        self.skipping = self._blank = True
        self._look(part)

    def go_on(self, part: bytes, *, ends: bool) -> None:
        """Step over more of the line."""
        self.skipping = not ends
        self._look(part)

    def begin_behind(self, beginning: bytes, *, inside: bool) -> None:
        """Note that a stream with this beginning is read from a later place, ``inside`` of a line that is not counted."""
        self.skipping, self._blank = inside, False
        line, end, _ = _without_mark(beginning).lstrip().partition(b"\n")
        self._begun, self._head = True, line if end and len(line) <= self._line_bytes else b""

    def take_out(self, lines: bytes) -> bytes:
        """Return whole lines without those that are too long."""
        text = b"" if self._begun else lines.lstrip()
        if text:
            self._begun = True
            start = lines.rfind(b"\n", 0, len(lines) - len(text)) + 1
            if lines.index(b"\n", start) - start > self._line_bytes:
                self._head = b""
        lines, count = without_long_lines(lines, self._line_bytes)
        self._count += count
        return lines

    def take_errors(self) -> dict[str, int]:
        """Return the lines taken out since the last call as a chunk's errors: none, or ``line_too_long`` with a count."""
        errors = {"line_too_long": self._count} if self._count else {}
        self._count = 0
        return errors

    def take_head(self) -> bytes | None:
        """Return, once, what the next chunk with lines says of the first one as its ``head``."""
        head, self._head = self._head, None
        return head

    def __bool__(self) -> bool:
        return self._count > 0

    def _look(self, part: bytes) -> None:
        if self._blank and part.strip():
            self._blank = False
            self._count += 1
            if not self._begun:
                self._begun, self._head = True, b""


class LineAssembler:
    """Puts the pieces of a stream that cannot be read twice together into whole lines.

    Keeps at most ``line_bytes`` and one piece. A byte order mark and NUL bytes at the head of the stream are left out.
    """

    def __init__(self, line_bytes: int) -> None:
        self._line_bytes = line_bytes
        self._unfinished = bytearray()
        self._at_head = True
        self._long = LongLines(line_bytes)

    @property
    def breaks_off(self) -> bool:
        """Whether the pieces so far end inside of a line that has not been counted."""
        return bool(self._unfinished.strip())

    def feed(self, piece: bytes) -> bytes:
        """Return the lines that ``piece`` completes, ending with a newline, or nothing."""
        if self._at_head:
            piece = self._without_head(piece)
        if self._long.skipping:
            start = piece.find(b"\n") + 1
            self._long.go_on(piece[:start] if start else piece, ends=start > 0)
            if not start:
                return b""
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
        lines = self._long.take_out(lines)
        self._drop_long_unfinished()
        return lines

    def finish(self) -> bytes:
        """Return the unfinished last line, a newline added, or nothing. A new line starts after it."""
        line = bytes(self._unfinished)
        self._unfinished.clear()
        self._long.skipping = False
        return line + b"\n" if line else b""

    def take_head(self) -> bytes | None:
        """Return the ``head`` of the chunk that holds the lines just returned."""
        return self._long.take_head()

    def take_too_long(self) -> dict[str, int]:
        """Return the lines dropped since the last call as a chunk's errors: none, or ``line_too_long`` with a count."""
        return self._long.take_errors()

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
            self._long.begin(bytes(self._unfinished))
            self._unfinished.clear()


def _without_mark(text: bytes) -> bytes:
    return text.lstrip(b"\0").removeprefix(BYTE_ORDER_MARK)
