"""CSV with a header line; every value is text. One line is one record, so quoted line breaks are not supported."""

from __future__ import annotations

import csv
from collections import Counter
from collections.abc import Sequence

from ..records import Decoded, LabelBatch, RecordBatch
from .layout import Schema

__all__ = ["CsvDecoder"]

_FIELDS = {
    "time": "time",
    "id": "identifier",
    "model": "model",
    "version": "version",
    "prediction": "prediction",
    "score": "score",
    "label": "label",
    "latency": "latency",
}

_BLANKS = " \t\r\x0b\x0c"


class CsvDecoder:
    """Decodes the lines of one CSV stream; its first non-empty line is the header, which may come again."""

    per_stream = True

    def __init__(self, schema: Schema) -> None:
        self._schema = schema
        self._header: list[str] = []
        self._generation = -1

    def decode(self, data: bytes) -> Decoded:
        """Decode lines of CSV; nothing in ``data`` makes it raise."""
        errors: Counter[str] = Counter()
        rows = self._rows(data, errors)
        if rows and not self._header:
            self._header = rows[0]
        if self._header and self._generation != self._schema.generation:
            self._schema.learn(dict.fromkeys(self._header))
            self._generation = self._schema.generation
        rows = [row for row in rows if row != self._header]
        if not rows:
            return Decoded(errors=errors)
        whole = [row for row in rows if len(row) == len(self._header)]
        if len(whole) < len(rows):
            errors["not_csv"] += len(rows) - len(whole)
            if not whole:
                return Decoded(errors=errors)
        by_name: dict[str, Sequence[str]] = dict(zip(self._header, zip(*whole, strict=True), strict=True))
        return self._assemble(by_name, len(whole), errors)

    def _rows(self, data: bytes, errors: Counter[str]) -> list[list[str]]:
        texts = [text.rstrip("\r") for text in _texts(data, errors) if text.strip(_BLANKS)]
        if b'"' not in data:
            return [text.split(",") for text in texts]
        rows = []
        for text in texts:
            # A reader for each line: an unbalanced quote then spoils its own line and no other.
            try:
                rows.append(next(csv.reader((text,), strict=True)) if '"' in text else text.split(","))
            except csv.Error:
                errors["not_csv"] += 1
        return rows

    def _assemble(self, by_name: dict[str, Sequence[str]], size: int, errors: Counter[str]) -> Decoded:
        names = self._schema.fields
        fields = {column: by_name[names[field]] for field, column in _FIELDS.items() if names.get(field) in by_name}
        taken = set(names.values())
        features = {name: by_name[name] for name in self._schema.features if name in by_name and name not in taken}
        if self._schema.names_features(by_name):
            # A row whose features are all missing is a record if the model has said something.
            said = [fields[name] for name in ("prediction", "score") if name in fields]
            unknown = [by_name[name] for name in self._schema.unknown if name in by_name]
            telling = [*features.values(), *unknown, *said]
            bare = [
                index for index, first in enumerate(telling[0]) if not (first or any(c[index] for c in telling[1:]))
            ]
        else:
            bare = list(range(size))
        unit = self._schema.latency_unit
        batch = RecordBatch(size=size, features=features, latency_unit=unit, text=True, **fields)
        if not bare:
            return Decoded(batch, None, errors)
        label = fields.get("label", ())
        labelled = [index for index in bare if label and label[index]]
        if len(bare) > len(labelled):
            errors["no_features"] += len(bare) - len(labelled)
        labels = None
        if labelled:
            found = batch.take(labelled)
            labels = LabelBatch(len(labelled), found.time, found.identifier, found.model, found.label or ())
        lost = set(bare)
        kept = [index for index in range(size) if index not in lost]
        return Decoded(batch.take(kept) if kept else None, labels, errors)


def _texts(data: bytes, errors: Counter[str]) -> list[str]:
    try:
        return data.decode().split("\n")
    except UnicodeDecodeError:
        texts = []
    for line in data.split(b"\n"):
        try:
            texts.append(line.decode())
        except UnicodeDecodeError:
            errors["invalid_utf8"] += 1
    return texts
