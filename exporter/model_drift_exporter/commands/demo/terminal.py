"""Text for the person who watches: paragraphs that stay, and one line of status that is rewritten in place."""

from __future__ import annotations

import shutil
import textwrap
from typing import TextIO

__all__ = ["Terminal"]

_WIDEST = 100
_CLEAR_LINE = "\r\x1b[2K"


class Terminal:
    """Writes to ``stream``. Where that is no terminal, each status is a line of its own."""

    def __init__(self, stream: TextIO) -> None:
        self._stream = stream
        self.interactive = stream.isatty()
        self._status_shown = False

    def say(self, *paragraphs: str) -> None:
        """Paragraphs, wrapped; one that starts with ``* `` is a bullet, one that starts with spaces is left as it is."""
        self._clear()
        for paragraph in paragraphs:
            text = paragraph if paragraph.startswith(" ") else self._wrap(paragraph)
            self._stream.write(text + "\n")
        self._stream.flush()

    def status(self, text: str) -> None:
        """How things stand now."""
        if not self.interactive:
            self.say("  " + text)
            return
        self._stream.write(_CLEAR_LINE + text[: self._width() - 1])
        self._stream.flush()
        self._status_shown = True

    def _clear(self) -> None:
        if self._status_shown:
            self._stream.write(_CLEAR_LINE)
            self._status_shown = False

    def _wrap(self, text: str) -> str:
        indent = "    " if text.startswith("* ") else ""
        return textwrap.fill(
            text,
            max(min(self._width() - 1, _WIDEST), 40),
            initial_indent=indent[2:],
            subsequent_indent=indent,
            break_long_words=False,
            break_on_hyphens=False,
        )

    def _width(self) -> int:
        return shutil.get_terminal_size((_WIDEST + 1, 24)).columns if self.interactive else _WIDEST + 1
