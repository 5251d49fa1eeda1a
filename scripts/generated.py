"""Generated files that are kept in the repository: written where they have changed, or only compared."""

from __future__ import annotations

import re
import sys
from collections.abc import Mapping
from pathlib import Path

__all__ = ["between", "generate"]


def generate(arguments: list[str], called: str, folder: Path, files: Mapping[str, str]) -> int:
    """Write the files that have changed; with ``--check`` write nothing, and return 1 if something would be written.

    ``files`` are texts by path below ``folder``, which is ``called`` so when one is told about; nothing for the repository.
    """
    check, status = arguments == ["--check"], 0
    for name, text in files.items():
        path, shown = folder / name, f"{called}/{name}".removeprefix("/")
        if path.exists() and path.read_text() == text:
            continue
        if check:
            sys.stderr.write(f"{shown} is out of date; run: make generate\n")
            status = 1
        else:
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(text)
            sys.stdout.write(f"Wrote {shown}\n")
    return status


def between(text: str, begin: str, end: str, body: str) -> str:
    """The text with what stands between two marks replaced. Raises :class:`ValueError` unless each is there once, in order."""
    pattern = re.compile(f"(?<={re.escape(begin)}).*?(?={re.escape(end)})", re.DOTALL)
    if text.count(begin) != 1 or text.count(end) != 1 or not pattern.search(text):
        raise ValueError(f"the marks {begin.strip()!r} and {end.strip()!r} must be there once, in this order")
    return pattern.sub(lambda _: body, text)
