from __future__ import annotations

import json
from pathlib import Path

import pytest

from model_drift_exporter.configuration.settings import Settings
from tests.support.exposition import Exposition
from tests.support.sidecar import run_command

from ....support.replayed import incident_settings, replayed


@pytest.fixture(name="settings")
def _settings(tmp_path: Path) -> Settings:
    return incident_settings(tmp_path)


def test_run_once_decides_the_same(settings: Settings) -> None:
    """The alerts that are latched in the end are those that replay left firing."""
    latched = {line["alert"]: line["state"] == "firing" for line in replayed(settings) if "alert" in line}
    log, labels = (each.path for each in settings.inputs)
    finished = run_command("run", "--once", "--reference", settings.reference[0], "--labels", labels, log)
    found = Exposition(finished.stdout).by("alert", "model_alert_active", model="default")
    assert {alert: bool(value) for alert, value in found.items() if value} == {
        alert: True for alert, firing in latched.items() if firing
    }


def test_the_command_prints_text(settings: Settings) -> None:
    """A line an edge, a line in the end; the exit code is 0 although it paged."""
    log, labels = (each.path for each in settings.inputs)
    finished = run_command("replay", "--reference", settings.reference[0], "--labels", labels, log)
    assert finished.returncode == 0
    lines = finished.stdout.decode().splitlines()
    assert any("page    ModelInputBroken  default, named: age, since 2025-10-09T" in line for line in lines)
    assert any("page    resolved ModelInputBroken" in line for line in lines)
    assert lines[-1].startswith("6,000 records, 6,000 labels: 2 pages, ")


def test_the_past_of_each_replica_has_its_own_labels(tmp_path: Path, settings: Settings) -> None:
    """The history of several logs goes into one Prometheus, as scrapes of several exporters do."""
    log, _ = (each.path for each in settings.inputs)
    target = ("--backfill.job=loans", "--backfill.instance=model-1:9877")
    finished = run_command(
        "replay",
        "--reference",
        settings.reference[0],
        f"--backfill={tmp_path / 'one'}",
        "--backfill.step=1h",
        *target,
        log,
    )
    assert finished.returncode == 0, finished.stderr
    assert b"--backfill.step is longer than 60 s: the recording rules" in finished.stderr
    lines = [line for path in (tmp_path / "one").iterdir() for line in path.read_text().splitlines()]
    samples = [line for line in lines if not line.startswith("#")]
    assert samples
    assert all('{job="loans",instance="model-1:9877"' in line for line in samples)


def test_a_log_that_is_missing_is_an_exit_code(tmp_path: Path) -> None:
    """The rest is replayed, and the log says what could not be read."""
    finished = run_command("replay", tmp_path / "nothing.jsonl", "--format=json")
    assert finished.returncode == 1
    assert b"does not exist" in finished.stderr or b"no such file" in finished.stderr
    assert json.loads(finished.stdout)["summary"]["records"] == 0
