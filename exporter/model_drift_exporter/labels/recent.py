"""Shares of kinds among the latest of something."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import attrs
import numpy as np
from numpy.typing import NDArray

__all__ = ["RecentShares"]

_BLOCK = 1_000


@attrs.define(eq=False)
class RecentShares:
    """Counts of some kinds among the last 1,000 to 2,000 of something; the same however these came in batches."""

    kinds: int
    size: int = 0
    _current: NDArray[np.int64] = attrs.field(init=False)
    _before: NDArray[np.int64] = attrs.field(init=False)

    def __attrs_post_init__(self) -> None:
        self._current = np.zeros(self.kinds + 1, dtype=np.int64)
        self._before = np.zeros(self.kinds + 1, dtype=np.int64)

    def add(self, masks: Sequence[NDArray[np.bool_]]) -> None:
        """Count some, with one mask a kind."""
        start, count = 0, len(masks[0])
        while start < count:
            end = min(count, start + _BLOCK - int(self._current[0]))
            self._current += [end - start, *(int(mask[start:end].sum()) for mask in masks)]
            if self._current[0] == _BLOCK:
                self._before, self._current = self._current, np.zeros_like(self._current)
            start = end
        self.size += count

    def share(self, kind: int) -> float:
        """Of the kind at a position; 0 before any."""
        total = self._before + self._current
        return float(total[1 + kind] / max(total[0], 1))

    def snapshot(self) -> list[Any]:
        """State for a snapshot."""
        return [self.size, self._current.copy(), self._before.copy()]

    def restore(self, state: Any) -> None:
        """Go on from :meth:`snapshot`; raises ``TypeError`` or ``ValueError`` if it does not fit."""
        size, current, before = state
        self.size = int(size)
        self._current, self._before = (np.array(each, dtype=np.int64) for each in (current, before))
        if not len(self._current) == len(self._before) == self.kinds + 1:
            raise ValueError("recent labels are counted by other kinds")
