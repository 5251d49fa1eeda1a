"""docker-compose.yml as values, and the program that resolves it."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import yaml

__all__ = ["COMPOSE_FILE", "REPOSITORY", "composed_services"]

REPOSITORY = Path(__file__).resolve().parents[2]
COMPOSE_FILE = REPOSITORY / "docker-compose.yml"


def composed_services() -> dict[str, dict[str, Any]]:
    """The services as they stand in the file, merged but not resolved."""
    services: dict[str, dict[str, Any]] = yaml.safe_load(COMPOSE_FILE.read_text())["services"]
    return services


SERVICES = sorted(composed_services())
