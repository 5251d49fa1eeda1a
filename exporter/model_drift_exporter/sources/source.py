"""The interface of sources: a source yields chunks of whole lines."""

from __future__ import annotations

from typing import Any, Protocol

import attrs

from ..records.chunk import Chunk

__all__ = ["Source", "SourceStatus"]


@attrs.frozen
class SourceStatus:
    """The status of a source: counters since start, and how far it is behind.

    ``up`` is false while the input cannot be read; ``problem`` then gives the reason as text. ``lag_bytes`` counts the
    bytes that exist but are not read yet. ``lag_seconds`` is the time since the source last had read everything; 0 if it
    has now. ``dropped`` counts records or requests that a full queue refused; ``queue_bytes`` wait in it.
    """

    input: str
    up: bool = True
    problem: str = ""
    bytes_read: int = 0
    lag_bytes: int = 0
    lag_seconds: float = 0.0
    rotations: int = 0
    truncations: int = 0
    open_errors: int = 0
    files: int = 0
    dropped: int = 0
    queue_bytes: int = 0


class Source(Protocol):
    """Where records come from. ``poll`` never blocks; it returns ``None`` if there is nothing new.

    ``now`` is the wall-clock time in seconds since the epoch. ``finished`` is true once no more bytes can come: standard
    input is closed, or an archive is read. ``poll(now, draining=True)`` does not wait for the end of unfinished lines: it
    returns a line without a newline as the last line.
    """

    @property
    def input(self) -> str: ...

    @property
    def format(self) -> str:
        """Name of the format, or ``auto`` to detect it by the file's name, else by the first line."""
        ...

    @property
    def finished(self) -> bool: ...

    @property
    def patient(self) -> bool:
        """Whether lines can wait in the input while older lines of other inputs are read.

        The lines of a file can wait. A pipe or an HTTP request cannot: its writer, perhaps the model, would be blocked.
        """
        ...

    def poll(self, now: float, *, draining: bool = False) -> Chunk | None: ...

    def status(self, now: float) -> SourceStatus: ...

    def checkpoint(self) -> Any:
        """The reading position, as plain values for a snapshot; ``None`` if the source cannot be read again."""
        ...

    def resume(self, state: Any) -> None:
        """Continue from the :meth:`checkpoint` of an earlier process. Call it before the first poll.

        Raises :class:`StateError` if ``state`` is not a checkpoint; reading then starts as if there were none.
        """
        ...

    def close(self) -> None: ...
