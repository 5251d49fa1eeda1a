"""Small deterministic prediction logs, and batches and references made from them."""

from __future__ import annotations

import json
import random
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from model_drift_exporter.monitors import PARTS
from model_drift_exporter.records.batches import NO_POSITIONS, LabelBatch, ModelBatch, RecordBatch
from model_drift_exporter.reference.building.builder import ProfileBuilder
from model_drift_exporter.reference.building.settings import BuildSettings
from model_drift_exporter.reference.profile import ReferenceProfile

__all__ = ["START", "Row", "arrived", "batch_of", "make_rows", "profile_of", "write_jsonl"]

START = 1_760_000_000
"""Event time of the first record, in seconds since the epoch."""

Row = dict[str, Any]
_COUNTRIES = ("de", "fr", "it", "pl")


def make_rows(
    count: int, *, seed: int = 0, start: float = START, step: float = 10.0, shift: float = 0.0, **fields: Any
) -> list[Row]:
    """Records of a binary classifier with two features; ``shift`` moves the age; ``fields`` are added to each."""
    chance = random.Random(seed)
    rows = []
    for index in range(count):
        score = round(chance.random(), 4)
        rows.append(
            {
                "ts": start + index * step,
                "id": f"{seed}-{index}",
                "features": {
                    "age": round(chance.gauss(40 + shift, 10), 2),
                    "country": chance.choices(_COUNTRIES, (50, 30, 15, 5))[0],
                },
                "prediction": "yes" if score > 0.4 else "no",
                "score": score,
                **fields,
            }
        )
    return rows


def write_jsonl(path: Path, rows: Iterable[Row]) -> Path:
    """One record a line."""
    path.write_text("".join(json.dumps(row) + "\n" for row in rows))
    return path


def arrived(
    records: RecordBatch | None,
    labels: LabelBatch | None = None,
    rejected: NDArray[np.int64] = NO_POSITIONS,
    *,
    arrival: float = START,
) -> ModelBatch:
    """What one model is given at once."""
    return ModelBatch(records, labels, rejected, arrival)


def batch_of(rows: Sequence[Row]) -> RecordBatch:
    """What a decoder makes of the rows."""

    def column(name: str) -> list[Any] | None:
        return [row.get(name) for row in rows] if any(name in row for row in rows) else None

    names = dict.fromkeys(name for row in rows for name in row["features"])
    return RecordBatch.of(
        size=len(rows),
        features={name: [row["features"].get(name) for row in rows] for name in names},
        time=column("ts"),
        id=column("id"),
        model=column("model"),
        version=column("model_version"),
        prediction=column("prediction"),
        score=column("score"),
        scores=column("scores"),
        label=column("label"),
        latency=column("latency"),
    )


def profile_of(
    batches: Sequence[RecordBatch], options: BuildSettings | None = None, model: str = "m"
) -> ReferenceProfile:
    """The profile of these batches."""
    builder = ProfileBuilder(model, options, parts=PARTS)
    for batch in batches:
        builder.survey(batch)
    builder.fix_bins()
    for batch in batches:
        builder.count(batch)
    return builder.profile()
