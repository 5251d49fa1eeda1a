from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as arrays

from model_drift_exporter.statistics.loss_split import BinLosses, split_change

_ROWS = arrays.arrays(np.float64, 6, elements=st.integers(0, 50).map(float))
_SHARES = arrays.arrays(np.float64, 6, elements=st.floats(0, 1))


@given(_ROWS, _SHARES, _ROWS, _SHARES)
def test_the_parts_sum_to_the_change(
    rows: np.ndarray, shares: np.ndarray, reference_rows: np.ndarray, reference_shares: np.ndarray
) -> None:
    """Exactly, whatever bins are empty on either side."""
    losses, reference_losses = rows * shares, reference_rows * reference_shares
    parts = split_change(rows, losses, reference_rows, reference_losses)
    if rows.sum() and reference_rows.sum():
        change = losses.sum() / rows.sum() - reference_losses.sum() / reference_rows.sum()
        assert sum(parts) == pytest.approx(change, abs=1e-12)
    else:
        assert all(map(math.isnan, parts))


def test_each_part_is_its_cause() -> None:
    """Other shares at equal losses are inputs, other losses at equal shares the relation."""
    rows, losses = np.array([50.0, 50.0]), np.array([5.0, 20.0])
    assert split_change(np.array([20.0, 80.0]), np.array([2.0, 32.0]), rows, losses) == pytest.approx((0.09, 0.0))
    assert split_change(rows, np.array([10.0, 20.0]), rows, losses) == pytest.approx((0.0, 0.05))


def test_thin_bins_are_drawn_to_the_mean() -> None:
    """A bin with many rows keeps its own loss, one with a few is near the mean, an empty one has it, with more variance."""
    bins = BinLosses.of([5_000, 3, 0, 5_000], [250, 3, 0, 1_500], 0.38, 1.0)
    overall = 1_753 / 10_003
    assert bins.mean[[0, 3]] == pytest.approx([0.05, 0.3], abs=0.002)
    assert overall < bins.mean[1] < 0.6
    assert bins.mean[2] == pytest.approx(overall)
    assert bins.variance[2] > bins.variance[1] > bins.variance[0]


def test_dependence_makes_bins_less_sure() -> None:
    """With a design effect the same rows weigh less, and the mixture's error is larger."""
    plain = BinLosses.of([400, 300, 300], [20, 60, 120], 0.4, 1.0)
    tempered = BinLosses.of([400, 300, 300], [20, 60, 120], 0.4, 20.0)
    assert np.ptp(tempered.mean) < np.ptp(plain.mean)
    assert tempered.own_error == pytest.approx(plain.own_error * math.sqrt(20), rel=0.1)
    share = np.array([0.0, 0.0, 1.0])
    assert plain.error(share) > plain.error(plain.share)
    assert plain.error(plain.share) <= plain.own_error


def test_a_reference_without_a_loss_has_an_error_all_the_same() -> None:
    """No row was wrong, which does not prove that none ever will be."""
    bins = BinLosses.of([100, 100], [0, 0], 0.0, 1.0)
    assert bins.mean.tolist() == [0.0, 0.0]
    assert bins.own_error > 0
