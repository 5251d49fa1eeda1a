"""Where the files of an input were read to, as plain values that outlive the process."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import attrs
import msgspec

from ...errors import StateError
from .archive import ArchivesRead, GzipArchive
from .copies import Resumption
from .discovery import FoundFile, find_renamed
from .position import Identity, Position
from .tail import FileTail

__all__ = ["MAX_CLOSED", "Checkpoint", "Resumptions", "checkpoint_in", "checkpoint_of", "standing"]

MAX_CLOSED = 64


class _FilePosition(msgspec.Struct):
    device: int
    inode: int
    offset: int
    before: bytes
    stream: str
    lines: int


class _Archive(msgspec.Struct):
    device: int
    inode: int
    size: int
    modified: int


class _Checkpoint(msgspec.Struct):
    files: list[_FilePosition]
    archives: list[_Archive]
    copies: list[Identity]


def checkpoint_of(
    resumptions: Iterable[Resumption], archives: ArchivesRead, copies: Iterable[Identity]
) -> dict[str, Any]:
    """The checkpoint of files being read, with the archives that were, and the copies that are passed over."""
    files = [
        _FilePosition(*each.position.identity, each.position.offset, each.position.before, each.stream, each.lines)
        for each in resumptions
    ]
    read = [_Archive(*identity, *shape) for identity, shape in archives.items()]
    return {
        "files": [msgspec.structs.asdict(file) for file in files],
        "archives": [msgspec.structs.asdict(archive) for archive in read],
        "copies": [[*identity] for identity in sorted(copies)],
    }


@attrs.frozen
class Checkpoint:
    """Files to go on with and archives read (size and modification time), by identity, and copies to pass over."""

    files: Resumptions
    archives: dict[Identity, tuple[int, int]]
    copies: list[Identity]


def checkpoint_in(state: Any) -> Checkpoint:
    """The checkpoint in a state. Raises :class:`StateError` for anything else."""
    try:
        checkpoint = msgspec.convert(state, _Checkpoint)
    except msgspec.ValidationError as error:
        raise StateError(f"a checkpoint of files that does not fit: {error}") from error
    files = Resumptions()
    for file in checkpoint.files:
        identity = (file.device, file.inode)
        files[identity] = Resumption(Position(identity, file.offset, file.before), file.stream, file.lines)
    archives = {(each.device, each.inode): (each.size, each.modified) for each in checkpoint.archives}
    return Checkpoint(files, archives, checkpoint.copies)


class Resumptions(dict[Identity, Resumption]):
    """Files that were let go and may be found again, by identity; beyond 64 the oldest are forgotten."""

    def remember(self, resumption: Resumption) -> None:
        """Add one."""
        self[resumption.position.identity] = resumption
        while len(self) > MAX_CLOSED:
            del self[next(iter(self))]

    def forget(self, resumption: Resumption) -> None:
        """Take one out, under whatever identity: it is being read on, and its place changes."""
        place = (resumption.position.offset, resumption.position.before, resumption.lines)
        for identity, other in [*self.items()]:
            if (other.position.offset, other.position.before, other.lines) == place:
                del self[identity]

    def find(self, pattern: str, found: list[FoundFile], *, many: bool) -> list[FoundFile]:
        """At a restart: the files found, behind those of a single path that were renamed within their folder meanwhile.

        The device of a volume that was mounted again may have another number; then the inode counts. The bytes in front of
        the position are compared when a file is opened, so another file with the same inode is harmless.
        """
        by_inode = {identity[1]: resumption for identity, resumption in self.items()}
        for file in found:
            resumption = by_inode.get(file.identity[1])
            if file.identity not in self and resumption is not None:
                position = attrs.evolve(resumption.position, identity=file.identity)
                self[file.identity] = attrs.evolve(resumption, position=position)
        left = [] if many else find_renamed(pattern, self.keys() - {file.identity for file in found})
        return [*left, *found]


def standing(reader: FileTail | GzipArchive) -> Resumption | None:
    """Where a file is being read; ``None`` at its beginning."""
    if isinstance(reader, FileTail):
        return Resumption(reader.position, reader.stream) if reader.position.offset else None
    return Resumption(Position(reader.identity), reader.stream, reader.lines) if reader.lines else None
