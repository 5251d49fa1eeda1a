"""The bins of all reference rows and their event times, column by column, in bounded memory."""

from __future__ import annotations

from collections.abc import Sequence

import attrs
import numpy as np
from numpy.typing import NDArray

from ...array_spool import ArraySpool, SpoolStore
from ...records.batches import RecordBatch
from ...records.times import parse_times
from ...statistics import FloatArray
from ..binner import Binner
from .time_order import arranged, time_order

__all__ = ["OrderedRows", "RowHistory"]

_TOGETHER = 4_096  # rows of small batches that are gathered before they are parted by column


@attrs.frozen(eq=False)
class OrderedRows:
    """All rows in the order of their event times, those of one time in order of arrival, as are all without times.

    ``codes`` are the bins [row] of each column, counted from its first one. ``times`` are ``None`` if most rows have none;
    of the others a row without one has that of the row before. ``places`` says as which each row came, ``None``: in this order.
    """

    rows: int
    codes: Sequence[ArraySpool]
    times: ArraySpool | None
    store: SpoolStore
    places: ArraySpool | None = None

    def arranged(self, spools: Sequence[ArraySpool]) -> Sequence[ArraySpool]:
        """Spools of one value a row, in order of arrival, in this order."""
        return spools if self.places is None else arranged(spools, self.places, self.store)


class RowHistory:
    """Rows in order of arrival: add every batch, then ask for them in the order of time, once. All is kept in ``store``."""

    def __init__(self, binner: Binner, store: SpoolStore) -> None:
        self._starts = binner.starts[:, None]
        self._store = store
        self._codes = [ArraySpool(np.min_scalar_type(len(column.counts) - 1), store=store) for column in binner.columns]
        self._pending: list[NDArray[np.int64]] = []
        self._pending_rows = 0
        self.rows = 0
        self._times = ArraySpool(np.float64, store=store)
        self._known = 0
        self._latest = np.nan
        self._ascending = True

    def add(self, batch: RecordBatch, cells: NDArray[np.int64]) -> None:
        """Keep a batch; ``cells`` are [column, row], as of :class:`Binner`."""
        self._add_times(parse_times(batch.fields["time"]) if "time" in batch.fields else np.full(batch.size, np.nan))
        self.rows += batch.size
        self._pending.append(cells - self._starts)
        self._pending_rows += batch.size
        if self._pending_rows >= _TOGETHER:
            self._part()

    def _part(self) -> None:
        """Give each column its codes."""
        if self._pending:
            for spool, codes in zip(self._codes, np.concatenate(self._pending, axis=1), strict=True):
                spool.append(codes.astype(spool.dtype))
            self._pending, self._pending_rows = [], 0

    def _add_times(self, times: FloatArray) -> None:
        """Keep times; a row without one has that of the row before, the first ones that of the first row with one."""
        known = np.flatnonzero(np.isfinite(times))
        self._known += len(known)
        if not self._known:
            return
        if not len(self._times):
            first = float(times[known[0]])
            for start in range(0, self.rows, _TOGETHER):
                self._times.append(np.full(min(_TOGETHER, self.rows - start), first))
            self._latest = first
        if len(known) < len(times):
            before = np.searchsorted(known, np.arange(len(times)), side="right")
            times = np.append(self._latest, times[known])[before]
        if len(times):
            self._ascending &= times[0] >= self._latest and not (times[1:] < times[:-1]).any()
            self._latest = float(times[-1])
            self._times.append(times)

    def ordered(self) -> OrderedRows:
        """All rows in the order of their times."""
        self._part()
        if 2 * self._known <= self.rows:
            return OrderedRows(self.rows, self._codes, None, self._store)
        if self._ascending:
            return OrderedRows(self.rows, self._codes, self._times, self._store)
        places, times = time_order(self._times, self._store)
        codes = arranged(self._codes, places, self._store)
        for spool in (*self._codes, self._times):
            spool.close()
        return OrderedRows(self.rows, codes, times, self._store, places)
