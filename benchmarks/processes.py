"""Fresh processes for measurements, and the real sidecar as a process with its memory, CPU time and metrics."""

from __future__ import annotations

import contextlib
import http.client
import json
import os
import socket
import subprocess
import sys
import time
from collections.abc import Iterator, Sequence
from pathlib import Path
from types import ModuleType
from typing import Any

__all__ = ["ROOT", "Sidecar", "build_reference", "measure", "sidecar", "status_mebibytes"]

ROOT = Path(__file__).resolve().parent.parent
_PATIENCE_SECONDS = 30.0


def measure(module: ModuleType | str, function: str, *, python: str = sys.executable, **arguments: Any) -> Any:
    """Call a function of a benchmark in a process of its own; arguments and result travel as JSON.

    Raises ``RuntimeError`` with what the process wrote to standard error if it fails.
    """
    name = module if isinstance(module, str) else module.__name__
    command = [python, "-m", "benchmarks.worker", name, function, json.dumps(arguments)]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    if done.returncode:
        raise RuntimeError(f"{name}.{function} failed:\n{done.stderr}")
    return json.loads(done.stdout.splitlines()[-1])


def build_reference(log: Path, output: Path) -> Path:
    """Make a reference profile with the command line, as a user does."""
    command = [sys.executable, "-m", "model_drift_exporter", "profile", str(log), "-o", str(output)]
    subprocess.run(command, cwd=ROOT, check=True, capture_output=True)
    return output


def status_mebibytes(process: int | str, key: str) -> float:
    """A memory size from /proc: ``VmRSS`` now, ``VmHWM`` at its peak. ``ru_maxrss`` would start at the parent's."""
    for line in Path(f"/proc/{process}/status").read_text(encoding="utf-8").splitlines():
        if line.startswith(f"{key}:"):
            return int(line.split()[1]) / 1024
    raise RuntimeError(f"/proc/{process}/status has no {key}")


class Sidecar:
    """A running ``model-drift-exporter run``."""

    def __init__(self, process: subprocess.Popen[bytes], port: int) -> None:
        self._process = process
        self._port = port
        self._connection: http.client.HTTPConnection | None = None

    @property
    def address(self) -> tuple[str, int]:
        """Where it listens."""
        return "127.0.0.1", self._port

    def connect(self) -> http.client.HTTPConnection:
        """A connection of the caller's own, to be kept and closed."""
        return http.client.HTTPConnection(*self.address, timeout=30)

    def scrape(self, *, gzip: bool = True) -> bytes:
        """The body of ``/metrics``, compressed with ``gzip``."""
        if self._connection is None:
            self._connection = self.connect()
        try:
            self._connection.request("GET", "/metrics", headers={"Accept-Encoding": "gzip"} if gzip else {})
            response = self._connection.getresponse()
            body = response.read()
        except (OSError, http.client.HTTPException):
            self.close()
            raise
        if response.status != http.HTTPStatus.OK:
            raise RuntimeError(f"/metrics answered {response.status}")
        return body

    def wait(self, pause: float = 0.05) -> bytes:
        """The first scrape, as soon as there is one. Raises ``RuntimeError`` if the sidecar ends or takes too long."""
        deadline = time.monotonic() + _PATIENCE_SECONDS
        while time.monotonic() < deadline:
            with contextlib.suppress(OSError):
                return self.scrape(gzip=False)
            if self._process.poll() is not None:
                raise RuntimeError(f"the sidecar ended with exit code {self._process.returncode}")
            time.sleep(pause)
        raise RuntimeError("the sidecar does not answer")

    def records(self) -> int:
        """Records accepted so far."""
        text = self.scrape(gzip=False)
        lines = [line for line in text.splitlines() if line.startswith(b"model_records_total{")]
        return sum(int(float(line.rsplit(b" ", 1)[1])) for line in lines)

    def wait_for_records(self, records: int, pause: float = 0.05) -> None:
        """Return once that many records have been accepted. Raises ``RuntimeError`` when they stop coming."""
        last, seen = time.monotonic(), -1
        while (found := self.records()) < records:
            if found != seen:
                last, seen = time.monotonic(), found
            if time.monotonic() - last > _PATIENCE_SECONDS:
                raise RuntimeError(f"the sidecar stopped at {found:,} of {records:,} records")
            time.sleep(pause)

    def resident(self) -> float:
        """Resident memory in MiB."""
        return self._status("VmRSS")

    def peak(self) -> float:
        """The highest resident memory so far in MiB."""
        return self._status("VmHWM")

    def _status(self, key: str) -> float:
        return status_mebibytes(self._process.pid, key)

    def close(self) -> None:
        """Close the connection that scrapes share."""
        if self._connection is not None:
            self._connection.close()
            self._connection = None

    def cpu_seconds(self) -> float:
        """CPU time of all its threads; in steps of the system's clock tick (10 ms)."""
        fields = Path(f"/proc/{self._process.pid}/stat").read_text(encoding="ascii").rpartition(")")[2].split()
        return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


@contextlib.contextmanager
def sidecar(arguments: Sequence[str]) -> Iterator[Sidecar]:
    """Start ``run`` with these arguments on a free port of 127.0.0.1; it is ended on leaving."""
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
    command = [sys.executable, "-m", "model_drift_exporter", "run", *arguments]
    command += [f"--web.listen-address=127.0.0.1:{port}", "--log.level=error"]
    process = subprocess.Popen(command, cwd=ROOT, stdin=subprocess.DEVNULL)
    running = Sidecar(process, port)
    try:
        yield running
    finally:
        running.close()
        process.terminate()
        try:
            process.wait(_PATIENCE_SECONDS)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()
