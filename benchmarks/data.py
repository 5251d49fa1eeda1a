"""The measured stream: JSON lines of a made-up classifier with numeric and categorical features, from fixed seeds."""

from __future__ import annotations

import csv
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import attrs
import msgspec
import numpy as np
from numpy.typing import NDArray

__all__ = ["MODEL", "Stream", "endless", "label_block", "record_block", "write_csv", "write_labels", "write_log"]

MODEL = "churn"
_CATEGORIES = ("basic", "silver", "gold", "platinum")
_START = 1_762_161_247_000  # milliseconds since the epoch
_STEP = 50  # milliseconds between two records
_BLOCK = 5_000
_ID_DIGITS = 10
_TIME_LENGTH = 23


@attrs.frozen
class Stream:
    """Which records. Of every numeric value, ``mixed`` turns 5 % into null, 5 % into an integer and 2 % into a string.

    ``labelled``: each record has its label, which is the prediction in nine of ten. With several ``models`` each record is of
    one of them at random.
    """

    numeric: int = 20
    categorical: int = 5
    mixed: bool = False
    seed: int = 1
    labelled: bool = False
    models: int = 1

    @property
    def features(self) -> int:
        return self.numeric + self.categorical


def write_log(path: Path, records: int, stream: Stream) -> Path:
    """Write a log of that many records and give its path back."""
    with path.open("wb") as file:
        for first in range(0, records, _BLOCK):
            size = min(_BLOCK, records - first)
            file.write(record_block(stream, first, size))
    return path


def write_csv(path: Path, log: Path) -> Path:
    """Write the records of a log of one model as CSV, each feature a column, and give the path back."""
    with log.open("rb") as lines, path.open("w", newline="", encoding="utf-8") as file:
        writer: csv.DictWriter[str] | None = None
        for line in lines:
            record = msgspec.json.decode(line)
            row = {name: value for name, value in record.items() if name != "features"} | record["features"]
            if writer is None:
                writer = csv.DictWriter(file, [*row])
                writer.writeheader()
            writer.writerow(row)
    return path


def record_block(stream: Stream, first: int, size: int) -> bytes:
    """Lines of the records ``first`` to ``first + size - 1``; always the same ones."""
    random = np.random.default_rng([stream.seed, first])
    columns: dict[str, list[Any]] = {}
    for position in range(stream.numeric):
        # Means and spreads differ, as real features' do; five digits after the point are usual in logs.
        values: list[Any] = random.normal(position, 1 + position / 4, size).round(5).tolist()
        if stream.mixed:
            kinds = random.random(size).tolist()
            values = [_mixed(value, kind) for value, kind in zip(values, kinds, strict=True)]
        columns[f"num_{position:02d}"] = values
    for position in range(stream.categorical):
        names = random.choice(_CATEGORIES, size, p=(0.4, 0.3, 0.2, 0.1))
        columns[f"cat_{position}"] = names.tolist()
    scores = random.beta(2, 3, size).round(6).tolist()
    labels = _labels(stream, first, scores) if stream.labelled else []
    models = _models(stream, first, size)
    encode = msgspec.json.Encoder().encode
    lines = [
        encode(
            {
                "ts": _time_text(first + index),
                "id": _identifier(first + index),
                "model": models[index],
                "model_version": "7",
                "features": dict(zip(columns, values, strict=True)),
                "prediction": int(scores[index] >= 0.5),
                "score": scores[index],
                **({"label": labels[index]} if labels else {}),
            }
        )
        for index, values in enumerate(zip(*columns.values(), strict=True))
    ]
    return b"\n".join(lines) + b"\n"


def _labels(stream: Stream, first: int, scores: list[float]) -> list[int]:
    wrong = np.random.default_rng([stream.seed, first, 1]).random(len(scores)) < 0.1
    return [int((score >= 0.5) != other) for score, other in zip(scores, wrong.tolist(), strict=True)]


def _models(stream: Stream, first: int, size: int) -> list[str]:
    if stream.models == 1:
        return [MODEL] * size
    numbers = np.random.default_rng([stream.seed, first, 3]).integers(stream.models, size=size)
    return [f"{MODEL}-{number:02d}" for number in numbers.tolist()]


def write_labels(path: Path, records: int, delay: int) -> Path:
    """Write a log of the labels of that many records; each comes with the record that is ``delay`` records later."""
    with path.open("wb") as file:
        for first in range(0, records, _BLOCK):
            file.write(label_block(first, min(_BLOCK, records - first), delay))
    return path


def label_block(first: int, size: int, delay: int) -> bytes:
    """Lines with the labels of the records ``first`` to ``first + size - 1``: two in five are 1."""
    labels = (np.random.default_rng([first, 2]).random(size) < 0.4).astype(int).tolist()
    encode = msgspec.json.Encoder().encode
    lines = [
        encode({"ts": _time_text(index + delay), "id": _identifier(index), "model": MODEL, "label": label})
        for index, label in enumerate(labels, first)
    ]
    return b"\n".join(lines) + b"\n"


def _identifier(index: int) -> str:
    return f"order-{index:0{_ID_DIGITS}d}"


def _mixed(value: float, kind: float) -> float | int | str | None:
    if kind < 0.05:
        return None
    if kind < 0.10:
        return round(value)
    return str(value) if kind < 0.12 else value


def _time_text(index: int) -> str:
    moment = datetime.fromtimestamp((_START + index * _STEP) / 1000, UTC)
    return moment.strftime("%Y-%m-%dT%H:%M:%S.%f")[:_TIME_LENGTH] + "Z"


def endless(stream: Stream, block: int) -> Iterator[bytes]:
    """Blocks of records without end: the values repeat, ids and times go on.

    Made an order of magnitude faster than a sidecar reads, so that the writer is not what is measured.
    """
    template = record_block(stream, 0, block)
    buffer = np.frombuffer(template, np.uint8).copy()
    line_starts = np.flatnonzero(np.frombuffer(b"\n" + template[:-1], np.uint8) == ord("\n"))
    id_places = _places(template, line_starts, b'"id":"order-', _ID_DIGITS)
    time_places = _places(template, line_starts, b'"ts":"', _TIME_LENGTH)
    powers = 10 ** np.arange(_ID_DIGITS - 1, -1, -1)
    numbers = np.arange(block)
    while True:
        buffer[id_places] = numbers[:, None] // powers % 10 + ord("0")
        times = np.datetime_as_string((_START + numbers * _STEP).astype("datetime64[ms]"))
        buffer[time_places] = times.astype("S").view(np.uint8).reshape(block, -1)[:, :_TIME_LENGTH]
        yield buffer.tobytes()
        numbers += block


def _places(template: bytes, line_starts: NDArray[np.intp], key: bytes, length: int) -> NDArray[np.intp]:
    starts = [template.index(key, start) + len(key) for start in line_starts.tolist()]
    return np.array(starts)[:, None] + np.arange(length)
