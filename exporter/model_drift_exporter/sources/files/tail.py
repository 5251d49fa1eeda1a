"""Follows one file: reads whole lines as they are completed, and detects truncation.

The position of the tail is always the start of a line. The tail remembers the bytes around it: up to 1 KiB before it,
which were delivered, and the unfinished line after it. Every read covers these bytes again. So one system call returns
the new bytes and shows whether the old ones are still there. If they are not, the file was truncated, even if it has
grown beyond the old position since. (A file rewritten with the same bytes counts as the same file.) An unfinished line
is never split, and reading can continue at the position after a restart.
"""

from __future__ import annotations

import contextlib
import errno
import os
import stat

import attrs

from ...records.chunk import Chunk
from ...records.framing import NEWLINE, Framing
from ...records.long_lines import BYTE_ORDER_MARK
from .position import REMEMBERED_BYTES, Position, identity_of

__all__ = ["LINE_BYTES", "READ_BYTES", "FileCounters", "FileTail"]

LINE_BYTES = 1 << 20
READ_BYTES = 512 << 10
READS_PER_POLL = 64  # more than one is needed only for NUL bytes or a line over the limit


@attrs.define
class FileCounters:
    """Counters of all files of one input since start."""

    bytes_read: int = 0
    truncations: int = 0


