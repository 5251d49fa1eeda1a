"""Joins what comes for a model until it is worth a batch: a batch costs its monitors about the same whatever its size.

Sources read in pieces of bytes. Of several models in one log, of wide records, of an archive or of a single request, a
piece holds few records of a model.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from typing import TypeVar

import attrs
import numpy as np
from numpy.typing import NDArray

from ..records.batches import LabelBatch, ModelBatch, RecordBatch
from ..records.columns import Column, bytes_of
from ..records.identifiers import hash_identifiers

__all__ = ["HELD_SECONDS", "LINES", "Batcher", "one_batch"]

LINES = 4_000
"""Lines of a model, its labels and rejected lines included, that are worth a batch."""
HELD_SECONDS = 5.0
"""Seconds for which lines are held where nobody looks and nothing more is to be read: so much later an alarm may be logged."""

_MOST_LINES = 10_000
_MOST_BYTES = 16 << 20
_NO_HASHES = np.empty(0, dtype=np.uint64)
_PLACE_BYTES = 8  # of a line's position
_WORTH_BYTES = 4 << 20
"""Of one model: beside the work on so much, what a batch costs in any case is little, and more need not be copied."""
Batch = TypeVar("Batch", RecordBatch, LabelBatch)


@attrs.frozen
class _Lines:
    """What a batch holds: how many lines, about how many bytes, its first records or rejected line, first label, last line."""

    count: int
    size: int
    first: float
    first_label: float
    last: float

    @classmethod
    def of(cls, batch: ModelBatch) -> _Lines:
        records, labels, rejected = batch.records, batch.labels, batch.rejected
        first = first_label = math.inf
        last = -math.inf
        count, size = len(rejected), rejected.nbytes
        if records is not None and records.size:
            first, last = float(records.position[0]), float(records.position[-1])
            count += records.size
            size += _PLACE_BYTES * records.size + records.features.numbers.nbytes
            size += _bytes(records.features.others) + _bytes(records.fields)
        if labels is not None and labels.size:
            first_label, last = float(labels.position[0]), max(last, float(labels.position[-1]))
            count += labels.size
            size += _PLACE_BYTES * labels.size + _bytes(labels.fields)
        if len(rejected):
            first, last = min(first, float(rejected[0])), max(last, float(rejected[-1]))
        return cls(count, size, first, first_label, last)

    @property
    def enough(self) -> bool:
        """Whether they are worth a batch by themselves."""
        return self.count >= LINES or self.size >= _WORTH_BYTES


@attrs.define(eq=False)
class _Gathered:
    """Batches of one model in the order of their lines, the first of which is ``first``. The oldest came at ``since``."""

    since: float
    first: float = math.inf
    last: float = -math.inf
    count: int = 0
    size: int = 0
    batches: list[ModelBatch] = attrs.field(factory=list)
    _kinds: dict[type, object] = attrs.field(factory=dict)
    _hashes: NDArray[np.uint64] = _NO_HASHES
    _hashed: int = 0

    def takes(self, batch: ModelBatch, lines: _Lines) -> bool:
        """Whether a batch can stand behind these: its columns are of the same kind, and its lines come later."""
        # A label of a log of its own stands at the line of the prediction before it, behind it.
        later = lines.first > self.last and lines.first_label >= self.last
        return later and all(self._kinds.get(kind, own) == own for kind, own in _kinds(batch).items())

    def add(self, batch: ModelBatch, lines: _Lines) -> None:
        self.first = min(self.first, lines.first, lines.first_label)
        self.last = max(self.last, lines.last)
        self.count += lines.count
        self.size += lines.size
        self.batches.append(batch)
        self._kinds |= _kinds(batch)

    def as_one(self) -> ModelBatch:
        """All batches as one, which takes their place."""
        self.batches = [one_batch(self.batches)]
        self._hashes, self._hashed = _NO_HASHES, 0
        return self.batches[0]

    def holds(self, identifiers: NDArray[np.uint64]) -> bool:
        """Whether one of the records may have one of these hashed identifiers."""
        records = [batch.records for batch in self.batches[self._hashed :] if batch.records is not None]
        more = [hash_identifiers(each.fields["id"])[0] for each in records if "id" in each.fields]
        self._hashes, self._hashed = np.concatenate([self._hashes, *more]), len(self.batches)
        return bool(np.isin(self._hashes, identifiers).any())


class Batcher:
    """Keeps batches of all models, and gives each model its own joined: about 4,000 lines at a time, or 4 MiB.

    All models together have 10,000 lines or 16 MiB at most; beyond that the model with most is given first. ``give`` is
    called with the name of a model and its batch. Where it fails, the batch stays, and :meth:`give_held` gives it again
    at once: a scrape that meets an error leaves it to the reader, who ends with it.
    """

    def __init__(self, give: Callable[[str, ModelBatch], None]) -> None:
        self._give = give
        self._by_model: dict[str, _Gathered] = {}

    @property
    def first(self) -> float:
        """The first line that has not been given; infinity if all have."""
        return min((own.first for own in self._by_model.values()), default=math.inf)

    def add(self, name: str, batch: ModelBatch) -> None:
        """Put a batch behind what has come for its model; what is enough now is given."""
        own, lines = self._by_model.get(name), _Lines.of(batch)
        if own is not None and (lines.enough or not own.takes(batch, lines)):
            self.give(name)
            own = None
        if own is None:
            own = self._by_model[name] = _Gathered(batch.arrival)
        own.add(batch, lines)
        if own.count >= LINES or own.size >= _WORTH_BYTES:
            self.give(name)
        while self._too_much():
            self.give(max(self._by_model, key=lambda each: self._by_model[each].size))

    def _too_much(self) -> bool:
        count = sum(own.count for own in self._by_model.values())
        size = sum(own.size for own in self._by_model.values())
        return count > _MOST_LINES or size > _MOST_BYTES

    def give(self, name: str) -> None:
        """Give one model all that has come for it."""
        own = self._by_model[name]
        batch = own.as_one()
        try:
            self._give(name, batch)
        except Exception:
            own.since = -math.inf
            raise
        del self._by_model[name]

    def give_all(self) -> None:
        """Give every model all that has come for it."""
        for name in [*self._by_model]:
            self.give(name)

    def give_records_of(self, labels: LabelBatch) -> None:
        """Give the models that wait for records which labels may belong to, all that has come for them."""
        if "id" not in labels.fields or not self._by_model:
            return
        hashes, known = hash_identifiers(labels.fields["id"])
        for name, own in [*self._by_model.items()]:
            if own.holds(hashes[known]):
                self.give(name)

    def give_held(self, now: float, seconds: float = HELD_SECONDS) -> None:
        """Give each model what has been held for so many seconds, or could not be given.

        ``now`` is wall-clock time, in seconds since the epoch.
        """
        for name, own in [*self._by_model.items()]:
            if not 0 <= now - own.since < seconds:  # a clock that was set back must not hold anything
                self.give(name)


def one_batch(batches: Sequence[ModelBatch]) -> ModelBatch:
    """At least one batch of a model as one, in their order. All must be of one kind, and their lines ascend."""
    if len(batches) == 1:
        return batches[0]
    arrivals = None
    if any(batch.arrival != batches[0].arrival for batch in batches):
        arrivals = np.concatenate([batch.arrival_of_records() for batch in batches])
    return ModelBatch(
        _one(RecordBatch, [batch.records for batch in batches if batch.records is not None]),
        _one(LabelBatch, [batch.labels for batch in batches if batch.labels is not None]),
        np.concatenate([batch.rejected for batch in batches]),
        batches[0].arrival,
        arrivals,
    )


def _one(kind: type[Batch], batches: Sequence[Batch]) -> Batch | None:
    return (batches[0] if len(batches) == 1 else kind.joined(batches)) if batches else None


def _kinds(batch: ModelBatch) -> dict[type, object]:
    """What batches must have in common to be joined."""
    found: dict[type, object] = {}
    if batch.records is not None:
        found[RecordBatch] = batch.records.text
    if batch.labels is not None:
        found[LabelBatch] = batch.labels.text
    return found


def _bytes(columns: Mapping[str, Column]) -> int:
    return sum(map(bytes_of, columns.values()))
