from __future__ import annotations

import sys
from datetime import UTC, date, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

import pyarrow as pa
import pytest
from pyarrow import parquet

from model_drift_exporter.errors import InputError
from model_drift_exporter.formats import Schema
from model_drift_exporter.formats.parquet import read_parquet


def _write(path: Path, columns: dict[str, list[Any]]) -> Path:
    parquet.write_table(pa.table(columns), path)
    return path


def test_rows_come_in_batches_with_progress(tmp_path: Path) -> None:
    """All rows come, in order, in batches of bounded size; the share read grows to 1."""
    path = _write(tmp_path / "rows.parquet", {"x": list(range(9_000)), "prediction": [0.5] * 9_000})
    batches = list(read_parquet(path, Schema()))
    assert [value for batch, _ in batches for value in batch.features["x"]] == list(range(9_000))
    assert max(batch.size for batch, _ in batches) <= 4_000
    shares = [share for _, share in batches]
    assert shares == sorted(shares)
    assert shares[-1] == 1


def test_values_are_as_in_json(tmp_path: Path) -> None:
    """Times become text, decimals numbers, truth values the text that they are written as, and null stays missing."""
    moment = datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC)
    path = _write(
        tmp_path / "rows.parquet",
        {
            "timestamp": [moment, moment],
            "naive": [moment.replace(tzinfo=None), None],
            "day": [date(2026, 1, 2), None],
            "price": [Decimal("1.50"), None],
            "flag": [True, None],
        },
    )
    ((batch, _),) = read_parquet(path, Schema())
    assert [*batch.fields["time"]] == [moment.timestamp()] * 2
    assert {name: list(values) for name, values in batch.features.items()} == {
        "naive": ["2026-01-02T03:04:05+00:00", None],
        "day": ["2026-01-02", None],
        "price": [1.5, None],
        "flag": ["true", None],
    }


def test_features_in_a_struct(tmp_path: Path) -> None:
    """A struct column of features is read like a nested object."""
    path = _write(
        tmp_path / "rows.parquet",
        {"features": [{"x": 1, "y": "a"}, {"x": 2, "y": None}, None], "score": [0.1, 0.2, 0.3]},
    )
    ((batch, _),) = read_parquet(path, Schema())
    assert {name: list(values) for name, values in batch.features.items()} == {
        "x": [1, 2, None],
        "y": ["a", None, None],
    }
    assert [*batch.fields["score"]] == [0.1, 0.2, 0.3]


@pytest.mark.parametrize("content", [b"", b"not parquet at all", b"PAR1 cut off"])
def test_what_is_no_parquet(tmp_path: Path, content: bytes) -> None:
    """The error names the file."""
    path = tmp_path / "rows.parquet"
    path.write_bytes(content)
    with pytest.raises(InputError, match=r"rows\.parquet: cannot read it as Parquet"):
        list(read_parquet(path, Schema()))


def test_a_missing_file(tmp_path: Path) -> None:
    """The error names the file."""
    with pytest.raises(InputError, match=r"^cannot read .*no\.parquet: no such file or directory$"):
        list(read_parquet(tmp_path / "no.parquet", Schema()))


def test_without_pyarrow(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The error says what to install."""
    monkeypatch.setitem(sys.modules, "pyarrow", None)
    with pytest.raises(InputError, match=r"pip install 'model-drift-exporter\[parquet\]'"):
        list(read_parquet(tmp_path / "rows.parquet", Schema()))
