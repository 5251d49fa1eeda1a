"""What ``check`` keeps of the beginning of an input while it is read: records, other lines, and what it seems to be instead."""

from __future__ import annotations

import gzip
import zlib
from collections import Counter
from collections.abc import Mapping
from pathlib import Path

import attrs
import numpy as np

from ...configuration.settings import InputSettings
from ...formats import FORMATS, FormatSpec, HeadedDecoder, Schema
from ...formats.schema import MAXIMUM_FEATURES
from ...records.batches import Decoded, RecordBatch
from ...records.chunk import Chunk
from ...records.features import Features
from ...records.framing import FRAMINGS, NEWLINE
from ...sources import Source, SourceStatus
from ...sources.compression import begins_like_gzip
from ...sources.files.discovery import find_file, find_files, is_archive, is_pattern
from ...words import excerpt

__all__ = ["BadLine", "Beginning", "Bounds", "InputReading", "Reader", "guess_format"]

_EXAMPLES = 3
_LONG_LINES = 1_000
_SEARCHED_BYTES = 64 << 20
_MAGIC = {
    b"\x28\xb5\x2f\xfd": ("compressed with Zstandard", "decompress it first, or use gzip"),
    b"\xfd7zXZ": ("compressed with xz", "decompress it first, or use gzip"),
    b"BZh": ("compressed with bzip2", "decompress it first, or use gzip"),
    b"PK\x03\x04": ("a zip archive", "unpack it first, or use gzip"),
    b"\x1f\x8b": ("compressed with gzip twice", "decompress it once"),
    b"SQLite": ("an SQLite database", "export its rows as JSON lines or CSV"),
    b"\xff\xfe": ("UTF-16 text", "save it as UTF-8"),
    b"\xfe\xff": ("UTF-16 text", "save it as UTF-8"),
}


@attrs.frozen
class Bounds:
    """How much of one input is read at most."""

    lines: int = 20_000
    size: int = 16 << 20


@attrs.frozen
class BadLine:
    """A rejected line: the file and line number it is in, and how it begins."""

    place: str
    excerpt: str


@attrs.define
class InputReading:
    """What was found in the beginning of one input.

    ``files`` are those matched with their sizes in bytes. ``lines`` counts the lines that are not empty, CSV headers
    aside; with ``complete`` false there are more, and ``share`` (0 to 1) says how much was read. ``values`` has an example
    of each name in the records, ``times`` the time of each record, both as written. ``others`` are fields that no setting
    and no detection uses. ``seems`` says what a file that cannot be decoded appears to be, and what to do about it.
    ``problem``: why a file could not be read, or not to its end; ``streams``: by stream, why none of its lines could be.
    """

    settings: InputSettings
    schema: Schema
    files: list[tuple[str, int]] = attrs.field(factory=list)
    format: str = ""
    batches: list[RecordBatch] = attrs.field(factory=list)
    labels: int = 0
    errors: Counter[str] = attrs.field(factory=Counter)
    examples: dict[str, list[BadLine]] = attrs.field(factory=dict)
    values: dict[str, object] = attrs.field(factory=dict)
    features: dict[str, object] = attrs.field(factory=dict)
    times: list[object] = attrs.field(factory=list)
    others: dict[str, None] = attrs.field(factory=dict)
    complete: bool = True
    share: float = 1.0
    seems: tuple[str, str] | None = None
    problem: str = ""
    streams: dict[str, str] = attrs.field(factory=dict)

    @property
    def records(self) -> int:
        return sum(batch.size for batch in self.batches)

    @property
    def lines(self) -> int:
        return self.records + self.labels + self.errors.total()


class Beginning(Source):
    """The beginning of another source: it ends at the bounds. ``complete`` is false if there was more."""

    def __init__(self, source: Source, bounds: Bounds) -> None:
        self.input = source.input
        self.format = source.format
        self.complete = True
        self._source = source
        self._lines, self._bytes = bounds.lines, bounds.size

    @property
    def finished(self) -> bool:
        return not self.complete or self._source.finished

    @property
    def patient(self) -> bool:
        return self._source.patient

    def poll(self, now: float, *, draining: bool = False) -> Chunk | None:
        chunk = self._source.poll(now, draining=draining)
        if chunk is None:
            return None
        if self._lines <= 0 or self._bytes <= 0:
            self.complete = False
            return None
        data = chunk.data if chunk.rows is not None else _first_lines(chunk.data, self._lines)
        self.complete = len(data) == len(chunk.data)
        self._lines -= data.count(b"\n") if chunk.rows is None else chunk.rows
        self._bytes -= len(data)
        return attrs.evolve(chunk, data=data)

    def status(self, now: float) -> SourceStatus:
        return self._source.status(now)

    def close(self) -> None:
        self._source.close()


