from __future__ import annotations

import signal
from pathlib import Path

import pytest

from tests.support.incident_log import incident_lines, reference_file
from tests.support.sidecar import eventually, sidecar


@pytest.fixture(name="lines")
def _lines() -> list[str]:
    return incident_lines()


def test_the_real_process_goes_on_after_kill_9(tmp_path: Path, lines: list[str]) -> None:
    """Counters start again at 0, the latch does not; what was read before the last snapshot is not read again."""
    reference_file(tmp_path / "reference.json")
    log = tmp_path / "log.jsonl"
    log.write_text("".join(lines[:3_000]))
    arguments = (
        f"--reference={tmp_path / 'reference.json'}",
        f"--state.path={tmp_path / 'state'}",
        "--state.interval=1s",
        str(log),
    )
    with sidecar(tmp_path, *arguments) as first:
        records = eventually(lambda: first.metrics().get("model_records_total", model="default"))
        eventually(lambda: first.metrics().get("model_drift_exporter_snapshot_bytes"))
        active = first.metrics()("model_alert_active", model="default", alert="ModelInputBroken", severity="page")
        first.process.send_signal(signal.SIGKILL)
        first.process.wait()
    assert records
    assert active == 1
    with log.open("a") as file:
        file.write("".join(lines[3_000:3_100]))
    with sidecar(tmp_path, *arguments) as second:
        eventually(lambda: second.metrics().get("model_records_total", model="default"))
        metrics = second.metrics()
        assert metrics("model_drift_exporter_snapshot_restored") == 1
        assert metrics("model_alert_active", model="default", alert="ModelInputBroken", severity="page") == 1
        assert metrics("model_records_total", model="default") < 100
