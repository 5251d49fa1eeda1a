"""The header line of a CSV stream: its separator, its names, and why a line is none."""

from __future__ import annotations

import csv
import re
from collections import Counter

import attrs

__all__ = ["BLANKS", "Header", "cells", "read_header", "seems_header"]

BLANKS = " \t\r\x0b\x0c"
"""What an empty line may hold."""

_SEPARATORS = ",;\t"  # the first one wins where two are as many
_QUOTED = re.compile(r'"[^"]*"')
_NAME = re.compile(r"[^\W\d]|[^\W\d][\w .()/%#-]{0,98}[\w)%#]|@\w{1,98}")


@attrs.frozen
class Header:
    """The names of the columns; an empty one, such as that of an index without a name, stands for a column to pass over."""

    names: tuple[str, ...]
    separator: str


def cells(text: str, separator: str) -> list[str]:
    """The cells of one line alone; raises ``csv.Error`` where quotes do not close or stand inside of a cell."""
    if '"' not in text:
        return text.split(separator)
    return next(csv.reader((text,), delimiter=separator, strict=True))


def read_header(line: bytes) -> Header:
    """Read the first non-empty line of a stream; raises ``ValueError`` with the reason if it is no header."""
    try:
        text = line.decode().rstrip("\r\n")
    except UnicodeDecodeError:
        raise ValueError("it is no valid UTF-8") from None
    if not text:
        raise ValueError("it is longer than limits.line_bytes, or was read with other settings")
    if "\0" in text:
        raise ValueError("it holds NUL characters, as UTF-16 does")
    if text.lstrip().startswith(("{", "[")):
        raise ValueError("it is JSON")
    unquoted = _QUOTED.sub("", text)
    separator = max(_SEPARATORS, key=unquoted.count)
    try:
        names = cells(text, separator)
    except csv.Error:
        raise ValueError("its quotes do not match") from None
    counts = Counter(filter(None, names))
    if not counts:
        raise ValueError("it holds no name")
    if twice := next((position for position, name in enumerate(names, 1) if counts[name] > 1), 0):
        raise ValueError(f"column {twice} has the name of another")
    return Header(tuple(names), separator)


def seems_header(line: bytes) -> bool:
    """Whether a line of an unknown format is a CSV header: two columns at least, and each with a name like a name."""
    try:
        names = read_header(line.rstrip()).names
    except ValueError:
        return False
    given = [name for name in names if name]
    return len(given) > 1 and all(map(_NAME.fullmatch, given))
