from __future__ import annotations

import time
from pathlib import Path

import pytest

from model_drift_exporter.service import process
from model_drift_exporter.service.process import process_samples, resident_bytes
from tests.support.exposition import Exposition


def test_the_process_describes_itself() -> None:
    """Start, CPU time and memory are those of this process."""
    found = Exposition.of(process_samples())
    assert 0 < time.time() - found("process_start_time_seconds") < 7 * 86_400
    assert found("process_cpu_seconds_total") == pytest.approx(time.process_time(), abs=1)
    peak = int(next(line for line in Path("/proc/self/status").read_text().splitlines() if "VmHWM" in line).split()[1])
    assert 5e6 < found("process_resident_memory_bytes") <= peak * 1024 * 1.01


def test_memory_is_left_out_where_it_is_unknown(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """Without /proc, or with something else in it, there is no such sample."""
    for content in (None, "", "no numbers here"):
        path = tmp_path / "statm"
        if content is not None:
            path.write_text(content)
        monkeypatch.setattr(process, "Path", lambda _, path=path: path)
        assert resident_bytes() is None
        assert Exposition.of(process_samples()).get("process_resident_memory_bytes") is None
