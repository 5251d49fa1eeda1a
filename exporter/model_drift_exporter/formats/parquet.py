"""Parquet: rows of a file, read a few thousand at a time.

A part of a file comes as a stream of Arrow (IPC). Where each of its rows is a record beyond doubt, columns are taken as they
are; other parts are written as JSON lines and decoded as such, so that one decoder says what is a record, a label or an error.

Needs pyarrow (the ``parquet`` extra), which is imported only when a file is read.
"""

from __future__ import annotations

import errno
import math
from collections.abc import Callable, Iterator, Mapping, Sequence
from datetime import UTC, date, datetime, time, timedelta
from decimal import Decimal
from typing import Any, BinaryIO

import msgspec
import numpy as np

from ..records.batches import Decoded
from ..records.chunk import NO_ATTRIBUTES, Attributes
from ..records.columns import Column, Numbers, Texts
from ..records.cutters import Cutter, RefusingCutter
from ..records.fields import FIELDS
from ..records.framing import DamagedFile, FilePart, Framing
from ..records.raw_values import NESTED
from .format import FormatSpec, Row
from .json_lines.decoder import JsonLinesDecoder, json_rows
from .schema import FIELD_CANDIDATES

__all__ = ["PARQUET", "ParquetDecoder", "lines_of", "parts"]

_MAGIC = b"PAR1"
_ARROW = b"\xff\xff\xff\xff"
_ROWS = 4_000
_PART_BYTES = 2 << 20
_PROBED_ROWS = 16
_BUFFER_BYTES = 64 << 10


def parts(file: BinaryIO, skip: int = 0) -> Iterator[FilePart]:
    """The rows of an open file behind the first ``skip``, in parts of at most 4,000 rows and 2 MiB of data, or of one row.

    A row has no bound of its own: a page of the file has to be decompressed before the length of its rows is known.

    Raises :class:`DamagedFile` where it cannot be read on, and ``OSError`` without pyarrow.
    """
    try:
        import pyarrow as pa
        from pyarrow import parquet
    except ImportError as error:
        hint = "reading Parquet needs pyarrow; install it with: pip install 'model-drift-exporter[parquet]'"
        raise OSError(errno.ENOPKG, hint) from error
    # Other pools keep what is freed for themselves.
    pa.set_memory_pool(pa.system_memory_pool())
    try:
        table = parquet.ParquetFile(file, buffer_size=_BUFFER_BYTES, pre_buffer=False)
        total = max(table.metadata.num_rows, 1)
        read, done = 0, skip
        for batch in table.iter_batches(batch_size=_rows_of_a_part(table), use_threads=False):
            begins, read = read, read + batch.num_rows
            if read <= skip:
                continue
            for part in _small(batch.slice(max(0, skip - begins))):
                done += part.num_rows
                yield FilePart(_packed(part), part.num_rows, done / total)
            del batch, part
            pa.default_memory_pool().release_unused()
    except (pa.ArrowException, OSError) as error:
        raise DamagedFile("not_parquet", f"cannot read it as Parquet: {error}") from error


def _rows_of_a_part(table: Any) -> int:
    """So many rows have the bytes of a part, where rows are longest.

    A file says how long its rows are as they are encoded. A value that repeats is written once, so some rows are looked at.
    """
    groups = [table.metadata.row_group(index) for index in range(table.metadata.num_row_groups)]
    row_bytes = max((group.total_byte_size / group.num_rows for group in groups if group.num_rows), default=0.0)
    for batch in table.iter_batches(batch_size=_PROBED_ROWS, use_threads=False):
        row_bytes = max(row_bytes, batch.nbytes / max(batch.num_rows, 1))
        break
    return max(1, min(_ROWS, int(_PART_BYTES / max(row_bytes, 1.0))))


def _small(batch: Any) -> Iterator[Any]:
    """A batch in slices of the bytes of a part; a row is not divided."""
    if batch.num_rows < 2 or batch.nbytes <= _PART_BYTES:
        yield batch
        return
    half = batch.num_rows // 2
    yield from _small(batch.slice(0, half))
    yield from _small(batch.slice(half))