class Reader:
    """Watches what an intake reads of one input, and keeps what there is to say of it."""

    def __init__(self, each: InputSettings, schema: Schema, line_bytes: int) -> None:
        self.reading = InputReading(each, schema, files=_files(each.path))
        self._line_bytes = line_bytes
        self._has_lines = each.framing in ("auto", NEWLINE.name)
        self._delivered: Counter[str] = Counter()
        self._heads: dict[str, bytes] = {}
        self._long: dict[str, Mapping[int, bytes]] = {}

    def watch(self, chunk: Chunk, name: str, decoded: Decoded) -> None:
        """Take in one chunk, as :data:`Watch`."""
        reading = self.reading
        first = reading.lines + sum(chunk.errors.values())
        if "line_too_long" in chunk.errors and self._has_lines and chunk.stream not in self._long:
            self._long[chunk.stream] = _long_lines(chunk.stream, self._line_bytes)
            self._note_long_lines(chunk.stream)
        if name and not reading.format:
            reading.format = name
            reading.seems = guess_format(chunk.data, name) if chunk.rows is None else None
        if decoded.problem:
            reading.streams[chunk.stream] = decoded.problem
        reading.errors.update(decoded.errors)
        if decoded.labels is not None:
            reading.labels += decoded.labels.size
        if name:
            self._note_rows(chunk, FORMATS[name], decoded, first)
            wanted = {
                reason
                for reason, count in decoded.errors.items()
                if count > chunk.errors.get(reason, 0) and len(reading.examples.get(reason, ())) < _EXAMPLES
            }
            if wanted:
                self._find_bad_lines(chunk, FORMATS[name], wanted)
        self._delivered[chunk.stream] += chunk.data.count(b"\n") if chunk.rows is None else chunk.rows

    def finish(self, source: Beginning, now: float) -> InputReading:
        """What was found, once nothing more is read."""
        reading, status = self.reading, source.status(now)
        reading.complete, reading.problem = source.complete, status.problem
        if not reading.complete:
            reading.share = status.bytes_read / max(status.bytes_read + status.lag_bytes, 1)
        used = {*reading.schema.fields.values(), *reading.schema.features}
        reading.others = dict.fromkeys(name for name in reading.values if name not in used)
        return reading

    def _note_rows(self, chunk: Chunk, spec: FormatSpec, decoded: Decoded, first: int) -> None:
        """Keep the records with their features, the times of records, and examples of values, as they are written."""
        reading, schema, records = self.reading, self.reading.schema, decoded.records
        container = schema.fields.get("features", "")
        rows = [*spec.rows(chunk.data, self._head_of(chunk))]
        for row in rows:
            if row is not None:
                _keep_first(reading.values, row)
                _keep_first(reading.features, _features_of(row, container))
        if records is None:
            return
        own = [rows[place] or {} for place in (records.position - first).tolist()]
        if "time" in records.fields:
            reading.times += [row.get(schema.fields["time"]) for row in own]
        inner = [_features_of(row, container) for row in own]
        missing = "" if records.text else None
        raw = {name: [features.get(name, missing) for features in inner] for name in records.features}
        features = Features(tuple(raw), np.empty((0, records.size)), {}, {}, raw)
        reading.batches.append(attrs.evolve(records, features=features))

    def _head_of(self, chunk: Chunk) -> bytes:
        """The first non-empty line of the stream of a chunk."""
        if chunk.head is not None or chunk.starts_stream or chunk.stream not in self._heads:
            head = chunk.head if chunk.head is not None else chunk.data.lstrip().partition(b"\n")[0]
            self._heads[chunk.stream] = head
        return self._heads[chunk.stream]

    def _find_bad_lines(self, chunk: Chunk, spec: FormatSpec, wanted: set[str]) -> None:
        """Decode the lines of a chunk one by one, until there are examples of all its errors."""
        # By a decoder of its own, so that what is looked at twice is not learned from twice.
        schema = Schema(labels=self.reading.schema.labels)
        schema.configured, schema.include = self.reading.schema.configured, self.reading.schema.include
        schema.exclude = self.reading.schema.exclude
        schema.restore(self.reading.schema.snapshot())
        decoder = spec.make(schema)
        if isinstance(decoder, HeadedDecoder):
            decoder.begin(self._head_of(chunk))
        for position, line in enumerate(spec.lines(chunk.data).split(b"\n")):
            errors = decoder.decode(line + b"\n", chunk.attributes).errors if line.strip() else {}
            for reason in errors:
                found = self.reading.examples.setdefault(reason, [])
                if len(found) < _EXAMPLES:
                    found.append(BadLine(self._place(chunk.stream, position), excerpt(line.strip())))
                if len(found) >= _EXAMPLES:
                    wanted.discard(reason)
            if not wanted:
                return

    def _place(self, stream: str, position: int) -> str:
        """File and line number, or that of the record; lines that are too long were left out, and are counted in."""
        number = self._delivered[stream] + position + 1
        for long in self._long.get(stream, {}):
            number += long <= number
        return f"{stream}:{number}" if self._has_lines else f"{stream}: record {number}"

    def _note_long_lines(self, stream: str) -> None:
        found = self.reading.examples.setdefault("line_too_long", [])
        for number, beginning in self._long[stream].items():
            if len(found) < _EXAMPLES:
                found.append(BadLine(f"{stream}:{number}", excerpt(beginning)))


