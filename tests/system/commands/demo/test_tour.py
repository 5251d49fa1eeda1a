from __future__ import annotations

import os
import signal
import subprocess
import sys
from pathlib import Path

import httpx
import pytest

COMMAND = [sys.executable, "-u", "-m", "model_drift_exporter", "demo", "--web.listen-address", "127.0.0.1:0"]


def start(folder: Path, *arguments: str) -> subprocess.Popen[str]:
    return subprocess.Popen(
        [*COMMAND, *arguments],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        env={**os.environ, "TMPDIR": str(folder)},
    )


def test_the_demo_finds_the_incident_serves_it_and_ends_by_itself(tmp_path: Path) -> None:
    """As a newcomer runs it: the address first, a page that answers, what has happened, exit code 0, nothing left."""
    with start(tmp_path, "--seconds", "10") as process:
        assert process.stdout is not None
        assert process.stderr is not None
        first = process.stdout.readline()
        assert first.startswith("The page: http://127.0.0.1:")
        metrics = httpx.get(first.split()[-1] + "/metrics", timeout=30).text
        text = process.stdout.read()
        assert process.stderr.read() == ""
        assert process.wait(30) == 0
    assert "model_drift_exporter_build_info" in metrics
    assert "* ModelFeatureDrift (ticket) fires, because of " in " ".join(text.split())
    assert "* distance has moved, PSI" in text
    assert "The tour is over." in text
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_a_signal_ends_the_demo_cleanly(tmp_path: Path, number: signal.Signals) -> None:
    """Ctrl-C in the middle: exit code 0, no traceback, no temporary folder left."""
    with start(tmp_path, "--seconds", "600", "--stream", "generated") as process:
        assert process.stdout is not None
        assert process.stderr is not None
        for line in process.stdout:
            if "the window fills" in line:
                break
        process.send_signal(number)
        text = process.stdout.read()
        assert process.stderr.read() == ""
        assert process.wait(20) == 0
    assert "Stopped. " in text
    assert list(tmp_path.iterdir()) == []