def _packed(batch: Any) -> bytes:
    import pyarrow as pa

    sink = pa.BufferOutputStream()
    with pa.ipc.new_stream(sink, batch.schema) as stream:
        stream.write_batch(batch)
    data: bytes = sink.getvalue().to_pybytes()
    return data


def _unpacked(data: bytes) -> Any:
    import pyarrow as pa

    return pa.ipc.open_stream(data).read_next_batch()


def lines_of(data: bytes) -> bytes:
    """The rows of a part as JSON lines; what is no part is returned as it is."""
    return _lines(_unpacked(data)) if data.startswith(_ARROW) else data


class ParquetDecoder(JsonLinesDecoder):
    """Decodes parts of a file, and JSON lines."""

    def decode(self, data: bytes, attributes: Attributes = NO_ATTRIBUTES) -> Decoded:
        """Decode a part. Bad data never raises an error."""
        if not data.startswith(_ARROW):
            return super().decode(data, attributes)
        batch = _unpacked(data)
        decoded = self._decode_columns(batch)
        return super().decode(_lines(batch), attributes) if decoded is None else decoded

    def _decode_columns(self, batch: Any) -> Decoded | None:
        """The columns of a part all of whose rows are records; ``None`` if that has to be found out row by row."""
        schema, size = self._schema, batch.num_rows
        columns = {name: _plain_column(column) for name, column in zip(batch.schema.names, batch.columns, strict=True)}
        if schema.labels or len(columns) < batch.num_columns:
            return None
        # All rows have the same names, so the first one tells as much as all.
        schema.learn({name: column[0].as_py() for name, column in columns.items()})
        found = self._feature_columns(columns)
        if found is None:
            return None
        nothing = [None] * size
        values: dict[str, Column] = {
            name: self._typed_column(name, column) if column is not None else nothing for name, column in found.items()
        }
        features = self._types.features(values, size, sure={}, numeric=schema.numeric)
        fields: dict[str, Sequence[Any]] = {
            field: _values(columns[name]) if name in columns else nothing
            for field, name in schema.fields.items()
            if field in FIELDS and (name in columns or field != "label")
        }
        return Decoded(self._batch(size, fields, features, None), lines=size)

    def _feature_columns(self, columns: Mapping[str, Any]) -> dict[str, Any] | None:
        """The column of each feature, ``None`` for one that is not there; nothing if a row may be no record."""
        schema = self._schema
        if schema.mixed:
            return None
        if schema.nested:
            container = columns.get(schema.fields["features"])
            if container is None or not _is_struct(container) or container.null_count:
                return None
            inner = dict(zip((field.name for field in container.type), container.flatten(), strict=True))
            return {name: _plain_column(inner[name]) if name in inner else None for name in schema.features}
        if schema.nested is None or any(_is_struct(columns.get(name)) for name in FIELD_CANDIDATES["features"]):
            return None
        used = {name for field, name in schema.fields.items() if field in FIELDS}
        found = {name: columns.get(name) for name in schema.features if name not in used}
        return found if _all_have_one([column for column in found.values() if column is not None]) else None

    def _typed_column(self, name: str, column: Any) -> Column:
        import pyarrow as pa

        kind, types = column.type, pa.types
        if types.is_floating(kind) or types.is_integer(kind):
            return Numbers(np.array(column.cast(pa.float64(), safe=False).to_numpy(zero_copy_only=False)))
        if types.is_string(kind) or types.is_large_string(kind):
            return Texts.of(column.to_pylist(), self._types.pool(name))
        if types.is_nested(kind):
            return [NESTED if there else None for there in column.is_valid().to_pylist()]
        return _values(column)


def _plain_column(column: Any) -> Any:
    """A column of values themselves, not of their places in a dictionary."""
    return column.dictionary_decode() if hasattr(column, "dictionary_decode") else column


