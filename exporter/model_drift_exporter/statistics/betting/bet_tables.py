"""Columns side by side, and the tables of the bets on them under construction."""

from __future__ import annotations

import enum
from collections.abc import Sequence
from typing import Any

import attrs
import numpy as np
import numpy.typing as npt

from ..layout import BooleanArray, FloatArray, IndexArray

__all__ = ["BetColumn", "BetKind", "BetTables", "PaddedColumns"]


class BetKind(enum.IntEnum):
    """What a bet is on. ``NONE`` is a slot without a bet: its evidence stays 1."""

    NONE = 0
    LOCATION_UP = 1
    LOCATION_DOWN = 2
    SPREAD_UP = 3
    SPREAD_DOWN = 4
    CATEGORY = 5
    MISSING = 6
    INVALID = 7
    OUT_OF_RANGE = 8
    UNSEEN = 9


@attrs.frozen(eq=False)
class BetColumn:
    """The reference of one column: rows in each of its cells, and design effects (how many dependent rows count as one).

    Cells of a numeric column: below the range, the bins in order, above the range, missing, invalid. Cells of a categorical
    column: the categories, other categories, missing, invalid.

    ``counts`` may be fractions, such as those of a season slot. ``ranking`` then has the counts of the whole reference. These
    pick the categories, so that each bet is on the same category in all slots. They also set the limits of special cells,
    since a slot has too few rows for that. ``special_design_effect`` is that of missing and invalid values.
    ``unheard_design_effect`` is that of values out of range or unseen, ``None`` if it is the same.
    """

    counts: npt.ArrayLike
    numeric: bool
    design_effect: float = 1.0
    special_design_effect: float = 1.0
    ranking: npt.ArrayLike | None = None
    unheard_design_effect: float | None = None


@attrs.frozen(eq=False)
class PaddedColumns:
    """Columns side by side, padded to the largest number of cells.

    ``counts``, ``ranking``, ``cell`` and ``valid`` are [column, cell], all others [column].
    """

    counts: FloatArray
    ranking: FloatArray
    cell: IndexArray
    size: IndexArray
    valid: BooleanArray
    numeric: BooleanArray
    design_effect: FloatArray
    special_design_effect: FloatArray
    unheard_design_effect: FloatArray

    @classmethod
    def of(cls, columns: Sequence[BetColumn] | PaddedColumns) -> PaddedColumns:
        """Pad columns. Raises ``ValueError`` if one has fewer than three cells, or a ranking of another length."""
        if isinstance(columns, PaddedColumns):
            return columns
        rows = [np.asarray(column.counts, dtype=np.float64) for column in columns]
        size = np.array([len(row) for row in rows], dtype=np.intp)
        if np.any(size < 3):
            raise ValueError("a column needs cells for other (or values out of range), missing and invalid values")
        cell = np.broadcast_to(np.arange(size.max(initial=3)), (len(rows), int(size.max(initial=3))))
        counts = np.zeros(cell.shape)
        counts[cell < size[:, None]] = np.concatenate(rows) if rows else []
        ranking = counts
        if any(column.ranking is not None for column in columns):
            ranking = counts.copy()
            for row, column in zip(ranking, columns, strict=True):
                if column.ranking is not None:
                    row[: np.size(column.counts)] = np.asarray(column.ranking, dtype=np.float64)
        return cls(
            counts=counts,
            ranking=ranking,
            cell=cell,
            size=size,
            valid=cell < size[:, None] - 2,
            numeric=np.array([column.numeric for column in columns], dtype=np.bool_),
            design_effect=np.array([max(column.design_effect, 1.0) for column in columns]),
            special_design_effect=np.array([max(column.special_design_effect, 1.0) for column in columns]),
            unheard_design_effect=np.array([max(_unheard_design_effect(column), 1.0) for column in columns]),
        )


def _unheard_design_effect(column: BetColumn) -> float:
    return column.special_design_effect if column.unheard_design_effect is None else column.unheard_design_effect


class BetTables:
    """The bets of some columns under construction: ``e = 1 + stake (score - limit)``. At first no slot has a bet.

    ``scores`` is [column, cell, bet], all others [column, bet].
    """

    def __init__(
        self, columns: PaddedColumns, bets: int, precision: type[np.float32 | np.float64] = np.float64
    ) -> None:
        count, cells = columns.counts.shape
        self.columns = columns
        self.scores: npt.NDArray[Any] = np.zeros((count, cells, bets), dtype=precision)
        self.limits = np.zeros((count, bets))
        self.stakes = np.zeros((count, bets))
        self.kinds = np.zeros((count, bets), dtype=np.int8)
        self.cells = np.full((count, bets), -1, dtype=np.intp)
        self.directions = np.tile(np.arange(bets), (count, 1))
        self.design_effects = np.ones((count, bets))
        self.least_tempering = np.ones((count, bets))
        """Ln e is divided by this if the design effect is less."""

    def put(self, rows: IndexArray, first: int, scores: FloatArray, limits: FloatArray, stakes: FloatArray) -> slice:
        """Put bets in one direction into the slots of some columns from ``first`` on. Returns these slots.

        Their design effect is that of valid values.
        """
        slots = slice(first, first + stakes.shape[1])
        self.scores[rows, :, slots] = scores
        self.limits[rows, slots] = limits
        self.stakes[rows, slots] = stakes
        self.directions[rows, slots] = first
        self.design_effects[rows, slots] = self.columns.design_effect[rows, None]
        return slots

    @property
    def tempering(self) -> FloatArray:
        """The divisor of ln e, [column, bet]."""
        return np.maximum(self.design_effects, self.least_tempering)

    def valid_shares(self, rows: IndexArray) -> tuple[BooleanArray, FloatArray, FloatArray]:
        """For some columns: the cells of valid values, their shares, and the effective number of valid values.

        The first two are [column, cell]. Shares are 0 without valid values. The last is [column, 1], and 1 at least.
        """
        valid = self.columns.valid[rows]
        counts = self.columns.counts[rows] * valid
        total = counts.sum(axis=1, keepdims=True)
        observations = np.maximum(total / self.columns.design_effect[rows, None], 1.0)
        return valid, counts / np.where(total > 0, total, 1.0), observations
