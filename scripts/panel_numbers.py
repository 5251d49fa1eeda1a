"""Numbers of the monitors' panels, by the names of these; links of alerts hold them, so that each is given once, for ever.

``python -m scripts.panel_numbers`` writes those of new panels into the table, or says with --check that one lacks.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path

from model_drift_exporter.monitors import MONITORS, MonitorSpec
from scripts.generated import generate

__all__ = ["FIRST", "documentation", "extended", "main", "numbers_of", "read"]

_TABLE = Path(__file__).resolve().parents[1] / "grafana" / "panel_numbers.json"
FIRST = 200
"""Numbers below are those of panels that are drawn by hand."""


def read(table: Path = _TABLE) -> dict[str, int]:
    """The table as it is. Raises :class:`ValueError` where a number is given twice, or belongs to the panels drawn by hand."""
    numbers: dict[str, int] = json.loads(table.read_text()) if table.exists() else {}
    if len({*numbers.values()}) < len(numbers) or min(numbers.values(), default=FIRST) < FIRST:
        raise ValueError(f"{table.name}: each panel has a number of its own, {FIRST} or more")
    return numbers


def extended(numbers: Mapping[str, int], monitors: Sequence[MonitorSpec]) -> dict[str, int]:
    """The table with the next numbers for panels that have none; a panel that is gone keeps its own.

    Raises :class:`ValueError` where two panels have one name.
    """
    names = [panel.name for spec in monitors for panel in spec.panels]
    if twice := sorted({name for name in names if names.count(name) > 1}):
        raise ValueError(f"two panels of monitors are called {twice[0]}")
    found = dict(numbers)
    for name in names:
        found.setdefault(name, max(found.values(), default=FIRST - 1) + 1)
    return found


def numbers_of(monitors: Sequence[MonitorSpec]) -> dict[str, int]:
    """The number of each panel of some monitors, which is that of the table where it has one."""
    return extended(read(), monitors)


def documentation(numbers: Mapping[str, int]) -> str:
    """The text of the table."""
    return json.dumps(numbers, indent=2, ensure_ascii=False) + "\n"


def main(arguments: list[str], table: Path = _TABLE, monitors: Sequence[MonitorSpec] = MONITORS) -> int:
    """See :func:`scripts.generated.generate`."""
    text = documentation(extended(read(table), monitors))
    return generate(arguments, "grafana", table.parent, {table.name: text})


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
