"""The reading positions of the files of an input, as plain values for a snapshot."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import attrs
import msgspec

from ...errors import StateError
from .archive import Archive, ArchivesRead
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
    """The checkpoint of the files to continue, the archives that were read, and the copies that are skipped."""
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
    """Files to continue and archives read (size, modification time), both by identity, and copies to skip."""

    files: Resumptions
    archives: dict[Identity, tuple[int, int]]
    copies: list[Identity]


def checkpoint_in(state: Any) -> Checkpoint:
    """Read a checkpoint from plain values. Raises :class:`StateError` if they are not one."""
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
    """Closed files that may be found again, by identity. Only the newest 64 are kept."""

    def remember(self, resumption: Resumption) -> None:
        """Add a file; the oldest one is forgotten if there are too many."""
        self[resumption.position.identity] = resumption
        while len(self) > MAX_CLOSED:
            del self[next(iter(self))]

    def forget(self, resumption: Resumption) -> None:
        """Remove a file, under every identity that it has here: it is read again, so its position changes."""
        place = (resumption.position.offset, resumption.position.before, resumption.lines)
        for identity, other in [*self.items()]:
            if (other.position.offset, other.position.before, other.lines) == place:
                del self[identity]

    def find(self, pattern: str, found: list[FoundFile], *, many: bool) -> list[FoundFile]:
        """Match the remembered files with the files found after a restart.

        Returns ``found``. For a single path (not ``many``), files that were renamed within their folder come first. If a
        volume was mounted again, its device number may differ; then files are matched by inode alone. Another file with the
        same inode does no harm: the bytes before the position are compared when a file is opened.
        """
        by_inode = {identity[1]: resumption for identity, resumption in self.items()}
        for file in found:
            resumption = by_inode.get(file.identity[1])
            if file.identity not in self and resumption is not None:
                position = attrs.evolve(resumption.position, identity=file.identity)
                self[file.identity] = attrs.evolve(resumption, position=position)
        left = [] if many else find_renamed(pattern, self.keys() - {file.identity for file in found})
        return [*left, *found]


def standing(reader: FileTail | Archive) -> Resumption | None:
    """The reading position of a file; ``None`` at its beginning."""
    if isinstance(reader, FileTail):
        return Resumption(reader.position, reader.stream) if reader.position.offset else None
    return Resumption(Position(reader.identity), reader.stream, reader.lines) if reader.lines else None
