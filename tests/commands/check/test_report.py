from __future__ import annotations

import click
import pytest

from model_drift_exporter.commands.check.report import CheckReport, Table


def test_tables_are_aligned_and_wrap_their_last_column() -> None:
    """Columns are as wide as their widest cell, numbers stand to the right, a long note goes on below itself."""
    table = Table(("name", ">n", "note"), [("a", "1", "short"), ("bbbbb", "100", "a note of many words " * 3)])
    assert table.lines(40) == [
        "name     n  note",
        "a        1  short",
        "bbbbb  100  a note of many words a note",
        "            of many words a note of many",
        "            words",
    ]


@pytest.mark.parametrize(
    ("mistakes", "warnings", "unreadable", "verdict", "code"),
    [
        (0, 0, 0, "ok", 0),
        (0, 2, 0, "ok with 2 warnings", 0),
        (1, 0, 0, "1 mistake", 2),
        (2, 1, 1, "2 mistakes, 1 input cannot be read, 1 warning", 2),
        (0, 1, 2, "2 inputs cannot be read, 1 warning", 1),
    ],
)
def test_the_verdict_and_its_exit_code(mistakes: int, warnings: int, unreadable: int, verdict: str, code: int) -> None:
    """Mistakes end with 2, unreadable inputs alone with 1, warnings with 0."""
    report = CheckReport(width=80)
    for number in range(mistakes):
        report.mistake(f"place {number}", "is wrong", "write it right")
    for number in range(warnings):
        report.warn(f"place {number}", "may be wrong")
    report.unreadable += ["cannot read it"] * unreadable
    assert (report.verdict, report.exit_code) == (verdict, code)
    assert click.unstyle(report.finish()[-1]) == verdict


def test_problems_are_listed_up_to_a_number() -> None:
    """Each problem is listed with its place and hint, wrapped; of very many only the first."""
    report = CheckReport(width=80)
    report.mistake("config.yml", "is wrong " * 10, "write it right")
    for number in range(40):
        report.warn("log", f"warning {number}")
    lines = [click.unstyle(line) for line in report.finish()]
    assert lines[0] == "mistakes"
    assert lines[1].startswith("  - config.yml: is wrong")
    assert lines[2].startswith("    ")
    assert max(map(len, lines)) <= 80
    assert "  - log: warning 29" in lines
    assert "  - and 10 more" in lines
    assert "  - log: warning 30" not in lines


def test_paths_are_never_broken() -> None:
    """A path longer than the line stays whole, so that it can be copied."""
    report = CheckReport(width=80)
    path = "/var/log/" + "very-long-name" * 10
    report.say("file", f"{path} (1 KiB)")
    assert any(path in line for line in report.lines)
