"""Recognises new files with known content: the copy of a log before its truncation, or a file that was read before."""

from __future__ import annotations

import os
from collections.abc import Collection, Iterable, Mapping

import attrs

from .discovery import FoundFile
from .position import REMEMBERED_BYTES, Identity, Position, identity_of
from .tail import FileTail

__all__ = ["Copies", "Resumption"]


@attrs.frozen
class Resumption:
    """The position where reading a file continues, and its stream. An archive continues after ``lines`` lines."""

    position: Position
    stream: str
    lines: int = 0


class Copies:
    """Recognises the copies that logrotate's ``copytruncate`` leaves under names that the same pattern matches.

    A copy, even an unfinished one, is skipped until its original is truncated. Then the copy is read from the position
    reached in the original, so that no line between the last read and the truncation is lost. A copy has the original's
    name with something added (``log`` and ``log.1``, ``log.csv`` and ``log-2.csv``), and the same 1 KiB at the same
    place. Two logs that only hold the same lines are both read.
    """

    def __init__(self) -> None:
        self._originals: dict[Identity, tuple[FileTail, Position | None]] = {}
        self._passed_over: set[Identity] = set()

    def recognise(
        self, file: FoundFile, tails: Iterable[FileTail], closed: Mapping[Identity, Resumption]
    ) -> Resumption | bool:
        """Return where to continue a known file, ``True`` to skip the file for now, or ``False`` if it is new.

        Raises ``OSError`` if the file cannot be opened.
        """
        descriptor = os.open(file.path, os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC)
        try:
            return self._compare(file.path, descriptor, os.fstat(descriptor), list(tails), closed)
        finally:
            os.close(descriptor)

    @property
    def passed_over(self) -> set[Identity]:
        """Identities of the copies that are skipped."""
        return self._passed_over | self._originals.keys()

    def pass_over(self, identities: Iterable[Identity]) -> None:
        """Skip the copies that an earlier process has recognised."""
        self._passed_over |= set(identities)

    def keep_only(self, identities: Collection[Identity]) -> None:
        """Forget the copies that are gone."""
        self._passed_over &= set(identities)
        self._originals = {key: value for key, value in self._originals.items() if key in identities}

    def _compare(
        self,
        path: str,
        descriptor: int,
        status: os.stat_result,
        tails: list[FileTail],
        closed: Mapping[Identity, Resumption],
    ) -> Resumption | bool:
        identity = identity_of(status)
        before = closed.get(identity)
        if before is not None and before.position.is_in(descriptor):
            return before
        if identity in self._passed_over:
            return True
        resumption = _copied_from(path, identity, descriptor, closed.values())
        return resumption or self._compare_with_tails(path, descriptor, status, tails)

    def _compare_with_tails(
        self, path: str, descriptor: int, status: os.stat_result, tails: list[FileTail]
    ) -> Resumption | bool:
        identity = identity_of(status)
        for tail in tails:
            if not any(_is_derived_name(path, name) for name in (tail.stream, tail.path) if name):
                continue
            truncated_at = tail.truncated_at
            if truncated_at is not None and truncated_at.is_in(descriptor):
                return Resumption(attrs.evolve(truncated_at, identity=identity), tail.stream)
            position = tail.position
            follows = len(position.before) == REMEMBERED_BYTES and position.is_in(descriptor)
            if follows or tail.begins_like(descriptor, status.st_size):
                self._originals[identity] = (tail, truncated_at)
                return True
        original = self._originals.get(identity)
        if original is None:
            return False
        tail, truncated_at = original
        if tail not in tails or tail.truncated_at is not truncated_at:
            return True  # the copy is older than the truncation: all of it was read in the original
        del self._originals[identity]
        return False


def _copied_from(path: str, identity: Identity, descriptor: int, closed: Iterable[Resumption]) -> Resumption | None:
    """Where to continue in the copy of a log that was truncated before this process opened it; ``None`` if it is no copy."""
    for left in closed:
        if _is_derived_name(path, left.stream) and left.position.is_in(descriptor):
            return Resumption(attrs.evolve(left.position, identity=identity), left.stream)
    return None


def _is_derived_name(path: str, original: str) -> bool:
    if path == original:
        return False
    stem, ending = os.path.splitext(original)  # noqa: PTH122 - paths are strings here
    return path.startswith(original) or (path.startswith(stem) and path.endswith(ending))
