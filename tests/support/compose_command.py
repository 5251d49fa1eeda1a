"""The program that resolves docker-compose.yml."""

from __future__ import annotations

import shutil
import subprocess
from pathlib import Path

from tests.support.components import require

from .compose_file import REPOSITORY

__all__ = ["compose_command", "resolved"]


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
