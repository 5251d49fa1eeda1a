"""The bets on a model's columns, by season slot if its reference has slots."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable, Iterator, Mapping, Sequence
from functools import cached_property
from typing import Any

import attrs
import numpy as np
from numpy.typing import NDArray

from ..reference.profile import ReferenceProfile, Season
from ..reference.seasons import PRIOR_ROWS
from ..reference.time_zones import GREENWICH
from ..statistics.betting.bet_tables import BetColumn, PaddedColumns
from ..statistics.betting.bets import (
    Bets,
    BetTable,
    Tolerances,
    broken_bet_table,
    broken_bets,
    make_bet_table,
    make_bets,
)
from ..statistics.betting.omnibus import MEMORIES, OmnibusBets
from ..statistics.betting.reference_ball import ReferenceBall, reference_ball
from .evidence_state import digest_of
from .settings import EvidenceSettings
from .update_counts import GroupedCounts

__all__ = ["SeasonalBets", "SeasonalOmnibus", "SlotBets"]

Array = NDArray[np.float64]

_MOST_BYTES = 12 * 2**20
_RECENT = 4
"""The number of most recently used slots that are always kept."""
_MOST_SLOTS = 2


@attrs.frozen(eq=False)
class SlotBets:
    """All bets against one reference: ``drift`` with the tight tolerances, ``broken`` with the tolerance of a page.

    ``ball`` holds the laws that are no drift to the omnibus bet.
    """

    drift: Bets
    broken: Bets
    ball: ReferenceBall


@attrs.frozen(eq=False)
class SlotTables:
    """The tables of a slot's bets, without what all slots share."""

    drift: BetTable
    broken: BetTable

    @property
    def size(self) -> int:
        """Bytes held."""
        return self.drift.nbytes + self.broken.nbytes


