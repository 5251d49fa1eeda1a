"""Files that are read once to their end: gzip files, and those that only make sense as a whole."""

from __future__ import annotations

import os
import zlib
from collections.abc import Collection, Iterator, Mapping

from ...records.chunk import Chunk
from ...records.framing import NEWLINE, DamagedFile, FilePart, FileParts, Framing, FramingBy
from ..assembler import Assembler
from ..compression import GzipDecompressor, is_only_unproven
from .position import Identity
from .tail import LINE_BYTES, READ_BYTES, FileCounters

__all__ = ["Archive", "ArchivesRead", "GzipArchive", "WholeFile"]

_COMPRESSED_BYTES = 64 << 10


class Archive:
    """Reads one file from its beginning to its end, in bounded parts. ``ended`` is true at its end or at damage.

    What comes before damage is delivered, and ``problem`` describes the damage; what is lost counts as one error. Counters
    count bytes of the file. ``lines`` is the number of lines, or rows, read so far. The first ``skip_lines`` were read by
    an earlier process and are not delivered.
    """

    def __init__(
        self, input: str, path: str, identity: Identity, counters: FileCounters, *, skip_lines: int = 0
    ) -> None:
        self.path: str | None = path
        self.identity = identity
        self.stream = path
        self.problem = ""
        self.ended = False
        self.at_end = False
        self.lines = 0
        self._input = input
        self._counters = counters
        self._descriptor: int | None = None
        self._offset = 0
        self._starts_stream = True
        self._skip_lines = skip_lines
        self._damage: dict[str, int] = {}

    @property
    def is_open(self) -> bool:
        return self._descriptor is not None

    @property
    def will_open(self) -> bool:
        """Whether the next ``read`` opens the file."""
        return self._descriptor is None and self.path is not None and not self.ended

    def read(self) -> Chunk | None:
        """Return the next whole records, or ``None`` at the end.

        Raises ``OSError`` if the file cannot be opened or read.
        """
        if self._descriptor is None:
            if self.ended or self.path is None:
                self.ended = self.at_end = True
                return None
            self._descriptor = os.open(self.path, os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC)
        chunk = self._read(self._descriptor)
        self.at_end = self.ended
        if chunk is not None or not self._damage:
            return chunk
        errors, self._damage = self._damage, {}
        return Chunk(self._input, self.stream, b"", errors=errors)

    def _read(self, descriptor: int) -> Chunk | None:
        """The next records of the open file, ``None`` if there are none. Sets ``ended`` where there are no more."""
        raise NotImplementedError

    def _end_with_damage(self, problem: str, reason: str = "") -> None:
        """End here; what is lost counts as one for the ``reason``, unless nothing is."""
        self.ended = True
        self.problem = problem
        if reason:
            self._damage = {reason: 1}

    def _advance(self, size: int) -> None:
        self._offset += size
        self._counters.bytes_read += size

    def flush(self, *, for_good: bool = True) -> Chunk | None:
        """Return ``None``: ``read`` returns the last record at the end of the file."""
        del for_good
        return None

    def unread_bytes(self, size: int) -> int:
        """Bytes not read yet; ``size`` is the size of the file."""
        return 0 if self.ended else max(0, size - self._offset)

    def close(self) -> None:
        if self._descriptor is not None:
            os.close(self._descriptor)
            self._descriptor = None


