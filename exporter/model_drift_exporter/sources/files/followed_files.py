"""Keeps the files of one input that are being read: finds, opens, resumes and closes them."""

from __future__ import annotations

import os
from collections import deque
from functools import partial
from pathlib import Path
from typing import Any

import attrs

from ...records.framing import Framing, FramingOf
from ..compression import GZIP_MAGIC
from .archive import Archive, ArchivesRead, GzipArchive, WholeFile
from .checkpoint import Resumptions, checkpoint_in, checkpoint_of, standing
from .copies import Copies, Resumption
from .discovery import FoundFile, find_file, find_files, is_archive, is_pattern
from .position import Identity, Position, identity_of
from .problems import Problems
from .tail import FileCounters, FileTail

__all__ = ["FileOptions", "FollowedFile", "FollowedFiles"]

_BEGINNING_BYTES = 8


@attrs.frozen
class FileOptions:
    """How files are read, as described in ``FileSource``."""

    once: bool
    at_end: bool
    framing: FramingOf
    line_bytes: int
    read_bytes: int
    scan_seconds: float
    grace_seconds: float
    max_open: int


@attrs.define(eq=False)
class FollowedFile:
    """A file being read, and its status when last found. ``closes_at`` applies only once the file has lost its name."""

    reader: FileTail | Archive
    status: os.stat_result
    resumed: bool = False
    opened: bool = False
    closes_at: float = 0.0


