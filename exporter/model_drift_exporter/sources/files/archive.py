"""A gzip file, read once to its end."""

from __future__ import annotations

import os
import zlib
from collections.abc import Collection, Mapping

from ...records.chunk import Chunk
from ..compression import GzipDecompressor, is_only_unproven
from ..lines import LineAssembler
from .position import Identity
from .tail import LINE_BYTES, READ_BYTES, FileCounters

__all__ = ["ArchivesRead", "GzipArchive"]

_COMPRESSED_BYTES = 16 << 10  # damage costs the lines of at most this many compressed bytes


class GzipArchive:
    """Reads one gzip file, of any number of members, in bounded pieces. ``ended`` is true at its end or at damage.

    A damaged or truncated file delivers its whole lines up to the damage, and ``problem`` describes it. A line that breaks
    off there counts as one ``invalid_gzip``. A file of 0 bytes is valid and empty. Counters count compressed bytes.
    ``lines`` is the number of lines read so far. The first ``skip_lines`` lines were read by an earlier process and are
    not delivered.
    """

    def __init__(
        self,
        input: str,
        path: str,
        identity: Identity,
        counters: FileCounters,
        *,
        skip_lines: int = 0,
        line_bytes: int = LINE_BYTES,
        read_bytes: int = READ_BYTES,
    ) -> None:
        self.path: str | None = path
        self.identity = identity
        self.stream = path
        self.problem = ""
        self.ended = False
        self.at_end = False
        self._input = input
        self._counters = counters
        self._read_bytes = read_bytes
        self._lines = LineAssembler(line_bytes)
        self._decompressor = GzipDecompressor()
        self._descriptor: int | None = None
        self._offset = 0
        self._starts_stream = True
        self.lines = 0
        self._skip_lines = skip_lines
        self._head: bytes | None = None

    @property
    def is_open(self) -> bool:
        return self._descriptor is not None

    @property
    def will_open(self) -> bool:
        """Whether the next ``read`` opens the file."""
        return self._descriptor is None and self.path is not None and not self.ended

    def read(self) -> Chunk | None:
        """Return the next whole lines, or ``None`` at the end.

        Raises ``OSError`` if the file cannot be opened or read.
        """
        if self._descriptor is None:
            if self.ended or self.path is None:
                self.ended = self.at_end = True
                return None
            self._descriptor = os.open(self.path, os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC)
        pieces: list[bytes] = []
        errors: dict[str, int] = {}
        # A piece as large as one of a file that is not compressed, since each piece is decoded by itself.
        while not self.ended and (room := self._read_bytes - sum(map(len, pieces))) > 0 and not errors:
            try:
                pieces.append(self._without_skipped(self._next_lines(self._descriptor, room)))
                errors = self._lines.take_too_long()
            except (zlib.error, EOFError) as error:
                self.ended = True
                self.problem = f"{self.stream} is no whole gzip file ({error}): read up to the damage only"
                errors = self._lines.take_too_long()
                if self._lines.breaks_off or not is_only_unproven(error):
                    errors["invalid_gzip"] = 1
        self.at_end = self.ended
        lines = b"".join(pieces)
        if not lines and not errors:
            return None
        starts_stream = self._starts_stream and bool(lines)
        self._starts_stream = self._starts_stream and not lines
        head = self._lines.take_head() if lines else None
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

    def flush(self) -> Chunk | None:
        """Return ``None``: ``read`` returns the last line at the end of the archive."""
        return None

    def unread_bytes(self, size: int) -> int:
        """Compressed bytes not read yet; ``size`` is the size of the file."""
        return 0 if self.ended else max(0, size - self._offset)

    def close(self) -> None:
        if self._descriptor is not None:
            os.close(self._descriptor)
            self._descriptor = None

    def _next_lines(self, descriptor: int, most: int) -> bytes:
        text = self._decompressor.decompress(b"", most)
        if not text:
            compressed = os.pread(descriptor, _COMPRESSED_BYTES, self._offset)
            if not compressed:
                if self._offset and not self._decompressor.complete:
                    raise EOFError("it ends too early")
                self.ended = True
                return self._lines.finish()
            self._offset += len(compressed)
            self._counters.bytes_read += len(compressed)
            text = self._decompressor.decompress(compressed, most)
        return self._lines.feed(text)


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
