"""Runs the real command: to its end, or as a sidecar in a process of its own."""

from __future__ import annotations

import contextlib
import os
import re
import signal
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TypeVar

import attrs

from tests.support.exposition import Exposition

__all__ = ["Sidecar", "eventually", "fetch", "run_command", "sidecar"]

_COMMAND = (sys.executable, "-m", "model_drift_exporter")
_PATIENCE = 60.0

T = TypeVar("T")


def run_command(*arguments: str | Path, data: bytes | None = None) -> subprocess.CompletedProcess[bytes]:
    """Run ``model-drift-exporter`` to its end; ``data`` is its standard input."""
    return subprocess.run(
        [*_COMMAND, *map(str, arguments)], input=data or b"", capture_output=True, check=False, timeout=60
    )


def eventually(look: Callable[[], T | None]) -> T:
    """Ask again and again, for a bounded time, until the answer is something."""
    deadline = time.monotonic() + _PATIENCE
    while time.monotonic() < deadline:
        if found := look():
            return found
        time.sleep(0.02)
    raise AssertionError("it did not happen in time")


def fetch(url: str, body: bytes | None = None, **headers: str) -> tuple[int, bytes]:
    """Status and body of one request; POST if there is a body."""
    request = urllib.request.Request(url, data=body, headers=headers)  # noqa: S310 - our own server
    try:
        with urllib.request.urlopen(request, timeout=60) as response:  # noqa: S310
            return response.status, response.read()
    except urllib.error.HTTPError as error:
        with error:
            return error.code, error.read()


@attrs.define
class Sidecar:
    """A running sidecar: where it listens, and its log."""

    process: subprocess.Popen[bytes]
    url: str
    log: Path

    def metrics(self) -> Exposition:
        """One scrape."""
        return Exposition(fetch(f"{self.url}/metrics")[1])

    def said(self, text: str) -> bool:
        """Whether the log holds a text."""
        return text in self.log.read_text()

    def stop(self) -> int:
        """End it with SIGTERM; the exit code."""
        self.process.send_signal(signal.SIGTERM)
        return self.process.wait(_PATIENCE)


@contextlib.contextmanager
def sidecar(folder: Path, *arguments: str | Path) -> Iterator[Sidecar]:
    """``run`` with these arguments on a free port of this machine; its log goes to ``folder``."""
    log = folder / "sidecar.log"
    with log.open("wb") as file:
        process = subprocess.Popen(
            [*_COMMAND, "run", "--web.listen-address=127.0.0.1:0", "--poll.interval=20ms", *map(str, arguments)],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=file,
            env=os.environ,
        )

    def listening() -> str | None:
        assert process.poll() is None, log.read_text()
        found = re.search(r"http://127\.0\.0\.1:\d+", log.read_text())
        return found[0] if found else None

    try:
        yield Sidecar(process, eventually(listening), log)
    finally:
        if process.poll() is None:
            process.kill()
        process.wait()
