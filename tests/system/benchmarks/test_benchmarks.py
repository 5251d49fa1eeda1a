from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from benchmarks.document import replace_section
from benchmarks.registry import BENCHMARKS
from benchmarks.report import Figure, Report, Scale, Table, number

ROOT = Path(__file__).resolve().parents[3]


@pytest.mark.parametrize("name", sorted({*BENCHMARKS} - {"alarm_quality", "broken_input"}))  # have tests of their own
def test_runs_and_reports_figures(name: str) -> None:
    """Every benchmark runs to its end in a tiny size and reports positive figures (no timing is judged)."""
    report = BENCHMARKS[name](Scale(quick=True, rounds=1))
    assert report.figures
    for figure in report.figures:
        assert figure.value > 0 or "growth" in figure.what, figure
    assert all(len(row) == len(table.columns) for table in report.tables for row in table.rows)


def test_writes_results_between_markers(tmp_path: Path) -> None:
    """A second run replaces the results of the first and leaves the text around them alone."""
    path = tmp_path / "benchmarks.md"
    path.write_text("# Title\n\nBefore.\n", encoding="utf-8")
    replace_section(path, "one", Report("One", "How.", [Figure("a", 1.5, "s", 1.0)]), "a machine")
    first = path.read_text(encoding="utf-8")
    assert first.startswith("# Title\n\nBefore.\n\n## One\n")
    assert "| a | 1.5 s | ≤ 1 s | **missed** |" in first
    path.write_text(first + "\nAfter.\n", encoding="utf-8")
    replace_section(path, "one", Report("One", "How.", [Figure("a", 0.5, "s", 1.0)]), "a machine")
    second = path.read_text(encoding="utf-8")
    assert second == first.replace("| 1.5 s | ≤ 1 s | **missed** |", "| 0.5 s | ≤ 1 s | met |") + "\nAfter.\n"


def test_command_names_its_benchmarks() -> None:
    """An unknown name is refused, and the answer lists the known ones."""
    command = [sys.executable, "-m", "benchmarks", "speed"]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    assert done.returncode == 2
    assert all(name in done.stderr for name in BENCHMARKS)


def test_table_cells() -> None:
    """Numbers in tables are rounded to three digits, thousands separated; text is left alone."""
    report = Report("", "How.", [], [Table(("x", "y"), [("1.23456", 1.23456), ("n", 1234.6)])])
    assert "| 1.23456 | 1.23 |\n| n | 1,235 |" in report.markdown()
    assert [number(value) for value in (0, 0.5, 12.345, 150_000, 0.00001234)] == [
        "0",
        "0.5",
        "12.3",
        "150,000",
        "0.00001",
    ]
