"""Cuts a stream of bytes into its records, by the way in which they follow one another."""

from __future__ import annotations

import struct
from collections.abc import Iterator

from .long_lines import LongLines

__all__ = ["ContainerCutter", "Cutter", "LengthCutter", "RefusingCutter"]


class Cutter:
    """Cuts the records of one stream, which are lines, out of windows of its bytes.

    ``window[start:]`` begins with a record, or inside a record that is skipped. Records longer than ``line_bytes`` are
    skipped and counted. ``skipping`` is true while the stream is inside such a record; ``resumes_inside`` says whether
    reading can go on there in another process.
    """

    is_text = True
    """Whether NUL bytes and a byte order mark at the head of the stream are no part of a record."""
    resumes_inside = True
    problem = ""
    """Why nothing of the stream can be read, and what to do about it."""

    def __init__(self, line_bytes: int) -> None:
        self.line_bytes = line_bytes
        self.long = LongLines(line_bytes)

    @property
    def skipping(self) -> bool:
        return self.long.skipping

    def end_of_last(self, window: bytes, start: int, searched: int) -> int:
        """Where the last whole record ends; ``start`` if none is whole. No line ends before ``searched``."""
        return window.rfind(b"\n", searched) + 1 or start

    def is_too_long(self, window: bytes, start: int) -> bool:
        """Whether the unfinished record at ``start`` is known to be too long."""
        return len(window) - start > self.line_bytes

    def begin(self, window: bytes, start: int) -> int:
        """Skip the beginning of a record that is too long. Returns up to where it is skipped."""
        self.long.begin(window[start:])
        return len(window)

    def skip(self, window: bytes, start: int) -> int:
        """Skip more of it. Returns up to where; ``start`` if more bytes are needed to tell."""
        end = window.find(b"\n", start) + 1
        cut = end or len(window)
        self.long.go_on(window[start:cut], ends=end > 0)
        return cut

    def take(self, records: bytes) -> bytes:
        """The lines in whole records, without those that are too long."""
        return self.long.take_out(self.lines(records))

    def lines(self, records: bytes) -> bytes:
        """The lines in whole records."""
        return records

    def finish(self, rest: bytes) -> bytes:
        """The line in an unfinished record whose end will not come; empty if it is of no use, which is counted."""
        return rest + b"\n" if rest else b""

    def is_inside(self, before: bytes) -> bool:
        """Whether a stream that is begun behind these bytes is inside a record."""
        return not before.endswith(b"\n")

    def take_errors(self) -> dict[str, int]:
        """The number of records skipped since the last call, by reason, as ``Chunk.errors``."""
        return self.long.take_errors()

    def __bool__(self) -> bool:
        """Whether there are errors to take."""
        return bool(self.long)


_LEAST_HELD = 64 << 10


class ContainerCutter(Cutter):
    """Cuts the log of a container, as the kubelet's runtimes (CRI) write it: ``TIME STREAM TAG TEXT`` on each line.

    A long line of the container is written in parts: ``P`` marks all but the last one, which has an ``F``. Lines of other
    streams than ``streams`` are left out. A line of another form is given as it is, so that its format rejects it.

    What stands between the parts of a record may be as long as the record. If it is longer, or the record is too long, the
    whole records between its parts are skipped with it, and counted.
    """

    resumes_inside = False

    def __init__(self, line_bytes: int, streams: frozenset[bytes]) -> None:
        super().__init__(line_bytes)
        self._streams = streams
        self._held = max(2 * line_bytes, _LEAST_HELD)
        self._skipped = b""  # the stream whose record is skipped
        self._torn = False  # inside a line of the file that is too long by itself

    def end_of_last(self, window: bytes, start: int, searched: int) -> int:
        del searched
        last = window.rfind(b"\n", start) + 1
        if not last or window.find(b" P", start, last) < 0:
            return last or start
        pending: set[bytes] = set()
        found = start
        for stream, partial, _, end in self._entries(window, start):
            if partial:
                pending.add(stream)
            else:
                pending.discard(stream)
            if not pending:
                found = end
        return found

    def is_too_long(self, window: bytes, start: int) -> bool:
        return len(window) - start > self._held

    def begin(self, window: bytes, start: int) -> int:
        self._skipped = b""
        cut = start
        for stream, partial, text, end in self._entries(window, start):
            cut = end
            if not self._skipped:
                self._skipped = stream
            elif not partial and text is not None:
                self.long.add(1)
        self._torn = cut == start
        cut = len(window) if self._torn else cut
        self.long.begin(window[start:cut])
        return cut

    def skip(self, window: bytes, start: int) -> int:
        cut = start
        if self._torn:
            cut = window.find(b"\n", start) + 1
            self._torn = not cut
            if self._torn or not self._skipped:
                cut = cut or len(window)
                self.long.go_on(window[start:cut], ends=not self._torn)
                return cut
        for stream, partial, text, end in self._entries(window, cut):
            cut = end
            if stream == self._skipped and not partial:
                self.long.go_on(window[start:cut], ends=True)
                return cut
            if not partial and text is not None:
                self.long.add(1)
        if self.is_too_long(window, cut):
            self._torn, cut = True, len(window)
        self.long.go_on(window[start:cut], ends=False)
        return cut

    def lines(self, records: bytes) -> bytes:
        return self._joined(records, {})

    def finish(self, rest: bytes) -> bytes:
        if self.skipping or not rest:
            return b""
        pending: dict[bytes, bytes] = {}
        text = self._joined(rest if rest.endswith(b"\n") else rest + b"\n", pending)
        return text + b"".join(part + b"\n" for part in pending.values())

    def is_inside(self, before: bytes) -> bool:
        self._torn = super().is_inside(before)
        last = {stream: partial for stream, partial, _, _ in self._entries(before, before.find(b"\n") + 1)}
        self._skipped = next((stream for stream, partial in last.items() if partial), b"")
        return self._torn or bool(self._skipped)

    def _joined(self, records: bytes, pending: dict[bytes, bytes]) -> bytes:
        """The lines of the container; ``pending`` gets the beginnings of lines that do not end here."""
        found = []
        for stream, partial, text, _ in self._entries(records, 0):
            if text is None:
                continue
            whole = pending.pop(stream, b"") + text
            if partial:
                pending[stream] = whole
            else:
                found.append(whole)
        return b"\n".join([*found, b""])

    def _entries(self, window: bytes, start: int) -> Iterator[tuple[bytes, bool, bytes | None, int]]:
        """The stream of each whole line, whether it is a part that others follow, its text, and where it ends.

        Lines of a stream that is left out have no text, and are no parts.
        """
        while end := window.find(b"\n", start) + 1:
            words = window[start : end - 1].split(b" ", 3)
            start = end
            if len(words) < 3 or words[1] not in _STREAMS or words[2][:1] not in (b"F", b"P"):
                yield b"", False, b" ".join(words), end
            elif words[1] in self._streams:
                yield words[1], words[2][:1] == b"P", words[3] if len(words) > 3 else b"", end
            else:
                yield words[1], False, None, end


