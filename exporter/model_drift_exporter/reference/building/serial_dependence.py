"""What the order of the reference's rows says: how many of them count as one, by column, and whether there is a season."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from functools import partial
from statistics import NormalDist

import msgspec
import numpy as np
from numpy.typing import NDArray

from ...array_spool import ArraySpool
from ...statistics import FloatArray
from ...statistics.betting.bet_families import FEWEST_SPECIAL, MOST_TOGETHER
from ...statistics.design_effect import DAY, LEVEL, BlockRatios, block_lengths, block_ratios, rows_a_day_of
from ...statistics.sums import PART
from ...statistics.time_span import TimeSpan
from ..profile import FEATURE, INVALID, MISSING, OTHER, PREDICTION, SCORE, Column, ReferenceProfile, Season
from ..seasons import SLOTS, SeasonCover, choose_slots, counts_by_slot, slot_law, slots_of
from .row_history import OrderedRows
from .season_zone import ZoneChoice, zone_of_rows

__all__ = ["with_dependence"]

_JUDGED = (FEATURE, PREDICTION, SCORE)
_FREQUENT_SHARE = 0.01
_CONSTANT = 1e-6  # a smaller standard deviation is rounding
_TAIL_SHARE = 0.005  # of the values: the outermost 1 % of them, which ties may make more or bins a little less
_TOGETHER = 1 << 23  # values whose block sums, a tenth of them, are in memory together, unless one series has more
_PART_TOGETHER = 1 << 18  # values of several series looked at together
_PARTS = 5  # looks at all columns: without slots, within those of the day and of the week, special and unheard values


def with_dependence(
    profile: ReferenceProfile,
    rows: OrderedRows,
    progress: Callable[[float], None] = lambda _: None,
    *,
    zone: ZoneChoice | None = None,
) -> ReferenceProfile:
    """The profile (its counts complete) with the columns' design effects and the season, or why there is none.

    Slots are hours as the clocks of ``zone`` say, by default of the one that the rows show.

    ``progress`` is called with the share done, 0 to 1.
    """
    columns = profile.columns
    if zone is None:
        zone = zone_of_rows(
            [_standardised(_scores(each), _shares(each), squared=False)[:, 0] for each in columns], rows
        )
    span, cover = TimeSpan([DAY]), SeasonCover(zone.name)
    if rows.times is not None:
        for times in rows.times.blocks(PART):
            span.add(times)
            cover.add(times)
    timed = rows.times is not None
    series = _Series(
        columns, rows, block_lengths(rows.rows, rows_a_day_of(span) if timed else None), progress, zone.name
    )
    choice = choose_slots(cover if timed else None, series.regular)
    own, pooled = (
        [each.design_effects(LEVEL / max(len(each.upper), 1)).max(initial=1.0) for each in series.split(ratios)]
        for ratios in (choice.ratios, choice.pooled)
    )
    together = min(_largest_of_features(columns, series.split(choice.ratios)), MOST_TOGETHER)
    judged = [
        msgspec.structs.replace(
            column,
            design_effect=_rounded(one),
            special_design_effect=_rounded(special),
            unheard_design_effect=_rounded(unheard),
            pooled_design_effect=_rounded(without) if choice.slots else None,
        )
        for column, one, without, special, unheard in zip(
            columns, own, pooled, series.special(together), series.unheard(together), strict=True
        )
    ]
    if not choice.slots:
        return msgspec.structs.replace(profile, columns=judged, season_absent=choice.absent)
    season = Season(
        slots=choice.slots,
        rows=cover.rows(choice.slots).tolist(),
        counts=np.concatenate(series.counts_by_slot(choice.slots), axis=1).tolist(),
        time_zone=zone.name,
        time_zone_found=zone.found,
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


class _Series:
    """The series made of the codes of all columns; ``progress`` is called with the share of columns looked at."""

    def __init__(
        self,
        columns: Sequence[Column],
        rows: OrderedRows,
        lengths: list[int],
        progress: Callable[[float], None],
        time_zone: str,
    ) -> None:
        self._time_zone = time_zone
        self._columns, self._rows, self._lengths = columns, rows, lengths
        self._scores = [_scores(column) for column in columns]
        self._slots: dict[int, ArraySpool] = {}
        self._counts: dict[int, list[NDArray[np.int64]]] = {}
        self._progress = progress

    def _codes(self, part: int) -> Iterator[tuple[int, Column, ArraySpool]]:
        """Position, column and codes of all columns; this is one of ``_PARTS`` looks at them, the first one is 0."""
        for position, (column, codes) in enumerate(zip(self._columns, self._rows.codes, strict=True)):
            yield position, column, codes
            self._progress((part + (position + 1) / len(self._columns)) / _PARTS)

    def regular(self, slots: int) -> BlockRatios:
        """Block ratios of all columns' series within so many slots (0: without), one column behind the other."""
        found = []
        tables = self.counts_by_slot(slots) if slots else []
        for position, column, codes in self._codes((0, *SLOTS).index(slots)):
            scores = self._scores[position]
            if not slots:
                found += self._ratios(_standardised(scores, _shares(column), squared=column.numeric), codes)
            elif len(scores):
                law = slot_law(tables[position], [*column.counts.values()])
                standardised = _standardised(scores, law, squared=column.numeric)
                found += self._ratios(standardised, codes, self._slot(slots))
        return _joined(found)

    def counts_by_slot(self, slots: int) -> list[NDArray[np.int64]]:
        """Rows of each column by slot and bin."""
        if slots not in self._counts:
            slot = self._slot(slots)
            tables = []
            for column, codes in zip(self._columns, self._rows.codes, strict=True):
                pairs = zip(codes.blocks(PART), slot.blocks(PART), strict=True)
                parts = (counts_by_slot(own, some.astype(np.int64), slots, len(column.counts)) for own, some in pairs)
                tables.append(sum(parts, np.zeros((slots, len(column.counts)), dtype=np.int64)))
            self._counts[slots] = tables
        return self._counts[slots]

    def _slot(self, slots: int) -> ArraySpool:
        """The slot of each row."""
        if slots not in self._slots:
            found = self._slots[slots] = ArraySpool(np.min_scalar_type(slots - 1), store=self._rows.store)
            for times in self._rows.times.blocks(PART) if self._rows.times is not None else ():
                found.append(slots_of(times, slots, self._time_zone).astype(found.dtype))
        return self._slots[slots]

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
        groups = [{MISSING}, {INVALID}]
        return [self._of_groups(column, codes, groups, together) for _, column, codes in self._codes(_PARTS - 2)]

    def unheard(self, together: float) -> list[float]:
        """The same for values out of range or unseen.

        A reference has no values out of its own range. They come as those at its ends do, which are next to them.
        """
        return [
            self._of_groups(column, codes, _tails(column) if column.numeric else [{OTHER}], together)
            for _, column, codes in self._codes(_PARTS - 1)
        ]

    def _of_groups(self, column: Column, codes: ArraySpool, groups: Sequence[set[str]], otherwise: float) -> float:
        """The largest design effect of groups of bins; those with few rows inside or outside are left out."""
        if column.role not in _JUDGED:
            return 1.0
        tables = np.array([[name in group for name in column.counts] for group in groups], dtype=np.float64)
        tables = tables.reshape(-1, len(column.counts))
        rows = tables @ np.array([*column.counts.values()])
        tables = tables[(rows >= FEWEST_SPECIAL) & (rows <= self._rows.rows - FEWEST_SPECIAL)]
        if not len(tables):
            return otherwise
        ratios = _joined(self._ratios(tables[:, None, :], codes))
        return float(ratios.design_effects(LEVEL / len(tables)).max())

    def _ratios(self, tables: FloatArray, codes: ArraySpool, slot: ArraySpool | None = None) -> list[BlockRatios]:
        """``tables`` are [series, slot, bin]; a row's value stands at its slot (0 without) and its code."""
        flat = tables.reshape(len(tables), tables.shape[1] * tables.shape[2])

        def values(series: FloatArray, start: int, stop: int) -> FloatArray:
            index = codes.read(start, stop)
            if slot is not None:
                index = slot.read(start, stop).astype(np.intp) * tables.shape[2] + index
            return np.take(series, index, axis=1)

        rows = self._rows.rows
        at_once = max(min(_TOGETHER // rows, _PART_TOGETHER // min(rows, PART)), 1)
        return [
            block_ratios(partial(values, flat[first : first + at_once]), rows, self._lengths)
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
