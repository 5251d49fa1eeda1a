from __future__ import annotations

import subprocess
from pathlib import Path

from model_drift_exporter.commands.replay.backfill import Backfill
from tests.support.components import require

from ....support.backfill_blocks import START, blocks


def test_promtool_makes_blocks_of_it(tmp_path: Path) -> None:
    """What Prometheus would serve is what was written."""
    backfill = Backfill(tmp_path / "history", step=60.0)
    for step in range(5):
        backfill.write(START + 60 * step, blocks(10 * step, 0))
    backfill.flush()
    promtool = require("promtool")
    made = subprocess.run(
        [promtool, "tsdb", "create-blocks-from", "openmetrics", tmp_path / "history" / "00000.openmetrics", "data"],
        cwd=tmp_path,
        capture_output=True,
        text=True,
        check=False,
    )
    assert made.returncode == 0, made.stderr
    (tmp_path / "data" / "wal").mkdir()  # without one, dumping refuses
    dump = subprocess.run(
        [promtool, "tsdb", "dump", "data"], cwd=tmp_path, capture_output=True, text=True, check=True
    ).stdout
    found = [line.split()[-2] for line in dump.splitlines() if "model_records_total" in line and 'model="b"' in line]
    assert found == ["1", "11", "21", "31", "41"]
