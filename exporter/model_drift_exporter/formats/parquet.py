"""Parquet: rows of a file as JSON lines, read a few thousand at a time.

Needs pyarrow (the ``parquet`` extra), which is imported only when a file is read.
"""

from __future__ import annotations

import errno
import math
from collections.abc import Callable, Iterator, Sequence
from datetime import UTC, date, datetime, time, timedelta
from decimal import Decimal
from typing import Any, BinaryIO

import msgspec

from ..records.framing import DamagedFile, FilePart, Framing
from .format import FormatSpec
from .json_lines.decoder import JsonLinesDecoder, json_rows

__all__ = ["PARQUET", "parts"]

_MAGIC = b"PAR1"
_ROWS = 4_000
_VALUES = 200_000
_BUFFER_BYTES = 1 << 20


def parts(file: BinaryIO) -> Iterator[FilePart]:
    """The rows of an open file in parts of at most 4,000 rows and, unless a row has more, 200,000 values.

    Raises :class:`DamagedFile` where it cannot be read on, and ``OSError`` without pyarrow.
    """
    try:
        import pyarrow as pa
        from pyarrow import compute, parquet
    except ImportError as error:
        hint = "reading Parquet needs pyarrow; install it with: pip install 'model-drift-exporter[parquet]'"
        raise OSError(errno.ENOPKG, hint) from error
    try:
        table = parquet.ParquetFile(file, buffer_size=_BUFFER_BYTES, pre_buffer=False)
        total = max(table.metadata.num_rows, 1)
        read = 0
        rows = max(1, min(_ROWS, _VALUES // max(table.metadata.num_columns, 1)))
        make_row = _row_maker(table.schema_arrow.names)
        for batch in table.iter_batches(batch_size=rows):
            if batch.num_rows:
                read += batch.num_rows
                columns = [_values(column, pa.types, compute) for column in batch.columns]
                yield FilePart(_ENCODER.encode_lines([*map(make_row, *columns)]), read / total)
    except (pa.ArrowException, OSError) as error:
        raise DamagedFile("not_parquet", f"cannot read it as Parquet: {error}") from error


def _values(column: Any, types: Any, compute: Any) -> Sequence[Any]:
    """The values of a column, as JSON has them; ``types`` and ``compute`` are modules of pyarrow."""
    kind = column.type
    values: list[Any] = column.to_pylist()
    if types.is_floating(kind):
        return [*map(_finite, values)] if compute.any(compute.is_inf(column)).as_py() else values
    as_they_are = (types.is_integer, types.is_boolean, types.is_string, types.is_large_string)
    return values if any(is_kind(kind) for is_kind in as_they_are) else [*map(_plain, values)]


def _plain(value: Any) -> Any:
    """A value as JSON has it. A time without a zone is one of UTC, as in logs."""
    if isinstance(value, dict):
        return {name: _plain(inner) for name, inner in value.items()}
    if isinstance(value, list | tuple):
        return [*map(_plain, value)]
    if isinstance(value, float | Decimal):
        return _finite(float(value))
    if isinstance(value, datetime) and value.tzinfo is None:
        value = value.replace(tzinfo=UTC)
    if isinstance(value, date | time):
        return value.isoformat()
    if isinstance(value, timedelta):
        return value.total_seconds()
    return value.decode(errors="replace") if isinstance(value, bytes) else value


def _finite(value: Any) -> Any:
    """JSON has no infinity; what is too large for a float is read as one."""
    return _INFINITE.get(value, value)


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


PARQUET = FormatSpec(
    name="parquet",
    title="a Parquet file",
    make=JsonLinesDecoder,
    endings=(".parquet", ".pq"),
    framing=Framing("parquet", parts=parts, format="parquet"),
    errors={"not_parquet": "the file is damaged or not complete; write it again"},
    looks_like=lambda beginning: beginning.startswith(_MAGIC),
    rows=json_rows,
)
