from __future__ import annotations

import io

import pytest

from model_drift_exporter.commands.demo.terminal import Terminal


class Screen(io.StringIO):
    def isatty(self) -> bool:
        return True


def test_without_a_terminal_every_status_is_a_plain_line() -> None:
    """A file or a pipe gets no escape codes and nothing that is rewritten."""
    stream = io.StringIO()
    terminal = Terminal(stream)
    terminal.status("one")
    terminal.status("two")
    terminal.say("done")
    assert stream.getvalue() == "  one\n  two\ndone\n"


def test_on_a_terminal_the_status_is_one_line_that_changes(monkeypatch: pytest.MonkeyPatch) -> None:
    """It is cleared before the next one and before text that stays, and never wraps."""
    monkeypatch.setenv("COLUMNS", "60")
    stream = Screen()
    terminal = Terminal(stream)
    terminal.status("x" * 100)
    terminal.status("short")
    terminal.say("stays")
    clear = "\r\x1b[2K"
    assert stream.getvalue() == f"{clear}{'x' * 59}{clear}short{clear}stays\n"


def test_paragraphs_are_wrapped_and_bullets_hang() -> None:
    """Long text fits the width; commands, which start with spaces, are left whole."""
    stream = io.StringIO()
    Terminal(stream).say("word " * 40, "* " + "point " * 30, "  " + "command" * 30, "")
    lines = stream.getvalue().split("\n")
    assert [line[:6] for line in lines if line] == ["word w", "word w", "  * po", "    po", "  comm"]
    assert all(len(line) <= 100 for line in lines if "command" not in line)
