"""CSV with a header line. Separators are commas, semicolons or tabs; every value is text.

One line is one record, so quoted line breaks are not supported.
"""

from __future__ import annotations

import csv
import re
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence

import attrs
import numpy as np

from ..records.batches import Decoded, LabelBatch, RecordBatch
from ..records.chunk import NO_ATTRIBUTES, Attributes
from ..records.fields import FIELDS
from .column_types import ColumnTypes
from .format import FormatSpec, Row
from .schema import Schema

__all__ = ["BLANKS", "CSV", "CsvDecoder", "Header", "cells", "read_header", "seems_header"]

_FIELDS = tuple(name for name, field in FIELDS.items() if field.holds != "scores")
_OF_LABELS = tuple(name for name, field in FIELDS.items() if field.of_labels)
BLANKS = " \t\r\x0b\x0c"
"""Characters that an empty line may hold."""
_LINE_BREAK = ord("\n")
_SEPARATORS = ",;\t"  # the first one wins if two are equally frequent
_QUOTED = re.compile(r'"[^"]*"')
_NAME = re.compile(r"[^\W\d]|[^\W\d][\w .()/%#-]{0,98}[\w)%#]|@\w{1,98}")


class CsvDecoder:
    """Decodes the lines of one CSV stream. Its first non-empty line is the header, which later lines may repeat.

    If that line is not a valid header, all other lines are rejected as ``not_csv``. No later line is taken for the
    header, since its values would become feature names.
    """

    def __init__(self, schema: Schema) -> None:
        self._schema = schema
        self._header: Header | None = None
        self._lost = False
        self._problem = ""
        self._generation = -1
        self._types = ColumnTypes(text=True)

    def begin(self, head: bytes) -> None:
        """Take the header; an empty ``head`` means that the first line could not be read."""
        if self._header is None and not self._lost:
            self._read_header(head)

    def decode(self, data: bytes, attributes: Attributes = NO_ATTRIBUTES) -> Decoded:
        """Decode lines of CSV. Bad data never raises an error."""
        del attributes
        if self._header is None and not self._lost:
            first = data.lstrip()
            if not first:
                return Decoded()
            data = data[data.rfind(b"\n", 0, len(data) - len(first)) + 1 :]
            line, _, rest = data.partition(b"\n")
            reason = self._read_header(line)
            if reason:
                errors = Counter({reason: 1})
                errors.update(not_csv=_non_empty(rest))
                return self._with_problem(Decoded(errors=+errors, lines=errors.total()))
        if self._header is None:
            lost = _non_empty(data)
            return self._with_problem(Decoded(errors=+Counter(not_csv=lost), lines=lost))
        return self._decode(data, self._header)

    def _read_header(self, line: bytes) -> str:
        """Read the header. Returns the reason if the line is rejected, otherwise an empty string."""
        try:
            self._header = read_header(line)
            return ""
        except ValueError as error:
            self._lost = True
            self._problem = f"the header could not be read ({error}); the lines are rejected as not_csv"
            return "invalid_utf8" if _texts(line) == [None] else "not_csv"

    def _with_problem(self, decoded: Decoded) -> Decoded:
        problem, self._problem = self._problem, ""
        return attrs.evolve(decoded, problem=problem) if problem else decoded

    def _decode(self, data: bytes, header: Header) -> Decoded:
        errors: Counter[str] = Counter()
        regular = _regular_columns(data, header)
        rows = [] if regular is not None else self._rows(data, header.separator, errors)
        if self._generation != self._schema.generation:
            self._schema.learn(dict.fromkeys(filter(None, header.names)))
            self._generation = self._schema.generation
        names = list(header.names)
        if regular is not None:
            size = len(regular[0])
            by_name = {name: column for name, column in zip(names, regular, strict=True) if name}
            decoded = self._assemble(by_name, size, range(size), errors)
            return attrs.evolve(decoded, errors=+errors, lines=size)
        rows = [row for row in rows if row != names]
        whole = [row for row in rows if row is not None and len(row) == len(names)]
        if not whole:
            errors["not_csv"] += len(rows) - errors.total()
            return Decoded(errors=+errors, lines=len(rows))
        places: Sequence[int] = range(len(rows))
        if len(whole) < len(rows):
            places = [place for place, row in enumerate(rows) if row is not None and len(row) == len(names)]
            errors["not_csv"] += len(rows) - len(whole) - errors.total()
        columns = zip(names, zip(*whole, strict=True), strict=True)
        decoded = self._assemble({name: column for name, column in columns if name}, len(whole), places, errors)
        return attrs.evolve(decoded, errors=+errors, lines=len(rows))

    def _rows(self, data: bytes, separator: str, errors: Counter[str]) -> list[list[str] | None]:
        """The cells of each non-empty line; ``None`` for a line that cannot be read."""
        texts = [text for text in _texts(data) if text is None or text.strip(BLANKS)]
        if b'"' not in data and None not in texts:
            return [text.rstrip("\r").split(separator) for text in texts if text is not None]
        rows: list[list[str] | None] = []
        for text in texts:
            # One reader per line, so that an unbalanced quote spoils only its own line.
            row = None
            try:
                row = None if text is None else cells(text.rstrip("\r"), separator)
            except csv.Error:
                errors["not_csv"] += 1
            errors["invalid_utf8"] += text is None
            rows.append(row)
        return rows

    def _assemble(
        self, by_name: Mapping[str, Sequence[str]], size: int, places: Sequence[int], errors: Counter[str]
    ) -> Decoded:
        names = self._schema.fields
        fields = {field: by_name[names[field]] for field in _FIELDS if names.get(field) in by_name}
        taken = set(names.values())
        features = {name: by_name[name] for name in self._schema.features if name in by_name and name not in taken}
        if self._schema.names_features(by_name):
            # A row whose features are all missing is still a record if it has a prediction or a score.
            said = [fields[name] for name in ("prediction", "score") if name in fields]
            unknown = [by_name[name] for name in self._schema.unknown if name in by_name]
            telling = [*features.values(), *unknown, *said]
            bare = [
                index for index, first in enumerate(telling[0]) if not (first or any(c[index] for c in telling[1:]))
            ]
        else:
            bare = list(range(size))
        if not bare:
            return Decoded(self._batch(features, fields, size, places))
        label = fields.get("label", ())
        labelled = [index for index in bare if label and label[index]]
        if len(bare) > len(labelled):
            errors["no_label" if self._schema.labels else "no_features"] += len(bare) - len(labelled)
        labels = None
        if labelled:
            columns = {
                name: self._types.field(name, _picked(fields[name], labelled)) for name in _OF_LABELS if name in fields
            }
            position = np.array([places[index] for index in labelled])
            labels = LabelBatch(len(labelled), columns, True, position)
        lost = set(bare)
        kept = [index for index in range(size) if index not in lost]
        if not kept:
            return Decoded(None, labels)
        features = {name: _picked(column, kept) for name, column in features.items()}
        fields = {name: _picked(column, kept) for name, column in fields.items()}
        return Decoded(self._batch(features, fields, len(kept), [places[index] for index in kept]), labels)

    def _batch(
        self,
        features: Mapping[str, Sequence[str]],
        fields: Mapping[str, Sequence[str]],
        size: int,
        places: Sequence[int],
    ) -> RecordBatch:
        schema = self._schema
        typed = self._types.features(features, size, sure={}, numeric=schema.numeric, categorical=schema.categorical)
        columns = {name: self._types.field(name, column) for name, column in fields.items()}
        if "latency" in columns:
            columns["latency"] = schema.in_seconds(columns["latency"])
        return RecordBatch(size, typed, columns, True, np.asarray(places, dtype=np.int64))


