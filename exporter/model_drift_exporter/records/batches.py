"""Batches of records and labels in columns, as formats decode them, and the batch of one model."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Mapping, Sequence
from itertools import pairwise
from operator import itemgetter
from typing import Any, Self, TypeVar

import attrs
import numpy as np
from numpy.typing import NDArray

__all__ = [
    "MAXIMUM_NAME",
    "NO_POSITIONS",
    "Decoded",
    "LabelBatch",
    "ModelBatch",
    "RecordBatch",
    "model_name",
    "plain",
    "positions_of",
    "restored",
]

Column = Sequence[object]
_DEEPEST = 10
_SMALLEST, _LARGEST = -(2**63), 2**64 - 1


def _selector(indexes: Sequence[int]) -> Callable[[Column | None], Column | None]:
    if len(indexes) == 1:
        only = indexes[0]
        return lambda column: None if column is None else (column[only],)
    pick: Callable[[Column], Column] = itemgetter(*indexes)
    return lambda column: None if column is None else pick(column)


def _taken_positions(position: Sequence[int] | None, indexes: Sequence[int]) -> Sequence[int]:
    return indexes if position is None else [position[index] for index in indexes]


MAXIMUM_NAME = 200
"""The most characters that a model, version, feature, category or class name may have to become a label value."""
NO_POSITIONS: NDArray[np.int64] = np.empty(0, dtype=np.int64)
"""The positions of no lines."""


def model_name(value: object) -> str | None:
    """The model name in a raw value; ``None`` if it is no name, such as an object or a text of over 200 characters."""
    named = isinstance(value, str) or type(value) is int
    return str(value) or None if named and len(str(value)) <= MAXIMUM_NAME else None


@attrs.frozen(eq=False)
class LabelBatch:
    """Labels without features, in columns of ``size`` raw values each. A field that no record has is ``None``.

    ``text`` and ``position`` are as in :class:`RecordBatch`.
    """

    size: int = 0
    time: Column | None = None
    id: Column | None = None
    model: Column | None = None
    label: Column = ()
    text: bool = False
    position: Sequence[int] | None = None

    @classmethod
    def joined(cls, batches: Sequence[LabelBatch]) -> Self:
        """Concatenate at least one batch. All batches must have the same ``text``."""

        def column(name: str) -> Column | None:
            columns = [getattr(batch, name) for batch in batches]
            if all(each is None for each in columns):
                return None
            pairs = zip(columns, batches, strict=True)
            return [value for each, batch in pairs for value in ((None,) * batch.size if each is None else each)]

        return cls(
            size=sum(batch.size for batch in batches),
            time=column("time"),
            id=column("id"),
            model=column("model"),
            label=column("label") or (),
            text=batches[0].text,
            position=np.concatenate([*map(positions_of, batches)]).tolist(),
        )

    def take(self, indexes: Sequence[int]) -> Self:
        """The labels at ``indexes`` (at least one), in that order."""
        pick = _selector(indexes)
        return attrs.evolve(
            self,
            size=len(indexes),
            time=pick(self.time),
            id=pick(self.id),
            model=pick(self.model),
            label=pick(self.label) or (),
            position=_taken_positions(self.position, indexes),
        )

    def by_model(self, default: str | None = None) -> dict[str | None, LabelBatch]:
        """Split the batch as :meth:`RecordBatch.by_model` does."""
        return _split(self, default)


@attrs.frozen(eq=False)
class RecordBatch:
    """Predictions in columns of ``size`` raw values each.

    A raw value is what JSON gives: ``float`` for any number, ``str``, ``bool``, ``None`` (null or absent), ``list`` or
    ``dict``. With ``text`` true the values are strings, as in CSV, and an empty string is missing. A field that no record
    has is ``None`` instead of a column; a feature that no record has is absent from ``features``. Latencies are in units of
    ``latency_unit`` seconds. ``position`` is the index of each record among the non-empty lines of its chunk, ascending,
    without CSV headers; ``None`` means 0, 1, 2 and so on. Code that joins chunks turns it into the index in the input.
    """

    size: int
    features: Mapping[str, Column]
    time: Column | None = None
    id: Column | None = None
    model: Column | None = None
    version: Column | None = None
    prediction: Column | None = None
    score: Column | None = None
    scores: Column | None = None
    label: Column | None = None
    latency: Column | None = None
    latency_unit: float = 1.0
    text: bool = False
    position: Sequence[int] | None = None

    @classmethod
    def joined(cls, batches: Sequence[RecordBatch]) -> Self:
        """Concatenate at least one batch. All batches must have the same ``text`` and ``latency_unit``."""
        missing = "" if batches[0].text else None

        def column(columns: Sequence[Column | None]) -> Column | None:
            if all(each is None for each in columns):
                return None
            pairs = zip(columns, batches, strict=True)
            return [value for each, batch in pairs for value in ((missing,) * batch.size if each is None else each)]

        fields = ("time", "id", "model", "version", "prediction", "score", "scores", "label", "latency")
        names = dict.fromkeys(name for batch in batches for name in batch.features)
        return cls(
            size=sum(batch.size for batch in batches),
            features={name: column([batch.features.get(name) for batch in batches]) or () for name in names},
            latency_unit=batches[0].latency_unit,
            text=batches[0].text,
            position=np.concatenate([*map(positions_of, batches)]).tolist(),
            **{field: column([getattr(batch, field) for batch in batches]) for field in fields},
        )

    def take(self, indexes: Sequence[int]) -> Self:
        """The records at ``indexes`` (at least one), in that order."""
        pick = _selector(indexes)
        return attrs.evolve(
            self,
            size=len(indexes),
            features={name: pick(column) or () for name, column in self.features.items()},
            time=pick(self.time),
            id=pick(self.id),
            model=pick(self.model),
            version=pick(self.version),
            prediction=pick(self.prediction),
            score=pick(self.score),
            scores=pick(self.scores),
            label=pick(self.label),
            latency=pick(self.latency),
            position=_taken_positions(self.position, indexes),
        )

    def model_names(self) -> set[str | None]:
        """The models that the records name; includes ``None`` if a record names none."""
        if self.model is None:
            return {None}
        if self.model.count(self.model[0]) == self.size:
            return {model_name(self.model[0])}
        return set(map(model_name, self.model))

    def by_model(self, default: str | None = None) -> dict[str | None, RecordBatch]:
        """Split the batch by the model that each record names; records without a name go to ``default``.

        A name is a non-empty string of at most 200 characters, or a whole number (7 is ``"7"``).
        """
        return _split(self, default)


Batch = TypeVar("Batch", RecordBatch, LabelBatch)


def _split(batch: Batch, default: str | None) -> dict[str | None, Batch]:
    models = batch.model
    if models is None:
        return {default: batch}
    if len(set(map(type, models))) == 1 and models.count(models[0]) == len(models):
        return {model_name(models[0]) or default: batch}
    members: dict[str | None, list[int]] = {}
    for index, value in enumerate(models):
        members.setdefault(model_name(value) or default, []).append(index)
    return {name: batch.take(indexes) for name, indexes in members.items()}


def positions_of(batch: RecordBatch | LabelBatch) -> NDArray[np.int64]:
    """The position of each record or label, as an array of ``size``."""
    position = batch.position
    if position is None:
        return np.arange(batch.size)
    return (
        np.arange(position.start, position.stop)
        if isinstance(position, range)
        else np.asarray(position, dtype=np.int64)
    )


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
    """All that a chunk held for one model.

    ``rejected`` holds the positions of rejected lines, ascending. ``arrival`` is the wall-clock time in seconds since the
    epoch, for records without a time.
    """

    records: RecordBatch | None
    labels: LabelBatch | None
    rejected: NDArray[np.int64]
    arrival: float

    @property
    def size(self) -> int:
        """The number of records."""
        return self.records.size if self.records is not None else 0

    def behind(self, position: int) -> ModelBatch:
        """Shift all positions of the batch, if necessary, so that they follow ``position``.

        Positions count the lines of one input. A model may have several inputs, or an input of another name after a
        restart; then positions would begin at 0 again, but the monitors need an ascending order.
        """
        own = [positions_of(self.records)[0]] if self.records is not None else []
        first = min([*own, *self.rejected[:1]], default=position + 1)
        if first > position:
            return self
        shift = int(position + 1 - first)
        return ModelBatch(_moved(self.records, shift), _moved(self.labels, shift), self.rejected + shift, self.arrival)

    def parts(self, begins: Sequence[int]) -> Iterator[ModelBatch]:
        """Split before the records at these ascending indexes. Labels and rejected lines stay between the same records."""
        if self.records is None or not begins:
            yield self
            return
        lines = positions_of(self.records)
        ends = [-np.inf, *(float(lines[begin]) for begin in begins if begin), np.inf]
        places = [0, *(begin for begin in begins if begin), self.size]
        for (first, last), (lowest, highest) in zip(pairwise(places), pairwise(ends), strict=True):
            inside = (self.rejected >= lowest) & (self.rejected < highest)
            labels = self.labels
            if labels is not None:
                own = positions_of(labels)
                positions = np.flatnonzero((own >= lowest) & (own < highest)).tolist()
                labels = labels.take(positions) if positions else None
            yield ModelBatch(self.records.take(range(first, last)), labels, self.rejected[inside], self.arrival)

    def snapshot(self) -> dict[str, Any]:
        """Raw columns, as plain values."""
        return {
            "records": plain(self.records),
            "labels": plain(self.labels),
            "rejected": self.rejected,
            "arrival": self.arrival,
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
        )


def _moved(batch: Batch | None, shift: int) -> Batch | None:
    return None if batch is None else attrs.evolve(batch, position=(positions_of(batch) + shift).tolist())


def plain(batch: Batch | None) -> dict[str, Any] | None:
    """The raw columns of a batch as plain values; :func:`restored` turns them into a batch again.

    A snapshot cannot hold a whole number of more than 64 bits. It becomes a float, as monitors read it; in an identifier
    it becomes its digits.
    """
    if batch is None:
        return None
    state: dict[str, Any] = {}
    for field in attrs.fields(type(batch)):
        value = getattr(batch, field.name)
        if isinstance(value, Mapping):
            value = {name: _storable(column) for name, column in value.items()}
        elif field.name == "position":
            value = positions_of(batch).tolist()
        elif field.name == "id" and value is not None:
            value = [str(each) if isinstance(each, int) and not _fits(each) else _storable(each) for each in value]
        elif isinstance(value, Sequence):
            value = _storable(value)
        state[_STORED_NAMES.get(field.name, field.name)] = value
    return state


def restored(kind: type[Batch], state: Mapping[str, Any]) -> Batch:
    """The batch of the columns that :func:`plain` returned."""
    return kind(**{_FIELDS_STORED.get(name, name): value for name, value in state.items()})


_STORED_NAMES = {"id": "identifier", "position": "line"}
"""Field names in snapshots: these fields were renamed later, but old snapshots must stay readable."""
_FIELDS_STORED = {stored: field for field, stored in _STORED_NAMES.items()}


def _storable(value: Any, depth: int = 0) -> Any:
    if isinstance(value, str):
        return value if value.isascii() else value.encode("utf-8", "replace").decode()
    if isinstance(value, bool) or value is None or isinstance(value, float):
        return value
    if isinstance(value, int):
        return value if _fits(value) else _as_float(value)
    if depth > _DEEPEST:
        return []  # no monitor reads a value that is nested deeper
    if isinstance(value, Mapping):
        return {str(_storable(name)): _storable(each, depth + 1) for name, each in value.items()}
    return [_storable(each, depth + 1) for each in value]


def _fits(value: int) -> bool:
    return _SMALLEST <= value <= _LARGEST


def _as_float(value: int) -> float:
    try:
        return float(value)
    except OverflowError:
        return math.inf if value > 0 else -math.inf
