from __future__ import annotations

import math
from typing import Any

import attrs
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from model_drift_exporter.statistics import CellLayout, ColumnCells

TWO_COLUMNS = CellLayout.from_columns(
    [ColumnCells(size=4, representatives=(1.0, 2.0, 4.0), standard_deviation=2.0), ColumnCells(size=3)]
)


def test_columns_stand_one_behind_the_other() -> None:
    """Starts, sizes, columns and valid cells follow from the columns in their order."""
    assert TWO_COLUMNS.starts.tolist() == [0, 4]
    assert TWO_COLUMNS.sizes.tolist() == [4, 3]
    assert TWO_COLUMNS.column.tolist() == [0, 0, 0, 0, 1, 1, 1]
    assert TWO_COLUMNS.valid.tolist() == [True, True, True, False, False, False, False]
    assert TWO_COLUMNS.numeric.tolist() == [True, False]
    assert TWO_COLUMNS.representative.tolist() == [1.0, 2.0, 4.0, 0.0, 0.0, 0.0, 0.0]
    assert TWO_COLUMNS.bins.tolist() == [4.0, 3.0]


def test_steps_are_scaled_and_end_at_the_last_valid_cell() -> None:
    """A step is the distance to the next valid representative in standard deviations, and 0 where there is none."""
    assert TWO_COLUMNS.scaled_step.tolist() == [0.5, 1.0, 0.0, 0.0, 0.0, 0.0, 0.0]
    assert TWO_COLUMNS.scalable.tolist() == [True, False]


@pytest.mark.parametrize("standard_deviation", [0.0, -1.0, math.nan, math.inf, 1e-320])
def test_a_column_without_a_usable_standard_deviation_is_not_scalable(standard_deviation: float) -> None:
    """Zero, negative, unknown, infinite and vanishing deviations leave finite steps of 0 and no warning."""
    layout = CellLayout.from_columns([ColumnCells(3, (0.0, 1.0), standard_deviation), ColumnCells(3, (0.0, 1.0), 1.0)])
    assert layout.scalable.tolist() == [False, True]
    assert layout.scaled_step.tolist() == [0.0, 0.0, 0.0, 1.0, 0.0, 0.0]


def test_representatives_too_far_apart_are_not_scalable() -> None:
    """A distance beyond the largest float makes the column unscalable instead of infinite."""
    layout = CellLayout.from_columns([ColumnCells(3, (-1.7e308, 1.7e308), 1.0)])
    assert not layout.scalable.any()
    assert layout.scaled_step.tolist() == [0.0, 0.0, 0.0]


def test_a_rounding_error_in_the_order_of_bin_means_is_no_step() -> None:
    """Means of one repeated value that differ in the last digit are accepted and stand at no distance."""
    layout = CellLayout.from_columns([ColumnCells(3, (0.1, math.nextafter(0.1, 0.0)), 1.0)])
    assert layout.scaled_step.tolist() == [0.0, 0.0, 0.0]


def test_a_model_without_columns_has_an_empty_layout() -> None:
    """No columns give no cells, and sums over them are empty."""
    layout = CellLayout.from_columns([])
    assert layout.column.shape == (0,)
    assert layout.per_column(np.zeros((2, 0))).shape == (2, 0)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"starts": np.array([0])}, "entries, one per column"),
        ({"starts": np.array([0, 3])}, "where each column's cells begin"),
        ({"sizes": np.array([7, 0]), "starts": np.array([0, 7])}, "at least one cell"),
        ({"column": np.array([0, 0, 0, 1, 1, 1, 1])}, "follow each other in order"),
        ({"valid": np.ones(3, dtype=np.bool_)}, "entries, one per cell"),
        ({"valid": np.array([True, True, True, False, True, False, False])}, "categorical"),
        ({"valid": np.array([True, False, True, False, False, False, False])}, "must come first"),
        ({"representative": np.array([1.0, np.nan, 4.0, 0.0, 0.0, 0.0, 0.0])}, "finite"),
        ({"representative": np.array([1.0, 5.0, 4.0, 0.0, 0.0, 0.0, 0.0])}, "must not decrease"),
    ],
)
def test_parts_that_contradict_each_other_are_refused(change: dict[str, Any], message: str) -> None:
    """A layout says which of its parts does not fit."""
    with pytest.raises(ValueError, match=message):
        attrs.evolve(TWO_COLUMNS, **change)


def test_more_representatives_than_bins_are_refused() -> None:
    """A column cannot have more valid cells than cells."""
    with pytest.raises(ValueError, match="3 representatives for 2 bins"):
        CellLayout.from_columns([ColumnCells(2, (1.0, 2.0, 3.0))])


@given(st.lists(st.integers(1, 9), min_size=1, max_size=8), st.integers(0, 2**32))
def test_sums_and_repeats_follow_the_columns(sizes: list[int], seed: int) -> None:
    """Adding cells up and repeating columns equal the same done column by column, on any leading axes."""
    layout = CellLayout.from_columns([ColumnCells(size) for size in sizes])
    counts = np.random.default_rng(seed).integers(0, 1000, (3, 2, sum(sizes)))
    parts = np.split(counts, np.cumsum(sizes)[:-1], axis=-1)
    expected = np.stack([part.sum(axis=-1) for part in parts], axis=-1)
    assert np.array_equal(layout.per_column(counts), expected)
    assert np.array_equal(layout.per_cell(expected), np.repeat(expected, sizes, axis=-1))
