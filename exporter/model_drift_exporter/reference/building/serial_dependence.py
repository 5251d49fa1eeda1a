"""What the order of the reference's rows says: how many of them count as one, by column, and whether there is a season."""

from __future__ import annotations

from collections.abc import Sequence
from statistics import NormalDist
from typing import Any

import msgspec
import numpy as np
from numpy.typing import NDArray

from ...records.batches import RecordBatch
from ...records.times import parse_times
from ...statistics import FloatArray, IndexArray
from ...statistics.betting.bet_families import FEWEST_SPECIAL, MOST_TOGETHER
from ...statistics.design_effect import LEVEL, BlockRatios, block_lengths, block_ratios
from ..binner import Binner
from ..profile import FEATURE, INVALID, MISSING, OTHER, PREDICTION, SCORE, Column, ReferenceProfile, Season
from ..seasons import choose_slots, counts_by_slot, slot_law, slots_of

__all__ = ["RowHistory"]

Codes = NDArray[np.unsignedinteger[Any]]
_JUDGED = (FEATURE, PREDICTION, SCORE)
_FREQUENT_SHARE = 0.01
_CONSTANT = 1e-6  # a smaller standard deviation is rounding
_TAIL_SHARE = 0.005  # of the values: the outermost 1 % of them, which ties may make more or bins a little less
_CHUNK = 1 << 18  # values looked at together: a reference of millions of rows needs little more memory than its codes


class RowHistory:
    """The bins of all reference rows and their event times, in order of arrival. Add every batch, then ``judge``."""

    def __init__(self, binner: Binner) -> None:
        self._binner = binner
        largest = max(len(column.counts) for column in binner.columns)
        self._type: np.dtype[np.unsignedinteger[Any]] = np.min_scalar_type(largest)
        self._chunks: list[Codes] = []
        self._rows = 0
        self._times: list[FloatArray] = []

    def add(self, batch: RecordBatch, cells: NDArray[np.int64]) -> IndexArray:
        """Keep a batch, ``cells`` as of :class:`Binner`; the places of its rows among all, as they came."""
        places = np.arange(self._rows, self._rows + batch.size)
        self._rows += batch.size
        self._chunks.append((cells - self._binner.starts[:, None]).astype(self._type))
        self._times.append(parse_times(batch.fields["time"]) if "time" in batch.fields else np.full(batch.size, np.nan))
        return places

    def times(self) -> FloatArray | None:
        """Event times in order of arrival; rows without one have that of the row before. ``None`` if most rows have none."""
        times = np.concatenate([np.empty(0), *self._times])
        known = np.flatnonzero(np.isfinite(times))
        if 2 * len(known) <= len(times):
            return None
        latest = np.searchsorted(known, np.arange(len(times)), side="right") - 1
        filled: FloatArray = times[known[np.maximum(latest, 0)]]
        return filled

    def judge(self, profile: ReferenceProfile) -> ReferenceProfile:
        """The profile (its counts complete) with the columns' design effects and the season, or why there is none.

        Rows count in the order of their event times, those of one time in order of arrival, as do all without times.
        """
        times, columns = self.times(), profile.columns
        codes = np.concatenate(self._chunks, axis=1)
        if times is not None and (times[1:] < times[:-1]).any():
            order = np.argsort(times, kind="stable")
            times, codes = times[order], codes[:, order]
        lengths = block_lengths(codes.shape[1], times)
        rows = _TimedRows(columns, codes, times, lengths)
        choice = choose_slots(times, rows.regular)
        own = [
            each.design_effects(LEVEL / max(len(each.upper), 1)).max(initial=1.0) for each in rows.split(choice.ratios)
        ]
        together = min(_largest_of_features(columns, rows.split(choice.ratios)), MOST_TOGETHER)
        judged = [
            msgspec.structs.replace(
                column,
                design_effect=_rounded(one),
                special_design_effect=_rounded(special),
                unheard_design_effect=_rounded(unheard),
            )
            for column, one, special, unheard in zip(
                columns, own, rows.special(together), rows.unheard(together), strict=True
            )
        ]
        if not choice.slots or times is None:
            return msgspec.structs.replace(profile, columns=judged, season_absent=choice.absent)
        slot = slots_of(times, choice.slots)
        tables = [
            counts_by_slot(own_codes, slot, choice.slots, len(column.counts))
            for column, own_codes in zip(columns, codes, strict=True)
        ]
        season = Season(
            slots=choice.slots,
            rows=np.bincount(slot, minlength=choice.slots).tolist(),
            counts=np.concatenate(tables, axis=1).tolist(),
        )
        return msgspec.structs.replace(profile, columns=judged, season=season)


