"""Warnings about a profile: of hundreds of the same kind the first few are said, and how many there are."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence

__all__ = ["SHOWN", "WarningList", "shortened"]

SHOWN = 5


class WarningList:
    """Collects warnings by kind, in order."""

    def __init__(self) -> None:
        self._texts: list[str] = []
        self._kinds: Counter[str] = Counter()

    def add(self, kind: str, text: str) -> None:
        """Add a warning; at most five of a kind are kept."""
        self._kinds[kind] += 1
        if self._kinds[kind] <= SHOWN:
            self._texts.append(text)

    def texts(self) -> list[str]:
        """The warnings kept; the last one says how many are not."""
        total = self._kinds.total()
        hidden = total - len(self._texts)
        more = f"... and {hidden:,} more warnings of the same kinds, {total:,} in all"
        return [*self._texts, more] if hidden else [*self._texts]


def shortened(texts: Sequence[str], separator: str) -> str:
    """The first few texts in one line, and how many more there are."""
    more = [f"... and {len(texts) - SHOWN:,} more"] if len(texts) > SHOWN else []
    return separator.join([*texts[:SHOWN], *more])