def _regular_columns(data: bytes, header: Header) -> list[list[str]] | None:
    """The columns of lines that all have as many values as the header, without quotes or blank lines; ``None`` for others."""
    width, separator = len(header.names), header.separator.encode()
    if b'"' in data or b"\r" in data or b"\n\n" in data or data.startswith(b"\n") or not data.endswith(b"\n"):
        return None
    try:
        cells_of_all = data.decode().replace("\n", header.separator).split(header.separator)
    except UnicodeDecodeError:
        return None
    lines = data.count(b"\n")
    if len(cells_of_all) != lines * width + 1 or width == 1:
        return None
    characters = np.frombuffer(data, np.uint8)
    ends = characters[(characters == ord(separator)) | (characters == _LINE_BREAK)]
    if not (ends[width - 1 :: width] == _LINE_BREAK).all():
        return None
    columns = [cells_of_all[position:-1:width] for position in range(width)]
    if header.names[0] in columns[0]:
        return None  # perhaps the header again
    blank = header.separator in BLANKS and any(not "".join(row).strip(BLANKS) for row in zip(*columns, strict=True))
    return None if blank else columns


def _picked(column: Sequence[str], indexes: Sequence[int]) -> list[str]:
    return [column[index] for index in indexes]


def _texts(data: bytes) -> list[str | None]:
    """The lines as text; ``None`` for a line that is not valid UTF-8."""
    try:
        return [*data.decode().split("\n")]
    except UnicodeDecodeError:
        texts: list[str | None] = []
    for line in data.split(b"\n"):
        try:
            texts.append(line.decode())
        except UnicodeDecodeError:
            texts.append(None)
    return texts


