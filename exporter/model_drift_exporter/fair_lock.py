"""A lock that lets those who wait go first."""

from __future__ import annotations

import threading
from types import TracebackType

__all__ = ["FairLock"]


class FairLock:
    """A mutual exclusion lock for ``with``, not reentrant. Whoever waits gets it before its holder gets it again.

    A plain lock that is released and taken again at once by a busy thread starves all others: the system wakes them too
    late, every time.
    """

    def __init__(self) -> None:
        self._door = threading.Lock()
        self._lock = threading.Lock()

    def __enter__(self) -> None:
        with self._door:  # held by the one who waits, so that nobody overtakes
            self._lock.acquire()

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._lock.release()
