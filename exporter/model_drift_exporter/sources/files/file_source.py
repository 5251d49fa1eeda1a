"""Log files as a source: one path or a pattern. Files are followed through rotation, or read once to their end."""

from __future__ import annotations

from typing import Any

from ...records.chunk import Chunk
from ...records.framing import FramingOf, always_newline
from ..source import Opening, Source, SourceSpec, SourceStatus
from .archive import Archive
from .followed_files import FileOptions, FollowedFile, FollowedFiles
from .tail import LINE_BYTES, READ_BYTES, FileTail

__all__ = ["FILES", "FileSource"]

OVERDUE_SECONDS = 60.0  # a pattern is scanned again after this time even if reading never pauses


class FileSource(Source):
    """Reads the file, or the files, that ``pattern`` names.

    A file is known by its device and inode, not by its name. So a renamed file that the pattern still matches is not read
    twice. A file that was renamed away is read to its end, and for ``grace_seconds`` after its last line. Exception: the
    file of a single path is read until another file takes the path. Files are read in order of modification; a turn ends
    at the size that the file had when it began. A missing path is waited for. A pattern is scanned every ``scan_seconds``.

    A file is an archive if its name ends in ``.gz``, it begins like gzip, or its framing is one of whole files, such as
    Parquet. An archive is read once, to its end. If it appears after the first poll, it is read only after
    ``grace_seconds`` without change. A pattern leaves out names in ``.gz`` unless it ends in ``.gz`` itself, since most are
    compressed copies of rotated logs.

    ``start="end"`` skips what exists at the first poll. ``once=True`` reads what exists to its end and finishes. Files
    that cannot be read appear in ``problem`` and ``open_errors`` of the status; all others are read. At most ``max_open``
    files are open at a time; the quietest files are closed, and opened again when they change.

    These are lost: lines written between the last poll and a truncation (unless the pattern matches the copy that was
    made), an unfinished line at a truncation, and files that appear and disappear between two polls.

    Not thread-safe: ``poll``, ``status`` and ``close`` belong to one thread.
    """

    patient = True

    def __init__(
        self,
        input: str,
        pattern: str,
        format: str = "auto",
        *,
        once: bool = False,
        start: str = "beginning",
        framing: FramingOf = always_newline,
        line_bytes: int = LINE_BYTES,
        read_bytes: int = READ_BYTES,
        scan_seconds: float = 5.0,
        grace_seconds: float = 5.0,
        max_open: int = 128,
    ) -> None:
        if start not in ("beginning", "end"):
            raise ValueError(f'start is "beginning" or "end", not "{start}"')
        self.input = input
        self.format = format
        self._once = once
        self._files = FollowedFiles(
            input,
            pattern,
            FileOptions(once, start == "end", framing, line_bytes, read_bytes, scan_seconds, grace_seconds, max_open),
        )
        self._turn_bytes = 0
        self._caught_up: float | None = None
        self._files_read = 0

    @property
    def finished(self) -> bool:
        """Whether everything is read and no more can come; only possible with ``once``, or for a single archive."""
        if self._files.scanned_at is None or self._files.queue:
            return False
        return self._once or (bool(self._files.archives_read) and not self._files.many)

    def poll(self, now: float, *, draining: bool = False) -> Chunk | None:
        """Return the next lines of one file. Errors of opening and reading appear in the status and are never raised."""
        files = self._files
        if self.finished:
            return None
        if files.scanned_at is None or (not self._once and files.is_due(now, OVERDUE_SECONDS)):
            files.scan(now)
        if self._caught_up is None:
            self._caught_up = now
        chunk = self._read_next(now)
        if chunk is None and not self._once and (files.is_due(now) or files.has_changes()):
            files.scan(now)
            chunk = self._read_next(now)
        if chunk is None:
            chunk = self._finish_ended(now, draining=draining)
        if chunk is None and all(followed.reader.at_end for followed in files.queue):
            self._caught_up = now
        return chunk

    def status(self, now: float) -> SourceStatus:
        """Counters and lag. ``files`` counts the files followed now, and the files that were read to their end for good."""
        files = self._files
        lag_bytes = sum(followed.reader.unread_bytes(followed.status.st_size) for followed in files.queue)
        count = len(files.queue) + self._files_read
        return SourceStatus(
            input=self.input,
            up=count > 0 or not files.problems,
            problem=str(files.problems),
            bytes_read=files.counters.bytes_read,
            lag_bytes=lag_bytes,
            lag_seconds=max(0.0, now - self._caught_up) if lag_bytes and self._caught_up is not None else 0.0,
            rotations=files.rotations,
            truncations=files.counters.truncations,
            open_errors=files.problems.count,
            files=count,
        )

    def checkpoint(self) -> dict[str, Any]:
        """The reading position of each file, and the archives that were read."""
        return self._files.checkpoint()

    def resume(self, state: Any) -> None:
        """Continue from a checkpoint. Lines written meanwhile are read, even if the file was renamed within its folder.

        Raises :class:`StateError` if ``state`` is not a checkpoint of files.
        """
        self._files.resume(state)

    def close(self) -> None:
        self._files.close()

    def _read_next(self, now: float) -> Chunk | None:
        files = self._files
        for _ in range(len(files.queue)):
            if not files.queue:
                break
            followed = files.queue[0]
            reader = followed.reader
            if self._turn_bytes <= 0:
                self._turn_bytes = max(1, reader.unread_bytes(followed.status.st_size))
            before = files.counters.bytes_read
            chunk = self._read(followed, now)
            self._turn_bytes -= files.counters.bytes_read - before
            if chunk is None or self._turn_bytes <= 0:
                self._turn_bytes = 0
                if followed not in files:
                    continue
                if chunk is None and reader.at_end and (self._once or reader.ended):
                    chunk = self._end(followed)
                else:
                    files.queue.rotate(-1)
            if chunk is not None:
                return chunk
        return None

    def _end(self, followed: FollowedFile) -> Chunk | None:
        reader = followed.reader
        self._files_read += 1
        if isinstance(reader, Archive):
            self._files.archives_read.add(reader.identity, followed.status)
        chunk = reader.flush()
        self._files.remove(followed)
        return chunk

    def _read(self, followed: FollowedFile, now: float) -> Chunk | None:
        files = self._files
        reader = followed.reader
        was_open = reader.is_open
        try:
            if reader.will_open:
                files.make_room()
            chunk = reader.read()
        except OSError as error:
            reader.close()
            files.report(reader.path or reader.stream, error)
            if self._once or not followed.opened:
                files.remove(followed)
            return None
        if reader.is_open and not was_open:
            files.note_opened(followed)
        if isinstance(reader, Archive) and reader.problem:
            files.problems.report(reader.stream, reader.problem, counted=False, lost=True)
        if chunk is not None:
            files.note_read(followed, now)
        return chunk

    def _finish_ended(self, now: float, *, draining: bool) -> Chunk | None:
        files = self._files
        for followed in list(files.queue):
            tail = followed.reader
            if not isinstance(tail, FileTail) or not tail.at_end:
                continue
            chunk = None
            if tail.path is None and (draining or (now >= followed.closes_at and not files.awaits_successor(tail))):
                chunk = tail.flush()
                files.remove(followed)
            elif draining:
                chunk = tail.flush(for_good=False)
            if chunk is not None:
                return chunk
        return None


def _open(opening: Opening) -> Source:
    return FileSource(
        opening.input,
        opening.path,
        opening.format,
        once=opening.once,
        start=opening.start,
        framing=opening.framing,
        line_bytes=opening.line_bytes,
    )


FILES = SourceSpec("file", _open)
