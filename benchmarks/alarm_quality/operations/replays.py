"""A stream of each kind as files, through ``model-drift-exporter profile`` and ``replay`` as a user starts them."""

from __future__ import annotations

import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Any

import msgspec
import numpy as np
from numpy.typing import NDArray

from benchmarks.processes import ROOT, build_reference
from model_drift_exporter.configuration.settings import Settings
from model_drift_exporter.models.model import Model
from model_drift_exporter.records.batches import LabelBatch, ModelBatch, RecordBatch

from ..laws import profile_of
from .kind import Case, Kind, make_case

__all__ = ["MOST_REFERENCE_ROWS", "decisions_of_both", "write_case"]

MOST_REFERENCE_ROWS = 120_000
"""Kinds whose reference has more rows are not written to files."""
_RECORDS, _MOST_DAYS = 30_000.0, 60.0


def decisions_of_both(kind: Kind, *, seed: int, days: float) -> dict[str, Any]:
    """Alerts by record of the same stream, through files and the command line, and in this process."""
    days = min(days, _MOST_DAYS, max(_RECORDS / kind.world.rate, 1e-4))
    case = make_case(kind, seed, days)
    if case.reference.size > MOST_REFERENCE_ROWS:
        return {}
    profile = profile_of(case.reference)
    model = Model(profile.model, profile, Settings().monitoring)
    for batch in case.live.batches():
        model.process(batch)
    model.finish()
    here = [[edge.record, edge.alert, edge.severity] for edge in model.alarms.drain() if edge.firing]
    with tempfile.TemporaryDirectory() as folder:
        replayed = _replayed(Path(folder), case)
    return {"here": sorted(here), "replayed": sorted(replayed)}


def _replayed(folder: Path, case: Case) -> list[list[Any]]:
    write_case(folder, case)
    build_reference(folder / "reference.jsonl", folder / "reference.json")
    labels = folder / "labels.jsonl"
    command = [
        *(sys.executable, "-m", "model_drift_exporter", "replay", "--format=json"),
        *(f"--reference={folder / 'reference.json'}", *([f"--labels={labels}"] if labels.exists() else [])),
        str(folder / "predictions.jsonl"),
    ]
    done = subprocess.run(command, cwd=ROOT, check=True, capture_output=True)
    edges = [msgspec.json.decode(line) for line in done.stdout.splitlines()]
    return [[edge["record"], edge["alert"], edge["severity"]] for edge in edges if edge.get("state") == "firing"]


def write_case(folder: Path, case: Case) -> None:
    """``reference.jsonl``, ``predictions.jsonl`` with the lines that cannot be read, and ``labels.jsonl`` if there are any."""
    with (folder / "reference.jsonl").open("wb") as file:
        file.writelines(_lines(case.reference))
    labels = []
    with (folder / "predictions.jsonl").open("wb") as file:
        for batch in case.live.batches():
            file.writelines(_in_order(batch))
            if batch.labels is not None:
                labels += _lines(batch.labels)
    if labels:
        (folder / "labels.jsonl").write_bytes(b"".join(labels))


def _in_order(batch: ModelBatch) -> list[bytes]:
    if batch.records is None:
        return [_GARBAGE] * len(batch.rejected)
    lines = [*_lines(batch.records), *[_GARBAGE] * len(batch.rejected)]
    order: NDArray[np.intp] = np.argsort(np.concatenate([batch.records.position, batch.rejected]), kind="stable")
    return [lines[place] for place in order.tolist()]


_GARBAGE = b'{"ts": this is no record\n'
_NAMES = {"time": "ts", "version": "model_version"}


def _lines(batch: RecordBatch | LabelBatch) -> list[bytes]:
    """Each record or label as a line of JSON; a value of a wrong type as a text."""
    fields = {_NAMES.get(name, name): [*column] for name, column in batch.fields.items()}
    if "id" in fields:
        fields["id"] = [f"{value:x}" for value in batch.fields["id"]]
    rows = [dict(zip(fields, values, strict=True)) for values in zip(*fields.values(), strict=True)]
    if isinstance(batch, RecordBatch):
        names = [*batch.features]
        columns = [["n/a" if value == [] else value for value in batch.features[name]] for name in names]
        for row, values in zip(rows, zip(*columns, strict=True), strict=True):
            row["features"] = dict(zip(names, values, strict=True))
    encode = msgspec.json.Encoder().encode
    return [encode(row) + b"\n" for row in rows]
