"""Inputs that hold labels only, read as far as the predictions have got."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import attrs

from .held_labels import HeldLabels
from .records.batches import Decoded, LabelBatch
from .records.chunk import Chunk
from .sources.base import Source

__all__ = ["LabelInputs"]

_CHUNKS = 4


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
