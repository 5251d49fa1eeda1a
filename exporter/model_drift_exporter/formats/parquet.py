"""Rows of a Parquet file, for building profiles; needs pyarrow (the ``parquet`` extra), which ``run`` never imports."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from datetime import UTC, date, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

import attrs

from ..errors import InputError
from ..records.batches import RecordBatch
from ..records.fields import FIELDS
from . import Schema

__all__ = ["read_parquet"]

_ROWS = 4_000


def read_parquet(path: Path, schema: Schema) -> Iterator[tuple[RecordBatch, float]]:
    """Batches of rows, each with the share of the file read so far (0 to 1).

    Raises :class:`InputError` if pyarrow is not installed or the file cannot be read.
    """
    try:
        import pyarrow as pa
        from pyarrow import parquet
    except ImportError as error:
        raise InputError(
            f"{path}: reading Parquet needs pyarrow; install it with: pip install 'model-drift-exporter[parquet]'"
        ) from error
    try:
        with path.open("rb") as stream:
            file = parquet.ParquetFile(stream)
            read = 0
            for table in file.iter_batches(batch_size=_ROWS):
                read += table.num_rows
                if table.num_rows:
                    yield _batch(table.to_pydict(), table.num_rows, schema), read / max(file.metadata.num_rows, 1)
    except OSError as error:
        raise InputError(f"cannot read {path}: {(error.strerror or str(error)).lower()}") from error
    except pa.ArrowException as error:
        raise InputError(f"{path}: cannot read it as Parquet: {error}") from error


def _batch(columns: Mapping[str, Sequence[Any]], size: int, schema: Schema) -> RecordBatch:
    columns = {name: [_plain(value) for value in values] for name, values in columns.items()}
    schema.learn({name: values[0] for name, values in columns.items()})
    names = schema.fields
    fields: dict[str, Any] = {field: columns[names[field]] for field in FIELDS if names.get(field) in columns}
    if schema.nested:
        rows = [value or {} for value in columns[names["features"]]]
        features: dict[str, Sequence[object]] = {name: [row.get(name) for row in rows] for name in schema.features}
    else:
        features = {name: columns[name] for name in schema.features if name in columns}
    batch = RecordBatch.of(size, features, **fields)
    if "latency" not in batch.fields:
        return batch
    return attrs.evolve(batch, fields={**batch.fields, "latency": schema.in_seconds(batch.fields["latency"])})


def _plain(value: Any) -> Any:
    """As JSON would give it."""
    if isinstance(value, Decimal):
        return float(value)
    if isinstance(value, datetime):
        return (value if value.tzinfo else value.replace(tzinfo=UTC)).isoformat()
    return value.isoformat() if isinstance(value, date) else value
