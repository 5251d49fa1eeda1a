"""The real Prometheus on loopback."""

from __future__ import annotations

import contextlib
import json
import signal
import socket
import subprocess
import urllib.error
import urllib.parse
from collections.abc import Iterator
from pathlib import Path

import attrs

from tests.support.components import require
from tests.support.sidecar import eventually, fetch

__all__ = ["Prometheus", "prometheus"]


@attrs.frozen
class Prometheus:
    """A running Prometheus."""

    url: str
    process: subprocess.Popen[bytes]

    def query(self, expression: str) -> dict[frozenset[tuple[str, str]], float]:
        """Values now, by labels; those that Prometheus adds itself are left out."""
        status, body = fetch(f"{self.url}/api/v1/query?{urllib.parse.urlencode({'query': expression})}")
        answer = json.loads(body)
        assert status == 200, answer
        return {
            frozenset(
                (name, value) for name, value in each["metric"].items() if name not in ("__name__", "instance", "job")
            ): float(each["value"][1])
            for each in answer["data"]["result"]
        }

    def by(self, label: str, expression: str) -> dict[str, float]:
        """Values now, by one of their labels."""
        return {dict(labels)[label]: value for labels, value in self.query(expression).items()}

    def troubles(self) -> list[str]:
        """What rules could not be evaluated, and why."""
        groups = json.loads(fetch(f"{self.url}/api/v1/rules")[1])["data"]["groups"]
        return [
            f"{rule['name']}: {rule['lastError']}" for group in groups for rule in group["rules"] if "lastError" in rule
        ]

    def ready(self) -> bool:
        """Whether it answers."""
        with contextlib.suppress(urllib.error.URLError, ConnectionError):
            return fetch(f"{self.url}/-/ready")[0] == 200
        return False

    @contextlib.contextmanager
    def paused(self) -> Iterator[None]:
        """Between two scrapes: what happens meanwhile is seen all at once, however slow this machine is."""
        self.process.send_signal(signal.SIGSTOP)
        try:
            yield
        finally:
            self.process.send_signal(signal.SIGCONT)


@contextlib.contextmanager
def prometheus(folder: Path, configuration: str, *options: str) -> Iterator[Prometheus]:
    """Prometheus with this configuration on a free port of this machine; its log and its data go to ``folder``."""
    program = require("prometheus")
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        address = f"127.0.0.1:{probe.getsockname()[1]}"
    file, log = folder / "prometheus.yml", folder / "prometheus.log"
    file.write_text(configuration)
    with log.open("wb") as output:
        process = subprocess.Popen(
            [
                program,
                f"--config.file={file}",
                f"--storage.tsdb.path={folder / 'data'}",
                f"--web.listen-address={address}",
                "--log.level=warn",
                *options,
            ],
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=output,
        )
    running = Prometheus(f"http://{address}", process)

    def ready() -> bool:
        assert process.poll() is None, log.read_text()
        return running.ready()

    try:
        eventually(ready)
        yield running
    finally:
        process.terminate()
        process.wait()
