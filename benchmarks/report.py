"""What a benchmark reports: figures beside what was asked, and tables with the details, as Markdown."""

from __future__ import annotations

from collections.abc import Sequence

import attrs

__all__ = ["Figure", "Report", "Scale", "Table", "number"]


@attrs.frozen
class Scale:
    """How long to measure. ``quick`` only shows that everything runs: its figures mean nothing.

    ``streams`` is a folder with real streams, which are no part of the project. ``only`` names the sections of a benchmark that
    has several, ``kinds`` patterns of kinds within a section; empty for all.
    """

    quick: bool = False
    rounds: int = 7
    peers_python: str | None = None
    streams: str | None = None
    only: Sequence[str] = ()
    kinds: Sequence[str] = ()

    def pick(self, full: int, quick: int) -> int:
        """One of two sizes."""
        return quick if self.quick else full


@attrs.frozen
class Figure:
    """One measured value; ``limit`` is what was asked for: at most that, with ``at_least`` no less."""

    what: str
    value: float
    unit: str
    limit: float | None = None
    at_least: bool = False

    @property
    def met(self) -> bool | None:
        """``None`` where nothing was asked for."""
        if self.limit is None:
            return None
        return self.value >= self.limit if self.at_least else self.value <= self.limit

    def cells(self) -> tuple[str, str, str, str]:
        """The row of the table."""
        if self.limit is None:
            return self.what, f"{number(self.value)} {self.unit}", "", ""
        asked = f"{'≥' if self.at_least else '≤'} {number(self.limit)} {self.unit}"
        return self.what, f"{number(self.value)} {self.unit}", asked, "met" if self.met else "**missed**"


@attrs.frozen
class Table:
    """Details. Cells are text, or numbers to be rounded."""

    columns: Sequence[str]
    rows: Sequence[Sequence[str | float]]


@attrs.frozen
class Report:
    """One benchmark's outcome. ``method`` says how it was measured, ``notes`` what a reader must know beside the figures."""

    title: str
    method: str
    figures: Sequence[Figure]
    tables: Sequence[Table] = ()
    notes: Sequence[str] = ()

    def markdown(self) -> str:
        """The section without its heading."""
        parts = [self.method]
        if self.figures:
            parts.append(_table(("what", "measured", "asked", ""), [figure.cells() for figure in self.figures]))
        parts += [_table(table.columns, table.rows) for table in self.tables]
        if self.notes:
            parts.append("\n".join(f"* {note}" for note in self.notes))
        return "\n\n".join(parts) + "\n"


def number(value: float) -> str:
    """Three significant digits, thousands separated; whole numbers from a thousand on."""
    if value == 0 or abs(value) >= 1_000:
        return f"{value:,.0f}"
    digits = 3
    text = f"{value:.{digits}g}"
    return text if "e" not in text else f"{value:.5f}"


def _table(columns: Sequence[str], rows: Sequence[Sequence[str | float]]) -> str:
    lines = ["| " + " | ".join(columns) + " |", "| " + " | ".join("---" for _ in columns) + " |"]
    for row in rows:
        cells = [cell if isinstance(cell, str) else number(cell) for cell in row]
        lines.append("| " + " | ".join(cells) + " |")
    return "\n".join(lines)