def _is_struct(column: Any) -> bool:
    import pyarrow as pa

    return column is not None and pa.types.is_struct(column.type)


def _all_have_one(columns: Sequence[Any]) -> bool:
    """Whether each row has a value in one of the columns at least."""
    from pyarrow import compute

    missing = None
    for column in columns:
        own = np.asarray(compute.is_null(column, nan_is_null=True))
        missing = own if missing is None else missing & own
        if not missing.any():
            return True
    return False


def _values(column: Any) -> Sequence[Any]:
    """The values of a column as JSON would give them, and infinite numbers."""
    import pyarrow as pa

    types, kind = pa.types, column.type
    values: list[Any] = column.to_pylist()
    if types.is_floating(kind):
        return [None if value != value else value for value in values]  # noqa: PLR0124 - NaN
    as_they_are = (types.is_integer, types.is_boolean, types.is_string, types.is_large_string)
    return values if any(is_kind(kind) for is_kind in as_they_are) else [*map(_plain, values)]


def _plain(value: Any) -> Any:
    """A value as JSON has it. A time without a zone is one of UTC, as in logs."""
    if isinstance(value, dict):
        return {name: _plain(inner) for name, inner in value.items()}
    if isinstance(value, list | tuple):
        return [*map(_plain, value)]
    if isinstance(value, float | Decimal):
        return None if value != value else float(value)  # noqa: PLR0124 - NaN
    if isinstance(value, datetime) and value.tzinfo is None:
        value = value.replace(tzinfo=UTC)
    if isinstance(value, date | time):
        return value.isoformat()
    if isinstance(value, timedelta):
        return value.total_seconds()
    return value.decode(errors="replace") if isinstance(value, bytes) else value


def _lines(batch: Any) -> bytes:
    """One JSON object for each row."""
    columns = [[*map(_writable, _values(_plain_column(column)))] for column in batch.columns]
    return _ENCODER.encode_lines([*map(_row_maker(batch.schema.names), *columns)])


def _writable(value: Any) -> Any:
    """JSON has no infinity; what is too large for a float is read as one."""
    if isinstance(value, dict):
        return {name: _writable(inner) for name, inner in value.items()}
    if isinstance(value, list):
        return [*map(_writable, value)]
    return _INFINITE.get(value, value) if isinstance(value, float) else value


_INFINITE = {math.inf: msgspec.Raw(b"1e999"), -math.inf: msgspec.Raw(b"-1e999")}
_ENCODER = msgspec.json.Encoder()


def _row_maker(names: Sequence[str]) -> Callable[..., Any]:
    """Makes what is encoded as an object with these names, given its values."""
    if any(_is_odd(name) for name in names) or len({*names}) < len(names):
        return lambda *values: dict(zip(names, values, strict=True))
    fields = [f"column_{position}" for position in range(len(names))]
    rename = dict(zip(fields, names, strict=True))
    return msgspec.defstruct("Row", [(field, Any) for field in fields], rename=rename, gc=False)


def _is_odd(name: str) -> bool:
    """Whether JSON has to escape a name: structs do not."""
    return any(character in '\\"' or character < " " for character in name)


def _rows(data: bytes, head: bytes) -> Iterator[Row]:
    return json_rows(lines_of(data), head)


def _refused(line_bytes: int) -> Cutter:
    problem = "Parquet cannot be read from gzip or through a pipe; decompress it, and give the file instead of a pipe"
    return RefusingCutter(line_bytes, "not_parquet", problem)


PARQUET = FormatSpec(
    name="parquet",
    title="a Parquet file",
    make=ParquetDecoder,
    endings=(".parquet", ".pq"),
    framing=Framing("parquet", cutter=_refused, parts=parts, format="parquet"),
    errors={
        "not_parquet": "the file is damaged, in gzip or read through a pipe; write it again, or give the file itself"
    },
    looks_like=lambda beginning: beginning.startswith(_MAGIC),
    lines=lines_of,
    rows=_rows,
)
