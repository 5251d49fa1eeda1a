"""Which texts are classes: names fit for a label, and not one-off texts that may hold anything."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Iterable

import attrs

from .survey import IDENTIFIER_SHARE, encodable

__all__ = ["MOST_CLASSES", "ClassNames", "NameTally", "class_order", "select_classes"]

MOST_CLASSES = 100
"""Classes that get a bin of their own."""

_FEW = 20  # so many distinct names are classes, however rare
_DISTINCT = 20_000
_IDENTIFIER_ROWS = 10  # fewer than for features: a class is kept from its first row on, a category is not


def class_order(name: str) -> tuple[bool, int, str]:
    """Sorts numbers first and by size."""
    return not name.isdecimal(), len(name) if name.isdecimal() else 0, name


class NameTally:
    """How often each name was seen, in bounded memory: of very many different ones, those that came first."""

    def __init__(self) -> None:
        self.counts: Counter[str] = Counter()
        self._overflow = 0
        self._rows = 0

    def __len__(self) -> int:
        """Different names; those beyond the memory's bound are taken for different."""
        return len(self.counts) + self._overflow

    def add(self, names: Iterable[str | None], rows: int) -> None:
        """Count the names in ``rows`` rows; ``None`` is none."""
        self._rows += rows
        for name, count in Counter(names).items():
            if name is None or not encodable(name):
                continue
            if name in self.counts or len(self.counts) < _DISTINCT:
                self.counts[name] += count
            else:
                self._overflow += count

    @property
    def identifier(self) -> bool:
        """Whether (nearly) every name is a new one."""
        seen = self.counts.total() + self._overflow
        return self._rows >= _IDENTIFIER_ROWS <= seen and len(self) >= IDENTIFIER_SHARE * seen


@attrs.frozen
class ClassNames:
    """The classes kept, unordered; how many others there were; whether the predictions look like identifiers."""

    counts: Counter[str]
    left_out: int
    identifier: bool


def select_classes(
    predicted: NameTally, labelled: NameTally, scored: NameTally, *, named: Collection[str], minimum_count: int
) -> ClassNames:
    """The names that are classes.

    Those ``named`` by the user are. Of the others all are if they are few; else those seen ``minimum_count`` times, at most
    100. Labels and scores whose names look like identifiers add none; if predictions do, neither do they nor the labels.
    """
    identifier = predicted.identifier
    sources = [tally for tally in (predicted, labelled, scored) if not tally.identifier]
    if identifier:
        sources = [tally for tally in sources if tally is scored]
    counts = sum((tally.counts for tally in sources), Counter[str]())
    others = [name for name in counts if name not in named]
    few = len(others) <= _FEW and not identifier
    ranked = sorted(others, key=lambda name: (-counts[name], class_order(name)))
    room = max(MOST_CLASSES - len(named), 0)
    kept = others if few else [name for name in ranked if counts[name] >= minimum_count][:room]
    every = {name for tally in (predicted, labelled, scored) for name in tally.counts}
    hidden = len(every.difference(kept, named)) + sum(
        len(tally) - len(tally.counts) for tally in (predicted, labelled, scored)
    )
    return ClassNames(Counter({name: counts[name] for name in [*named, *kept]}), hidden, identifier)
