"""JSON lines: one JSON object per line. Features are nested in an object, or flat beside the other fields."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from typing import Any

import attrs
import msgspec
from msgspec.structs import astuple

from ...records.batches import Decoded, LabelBatch, RecordBatch
from ...records.chunk import NO_ATTRIBUTES, Attributes
from ..format import FormatSpec, Row
from ..schema import OUTPUTS, Schema
from .bodies import lines_of_body
from .lenient import NOT_JSON, decode_leniently
from .rows import Aliases, DecodedRows, is_braced, non_empty_lines, one_a_line

__all__ = ["JSON_LINES", "JsonLinesDecoder", "json_rows"]

_FIELDS = ("time", "id", "model", "version", "prediction", "score", "scores", "label", "latency")
_SCANNED_LINES = 20_000
_SCANNED_LINES_CLOSED = 200
_UNDECODABLE = (msgspec.MsgspecError, UnicodeDecodeError, RecursionError)


class JsonLinesDecoder:
    """Decodes a whole chunk in one call, with msgspec structs compiled from the schema.

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

    def decode(self, data: bytes, attributes: Attributes = NO_ATTRIBUTES) -> Decoded:
        """Decode lines of JSON. Bad data never raises an error."""
        del attributes
        self._scan(data)
        while True:
            if self._generation != self._schema.generation:
                self._compile()
            errors: Counter[str] = Counter()
            rows = self._rows(data, errors)
            decoded = self._assemble(rows, data, errors) if rows.structs else Decoded()
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
        fields = [field for field in _FIELDS if field in schema.fields]
        # Two fields may be configured with the same name.
        own = {schema.fields[field]: field for field in reversed(fields)}
        self._fields = [field for field in fields if field in own.values()]
        self._positions = {field: self._fields.index(own[schema.fields[field]]) for field in fields}
        # Any JSON value, numbers as floats: decoding a field never fails, so a bad value cannot reject its record.
        value = float | str | bool | list[Any] | dict[str, Any] | None
        definitions: list[tuple[str, Any, Any]] = [
            (f"field_{field}", Any, msgspec.UNSET if field == "label" else None) for field in self._fields
        ]
        names = {f"field_{field}": schema.fields[field] for field in self._fields}
        flat = [name for name in schema.features if name not in names.values()]
        self._features, self._beside = list(schema.features) if schema.nested else flat, flat if schema.mixed else []
        self._aliases = Aliases([*schema.fields.values(), *schema.features], schema.fields.get("features"))
        if schema.nested:
            inner = {f"feature_{position}": name for position, name in enumerate(self._features)}
            self._container = self._aliases.struct("Features", [(n, value, None) for n in inner], inner)
            definitions.append(("features", self._container | float | str | bool | list[Any] | None, None))
            names["features"] = schema.fields["features"]
        for position, name in enumerate(self._beside if schema.nested else flat):
            definitions.append((f"feature_{position}", value, None))
            names[f"feature_{position}"] = name
        self._record = self._aliases.struct("Record", definitions, names)
        self._decoder = msgspec.json.Decoder(self._record)

    def _rows(self, data: bytes, errors: Counter[str]) -> DecodedRows:
        if self._aliases:
            return self._rows_one_by_one(non_empty_lines(data), errors)
        try:
            if not data.isascii():
                data.decode()
            rows = self._decoder.decode_lines(data)
            if one_a_line(data, len(rows)):
                return DecodedRows(rows, len(rows))
        except _UNDECODABLE:
            rows = []
        lines = non_empty_lines(data)
        if len(rows) == len(lines) and all(map(is_braced, lines)):
            return DecodedRows(rows, len(rows), lines)
        return self._rows_one_by_one(lines, errors)  # a bad line, two objects on one line, or one object over several

    def _rows_one_by_one(self, lines: list[bytes], errors: Counter[str]) -> DecodedRows:
        found = [self._row(line, errors) for line in lines]
        if None not in found:
            return DecodedRows(found, len(found), lines)
        places = [place for place, row in enumerate(found) if row is not None]
        return DecodedRows([found[place] for place in places], len(lines), [lines[place] for place in places], places)

    def _row(self, line: bytes, errors: Counter[str]) -> Any:
        try:
            if not line.isascii():
                line.decode()
            if self._aliases:
                return msgspec.convert(self._aliases.rename(self._generic.decode(line)), self._record)
            return self._decoder.decode(line)
        except UnicodeDecodeError:
            errors["invalid_utf8"] += 1
        except (msgspec.MsgspecError, RecursionError):
            record = decode_leniently(line)
            if isinstance(record, dict):
                return msgspec.convert(self._aliases.rename(record), self._record)
            errors["not_json" if record is NOT_JSON else "not_an_object"] += 1
        return None

    def _assemble(self, rows: DecodedRows, data: bytes, errors: Counter[str]) -> Decoded | None:
        """Build columns, and separate labels from records. Returns ``None`` if the schema has grown meanwhile."""
        size = len(rows.structs)
        columns: list[Sequence[Any]] = list(zip(*map(astuple, rows.structs), strict=True))
        fields: dict[str, Sequence[Any]] = {field: columns[position] for field, position in self._positions.items()}
        rest = columns[len(self._fields) :]
        suspects = self._without_features(rest, fields, size)
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
                labels = _labels(fields, labelled, rows.indexes(labelled))
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
            rest = self._contents(*rest) if self._features else []
        features = dict(zip(self._features, rest, strict=True))
        return Decoded(self._batch(size - len(suspects), fields, features, line), labels)

    def _contents(self, containers: Sequence[Any], *beside: Sequence[Any]) -> list[Sequence[Any]]:
        """Feature columns from the containers. In a mixed log, a record without a container has its features ``beside``."""
        if not beside:
            return list(zip(*map(astuple, containers), strict=True))
        flat = dict(zip(self._beside, beside, strict=True))
        nothing = [None] * len(containers)
        rows = zip(*(flat.get(name, nothing) for name in self._features), strict=True)
        pairs = zip(containers, rows, strict=True)
        return list(zip(*(astuple(c) if type(c) is self._container else row for c, row in pairs), strict=True))

    def _without_features(
        self, rest: Sequence[Sequence[Any]], fields: dict[str, Sequence[Any]], size: int
    ) -> list[int]:
        if self._schema.labels:
            return list(range(size))
        if self._schema.nested:
            if set(map(type, rest[0])) == {self._container}:
                return []
            lost = [index for index, value in enumerate(rest[0]) if type(value) is not self._container]
            if self._beside:
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
        features: dict[str, Sequence[Any]],
        line: Sequence[int] | None,
    ) -> RecordBatch:
        label: Sequence[Any] | None = fields.get("label")
        if label is not None and msgspec.UNSET in label:
            given = [None if value is msgspec.UNSET else value for value in label]
            label = None if all(value is msgspec.UNSET for value in label) else given
        return RecordBatch(
            size=size,
            features=features,
            time=fields.get("time"),
            id=fields.get("id"),
            model=fields.get("model"),
            version=fields.get("version"),
            prediction=fields.get("prediction"),
            score=fields.get("score"),
            scores=fields.get("scores"),
            label=label,
            latency=fields.get("latency"),
            latency_unit=self._schema.latency_unit,
            position=line,
        )


def _any(columns: Sequence[Sequence[Any]], index: int) -> bool:
    return any(column[index] is not None for column in columns)


def _labels(fields: dict[str, Sequence[Any]], indexes: Sequence[int], line: Sequence[int] | None) -> LabelBatch:
    def pick(field: str) -> list[Any] | None:
        column = fields.get(field)
        return None if column is None else [column[index] for index in indexes]

    return LabelBatch(len(indexes), pick("time"), pick("id"), pick("model"), pick("label") or [], position=line)


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
