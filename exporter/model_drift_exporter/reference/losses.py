"""The losses of outcomes, and the sums that performance is made of."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from ..statistics.performance_sums import ClassificationTally, RegressionTally
from .outcome_batch import OutcomeLayout

__all__ = ["FEWEST_CLASS_ROWS", "Array", "bounded_losses", "performance_tally"]

Array = npt.NDArray[np.float64]
FEWEST_CLASS_ROWS = 100
"""Labelled reference rows of a class, or of all classes, without which an error rate is not judged."""
_SPECIAL_BINS = 2  # missing and invalid, the last bins of a numeric column


def bounded_losses(layout: OutcomeLayout, error_scale: float, predicted: Array, label: Array) -> Array:
    """The loss that pages of each outcome, NaN where it cannot be told.

    Classification: 1 where the label is not the predicted class, both by position; unknown where the label is a class without
    a position, since labels that were renamed are no errors of the model. Regression: min(1, absolute error /
    ``error_scale``), with a scale of 0 whether there is an error at all.
    """
    if layout.classification:
        other = len(layout.classes)
        known = (predicted >= 0) & (label >= 0) & (label < other)
        return np.where(known, (predicted != label).astype(np.float64), np.nan)
    with np.errstate(over="ignore", invalid="ignore"):
        error = np.abs(predicted - label)
        scaled = error / error_scale if error_scale > 0 else np.where(np.isnan(error), np.nan, np.sign(error))
        return np.minimum(scaled, 1.0)


def performance_tally(
    layout: OutcomeLayout, centre: float, error_scale: float, *, bounded: bool = True
) -> ClassificationTally | RegressionTally:
    """The sums that performance is made from; ``centre`` is about the middle of a regression's labels.

    ``bounded``: whether ``error_scale`` is that of a reference's errors.
    """
    if layout.classification:
        return ClassificationTally(layout.classes, layout.positive, max(layout.score_bins - _SPECIAL_BINS, 0))
    return RegressionTally(centre, error_scale, bounded=bounded)
