"""The log behind tests/golden: two models, several windows, and one of everything that can be wrong with a line."""

from __future__ import annotations

import json
import random
from pathlib import Path
from typing import Any

__all__ = ["write_golden_log"]

_START = 1_760_000_000
_COUNTRIES = ("de", "fr", "it", "pl", "b07")


def write_golden_log(folder: Path) -> None:
    """Write reference.jsonl, predictions.jsonl and deliveries.csv."""
    chance = random.Random(20)
    reference = [_churn(index, chance, labelled=True) for index in range(240)]
    (folder / "reference.jsonl").write_text("".join(json.dumps(row) + "\n" for row in reference))
    lines = [json.dumps(_churn(index, chance)).encode() for index in range(320)]
    for place, line in enumerate(_oddities(chance)):
        lines.insert(20 + 13 * place, line)
    (folder / "predictions.jsonl").write_bytes(b"\n".join(lines) + b"\n")
    (folder / "deliveries.csv").write_text(_deliveries(chance))


def _churn(index: int, chance: random.Random, *, labelled: bool = False) -> dict[str, Any]:
    score = round(chance.random(), 3)
    row: dict[str, Any] = {
        "ts": _START + index * 45,
        "id": f"r{index}",
        "model": "churn",
        "model_version": "7" if labelled or index < 250 else "8",
        "features": {
            "age": round(chance.gauss(40, 9) + (0 if labelled or index < 200 else 6), 1),
            "country": chance.choices(_COUNTRIES, (40, 30, 15, 10, 5))[0],
        },
        "prediction": "leaves" if score > 0.6 else "stays",
        "score": score,
    }
    if labelled:
        row["label"] = "leaves" if chance.random() < score else "stays"
    else:
        row["latency_ms"] = round(chance.lognormvariate(3, 1), 2)
    return row


def _oddities(chance: random.Random) -> list[bytes]:
    def changed(**changes: Any) -> bytes:
        return json.dumps(_churn(20, chance) | changes).encode()

    return [
        b"this is not JSON",
        b'["not", "an", "object"]',
        json.dumps({"id": "x", "model": "churn", "prediction": "stays"}).encode(),
        b'{"features": {"age": 1, "country": "\xff"}}',
        changed(comment="x" * 3_000),
        json.dumps({"id": "r1", "model": "churn", "label": "leaves"}).encode(),
        json.dumps({"id": "r2", "model": "churn", "label": "stays"}).encode(),
        changed(ts=_START - 200_000),
        changed(ts=_START + 40 * 86_400),
        changed(ts=None),
        changed(features={"age": None, "country": "never seen"}),
        changed(features={"age": "41", "country": 41}, score="high", prediction="neither"),
        changed(features={"age": 1e300, "country": None}, score=None, prediction=None),
        changed(features={"age": -1.0, "unheard_of": 1}, score=1.5),
        b"",
        b"   ",
    ]


def _deliveries(chance: random.Random) -> str:
    rows = ["timestamp,model,distance,vehicle,prediction"]
    for index in range(160):
        distance = round(chance.lognormvariate(2, 0.7), 2)
        minutes = round(4 * distance + chance.gauss(10, 3), 1)
        rows.append(f"{_START + index * 60},deliveries,{distance},{chance.choice(('bike', 'van'))},{minutes}")
    rows.insert(60, "too,few")
    return "\n".join(rows) + "\n"
