"""Which columns to name once their average evidence has crossed a threshold."""

from __future__ import annotations

import math

import numpy as np

from ..layout import FloatArray, IndexArray

__all__ = ["named_columns"]


def named_columns(log_m: FloatArray, log_threshold: float) -> IndexArray:
    """The columns that e-d-BH reports, in the order of falling evidence. Of equal evidence, the earlier column comes first.

    ``log_m`` is ``[column]``. The columns of the k largest M are reported, for the largest k with M_(k) >= columns *
    threshold / k (S. Dandapanthula, A. Ramdas, *Multiple testing in multi-stream sequential change detection*, 2025). If
    there is no such k, the result is empty. This can happen although the average of M is over the threshold.
    """
    order = np.argsort(-log_m, kind="stable")
    needed = log_threshold + math.log(max(len(order), 1)) - np.log(np.arange(1, len(order) + 1))
    reached = np.flatnonzero(log_m[order] >= needed)
    return order[: int(reached[-1]) + 1] if len(reached) else order[:0]
