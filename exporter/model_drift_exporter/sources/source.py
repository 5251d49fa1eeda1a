"""The seam between where records come from and everything else: a source yields chunks of whole lines."""

from __future__ import annotations

from typing import Any, Protocol

import attrs

from ..records.chunk import Chunk

__all__ = ["Source", "SourceStatus"]


@attrs.frozen
class SourceStatus:
    """What a source says of itself: counters since start, and how far behind it is.

    ``up`` is false while the input cannot be read; ``problem`` then says why, for people. ``lag_bytes`` are bytes known to
    exist and not read yet; ``lag_seconds`` the time since the source was last caught up (0 when it is). ``dropped``
    counts records or requests refused by a full queue; ``queue_bytes`` what waits in it.
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
    """Where records come from. Never blocks: ``poll`` returns at once, with ``None`` when there is nothing new.

    ``now`` is wall-clock time in seconds since the epoch, given by the caller. ``finished`` is true once no byte can
    come any more (standard input closed, a compressed archive read). ``poll(now, draining=True)`` gives up waiting for
    unfinished lines: what has no newline yet comes as a last line.
    """

    @property
    def input(self) -> str: ...

    @property
    def format(self) -> str:
        """Name of the format, or ``auto`` (by the file's name, else by the first line)."""
        ...

    @property
    def finished(self) -> bool: ...

    @property
    def patient(self) -> bool:
        """Whether its lines can wait where they are while older ones of other inputs are read.

        Those of a file can. Whoever writes to a pipe, or has posted a request, would be kept waiting, and may be the model.
        """
        ...

    def poll(self, now: float, *, draining: bool = False) -> Chunk | None: ...

    def status(self, now: float) -> SourceStatus: ...

    def checkpoint(self) -> Any:
        """Where reading stands, as plain values for a snapshot; ``None`` for a source that cannot be read again."""
        ...

    def resume(self, state: Any) -> None:
        """Go on from :meth:`checkpoint` of an earlier process, before the first poll.

        Raises :class:`StateError` if it is none; reading then starts as if there were no checkpoint.
        """
        ...

    def close(self) -> None: ...
