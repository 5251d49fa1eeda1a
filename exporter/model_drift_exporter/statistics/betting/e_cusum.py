"""The e-CUSUM: evidence that may start again at every update.

J. Shin, A. Ramdas, A. Rinaldo, *E-detectors: a nonparametric framework for sequential change detection* (2022): if ``e`` has
a mean of at most 1 under the null hypothesis, ``M <- max(M, 1) e`` reaches c only after at least c updates on average.

With a floor of w in place of 1, the chance to reach c is at most the sum of all w divided by c. Here w counts minutes. It
may be less than the minutes of an update, or 0 if the update must not start evidence, but never more. All values are natural
logarithms.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from ..layout import FloatArray

__all__ = ["advance", "log_mean"]

# An update's evidence is kept finite, since infinity minus infinity is NaN.
_LARGEST = 1e300
_FEW = 16  # bets


def advance(log_m: FloatArray, log_e: FloatArray, log_w: npt.ArrayLike) -> tuple[FloatArray, npt.NDArray[np.int64]]:
    """Takes evidence through several updates, ``M <- max(M, w) e`` each.

    ``log_m`` is ``[...]``, ``log_e`` ``[update, ...]`` and ``log_w`` ``[update]``, minus infinity for w = 0. Returns two
    arrays ``[update, ...]``: log M after each update, and the update with which its excursion began. That is the last one
    before which M was not above the floor, or -1 if it was before the first. Updates in several calls give bit for bit what
    they give in one call, which sums of log e would not.
    """
    floors = np.broadcast_to(np.asarray(log_w, dtype=np.float64), log_e.shape[:1])
    factors = np.clip(log_e, -_LARGEST, _LARGEST)
    began = np.broadcast_to(np.asarray(log_m, dtype=np.float64), log_e.shape[1:])
    if began.size <= _FEW:
        after = _one_by_one(began, factors, floors)
    else:
        after = np.empty(log_e.shape)
        before = began
        for update, floor in enumerate(floors.tolist()):
            np.maximum(before, floor, out=after[update, ...])
            after[update] += factors[update]
            before = after[update, ...]
    rows = (-1, *[1] * began.ndim)
    restarts = np.concatenate([began[None], after])[: len(after)] <= floors.reshape(rows)
    started = np.where(restarts, np.arange(len(after)).reshape(rows), -1)
    return after, np.maximum.accumulate(started, axis=0)


def _one_by_one(began: FloatArray, factors: FloatArray, floors: FloatArray) -> FloatArray:
    """Log M after each update with plain numbers: for a few bets this is faster than array operations for each update."""
    log_w = floors.tolist()
    columns = []
    for log_m, log_e in zip(began.ravel().tolist(), factors.reshape(len(factors), began.size).T.tolist(), strict=True):
        before = log_m
        after = []
        for factor, floor in zip(log_e, log_w, strict=True):
            if before <= floor:  # noqa: PLR1730 - max() would take as long as all the rest
                before = floor
            before += factor
            after.append(before)
        columns.append(after)
    # [bet, update] to [update, ...]
    return np.ascontiguousarray(np.array(columns, dtype=np.float64).T).reshape(factors.shape)


def log_mean(log_m: FloatArray, weights: npt.ArrayLike) -> FloatArray:
    """The logarithm of the sum of ``weights`` times M along the last axis, minus infinity if the sum is 0.

    Weights broadcast against ``log_m``. If they sum to 1, the result is a mean. An M without weight does not count, even if
    it is infinite.
    """
    weight = np.asarray(weights, dtype=np.float64)
    # Along an axis that is not contiguous, the order of NumPy's sums depends on the number of rows.
    counted = np.ascontiguousarray(np.where(weight > 0, log_m, -np.inf))
    largest = counted.max(axis=-1, keepdims=True, initial=-np.inf)
    scale = np.where(np.isfinite(largest), largest, 0.0)
    with np.errstate(divide="ignore", over="ignore"):
        counted -= scale
        np.exp(counted, out=counted)
        counted *= weight
        mean: FloatArray = np.log(counted.sum(axis=-1)) + scale[..., 0]
    return mean
