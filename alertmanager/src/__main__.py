"""Writes the inhibitions of alertmanager.yml, and compose.yml from it: ``python -m alertmanager.src [--check]``.

With --check it only says what is out of date.
"""

from __future__ import annotations

import sys
from pathlib import Path

from scripts.generated import generate

from . import compose, inhibitions

__all__ = ["FOLDER", "files", "main"]

FOLDER = Path(__file__).resolve().parents[1]


def files(folder: Path = FOLDER) -> dict[str, str]:
    """Text of each file by its name, as it should be; the second follows from the first."""
    production = inhibitions.documentation((folder / "alertmanager.yml").read_text())
    return {"alertmanager.yml": production, "compose.yml": compose.documentation(production)}


def main(arguments: list[str], folder: Path = FOLDER) -> int:
    """See :func:`scripts.generated.generate`."""
    return generate(arguments, "alertmanager", folder, files(folder))


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
