"""docs/benchmarks.md: what is between the markers of a benchmark is replaced by its latest results."""

from __future__ import annotations

from pathlib import Path

from .report import Report

__all__ = ["replace_section"]


def replace_section(path: Path, name: str, report: Report, environment: str) -> None:
    """Put a report between its markers, or at the end of the file where they are missing."""
    begin, end = f"<!-- benchmark: {name} -->", f"<!-- end of {name} -->"
    text = path.read_text(encoding="utf-8") if path.exists() else "# Benchmarks\n"
    command = f"`python -m benchmarks {name}`: {environment}."
    section = f"{begin}\n\n{report.markdown()}\n{command}\n\n{end}"
    before, found, rest = text.partition(begin)
    if found:
        after = rest.partition(end)[2]
    else:
        before, after = f"{text.rstrip()}\n\n## {report.title}\n\n", "\n"
    path.write_text(before + section + after, encoding="utf-8")
