"""Sums that depend on the order of the numbers only, not on how they came in batches, so that every run agrees."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

__all__ = ["running_sum"]


def running_sum(total: float, values: NDArray[np.float64]) -> float:
    """``total`` plus all values, added one after the other; ``inf`` where that is beyond a float."""
    with np.errstate(over="ignore"):
        return float(np.add.accumulate(np.append(total, values))[-1])
