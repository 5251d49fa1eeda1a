from __future__ import annotations

import io
import json
import math
import sys
from collections.abc import Callable
from datetime import UTC, date, datetime, time, timedelta
from decimal import Decimal
from typing import Any

import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st
from pyarrow import parquet

from model_drift_exporter.formats import FORMATS, Schema
from model_drift_exporter.formats.json_lines.decoder import JsonLinesDecoder
from model_drift_exporter.formats.parquet import PARQUET, lines_of, parts
from model_drift_exporter.records.framing import DamagedFile, FilePart
from model_drift_exporter.records.raw_values import NESTED
from tests.support.collected_records import collect

_VALUES: dict[str, st.SearchStrategy[Any]] = {
    "x": st.none() | st.floats(width=64),
    "n": st.none() | st.integers(-(2**63), 2**63 - 1),
    "plan": st.none() | st.text(max_size=5),
    "flag": st.none() | st.booleans(),
    "id": st.none() | st.text(max_size=3),
    "prediction": st.none() | st.integers(0, 2),
    "label": st.none() | st.integers(0, 2),
    'odd "name"': st.none() | st.integers(0, 2),
}


def _file(columns: dict[str, list[Any]] | list[dict[str, Any]], **options: Any) -> io.BytesIO:
    file = io.BytesIO()
    table = pa.Table.from_pylist(columns) if isinstance(columns, list) else pa.table(columns)
    parquet.write_table(table, file, **options)
    file.seek(0)
    return file


def _rows(file: io.BytesIO) -> list[dict[str, Any]]:
    return [json.loads(line) for part in parts(file) for line in lines_of(part.data).splitlines()]


def test_rows_come_in_parts_with_progress() -> None:
    """All rows come, in order, in parts of bounded size; the share read grows to 1."""
    file = _file({"x": list(range(9_000)), "prediction": [0.5] * 9_000})
    found = list(parts(file))
    assert [json.loads(line)["x"] for part in found for line in lines_of(part.data).splitlines()] == list(range(9_000))
    assert [part.rows for part in found] == [4_000, 4_000, 1_000]
    assert [part.share for part in found] == sorted(part.share for part in found)
    assert found[-1].share == 1


_LONG_ROWS: dict[str, Callable[[int], dict[str, Any]]] = {
    "many columns": lambda number: {f"x{column}": float(number) for column in range(600)},
    "lists": lambda number: {"x": [float(number)] * 1_536},
    "a text that repeats, which is written once": lambda number: {"x": "long" * 20_000 if number % 2 else "short"},
    "one long row behind many short ones": lambda number: {"x": "long" * 1_000_000 if number == 600 else "short"},
}


@pytest.mark.parametrize("shape", sorted(_LONG_ROWS))
def test_parts_of_long_rows_have_few_rows(shape: str) -> None:
    """What is held at a time has a bound in bytes, whatever makes rows long; a row is not divided."""
    rows: list[dict[str, Any]] = [{**_LONG_ROWS[shape](number), "id": number} for number in range(700)]
    found = list(parts(_file(rows)))
    assert all(len(part.data) < 2.2 * 2**20 or part.rows == 1 for part in found)
    assert 1 < len(found) < 200
    assert [json.loads(line)["id"] for part in found for line in lines_of(part.data).splitlines()] == [*range(700)]
    shares = [part.share for part in found]
    assert (shares, shares[-1]) == (sorted(shares), 1)


def test_what_lists_hold_as_features_is_not_kept() -> None:
    """They are neither numbers nor texts, in columns and in lines; a list that is a field is kept."""
    rows: list[dict[str, Any]] = [
        {"x": [1.0, 2.0], "scores": [0.1, 0.9], "prediction": 1},
        {"x": None, "scores": None, "prediction": 0},
    ]
    (part,) = parts(_file(rows))
    for data in (part.data, lines_of(part.data)):
        records = PARQUET.make(Schema({"scores": "scores"})).decode(data).records
        assert records is not None
        assert [*records.features["x"]] == [NESTED, None]
        assert [*records.fields["scores"]] == [[0.1, 0.9], None]


@pytest.mark.parametrize("skip", [0, 1, 3_999, 4_000, 4_001, 8_999, 9_000, 10_000])
def test_rows_that_were_read_before_are_left_out(skip: int) -> None:
    """A process goes on where another one stopped."""
    file = _file({"x": list(range(9_000))})
    found = [json.loads(line)["x"] for part in parts(file, skip) for line in lines_of(part.data).splitlines()]
    assert found == [*range(skip, 9_000)]


