"""Bets on columns: fixed tables that turn the counts of an update into evidence against the reference.

Each bet has a score of the cell and a limit that the mean score keeps to under the null, reference error and tolerance
included. ``e = 1 + λ (score - limit)`` then has mean 1 at most under every law of the null (I. Waudby-Smith, A. Ramdas,
*Estimating means of bounded random variables by betting*, 2024); for the share of a cell it is exactly the likelihood
ratio of a larger share against the limit.
"""

from __future__ import annotations

from collections.abc import Sequence

import attrs
import numpy as np
import numpy.typing as npt

from ..layout import FloatArray, IndexArray
from ..sums import summable
from .bet_families import DIRECTIONAL, FEWEST_SPECIAL, add_categories, add_moments, add_special
from .bet_tables import BetColumn, BetKind, BetTables, PaddedColumns

__all__ = [
    "BETS",
    "OMNIBUS_WEIGHT",
    "BetColumn",
    "BetKind",
    "BetTable",
    "Bets",
    "Tolerances",
    "broken_bet_table",
    "broken_bets",
    "make_bet_table",
    "make_bets",
]

BETS = 24
"""Bets of every column; what a column has no use for stays without weight."""
OMNIBUS_WEIGHT = 0.05
"""The weight that these bets leave to the omnibus bet of their column."""

_DIRECTIONAL_WEIGHT, _SPECIAL_WEIGHT = 0.45, 0.55
_SPECIAL_GAPS = (0.003, 0.02, 0.1)
_BROKEN_GAPS = (0.05, 0.2, 0.5)
_BROKEN = 2 * len(_BROKEN_GAPS)
_BROKEN_TEMPERING = 5.0
"""Records that count as one at least where the reference does not show how values go missing: a lookup that fails fails for
several. How much one update may say is for its user to bound."""


@attrs.frozen
class Tolerances:
    """What does not matter, added to what the reference's own error allows.

    ``location`` is in standard deviations (of the value's score, of its spread, of a category's indicator), ``special`` is
    a share of the records.
    """

    location: float = 0.02
    special: float = 0.001


@attrs.frozen(eq=False)
class Bets:
    """Tables of the bets of all columns; columns are padded to the cells of the largest, records never fall there."""

    log_e: FloatArray
    """ln e of one record in a cell, divided by the bet's design effect or more, ``[column, cell, bet]``; sums are exact."""
    weights: FloatArray
    """Prior weight of each bet, ``[column, bet]``; the same sum in each column."""
    kinds: npt.NDArray[np.int8]
    """:class:`BetKind` of each bet, ``[column, bet]``."""
    cells: IndexArray
    """The category that a bet is on, ``[column, bet]``; -1 for bets on anything else."""
    directions: IndexArray
    """The first bet with the same score and limit, ``[column, bet]``: bets in one direction differ in their stakes only."""
    scores: FloatArray
    """Score of a cell, ``[column, cell, bet]``. Cells that say nothing score the limit."""
    limits: FloatArray
    """The largest mean score of the null, ``[column, bet]``."""
    spreads: FloatArray
    """Standard deviation of the score of one record in the reference, ``[column, bet]``."""
    design_effects: FloatArray
    """How many dependent records of the reference count as one, ``[column, bet]``."""
    tempering: FloatArray
    """What ``log_e`` is divided by, ``[column, bet]``."""

    @property
    def excess(self) -> FloatArray:
        """Score of a cell less the largest mean score of the null, ``[column, cell, bet]``."""
        return summable(self.scores - self.limits[:, None])


@attrs.frozen(eq=False)
class BetTable:
    """What evidence and recovery take of :class:`Bets`, in a third of the memory and made in a third of the time.

    Weights, kinds and directions are those of bets on the same columns against another reference with the same ranking.
    """

    log_e: npt.NDArray[np.float32]
    """As in :class:`Bets`."""
    stakes: npt.NDArray[np.float32]
    """0 in slots without a bet, ``[column, bet]``."""
    tempering: FloatArray
    """As in :class:`Bets`."""

    @property
    def excess(self) -> FloatArray:
        """As in :class:`Bets`; 0 in slots without a bet."""
        gain: FloatArray = np.expm1(self.log_e * self.tempering[:, None])
        return summable(gain / np.where(self.stakes > 0, self.stakes, 1.0)[:, None])

    @property
    def nbytes(self) -> int:
        """Bytes held."""
        return self.log_e.nbytes + self.stakes.nbytes + self.tempering.nbytes


