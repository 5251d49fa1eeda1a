from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

from tests.support.check_logs import write_log


def run_check(*arguments: str, stdin: bytes = b"") -> subprocess.CompletedProcess[bytes]:
    return subprocess.run(
        [sys.executable, "-m", "model_drift_exporter", "check", *arguments],
        input=stdin,
        capture_output=True,
        check=False,
        timeout=60,
    )


def test_mistakes_of_the_configuration_come_one_a_line_with_their_number(tmp_path: Path) -> None:
    """On the command line all mistakes of file and flags are listed, then counted; the exit code is 2."""
    path = tmp_path / "config.yml"
    path.write_text("learn:\n  recods: 5\nmodel:\n  task: clasification\n")
    done = run_check(f"--config.file={path}", "--limits.models=0")
    assert done.returncode == 2
    assert done.stdout == b""
    lines = done.stderr.decode().splitlines()
    assert [line.split(": ")[0] for line in lines] == [f"{path}:2:3", f"{path}:4:9", "--limits.models", "error"]
    assert lines[-1] == "error: 3 mistakes in the configuration"


def test_standard_input_is_checked_like_a_file(tmp_path: Path) -> None:
    """A log piped in gives the same findings and leaves standard error empty."""
    log = write_log(tmp_path / "log.jsonl")
    done = run_check("-", stdin=Path(log.path).read_bytes() + b"no json\n")
    assert done.stderr == b""
    assert done.returncode == 0
    text = done.stdout.decode()
    assert "3,001 = 3,000 records + 0 labels + 1 error" in text
    assert re.search(r"stdin:3001:\n +no json", text)
