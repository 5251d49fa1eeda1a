"""docker-compose.yml as values, and the program that resolves it."""

from __future__ import annotations

import shutil
import subprocess
from pathlib import Path
from typing import Any

import yaml

from tests.components import require

__all__ = ["COMPOSE_FILE", "REPOSITORY", "compose_command", "composed_services", "resolved"]

REPOSITORY = Path(__file__).resolve().parents[1]
COMPOSE_FILE = REPOSITORY / "docker-compose.yml"


def composed_services() -> dict[str, dict[str, Any]]:
    """The services as they stand in the file, merged but not resolved."""
    services: dict[str, dict[str, Any]] = yaml.safe_load(COMPOSE_FILE.read_text())["services"]
    return services


def compose_command() -> list[str]:
    """The plug-in of Docker, or else a program of its own: version 2, or 1.29 as Debian 12 has it."""
    docker = shutil.which("docker")
    if docker is not None:
        plugin = [docker, "compose"]
        if subprocess.run([*plugin, "version"], capture_output=True, check=False).returncode == 0:
            return plugin
    return [require("docker-compose")]


def resolved(text: str, **environment: str) -> subprocess.CompletedProcess[str]:
    """What `docker compose config` makes of a file of this text in the repository's folder."""
    return subprocess.run(
        [*compose_command(), "--project-directory", str(REPOSITORY), "--file", "-", "config"],
        input=text,
        capture_output=True,
        text=True,
        check=False,
        env={"PATH": "/usr/local/bin:/usr/bin:/bin", "HOME": str(Path.home()), **environment},
    )
