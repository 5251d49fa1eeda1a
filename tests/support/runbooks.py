"""The pages of docs/runbooks, their queries, and the rules that they are about."""

from __future__ import annotations

import functools
import re
from pathlib import Path
from typing import Any

import yaml

REPOSITORY = Path(__file__).resolve().parents[2]
FOLDER = REPOSITORY / "docs" / "runbooks"
RUNBOOKS = sorted(file for file in FOLDER.glob("*.md") if file.stem != "README")
PAGES = [*RUNBOOKS, FOLDER / "README.md"]


@functools.cache
def rules() -> list[dict[str, Any]]:
    files = sorted((REPOSITORY / "prometheus" / "rules").glob("*.y*ml"))
    return [rule for file in files for group in yaml.safe_load(file.read_text())["groups"] for rule in group["rules"]]


def queries(page: Path) -> list[str]:
    """The queries of a page, dedented."""
    blocks = re.findall(r"^ *```promql\n(.*?)^ *```$", page.read_text(), re.DOTALL | re.MULTILINE)
    return [" ".join(block.split()) for block in blocks]
