"""The real Alertmanager on loopback, with the shipped configuration: only addresses and waiting times are replaced."""

from __future__ import annotations

import contextlib
import json
import signal
import socket
import subprocess
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from urllib.error import URLError

import attrs
import yaml

from tests.support.components import require
from tests.support.sidecar import eventually, fetch
from tests.system.alertmanager.catching import Caught
from tests.system.alertmanager.examples import Alert

__all__ = ["CONFIGURATION", "FOLDER", "TEMPLATES", "Alertmanager", "alertmanager", "configuration"]

FOLDER = Path(__file__).resolve().parents[3] / "alertmanager"
CONFIGURATION = FOLDER / "alertmanager.yml"
TEMPLATES = FOLDER / "templates" / "*.tmpl"
_EXTERNAL_URL = "https://alertmanager.example.com"
_ALWAYS = [{"times": [{"start_time": "00:00", "end_time": "24:00"}]}]
_NEVER = [{"years": ["1999"]}]


def configuration(folder: Path, caught: Caught, *, working_hours: bool) -> dict[str, Any]:
    """The shipped configuration, with receivers that are the catchers, and secrets in ``folder``.

    Waits are short, and the working hours are all hours or none.
    """
    derived: dict[str, Any] = yaml.safe_load(CONFIGURATION.read_text())
    secrets = {
        "slack_url": f"http://{caught.http_address}/slack\n",
        "smtp_password": "a secret",
        "pagerduty_routing_key": "a routing key\n",
    }
    for name, text in secrets.items():
        (folder / name).write_text(text)
    derived["global"] |= {
        "slack_api_url_file": str(folder / "slack_url"),
        "smtp_auth_password_file": str(folder / "smtp_password"),
        "smtp_smarthost": caught.smtp_address,
        "smtp_require_tls": False,  # there is none on loopback
        "pagerduty_url": f"http://{caught.http_address}/pagerduty",
    }
    derived["templates"] = [str(TEMPLATES)]
    derived["time_intervals"][0]["time_intervals"] = _ALWAYS if working_hours else _NEVER
    derived["route"] |= {"group_wait": "500ms", "group_interval": "1s"}
    for receiver in derived["receivers"]:
        for pager in receiver.get("pagerduty_configs", []):
            pager["routing_key_file"] = str(folder / "pagerduty_routing_key")
        for webhook in receiver.get("webhook_configs", []):
            webhook["url"] = f"http://{caught.http_address}/{receiver['name']}"
    return derived


@attrs.frozen
class Alertmanager:
    """A running Alertmanager."""

    url: str
    process: subprocess.Popen[bytes]
    file: Path

    def post(self, *alerts: Alert, since: str = "") -> None:
        """Send alerts, as Prometheus does, that begin now.

        With ``since``, a time in the past, Alertmanager does not wait for more of their group.
        """
        begun = [{**one, "startsAt": since or datetime.now(UTC).isoformat()} for one in alerts]
        body = json.dumps(begun).encode()
        status, answer = fetch(f"{self.url}/api/v2/alerts", body, **{"Content-Type": "application/json"})
        assert status == 200, answer

    def alerts(self) -> list[dict[str, Any]]:
        """Those that fire, each with its status."""
        found: list[dict[str, Any]] = json.loads(fetch(f"{self.url}/api/v2/alerts")[1])
        return found

    def suppressed(self) -> set[tuple[str, str]]:
        """Model and name of the alerts that are inhibited."""
        return {
            (one["labels"].get("model", ""), one["labels"]["alertname"])
            for one in self.alerts()
            if one["status"]["inhibitedBy"]
        }

    def inhibited_reasons(self, model: str) -> set[str]:
        """The label ``reason`` of the inhibited alerts of a model."""
        own = [one for one in self.alerts() if one["labels"].get("model") == model and one["status"]["inhibitedBy"]]
        return {one["labels"]["reason"] for one in own}

    def decided(self, model: str) -> set[str]:
        """Names of the alerts of a model of which it is known whether they are inhibited."""
        own = [one for one in self.alerts() if one["labels"].get("model", "") == model]
        return {one["labels"]["alertname"] for one in own if one["status"]["state"] != "unprocessed"}

    def reload(self, derived: dict[str, Any]) -> None:
        """Go on with another configuration."""
        self.file.write_text(yaml.safe_dump(derived))
        assert fetch(f"{self.url}/-/reload", b"")[0] == 200


@contextlib.contextmanager
def alertmanager(folder: Path, derived: dict[str, Any]) -> Iterator[Alertmanager]:
    """Alertmanager with this configuration on a free port of this machine."""
    program = require("prometheus-alertmanager")
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        address = f"127.0.0.1:{probe.getsockname()[1]}"
    file, log = folder / "alertmanager.yml", folder / "alertmanager.log"
    file.write_text(yaml.safe_dump(derived))
    with log.open("wb") as output:
        process = subprocess.Popen(
            [
                program,
                f"--config.file={file}",
                f"--storage.path={folder / 'data'}",
                f"--web.listen-address={address}",
                f"--web.external-url={_EXTERNAL_URL}",
                "--cluster.listen-address=",
            ],
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=output,
        )

    def ready() -> bool:
        assert process.poll() is None, log.read_text()
        with contextlib.suppress(URLError, ConnectionError):
            return fetch(f"http://{address}/-/ready")[0] == 200
        return False

    try:
        eventually(ready)
        yield Alertmanager(f"http://{address}", process, file)
    finally:
        if process.poll() is None:
            process.send_signal(signal.SIGTERM)
            try:
                process.wait(10)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()
