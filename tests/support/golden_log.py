"""The log behind tests/golden: four models, several windows, and one of everything that can happen to them.

``churn`` has labels in a log of their own and an incident, ``deliveries`` learns its reference, ``claims`` is a regression
and ``payments`` has a rare class, both with labels in their records.
"""

from __future__ import annotations

import json
import random
from collections.abc import Iterator
from pathlib import Path
from typing import Any

__all__ = ["INPUTS", "LABELS", "LOGS", "REFERENCES", "write_golden_log"]

REFERENCES = ("reference.jsonl", "claims_reference.csv", "payments_reference.csv")
LOGS = ("predictions.jsonl", "deliveries.csv", "claims.csv", "payments.csv")
LABELS = "labels.jsonl"
INPUTS = (*REFERENCES, *LOGS, LABELS)

_START = 1_760_000_000
_COUNTRIES = ("de", "fr", "it", "pl", "b07")
_STEP = 45
_DELAY = 600
_INCIDENT = range(230, 900)


def write_golden_log(folder: Path) -> None:
    """Write all of :data:`INPUTS`."""
    chance = random.Random(20)
    reference = [_churn(index, chance, labelled=True) for index in range(240)]
    (folder / "reference.jsonl").write_text("".join(json.dumps(row) + "\n" for row in reference))
    live = [_churn(index, chance) for index in range(900)]
    lines = [json.dumps(row).encode() for row in live]
    for place, line in enumerate(_oddities(chance)):
        lines.insert(20 + 13 * place, line)
    (folder / "predictions.jsonl").write_bytes(b"\n".join(lines) + b"\n")
    (folder / "deliveries.csv").write_text(_deliveries(chance))
    (folder / LABELS).write_text("".join(json.dumps(label) + "\n" for label in _labels(live, random.Random(21))))
    for name, count, seed in (("claims_reference", 240, 22), ("claims", 200, 23)):
        (folder / f"{name}.csv").write_text("\n".join(_claims(count, random.Random(seed))) + "\n")
    for name, count, seed in (("payments_reference", 1_300, 24), ("payments", 200, 25)):
        (folder / f"{name}.csv").write_text("\n".join(_payments(count, random.Random(seed))) + "\n")


def _churn(index: int, chance: random.Random, *, labelled: bool = False) -> dict[str, Any]:
    score = round(chance.random(), 3)
    age = round(chance.gauss(40, 9) + (0 if labelled or index < 200 else 6), 1)
    row: dict[str, Any] = {
        "ts": _START + index * _STEP,
        "id": f"r{index}",
        "model": "churn",
        "model_version": "7" if labelled or index < 250 else "8",
        "features": {
            "age": None if not labelled and index in _INCIDENT and index % 4 else age,
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


def _labels(live: list[dict[str, Any]], chance: random.Random) -> Iterator[dict[str, Any]]:
    """A label for most predictions, ten minutes late, and what else a label log may hold."""
    for index, row in enumerate(live):
        label = {"ts": row["ts"] + _DELAY, "id": row["id"], "model": "churn"}
        label["label"] = "leaves" if chance.random() < row["score"] else "stays"
        if index % 10:
            yield label
        if index == 50:
            yield label
            yield label | {"label": "stays" if label["label"] == "leaves" else "leaves"}
            yield label | {"label": "perhaps"}
            yield label | {"label": None}
            yield label | {"id": None}
            yield label | {"id": "nobody", "ts": label["ts"] + 1}
            yield label | {"id": "r55", "ts": label["ts"] + 30 * 86_400}


def _claims(count: int, chance: random.Random) -> Iterator[str]:
    yield "timestamp,model,amount,prediction,label"
    for index in range(count):
        amount = round(chance.lognormvariate(3, 0.5), 1)
        label = round(2 * amount + chance.gauss(5, 4), 1)
        yield f"{_START + index * 60},claims,{amount},{round(2 * amount + 5, 1)},{label}"


def _payments(count: int, chance: random.Random) -> Iterator[str]:
    yield "timestamp,model,amount,prediction,score,label"
    for index in range(count):
        score = round(chance.betavariate(0.4, 4), 2)
        label = "fraud" if chance.random() < score else "fine"
        amount = round(chance.lognormvariate(2, 1))
        yield f"{_START + index * 60},payments,{amount},{'fraud' if score > 0.5 else 'fine'},{score},{label}"


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
