"""The walks of CONTRIBUTING.md: their code, and how it gets into the repository or into a copy of it."""

from __future__ import annotations

import re
from pathlib import Path

__all__ = ["EXAMPLES", "LINES", "PAGES", "applied", "sections"]

_TEXT = (Path(__file__).resolve().parents[2] / "CONTRIBUTING.md").read_text()


def _fences(kind: str, language: str) -> dict[str, str]:
    return dict(re.findall(rf"<!-- {kind}: (\w+) -->\n```{language}\n(.*?)```", _TEXT, re.DOTALL))


EXAMPLES = _fences("example", "python")
"""Python by the name of the walk: new modules one after the other, each after a comment with its path."""
LINES = _fences("lines", "diff")
"""Lines for modules that exist, by the name of the walk: a path, and a part for each place in it."""
PAGES = dict(re.findall(r"<!-- page: (\S+) -->\n````markdown\n(.*?)````", _TEXT, re.DOTALL))
"""New pages by their path."""


def sections(example: str) -> dict[str, str]:
    """The text of each module of an example by its path."""
    parts = re.split(r"^# ((?:exporter|tests)/\S+\.py).*\n", example, flags=re.MULTILINE)[1:]
    return {path: f"{text.rstrip()}\n" for path, text in zip(parts[::2], parts[1::2], strict=True)}


def applied(diff: str, text: str) -> str:
    """The text of a module with the lines of a walk. Raises ``ValueError`` if their place is not there, or there twice."""
    for part in diff.partition("\n")[2].split("@@\n"):
        lines = part.splitlines(keepends=True)
        before = "".join(line[1:] for line in lines if line[0] == " ")
        after = "".join(line[1:] for line in lines)
        places = [*re.finditer(f"^{re.escape(before)}", text, re.MULTILINE)]
        if len(places) != 1:
            raise ValueError(f"no one place, but {len(places)}, for:\n{part}")
        text = text[: places[0].start()] + after + text[places[0].end() :]
    return text
