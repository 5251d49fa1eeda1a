"""Writes the rule files, or says with --check which are out of date: ``python -m prometheus.src [--check]``."""

from __future__ import annotations

import sys
from pathlib import Path

from scripts.generated import generate

from . import counts, distances, exporter_alerts, model_alerts, models

__all__ = ["FOLDER", "files", "main"]

FOLDER = Path(__file__).resolve().parents[1] / "rules"


def files() -> dict[str, str]:
    """Text of each generated rule file by its name."""
    return {
        "counts.yml": counts.documentation(),
        **{f"drift-{window.name}.yml": distances.documentation(window) for window in distances.WINDOWS},
        "models.yml": models.documentation(),
        "alerts-model.yml": model_alerts.documentation(),
        "alerts-exporter.yml": exporter_alerts.documentation(),
    }


def main(arguments: list[str]) -> int:
    """See :func:`scripts.generated.generate`."""
    return generate(arguments, "prometheus/rules", FOLDER, files())


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
