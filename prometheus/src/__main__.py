"""Writes the rule files, or says with --check which are out of date: ``python -m prometheus.src [--check]``."""

from __future__ import annotations

import sys
from pathlib import Path

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
    """Write what has changed; with ``--check`` write nothing, and return 1 if something would be written."""
    check = arguments == ["--check"]
    status = 0
    FOLDER.mkdir(exist_ok=True)
    for name, text in files().items():
        path = FOLDER / name
        if path.exists() and path.read_text() == text:
            continue
        if check:
            sys.stderr.write(f"prometheus/rules/{name} is out of date; run: make generate\n")
            status = 1
        else:
            path.write_text(text)
            sys.stdout.write(f"Wrote prometheus/rules/{name}\n")
    return status


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
