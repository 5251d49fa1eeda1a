"""The identity of a file, and a position in it."""

from __future__ import annotations

import os

import attrs

__all__ = ["REMEMBERED_BYTES", "Identity", "Position", "identity_of"]

REMEMBERED_BYTES = 1 << 10

Identity = tuple[int, int]


def identity_of(status: os.stat_result) -> Identity:
    """Return device and inode, which identify a file as long as it exists."""
    return status.st_dev, status.st_ino


@attrs.frozen
class Position:
    """The start of a line in a file. ``before`` holds the bytes (1 KiB at most) just before ``offset``."""

    identity: Identity
    offset: int = 0
    before: bytes = attrs.field(default=b"", repr=False)

    def is_in(self, descriptor: int) -> bool:
        """Whether an open file has the same bytes before the offset; an inode alone may have been reused."""
        length = len(self.before)
        return length > 0 and os.pread(descriptor, length, self.offset - length) == self.before
