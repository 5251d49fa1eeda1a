"""Three models that serve side by side: the input of one breaks, the relation that another has learned moves, one is well."""

from __future__ import annotations

import json
import random
from collections.abc import Iterable
from datetime import UTC, datetime
from pathlib import Path

import attrs

from model_drift_exporter.reference.profile_file import save_profiles
from tests.support.prediction_log import Row, batch_of, make_rows, profile_of

__all__ = ["BROKEN", "CLEAN", "MODELS", "MOVED", "PORTIONS", "Portion", "append", "played", "reference_file"]

BROKEN, MOVED, CLEAN = MODELS = ("loan-approval", "churn", "fraud")
PORTIONS = {"before": range(2_000), "during": range(2_000, 3_500), "after": range(3_500, 8_000)}
"""Positions of the records of each model before the incidents, during them, and after the mend."""

_COUNT = PORTIONS["after"].stop
_STEP = 20.0  # seconds from a model's record to its next
_DELAY = 3_600.0  # seconds until a label comes
_MISSING = 0.3  # share of ages that are missing while the input is broken
_ERROR, _DOUBLED = 0.1, 0.2
_REFERENCE_ROWS = 3_000


@attrs.frozen
class Portion:
    """What is written at one go: the predictions of a while, and the labels that came in that while."""

    predictions: list[Row]
    labels: list[Row]


def _start() -> float:
    """The time of the first record. The last ones are of the end of yesterday, so that times of the day are always the same."""
    midnight = datetime.now(UTC).replace(hour=0, minute=0, second=0, microsecond=0)
    return midnight.timestamp() - _COUNT * _STEP - _DELAY


def _label(row: Row, *, right: bool) -> str:
    other = "no" if row["prediction"] == "yes" else "yes"
    return row["prediction"] if right else other


def _stream(model: str, seed: int, start: float) -> tuple[list[Row], list[Row]]:
    """Predictions and, an hour later, their labels."""
    chance = random.Random(seed)
    predictions = make_rows(_COUNT, seed=seed, start=start, step=_STEP, model=model)
    labels = []
    for position, row in enumerate(predictions):
        incident = position in PORTIONS["during"]
        if model == BROKEN and incident and chance.random() < _MISSING:
            row["features"]["age"] = None
        error = _DOUBLED if model in (BROKEN, MOVED) and incident else _ERROR
        label = _label(row, right=chance.random() >= error)
        labels.append({"ts": row["ts"] + _DELAY, "model": model, "id": row["id"], "label": label})
    return predictions, labels


def played() -> dict[str, Portion]:
    """What each portion brings of all models, in the order of time."""
    start = _start()
    streams = [_stream(model, seed, start) for seed, model in enumerate(MODELS, start=4)]
    rows = [
        sorted((row for kind in each for row in kind), key=lambda row: row["ts"]) for each in zip(*streams, strict=True)
    ]
    predictions, labels = rows
    portions = {}
    for name, positions in PORTIONS.items():
        since, until = (start + position * _STEP for position in (positions.start, positions.stop))
        if positions.stop == _COUNT:
            until += _DELAY
        portions[name] = Portion(
            *([row for row in kind if since <= row["ts"] < until] for kind in (predictions, labels))
        )
    return portions


def reference_file(path: Path) -> Path:
    """The references of all models, of the time before, with labels."""
    profiles = []
    for seed, model in enumerate(MODELS, start=94):
        chance = random.Random(seed)
        rows = make_rows(_REFERENCE_ROWS, seed=seed, start=_start() - _REFERENCE_ROWS * _STEP, step=_STEP)
        for row in rows:
            row["label"] = _label(row, right=chance.random() >= _ERROR)
        profiles.append(profile_of([batch_of(rows)], model=model))
    save_profiles(path, profiles, "2026-01-01T00:00:00Z")
    return path


def append(path: Path, rows: Iterable[Row]) -> None:
    """Log the rows."""
    with path.open("a") as file:
        file.write("".join(json.dumps(row) + "\n" for row in rows))
