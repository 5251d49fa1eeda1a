"""Labels of an input of their own, held until the predictions have been read that far."""

from __future__ import annotations

from typing import Any

import attrs
import numpy as np
from numpy.typing import NDArray

from .records.batches import LabelBatch, plain
from .records.times import parse_times

__all__ = ["HeldLabels"]

_ENOUGH = 10_000


@attrs.define(eq=False)
class HeldLabels:
    """Labels of one input, given out by event time in the order of their lines.

    A log is about in the order of time, but some labels are dated when they fall due, or by a wrong clock: those hold up
    nobody once more labels behind them are due than they are.
    """

    _batches: list[LabelBatch] = attrs.field(factory=list)
    _times: NDArray[np.float64] = attrs.field(factory=lambda: np.empty(0))

    def __bool__(self) -> bool:
        return bool(self._batches)

    @property
    def full(self) -> bool:
        """Whether no more should be held, though what is here is not due."""
        return len(self._times) >= _ENOUGH

    def hold(self, labels: LabelBatch) -> None:
        """Take a chunk, behind what is here."""
        times = np.full(labels.size, np.nan) if labels.time is None else parse_times(labels.time)
        self._batches.append(labels)
        self._times = np.concatenate([self._times, times])

    def take(self, until: float) -> list[LabelBatch]:
        """The labels up to a time; the rest is held on. A label without a time goes with those before it."""
        count = _due(self._times, until)
        self._times = self._times[count:]
        taken, rest = [], []
        for labels in self._batches:
            size = min(count, labels.size)
            count -= size
            if size:
                taken.append(labels if size == labels.size else labels.take(range(size)))
            if size < labels.size:
                rest.append(labels.take(range(size, labels.size)) if size else labels)
        self._batches = rest
        return taken

    def snapshot(self) -> dict[str, Any]:
        """State for a snapshot: what is held has been read, and would not be read again."""
        return {"labels": [plain(labels) for labels in self._batches], "times": self._times}

    def restore(self, state: Any) -> None:
        """Go on from :meth:`snapshot`; raises ``KeyError``, ``TypeError`` or ``ValueError`` if it does not fit."""
        batches = [LabelBatch(**each) for each in state["labels"]]
        times = np.array(state["times"], dtype=np.float64)
        if len(times) != sum(labels.size for labels in batches):
            raise ValueError("held labels have other times")
        self._batches, self._times = batches, times


def _due(times: NDArray[np.float64], until: float) -> int:
    """How many labels go first: as many as have the most that are due beyond those that are not."""
    balance = np.cumsum(np.where(np.isnan(times), 0, np.where(times <= until, 1, -1)))
    if not len(balance) or (most := int(balance.max())) < 0:
        return 0
    return len(balance) - int((balance[::-1] == most).argmax())
