"""The segments of one model's records, as places in a bounded table: an axis of counts."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from ..records.batches import MAXIMUM_NAME
from ..records.columns import Column
from ..records.raw_values import distinct_texts

__all__ = ["MOST_SEGMENTS", "SegmentTable"]

MOST_SEGMENTS = 100


class SegmentTable:
    """Segments by place: 0 is that of records without one, then the first 100 in the order in which they came.

    All others share the place behind these, and so do names of over 200 characters.
    """

    def __init__(self) -> None:
        self._places: dict[str, int] = {}

    @property
    def names(self) -> list[str]:
        """The names that have a place of their own, from place 1 on."""
        return [*self._places]

    def places(self, column: Column | None) -> NDArray[np.int16] | None:
        """The place of each value; ``None`` if there is no column."""
        if column is None:
            return None
        names, indexes = distinct_texts(column)
        used = np.bincount(indexes, minlength=len(names)) > 0
        table = [self._place(name) if known else 0 for name, known in zip(names, used.tolist(), strict=True)]
        found: NDArray[np.int16] = np.array(table, dtype=np.int16)[indexes]
        return found

    def _place(self, name: str | None) -> int:
        if not name:
            return 0
        place = self._places.get(name)
        if place is None and len(self._places) < MOST_SEGMENTS and len(name) <= MAXIMUM_NAME:
            place = self._places[name] = len(self._places) + 1
        return MOST_SEGMENTS + 1 if place is None else place

    def snapshot(self) -> list[str]:
        """The names, in order."""
        return self.names

    def restore(self, names: Sequence[str]) -> None:
        """Go on from a snapshot."""
        self._places = {str(name): place for place, name in enumerate(names[:MOST_SEGMENTS], 1)}
