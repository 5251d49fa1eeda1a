from __future__ import annotations

import json
import random
from pathlib import Path

from model_drift_exporter.service.exporter import Exporter
from tests.support.exposition import series_lines
from tests.support.prediction_log import START, make_rows
from tests.support.sidecar import run_command

from ...support.stepped_exporter import StillClock, log_settings, read_all


def test_run_and_once_agree_to_the_digit(tmp_path: Path) -> None:
    """A growing file followed in random pieces gives the metrics that reading the whole file once gives."""
    rows = make_rows(900, seed=4, label="yes", latency=0.01, model_version="1") + make_rows(
        700, seed=5, start=START + 9_000, shift=6, model="second", latency=0.7
    )
    chance = random.Random(1)
    chance.shuffle(rows)
    rows.sort(key=lambda row: float(row["ts"]) + chance.uniform(0, 600))
    lines = [json.dumps(row).encode() + b"\n" for row in rows]
    for bad in (b"no json\n", b"\xff\xfe\n", b"[]\n", b"\n", b'{"id": "x", "label": "no"}\n', b'{"ts": 1}\n'):
        lines.insert(chance.randrange(len(lines)), bad)
    data = b"".join(lines)
    path = tmp_path / "log.jsonl"
    path.touch()
    exporter = Exporter(log_settings(path), clock=StillClock())
    with path.open("ab", buffering=0) as file:
        while data:
            size = chance.choice((1, 50, 700, 9_000, 40_000))
            file.write(data[:size])
            data = data[size:]
            exporter.step()
    found = read_all(exporter)
    once = run_command("run", "--once", "--learn.records=100", path)
    assert once.returncode == 0
    followed = [line for line in series_lines(found.text) if 'input="ingest"' not in line]
    assert followed == series_lines(once.stdout.decode())
    assert found.total("model_records_total") == 1_600