def _features_of(row: Mapping[str, object], container: str) -> Mapping[str, object]:
    """The object of features in a record, or the record itself if it has none."""
    inner = row.get(container)
    return inner if isinstance(inner, Mapping) else row


def _keep_first(found: dict[str, object], row: Mapping[str, object]) -> None:
    """Keep the first value of each name that is no gap; ``None`` for a name that has had gaps only."""
    for name, value in row.items():
        if found.get(name) in (None, "") and (name in found or len(found) < MAXIMUM_FEATURES):
            found[name] = value


def _files(path: str) -> list[tuple[str, int]]:
    if path == "-":
        return []
    try:
        found = find_files(path)[0] if is_pattern(path) else [find_file(path)]
    except OSError:
        return []
    return [(file.path, file.status.st_size) for file in found]


def _first_lines(data: bytes, number: int) -> bytes:
    parts = data.split(b"\n", number)
    return data if len(parts) <= number or not parts[-1] else data[: len(data) - len(parts[-1])]


def _long_lines(path: str, line_bytes: int) -> dict[int, bytes]:
    """Numbers and beginnings of the lines in a file longer than that; nothing if it cannot be read (standard input)."""
    found: dict[int, bytes] = {}
    number = 1
    try:
        with gzip.open(path) if is_archive(path) or begins_like_gzip(path) else Path(path).open("rb") as file:
            while (
                (line := file.readline(line_bytes + 2)) and len(found) < _LONG_LINES and file.tell() < _SEARCHED_BYTES
            ):
                if len(line.removesuffix(b"\n")) > line_bytes:
                    found[number] = line[:400]
                    while line and not line.endswith(b"\n"):
                        line = file.readline(line_bytes)
                number += 1
    except (OSError, EOFError, zlib.error):
        pass
    return found


def guess_format(data: bytes, name: str) -> tuple[str, str] | None:
    """What the beginning of a file looks like, if not the format ``name``, and what to do about it."""
    for magic, seems in _MAGIC.items():
        if data.startswith(magic):
            return seems
    first = data.lstrip().split(b"\n", 1)[0].strip()
    for framing in FRAMINGS.values():
        if framing.looks_like(data):
            return framing.title, f"give --framing={framing.name}, or set framing: {framing.name} for this input"
    if mistaken := FORMATS[name].mistaken(first):
        return mistaken
    others = [spec for spec in FORMATS.values() if spec.name != name]
    return next(((spec.title, spec.advice) for spec in others if spec.resembles(first)), None)
