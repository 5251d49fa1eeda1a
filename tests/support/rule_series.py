"""The rule files as values, and series in the notation of promtool."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import yaml

__all__ = ["RULES", "labelled", "rules", "series"]


def rules() -> dict[str, dict[str, Any]]:
    """Every rule file by name, parsed."""
    return {path.name: yaml.safe_load(path.read_text()) for path in sorted(RULES.glob("*.yml"))}


RULES = Path(__file__).resolve().parents[2] / "prometheus" / "rules"


def labelled(name: str, **labels: str) -> str:
    """A series as text, such as ``up{job="a"}``."""
    return name + json.dumps(labels).replace('": "', '="').replace(', "', ",").replace('{"', "{")


def series(name: str, values: str, **labels: str) -> dict[str, str]:
    """An input series in promtool's notation of values."""
    return {"series": labelled(name, **labels), "values": values}
