"""Reading the beginning of an input for ``check``: its records, its other lines, and what it seems to be instead."""

from __future__ import annotations

import gzip
import json
import time
import zlib
from collections import Counter
from collections.abc import Callable, Mapping
from pathlib import Path

import attrs

from ...configuration.settings import InputSettings, Settings
from ...formats import Schema
from ...pipeline.input_decoder import StreamDecoders
from ...records.batches import LabelBatch, RecordBatch
from ...records.chunk import Chunk
from ...sources.compression import begins_like_gzip
from ...sources.files.discovery import find_file, find_files, is_archive, is_pattern
from ...sources.source import Source
from ...words import excerpt

__all__ = ["BadLine", "Bounds", "InputReading", "guess_format", "read_input"]

Feed = Callable[[Chunk, str], None]
_EXAMPLES = 3
_LONG_LINES = 1_000
_SEARCHED_BYTES = 64 << 20
_PAUSE_SECONDS = 0.01
_LINES_FOR_NAMES = 50
_MAGIC = {
    b"PAR1": ("a Parquet file", "log JSON lines or CSV; `profile` reads Parquet"),
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
    aside; with ``complete`` false there are more, and ``share`` (0 to 1) says how much was read. ``others`` are fields
    that no setting and no detection uses. ``seems`` says what a file that cannot be decoded appears to be, and what to
    do about it. ``problem``: why a file could not be read, or not to its end; ``streams``: by stream,
    why none of its lines could be.
    """

    settings: InputSettings
    schema: Schema
    files: list[tuple[str, int]] = attrs.field(factory=list)
    format: str = ""
    batches: list[RecordBatch] = attrs.field(factory=list)
    label_batches: list[LabelBatch] = attrs.field(factory=list)
    errors: Counter[str] = attrs.field(factory=Counter)
    examples: dict[str, list[BadLine]] = attrs.field(factory=dict)
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
    def labels(self) -> int:
        return sum(batch.size for batch in self.label_batches)

    @property
    def lines(self) -> int:
        return self.records + self.labels + self.errors.total()


def read_input(
    each: InputSettings,
    source: Source,
    settings: Settings,
    *,
    bounds: Bounds,
    feed: Feed,
    clock: Callable[[], float],
) -> InputReading:
    """Read one input up to ``bounds``; ``feed`` gets every chunk with the name of its source's format."""
    reader = _InputReader(each, settings, feed)
    try:
        reader.read(source, bounds, clock)
    finally:
        source.close()
    return reader.reading


class _InputReader:
    def __init__(self, each: InputSettings, settings: Settings, feed: Feed) -> None:
        features = settings.features
        fields = settings.fields.names()
        include, exclude = frozenset(features.include), frozenset(features.exclude)
        schema = Schema(fields, include, exclude, labels=each.contains == "labels", raw=True)
        schema.add_features(features.include)
        self.reading = InputReading(each, schema, files=_files(each.path))
        self._feed = feed
        self._line_bytes = settings.limits.line_bytes
        self._decoders = StreamDecoders()
        self._delivered: Counter[str] = Counter()
        self._long: dict[str, Mapping[int, bytes]] = {}
        self._named_lines = 0

    def read(self, source: Source, bounds: Bounds, clock: Callable[[], float]) -> None:
        left = bounds
        while True:
            chunk = source.poll(clock())
            if chunk is None:
                if source.finished:
                    break
                time.sleep(_PAUSE_SECONDS)  # standard input, whose writer is slower than we are
                continue
            if left.lines <= 0 or left.size <= 0:
                self.reading.complete = False
                break
            data = _first_lines(chunk.data, left.lines)
            if len(data) < len(chunk.data):
                self.reading.complete = False
                chunk = attrs.evolve(chunk, data=data)
            left = Bounds(left.lines - data.count(b"\n"), left.size - len(data))
            self._take(chunk, source.format)
            if not self.reading.complete:
                break
        status = source.status(clock())
        if not self.reading.complete:
            self.reading.share = status.bytes_read / max(status.bytes_read + status.lag_bytes, 1)
        self.reading.problem = status.problem

    def _take(self, chunk: Chunk, source_format: str) -> None:
        reading = self.reading
        self._feed(chunk, source_format)
        reading.errors.update(chunk.errors)
        if "line_too_long" in chunk.errors and chunk.stream not in self._long:
            self._long[chunk.stream] = _long_lines(chunk.stream, self._line_bytes)
            self._note_long_lines(chunk.stream)
        if not chunk.data:
            return
        decoded, name = self._decoders.decode(chunk, source_format, reading.schema)
        if name and not reading.format:
            reading.format = name
            reading.seems = guess_format(chunk.data, name)
        if decoded.problem:
            reading.streams[chunk.stream] = decoded.problem
        reading.errors.update(decoded.errors)
        if decoded.labels is not None:
            reading.label_batches.append(decoded.labels)
        if decoded.records is not None:
            reading.batches.append(decoded.records)
        if wanted := {reason for reason in decoded.errors if len(reading.examples.get(reason, ())) < _EXAMPLES}:
            self._find_bad_lines(chunk, source_format, wanted)
        if name == "jsonl" and self._named_lines < _LINES_FOR_NAMES:
            self._note_names(chunk.data)
        self._delivered[chunk.stream] += chunk.data.count(b"\n")

    def _find_bad_lines(self, chunk: Chunk, source_format: str, wanted: set[str]) -> None:
        """Decode the lines of a chunk one by one, until there are examples of all its errors."""
        for position, line in enumerate(chunk.data.split(b"\n")):
            for reason in self._errors_of(line, chunk, source_format):
                found = self.reading.examples.setdefault(reason, [])
                if len(found) < _EXAMPLES:
                    found.append(BadLine(self._place(chunk.stream, position), excerpt(line.strip())))
                if len(found) >= _EXAMPLES:
                    wanted.discard(reason)
            if not wanted:
                return

    def _errors_of(self, line: bytes, chunk: Chunk, source_format: str) -> Mapping[str, int]:
        if not line.strip():
            return {}
        alone = attrs.evolve(chunk, data=line + b"\n")
        return self._decoders.decode_again(alone, source_format, self.reading.schema).errors

    def _place(self, stream: str, position: int) -> str:
        """File and line number; the source has left out the lines that are too long, and so they are counted in."""
        number = self._delivered[stream] + position + 1
        for long in self._long.get(stream, {}):
            number += long <= number
        return f"{stream}:{number}"

    def _note_long_lines(self, stream: str) -> None:
        found = self.reading.examples.setdefault("line_too_long", [])
        for number, beginning in self._long[stream].items():
            if len(found) < _EXAMPLES:
                found.append(BadLine(f"{stream}:{number}", excerpt(beginning)))

    def _note_names(self, data: bytes) -> None:
        used = {*self.reading.schema.fields.values(), *self.reading.schema.features}
        for line in data.split(b"\n", _LINES_FOR_NAMES)[:_LINES_FOR_NAMES]:
            self._named_lines += 1
            try:
                record = json.loads(line)
            except (ValueError, RecursionError):
                continue
            if isinstance(record, dict):
                self.reading.others.update(dict.fromkeys(name for name in record if name not in used))


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
    return _not_csv(first) if name == "csv" else _not_json_lines(first)


def _not_csv(first: bytes) -> tuple[str, str] | None:
    if first.startswith(b"{"):
        return "JSON lines", "set format: jsonl for this input"
    return None


def _not_json_lines(first: bytes) -> tuple[str, str] | None:
    if first.startswith(b"["):
        return "one JSON array", "write one object a line: jq -c '.[]'"
    if first == b"{":
        return "JSON over several lines", "write one object a line: jq -c ."
    if first.count(b",") > 1 and not first.startswith((b"{", b"<")):
        return "CSV", "set format: csv for this input, or give the file a name that ends in .csv"
    return None
