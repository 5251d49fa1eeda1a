"""The rows of a reference in the order of their event times: an external merge sort, in bounded memory."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import numpy as np
from numpy.typing import NDArray

from ...array_spool import ArraySpool, SpoolStore
from ...statistics import FloatArray, IndexArray

__all__ = ["arranged", "time_order"]

_ROWS = 1 << 18  # sorted at once, and looked at together
_WINDOW = 1 << 20  # values read at once to pick rows from


def time_order(times: ArraySpool, store: SpoolStore, *, rows: int = _ROWS) -> tuple[ArraySpool, ArraySpool]:
    """The places of all rows in the order of their times, those of one time as they came; and the times in that order.

    ``times`` are finite. Runs of ``rows`` rows are sorted by themselves, then merged. What is given back is in ``store``.
    """
    runs = _SortedRuns(store, rows)
    for start in range(0, len(times), rows):
        runs.add(start, times.read(start, start + rows))
    places, ordered = ArraySpool(np.int64, store=store), ArraySpool(np.float64, store=store)
    for some_places, some_times in runs.merged():
        places.append(some_places)
        ordered.append(some_times)
    runs.close()
    return places, ordered


class _SortedRuns:
    """Runs of rows, each in the order of its times; of one time those of an earlier run come first."""

    def __init__(self, store: SpoolStore, rows: int) -> None:
        self._rows = rows
        self._places, self._times = ArraySpool(np.int64, store=store), ArraySpool(np.float64, store=store)

    def add(self, start: int, times: FloatArray) -> None:
        order = np.argsort(times, kind="stable")
        self._places.append(order + start)
        self._times.append(times[order])

    def close(self) -> None:
        self._places.close()
        self._times.close()

    def merged(self) -> Iterator[tuple[IndexArray, FloatArray]]:
        """All rows in order, some at a time."""
        total = len(self._times)
        starts = [*range(0, total, self._rows)]
        size = max(self._rows // max(len(starts), 1), 1)
        runs = [_Run(self._places, self._times, start, min(start + self._rows, total), size) for start in starts]
        while runs := [run for run in runs if run.fill()]:
            # What is known of each run ends somewhere. No row before the first of these ends can still come; at it, those of
            # earlier runs are known to the last, and those of later runs have to wait.
            ends = [run.last for run in runs]
            first = int(np.argmin(ends))
            taken = [run.take(ends[first], inclusive=number <= first) for number, run in enumerate(runs)]
            times = np.concatenate([each for _, each in taken])
            order = np.argsort(times, kind="stable")
            yield np.concatenate([each for each, _ in taken])[order], times[order]


class _Run:
    """The rest of one run, of which up to ``size`` rows are in memory."""

    def __init__(self, places: ArraySpool, times: ArraySpool, start: int, stop: int, size: int) -> None:
        self._all_places, self._all_times = places, times
        self._next, self._stop, self._size = start, stop, size
        self._places, self._times = places.read(0, 0), times.read(0, 0)

    @property
    def last(self) -> float:
        """The time of the last row in memory."""
        return float(self._times[-1])

    def fill(self) -> bool:
        """Read on if nothing is in memory; whether there is anything left."""
        if not len(self._times):
            end = min(self._next + self._size, self._stop)
            self._places, self._times = (each.read(self._next, end) for each in (self._all_places, self._all_times))
            self._next = end
        return len(self._times) > 0

    def take(self, time: float, *, inclusive: bool) -> tuple[IndexArray, FloatArray]:
        """The rows in memory up to a time, with or without those at it; they are gone afterwards."""
        end = int(np.searchsorted(self._times, time, side="right" if inclusive else "left"))
        found = self._places[:end], self._times[:end]
        self._places, self._times = self._places[end:], self._times[end:]
        return found


def arranged(
    spools: Sequence[ArraySpool], places: ArraySpool, store: SpoolStore, *, rows: int = _ROWS, window: int = _WINDOW
) -> list[ArraySpool]:
    """The values of some spools at these places, in this order: new spools in ``store``.

    Rows that are nearly in order are read once; of others, each lot of ``rows`` is picked from windows of ``window`` values.
    """
    found = [ArraySpool(spool.dtype, store=store) for spool in spools]
    for some in places.blocks(rows):
        order = np.argsort(some)
        for target, spool in zip(found, spools, strict=True):
            target.append(_picked(spool, some[order], order, window))
    return found


def _picked(spool: ArraySpool, places: IndexArray, order: IndexArray, window: int) -> NDArray[np.generic]:
    """The values at ascending places, of which ``order`` says where each one goes."""
    values = np.empty(len(places), dtype=spool.dtype)
    start = 0
    while start < len(places):
        first = int(places[start])
        stop = int(np.searchsorted(places, first + window))
        values[order[start:stop]] = spool.read(first, int(places[stop - 1]) + 1)[places[start:stop] - first]
        start = stop
    return values
