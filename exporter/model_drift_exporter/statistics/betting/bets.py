"""Bets on columns: fixed tables that turn the counts of an update into evidence against the reference.

Each bet has a score for every cell, and a limit of the mean score under the null hypothesis. The limit includes the
reference's error and the tolerance. So ``e = 1 + λ (score - limit)`` has a mean of at most 1 under every law of the null (I.
Waudby-Smith, A. Ramdas, *Estimating means of bounded random variables by betting*, 2024). For the share of a cell, e is
exactly the likelihood ratio of a larger share against the limit.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence

import attrs
import numpy as np
import numpy.typing as npt

from ..layout import FloatArray, IndexArray
from ..sums import summable
from .bet_families import DIRECTIONAL, FEWEST_SPECIAL, add_categories, add_moments, add_special, hold_laws
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
"""The number of bets on every column. Bets that a column has no use for have no weight."""
OMNIBUS_WEIGHT = 0.05
"""The weight of the omnibus bet of a column. The bets here have the rest."""

_DIRECTIONAL_WEIGHT, _SPECIAL_WEIGHT = 0.45, 0.55
_SPECIAL_GAPS = (0.003, 0.02, 0.1)
_BROKEN_GAPS = (0.05, 0.2, 0.5)
_BROKEN = 2 * len(_BROKEN_GAPS)
_BROKEN_TEMPERING = 5.0
"""At least so many records count as one if the reference does not show how values go missing. A lookup that fails, for
example, fails for several records. The caller must bound the evidence of one update."""


@attrs.frozen
class Tolerances:
    """Changes that are tolerated, in addition to the reference's own error.

    ``location`` is in standard deviations (of the value's score, of its spread, of a category's indicator). ``special`` is
    a share of the records.
    """

    location: float = 0.02
    special: float = 0.001


@attrs.frozen(eq=False)
class Bets:
    """Tables of the bets of all columns, padded to the largest number of cells. No record falls into the padding."""

    log_e: FloatArray
    """The ln e of one record in a cell, divided by ``tempering``, ``[column, cell, bet]``. Sums of it are exact."""
    weights: FloatArray
    """Prior weight of each bet, ``[column, bet]``; the same sum in each column."""
    kinds: npt.NDArray[np.int8]
    """:class:`BetKind` of each bet, ``[column, bet]``."""
    cells: IndexArray
    """The category that a bet is on, ``[column, bet]``; -1 for bets on anything else."""
    directions: IndexArray
    """The first bet with the same score and limit, ``[column, bet]``. Bets in one direction differ in their stakes only."""
    scores: FloatArray
    """Score of a cell, ``[column, cell, bet]``. Cells that are no evidence score the limit."""
    limits: FloatArray
    """The largest mean score under the null hypothesis, ``[column, bet]``."""
    spreads: FloatArray
    """Standard deviation of the score of one record in the reference, ``[column, bet]``."""
    design_effects: FloatArray
    """How many dependent records of the reference count as one, ``[column, bet]``."""
    tempering: FloatArray
    """The divisor in ``log_e``, ``[column, bet]``: the design effect or more."""

    @property
    def excess(self) -> FloatArray:
        """Score of a cell less the limit, ``[column, cell, bet]``."""
        return summable(self.scores - self.limits[:, None])


@attrs.frozen(eq=False)
class BetTable:
    """The part of :class:`Bets` that evidence and recovery need, in a third of the memory and of the time to make it.

    ``log_e``, ``tempering`` and ``excess`` are as there. Weights, kinds and directions are those of bets on the same columns
    against another reference with the same ranking.
    """

    log_e: npt.NDArray[np.float32]
    stakes: npt.NDArray[np.float32]
    """The λ of each bet, 0 in slots without a bet, ``[column, bet]``."""
    tempering: FloatArray

    @property
    def excess(self) -> FloatArray:
        """Score of a cell less the limit, 0 in slots without a bet, ``[column, cell, bet]``."""
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


def make_bet_table(
    columns: Sequence[BetColumn] | PaddedColumns,
    tolerances: Tolerances | None = None,
    laws: Iterable[FloatArray] = (),
) -> BetTable:
    """The bets of :func:`make_bets` as a :class:`BetTable`.

    To those on location, spread and categories, ``laws`` [column, cell] and mixtures of them are no drift either.
    """
    return _table(_on_drift(BetTables(PaddedColumns.of(columns), BETS, np.float32), tolerances, laws))


def broken_bets(columns: Sequence[BetColumn] | PaddedColumns, tolerance: float = 0.05) -> Bets:
    """Bets that the share of missing or of invalid values exceeds that in the reference by more than ``tolerance``.

    There are six bets per column, with weights that sum to 1. If the reference has too few such rows to show whether they
    come in groups, they count as dependent. Raises ``ValueError`` as :func:`make_bets` does.
    """
    tables = _on_broken(BetTables(PaddedColumns.of(columns), _BROKEN), tolerance)
    return _finished(tables, [(slice(None), 1.0)], 1.0)


def broken_bet_table(columns: Sequence[BetColumn] | PaddedColumns, tolerance: float = 0.05) -> BetTable:
    """The bets of :func:`broken_bets` as a :class:`BetTable`."""
    return _table(_on_broken(BetTables(PaddedColumns.of(columns), _BROKEN, np.float32), tolerance))


def _on_drift(tables: BetTables, tolerances: Tolerances | None, laws: Iterable[FloatArray] = ()) -> BetTables:
    tolerances = tolerances or Tolerances()
    add_moments(tables, tolerances.location)
    add_categories(tables, tolerances.location, tolerances.special)
    hold_laws(tables, laws)
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
    """The finished table in single precision. Its rounding error is a millionth of the evidence of a record."""
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
    """The finished bets. The bets in use share the weight of their group equally, and that of unused groups in proportion."""
    used = tables.stakes > 0
    weights = np.zeros(used.shape)
    for slots, weight in groups:
        group = used[:, slots]
        weights[:, slots] = weight * group / np.maximum(group.sum(axis=1, keepdims=True), 1)
    # A column without a bet in use keeps its weight in a slot where M stays 1.
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
