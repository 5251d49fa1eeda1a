"""The rows of a reference in the order of their event times, in bounded memory."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from ...array_spool import ArraySpool, SpoolStore
from ...sorted_rows import SortedRows
from ...statistics import IndexArray
from ...statistics.sums import PART

__all__ = ["arranged", "time_order"]

_ROWS = 1 << 18  # put in order at once
_WINDOW = 1 << 20  # values read at once to pick rows from


def time_order(times: ArraySpool, store: SpoolStore) -> tuple[ArraySpool, ArraySpool]:
    """The places of all rows in the order of their times, those of one time as they came; and the times in that order.

    ``times`` are finite. What is given back is in ``store``.
    """
    rows = SortedRows(np.dtype(np.int64), store)
    start = 0
    for some in times.blocks(PART):
        rows.add(some, np.arange(start, start + len(some)))
        start += len(some)
    places, ordered = ArraySpool(np.int64, store=store), ArraySpool(np.float64, store=store)
    for some, came in rows.blocks():
        places.append(came)
        ordered.append(some)
    return places, ordered


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
