from __future__ import annotations

import signal
import subprocess
import sys
from pathlib import Path

import pytest

from model_drift_exporter.reference.profile_file import load_profiles

from ....support.demo_traffic import records_of


def test_the_reference_is_written_beside_the_log(tmp_path: Path) -> None:
    """Before the first record there is a profile that the exporter can load, with the labels that a loss is judged by."""
    output = tmp_path / "p.jsonl"
    command = [
        sys.executable,
        "-m",
        "model_drift_exporter.commands.demo.traffic",
        "--reference",
        "--output",
        str(output),
    ]
    with subprocess.Popen(command, stderr=subprocess.PIPE, text=True) as process:
        assert process.stderr is not None
        process.stderr.readline()
        process.terminate()
        assert process.wait(20) == 0
    [profile] = load_profiles(tmp_path / "reference.json")
    assert profile.model == "late-meals"
    assert profile.rows == len(records_of(tmp_path / "reference.jsonl")) == 10_000
    assert all("label" in record for record in records_of(tmp_path / "reference.jsonl"))


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_a_signal_ends_it_cleanly(tmp_path: Path, number: signal.Signals) -> None:
    """A container that is stopped, or Ctrl-C: exit code 0, whole lines, no traceback."""
    output = tmp_path / "p.jsonl"
    command = [
        sys.executable,
        "-m",
        "model_drift_exporter.commands.demo.traffic",
        "--output",
        str(output),
        "--rate",
        "2000",
    ]
    with subprocess.Popen(command, stderr=subprocess.PIPE, text=True) as process:
        assert process.stderr is not None
        first = process.stderr.readline()
        process.send_signal(number)
        rest = process.stderr.read()
        assert process.wait(20) == 0
    assert first.startswith("writing about 2000 records a second to ")
    assert rest == ""