class FileTail:
    """Reads one file, known by its identity. The owner updates ``path`` when the file is renamed.

    ``path`` is ``None`` once the file has no known name; an open file stays readable. The first ``read`` opens the file:
    at a ``position`` reached before, at its beginning, or with ``at_end`` at its end (before an unfinished last line).
    After a truncation, reading starts again at the beginning. Lines not read by then, and an unfinished line, are lost.
    """

    ended = False  # more lines can always be written

    def __init__(
        self,
        input: str,
        path: str,
        position: Position,
        counters: FileCounters,
        *,
        stream: str | None = None,
        at_end: bool = False,
        framing: Framing = NEWLINE,
        line_bytes: int = LINE_BYTES,
        read_bytes: int = READ_BYTES,
    ) -> None:
        self.path: str | None = path
        self.identity = position.identity
        self.stream = path if stream is None else stream
        self.at_end = False
        self.truncated_at: Position | None = None
        self._input = input
        self._counters = counters
        self._open_at_end = at_end
        self._resumes = position.offset > 0
        self._line_bytes = line_bytes
        self._read_bytes = read_bytes
        self._cutter = framing.cutter(line_bytes)
        self._skipped_from: Position | None = None
        self._descriptor: int | None = None
        self._parked_as: tuple[int, int] | None = None
        self._asleep = False
        self._starts_stream = stream is None or position.offset == 0
        self._offset: int  # of the first byte that is not delivered yet
        self._seen: bytes  # the bytes around the offset at the last read
        self._before: int  # how many of these bytes are before the offset
        self._at_head: bool  # only NUL bytes were read so far
        self._go_to(position)

    @property
    def is_open(self) -> bool:
        return self._descriptor is not None

    @property
    def will_open(self) -> bool:
        """Whether the next ``read`` opens the file."""
        return self._descriptor is None and self.path is not None and not self._asleep

    @property
    def position(self) -> Position:
        """The position just after the last delivered record, or inside a long one where reading can go on in it."""
        return self._skipped_from or Position(self.identity, self._offset, self._seen[: self._before])

    def read(self) -> Chunk | None:
        """Return the next whole lines, or ``None``; ``at_end`` is then true if the whole file was seen.

        Raises ``OSError`` if the file cannot be opened or read, and ``FileNotFoundError`` if another file has its path.
        """
        descriptor = self._descriptor
        if descriptor is None:
            if self.path is None or self._asleep:
                self.at_end = True
                return None
            descriptor = self._open(self.path)
        self.at_end = False
        for _ in range(READS_PER_POLL):
            seen = len(self._seen)
            window = os.pread(descriptor, seen + self._read_bytes, self._offset - self._before)
            if not window.startswith(self._seen):
                self._truncated()
                continue
            if len(window) == seen:
                self.at_end = True
                break
            if records := self._next_records(window, seen):
                return self._chunk(self._cutter.take(records))
        return self._chunk(b"") if self._cutter else None

    def _next_records(self, window: bytes, seen: int) -> bytes:
        """Move on in the window, and return the whole records in it, if there are any at the offset."""
        if (self._at_head or self._cutter.skipping) and self._skip(window):
            return b""
        cutter = self._cutter
        cut = cutter.end_of_last(window, self._before, seen) if not cutter.skipping else self._before
        if cut > self._before:
            records = window[self._before : cut]
            self._advance(window, cut, cut if cutter.is_too_long(window, cut) else len(window))
            return records
        if not cutter.skipping and cutter.is_too_long(window, self._before):
            if not cutter.resumes_inside:
                self._skipped_from = self.position
            cut = cutter.begin(window, self._before)
            self._advance(window, cut, cut)
            if not cutter.skipping:
                self._skipped_from = None
        else:
            self._seen = window
        return b""

    def flush(self, *, for_good: bool = True) -> Chunk | None:
        """Return the unfinished last record, or ``None``. Call it when the end of the record will not come.

        Unless it is ``for_good``, a record whose framing needs its end stays where it is.
        """
        if not for_good and not self._cutter.resumes_inside:
            return None
        rest = self._seen[self._before :]
        self._advance(self._seen, len(self._seen), len(self._seen))
        lines = self._cutter.long.take_out(self._cutter.finish(rest))
        return self._chunk(lines) if lines or self._cutter else None

    def unread_bytes(self, size: int) -> int:
        """Bytes of the file not seen yet. ``size`` is the size when last found; it is used while the file is not open."""
        if self._descriptor is not None:
            with contextlib.suppress(OSError):
                size = os.fstat(self._descriptor).st_size
        return max(0, size - self._offset - (len(self._seen) - self._before))

    def deleted(self) -> bool:
        """Whether the file has no name left, so that an open descriptor keeps its disk space in use."""
        try:
            return self._descriptor is None or os.fstat(self._descriptor).st_nlink == 0
        except OSError:
            return True

    def begins_like(self, descriptor: int, size: int) -> bool:
        """Whether the last 1 KiB of another open file of ``size`` bytes equals the same place in this file."""
        if self._descriptor is None or size < REMEMBERED_BYTES:
            return False
        start = size - REMEMBERED_BYTES
        return os.pread(descriptor, REMEMBERED_BYTES, start) == os.pread(self._descriptor, REMEMBERED_BYTES, start)

    def park(self) -> None:
        """Close the descriptor but keep the position. If everything was read, only ``wake`` lets the file be opened again."""
        if self._descriptor is not None:
            status = os.fstat(self._descriptor)
            self._parked_as = (status.st_size, status.st_mtime_ns)
            self._asleep = self.unread_bytes(status.st_size) == 0
            self.close()

    def wake(self, status: os.stat_result | None = None) -> None:
        """Let a parked file be opened again if ``status`` shows a change, or is not given."""
        if status is None or (status.st_size, status.st_mtime_ns) != self._parked_as:
            self._asleep = False

    def close(self) -> None:
        if self._descriptor is not None:
            os.close(self._descriptor)
            self._descriptor = None

    def _open(self, path: str) -> int:
        descriptor = os.open(path, os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC)
        try:
            status = os.fstat(descriptor)
            if not stat.S_ISREG(status.st_mode) or identity_of(status) != self.identity:
                raise FileNotFoundError(errno.ENOENT, "replaced while it was being opened", path)
            if self._open_at_end:
                self._go_to_end(descriptor, status.st_size)
            elif self._resumes:
                inside = self._cutter.resumes_inside and not _ends_a_line(self._seen[: self._before])
                self._begin_behind(descriptor, inside=inside)
        except OSError:
            os.close(descriptor)
            raise
        self._open_at_end = self._resumes = False
        self._descriptor = descriptor
        return descriptor

    def _go_to(self, position: Position) -> None:
        self._offset = position.offset
        self._seen = position.before
        self._before = len(position.before)
        self._at_head = self._cutter.is_text and position.offset == 0
        self._skipped_from = None
        self._cutter.long.start(begun=position.offset > 0)

    def _go_to_end(self, descriptor: int, size: int) -> None:
        start = max(0, size - self._line_bytes - REMEMBERED_BYTES)
        window = os.pread(descriptor, size - start, start)
        cut = window.rfind(b"\n") + 1
        if not cut and start:
            cut = len(window)
        self._go_to(Position(self.identity, start + cut, window[max(0, cut - REMEMBERED_BYTES) : cut]))
        if cut:
            self._begin_behind(descriptor, inside=self._cutter.is_inside(window[:cut]))

    def _begin_behind(self, descriptor: int, *, inside: bool) -> None:
        beginning = os.pread(descriptor, min(self._offset, self._line_bytes + REMEMBERED_BYTES), 0)
        self._cutter.long.begin_behind(self._cutter.lines(beginning), inside=inside)

    def _skip(self, window: bytes) -> bool:
        """Skip NUL bytes and a byte order mark at the head, or the rest of a long line. Returns whether anything was skipped."""
        if self._cutter.skipping:
            cut = self._cutter.skip(window, self._before)
        else:
            body = window[self._before :]
            text = body.lstrip(b"\0")
            cut = len(window) - len(text)
            if text.startswith(BYTE_ORDER_MARK):
                cut += len(BYTE_ORDER_MARK)
            self._at_head = BYTE_ORDER_MARK.startswith(text) and text != BYTE_ORDER_MARK
        if cut == self._before:
            return False
        self._advance(window, cut, cut)
        if not self._cutter.skipping:
            self._skipped_from = None
        return True

    def _advance(self, window: bytes, cut: int, searched: int) -> None:
        """Move the position to ``cut``. No record ends between ``cut`` and ``searched``."""
        self._counters.bytes_read += cut - self._before
        self._offset += cut - self._before
        start = max(0, cut - REMEMBERED_BYTES)
        self._seen = window[start:searched]
        self._before = cut - start

    def _truncated(self) -> None:
        self._counters.truncations += 1
        if self._offset:
            self.truncated_at = self.position
        self._starts_stream = True
        self._go_to(Position(self.identity))

    def _chunk(self, lines: bytes) -> Chunk:
        starts_stream = self._starts_stream and bool(lines)
        self._starts_stream = self._starts_stream and not lines
        head = self._cutter.long.take_head() if lines else None
        return Chunk(self._input, self.stream, lines, starts_stream, self._cutter.take_errors(), head=head)


def _ends_a_line(before: bytes) -> bool:
    """Whether a line can start after these bytes: they end with a newline, or are skipped at the head of a file."""
    return before.endswith(b"\n") or before.lstrip(b"\0") in (b"", BYTE_ORDER_MARK)
