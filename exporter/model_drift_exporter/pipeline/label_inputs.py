"""Inputs that hold labels only: their labels are held until the predictions have been read that far."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import attrs
import numpy as np
from numpy.typing import NDArray

from ..records.batches import Decoded, LabelBatch, plain
from ..records.chunk import Chunk
from ..records.times import parse_times
from ..sources.base import Source

__all__ = ["HeldLabels", "LabelInputs"]

_CHUNKS = 4
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


@attrs.define(eq=False)
class LabelInputs:
    """At a first start a log of predictions and one of labels are read from months ago, at different speeds.

    Labels far ahead of their predictions would wait beyond their horizon, and predictions far ahead of their labels would
    expire. ``decode`` turns a chunk of a source into what it holds.
    """

    sources: Sequence[Source]
    decode: Callable[[Source, Chunk], Decoded]
    _held: dict[str, HeldLabels] = attrs.field(factory=dict)

    def until(self, time: float, now: float, *, draining: bool = False) -> tuple[list[tuple[str, LabelBatch]], bool]:
        """The labels before an event time that have come, with their input; whether these are all of them.

        ``now`` is the wall clock, for the sources. A few chunks of each input at most are read.
        """
        last = math.nextafter(time, -math.inf)
        found: list[tuple[str, LabelBatch]] = []
        complete = True
        for source in self.sources:
            held = self._held.setdefault(source.input, HeldLabels())
            for _ in range(_CHUNKS):
                if not held and not self._load(source, held, now, draining=draining):
                    break
                taken = held.take(last)
                found += [(source.input, labels) for labels in taken]
                # What is not due may hide labels that are.
                if not taken and (held.full or not self._load(source, held, now, draining=draining)):
                    break
            else:
                complete = False
        return found, complete

    def _load(self, source: Source, held: HeldLabels, now: float, *, draining: bool) -> bool:
        chunk = source.poll(now, draining=draining)
        labels = None if chunk is None else self.decode(source, chunk).labels
        if labels is not None:
            held.hold(labels)
        return chunk is not None

    def take_over(self, old: LabelInputs) -> None:
        """Go on with what others have held."""
        self._held = old._held

    def snapshot(self) -> dict[str, Any]:
        """State for a snapshot: what is held has been read, and would not be read again."""
        return {name: held.snapshot() for name, held in self._held.items()}

    def restore(self, state: Mapping[str, Any]) -> None:
        """Go on from :meth:`snapshot`; raises ``KeyError``, ``TypeError`` or ``ValueError`` if it does not fit."""
        for name, held in state.items():
            self._held.setdefault(name, HeldLabels()).restore(held)


def _due(times: NDArray[np.float64], until: float) -> int:
    """How many labels go first: as many as have the most that are due beyond those that are not."""
    balance = np.cumsum(np.where(np.isnan(times), 0, np.where(times <= until, 1, -1)))
    if not len(balance) or (most := int(balance.max())) < 0:
        return 0
    return len(balance) - int((balance[::-1] == most).argmax())
