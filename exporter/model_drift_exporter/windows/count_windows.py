"""Rolling windows of integer counts, either over event time (in panes) or over the last records."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

from ..errors import StateError
from ..records.clock import PANES, panes_of
from ..reference.coded_batch import count_cells
from ..settings.values import Window

__all__ = ["CountsInTime", "CountsOfRecords", "RollingWindow", "make_windows"]

Cells = NDArray[np.int64]
Times = NDArray[np.float64]
Mask = NDArray[np.bool_]
_NEVER = -(2**53)  # before any pane; event times before 1970 have negative panes


class RollingWindow(Protocol):
    """Counts of the latest records and, as a second baseline, of the window just before them."""

    @property
    def name(self) -> str: ...

    def observe(self, cells: Cells, time: Times, now: Times, timely: Mask, counts: Cells | None = None) -> None:
        """Add records, in their order. ``counts`` are those of all of them by cell, where they are known already.

        ``cells`` is [column, record]: the bin of each value, as a flat index over the bins of all columns. ``time`` is the
        event time, and ``now`` the event clock just after each record, both in seconds. Only ``timely`` records are counted.
        """
        ...

    def counts(self) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
        """Counts per cell in this window, and in the window before it."""
        ...

    def coverage(self) -> float:
        """Share of the window that holds data, 0 to 1."""
        ...

    def snapshot(self) -> dict[str, Any]:
        """The content of the window, as plain values and arrays."""
        ...

    def restore(self, state: Any) -> None:
        """Continue from a snapshot. Raises :class:`StateError` if it does not fit; the window is then unchanged."""
        ...


class CountsInTime:
    """Counts of the last ``seconds`` of event time: the current, unfinished pane and the 59 panes before it."""

    def __init__(self, name: str, seconds: float, cells: int) -> None:
        self.name = name
        self._seconds = seconds
        self._counts = np.zeros((2 * PANES, cells), dtype=np.int32)
        self._panes = np.full(2 * PANES, _NEVER, dtype=np.int64)
        self._current = 0

    def observe(self, cells: Cells, time: Times, now: Times, timely: Mask, counts: Cells | None = None) -> None:
        """Add the timely records to their panes. The window ends at the last ``now``."""
        current = int(panes_of(now[-1:], self._seconds)[0])
        if current < self._current:
            self._panes[self._panes > current] = _NEVER  # the clock was set back: these panes are in its future
        self._current = current
        panes = panes_of(time, self._seconds)
        kept = timely & (panes > self._current - len(self._panes)) & (panes <= self._current)
        if not kept.any():
            return
        if not kept.all():
            cells, panes, counts = cells[:, kept], panes[kept], None
        size = self._counts.shape[1]
        if panes[0] == panes[-1] and (panes == panes[0]).all():
            self._add(int(panes[0]), count_cells(cells, size) if counts is None else counts)
            return
        distinct, places = np.unique(panes, return_inverse=True)
        by_pane = count_cells(cells, size, group=places, groups=len(distinct))
        for pane, row in zip(distinct.tolist(), by_pane, strict=True):
            self._add(pane, row)

    def _add(self, pane: int, counts: NDArray[np.intp]) -> None:
        slot = pane % len(self._panes)
        if self._panes[slot] != pane:  # the slot holds a pane that slid out
            self._panes[slot] = pane
            self._counts[slot] = 0
        self._counts[slot] += counts.astype(np.int32)

    def _slots(self, newest: int) -> NDArray[np.bool_]:
        return (self._panes > newest - PANES) & (self._panes <= newest)

    def counts(self) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
        current, previous = self._slots(self._current), self._slots(self._current - PANES)
        return (
            self._counts[current].sum(axis=0, dtype=np.int64),
            self._counts[previous].sum(axis=0, dtype=np.int64),
        )

    def snapshot(self) -> dict[str, Any]:
        held = np.flatnonzero(self._panes != _NEVER)  # includes panes that slid out: a clock set back needs them
        return {
            "seconds": self._seconds,
            "current": self._current,
            "panes": self._panes[held],
            "counts": self._counts[held],
        }

    def restore(self, state: Any) -> None:
        size = self._counts.shape[1]
        with _fitting(self.name):
            panes, counts = state["panes"], state["counts"]
            if state["seconds"] != self._seconds or counts.shape != (len(panes), size):
                raise StateError(f"window {self.name}: the snapshot is of other bins or another length")
            current = int(state["current"])
            slots = panes % len(self._panes)
            if len(np.unique(slots)) < len(panes):
                raise StateError(f"window {self.name}: the snapshot has a pane twice")
        self._current = current
        self._panes[slots] = panes
        self._counts[slots] = counts

    def coverage(self) -> float:
        """Share of the panes that hold a record, 0 to 1."""
        return float(self._slots(self._current).sum()) / PANES


class CountsOfRecords:
    """Counts of exactly the last ``records`` timely records, and of as many before them."""

    def __init__(self, name: str, records: int, columns: int, cells: int) -> None:
        self.name = name
        self._records = records
        self._cells = cells
        self._ring = np.zeros((2 * records, columns), dtype=np.uint16 if cells <= 2**16 else np.int32)
        self._seen = 0

    def observe(
        self,
        cells: Cells,
        time: Times,  # noqa: ARG002 - it counts records
        now: Times,  # noqa: ARG002
        timely: Mask,
        counts: Cells | None = None,  # noqa: ARG002
    ) -> None:
        """Append the timely records."""
        if not timely.all():
            cells = cells[:, timely]
        length = len(self._ring)
        number = cells.shape[1]
        cells = cells[:, -length:]
        first = (self._seen + number - cells.shape[1]) % length
        head = min(cells.shape[1], length - first)
        self._ring[first : first + head] = cells[:, :head].T
        self._ring[: cells.shape[1] - head] = cells[:, head:].T
        self._seen += number

    def counts(self) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
        return self._between(self._seen - self._records, self._seen), self._between(
            self._seen - 2 * self._records, self._seen - self._records
        )

    def _between(self, first: int, last: int) -> NDArray[np.int64]:
        if last <= 0:
            return np.zeros(self._cells, dtype=np.int64)
        places = np.arange(max(first, 0), last) % len(self._ring)
        return count_cells(self._ring[places], self._cells)

    def snapshot(self) -> dict[str, Any]:
        """The records held, the oldest first."""
        places = np.arange(max(self._seen - len(self._ring), 0), self._seen) % len(self._ring)
        return {"records": self._records, "cells": self._cells, "seen": self._seen, "ring": self._ring[places]}

    def restore(self, state: Any) -> None:
        with _fitting(self.name):
            ring, seen = state["ring"], int(state["seen"])
            same = (state["records"], state["cells"]) == (self._records, self._cells)
            if not same or ring.shape != (min(seen, len(self._ring)), self._ring.shape[1]):
                raise StateError(f"window {self.name}: the snapshot is of other bins or another length")
            if ring.size and not 0 <= ring.min() <= ring.max() < self._cells:
                raise StateError(f"window {self.name}: the snapshot has bins that there are not")
        self._seen = seen
        self._ring[np.arange(seen - len(ring), seen) % len(self._ring)] = ring

    def coverage(self) -> float:
        """Records held, as a share of ``records``; 0 to 1."""
        return min(self._seen / self._records, 1.0)


@contextmanager
def _fitting(name: str) -> Iterator[None]:
    try:
        yield
    except (KeyError, TypeError, ValueError, AttributeError, IndexError) as error:
        raise StateError(f"window {name}: the snapshot does not fit: {error!r}") from error


def make_windows(settings: Sequence[Window], columns: int, cells: int) -> list[RollingWindow]:
    """One window for each setting. ``columns`` is the number of columns, ``cells`` the number of bins of all columns."""
    windows: list[RollingWindow] = []
    for window in settings:
        if window.seconds is not None:
            windows.append(CountsInTime(window.name, window.seconds, cells))
        elif window.records is not None:
            windows.append(CountsOfRecords(window.name, window.records, columns, cells))
    return windows