_STREAMS = frozenset({b"stdout", b"stderr"})
_LENGTH = struct.Struct(">I")


class LengthCutter(Cutter):
    """Cuts records with their length before each: four bytes, the highest first. A line break in a record becomes a blank."""

    is_text = False
    resumes_inside = False

    def __init__(self, line_bytes: int) -> None:
        super().__init__(line_bytes)
        self._left = 0
        self._cut_off = 0

    def end_of_last(self, window: bytes, start: int, searched: int) -> int:
        del searched
        for end, _ in self._records(window, start):
            start = end
        return start

    def is_too_long(self, window: bytes, start: int) -> bool:
        return len(window) - start >= _LENGTH.size and _LENGTH.unpack_from(window, start)[0] > self.line_bytes

    def begin(self, window: bytes, start: int) -> int:
        self._left = _LENGTH.size + _LENGTH.unpack_from(window, start)[0]
        self.long.begin(window[start : start + _LENGTH.size])
        return self.skip(window, start)

    def skip(self, window: bytes, start: int) -> int:
        cut = min(start + self._left, len(window))
        self._left -= cut - start
        self.long.go_on(window[start:cut], ends=not self._left)
        return cut

    def lines(self, records: bytes) -> bytes:
        return b"".join(text.replace(b"\r", b" ").replace(b"\n", b" ") + b"\n" for _, text in self._records(records, 0))

    def finish(self, rest: bytes) -> bytes:
        self._cut_off += bool(rest) and not self.skipping
        return b""

    def take_errors(self) -> dict[str, int]:
        errors = super().take_errors()
        if self._cut_off:
            errors["cut_off"], self._cut_off = self._cut_off, 0
        return errors

    def __bool__(self) -> bool:
        return super().__bool__() or self._cut_off > 0

    def _records(self, window: bytes, start: int) -> Iterator[tuple[int, bytes]]:
        """Where each whole record ends, and the record, up to the first that is not whole or too long."""
        while len(window) - start >= _LENGTH.size:
            length = _LENGTH.unpack_from(window, start)[0]
            end = start + _LENGTH.size + length
            if end > len(window) or length > self.line_bytes:
                return
            yield end, window[end - length : end]
            start = end


class RefusingCutter(Cutter):
    """Reads nothing of a stream whose format can only be read from a whole file. The stream counts once, for ``reason``."""

    is_text = False
    resumes_inside = False

    def __init__(self, line_bytes: int, reason: str, problem: str) -> None:
        super().__init__(line_bytes)
        self._reason, self._why = reason, problem
        self._uncounted = 0

    @property
    def skipping(self) -> bool:
        return bool(self.problem)

    def end_of_last(self, window: bytes, start: int, searched: int) -> int:
        del window, searched
        return start

    def is_too_long(self, window: bytes, start: int) -> bool:
        return len(window) > start

    def begin(self, window: bytes, start: int) -> int:
        self.problem, self._uncounted = self._why, 1
        return self.skip(window, start)

    def skip(self, window: bytes, start: int) -> int:
        del start
        return len(window)

    def take_errors(self) -> dict[str, int]:
        errors = {self._reason: self._uncounted} if self._uncounted else {}
        self._uncounted = 0
        return errors

    def __bool__(self) -> bool:
        return self._uncounted > 0