class FollowedFiles:
    """The files being read, and the positions of files that were read before. ``queue`` has the order of turns.

    ``rotations`` counts the files found under a name that belonged to another file before.
    """

    def __init__(self, input: str, pattern: str, options: FileOptions) -> None:
        self.many = is_pattern(pattern)
        self.counters = FileCounters()
        self.problems = Problems(input)
        self.archives_read = ArchivesRead(options.grace_seconds)
        self.queue: deque[FollowedFile] = deque()
        self.rotations = 0
        self.scanned_at: float | None = None
        self._input = input
        self._pattern = pattern
        self._options = options
        self._followed: dict[Identity, FollowedFile] = {}
        self._open: dict[Identity, FollowedFile] = {}
        self._closed = Resumptions()
        self._copies = Copies()
        self._paths: set[str] = set()
        self._truncations_seen = 0
        self._resumed = False

    def __contains__(self, followed: FollowedFile) -> bool:
        return followed.reader.identity in self._followed

    def is_due(self, now: float, extra_seconds: float = 0.0) -> bool:
        """Whether it is time to scan for files again; a clock that was set back is a reason as well."""
        interval = self._options.scan_seconds + extra_seconds if self.many else extra_seconds
        return self.scanned_at is None or not 0.0 <= now - self.scanned_at < interval

    def has_changes(self) -> bool:
        """Whether a file was truncated or lost its name since the last scan."""
        if self.counters.truncations != self._truncations_seen:
            return True
        return any(_has_moved(followed.reader) for followed in self._open.values())

    def scan(self, now: float) -> None:
        """Scan for files. New files join the queue; files that lost their name are marked."""
        first = self.scanned_at is None
        self.scanned_at = now
        self._truncations_seen = self.counters.truncations
        found = self._find()
        if first and self._resumed:
            found = self._closed.find(self._pattern, found, many=self.many)
        by_identity = {file.identity: file for file in found}
        for followed in self.queue:
            match = by_identity.get(followed.reader.identity)
            if match is not None:
                if followed.reader.path is None:
                    self.problems.clear(match.path)
                followed.reader.path = match.path
                followed.status = match.status
                if isinstance(followed.reader, FileTail):
                    followed.reader.wake(match.status)
            elif followed.reader.path is not None:
                followed.reader.path = None
                followed.closes_at = now + self._options.grace_seconds
        for file in found:
            if file.identity not in self._followed:
                self._adopt(file, now, first=first)
        if self.many:
            paths = {file.path for file in found}
            self.problems.keep_only(paths | {self._pattern})
            self._paths &= paths | {followed.reader.stream for followed in self.queue}
        self.archives_read.keep_only(by_identity)
        self._copies.keep_only(by_identity)

    def checkpoint(self) -> dict[str, Any]:
        """The reading position of each file: of files being read, and of closed files that may be found again."""
        reading = [each for followed in self.queue if (each := standing(followed.reader)) is not None]
        found = {**self._closed, **{each.position.identity: each for each in reading}}
        return checkpoint_of(found.values(), self.archives_read, self._copies.passed_over)

    def resume(self, state: Any) -> None:
        """Continue from a checkpoint of an earlier process. Raises :class:`StateError` if ``state`` is not one."""
        checkpoint = checkpoint_in(state)
        self._closed = checkpoint.files
        self.archives_read.restore(checkpoint.archives)
        self._copies.pass_over(checkpoint.copies)
        self._resumed = True

    def note_opened(self, followed: FollowedFile) -> None:
        """Note that a file was opened."""
        path = followed.reader.path
        if path is not None:
            if not followed.opened and not followed.resumed and path in self._paths:
                self.rotations += 1
            self._paths.add(path)
            self.problems.clear(path)
        followed.opened = True
        self._open[followed.reader.identity] = followed

    def make_room(self) -> None:
        """Close the file that has been quiet the longest, if ``max_open`` files are open."""
        if len(self._open) < self._options.max_open:
            return
        for identity, followed in self._open.items():
            file = followed.reader
            if isinstance(file, FileTail) and file.path is not None:
                file.park()
                del self._open[identity]
                return

    def note_read(self, followed: FollowedFile, now: float) -> None:
        """Note that a file had new lines at ``now``."""
        followed.closes_at = now + self._options.grace_seconds
        identity = followed.reader.identity
        if identity in self._open:
            self._open[identity] = self._open.pop(identity)

    def awaits_successor(self, file: FileTail) -> bool:
        """Whether a file that was renamed away may still be written to, because no other file has its old name."""
        return not self.many and all(other.reader.path is None for other in self.queue) and not file.deleted()

    def remove(self, followed: FollowedFile) -> None:
        """Close a file. Its position is remembered, so that reading continues there if the file is found again."""
        file = followed.reader
        if isinstance(file, FileTail) and followed.opened and not file.deleted():
            self._closed.remember(Resumption(file.position, file.stream))
        file.close()
        self._open.pop(file.identity, None)
        del self._followed[file.identity]
        self.queue.remove(followed)

    def close(self) -> None:
        """Close all files."""
        for followed in self.queue:
            followed.reader.close()
        self.queue.clear()
        self._followed.clear()
        self._open.clear()

    def report(self, path: str, error: OSError) -> None:
        """Note why a path cannot be read."""
        if isinstance(error, FileNotFoundError) and not self._options.once:
            self.problems.report(path, f"{path} does not exist; it is read as soon as it appears", counted=False)
        else:
            reason = (error.strerror or str(error)).lower()
            self.problems.report(path, f"cannot read {path}: {reason}", counted=True)

    def _find(self) -> list[FoundFile]:
        if not self.many:
            try:
                return [find_file(self._pattern)]
            except OSError as error:
                self.report(self._pattern, error)
                return []
        found, left_out = find_files(self._pattern)
        if found:
            self.problems.clear(self._pattern)
        else:
            hint = f"; {left_out} archives are left out, write a pattern ending in .gz to read them" if left_out else ""
            self.problems.report(self._pattern, f"no file matches {self._pattern}{hint}", counted=self._options.once)
        return found

    def _adopt(self, found: FoundFile, now: float, *, first: bool) -> None:
        resumption: Resumption | None = None
        beginning = _beginning(found.path)
        is_gzip = is_archive(found.path) or beginning.startswith(GZIP_MAGIC)
        framing = self._options.framing(found.path, b"" if is_gzip else beginning)
        if is_gzip or framing.parts is not None:
            if not self.archives_read.may_read(found.identity, found.status, now, at_once=first):
                return
            resumption = self._closed.get(found.identity)
        elif not first or self._closed:
            known = self._recognise(found)
            if known is True:
                return
            resumption = known or None
        if resumption is not None:
            self._closed.forget(resumption)
        if is_gzip or framing.parts is not None:
            reader: FileTail | Archive = self._archive(found, resumption, framing, is_gzip=is_gzip)
        else:
            at_end = first and self._options.at_end and not self._resumed
            reader = self._tail(found, resumption, framing, at_end=at_end)
        followed = FollowedFile(reader, found.status, resumed=resumption is not None)
        self._followed[found.identity] = followed
        self.queue.append(followed)

    def _archive(
        self, found: FoundFile, resumption: Resumption | None, framing: Framing, *, is_gzip: bool
    ) -> GzipArchive | WholeFile:
        options = self._options
        skip_lines = resumption.lines if resumption else 0
        if framing.parts is not None and not is_gzip:
            return WholeFile(
                *(self._input, found.path, found.identity, self.counters),
                framing=framing,
                parts=framing.parts,
                skip_lines=skip_lines,
            )
        return GzipArchive(
            *(self._input, found.path, found.identity, self.counters),
            skip_lines=skip_lines,
            framing=partial(options.framing, found.path),
            line_bytes=options.line_bytes,
            read_bytes=options.read_bytes,
        )

    def _tail(self, found: FoundFile, resumption: Resumption | None, framing: Framing, *, at_end: bool) -> FileTail:
        options = self._options
        position = resumption.position if resumption else Position(found.identity)
        return FileTail(
            self._input,
            found.path,
            position,
            self.counters,
            stream=resumption.stream if resumption else None,
            at_end=at_end,
            framing=framing,
            line_bytes=options.line_bytes,
            read_bytes=options.read_bytes,
        )

    def _recognise(self, found: FoundFile) -> Resumption | bool:
        """Return the same values as ``Copies.recognise``."""
        if not self.many and found.identity not in self._closed:
            return False
        if self.many and found.status.st_size == 0 and found.path not in self._paths:
            return True  # it may be a copy that is still empty; there is nothing to read yet
        readers = [followed.reader for followed in self.queue] if self.many else []
        tails = [reader for reader in readers if isinstance(reader, FileTail)]
        try:
            return self._copies.recognise(found, tails, self._closed)
        except OSError:
            return False  # reading the file fails too, and reports it


def _beginning(path: str) -> bytes:
    """The first bytes of a file; none if it cannot be read."""
    try:
        with Path(path).open("rb", buffering=0) as file:
            return file.read(_BEGINNING_BYTES)
    except OSError:
        return b""


def _has_moved(file: FileTail | Archive) -> bool:
    if file.path is None or isinstance(file, Archive):
        return False
    try:
        return identity_of(os.stat(file.path)) != file.identity  # noqa: PTH116 - on the reading path
    except OSError:
        return True