def test_values_are_as_in_json() -> None:
    """Times become text, decimals and durations numbers, bytes text, and null stays missing."""
    moment = datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC)
    columns: dict[str, list[Any]] = {
        "timestamp": [moment, moment],
        "naive": [moment.replace(tzinfo=None), None],
        "day": [date(2026, 1, 2), None],
        "clock": [time(3, 4), None],
        "took": [timedelta(seconds=1.5), None],
        "price": [Decimal("1.50"), None],
        "flag": [True, None],
        "raw": [b"gold", None],
        "tags": [["a", "b"], None],
        "nested": [{"day": date(2026, 1, 2), "x": math.inf}, None],
    }
    first, second = _rows(_file(columns))
    assert first == {
        "timestamp": "2026-01-02T03:04:05+00:00",
        "naive": "2026-01-02T03:04:05+00:00",
        "day": "2026-01-02",
        "clock": "03:04:00",
        "took": 1.5,
        "price": 1.5,
        "flag": True,
        "raw": "gold",
        "tags": ["a", "b"],
        "nested": {"day": "2026-01-02", "x": math.inf},
    }
    assert second == dict.fromkeys(columns) | {"timestamp": first["timestamp"]}


@given(
    st.lists(st.fixed_dictionaries(_VALUES), min_size=1, max_size=12),
    st.booleans(),
    st.sampled_from([{}, {"score": "x"}, {"time": "n", "latency": "x"}, {"label": "flag"}, {"model": "plan"}]),
)
def test_records_are_those_of_the_same_rows_as_json_lines(
    rows: list[dict[str, Any]], nested: bool, configured: dict[str, str]
) -> None:
    """Records, labels and errors, whatever the rows hold; no number is a gap in both."""
    kinds = {"x": pa.float64(), "n": pa.int64(), "plan": pa.string(), "flag": pa.bool_(), 'odd "name"': pa.int64()}
    fields = {"id": pa.string(), "prediction": pa.int64(), "label": pa.int64()}
    if nested:
        rows = [
            {name: row[name] for name in fields} | {"features": {name: row[name] for name in kinds}} for row in rows
        ]
        schema = pa.schema({**fields, "features": pa.struct(kinds)})
    else:
        schema = pa.schema({**kinds, **fields})
        rows = [{name: row[name] for name in schema.names} for row in rows]
    file = io.BytesIO()
    parquet.write_table(pa.Table.from_pylist(rows, schema), file, row_group_size=5)
    lines = b"".join(json.dumps(_without_nan(row)).encode() + b"\n" for row in rows)
    file.seek(0)
    read = collect(PARQUET.make(Schema(configured)), [part.data for part in parts(file)])
    assert repr(read) == repr(collect(FORMATS["jsonl"].make(Schema(configured)), [lines]))


@pytest.mark.parametrize("nested", [False, True])
def test_columns_are_taken_as_they_are(nested: bool, monkeypatch: pytest.MonkeyPatch) -> None:
    """Where each row is a record beyond doubt, no row is looked at by itself; gaps do not matter."""
    rows: list[dict[str, Any]] = [
        {"x": 1.0, "n": None, "plan": "gold"},
        {"x": None, "n": 2, "plan": None},
        {"x": math.inf, "n": 3, "plan": "b"},
    ]
    fields: list[dict[str, Any]] = [
        {"id": 7, "prediction": 1, "label": None},
        {"id": None, "prediction": 0, "label": 1},
        {"id": None, "prediction": None, "label": None},
    ]
    pairs = list(zip(rows, fields, strict=True))
    records: list[dict[str, Any]] = [own | ({"features": row} if nested else row) for row, own in pairs]
    lines = b"".join(json.dumps(each).encode() + b"\n" for each in records)
    (part,) = parts(_file(records))

    def decode_lines(*_: object) -> None:
        raise AssertionError("rows are decoded one by one")

    with monkeypatch.context() as patch:
        patch.setattr(JsonLinesDecoder, "decode", decode_lines)
        read = collect(PARQUET.make(Schema()), [part.data])
    assert repr(read) == repr(collect(JsonLinesDecoder(Schema()), [lines]))


def _without_nan(row: dict[str, Any]) -> dict[str, Any]:
    return {
        name: _without_nan(value)
        if isinstance(value, dict)
        else None
        if isinstance(value, float) and math.isnan(value)
        else value
        for name, value in row.items()
    }


@pytest.mark.parametrize("content", [b"", b"not parquet at all", b"PAR1 cut off"])
def test_what_is_no_parquet(content: bytes) -> None:
    """It is said, and counts as a reason of its own."""
    with pytest.raises(DamagedFile, match="cannot read it as Parquet: ") as error:
        list(parts(io.BytesIO(content)))
    assert error.value.reason in PARQUET.errors


def test_what_comes_before_the_damage_is_read() -> None:
    """A row group that is damaged costs itself and those behind it."""
    file = _file({"x": [float(number) for number in range(9_000)]}, row_group_size=3_000, compression="NONE")
    data = bytearray(file.getvalue())
    start = parquet.ParquetFile(file).metadata.row_group(2).column(0).data_page_offset
    data[start : start + 200] = bytes(200)
    found: list[FilePart] = []
    with pytest.raises(DamagedFile):
        found.extend(iter(parts(io.BytesIO(bytes(data)))))
    assert sum(part.rows for part in found) >= 3_000


def test_without_pyarrow(monkeypatch: pytest.MonkeyPatch) -> None:
    """The error says what to install."""
    monkeypatch.setitem(sys.modules, "pyarrow", None)
    with pytest.raises(OSError, match=r"pip install 'model-drift-exporter\[parquet\]'"):
        list(parts(io.BytesIO(b"PAR1")))
