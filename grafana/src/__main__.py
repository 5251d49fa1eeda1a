"""Writes the dashboards, or says with --check which are out of date: ``python -m grafana.src [--check]``."""

from __future__ import annotations

import sys
from pathlib import Path

from scripts.generated import generate

from . import config_maps
from .exporter.dashboard import EXPORTER
from .feature.dashboard import FEATURE
from .fleet.dashboard import FLEET
from .model.dashboard import MODEL

__all__ = ["FOLDER", "PAGES", "files", "main"]

FOLDER = Path(__file__).resolve().parents[1]
PAGES = (FLEET, MODEL, FEATURE, EXPORTER)
"""Top down."""


def files() -> dict[str, str]:
    """Text of each generated file by its path below grafana/."""
    dashboards: dict[str, str] = {page.name: page.documentation() for page in PAGES}
    return {
        **{f"dashboards/{name}.json": text for name, text in dashboards.items()},
        "kubernetes/dashboards.yaml": config_maps.documentation(dashboards),
    }


def main(arguments: list[str]) -> int:
    """See :func:`scripts.generated.generate`."""
    return generate(arguments, "grafana", FOLDER, files())


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
