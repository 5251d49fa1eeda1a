"""Predictions and labels that wait for each other: rows of an index, with 33 to 41 bytes per entry at capacity."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from ..joining.identifier_index import ColumnType, IdentifierIndex, Keys, Mask, Rows
from ..reference.outcome_batch import OutcomeLayout

__all__ = [
    "COUNTED",
    "LABEL",
    "MOST_PROBABILITIES",
    "PREDICTION",
    "SURPLUS",
    "UNINDEXED",
    "UNKNOWN_DELAY",
    "LabelStore",
]

Array = NDArray[np.float64]

PREDICTION, LABEL, COUNTED, UNINDEXED, SURPLUS = 1, 2, 4, 8, 16
"""Flags of an entry: it has a prediction, it has a label, its outcome has been counted, no label can find it; its prediction
is no evidence. 0: vacant."""

UNKNOWN_DELAY = 255
"""In the column ``delay``, which holds the fine bucket of the label's delay: there is no label, or its delay is not known."""

MOST_PROBABILITIES = 8
"""For models with more classes, probabilities are not kept."""


class LabelStore(IdentifierIndex):
    """An entry for each identifier: its time, flags, version, what was predicted, what is the label, and its delay.

    Classes are stored as small integers, numbers as floats. :meth:`put` and :meth:`get` take and return floats, NaN for none.
    New rows have flags 0 and no label. ``dead`` is the number of entries that nothing can find and that have counted.
    """

    def __init__(self, layout: OutcomeLayout, capacity: int, *, probabilities: bool = False) -> None:
        self._none = _none_of(layout)
        value = np.dtype(np.float64) if self._none is None else np.min_scalar_type(self._none)
        types = {
            "time": ColumnType(np.float64),
            "flags": ColumnType(np.uint8, initial=0),
            "predicted": ColumnType(value),
            "label": ColumnType(value, initial=np.nan if self._none is None else self._none),
            "version": ColumnType(np.uint8, initial=0),
            "delay": ColumnType(np.uint8, initial=UNKNOWN_DELAY),
        }
        if layout.score_bins:
            types["score"] = ColumnType(np.float32)
            types["score_cell"] = ColumnType(np.int8 if layout.score_bins < 128 else np.int16)
        if probabilities and 2 < len(layout.classes) <= MOST_PROBABILITIES:
            types["probabilities"] = ColumnType(np.uint8, (len(layout.classes),))
        self.dead = 0
        super().__init__(types, capacity)

    def get(self, name: str, rows: Rows) -> Array:
        """``predicted`` or ``label`` of some rows, NaN for none."""
        found = self.columns[name][rows]
        if self._none is None:
            return found
        return np.where(found == self._none, np.nan, found)

    def put(self, name: str, rows: Rows | slice, values: Array) -> None:
        """Set ``predicted`` or ``label`` of some rows."""
        if self._none is not None:
            values = np.where(np.isnan(values), self._none, values)
        self.columns[name][rows] = values

    def supersede(self, keys: Keys) -> tuple[Rows, Rows]:
        rows, old = super().supersede(keys)
        self.columns["flags"][old] |= UNINDEXED
        return rows, old

    def retain(self, kept: Mask) -> Rows:
        moved = super().retain(kept)
        self._count_dead()
        return moved

    def restore(self, state: Any) -> None:
        """Go on from :meth:`snapshot`.

        If it does not fit, raises :class:`StateError`, ``KeyError`` or ``TypeError`` and leaves the store empty.
        """
        self._begin()
        self.dead = 0
        # Snapshots of before there were versions and delays in it.
        size = len(state["flags"])
        later = {"version": np.zeros(size, np.uint8), "delay": np.full(size, UNKNOWN_DELAY, np.uint8)}
        self.load({**later, **state}, hidden=np.asarray(state["flags"]) & UNINDEXED != 0)
        self._count_dead()

    def _count_dead(self) -> None:
        flags = self.columns["flags"][: self.size]
        self.dead = int(np.count_nonzero(flags & (UNINDEXED | COUNTED) == UNINDEXED | COUNTED))


def _none_of(layout: OutcomeLayout) -> int | None:
    """The integer that stands for no class, ``None`` for regression. It is one above that of unknown classes."""
    return len(layout.classes) + 1 if layout.classification else None
