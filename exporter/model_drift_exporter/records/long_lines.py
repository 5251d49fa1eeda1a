"""Lines that are too long: they are taken out of a stream and counted."""

from __future__ import annotations

__all__ = ["BYTE_ORDER_MARK", "LongLines", "without_long_lines"]

BYTE_ORDER_MARK = b"\xef\xbb\xbf"


def without_long_lines(lines: bytes, line_bytes: int) -> tuple[bytes, int]:
    """Remove the lines longer than ``line_bytes`` (without newline). Returns the rest, and how many were not empty.

    An empty line holds only blanks. ``lines`` must end with a newline. The cost is one step per ``line_bytes`` of data,
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
    """Removes the lines that are too long from a stream and counts them. It notes if the first line is one of them.

    A line counts as soon as a part of it is not blank. ``skipping`` is true while the stream is inside a long line.
    """

    def __init__(self, line_bytes: int) -> None:
        self._line_bytes = line_bytes
        self._count = 0
        self.start()

    def start(self, *, begun: bool = False) -> None:
        """Start another stream, or another place of it; counts stay. ``begun``: its beginning is not read."""
        self.skipping = False
        self._blank = False
        self._begun = begun
        self._head: bytes | None = None

    def begin(self, part: bytes) -> None:
        """Skip the beginning of a line that is already too long."""
        self.skipping = self._blank = True
        self._look(part)

    def add(self, count: int) -> None:
        """Count lines that were skipped together with a long one."""
        self._count += count

    def go_on(self, part: bytes, *, ends: bool) -> None:
        """Skip more of the line; ``ends``: the line ends with this part."""
        self.skipping = not ends
        self._look(part)

    def begin_behind(self, beginning: bytes, *, inside: bool) -> None:
        """Note that reading starts behind this beginning of the stream; ``inside``: inside a line, which is not counted."""
        self.skipping, self._blank = inside, False
        line, end, _ = _without_mark(beginning).lstrip().partition(b"\n")
        self._begun, self._head = True, line if end and len(line) <= self._line_bytes else b""

    def take_out(self, lines: bytes) -> bytes:
        """Return ``lines`` without those that are too long."""
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
        """Return the number of lines removed since the last call, as ``Chunk.errors``: ``line_too_long``, or empty."""
        errors = {"line_too_long": self._count} if self._count else {}
        self._count = 0
        return errors

    def take_head(self) -> bytes | None:
        """Return ``Chunk.head`` for the next chunk with lines. Later calls return ``None``."""
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


def _without_mark(text: bytes) -> bytes:
    return text.lstrip(b"\0").removeprefix(BYTE_ORDER_MARK)
