"""What a model without a reference gets before it has learned one: kept in order, and counted once bins exist."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import attrs
import msgspec
import numpy as np
from numpy.typing import NDArray

from ..monitors import LEARNED_PARTS
from ..records.batches import LabelBatch, ModelBatch, RecordBatch
from ..records.identifiers import hash_identifiers
from ..reference.building.builder import ProfileBuilder
from ..reference.building.settings import BuildSettings
from ..reference.profile import ReferenceProfile

__all__ = ["Learner"]

_LABELS_A_RECORD = 10
_LEAST_LABELS = 10_000
_REJECTED = 100_000


class Learner:
    """Keeps everything, in ``batches``, until ``wanted`` records have come.

    Labels beyond ten a record wanted, and rejected lines beyond 100,000, are left out.
    """

    def __init__(self, wanted: int) -> None:
        self.wanted = wanted
        self.records = 0
        self._labels = self._rejected = 0
        self.batches: list[ModelBatch] = []
        self._identifiers: set[int] = set()

    @property
    def full(self) -> bool:
        """Whether the records wanted are there."""
        return self.records >= self.wanted

    def add(self, batch: ModelBatch) -> None:
        """Keep a batch."""
        labels = batch.labels
        room = max(_LABELS_A_RECORD * self.wanted, _LEAST_LABELS) - self._labels
        if labels is not None and labels.size > room:
            labels = labels.take(range(room)) if room else None
        rejected = batch.rejected[: _REJECTED - self._rejected]
        if batch.records is not None or labels is not None or len(rejected):
            self.batches.append(attrs.evolve(batch, labels=labels, rejected=rejected))
        self._rejected += len(rejected)
        self._labels += labels.size if labels is not None else 0
        self.records += batch.size
        if batch.records is not None and "id" in batch.records.fields:
            hashes, known = hash_identifiers(batch.records.fields["id"])
            self._identifiers.update(hashes[known].tolist())

    def knows(self, labels: LabelBatch) -> NDArray[np.bool_]:
        """Which labels are of a record that is kept."""
        if "id" not in labels.fields:
            return np.zeros(labels.size, dtype=np.bool_)
        hashes, known = hash_identifiers(labels.fields["id"])
        return known & np.array([value in self._identifiers for value in hashes.tolist()], dtype=np.bool_)

    def learn(self, model: str, settings: BuildSettings) -> ReferenceProfile:
        """The reference of exactly the first records, however they came in batches.

        Raises :class:`ReferenceProfileError` if none can be built from them.
        """
        builder = ProfileBuilder(model, settings, learned=True, parts=LEARNED_PARTS)
        for batch in self._first():
            builder.survey(batch)
        builder.fix_bins()
        for batch in self._first():
            builder.count(batch)
        # What the log always has in it is no news later: the share of other lines is part of the reference.
        last = max((int(records.position[-1]) for records in self._first()), default=-1)
        rejected = sum(int((batch.rejected <= last).sum()) for batch in self.batches)
        return msgspec.structs.replace(builder.profile(), lines=builder.rows + rejected, rejected_lines=rejected)

    def _first(self) -> Iterator[RecordBatch]:
        room = self.wanted
        for batch in self.batches:
            if batch.records is not None and room > 0:
                yield batch.records if batch.size <= room else batch.records.take(range(room))
                room -= batch.size

    def drain(self) -> list[ModelBatch]:
        """All that was kept, in order; the buffer is empty afterwards."""
        batches, self.batches = self.batches, []
        self.records = self._labels = self._rejected = 0
        self._identifiers = set()
        return batches

    def snapshot(self) -> list[dict[str, Any]]:
        """Raw columns, as plain values."""
        return [batch.snapshot() for batch in self.batches]

    def restore(self, state: Sequence[Mapping[str, Any]]) -> None:
        """Go on from a snapshot."""
        for saved in state:
            self.add(ModelBatch.restored(saved))