def make_bets(columns: Sequence[BetColumn] | PaddedColumns, tolerances: Tolerances | None = None) -> Bets:
    """The bets on location, spread or categories, and on missing, invalid and unheard-of values of each column.

    Weights sum to 1 less :data:`OMNIBUS_WEIGHT`. Raises ``ValueError`` where a column lacks its three special cells.
    """
    tables = _on_drift(BetTables(PaddedColumns.of(columns), BETS), tolerances)
    groups = [(slice(DIRECTIONAL), _DIRECTIONAL_WEIGHT), (slice(DIRECTIONAL, BETS), _SPECIAL_WEIGHT)]
    return _finished(tables, groups, 1.0 - OMNIBUS_WEIGHT)


def make_bet_table(columns: Sequence[BetColumn] | PaddedColumns, tolerances: Tolerances | None = None) -> BetTable:
    """The table of :func:`make_bets`."""
    return _table(_on_drift(BetTables(PaddedColumns.of(columns), BETS, np.float32), tolerances))


def broken_bets(columns: Sequence[BetColumn] | PaddedColumns, tolerance: float = 0.05) -> Bets:
    """Bets on so many missing or invalid values that the input is broken: over ``tolerance`` more than in the reference.

    Six bets a column, of weights that sum to 1. Where the reference has too few such rows to show how they come together, a
    page takes them for dependent. Raises ``ValueError`` as :func:`make_bets` does.
    """
    tables = _on_broken(BetTables(PaddedColumns.of(columns), _BROKEN), tolerance)
    return _finished(tables, [(slice(None), 1.0)], 1.0)


def broken_bet_table(columns: Sequence[BetColumn] | PaddedColumns, tolerance: float = 0.05) -> BetTable:
    """The table of :func:`broken_bets`."""
    return _table(_on_broken(BetTables(PaddedColumns.of(columns), _BROKEN, np.float32), tolerance))


def _on_drift(tables: BetTables, tolerances: Tolerances | None) -> BetTables:
    tolerances = tolerances or Tolerances()
    add_moments(tables, tolerances.location)
    add_categories(tables, tolerances.location, tolerances.special)
    add_special(tables, DIRECTIONAL, tolerances.special, _SPECIAL_GAPS, unheard_of=True)
    return tables


def _on_broken(tables: BetTables, tolerance: float) -> BetTables:
    add_special(tables, 0, tolerance, _BROKEN_GAPS, unheard_of=False)
    specials: IndexArray = tables.columns.size[:, None] - np.array([2, 1], dtype=np.intp)
    rows = np.take_along_axis(tables.columns.ranking, specials, axis=1)
    unknown = np.repeat(rows < FEWEST_SPECIAL, len(_BROKEN_GAPS), axis=1)
    tables.least_tempering[unknown] = np.maximum(tables.least_tempering[unknown], _BROKEN_TEMPERING)
    return tables


def _table(tables: BetTables) -> BetTable:
    """Single precision throughout: its rounding is a millionth of what a record is worth."""
    stakes = tables.stakes.astype(np.float32)
    gain = tables.scores.astype(np.float32, copy=False)
    gain -= tables.limits.astype(np.float32)[:, None]
    gain *= stakes[:, None]
    gain += 1.0
    np.log(gain, out=gain)
    if (tables.tempering != 1.0).any():
        gain /= tables.tempering.astype(np.float32)[:, None]
    return BetTable(summable(gain), stakes, tables.tempering)


def _finished(tables: BetTables, groups: list[tuple[slice, float]], total: float) -> Bets:
    """Shares the weight of each group of slots, and that of an unused group, equally among the bets in use."""
    used = tables.stakes > 0
    weights = np.zeros(used.shape)
    for slots, weight in groups:
        group = used[:, slots]
        weights[:, slots] = weight * group / np.maximum(group.sum(axis=1, keepdims=True), 1)
    # A column that nothing can be bet on keeps its weight where M stays 1.
    weights[~used.any(axis=1), :1] = 1.0
    weights *= total / weights.sum(axis=1, keepdims=True)
    gain = tables.scores - tables.limits[:, None]
    gain *= tables.stakes[:, None]
    gain += 1.0
    np.log(gain, out=gain)
    gain /= tables.tempering[:, None]
    counts = tables.columns.counts[:, None]
    shares = counts / np.maximum(counts.sum(axis=2, keepdims=True), 1e-300)
    mean = (shares @ tables.scores)[:, 0]
    square = (shares @ (tables.scores * tables.scores))[:, 0]
    return Bets(
        log_e=summable(gain),
        weights=weights,
        kinds=np.where(used, tables.kinds, np.int8(BetKind.NONE)),
        cells=np.where(used, tables.cells, -1),
        directions=tables.directions,
        scores=tables.scores,
        limits=tables.limits,
        spreads=np.sqrt(np.maximum(square - mean * mean, 0.0)),
        design_effects=tables.design_effects,
        tempering=tables.tempering,
    )
