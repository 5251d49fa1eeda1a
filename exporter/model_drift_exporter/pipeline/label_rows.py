"""Labels as rows of a fixed size, which can stand in a spool, and batches of labels from such rows."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ..array_spool import ArraySpool, SpoolStore
from ..records.batches import LabelBatch
from ..records.columns import Column, Identifiers, Numbers, Texts, joined, taken
from ..records.fields import FIELDS

__all__ = ["LabelRows"]

Rows = NDArray[Any]
Indexes = NDArray[np.int64]

_ABSENT, _NUMBER, _TEXT, _IDENTIFIER, _OTHER = range(5)
_VALUE = np.dtype([("kind", np.uint8), ("value", np.uint64), ("more", np.int32)])
"""A value of a field. ``kind`` is the type of the column that it is from, absent where a batch had none.

A number has its bits as ``value``, and ``more`` is 1 for what was none. An identifier has its hash, and ``more`` says whether
there is one. Others stand elsewhere: ``value`` says where, and ``more`` is their length in bytes, -1 where one is missing.
"""
_MOST_KNOWN, _MOST_KNOWN_BYTES = 10_000, 1 << 20
_MOST_ROWS, _MOST_BYTES = 20_000, 4 << 20
_TOO_DEEP = b"[]"


class LabelRows:
    """Writes labels as rows and reads them again: the same columns of the same types, with the same values.

    A row holds what all labels have; texts, and the few values that are neither texts nor numbers, stand one behind the other
    in a spool of the ``store``, a text that comes often once for all of them.
    """

    def __init__(self, store: SpoolStore) -> None:
        self._names = [name for name, field in FIELDS.items() if field.of_labels]
        self.kind = np.dtype([(name, _VALUE) for name in self._names])
        """The type of a row."""
        self._bytes = ArraySpool(np.uint8, store=store)
        self._places: dict[bytes, int] = {}
        self._read: dict[tuple[int, int], bytes] = {}
        self._known_bytes = {"places": 0, "read": 0}

    def rows(self, batch: LabelBatch) -> Rows:
        """The labels of a batch, [row]."""
        rows = np.zeros(batch.size, dtype=self.kind)
        for name, column in batch.fields.items():
            self._write(rows[name], column)
        return rows

    def parts(self, rows: Rows) -> Iterator[Rows]:
        """The rows in parts of at most 20,000, and of as many as have 4 MiB of texts; a row that has more is a part."""
        size = np.zeros(len(rows), dtype=np.int64)
        for name in self._names:
            values = rows[name]
            elsewhere = (values["kind"] == _TEXT) | (values["kind"] == _OTHER)
            size += np.where(elsewhere, np.maximum(values["more"], 0), 0)
        ends = np.cumsum(size)
        first = 0
        while first < len(rows):
            before = int(ends[first - 1]) if first else 0
            fitting = int(np.searchsorted(ends, before + _MOST_BYTES, side="right"))
            last = min(max(fitting, first + 1), first + _MOST_ROWS)
            yield rows[first:last]
            first = last

    def batch(self, rows: Rows, *, text: bool) -> LabelBatch:
        """The batch of some rows, at least one; ``text`` is as in the batches that they are from."""
        fields = {}
        for name in self._names:
            column = self._column(rows[name], text=text)
            if column is not None:
                fields[name] = column
        return LabelBatch(len(rows), fields, text, np.arange(len(rows)))

    def _write(self, values: Rows, column: Column) -> None:
        if isinstance(column, Numbers):
            values["kind"], values["value"] = _NUMBER, column.values.view(np.uint64)
            values["more"][column.invalid] = 1
        elif isinstance(column, Identifiers):
            values["kind"], values["value"], values["more"] = _IDENTIFIER, column.hashes, column.known
        elif isinstance(column, Texts):
            distinct, places = column.distinct()
            data = [None if text is None else text.encode("utf-8", "surrogatepass") for text in distinct]
            self._refer(values, _TEXT, data, places)
        else:
            self._refer(values, _OTHER, [*map(_encoded, column)], np.arange(len(column)))

    def _refer(self, values: Rows, kind: int, data: Sequence[bytes | None], places: Indexes) -> None:
        values["kind"] = kind
        values["value"] = np.array([0 if each is None else self._place(each) for each in data], dtype=np.uint64)[places]
        values["more"] = np.array([-1 if each is None else len(each) for each in data], dtype=np.int32)[places]

    def _place(self, data: bytes) -> int:
        place = self._places.get(data)
        if place is None:
            self._make_room(self._places, "places", len(data))
            place = self._places[data] = len(self._bytes)
            self._bytes.append(np.frombuffer(data, np.uint8))
        return place

    def _column(self, values: Rows, *, text: bool) -> Column | None:
        """The column of a field, ``None`` if no row has a value or a place for one."""
        kinds = np.unique(values["kind"]).tolist()
        if kinds == [_ABSENT]:
            return None
        if len(kinds) == 1:
            return self._of_kind(kinds[0], values)
        members = [np.flatnonzero(values["kind"] == kind) for kind in kinds]
        columns = [self._of_kind(kind, values[own]) for kind, own in zip(kinds, members, strict=True)]
        order = np.empty(len(values), dtype=np.int64)
        order[np.concatenate(members)] = np.arange(len(values))
        return taken(joined(columns, [*map(len, members)], text=text), order)

    def _of_kind(self, kind: int, values: Rows) -> Column | None:
        value, more = np.ascontiguousarray(values["value"]), values["more"]
        if kind == _NUMBER:
            return Numbers(value.view(np.float64), np.flatnonzero(more))
        if kind == _IDENTIFIER:
            return Identifiers(value, more != 0)
        if kind == _ABSENT:
            return None
        # An empty text stands where the next one begins.
        number = np.where(more < 0, -1, 2 * value.astype(np.int64) + (more > 0))
        _, first, places = np.unique(number, return_index=True, return_inverse=True)
        pairs = zip(value[first].tolist(), more[first].tolist(), strict=True)
        data = [None if length < 0 else self._data(place, length) for place, length in pairs]
        if kind == _TEXT:
            texts = Texts.of([None if each is None else each.decode("utf-8", "surrogatepass") for each in data])
            return texts.take(places)
        return [json.loads(data[place] or b"null") for place in places.tolist()]

    def _make_room(self, known: dict[Any, Any], name: str, size: int) -> None:
        """Forget what is known of texts, if there are many of them or they are long; ``size`` bytes come."""
        if len(known) >= _MOST_KNOWN or self._known_bytes[name] + size > _MOST_KNOWN_BYTES:
            known.clear()
            self._known_bytes[name] = 0
        self._known_bytes[name] += size

    def _data(self, place: int, length: int) -> bytes:
        data = self._read.get((place, length))
        if data is None:
            self._make_room(self._read, "read", length)
            data = self._read[place, length] = self._bytes.read(place, place + length).tobytes()
        return data


def _encoded(value: object) -> bytes:
    """A raw value as JSON, which is what it is from; also what standard JSON lacks, as NaN."""
    try:
        return json.dumps(value).encode()
    except RecursionError:
        return _TOO_DEEP  # nobody reads what is nested so deeply: it is no label
