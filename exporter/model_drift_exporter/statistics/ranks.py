"""How well a binned score ranks outcomes. Scores in one bin are ties."""

from __future__ import annotations

import math

import numpy as np

from .intervals import DEVIATE, Estimate, wilson_interval
from .tally import IntegerArray

__all__ = ["average_precision", "roc_auc"]


def roc_auc(positive: IntegerArray, negative: IntegerArray, design_effect: float = 1.0) -> Estimate:
    """Area under the receiver operating characteristic. Counts are by bin, in rising order of the score; neither sum is 0.

    Ties count half. The variance is that of E. R. DeLong, D. M. DeLong, D. L. Clarke-Pearson, *Comparing the areas under two
    or more correlated receiver operating characteristic curves* (1988), which assumes no law of the scores. There is no
    interval with fewer than two positives or two negatives.
    """
    positives, negatives = int(positive.sum()), int(negative.sum())
    # For each bin: the share of the other class that is ranked on the right side of it.
    below = (np.cumsum(negative) - negative / 2) / negatives
    above = (positives - np.cumsum(positive) + positive / 2) / positives
    area = float(positive @ below) / positives
    if positives < 2 or negatives < 2:
        return Estimate(area)
    of_positives = float(positive @ (below - area) ** 2) / (positives - 1)
    of_negatives = float(negative @ (above - area) ** 2) / (negatives - 1)
    half = DEVIATE * math.sqrt((of_positives / positives + of_negatives / negatives) * design_effect)
    return Estimate(area, area - half, area + half).within(0.0, 1.0)


def average_precision(positive: IntegerArray, negative: IntegerArray, design_effect: float = 1.0) -> Estimate:
    """Precision averaged over recall, in steps. Counts are by bin, in rising order of the score; some must be positive.

    The interval is that of a share of the positives (K. Boyd, K. H. Eng, C. D. Page, *Area under the precision-recall curve:
    point estimates and confidence intervals*, 2013), by Wilson's formula.
    """
    hits, said = np.cumsum(positive[::-1]), np.cumsum((positive + negative)[::-1])
    precision = hits / np.maximum(said, 1)
    positives = int(hits[-1])
    return wilson_interval(float(positive[::-1] @ precision) / positives, positives / design_effect)
