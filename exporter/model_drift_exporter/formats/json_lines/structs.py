"""The structs that records are decoded into, compiled from the schema and from what features have held so far."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Literal

import attrs
import msgspec

from ...records.fields import FIELDS
from ..schema import Schema
from .rows import Aliases

__all__ = ["Kind", "RecordStructs"]

Kind = Literal["number", "text", "any"]
# Any JSON value, numbers as floats: decoding such a field never fails, so a bad value cannot reject its record.
_ANY = float | str | bool | list[Any] | dict[str, Any] | None
_TYPES: Mapping[Kind, Any] = {"number": float | None, "text": str | None, "any": _ANY}


@attrs.frozen(eq=False)
class RecordStructs:
    """One struct for a record, one for its object of features, and where each field and feature is in them.

    ``kinds`` are those of ``features``, and behind them of the features ``beside`` the other fields in a log of both forms. A
    value of another kind makes decoding fail, where a kind is not ``any``.
    """

    features: Sequence[str]
    beside: Sequence[str]
    kinds: Sequence[Kind]
    positions: Mapping[str, int]
    width: int
    container: type[Any] | None
    record: type[Any]
    decoder: msgspec.json.Decoder[Any]

    @classmethod
    def of(cls, schema: Schema, aliases: Aliases, kinds: Mapping[str, Kind]) -> RecordStructs:
        """The structs for a schema; a feature without a kind may hold anything."""
        fields = [field for field in FIELDS if field in schema.fields]
        # Two fields may be configured with the same name.
        own = {schema.fields[field]: field for field in reversed(fields)}
        distinct = [field for field in fields if field in own.values()]
        definitions: list[tuple[str, Any, Any]] = [
            (f"field_{field}", Any, msgspec.UNSET if field == "label" else None) for field in distinct
        ]
        names = {f"field_{field}": schema.fields[field] for field in distinct}
        flat = [name for name in schema.features if name not in names.values()]
        features, beside = list(schema.features) if schema.nested else flat, flat if schema.mixed else []
        container = None
        if schema.nested:
            inner = {f"feature_{position}": name for position, name in enumerate(features)}
            typed = [(field, _TYPES[kinds.get(name, "any")], None) for field, name in inner.items()]
            container = aliases.struct("Features", typed, inner)
            definitions.append(("features", container | float | str | bool | list[Any] | None, None))
            names["features"] = schema.fields["features"]
        for position, name in enumerate(beside if schema.nested else flat):
            definitions.append((f"feature_{position}", _TYPES[kinds.get(name, "any")], None))
            names[f"feature_{position}"] = name
        record = aliases.struct("Record", definitions, names)
        return cls(
            features=features,
            beside=beside,
            kinds=[kinds.get(name, "any") for name in features],
            positions={field: distinct.index(own[schema.fields[field]]) for field in fields},
            width=len(distinct),
            container=container,
            record=record,
            decoder=msgspec.json.Decoder(record),
        )
