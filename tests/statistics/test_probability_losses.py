from __future__ import annotations

import numpy as np
import pytest

from model_drift_exporter.statistics.probability_losses import binary_losses, multiclass_losses


def test_binary_losses_are_the_formulas() -> None:
    """Log loss and squared difference; no probability, no loss; certain and wrong is large, not infinite."""
    log_loss, brier = binary_losses(np.array([0.8, 0.8, 0.0, 1.5, np.nan]), np.array([True, False, True, True, True]))
    assert log_loss[:3] == pytest.approx([-np.log(0.8), -np.log(0.2), -np.log(1e-15)])
    assert brier[:3] == pytest.approx([0.04, 0.64, 1.0])
    assert np.isnan([*log_loss[3:], *brier[3:]]).all()


def test_multiclass_losses_are_the_formulas() -> None:
    """Brier summed over the classes; a class without a chance costs what the smallest does; nothing known, no loss."""
    chances = np.array([[0.7, 0.2, 0.1], [0.5, 0.5, np.nan], [0.0, 0.0, 0.0], [1.0, 0.0, 0.0]])
    log_loss, brier = multiclass_losses(chances, np.array([0, 2, 1, -1]), smallest=0.01)
    assert log_loss[:2] == pytest.approx([-np.log(0.7), -np.log(0.01)])
    assert brier[:2] == pytest.approx([0.09 + 0.04 + 0.01, 0.25 + 0.25 + 1])
    assert np.isnan([*log_loss[2:], *brier[2:]]).all()


def test_two_classes_agree() -> None:
    """The log loss of two classes is the same by either function, the Brier score twice as large."""
    score = np.linspace(0.05, 0.95, 19)
    positive = np.arange(19) % 3 == 0
    single = binary_losses(score, positive)
    several = multiclass_losses(np.stack([1 - score, score], axis=1), positive.astype(np.int64))
    np.testing.assert_allclose(several[0], single[0])
    np.testing.assert_allclose(several[1], 2 * single[1])
