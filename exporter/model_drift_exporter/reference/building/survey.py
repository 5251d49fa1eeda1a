"""First pass over reference rows: what kind of values each field has, and what its bins should be."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from typing import Any, cast

import numpy as np
from numpy.typing import NDArray

from ...array_spool import ArraySpool, SpoolStore
from ...records.batches import MAXIMUM_NAME
from ...records.columns import Numbers, Texts, taken
from ...records.raw_values import distinct_texts, numbers, text_of
from ...statistics.sums import PART

__all__ = ["IDENTIFIER_SHARE", "QUANTILES", "FieldSurvey", "Reservoir", "encodable", "far_out", "numeric_edges"]

QUANTILES = (0.001, 0.01, 0.05, 0.1, 0.2, 0.35, 0.5, 0.65, 0.8, 0.9, 0.95, 0.99, 0.999)
"""Shares below the inner edges of numeric bins: refined tails see a change of spread that deciles miss."""

IDENTIFIER_SHARE = 0.9
"""Texts of which so many are new ones name single rows."""

_RESERVOIR = 100_000
_DISTINCT = 20_000
_TEXT_NUMERIC_SHARE = 0.99
_IDENTIFIER_ROWS = 100
_FAR_OUT = 1e6


class Reservoir:
    """A uniform sample of numbers: all of them up to ``capacity``, then a random subset (fixed seed).

    The first numbers and what has replaced them since are kept in ``store``, by default in memory.
    """

    def __init__(self, capacity: int = _RESERVOIR, store: SpoolStore | None = None) -> None:
        store = SpoolStore(None) if store is None else store
        self._capacity = capacity
        self._first = ArraySpool(np.float64, store=store)
        self._places = ArraySpool(np.int32, store=store)
        self._later = ArraySpool(np.float64, store=store)
        self.seen = 0
        self._random = np.random.default_rng(0)

    def add(self, values: NDArray[np.float64]) -> None:
        """Offer numbers to the sample."""
        room = self._capacity - len(self._first)
        if room:
            self._first.append(values[:room])
            self.seen += len(values[:room])
            values = values[room:]
        if len(values):
            # Algorithm R: number i replaces a random place with probability capacity / i.
            places = self._random.integers(0, np.arange(self.seen + 1, self.seen + len(values) + 1))
            kept = places < self._capacity
            self._places.append(places[kept])
            self._later.append(values[kept])
            self.seen += len(values)

    def ordered(self) -> NDArray[np.float64]:
        """The sample in ascending order."""
        sample = self._first.read(0, self._capacity)
        for places, values in zip(self._places.blocks(PART), self._later.blocks(PART), strict=True):
            sample[places] = values  # of one place the last one
        return np.sort(sample)

    @classmethod
    def merged(cls, parts: Sequence[Reservoir], capacity: int = _RESERVOIR) -> NDArray[np.float64]:
        """A sample of the numbers of all ``parts`` together, in ascending order."""
        seen = sum(part.seen for part in parts)
        samples = [part.ordered() for part in parts]
        if seen > capacity:
            shares = [max(round(capacity * part.seen / seen), 1) if part.seen else 0 for part in parts]
            samples = [
                sample[np.linspace(0, len(sample) - 1, min(share, len(sample))).round().astype(np.intp)]
                for sample, share in zip(samples, shares, strict=True)
            ]
        return np.sort(np.concatenate([np.empty(0), *samples]))


def far_out(ordered: NDArray[np.float64], minimum: float, maximum: float) -> int:
    """How many numbers lie a million times farther from the median than 99 % of them do; of a sample, at least.

    Such numbers alone make up the standard deviation. Where 99 % are the same, its size (at least 1) is the measure.
    """
    if len(ordered) < 3:
        return 0
    median = ordered[(len(ordered) - 1) // 2]
    with np.errstate(over="ignore"):
        distances = np.sort(np.abs(ordered - median))
        # The farthest of few numbers must not be its own measure.
        usual = distances[min(int(np.ceil(0.99 * len(ordered))) - 1, len(ordered) - 2)] or max(abs(median), 1.0)
        limit = _FAR_OUT * usual
        found = int((distances > limit).sum())
        beyond = bool(maximum - median > limit or median - minimum > limit)
    return max(found, 1) if beyond else 0


def numeric_edges(ordered: NDArray[np.float64], minimum: float, maximum: float) -> list[float]:
    """The minimum, then the upper edges of the bins; ties are merged. An edge is a value of the sample (inverse CDF).

    The minimum has a bin of its own only where it repeats: otherwise no later value would ever fall on it.
    """
    ranks = np.ceil(np.array(QUANTILES) * len(ordered)).astype(np.intp) - 1
    inner = ordered[np.maximum(ranks, 0)]
    if len(ordered) > 1 and ordered[1] > minimum:
        inner = inner[inner > minimum]
    # Adding 0.0 makes -0.0 plain zero: which of the two came first must not matter.
    return [minimum + 0.0, *(np.unique(np.append(inner, maximum)) + 0.0).tolist()]


class FieldSurvey:
    """What values one field had: counts by type, a sample of its numbers, its most frequent texts.

    ``kind`` forces ``numeric`` or ``categorical``; ``None`` decides by the values.
    """

    def __init__(self, kind: str | None = None, store: SpoolStore | None = None) -> None:
        self._kind = kind
        self.numbers = self.texts = self.missing = self.invalid = 0
        self.minimum, self.maximum = np.inf, -np.inf
        self.categories: Counter[str] = Counter()
        self.overflow = 0
        self.whole = True
        self.reservoir = Reservoir(store=store)
        self._text = False
        self._increasing = True
        self._last = -np.inf

    def observe(self, values: Sequence[object], *, text: bool) -> None:
        """Take in one column of raw values."""
        self._text = text
        if text and self.texts > self.numbers and not isinstance(values, Texts | Numbers):
            values = Texts.of(cast("Sequence[str]", values))  # then each distinct one is looked at once
        array, invalid = numbers(values, text=text)
        found = array[np.isfinite(array)]
        self.numbers += len(array) - int(np.isnan(array).sum())
        self._observe_numbers(found)
        others = taken(values, np.array(invalid)) if invalid else []
        self._count(values if text or self._kind == "categorical" else others, text=text)
        texts = len(others) if isinstance(others, Texts) else sum(isinstance(value, str | bool) for value in others)
        self.texts += texts
        self.invalid += len(invalid) - texts
        self.missing += int(np.isnan(array).sum()) - len(invalid)

    def _observe_numbers(self, found: NDArray[np.float64]) -> None:
        if not len(found):
            return
        self.minimum = min(self.minimum, float(found.min()))
        self.maximum = max(self.maximum, float(found.max()))
        self.whole = self.whole and bool((found == np.floor(found)).all())
        self._increasing = self._increasing and found[0] > self._last and bool((found[1:] > found[:-1]).all())
        self._last = float(found[-1])
        self.reservoir.add(found)

    def _count(self, values: Sequence[object], *, text: bool) -> None:
        """Count texts by name; beyond a number of distinct ones, those that are known."""
        more = len(self.categories) < _DISTINCT
        if isinstance(values, Texts | Numbers):
            texts, places = distinct_texts(values)
            for name, number in zip(texts, np.bincount(places, minlength=len(texts)).tolist(), strict=True):
                if name is None or (text and not name) or not number:
                    continue
                if more or name in self.categories:
                    self.categories[name] += number
                else:
                    self.overflow += number
            return
        named = filter(None, values) if text else map(text_of, values)
        names: list[Any] = [name for name in named if name is not None]
        known = names if more else [name for name in names if name in self.categories]
        self.categories.update(known)
        self.overflow += len(names) - len(known)

    @property
    def present(self) -> int:
        """Values that are neither missing nor of a type that no feature has."""
        return self.numbers + self.texts

    @property
    def numeric(self) -> bool:
        """Whether the field is numeric: forced, or by most values (in text, 99 % that can be read as numbers)."""
        if self._kind is not None:
            return self._kind == "numeric" and self.maximum >= self.minimum
        if self._text:
            return self.maximum >= self.minimum and self.numbers >= _TEXT_NUMERIC_SHARE * self.present
        return self.maximum >= self.minimum and self.numbers >= self.texts

    @property
    def constant(self) -> bool:
        """Whether the field has one value only."""
        return self.minimum == self.maximum if self.numeric else len(self.categories) == 1 and not self.overflow

    @property
    def identifier(self) -> bool:
        """Whether the field looks like an identifier: (nearly) every text is new, or whole numbers only ever grow."""
        if self.present < _IDENTIFIER_ROWS or self._kind is not None:
            return False
        if self.numeric:
            return self.whole and self._increasing
        return len(self.categories) + self.overflow >= IDENTIFIER_SHARE * self.present

    @property
    def far_out(self) -> int:
        return far_out(self.reservoir.ordered(), self.minimum, self.maximum)

    def edges(self) -> list[float]:
        """Edges of the numeric bins; see :func:`numeric_edges`."""
        return numeric_edges(self.reservoir.ordered(), self.minimum, self.maximum)

    def top_categories(self, limit: int, minimum_count: int) -> list[str]:
        """The most frequent texts, at most ``limit``, each seen at least ``minimum_count`` times and fit for a label."""
        ranked = sorted(self.categories.items(), key=lambda item: (-item[1], item[0]))
        return [name for name, count in ranked if count >= minimum_count and encodable(name)][:limit]


def encodable(name: str) -> bool:
    """Whether a text can stand in a label and in a file: no longer than a name, and no half of a character."""
    if len(name) > MAXIMUM_NAME:
        return False
    try:
        name.encode()
    except UnicodeEncodeError:  # a lone surrogate
        return False
    return True
