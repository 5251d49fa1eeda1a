from __future__ import annotations

import math

import pytest

from model_drift_exporter.statistics.betting.bets import BETS, BetColumn, make_bets


def test_a_slot_bets_on_the_categories_of_the_whole_reference() -> None:
    """A slot in which the rarest category leads has its bets on the same categories, in its own shares."""
    whole, slot = [600, 300, 100, 0, 0, 0], [100.0, 200.0, 700.0, 0, 0, 0]
    pooled = make_bets([BetColumn(whole, numeric=False)])
    own = make_bets([BetColumn(slot, numeric=False, ranking=whole)])
    assert own.cells.tolist() == pooled.cells.tolist()
    assert own.limits[0, 0] == pytest.approx(0.1 + (0.02 + 3 / math.sqrt(1_000)) * 0.3)
    assert make_bets([BetColumn(slot, numeric=False)]).cells[0, 0] == 2


def test_a_ranking_of_other_cells_is_refused() -> None:
    """The whole reference has the cells of its slots."""
    with pytest.raises(ValueError, match="broadcast"):
        make_bets([BetColumn([1, 2, 0, 0], numeric=False, ranking=[1, 2, 3, 0, 0])])


def test_a_column_without_special_cells_is_refused() -> None:
    """Two cells cannot hold other, missing and invalid values."""
    with pytest.raises(ValueError, match="a column needs cells"):
        make_bets([BetColumn([1, 2], numeric=False)])


def test_no_columns_have_no_bets() -> None:
    """A model without columns has empty tables."""
    assert make_bets([]).log_e.shape == (0, 3, BETS)
