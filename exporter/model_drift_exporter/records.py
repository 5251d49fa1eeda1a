"""Micro-batches of records in columns: what formats produce and what everything after them reads."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from operator import itemgetter

import attrs

__all__ = ["ERROR_REASONS", "MAXIMUM_NAME", "Decoded", "LabelBatch", "RecordBatch", "model_name"]

ERROR_REASONS = (
    "not_json",
    "not_an_object",
    "not_csv",
    "no_features",
    "line_too_long",
    "invalid_utf8",
    "invalid_gzip",
    "body_too_large",
)
"""Why a line is rejected; the last two are about the rest of a stream, which counts as one line.

A bad *value* never rejects a record.
"""

Column = Sequence[object]


def _selector(indexes: Sequence[int]) -> Callable[[Column], Column]:
    if len(indexes) == 1:
        only = indexes[0]
        return lambda column: (column[only],)
    pick: Callable[[Column], Column] = itemgetter(*indexes)
    return pick


MAXIMUM_NAME = 200
"""Characters of the longest model, version, feature, category or class name that becomes a label."""


def model_name(value: object) -> str | None:
    """The model that a raw value names; ``None`` for what would only carry data into a label, such as an object."""
    named = isinstance(value, str) or type(value) is int
    return str(value) or None if named and len(str(value)) <= MAXIMUM_NAME else None


@attrs.frozen(eq=False)
class LabelBatch:
    """Labels that came without features, in columns of ``size`` raw values; ``None`` for a field the records lack."""

    size: int = 0
    time: Column | None = None
    identifier: Column | None = None
    model: Column | None = None
    label: Column = ()


@attrs.frozen(eq=False)
class RecordBatch:
    """Predictions in columns of ``size`` raw values each.

    A raw value is what JSON gives: ``float`` for any number, ``str``, ``bool``, ``None`` (null or absent), ``list`` or
    ``dict``. With ``text`` true the values are strings, as in CSV, and an empty string is missing. A field that no record
    has is ``None`` instead of a column; a feature that no record has is absent from ``features``. Latencies are in
    ``latency_unit`` seconds.
    """

    size: int
    features: Mapping[str, Column]
    time: Column | None = None
    identifier: Column | None = None
    model: Column | None = None
    version: Column | None = None
    prediction: Column | None = None
    score: Column | None = None
    scores: Column | None = None
    label: Column | None = None
    latency: Column | None = None
    latency_unit: float = 1.0
    text: bool = False

    def take(self, indexes: Sequence[int]) -> RecordBatch:
        """The records at ``indexes`` (at least one), in that order."""
        pick = _selector(indexes)

        def picked(column: Column | None) -> Column | None:
            return None if column is None else pick(column)

        return attrs.evolve(
            self,
            size=len(indexes),
            features={name: pick(column) for name, column in self.features.items()},
            time=picked(self.time),
            identifier=picked(self.identifier),
            model=picked(self.model),
            version=picked(self.version),
            prediction=picked(self.prediction),
            score=picked(self.score),
            scores=picked(self.scores),
            label=picked(self.label),
            latency=picked(self.latency),
        )

    def model_names(self) -> set[str | None]:
        """The models that the records name; ``None`` among them where one names none."""
        if self.model is None:
            return {None}
        if self.model.count(self.model[0]) == self.size:
            return {model_name(self.model[0])}
        return set(map(model_name, self.model))

    def by_model(self) -> dict[str | None, RecordBatch]:
        """The batch split by the model that each record names; ``None`` where it names none.

        A name is a string that is not empty, or a whole number by its digits.
        """
        if self.model is None:
            return {None: self}
        if len(set(map(type, self.model))) == 1 and self.model.count(self.model[0]) == self.size:
            return {model_name(self.model[0]): self}
        indexes: dict[str | None, list[int]] = {}
        for index, value in enumerate(self.model):
            indexes.setdefault(model_name(value), []).append(index)
        return {name: self.take(members) for name, members in indexes.items()}


@attrs.frozen(eq=False)
class Decoded:
    """What a chunk of lines held: records + labels + errors are all of its non-empty lines (CSV headers aside).

    ``problem`` says, once, what is wrong with the stream as a whole, so that no line of it can be read.
    """

    records: RecordBatch | None = None
    labels: LabelBatch | None = None
    errors: Mapping[str, int] = attrs.field(factory=dict)
    problem: str = ""