class SeasonalBets:
    """Makes the bets of a slot when a record first falls into it, and keeps as many slots as fit into a few megabytes.

    A slot without reference rows is judged by the whole reference. There a value may be as in any slot that has rows, and as
    many records count as one as without slots: a level that differs within the season is no drift. Missing, invalid and
    out-of-range values are judged by the whole reference in every slot.

    ``positions`` are those of the columns in the reference. ``pooled`` are the bets against the whole reference. The bets of
    all slots have their weights, kinds and directions.
    """

    def __init__(self, reference: ReferenceProfile, positions: Sequence[int], settings: EvidenceSettings) -> None:
        self._settings = settings
        columns = [reference.columns[position] for position in positions]
        self._columns = PaddedColumns.of(
            [
                BetColumn(
                    [*column.counts.values()],
                    column.numeric,
                    column.design_effect,
                    column.special_design_effect,
                    unheard_design_effect=column.unheard_design_effect,
                )
                for column in columns
            ]
        )
        rows = self._columns.counts.sum(axis=1)
        pooled = [column.pooled_design_effect for column in columns]
        # Where it is not known, all rows count as one: nothing is said of valid values.
        self._pooled_effect = np.array(
            [max(one if one is not None else of, 1.0) for one, of in zip(pooled, rows.tolist(), strict=True)]
        )
        self._tolerances = Tolerances(settings.location_tolerance, settings.missing_tolerance)
        self.pooled = SlotBets(
            make_bets(self._columns, self._tolerances),
            broken_bets(self._columns, settings.broken_tolerance),
            reference_ball(self._columns, settings.psi_tolerance),
        )
        self._season = reference.season
        self.slots = self._season.slots if self._season is not None else 0
        self.time_zone = self._season.time_zone if self._season is not None else GREENWICH
        sizes = np.array([len(column.counts) for column in reference.columns], dtype=np.intp)
        starts = (np.cumsum(sizes) - sizes)[[*positions]]
        inside = self._columns.cell < self._columns.size[:, None]
        self._inside = inside
        counts = np.array(self._season.counts if self._season is not None else (), dtype=np.int64)
        places = (starts[:, None] + self._columns.cell)[inside]
        self._counts = (
            counts[:, places].astype(np.min_scalar_type(int(counts.max(initial=0)))) if self.slots else counts
        )
        self._most = 2
        self._made: OrderedDict[int, SlotTables] = OrderedDict()

    @property
    def digest(self) -> str:
        """A text that differs if any bet, or the season, differs."""
        pooled, ball, season = self.pooled, self.pooled.ball, self._season
        tables: list[NDArray[Any]] = [
            table
            for bets in (pooled.drift, pooled.broken)
            for table in (bets.log_e, bets.scores, bets.limits, bets.weights, bets.kinds, bets.design_effects)
        ]
        tables += [ball.shares, ball.radius, ball.design_effect, np.array(season.rows if season else ()), self._counts]
        if self._season is not None and not (self._pooled_effect == self._columns.counts.sum(axis=1)).all():
            tables.append(self._pooled_effect)
        slots = self.slots if self.time_zone == GREENWICH else f"{self.slots} {self.time_zone}"
        return digest_of([attrs.asdict(self._tolerances), self._settings.broken_tolerance, slots, *tables])

    def _slot_columns(self, season: Season, slot: int) -> PaddedColumns:
        """The columns with their expected rows in a slot. Ranking and special bins stay those of the whole reference."""
        pooled = self._columns
        cells = np.zeros(pooled.counts.shape)
        cells[self._inside] = self._counts[slot]
        return attrs.evolve(pooled, counts=float(season.rows[slot]) * _slot_laws(cells, pooled.counts))

    def of(self, slot: int) -> SlotBets | SlotTables:
        """The bets for records in a slot. Without a season, those against the whole reference."""
        if self._season is None:
            return self.pooled
        if not self._season.rows[slot]:
            return self._unknown
        if slot in self._made:
            self._made.move_to_end(slot)
            return self._made[slot]
        columns = self._slot_columns(self._season, slot)
        made = self._made[slot] = SlotTables(
            make_bet_table(columns, self._tolerances), broken_bet_table(columns, self._settings.broken_tolerance)
        )
        self._most = max(2, _MOST_BYTES // max(made.size, 1))
        if len(self._made) > self._most:
            # A slow stream goes through all slots in turn. Then a slot used a short time ago is needed again last.
            del self._made[[*self._made][max(0, self._most - _RECENT)]]
        return made

    def _known_laws(self) -> Iterator[Array]:
        """The law of each slot that has rows, [column, cell]."""
        season = self._season
        for slot, rows in enumerate(season.rows) if season is not None else ():
            if season is not None and rows:
                yield self._slot_columns(season, slot).counts / rows

    @cached_property
    def _unknown_columns(self) -> PaddedColumns:
        return attrs.evolve(self._columns, design_effect=np.maximum(self._pooled_effect, self._columns.design_effect))

    @cached_property
    def _unknown(self) -> SlotTables:
        """The tables of all slots without rows."""
        return SlotTables(
            make_bet_table(self._unknown_columns, self._tolerances, self._known_laws()),
            broken_bet_table(self._unknown_columns, self._settings.broken_tolerance),
        )

    @cached_property
    def _unknown_weight(self) -> Array:
        """How many records of a known slot one of an unknown slot counts as in recovery, [column, bet]: 1 for special cells."""
        weight: Array = self.pooled.drift.tempering / self._unknown.drift.tempering
        return weight

    @cached_property
    def _unknown_ball(self) -> ReferenceBall:
        return reference_ball(self._unknown_columns, self._settings.psi_tolerance, self._known_laws())

    def unknown(self, slots: NDArray[np.intp]) -> NDArray[np.bool_]:
        """Which slots have no rows in the reference."""
        if self._season is None:
            return np.zeros(len(slots), dtype=np.bool_)
        unknown: NDArray[np.bool_] = np.array(self._season.rows)[slots] == 0
        return unknown

    def ball(self, slot: int) -> ReferenceBall:
        """The laws that are no drift to the omnibus bet in a slot."""
        if self._season is None:
            return self.pooled.ball
        if not self._season.rows[slot]:
            return self._unknown_ball
        return reference_ball(self._slot_columns(self._season, slot), self._settings.psi_tolerance)

    def log_e(self, groups: GroupedCounts) -> tuple[Array, Array]:
        """The ln e of the records of each group, [group, column, bet], for the drift bets and for the broken ones."""
        return self._sums(groups, lambda bets: bets.log_e)

    def excess(self, groups: GroupedCounts) -> tuple[Array, Array]:
        """Sums over records of the score less its limit, [group, column, bet], for the drift bets and for the broken ones.

        Records count as in :meth:`judged`.
        """
        drift, broken = self._sums(groups, lambda bets: bets.excess)
        unknown = self.unknown(groups.slot)
        if unknown.any():
            drift[unknown] *= self._unknown_weight
        return drift, broken

    def _sums(
        self, groups: GroupedCounts, table_of: Callable[[Bets | BetTable], NDArray[np.floating[Any]]]
    ) -> tuple[Array, Array]:
        """Sums over the records of each group of what a table of its slot's bets, [column, cell, bet], has for their cells."""
        drift, broken = (
            np.empty((*groups.counts.shape[:2], bets.log_e.shape[2]))
            for bets in (self.pooled.drift, self.pooled.broken)
        )
        for slot, members in _by_slot(groups.slot):
            bets, counts = self.of(slot), groups.counts[members].transpose(1, 0, 2)
            drift[members] = (counts @ table_of(bets.drift)).transpose(1, 0, 2)
            broken[members] = (counts @ table_of(bets.broken)).transpose(1, 0, 2)
        return drift, broken

    def judged(self, groups: GroupedCounts) -> tuple[Array, Array, Array]:
        """Records that each bet judges, [group, column, bet], for the drift, the broken and the omnibus bets.

        In a slot without reference rows, a record counts as the part of one by which its design effect is larger there: the
        wide limits of these hours must not hide in known hours what is still wrong.
        """
        records = groups.counts.sum(axis=2)[:, :, None]
        drift, broken = (
            np.repeat(records, bets.log_e.shape[2], axis=2) for bets in (self.pooled.drift, self.pooled.broken)
        )
        omnibus = np.repeat(records, len(MEMORIES), axis=2)
        if self._season is not None:
            for slot, members in _by_slot(groups.slot):
                bets = self.of(slot)
                drift[members] *= bets.drift.log_e.any(axis=1)
                broken[members] *= bets.broken.log_e.any(axis=1)
                if not self._season.rows[slot]:
                    drift[members] *= self._unknown_weight
                    omnibus[members] *= (self.pooled.ball.design_effect / self._unknown_ball.design_effect)[:, None]
        return drift, broken, omnibus


class SeasonalOmnibus:
    """The omnibus bets of all columns. With a season, records are compared with the reference of their slot.

    An update whose records are spread over more than two slots, as in a slow stream, is neither bet on nor remembered. Each
    change of the slot renews the bets of all columns, which would cost more than all other evidence.
    """

    def __init__(self, bets: SeasonalBets) -> None:
        self._bets = bets
        self._slot = 0
        self._omnibus = OmnibusBets(bets.ball(0), seasonal=bets.slots > 0)

    def log_e(self, groups: GroupedCounts) -> Array:
        """The ln e of the records of each group, [group, column, memory]."""
        if not self._bets.slots:
            return self._omnibus.log_e(groups.counts)
        found = np.zeros((*groups.counts.shape[:2], len(MEMORIES)))
        slots_of_update = np.bincount(groups.update)[groups.update]
        chosen = np.flatnonzero(slots_of_update <= _MOST_SLOTS)
        changes = np.flatnonzero(np.diff(groups.slot[chosen])) + 1
        for run in np.split(chosen, changes):
            if len(run):
                slot = int(groups.slot[run[0]])
                if slot != self._slot:
                    self._omnibus.enter(self._bets.ball(slot))
                    self._slot = slot
                found[run] = self._omnibus.log_e(groups.counts[run])
        return found

    def mark(self) -> tuple[int, OmnibusBets]:
        """The present state, for one call of :meth:`go_back`."""
        return self._slot, self._omnibus.copy()

    def go_back(self, mark: tuple[int, OmnibusBets]) -> None:
        """Forget what has come since the mark."""
        self._slot, self._omnibus = mark

    def restart(self, columns: NDArray[np.intp]) -> None:
        """Forget what is remembered of some columns."""
        self._omnibus.restart(columns)

    def snapshot(self) -> dict[str, Any]:
        """The exact state: after :meth:`restore` every result is as if nothing had stopped."""
        return {**self._omnibus.snapshot(), "slot": self._slot}

    def restore(self, state: Mapping[str, Any]) -> None:
        """Go on from a snapshot; raises :class:`ValueError` or :class:`KeyError` if it is of other columns."""
        slot = int(state["slot"])
        omnibus = OmnibusBets(self._bets.ball(slot), seasonal=self._bets.slots > 0)
        omnibus.restore(dict(state))
        self._slot, self._omnibus = slot, omnibus


def _slot_laws(cells: Array, pooled: Array) -> Array:
    """:func:`~..reference.seasons.slot_law` for all columns at once, [column, cell]."""
    shares = pooled / np.maximum(pooled.sum(axis=1, keepdims=True), 1.0)
    law: Array = (cells + PRIOR_ROWS * shares) / (cells.sum(axis=1, keepdims=True) + PRIOR_ROWS)
    return law


def _by_slot(slots: NDArray[np.intp]) -> list[tuple[int, slice | NDArray[np.intp]]]:
    """Each slot with the positions of its groups."""
    if not len(slots):
        return []
    if (slots == slots[0]).all():
        return [(int(slots[0]), slice(None))]
    return [(int(slot), np.flatnonzero(slots == slot)) for slot in np.unique(slots)]
