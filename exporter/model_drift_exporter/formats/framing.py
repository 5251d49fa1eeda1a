"""Where records stand in lines of JSON."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import attrs
import numpy as np

__all__ = ["DecodedRows", "is_braced", "non_empty_lines", "one_a_line"]

_LINE_BREAK, _OPENING, _CLOSING = b"\n{}"


@attrs.frozen(eq=False)
class DecodedRows:
    """Structs of a chunk of ``total`` non-empty lines.

    ``lines`` are theirs, where these had to be split, and ``places`` their indexes; without, all lines have one.
    """

    structs: list[Any]
    total: int
    lines: list[bytes] | None = None
    places: list[int] | None = None

    def indexes(self, positions: Sequence[int]) -> Sequence[int] | None:
        """The indexes of the lines of some structs; ``None`` if they are 0, 1, 2 and so on."""
        found = positions if self.places is None else [self.places[position] for position in positions]
        return None if not found or found[-1] == len(found) - 1 else found


def non_empty_lines(data: bytes) -> list[bytes]:
    """The lines that hold more than blanks."""
    return [line for line in data.split(b"\n") if line and not line.isspace()]


def one_a_line(data: bytes, rows: int) -> bool:
    """Whether so many rows, decoded from the data, are one for each of its lines."""
    # The decoder does not care where lines end. But "}", a line break and "{" cannot follow each other inside of an
    # object, so that as many rows as such places (and one) are one row a line.
    characters = np.frombuffer(data, np.uint8)
    breaks = np.flatnonzero(characters[:-1] == _LINE_BREAK)
    if rows != len(breaks) + 1 or not data.startswith(b"{"):
        return False
    return bool((characters[breaks - 1] == _CLOSING).all() and (characters[breaks + 1] == _OPENING).all())


def is_braced(line: bytes) -> bool:
    """Whether a line begins and ends like an object."""
    text = line.strip()
    return text.startswith(b"{") and text.endswith(b"}")
