"""A log with an incident in it: values go missing and predictions go wrong for a while, labels come later."""

from __future__ import annotations

import json
import random
from pathlib import Path

from model_drift_exporter.reference.profile_file import save_profiles
from tests.support.prediction_log import START, Row, batch_of, make_rows, profile_of

__all__ = ["STEP", "incident", "incident_lines", "labels_of", "reference_file"]

STEP = 20.0
"""Seconds from one record to the next."""

_ERROR = 0.1


def incident(
    count: int = 4_000, *, missing: range = range(0), wrong: range = range(0), seed: int = 3
) -> tuple[list[Row], list[Row]]:
    """Predictions and their labels, an hour late.

    Ages are missing in three of five records at ``missing``, and half of the predictions at ``wrong`` are wrong instead of
    a tenth.
    """
    chance = random.Random(seed)
    rows = make_rows(count, seed=seed, step=STEP)
    for position in missing:
        if chance.random() < 0.6:
            rows[position]["features"]["age"] = None
    return rows, labels_of(rows, wrong, seed=seed)


def labels_of(rows: list[Row], wrong: range = range(0), *, seed: int = 3, delay: float = 3_600.0) -> list[Row]:
    """A label for each prediction."""
    chance = random.Random(seed + 1)
    labels = []
    for position, row in enumerate(rows):
        right = chance.random() >= (0.5 if position in wrong else _ERROR)
        other = "no" if row["prediction"] == "yes" else "yes"
        labels.append({"ts": row["ts"] + delay, "id": row["id"], "label": row["prediction"] if right else other})
    return labels


def reference_file(path: Path, rows: int = 3_000, model: str = "default") -> Path:
    """A reference from before the log, with labels."""
    accepted = make_rows(rows, seed=99, start=START - rows * STEP, step=STEP)
    labels = labels_of(accepted, seed=99)
    for row, label in zip(accepted, labels, strict=True):
        row["label"] = label["label"]
    save_profiles(path, [profile_of([batch_of(accepted)], model=model)], "2026-01-01T00:00:00Z")
    return path


def incident_lines() -> list[str]:
    """A log with both kinds of incidents, its labels among the predictions, and lines that are none."""
    count = 5_000
    predictions, labels = incident(count, missing=range(900, 1_500), wrong=range(3_200, count))
    rows = sorted([*predictions, *labels], key=lambda row: float(row["ts"]))
    lines = [json.dumps(row) + "\n" for row in rows]
    for place in range(0, len(lines), 700):
        lines.insert(place, "no json\n")
    return lines
