"""Finds the files that a path or a pattern names now."""

from __future__ import annotations

import errno
import glob
import os
import stat
from collections.abc import Collection

import attrs

from .position import Identity, identity_of

__all__ = ["FoundFile", "find_file", "find_files", "find_renamed", "is_archive", "is_pattern"]


@attrs.frozen
class FoundFile:
    """A regular file, and its status when it was found."""

    path: str
    status: os.stat_result

    @property
    def identity(self) -> Identity:
        return identity_of(self.status)


def is_archive(path: str) -> bool:
    """Whether a name says that the file is compressed."""
    return path.endswith(".gz")


def is_pattern(path: str) -> bool:
    """Whether a path is a pattern (``*``, ``?``, ``[``, ``**``), and no file has exactly that name."""
    return glob.has_magic(path) and not os.path.lexists(path)


def find_file(path: str) -> FoundFile:
    """Find the file at a path. Raises ``OSError`` if there is none, or if it is not a regular file."""
    status = os.stat(path)  # noqa: PTH116 - a few times a second, by name, as everything here
    if stat.S_ISDIR(status.st_mode):
        raise IsADirectoryError(errno.EISDIR, "it is a directory; write a pattern such as directory/*.jsonl", path)
    if not stat.S_ISREG(status.st_mode):
        raise OSError(errno.EINVAL, "it is no regular file; pipe it into standard input instead", path)
    return FoundFile(path, status)


def find_files(pattern: str) -> tuple[list[FoundFile], int]:
    """Return the regular files a pattern matches, the oldest modification first, and how many archives were left out.

    Compressed files are left out unless the pattern ends in ``.gz``, since most are copies of logs that were followed.
    Directories, FIFOs and dangling links are skipped. A file with two names is returned once.
    """
    archives = is_archive(pattern)
    left_out = 0
    found: dict[Identity, FoundFile] = {}
    for path in sorted(glob.iglob(pattern, recursive=True)):  # noqa: PTH207 - strings, and a pattern may be absolute
        if is_archive(path) and not archives:
            left_out += 1
            continue
        try:
            file = find_file(path)
        except OSError:
            continue
        found.setdefault(file.identity, file)
    return sorted(found.values(), key=lambda file: (file.status.st_mtime_ns, file.path)), left_out


def find_renamed(path: str, identities: Collection[Identity]) -> list[FoundFile]:
    """Files with one of these identities in the folder of ``path``, whatever their names are now; the oldest first."""
    if not identities:
        return []
    found = []
    try:
        with os.scandir(os.path.dirname(path) or ".") as entries:  # noqa: PTH120 - paths are strings here
            numbers = {inode for _, inode in identities}
            names = [entry.path for entry in entries if entry.inode() in numbers]
    except OSError:
        return []
    for name in names:
        try:
            file = find_file(name)
        except OSError:
            continue
        if file.identity in identities:
            found.append(file)
    return sorted(found, key=lambda file: (file.status.st_mtime_ns, file.path))
