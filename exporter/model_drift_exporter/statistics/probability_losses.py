"""Log loss and Brier score of single predictions."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from .layout import BooleanArray, FloatArray

__all__ = ["binary_losses", "multiclass_losses"]

SMALLEST = 1e-15


def binary_losses(score: FloatArray, positive: BooleanArray) -> tuple[FloatArray, FloatArray]:
    """Log loss in nats and Brier score of ``score``, the probability of the positive class. NaN where it is not in [0, 1]."""
    probability = np.where((score >= 0) & (score <= 1), score, np.nan)
    likelihood = np.where(positive, probability, 1 - probability)
    return -np.log(np.clip(likelihood, SMALLEST, 1.0)), (positive - probability) ** 2


def multiclass_losses(
    probabilities: FloatArray, label: npt.NDArray[np.int64], smallest: float = SMALLEST
) -> tuple[FloatArray, FloatArray]:
    """Log loss in nats and Brier score, summed over the classes, of probabilities [row, class].

    ``label`` is the position of the true class, -1 if it is unknown. NaN where it is unknown or no class has a positive
    probability. A likelihood below ``smallest`` counts as that.
    """
    rows = np.arange(len(label))
    chance = np.nan_to_num(probabilities, nan=0.0)  # a class without a score has probability 0
    known = (label >= 0) & (chance > 0).any(axis=1)
    likelihood = chance[rows, label]
    log_loss = -np.log(np.clip(likelihood, smallest, 1.0))
    brier = (chance**2).sum(axis=1) - 2 * likelihood + 1
    return np.where(known, log_loss, np.nan), np.where(known, brier, np.nan)