class GzipArchive(Archive):
    """A gzip file of any number of members. A file of 0 bytes is valid and empty.

    A damaged or truncated file delivers its whole lines up to the damage. A line that breaks off there counts as one
    ``invalid_gzip``. Chunks hold ``read_bytes`` of lines, as far as there are so many.
    """

    def __init__(
        self,
        input: str,
        path: str,
        identity: Identity,
        counters: FileCounters,
        *,
        skip_lines: int = 0,
        framing: Framing | FramingBy = NEWLINE,
        line_bytes: int = LINE_BYTES,
        read_bytes: int = READ_BYTES,
    ) -> None:
        super().__init__(input, path, identity, counters, skip_lines=skip_lines)
        self._read_bytes = read_bytes
        self._records = Assembler(line_bytes, framing)
        self._decompressor = GzipDecompressor()
        self._head: bytes | None = None

    def _read(self, descriptor: int) -> Chunk | None:
        found: list[bytes] = []
        size = 0
        while not self.ended and size < self._read_bytes:
            lines = self._without_skipped(self._next_lines(descriptor, self._read_bytes - size))
            size += len(lines)
            found.append(lines)
        lines, errors = b"".join(found), self._records.take_errors()
        if not lines and not errors:
            return None
        starts_stream = self._starts_stream and bool(lines)
        self._starts_stream = self._starts_stream and not lines
        head = self._records.take_head() if lines else None
        if lines and self._head is not None:
            head, self._head = self._head, None
        return Chunk(self._input, self.stream, lines, starts_stream, errors, head=head)

    def _without_skipped(self, lines: bytes) -> bytes:
        before = self.lines
        self.lines += lines.count(b"\n")
        skipped = min(self._skip_lines, self.lines) - before
        if skipped <= 0:
            return lines
        if self._starts_stream and (text := lines.lstrip()):
            self._starts_stream, self._head = False, text.partition(b"\n")[0]
        cut = 0
        for _ in range(skipped):
            cut = lines.index(b"\n", cut) + 1
        return lines[cut:]

    def _next_lines(self, descriptor: int, max_bytes: int) -> bytes:
        """More lines of the open file, perhaps none; about ``max_bytes`` at most."""
        try:
            lines = self._records.feed(self._text(descriptor, max_bytes))
            if self._records.problem:
                self._end_with_damage(f"{self.stream}: {self._records.problem}")
            return lines + self._records.finish() if self.ended else lines
        except (zlib.error, EOFError) as error:
            lost = self._records.breaks_off or not is_only_unproven(error)
            problem = f"{self.stream} is no whole gzip file ({error}): read up to the damage only"
            self._end_with_damage(problem, "invalid_gzip" if lost else "")
            return b""

    def _text(self, descriptor: int, max_bytes: int) -> bytes:
        """More of the decompressed text; nothing at its end."""
        text = self._decompressor.decompress(b"", max_bytes)
        if not text:
            compressed = os.pread(descriptor, _COMPRESSED_BYTES, self._offset)
            if not compressed:
                if self._offset and not self._decompressor.complete:
                    raise EOFError("it ends too early")
                self.ended = True
                return b""
            self._advance(len(compressed))
            text = self._decompressor.decompress(compressed, max_bytes)
        return text


class WholeFile(Archive):
    """A file that its framing reads in parts, such as Parquet."""

    def __init__(
        self,
        input: str,
        path: str,
        identity: Identity,
        counters: FileCounters,
        *,
        framing: Framing,
        parts: FileParts,
        skip_lines: int = 0,
    ) -> None:
        super().__init__(input, path, identity, counters, skip_lines=skip_lines)
        self._format = framing.format
        self._make_parts = parts
        self._parts: Iterator[FilePart] | None = None
        self._size = 0

    def _read(self, descriptor: int) -> Chunk | None:
        if self.ended:
            return None
        if self._parts is None:
            self.lines = max(self._skip_lines, self.lines)
            self._size = os.fstat(descriptor).st_size
            self._parts = self._make_parts(os.fdopen(descriptor, "rb", closefd=False), self.lines)
        try:
            part = next(self._parts, None)
        except DamagedFile as error:
            self._end_with_damage(f"{self.stream}: {error}", error.reason)
            return None
        self.ended = part is None
        self._advance(max(0, int(self._size * (part.share if part else 1.0)) - self._offset))
        if part is None:
            return None
        self.lines += part.rows
        starts_stream, self._starts_stream = self._starts_stream, False
        return Chunk(self._input, self.stream, part.data, starts_stream, format=self._format, rows=part.rows)

    def close(self) -> None:
        self._parts = None
        super().close()


class ArchivesRead:
    """Remembers which archives were read, so that none is read twice, and which may still be written to."""

    def __init__(self, settle_seconds: float) -> None:
        self._settle_seconds = settle_seconds
        self._read: dict[Identity, tuple[int, int]] = {}
        self._unsettled: dict[Identity, tuple[tuple[int, int], float]] = {}

    def __bool__(self) -> bool:
        return bool(self._read)

    def items(self) -> list[tuple[Identity, tuple[int, int]]]:
        """The archives read: identity, and the size and modification time (nanoseconds) at that time."""
        return [*self._read.items()]

    def restore(self, read: Mapping[Identity, tuple[int, int]]) -> None:
        """Remember archives that an earlier process has read."""
        self._read.update(read)

    def may_read(self, identity: Identity, status: os.stat_result, now: float, *, at_once: bool) -> bool:
        """Whether to read an archive now: it was not read before, and is unchanged for long enough (or ``at_once``)."""
        shape = (status.st_size, status.st_mtime_ns)
        if self._read.get(identity) == shape:
            return False
        seen_shape, since = self._unsettled.get(identity, (None, now))
        if seen_shape != shape:
            since = now
        self._unsettled[identity] = (shape, since)
        return at_once or now - since >= self._settle_seconds

    def add(self, identity: Identity, status: os.stat_result) -> None:
        """Note that an archive was read; ``status`` is the one with which it was found."""
        self._read[identity] = (status.st_size, status.st_mtime_ns)

    def keep_only(self, identities: Collection[Identity]) -> None:
        """Forget the archives that are gone."""
        self._read = {identity: shape for identity, shape in self._read.items() if identity in identities}
        self._unsettled = {identity: seen for identity, seen in self._unsettled.items() if identity in identities}
