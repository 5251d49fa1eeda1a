"""The traffic of the demo at a noon that never changes."""

from __future__ import annotations

import json
import math
from pathlib import Path
from typing import Any

from model_drift_exporter.commands.demo.traffic import Traffic

NOON = 1_800_014_400.0  # 2027-01-15T12:00:00Z


def traffic(output: Path, *, incident_at: float = math.inf, rotate_bytes: int = 10**9, seed: int = 1) -> Traffic:
    return Traffic(output, 20.0, incident_at, rotate_bytes, started=NOON, seed=seed)


def records_of(*paths: Path) -> list[dict[str, Any]]:
    return [json.loads(line) for path in paths for line in path.read_bytes().splitlines()]
