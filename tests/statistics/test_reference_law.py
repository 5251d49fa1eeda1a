from __future__ import annotations

import numpy as np
import pytest
import scipy.stats
from hypothesis import given
from hypothesis import strategies as st

from model_drift_exporter.statistics import CellLayout, ColumnCells
from model_drift_exporter.statistics.reference_law import ReferenceLaw


def test_a_numeric_bin_weighs_its_spacings() -> None:
    """Empty end bins of a numeric column weigh one row, the first of them the lowest bin's; others weigh their rows."""
    layout = CellLayout.from_columns([ColumnCells(6, (0.0, 0.5, 2.0, 3.0), 1.0), ColumnCells(3)])
    law = ReferenceLaw(layout, [0, 5, 3, 0, 2, 0, 4, 0, 0])
    assert law.weight.tolist() == [1, 4, 3, 1, 2, 0, 4, 0, 0]
    assert law.rows.tolist() == [10, 4]
    np.testing.assert_allclose(law.share * 11, [1, 4, 3, 1, 2, 0, 11, 0, 0])
    np.testing.assert_allclose(law.distribution_function[:4], np.array([1, 5, 8, 9]) / 9)
    np.testing.assert_allclose(law.reference_function[:4], [0.0, 0.625, 1.0, 1.0])
    np.testing.assert_allclose(law.valid_share, [9 / 11, 0.0])


def test_an_atom_at_the_end_promises_no_new_extreme() -> None:
    """Where the reference's extreme is a repeated value, nothing is expected beyond it."""
    layout = CellLayout.from_columns([ColumnCells(5, (0.0, 0.0, 2.0, 3.0), 1.0)])
    assert ReferenceLaw(layout, [0, 5, 3, 0, 0]).weight.tolist() == [0, 5, 3, 1, 0]
    assert ReferenceLaw(layout, [0, 1, 3, 0, 0]).weight.tolist() == [1, 0, 3, 1, 0]


def test_a_reference_without_rows_expects_nothing() -> None:
    """An empty column has no shares, and building its law warns of nothing."""
    law = ReferenceLaw(CellLayout.from_columns([ColumnCells(4, (0.0, 1.0, 2.0), 1.0)]), [0, 0, 0, 0])
    assert not law.share.any()
    assert law.mean_largest_bridge.tolist() == [0.0]


def test_counts_of_another_shape_are_refused() -> None:
    """The counts must have one entry per cell of the layout."""
    with pytest.raises(ValueError, match=r"shape \(3,\), not \(2,\)"):
        ReferenceLaw(CellLayout.from_columns([ColumnCells(3)]), [1, 2])


def test_the_bridge_tends_to_kolmogorovs_law() -> None:
    """With many even bins the mean largest value approaches the Kolmogorov law's from below."""
    layout = CellLayout.from_columns([ColumnCells(2000, tuple(float(value) for value in range(2000)), 1.0)])
    bridge = ReferenceLaw(layout, np.full(2000, 50)).mean_largest_bridge[0]
    assert 0.95 * scipy.stats.kstwobign.mean() < bridge < 1.01 * scipy.stats.kstwobign.mean()


@given(st.floats(0.05, 0.95))
def test_the_bridge_at_one_edge_is_a_half_normal(share: float) -> None:
    """Two bins have one edge, where the bridge is normal with the variance F (1 - F)."""
    counts = [round(1e6 * share), 1e6 - round(1e6 * share)]
    bridge = ReferenceLaw(CellLayout.from_columns([ColumnCells(2, (0.0, 1.0), 1.0)]), counts).mean_largest_bridge[0]
    assert bridge == pytest.approx(np.sqrt(2 / np.pi * share * (1 - share)), rel=0.05)


def test_a_columns_constant_does_not_depend_on_its_neighbours() -> None:
    """The same column has the same constant alone and after another one."""
    column = ColumnCells(4, (0.0, 1.0, 2.0), 1.0)
    alone = ReferenceLaw(CellLayout.from_columns([column]), [3, 4, 3, 0])
    beside = ReferenceLaw(CellLayout.from_columns([ColumnCells(3), column]), [7, 1, 1, 3, 4, 3, 0])
    assert beside.mean_largest_bridge[1] == pytest.approx(alone.mean_largest_bridge[0], rel=1e-12)
