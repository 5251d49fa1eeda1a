"""Batches of records and labels in typed columns, as formats decode them, and the batch of one model."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from itertools import pairwise
from typing import Any, Self, TypeVar

import attrs
import numpy as np
from numpy.typing import NDArray

from .columns import Column, Numbers, Texts, joined, taken
from .features import Features
from .fields import FIELDS, typed_field
from .stored_columns import loaded, storable, stored

__all__ = [
    "MAXIMUM_NAME",
    "NO_POSITIONS",
    "Decoded",
    "LabelBatch",
    "ModelBatch",
    "RecordBatch",
    "model_name",
    "plain",
    "restored",
]


MAXIMUM_NAME = 200
"""The most characters that a model, version, feature, category or class name may have to become a label value."""
Positions = NDArray[np.int64]
NO_POSITIONS: Positions = np.empty(0, dtype=np.int64)
"""The positions of no lines."""


def model_name(value: object) -> str | None:
    """The model name in a raw value; ``None`` if it is no name, such as an object or a text of over 200 characters."""
    named = isinstance(value, str) or type(value) is int
    return str(value) or None if named and len(str(value)) <= MAXIMUM_NAME else None


def _indexes(indexes: Any) -> Any:
    """What an array is indexed with: a slice for a range, an array for a list."""
    if isinstance(indexes, range):
        return slice(indexes.start, indexes.stop, indexes.step)
    return indexes if isinstance(indexes, slice) else np.asarray(indexes, dtype=np.int64)


def _placed(position: Sequence[int] | Positions | None, size: int) -> Positions:
    if position is None:
        return np.arange(size)
    if isinstance(position, range):
        return np.arange(position.start, position.stop)
    return np.asarray(position, dtype=np.int64)


def _typed_fields(fields: Mapping[str, Column | None], *, text: bool) -> dict[str, Column]:
    return {name: typed_field(name, column, text=text) for name, column in fields.items() if column is not None}


def _joined_fields(batches: Sequence[RecordBatch] | Sequence[LabelBatch]) -> dict[str, Column]:
    sizes = [batch.size for batch in batches]
    names = dict.fromkeys(name for batch in batches for name in batch.fields)
    text = batches[0].text
    return {name: joined([batch.fields.get(name) for batch in batches], sizes, text=text) for name in names}


@attrs.frozen(eq=False)
class LabelBatch:
    """Labels without features: ``size`` of them, in typed columns by the names of :data:`FIELDS` in ``fields``.

    A field that no label has is absent. ``text`` and ``position`` are as in :class:`RecordBatch`.
    """

    size: int = 0
    fields: Mapping[str, Column] = attrs.field(factory=dict)
    text: bool = False
    position: Positions = attrs.field(factory=lambda: NO_POSITIONS)

    @classmethod
    def of(
        cls,
        size: int,
        *,
        text: bool = False,
        position: Sequence[int] | Positions | None = None,
        **fields: Column | None,
    ) -> Self:
        """Labels in columns of raw or typed values; ``position`` is 0, 1, 2 and so on where it is not given."""
        return cls(size, _typed_fields(fields, text=text), text, _placed(position, size))

    @property
    def labels(self) -> Column:
        """The labels themselves."""
        return self.fields["label"]

    @classmethod
    def joined(cls, batches: Sequence[LabelBatch]) -> LabelBatch:
        """Concatenate at least one batch. All batches must have the same ``text``."""
        if len(batches) == 1:
            return batches[0]
        return cls(
            size=sum(batch.size for batch in batches),
            fields=_joined_fields(batches),
            text=batches[0].text,
            position=np.concatenate([batch.position for batch in batches]),
        )

    def take(self, indexes: Sequence[int] | Positions | slice) -> Self:
        """The labels at ``indexes`` (at least one), in that order."""
        chosen = _indexes(indexes)
        position = self.position[chosen]
        fields = {name: taken(column, chosen) for name, column in self.fields.items()}
        return attrs.evolve(self, size=len(position), fields=fields, position=position)

    def by_model(self, default: str | None = None) -> dict[str | None, LabelBatch]:
        """Split the batch as :meth:`RecordBatch.by_model` does."""
        return _split(self, default)


@attrs.frozen(eq=False)
class RecordBatch:
    """Predictions: ``size`` of them, in columns that the decoder has typed (see :mod:`.columns`).

    ``features`` are by name, ``fields`` by the names of :data:`FIELDS`. A field or a feature that no record has is absent. With
    ``text`` true, columns that are not typed hold strings, as in CSV, and an empty string is missing. Event times are seconds
    since the epoch, latencies seconds. ``position`` (int64) is the index of each record among the non-empty lines of its chunk,
    ascending, without CSV headers. Code that joins chunks turns it into the index in the input.
    """

    size: int
    features: Features
    fields: Mapping[str, Column] = attrs.field(factory=dict)
    text: bool = False
    position: Positions = attrs.field(factory=lambda: NO_POSITIONS)

    @classmethod
    def of(
        cls,
        size: int,
        features: Mapping[str, Column],
        *,
        text: bool = False,
        position: Sequence[int] | Positions | None = None,
        **fields: Column | None,
    ) -> Self:
        """Records in columns of raw or typed values; ``position`` is 0, 1, 2 and so on where it is not given."""
        if not isinstance(features, Features):
            features = Features.of_typed(features, size) if text else Features.of(features, size)
        return cls(size, features, _typed_fields(fields, text=text), text, _placed(position, size))

    @classmethod
    def joined(cls, batches: Sequence[RecordBatch]) -> RecordBatch:
        """Concatenate at least one batch. All batches must have the same ``text``."""
        if len(batches) == 1:
            return batches[0]
        text = batches[0].text
        sizes = [batch.size for batch in batches]
        return cls(
            size=sum(sizes),
            features=Features.joined([batch.features for batch in batches], sizes, text=text),
            fields=_joined_fields(batches),
            text=text,
            position=np.concatenate([batch.position for batch in batches]),
        )

    def take(self, indexes: Sequence[int] | Positions | slice) -> Self:
        """The records at ``indexes`` (at least one), in that order."""
        chosen = _indexes(indexes)
        position = self.position[chosen]
        return attrs.evolve(
            self,
            size=len(position),
            features=self.features.take(chosen),
            fields={name: taken(column, chosen) for name, column in self.fields.items()},
            position=position,
        )

    def model_names(self) -> set[str | None]:
        """The models that the records name; includes ``None`` if a record names none."""
        column = self.fields.get("model")
        if column is None:
            return {None}
        values: Sequence[object] = column.distinct()[0] if isinstance(column, Texts) else column
        return set(map(model_name, values))

    def by_model(self, default: str | None = None) -> dict[str | None, RecordBatch]:
        """Split the batch by the model that each record names; records without a name go to ``default``.

        A name is a non-empty string of at most 200 characters, or a whole number (7 is ``"7"``).
        """
        return _split(self, default)


Batch = TypeVar("Batch", RecordBatch, LabelBatch)


def _split(batch: Batch, default: str | None) -> dict[str | None, Batch]:
    column = batch.fields.get("model")
    if column is None:
        return {default: batch}
    values: Sequence[object]
    values, places = column.distinct() if isinstance(column, Texts) else (column, np.arange(batch.size))
    names = [model_name(value) or default for value in values]
    order = {name: place for place, name in enumerate(dict.fromkeys(names))}
    if len(order) == 1:
        return {names[0]: batch}
    group = np.array([order[name] for name in names])[places]
    members = np.argsort(group, kind="stable")
    ends = np.cumsum(np.bincount(group, minlength=len(order)))[:-1]
    return {name: batch.take(own) for name, own in zip(order, np.split(members, ends), strict=True)}


@attrs.frozen(eq=False)
class Decoded:
    """The content of a chunk of lines. Each non-empty line is a record, a label or an error, or a CSV header.

    ``lines`` is the number of non-empty lines, without CSV headers. ``problem`` describes, once, why no line of the stream
    can be read. ``rejected`` holds the positions of the rejected lines, ascending; it is set once positions are those of
    the input. ``parts`` holds the records and rejected lines of each input by its name, if several inputs are joined.
    """

    records: RecordBatch | None = None
    labels: LabelBatch | None = None
    errors: Mapping[str, int] = attrs.field(factory=dict)
    problem: str = ""
    lines: int = 0
    rejected: NDArray[np.int64] = NO_POSITIONS
    parts: tuple[tuple[str, Decoded], ...] = ()


@attrs.frozen(eq=False)
class ModelBatch:
    """What one or more chunks held for one model.

    ``rejected`` holds the positions of rejected lines, ascending. ``arrival`` is the wall-clock time in seconds since the
    epoch, for records without a time; ``arrivals`` is that of each record, if the chunks came at several times.
    """

    records: RecordBatch | None
    labels: LabelBatch | None
    rejected: NDArray[np.int64]
    arrival: float
    arrivals: NDArray[np.float64] | None = None

    @property
    def size(self) -> int:
        """The number of records."""
        return self.records.size if self.records is not None else 0

    def arrival_of_records(self) -> NDArray[np.float64]:
        """The wall-clock time at which each record came."""
        return np.full(self.size, self.arrival) if self.arrivals is None else self.arrivals

    def behind(self, position: int) -> ModelBatch:
        """Shift all positions of the batch, if necessary, so that they follow ``position``.

        Positions count the lines of one input. A model may have several inputs, or an input of another name after a
        restart; then positions would begin at 0 again, but the monitors need an ascending order.
        """
        own = [self.records.position[0]] if self.records is not None else []
        first = min([*own, *self.rejected[:1]], default=position + 1)
        if first > position:
            return self
        shift = int(position + 1 - first)
        records, labels = _moved(self.records, shift), _moved(self.labels, shift)
        return ModelBatch(records, labels, self.rejected + shift, self.arrival, self.arrivals)

    def parts(self, begins: Sequence[int]) -> Iterator[tuple[bool, ModelBatch]]:
        """Split before the records at these ascending indexes, and say of each part whether it begins with one of them.

        Labels and rejected lines stay between the same records; what stands before the first record is a part of its own
        if the batch is split there.
        """
        if self.records is None or not begins:
            yield False, self
            return
        lines = self.records.position
        ends = [-np.inf, *(float(lines[begin]) for begin in begins), np.inf]
        places = [0, *begins, self.size]
        for part, ((first, last), (lowest, highest)) in enumerate(zip(pairwise(places), pairwise(ends), strict=True)):
            inside = (self.rejected >= lowest) & (self.rejected < highest)
            labels = self.labels
            if labels is not None:
                own = labels.position
                positions = np.flatnonzero((own >= lowest) & (own < highest))
                labels = labels.take(positions) if len(positions) else None
            if first < last or labels is not None or inside.any():
                records = self.records.take(range(first, last)) if first < last else None
                arrivals = None if self.arrivals is None else self.arrivals[first:last]
                yield part > 0, ModelBatch(records, labels, self.rejected[inside], self.arrival, arrivals)

    def snapshot(self) -> dict[str, Any]:
        """Raw columns, as plain values."""
        return {
            "records": plain(self.records),
            "labels": plain(self.labels),
            "rejected": self.rejected,
            "arrival": self.arrival,
            "arrivals": self.arrivals,
        }

    @classmethod
    def restored(cls, state: Mapping[str, Any]) -> ModelBatch:
        """The batch of a :meth:`snapshot`."""
        records, labels = state["records"], state["labels"]
        return cls(
            None if records is None else restored(RecordBatch, records),
            None if labels is None else restored(LabelBatch, labels),
            np.asarray(state["rejected"], dtype=np.int64) if len(state["rejected"]) else NO_POSITIONS,
            float(state["arrival"]),
            # The first builds of 0.1.0 gave a model what came at one time.
            None if state.get("arrivals") is None else np.asarray(state["arrivals"], dtype=np.float64),
        )


def _moved(batch: Batch | None, shift: int) -> Batch | None:
    return None if batch is None else attrs.evolve(batch, position=batch.position + shift)


def plain(batch: Batch | None) -> dict[str, Any] | None:
    """The columns of a batch as plain values and arrays; :func:`restored` turns them into a batch again.

    A column that nobody outside of this process may read is left out. A snapshot cannot hold a whole number of more than 64
    bits: among raw values it becomes a float, as monitors read it.
    """
    if batch is None:
        return None
    kept = {name: column for name, column in batch.fields.items() if FIELDS[name].holds != "secret"}
    state: dict[str, Any] = {name: stored(column) for name, column in kept.items()}
    state |= {"size": batch.size, "text": batch.text, "line": batch.position}
    if isinstance(batch, RecordBatch):
        state["features"] = {str(storable(name)): stored(column) for name, column in batch.features.items()}
    return state


def restored(kind: type[Batch], state: Mapping[str, Any]) -> Batch:
    """The batch of the columns that :func:`plain` returned, also in version 0.1.0, whose columns were raw values."""
    size, text = int(state["size"]), bool(state["text"])
    fields = {name: loaded(state[name]) for name in FIELDS if state.get(name) is not None}
    if state.get("identifier") is not None:
        fields["id"] = loaded(state["identifier"])
    columns = _typed_fields(fields, text=text)
    latency = columns.get("latency")
    if isinstance(latency, Numbers) and "latency_unit" in state:
        columns["latency"] = Numbers(latency.values * float(state["latency_unit"]), latency.invalid)
    position = _placed(state["line"], size)
    if issubclass(kind, LabelBatch):
        return kind(size, columns, text, position)
    own = {name: loaded(column) for name, column in state["features"].items()}
    features = Features.of_typed(own, size) if text else Features.of(own, size)
    return kind(size, features, columns, text, position)
