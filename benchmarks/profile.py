"""Memory and CPU time of the verb `profile` over millions of rows, in each format that it reads."""

from __future__ import annotations

import tempfile
import time
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from statistics import median
from typing import Any

import msgspec

from . import throughput
from .data import Stream, endless
from .processes import measure, status_mebibytes
from .report import Figure, Report, Scale, Table

__all__ = ["run"]

METHOD = """\
`model-drift-exporter profile` builds a reference from rows with time, id, model, version, prediction, score, label, 20 numeric
and 5 categorical features, as JSON lines, CSV and Parquet (row groups of a million rows, as pyarrow writes them). Each run is a
process of its own; peak memory is its `VmHWM`, CPU time that of all its threads without start and imports, over both passes and
what follows them. Beside it stands the plain decode of the same JSON lines in the same round: msgspec, a line at a time, once."""
_SIZES = (1_000_000, 3_000_000, 10_000_000)
_QUICK_SIZES = (2_000, 4_000)
_BLOCK = 50_000
_ROW_GROUP = 1_000_000
_STREAM = Stream(labelled=True)
_FLAT = ("ts", "id", "model", "model_version", "prediction", "score", "label")


def run(scale: Scale) -> Report:
    sizes = _QUICK_SIZES if scale.quick else _SIZES
    samples: dict[str, list[dict[str, float]]] = {name: [] for name in _FORMATS}
    plain: list[float] = []
    ratios: list[float] = []
    with tempfile.TemporaryDirectory() as folder:
        for rows in sizes:
            for name, (suffix, write) in _FORMATS.items():
                path = Path(folder, f"rows.{suffix}")
                write(path, rows)
                if name == _JSON:
                    plain.append(measure(throughput, "decode_lines_one_by_one", path=str(path))["seconds"])
                samples[name].append(measure(__name__, "build", path=str(path), rows=rows))
                if name == _JSON:
                    ratios.append(samples[name][-1]["seconds"] / plain[-1])
                path.unlink()
    last = {name: each[-1] for name, each in samples.items()}
    json_lines = samples[_JSON]
    return Report(
        title="Building a reference",
        method=METHOD,
        figures=[
            *(Figure(f"{name}, {sizes[-1]:,} rows, peak", last[name]["peak"], "MiB", 200) for name in _FORMATS),
            Figure(
                f"{_JSON}, growth from {sizes[0]:,} to {sizes[-1]:,} rows",
                json_lines[-1]["peak"] - json_lines[0]["peak"],
                "MiB",
            ),
            Figure(f"{_JSON}, rows a second on one core", sizes[-1] / last[_JSON]["seconds"], "/s"),
            Figure(f"{_JSON}, CPU time beside the plain decode", median(ratios), "×"),
        ],
        tables=[
            Table(
                ("format", "rows", "peak, MiB", "µs a row", "rows/s"),
                [
                    (name, f"{rows:,}", each["peak"], each["seconds"] / rows * 1e6, rows / each["seconds"])
                    for name, found in samples.items()
                    for rows, each in zip(sizes, found, strict=True)
                ],
            )
        ],
    )


def _blocks(rows: int) -> Iterator[bytes]:
    blocks = endless(_STREAM, min(rows, _BLOCK))
    for _ in range(0, rows, _BLOCK):
        yield next(blocks)


def _write_json_lines(path: Path, rows: int) -> None:
    with path.open("wb") as file:
        file.writelines(_blocks(rows))


class _Named(msgspec.Struct):
    ts: str
    id: str


def _tables(rows: int) -> Iterator[dict[str, list[Any]]]:
    """Columns of a block each; features stand beside the fields, as in tables. Only times and identifiers go on."""
    columns: dict[str, list[Any]] = {}
    for block in _blocks(rows):
        if not columns:
            lines = msgspec.json.Decoder().decode_lines(block)
            columns = {name: [line[name] for line in lines] for name in _FLAT}
            columns |= {name: [line["features"][name] for line in lines] for name in lines[0]["features"]}
        named = msgspec.json.Decoder(_Named).decode_lines(block)
        yield columns | {"ts": [each.ts for each in named], "id": [each.id for each in named]}


def _write_csv(path: Path, rows: int) -> None:
    rest: list[str] = []
    with path.open("w", encoding="utf-8") as file:
        for columns in _tables(rows):
            times, names, *others = columns.values()
            if not rest:
                file.write(",".join(columns) + "\n")
                rest = [",".join(map(str, row)) for row in zip(*others, strict=True)]
            file.writelines(f"{each},{name},{row}\n" for each, name, row in zip(times, names, rest, strict=True))


def _write_parquet(path: Path, rows: int) -> None:
    import pyarrow as pa
    from pyarrow import parquet

    waiting: list[Any] = []
    writer = None
    for columns in _tables(rows):
        waiting.append(pa.table(columns))
        if writer is None:
            # Values repeat from block to block: a dictionary would make numbers smaller than they are.
            texts = [field.name for field in waiting[0].schema if pa.types.is_string(field.type)]
            writer = parquet.ParquetWriter(path, waiting[0].schema, use_dictionary=texts)
        if sum(table.num_rows for table in waiting) >= min(rows, _ROW_GROUP):
            writer.write_table(pa.concat_tables(waiting), row_group_size=_ROW_GROUP)
            waiting = []
    if writer is not None:
        writer.close()


_FORMATS: Mapping[str, tuple[str, Callable[[Path, int], None]]] = {
    "JSON lines": ("jsonl", _write_json_lines),
    "CSV": ("csv", _write_csv),
    "Parquet": ("parquet", _write_parquet),
}
(_JSON, *_) = _FORMATS


# What follows runs in processes of its own.


def build(path: str, rows: int) -> dict[str, float]:
    """Peak memory in MiB and CPU seconds of the verb."""
    from model_drift_exporter.cli import cli
    from model_drift_exporter.commands.profile import write_profile  # noqa: F401 - its imports are not measured
    from model_drift_exporter.reference.profile_file import load_profiles

    began = time.process_time()
    output = Path(path).with_suffix(".reference.json")
    cli(["profile", path, "-o", str(output)], standalone_mode=False)
    seconds = time.process_time() - began
    peak = status_mebibytes("self", "VmHWM")
    (profile,) = load_profiles(output)
    if profile.rows != rows:
        raise RuntimeError(f"{profile.rows:,} of {rows:,} rows were read")
    return {"peak": peak, "seconds": seconds}
