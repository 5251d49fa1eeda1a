"""The meaning of each field of a record: configured names come first, then commonly used names."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

import attrs

from ..records.batches import MAXIMUM_NAME
from ..records.columns import Column, Numbers
from ..records.fields import FIELDS

__all__ = ["FIELD_CANDIDATES", "MAXIMUM_FEATURES", "OUTPUTS", "Schema"]

FIELD_CANDIDATES: Mapping[str, tuple[str, ...]] = {
    **{name: field.candidates for name, field in FIELDS.items()},
    "features": ("features", "inputs", "input", "instance"),
}
"""Names tried for each field; the first one present wins. ``features`` counts only if it holds an object."""

OUTPUTS = tuple(name for name, field in FIELDS.items() if field.output)
"""Fields that hold the output of a model."""

_ONLY_NESTED = frozenset(name for name, field in FIELDS.items() if field.only_nested)

MAXIMUM_FEATURES = 2_000
"""The most feature names that are kept. A log with data in its keys must not fill the memory."""


@attrs.define(eq=False)
class Schema:
    """The fields and features of the records seen so far.

    ``configured`` maps a field (a key of ``FIELD_CANDIDATES``) to its name; ``None`` means that the name is detected.
    ``fields`` maps each known field to its name. ``nested`` is true if the features are in their own object, and
    ``None`` until a record shows it. ``generation`` grows with every change, so that decoders know when to compile again.

    If ``closed`` is true, the references or the configuration name all features; other names go to ``unknown``. If
    ``labels`` is true, every record of the input is a label, and none has features. ``numeric`` and ``categorical`` are features
    that the references of all models in the log take for such, as long as no model learns one.
    """

    configured: Mapping[str, str | None] = attrs.field(factory=dict)
    include: frozenset[str] = frozenset()
    exclude: frozenset[str] = frozenset()
    closed: bool = False
    labels: bool = False
    numeric: frozenset[str] = frozenset()
    categorical: frozenset[str] = frozenset()
    fields: dict[str, str] = attrs.field(init=False)
    features: dict[str, None] = attrs.field(init=False, factory=dict)
    unknown: dict[str, None] = attrs.field(init=False, factory=dict)
    nested: bool | None = attrs.field(init=False, default=None)
    generation: int = attrs.field(init=False, default=0)
    _flat_outputs: bool = attrs.field(init=False, default=False)

    def __attrs_post_init__(self) -> None:
        self.fields = {field: name for field, name in self.configured.items() if name}

    def in_seconds(self, latency: Column) -> Column:
        """The typed latency column in seconds: the field holds milliseconds if its name ends in ``ms``."""
        if not isinstance(latency, Numbers) or not self.fields.get("latency", "").endswith("ms"):
            return latency
        return Numbers(latency.values * 0.001, latency.invalid)

    @property
    def mixed(self) -> bool:
        """Whether the log has both forms: first flat records with an output, then records with an object of features."""
        return bool(self.nested) and self._flat_outputs

    def configure(
        self, configured: Mapping[str, str | None], include: frozenset[str], exclude: frozenset[str], *, closed: bool
    ) -> None:
        """Start again with other settings, as if no record had been seen."""
        self.configured, self.include, self.exclude, self.closed = configured, include, exclude, closed
        self.fields = {field: name for field, name in configured.items() if name}
        self.features, self.unknown, self.nested, self._flat_outputs = {}, {}, None, False
        self.generation += 1

    def open(self) -> None:
        """Add the unknown features noted so far, and accept new ones from now on: a model without a reference appeared."""
        self.closed = False
        self.numeric = self.categorical = frozenset()
        self.generation += 1
        noted, self.unknown = self.unknown, {}
        self.add_features(noted)

    def add_features(self, names: Iterable[str]) -> None:
        """Add the feature names that include, exclude and the limits allow; an input of labels adds none."""
        for name in names if not self.labels else ():
            if name in self.features or name in self.exclude or (self.include and name not in self.include):
                continue
            if len(self.features) >= MAXIMUM_FEATURES or len(name) > MAXIMUM_NAME:
                self.note_unknown(name)
                continue
            self.features[name] = None
            self.generation += 1

    def note_unknown(self, name: str) -> None:
        """Remember a feature that is not monitored, for the page and ``check``."""
        if len(self.unknown) < MAXIMUM_FEATURES:
            self.unknown[name[:MAXIMUM_NAME]] = None

    def learn(self, record: Mapping[str, object]) -> None:
        """Learn field and feature names from one record."""
        self._learn_fields(record)
        if self.labels:
            return
        container = record.get(self.fields["features"]) if "features" in self.fields else None
        if isinstance(container, dict):
            if self.nested is not True:
                self.nested = True
                self.generation += 1
            self._learn_features(container)
        elif not self.nested and not self.configured.get("features") and not self._is_bare_label(record):
            # A field called "features" that holds no object is a broken record, not a feature of that name.
            reserved = {"features", *self.fields.values()}
            flat = [name for name in record if name not in reserved]
            if flat and self.nested is None:
                self.nested = False
                self.generation += 1
            self._flat_outputs = self._flat_outputs or (bool(flat) and self._has_any(OUTPUTS, record))
            self._learn_features(flat)

    def _learn_fields(self, record: Mapping[str, object]) -> None:
        taken = set(self.fields.values())
        nested = self._has_container(record)
        for field, candidates in FIELD_CANDIDATES.items():
            if field in self.fields or (field in _ONLY_NESTED and not nested):
                continue
            for name in candidates:
                if field in _ONLY_NESTED and name in self.features:
                    continue
                if name in record and name not in taken and (field != "features" or isinstance(record[name], dict)):
                    taken.add(name)
                    self.fields[field] = name
                    self.generation += 1
                    break

    def _has_container(self, record: Mapping[str, object]) -> bool:
        """Whether a record has its features in an object of their own."""
        known = self.fields.get("features")
        names = (known,) if known else FIELD_CANDIDATES["features"]
        return any(isinstance(record.get(name), dict) for name in names)

    def names_features(self, record: Mapping[str, object]) -> bool:
        """Whether a flat record has features; null values and features unknown to the references count."""
        if self.labels:
            return False
        beside = record.keys() - self.fields.values()
        if not beside.isdisjoint(self.features):
            return True
        return not self._is_bare_label(record) and not beside.isdisjoint(self.unknown)

    def snapshot(self) -> dict[str, Any]:
        """What was learned, as plain values."""
        return {
            "closed": self.closed,
            "fields": dict(self.fields),
            "features": [*self.features],
            "unknown": [*self.unknown],
            "nested": self.nested,
            "flat_outputs": self._flat_outputs,
        }

    def restore(self, state: Mapping[str, Any]) -> None:
        """Go on from a snapshot of a schema with the same settings."""
        self.closed, self.nested, self._flat_outputs = state["closed"], state["nested"], state["flat_outputs"]
        if not self.closed:
            self.numeric = self.categorical = frozenset()
        self.fields = dict(state["fields"])
        self.features, self.unknown = dict.fromkeys(state["features"]), dict.fromkeys(state["unknown"])
        self.generation += 1

    def _is_bare_label(self, record: Mapping[str, object]) -> bool:
        # Other fields beside a label, such as its author, are no features of the model. A label without an id can never
        # be joined to a prediction, so such a record is a row of training data.
        return all(self._has_any((field,), record) for field in ("id", "label")) and not self._has_any(OUTPUTS, record)

    def _has_any(self, fields: Iterable[str], record: Mapping[str, object]) -> bool:
        return any(self.fields.get(field) in record for field in fields)

    def _learn_features(self, names: Iterable[str]) -> None:
        if self.closed:
            for name in names:
                if name not in self.features and name not in self.exclude:
                    self.note_unknown(name)
        else:
            self.add_features(names)
