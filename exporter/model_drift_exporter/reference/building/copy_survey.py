"""Counts how often reference rows are alike, in bounded memory and whatever their number."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from ...records.identifiers import hash_numbers
from ..binner import Binner
from ..coded_batch import CodedBatch
from ..profile import FEATURE
from ..usual_copies import UsualCopies

__all__ = ["CopySurvey"]

_SAMPLE = 2_048
_LEAST_SAMPLE = 256
_MOST_TERMS = 400_000
"""Rows times features of the sample."""
_UNSEEN_PAIRS = 3.0
"""So many pairs more than were found: where none was, a share as large as that of three is refuted at 0.05."""

_PART = 10_000
"""Rows after which fingerprints are dropped that are seldom: the share of one that stays is off by 1 in 10,000 at most."""
_MOST_COMMON = 1_000
_LONGEST = 1_000
_QUANTILE = 0.99
_MINUTE = 60.0
_USUAL_MINUTE = 0.9
_MOST_IN_A_MINUTE = 10_000


class CopySurvey:
    """A part of the reference, see :class:`UsualCopies`: takes in all rows, in their order."""

    def __init__(self, binner: Binner) -> None:
        self._binner = binner
        features = binner.fingerprints.features
        self._rows = 0
        self._most = int(np.clip(_MOST_TERMS // max(features, 1), _LEAST_SAMPLE, _SAMPLE))
        self._ranks = np.empty(0, dtype=np.uint64)
        self._terms = np.empty((features + 1, 0), dtype=np.uint64)
        self._common = _Common()
        self._alike = _RunLengths(_LONGEST)
        self._minutes = _RunLengths(_MOST_IN_A_MINUTE)
        self._missing = np.zeros(features + 1, dtype=np.int64)
        columns = [(start, column) for start, column in zip(binner.starts, binner.columns, strict=True)]
        self._bounds = np.array([start + len(column.counts) - 2 for start, column in columns if column.role == FEATURE])
        self._features = [position for position, (_, column) in enumerate(columns) if column.role == FEATURE]

    def count(self, batch: CodedBatch) -> None:
        if not batch.size:
            return
        fingerprints = batch.fingerprints
        self._sample(batch, fingerprints)
        self._common.add(fingerprints)
        self._alike.add(fingerprints)
        minutes = np.floor(batch.time / _MINUTE)
        timed = minutes[np.isfinite(minutes)]
        self._minutes.add(timed.astype(np.int64).view(np.uint64))
        lacking = (batch.cells[self._features] >= self._bounds[:, None]).sum(axis=0)
        self._missing += np.bincount(lacking, minlength=len(self._missing))
        self._rows += batch.size

    def _sample(self, batch: CodedBatch, fingerprints: NDArray[np.uint64]) -> None:
        """Keep the rows whose numbers have the smallest hashes: a fair sample, however the rows came in batches."""
        ranks = hash_numbers(self._rows, batch.size)
        most = self._ranks.max() if len(self._ranks) >= self._most else ranks.max()
        chosen = np.flatnonzero(ranks <= most)
        if not len(chosen):
            return
        terms = np.empty((len(self._terms), len(chosen)), dtype=np.uint64)
        terms[-1] = fingerprints[chosen]
        of_columns = self._binner.fingerprints.terms(batch.records, batch.cells)
        for row, term in zip(terms[:-1], of_columns, strict=False):
            row[:] = term[chosen]
        ranks = np.concatenate([self._ranks, ranks[chosen]])
        kept = np.sort(np.argsort(ranks)[: self._most])
        self._ranks = ranks[kept]
        self._terms = np.concatenate([self._terms, terms], axis=1)[:, kept]

    def summary(self) -> UsualCopies:
        total = self._terms[-1]
        pairs = len(total) * (len(total) - 1) / 2
        alike = max((_pairs(total - term) for term in self._terms[:-1]), default=_pairs(total))
        chance = min((alike + _UNSEEN_PAIRS) / pairs, 1.0) if pairs else 1.0
        common, shares = self._common.above(chance)
        return UsualCopies(
            chance=chance,
            common=common,
            shares=shares,
            together=self._alike.quantile(_QUANTILE),
            most_missing=int(np.searchsorted(np.cumsum(self._missing), _QUANTILE * self._rows)) if self._rows else 0,
            minute=self._minutes.quantile(_USUAL_MINUTE),
        )


def _pairs(fingerprints: NDArray[np.uint64]) -> float:
    """How many pairs are alike."""
    _, counts = np.unique(fingerprints, return_counts=True)
    return float((counts * (counts - 1) // 2).sum())


class _Common:
    """Fingerprints that many rows have: lossy counting (Manku, Motwani 2002)."""

    def __init__(self) -> None:
        self._rows = self._parts = 0
        self._found = np.empty(0, dtype=np.uint64)
        self._counts = np.empty(0, dtype=np.int64)
        self._missed = np.empty(0, dtype=np.int64)

    def add(self, fingerprints: NDArray[np.uint64]) -> None:
        while len(fingerprints):
            part = fingerprints[: _PART - self._rows % _PART]
            self._merge(part)
            fingerprints = fingerprints[len(part) :]
            self._rows += len(part)
            if self._rows % _PART == 0:
                self._parts += 1
                kept = self._counts + self._missed > self._parts
                self._found, self._counts, self._missed = self._found[kept], self._counts[kept], self._missed[kept]

    def _merge(self, part: NDArray[np.uint64]) -> None:
        found, counts = np.unique(part, return_counts=True)
        every = np.union1d(self._found, found)
        merged = np.zeros(len(every), dtype=np.int64)
        missed = np.full(len(every), self._parts)
        places = np.searchsorted(every, self._found)
        merged[places], missed[places] = self._counts, self._missed
        merged[np.searchsorted(every, found)] += counts
        self._found, self._counts, self._missed = every, merged, missed

    def above(self, share: float) -> tuple[list[int], list[float]]:
        """The commonest fingerprints that more than a ``share`` of the rows have, ascending, and their shares, at most."""
        shares = (self._counts + self._missed) / max(self._rows, 1)
        often = np.flatnonzero((shares > share) & (self._counts > 1))
        chosen = np.sort(often[np.argsort(-shares[often], kind="stable")[:_MOST_COMMON]])
        return self._found[chosen].tolist(), shares[chosen].tolist()


class _RunLengths:
    """How many values in a row are the same."""

    def __init__(self, longest: int) -> None:
        self._rows = np.zeros(longest + 1, dtype=np.int64)
        self._last: np.uint64 | None = None
        self._length = 0

    def add(self, values: NDArray[np.uint64]) -> None:
        if not len(values):
            return
        starts = np.flatnonzero(values[1:] != values[:-1]) + 1
        lengths = np.diff(np.concatenate([[0], starts, [len(values)]]))
        if self._last == values[0]:
            lengths[0] += self._length
        else:
            self._end(np.array([self._length]))
        self._end(lengths[:-1])
        self._last, self._length = values[-1], int(lengths[-1])

    def _end(self, lengths: NDArray[np.int64]) -> None:
        self._rows += self._weights(lengths)

    def _weights(self, lengths: NDArray[np.int64]) -> NDArray[np.int64]:
        """Rows by the length of the run that they are in."""
        runs = np.bincount(np.minimum(lengths, len(self._rows) - 1), minlength=len(self._rows))
        return runs * np.arange(len(runs))

    def quantile(self, share: float) -> int:
        """The length of the run that a row is in, of so many rows at most; 0 without rows."""
        rows = np.cumsum(self._rows + self._weights(np.array([self._length])))
        return int(np.searchsorted(rows, share * rows[-1])) if rows[-1] else 0
