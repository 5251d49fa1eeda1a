from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

import pytest

from model_drift_exporter.configuration.settings import Settings
from tests.support.check_logs import checked, text_of, write_log, write_reference


@pytest.mark.parametrize("given", [True, False], ids=["given", "learned"])
@pytest.mark.parametrize("rows", [600, 5_800])
def test_the_series_are_those_that_run_exports(tmp_path: Path, rows: int, given: bool) -> None:
    """The number of series is that of ``run --once`` on the same log; the most are those with full windows, labels and alerts."""
    reference = (write_reference(tmp_path),) if given else ()
    path = tmp_path / "log.jsonl"
    report = checked(Settings(reference=reference, inputs=(write_log(path, rows),)))
    arguments = ["run", "--once", *(f"--reference={name}" for name in reference), str(path)]
    done = subprocess.run(
        [sys.executable, "-m", "model_drift_exporter", *arguments], capture_output=True, check=True, timeout=60
    )
    exported = [line for line in done.stdout.decode().splitlines() if not line.startswith("#")]
    text = text_of(report)
    total = re.search(r"series +([\d,]+) now at /metrics", text)
    assert total is not None
    assert int(total[1].replace(",", "")) == len(exported)
    model = re.search(r"series +([\d,]+) now, at most ([\d,]+) when", text)
    assert model is not None
    now, most = (int(number.replace(",", "")) for number in model.groups())
    assert now == sum('model="risk"' in line for line in exported)
    assert now < most
    assert (most < 1.3 * now) == (rows > 2 * 24 * 60)
