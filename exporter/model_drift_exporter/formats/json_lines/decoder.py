"""JSON lines: one JSON object per line. Features are nested in an object, or flat beside the other fields."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import attrs
import msgspec
import numpy as np
from msgspec.structs import astuple
from numpy.typing import NDArray

from ...records.batches import Decoded, LabelBatch, RecordBatch
from ...records.chunk import NO_ATTRIBUTES, Attributes
from ...records.features import Features
from ...records.fields import FIELDS
from ..column_types import ColumnTypes
from ..format import FormatSpec, Row
from ..schema import OUTPUTS, Schema
from .bodies import lines_of_body
from .lenient import NOT_JSON, decode_leniently
from .rows import Aliases, DecodedRows, is_braced, non_empty_lines, one_a_line
from .structs import Kind, RecordStructs

__all__ = ["JSON_LINES", "JsonLinesDecoder", "json_rows"]

_OF_LABELS = tuple(name for name, field in FIELDS.items() if field.of_labels)
_KINDS: Mapping[type, Kind] = {float: "number", str: "text"}
_SCANNED_LINES = 20_000
_SCANNED_LINES_CLOSED = 200
_UNDECODABLE = (msgspec.MsgspecError, UnicodeDecodeError, RecursionError)


class JsonLinesDecoder:
    """Decodes a whole chunk in one call, with msgspec structs compiled from the schema.

    The structs take numbers only for a feature that has held only numbers so far, and texts likewise; a chunk with another value
    is decoded again with structs that take anything, and the feature's values are looked at one by one from then on.

    The first lines are scanned for field and feature names, and after these the first line of each chunk. Rows without
    features are inspected one by one, so that labels are recognised even if they begin late. Once a record had its
    features in an object, a flat row counts only if flat rows came first and it has an output and a known feature.
    """

    def __init__(self, schema: Schema) -> None:
        self._schema = schema
        self._generation = -1
        self._closed = schema.closed
        self._unscanned = _SCANNED_LINES_CLOSED if schema.closed else _SCANNED_LINES
        self._generic = msgspec.json.Decoder()
        self._types = ColumnTypes()

    def decode(self, data: bytes, attributes: Attributes = NO_ATTRIBUTES) -> Decoded:
        """Decode lines of JSON. Bad data never raises an error."""
        del attributes
        self._scan(data)
        while True:
            if self._generation != self._schema.generation:
                self._compile()
            errors: Counter[str] = Counter()
            rows = self._rows(data, errors)
            decoded = self._assemble(rows, data, errors) if rows.rows else Decoded()
            if decoded is not None:
                return attrs.evolve(decoded, errors=errors, lines=rows.total)

    def _scan(self, data: bytes) -> None:
        if self._closed and not self._schema.closed:
            self._closed, self._unscanned = False, _SCANNED_LINES
        lines = data.split(b"\n", max(self._unscanned, 1))[: max(self._unscanned, 1)]
        self._unscanned = max(self._unscanned - len(lines), 0)
        for line in lines:
            self._learn(line)

    def _learn(self, line: bytes) -> dict[str, Any]:
        try:
            record = self._generic.decode(line)
        except _UNDECODABLE:
            record = decode_leniently(line)
        if not isinstance(record, dict):
            return {}
        self._schema.learn(record)
        return record

    def _compile(self) -> None:
        schema = self._schema
        self._generation = schema.generation
        self._aliases = Aliases([*schema.fields.values(), *schema.features], schema.fields.get("features"))
        self._open = RecordStructs.of(schema, self._aliases, {})
        self._kinds: dict[str, Kind] = dict.fromkeys(schema.numeric, "number")
        self._strict: RecordStructs | None = None
        self._begin_strict()

    def _begin_strict(self) -> None:
        """Compile the structs that take only what features have held so far; none where that may be anything."""
        kinds = {name: kind for name, kind in self._kinds.items() if kind != "any"}
        self._strict = RecordStructs.of(self._schema, self._aliases, kinds) if kinds and not self._aliases else None

    def _rows(self, data: bytes, errors: Counter[str]) -> DecodedRows:
        if self._aliases:
            return self._rows_one_by_one(non_empty_lines(data), errors)
        structs = self._open
        try:
            if not data.isascii():
                data.decode()
            rows, structs = self._decoded(data)
            if one_a_line(data, len(rows)):
                return DecodedRows(rows, len(rows), structs=structs)
        except _UNDECODABLE:
            rows = []
        lines = non_empty_lines(data)
        if len(rows) == len(lines) and all(map(is_braced, lines)):
            return DecodedRows(rows, len(rows), lines, structs=structs)
        return self._rows_one_by_one(lines, errors)  # a bad line, two objects on one line, or one object over several

    def _decoded(self, data: bytes) -> tuple[list[Any], RecordStructs]:
        """The structs of all lines; raises what the decoder does if one is bad."""
        if self._strict is not None:
            try:
                return self._strict.decoder.decode_lines(data), self._strict
            except msgspec.ValidationError:
                pass  # a feature has another kind of value
        return self._open.decoder.decode_lines(data), self._open

    def _rows_one_by_one(self, lines: list[bytes], errors: Counter[str]) -> DecodedRows:
        found = [self._row(line, errors) for line in lines]
        if None not in found:
            return DecodedRows(found, len(found), lines, structs=self._open)
        places = [place for place, row in enumerate(found) if row is not None]
        kept = [found[place] for place in places]
        return DecodedRows(kept, len(lines), [lines[place] for place in places], places, structs=self._open)

    def _row(self, line: bytes, errors: Counter[str]) -> Any:
        try:
            if not line.isascii():
                line.decode()
            if self._aliases:
                return msgspec.convert(self._aliases.rename(self._generic.decode(line)), self._open.record)
            return self._open.decoder.decode(line)
        except UnicodeDecodeError:
            errors["invalid_utf8"] += 1
        except (msgspec.MsgspecError, RecursionError):
            record = decode_leniently(line)
            if isinstance(record, dict):
                return msgspec.convert(self._aliases.rename(record), self._open.record)
            errors["not_json" if record is NOT_JSON else "not_an_object"] += 1
        return None

    def _assemble(self, rows: DecodedRows, data: bytes, errors: Counter[str]) -> Decoded | None:
        """Build columns, and separate labels from records. Returns ``None`` if the schema has grown meanwhile."""
        size, structs = len(rows.rows), rows.structs
        columns: list[Sequence[Any]] = list(zip(*map(astuple, rows.rows), strict=True))
        fields: dict[str, Sequence[Any]] = {field: columns[position] for field, position in structs.positions.items()}
        rest = columns[structs.width :]
        suspects = self._without_features(rest, fields, size, structs)
        line: Sequence[int] | None = rows.places
        labels = None
        if suspects:
            if "label" not in fields or not (self._schema.nested or self._schema.labels):
                lines = rows.lines or non_empty_lines(data)
                records = [self._learn(lines[index]) for index in suspects]
                if self._generation != self._schema.generation:
                    return None
                if not self._schema.nested:
                    # A row whose features are all null has features; they are missing.
                    speaks = self._schema.names_features
                    suspects = [i for i, record in zip(suspects, records, strict=True) if not speaks(record)]
            given = fields.get("label", ())
            labelled = [index for index in suspects if given and given[index] is not msgspec.UNSET]
            if labelled:
                labels = self._labels(fields, labelled, rows.indexes(labelled))
            if len(suspects) > len(labelled):
                errors["no_label" if self._schema.labels else "no_features"] += len(suspects) - len(labelled)
            lost = set(suspects)
            kept = [index for index in range(size) if index not in lost]
            if not kept:
                return Decoded(None, labels)
            line = rows.indexes(kept)
            fields = {field: [column[index] for index in kept] for field, column in fields.items()}
            rest = [[column[index] for index in kept] for column in rest]
        if self._schema.nested:
            rest = self._contents(structs, *rest) if structs.features else []
        kept_size = size - len(suspects)
        features = self._typed(dict(zip(structs.features, rest, strict=True)), kept_size, structs)
        return Decoded(self._batch(kept_size, fields, features, line), labels)

    def _typed(self, columns: Mapping[str, Sequence[Any]], size: int, structs: RecordStructs) -> Features:
        """The typed columns of features; notes what those have held whose values could be anything."""
        sure = dict(zip(structs.features, structs.kinds, strict=True))
        found = dict(self._kinds)
        for name, column in columns.items():
            if sure[name] == "any" and found.get(name) != "any":
                held = set(map(type, column)) - {type(None)}
                if held:
                    kind = sure[name] = _KINDS.get(held.pop(), "any") if len(held) == 1 else "any"
                    found[name] = kind if found.get(name, kind) == kind else "any"
        if found != self._kinds:
            self._kinds = found
            self._begin_strict()
        return self._types.features(columns, size, sure=sure, numeric=self._schema.numeric)

    def _contents(
        self, structs: RecordStructs, containers: Sequence[Any], *beside: Sequence[Any]
    ) -> list[Sequence[Any]]:
        """Feature columns from the containers. In a mixed log, a record without a container has its features ``beside``."""
        if not beside:
            return list(zip(*map(astuple, containers), strict=True))
        flat = dict(zip(structs.beside, beside, strict=True))
        nothing = [None] * len(containers)
        rows = zip(*(flat.get(name, nothing) for name in structs.features), strict=True)
        pairs = zip(containers, rows, strict=True)
        return list(zip(*(astuple(c) if type(c) is structs.container else row for c, row in pairs), strict=True))

    def _without_features(
        self, rest: Sequence[Sequence[Any]], fields: dict[str, Sequence[Any]], size: int, structs: RecordStructs
    ) -> list[int]:
        if self._schema.labels:
            return list(range(size))
        if self._schema.nested:
            if set(map(type, rest[0])) == {structs.container}:
                return []
            lost = [index for index, value in enumerate(rest[0]) if type(value) is not structs.container]
            if structs.beside:
                said = [fields[field] for field in OUTPUTS if field in fields]
                lost = [index for index in lost if not (_any(said, index) and _any(rest[1:], index))]
            return lost
        if not rest:
            return list(range(size))
        if None not in rest[0]:
            return []
        return [index for index, value in enumerate(rest[0]) if value is None and not _any(rest, index)]

    def _batch(
        self,
        size: int,
        fields: dict[str, Sequence[Any]],
        features: Features,
        line: Sequence[int] | None,
    ) -> RecordBatch:
        label: Sequence[Any] | None = fields.get("label")
        if label is not None and msgspec.UNSET in label:
            given = [None if value is msgspec.UNSET else value for value in label]
            fields.pop("label")
            if not all(value is msgspec.UNSET for value in label):
                fields["label"] = given
        columns = {name: self._types.field(name, column) for name, column in fields.items()}
        if "latency" in columns:
            columns["latency"] = self._schema.in_seconds(columns["latency"])
        return RecordBatch(size, features, columns, position=_positions(line, size))

    def _labels(
        self, fields: dict[str, Sequence[Any]], indexes: Sequence[int], line: Sequence[int] | None
    ) -> LabelBatch:
        picked = {name: [fields[name][index] for index in indexes] for name in _OF_LABELS if name in fields}
        columns = {name: self._types.field(name, column) for name, column in picked.items()}
        return LabelBatch(len(indexes), columns, position=_positions(line, len(indexes)))


def _positions(line: Sequence[int] | None, size: int) -> NDArray[np.int64]:
    return np.arange(size) if line is None else np.array(line, dtype=np.int64)


def _any(columns: Sequence[Sequence[Any]], index: int) -> bool:
    return any(column[index] is not None for column in columns)


def json_rows(data: bytes, _head: bytes = b"") -> Iterator[Row]:
    """The record on each non-empty line, as the standard library decodes it."""
    for line in non_empty_lines(data):
        record = decode_leniently(line)
        yield record if isinstance(record, dict) else None


def _mistaken(first_line: bytes) -> tuple[str, str] | None:
    if first_line.startswith(b"["):
        return "one JSON array", "write one object a line: jq -c '.[]'"
    if first_line == b"{":
        return "JSON over several lines", "write one object a line: jq -c ."
    return None


JSON_LINES = FormatSpec(
    name="jsonl",
    title="JSON lines",
    make=JsonLinesDecoder,
    endings=(".jsonl", ".ndjson", ".json"),
    media_types=("application/json", "application/x-ndjson", "application/ndjson", "application/jsonl"),
    errors={
        "not_json": "each line must be one whole JSON object",
        "not_an_object": "each line must be a JSON object: {...}",
    },
    looks_like=lambda first_line: first_line.startswith(b"{"),
    mistaken=_mistaken,
    rows=json_rows,
    body=lines_of_body,
)