def _rounded(effect: float) -> float:
    return round(float(effect), 3)


def _largest_of_features(columns: Sequence[Column], ratios: Sequence[BlockRatios]) -> float:
    """The largest design effect of the features, at a level that holds for all of them together."""
    level = LEVEL / max(sum(column.role == FEATURE for column in columns), 1)
    return max(
        float(each.design_effects(level / max(len(each.upper), 1)).max(initial=1.0))
        for column, each in zip(columns, ratios, strict=True)
        if column.role == FEATURE
    )


class _TimedRows:
    """Ordered codes of all columns, and the series made of them."""

    def __init__(self, columns: Sequence[Column], codes: Codes, times: FloatArray | None, lengths: list[int]) -> None:
        self._columns, self._codes, self._times, self._lengths = columns, codes, times, lengths
        self._scores = [_scores(column) for column in columns]

    def regular(self, slots: int) -> BlockRatios:
        """Block ratios of all columns' series within so many slots (0: without), one column behind the other."""
        slot = None if not slots or self._times is None else slots_of(self._times, slots)
        found = []
        for column, codes, scores in zip(self._columns, self._codes, self._scores, strict=True):
            if slot is None:
                found += self._ratios(_standardised(scores, _shares(column), squared=column.numeric), codes)
            elif len(scores):
                law = slot_law(counts_by_slot(codes, slot, slots, len(column.counts)), [*column.counts.values()])
                tables = _standardised(scores, law, squared=column.numeric)
                found += self._ratios(tables, slot * len(column.counts) + codes)
        return _joined(found)

    def split(self, ratios: BlockRatios) -> list[BlockRatios]:
        """What :meth:`regular` gave, by column."""
        sizes = [
            len(scores) * (2 if column.numeric else 1)
            for column, scores in zip(self._columns, self._scores, strict=True)
        ]
        ends = np.cumsum(sizes).tolist()
        return [
            BlockRatios(ratios.upper[end - size : end], ratios.chance[end - size : end])
            for end, size in zip(ends, sizes, strict=True)
        ]

    def special(self, together: float) -> list[float]:
        """The design effect of missing and invalid values of each column: their own if either has rows enough.

        Otherwise ``together``, which rows of a kind that the reference hardly knows are taken to be at most.
        """
        found = []
        for column, codes in zip(self._columns, self._codes, strict=True):
            groups = [{MISSING}, {INVALID}]
            found.append(self._of_groups(column, codes, groups, together))
        return found

    def unheard(self, together: float) -> list[float]:
        """The same for values out of range or unseen.

        A reference has no values out of its own range. They come as those at its ends do, which are next to them.
        """
        found = []
        for column, codes in zip(self._columns, self._codes, strict=True):
            groups = _tails(column) if column.numeric else [{OTHER}]
            found.append(self._of_groups(column, codes, groups, together))
        return found

    def _of_groups(self, column: Column, codes: Codes, groups: Sequence[set[str]], otherwise: float) -> float:
        """The largest design effect of groups of bins; those with few rows inside or outside are left out."""
        if column.role not in _JUDGED:
            return 1.0
        tables = np.array([[name in group for name in column.counts] for group in groups], dtype=np.float64)
        tables = tables.reshape(-1, len(column.counts))
        rows = tables @ np.array([*column.counts.values()])
        tables = tables[(rows >= FEWEST_SPECIAL) & (rows <= len(codes) - FEWEST_SPECIAL)]
        if not len(tables):
            return otherwise
        ratios = _joined(self._ratios(tables[:, None, :], codes))
        return float(ratios.design_effects(LEVEL / len(tables)).max())

    def _ratios(self, tables: FloatArray, index: Codes | IndexArray) -> list[BlockRatios]:
        """``tables`` are [series, slot, bin]; ``index`` says where in the last two each row looks."""
        flat = tables.reshape(len(tables), tables.shape[1] * tables.shape[2])
        at_once = max(_CHUNK // max(len(index), 1), 1)
        return [
            block_ratios(np.take(flat[first : first + at_once], index, axis=1), self._lengths)
            for first in range(0, len(flat), at_once)
        ]


def _joined(ratios: Sequence[BlockRatios]) -> BlockRatios:
    empty = np.empty(0)
    return BlockRatios(
        np.concatenate([empty, *(each.upper for each in ratios)]),
        np.concatenate([empty, *(each.chance for each in ratios)]),
    )


def _tails(column: Column) -> list[set[str]]:
    """The bins at either end of a numeric column that hold the outermost values; an end that is half of it or more is none."""
    names = [*column.counts][:-2]
    rows = sum(column.counts[name] for name in names)
    found = []
    for ordered in (names, names[::-1]):
        held = np.cumsum([column.counts[name] for name in ordered])
        last = int(np.searchsorted(held, max(FEWEST_SPECIAL, _TAIL_SHARE * rows)))
        if last < len(held) and 2 * held[last] <= rows:
            found.append({*ordered[: last + 1]})
    return found


def _shares(column: Column) -> FloatArray:
    counts = np.array([[*column.counts.values()]], dtype=np.float64)
    shares: FloatArray = counts / max(counts.sum(), 1.0)
    return shares


def _scores(column: Column) -> FloatArray:
    """``[series, bin]``: the mean normal score of each numeric bin, or an indicator for each frequent category.

    Special bins are left out of account: NaN. No series where all values are in one bin.
    """
    counts = np.array([*column.counts.values()], dtype=np.float64)
    if column.role not in _JUDGED:
        return np.empty((0, len(counts)))
    valid = slice(1, len(column.edges)) if column.numeric else slice(0, len(column.categories))
    rows = counts[valid].sum()
    scores = np.full((1, len(counts)), np.nan)
    if not column.numeric:
        frequent = np.flatnonzero((counts >= _FREQUENT_SHARE * rows) & (counts <= (1 - _FREQUENT_SHARE) * rows))
        frequent = frequent[frequent < len(column.categories)]
        scores = np.repeat(scores, len(frequent), axis=0)
        scores[:, valid] = np.eye(len(counts))[frequent][:, valid]
        return scores
    if np.count_nonzero(counts[valid]) < 2:
        return np.empty((0, len(counts)))
    # The mean of the normal law between two of its quantiles is the difference of its densities over the share between.
    law = NormalDist()
    steps = np.cumsum(counts[valid])[:-1] / rows
    density = np.array([0.0, *(law.pdf(law.inv_cdf(step)) if 0 < step < 1 else 0.0 for step in steps.tolist()), 0.0])
    share = counts[valid] / rows
    scores[0, valid] = -np.diff(density) / np.where(share > 0, share, 1.0)
    return scores


def _standardised(scores: FloatArray, laws: FloatArray, *, squared: bool) -> FloatArray:
    """``[series, slot, bin]``: scores with mean 0 and standard deviation 1 under each slot's law, 0 in special bins.

    ``laws`` are ``[slot, bin]``; ``squared`` adds the scores' squares as further series.
    """
    valid = np.isfinite(scores)[:, None, :]
    weight = np.where(valid, laws, 0.0)
    weight /= np.maximum(weight.sum(axis=2, keepdims=True), 1e-12)

    def standardised(values: FloatArray) -> FloatArray:
        centred = np.where(valid, values - (values * weight).sum(axis=2, keepdims=True), 0.0)
        deviation = np.sqrt((np.square(centred) * weight).sum(axis=2, keepdims=True))
        return np.where(deviation > _CONSTANT, centred / np.maximum(deviation, _CONSTANT), 0.0)

    location = standardised(np.nan_to_num(scores)[:, None, :])
    return np.concatenate([location, standardised(np.square(location))]) if squared else location
