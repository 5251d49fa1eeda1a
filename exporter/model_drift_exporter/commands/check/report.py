"""The text that ``check`` prints: aligned sections and tables, then every mistake and warning, then a verdict."""

from __future__ import annotations

import shutil
from collections.abc import Iterable, Sequence
from textwrap import wrap

import attrs
import click

from ...errors import Problem
from ...words import count_of

__all__ = ["CheckReport", "Table"]

_INDENT = 2
_NAMES_WIDTH = 12
_WIDTHS = (80, 100)
_SHOWN_PROBLEMS = 30


@attrs.frozen
class Table:
    """Rows under a header. Columns whose header starts with ``>`` are aligned to the right, the last one is wrapped."""

    header: Sequence[str]
    rows: Sequence[Sequence[str]]

    def lines(self, width: int) -> list[str]:
        """The table in lines of at most ``width`` characters, as far as its columns can be that narrow."""
        right = [title.startswith(">") for title in self.header]
        rows = [[title.removeprefix(">") for title in self.header], *self.rows]
        widths = [max(len(row[place]) for row in rows) for place in range(len(self.header) - 1)]
        room = max(width - sum(widths) - 2 * len(widths), 20)
        lines = []
        for row in rows:
            cells = [
                cell.rjust(widths[place]) if right[place] else cell.ljust(widths[place])
                for place, cell in enumerate(row[:-1])
            ]
            start = "  ".join(cells) + "  "
            for part in wrap(row[-1], room, break_on_hyphens=False, break_long_words=False) or [""]:
                lines.append((start + part).rstrip())
                start = " " * len(start)
        return lines


class CheckReport:
    """Collects what is to be said. ``mistakes`` must be corrected, ``warnings`` may be meant so, ``unreadable`` are files."""

    def __init__(self, width: int | None = None) -> None:
        self.width = width or min(max(shutil.get_terminal_size((_WIDTHS[1], 24)).columns, _WIDTHS[0]), _WIDTHS[1])
        self.lines: list[str] = []
        self.mistakes: list[Problem] = []
        self.warnings: list[Problem] = []
        self.unreadable: list[str] = []

    def mistake(self, place: str, message: str, hint: str = "") -> None:
        self.mistakes.append(Problem(place, message, hint))

    def warn(self, place: str, message: str, hint: str = "") -> None:
        self.warnings.append(Problem(place, message, hint))

    def heading(self, text: str) -> None:
        """Start a section."""
        self.gap()
        self.lines.append(click.style(text, bold=True))

    def say(self, name: str, text: str) -> None:
        """One fact under its name; without a name it continues the one before."""
        indent = " " * (_INDENT + _NAMES_WIDTH)
        first = " " * _INDENT + name.ljust(_NAMES_WIDTH)
        self.lines += wrap(
            text,
            self.width,
            initial_indent=first,
            subsequent_indent=indent,
            break_on_hyphens=False,
            break_long_words=False,
        ) or [first.rstrip()]

    def show(self, table: Table) -> None:
        """A table, with an empty line before it."""
        self.gap()
        self.lines += [" " * _INDENT + line for line in table.lines(self.width - _INDENT)]

    def gap(self) -> None:
        """An empty line, unless there is one already."""
        if self.lines and self.lines[-1]:
            self.lines.append("")

    def raw(self, line: str) -> None:
        """A line as it is, indented: an excerpt of a log."""
        self.lines.append(" " * (_INDENT + _NAMES_WIDTH) + line)

    @property
    def verdict(self) -> str:
        """What it comes to, in a few words."""
        warnings = count_of(len(self.warnings), "warning") if self.warnings else ""
        bad = [count_of(len(self.mistakes), "mistake")] if self.mistakes else []
        bad += [count_of(len(self.unreadable), "input") + " cannot be read"] if self.unreadable else []
        if bad:
            return ", ".join([*bad, warnings] if warnings else bad)
        return f"ok with {warnings}" if warnings else "ok"

    @property
    def exit_code(self) -> int:
        """2 with mistakes, 1 if an input cannot be read, otherwise 0."""
        return 2 if self.mistakes else int(bool(self.unreadable))

    def finish(self) -> list[str]:
        """All lines: the sections, the problems, the verdict."""
        for title, problems, colour in (
            ("cannot be read", self.unreadable, "red"),
            ("mistakes", self.mistakes, "red"),
            ("warnings", self.warnings, "yellow"),
        ):
            if problems:
                self.gap()
                self.lines.append(click.style(title, fg=colour, bold=True))
                self.lines += self._listed([*map(str, problems)])
        colour = "red" if self.exit_code else "yellow" if self.warnings else "green"
        self.gap()
        return [*self.lines, click.style(self.verdict, fg=colour, bold=True)]

    def _listed(self, problems: Sequence[str]) -> Iterable[str]:
        for problem in problems[:_SHOWN_PROBLEMS]:
            yield from wrap(
                problem,
                self.width,
                initial_indent="  - ",
                subsequent_indent="    ",
                break_on_hyphens=False,
                break_long_words=False,
            )
        if len(problems) > _SHOWN_PROBLEMS:
            yield f"  - and {len(problems) - _SHOWN_PROBLEMS:,} more"