def _non_empty(data: bytes) -> int:
    return sum(bool(line.strip()) for line in data.split(b"\n"))


@attrs.frozen
class Header:
    """The names of the columns. A column with an empty name, such as an unnamed index, is ignored."""

    names: tuple[str, ...]
    separator: str


def cells(text: str, separator: str) -> list[str]:
    """The cells of one line. Raises ``csv.Error`` if a quote does not close or stands inside a cell."""
    if '"' not in text:
        return text.split(separator)
    return next(csv.reader((text,), delimiter=separator, strict=True))


def read_header(line: bytes) -> Header:
    """Read the first non-empty line of a stream. Raises ``ValueError`` with the reason if it is not a header."""
    try:
        text = line.decode().rstrip("\r\n")
    except UnicodeDecodeError:
        raise ValueError("it is no valid UTF-8") from None
    if not text:
        raise ValueError("it is longer than limits.line_bytes, or was read with other settings")
    if "\0" in text:
        raise ValueError("it holds NUL characters, as UTF-16 does")
    if text.lstrip().startswith(("{", "[")):
        raise ValueError("it is JSON")
    unquoted = _QUOTED.sub("", text)
    separator = max(_SEPARATORS, key=unquoted.count)
    try:
        names = cells(text, separator)
    except csv.Error:
        raise ValueError("its quotes do not match") from None
    counts = Counter(filter(None, names))
    if not counts:
        raise ValueError("it holds no name")
    if twice := next((position for position, name in enumerate(names, 1) if counts[name] > 1), 0):
        raise ValueError(f"column {twice} has the name of another")
    return Header(tuple(names), separator)


def seems_header(line: bytes) -> bool:
    """Whether a line of unknown format is a CSV header: it has at least two names, and all of them look like names."""
    try:
        names = read_header(line.rstrip()).names
    except ValueError:
        return False
    given = [name for name in names if name]
    return len(given) > 1 and all(map(_NAME.fullmatch, given))


def _rows(data: bytes, head: bytes) -> Iterator[Row]:
    try:
        header = read_header(head)
    except ValueError:
        return
    for text in _texts(data):
        if text is not None and not text.strip(BLANKS):
            continue
        try:
            values = [] if text is None else cells(text.rstrip("\r"), header.separator)
        except csv.Error:
            values = []
        if values != [*header.names]:
            pairs = zip(header.names, values, strict=False)
            yield {name: value for name, value in pairs if name} if len(values) == len(header.names) else None


def _has_commas(first_line: bytes) -> bool:
    return seems_header(first_line) or (first_line.count(b",") > 1 and not first_line.startswith((b"{", b"<")))


CSV = FormatSpec(
    name="csv",
    title="CSV",
    make=CsvDecoder,
    endings=(".csv",),
    media_types=("text/csv",),
    per_stream=True,
    takes_any_text=True,
    errors={"not_csv": "each line must have as many values as the header, with quotes that close"},
    looks_like=seems_header,
    resembles=_has_commas,
    rows=_rows,
)
