"""One followed file, read by position: whole lines as they are completed, and truncation noticed while reading.

The tail stands at the start of a line and remembers the bytes it has seen around it: up to 1 KiB before (delivered) and
the unfinished line after. Every read covers them again, so one system call brings the new bytes and shows whether the
old ones are still there. If they are not, the file was truncated, whether or not it has grown beyond the old position
since. (A file rewritten with the very same bytes is the same file.) An unfinished line is never split, and reading can
go on at the position after a restart.
"""

from __future__ import annotations

import contextlib
import errno
import os
import stat

import attrs

from ...records.chunk import Chunk
from ..lines import BYTE_ORDER_MARK, LongLines
from .position import REMEMBERED_BYTES, Position, identity_of

__all__ = ["LINE_BYTES", "READ_BYTES", "FileCounters", "FileTail"]

LINE_BYTES = 1 << 20
READ_BYTES = 512 << 10
READS_PER_POLL = 64  # only a line longer than the limit, or NUL bytes, take more than one


@attrs.define
class FileCounters:
    """What the tails of one input have done since start."""

    bytes_read: int = 0
    truncations: int = 0


class FileTail:
    """Reads one file, known by its identity; where it lies now (``path``) is for its owner to say.

    ``path`` is ``None`` once the file has no known name any more; what is open stays readable. The file is opened by
    the first ``read``, at its beginning, at its end (``at_end``: before its unfinished last line), or at a ``position``
    reached before. Truncation starts it again from the beginning: lines not read by then, and an unfinished one, are
    lost.
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
        self._long = LongLines(line_bytes)
        self._descriptor: int | None = None
        self._parked_as: tuple[int, int] | None = None
        self._asleep = False
        self._starts_stream = stream is None or position.offset == 0
        self._offset: int  # of the first byte not delivered
        self._seen: bytes  # what was around it at the last read
        self._before: int  # how many bytes of that were before it
        self._at_head: bool  # nothing but NUL bytes has come
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
        """Where reading would go on: behind the last line delivered."""
        return Position(self.identity, self._offset, self._seen[: self._before])

    def read(self) -> Chunk | None:
        """Return the next whole lines, or ``None``; ``at_end`` then tells whether all there is has been seen.

        Raises ``OSError`` if the file cannot be opened or read; ``FileNotFoundError`` if another has taken its place.
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
            if (self._at_head or self._long.skipping) and self._skip(window):
                continue
            cut = window.rfind(b"\n", seen) + 1
            if cut:
                lines = window[self._before : cut]
                self._advance(window, cut, len(window))
                return self._chunk(lines)
            if len(window) - self._before > self._line_bytes:
                self._long.begin(window[self._before :])
                self._advance(window, len(window), len(window))
            else:
                self._seen = window
        return self._chunk(b"") if self._long else None

    def flush(self) -> Chunk | None:
        """Return the unfinished last line, if there is one, a newline added: nobody waits for its end any longer."""
        line = self._seen[self._before :]
        self._advance(self._seen, len(self._seen), len(self._seen))
        return self._chunk(line + b"\n") if line else None

    def unread_bytes(self, size: int) -> int:
        """Bytes that exist and have not been seen; ``size``, the file's when last found, counts while it is not open."""
        if self._descriptor is not None:
            with contextlib.suppress(OSError):
                size = os.fstat(self._descriptor).st_size
        return max(0, size - self._offset - (len(self._seen) - self._before))

    def deleted(self) -> bool:
        """Whether no name is left for the file, so that holding it open holds back its disk space."""
        try:
            return self._descriptor is None or os.fstat(self._descriptor).st_nlink == 0
        except OSError:
            return True

    def begins_like(self, descriptor: int, size: int) -> bool:
        """Whether another open file, ``size`` bytes long, ends in the 1 KiB that this file holds at the same place."""
        if self._descriptor is None or size < REMEMBERED_BYTES:
            return False
        start = size - REMEMBERED_BYTES
        return os.pread(descriptor, REMEMBERED_BYTES, start) == os.pread(self._descriptor, REMEMBERED_BYTES, start)

    def park(self) -> None:
        """Close the descriptor but keep the place; if all was read, the file is opened again only after ``wake``."""
        if self._descriptor is not None:
            status = os.fstat(self._descriptor)
            self._parked_as = (status.st_size, status.st_mtime_ns)
            self._asleep = self.unread_bytes(status.st_size) == 0
            self.close()

    def wake(self, status: os.stat_result | None = None) -> None:
        """Let a parked file be opened again, if ``status`` shows that it has changed (or is not given)."""
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
                self._begin_behind(descriptor, inside=not _ends_a_line(self._seen[: self._before]))
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
        self._at_head = position.offset == 0
        self._long.start(begun=position.offset > 0)

    def _go_to_end(self, descriptor: int, size: int) -> None:
        start = max(0, size - self._line_bytes - REMEMBERED_BYTES)
        window = os.pread(descriptor, size - start, start)
        cut = window.rfind(b"\n") + 1
        if not cut and start:
            cut = len(window)
        self._go_to(Position(self.identity, start + cut, window[max(0, cut - REMEMBERED_BYTES) : cut]))
        if cut:
            self._begin_behind(descriptor, inside=window[cut - 1 : cut] != b"\n")

    def _begin_behind(self, descriptor: int, *, inside: bool) -> None:
        beginning = os.pread(descriptor, min(self._offset, self._line_bytes + REMEMBERED_BYTES), 0)
        self._long.begin_behind(beginning, inside=inside)

    def _skip(self, window: bytes) -> bool:
        """Step over NUL bytes and a byte order mark at the head, or the rest of a long line; whether there was any."""
        if self._long.skipping:
            end = window.find(b"\n", self._before) + 1
            cut = end or len(window)
            self._long.go_on(window[self._before : cut], ends=end > 0)
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
        return True

    def _advance(self, window: bytes, cut: int, searched: int) -> None:
        """Move the position to ``cut``; up to ``searched`` no newline follows it."""
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
        lines = self._long.take_out(lines)
        starts_stream = self._starts_stream and bool(lines)
        self._starts_stream = self._starts_stream and not lines
        head = self._long.take_head() if lines else None
        return Chunk(self._input, self.stream, lines, starts_stream, self._long.take_errors(), head=head)


def _ends_a_line(before: bytes) -> bool:
    """Whether a line can start behind these bytes: a newline, or what is skipped at the head of a file."""
    return before.endswith(b"\n") or before.lstrip(b"\0") in (b"", BYTE_ORDER_MARK)
