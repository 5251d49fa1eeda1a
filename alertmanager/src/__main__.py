"""Writes compose.yml, or says with --check that it is out of date: ``python -m alertmanager.src [--check]``."""

from __future__ import annotations

import sys
from pathlib import Path

from scripts.generated import generate

from .compose import file

__all__ = ["FOLDER", "main"]

FOLDER = Path(__file__).resolve().parents[1]


def main(arguments: list[str], folder: Path = FOLDER) -> int:
    """See :func:`scripts.generated.generate`."""
    path, text = file(folder)
    return generate(arguments, "alertmanager", path.parent, {path.name: text})


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
