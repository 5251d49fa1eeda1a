"""The expected population stability index without drift, as ``prometheus/src/noise_floor.py`` has it, in NumPy."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

__all__ = ["beside_reference", "beside_window"]

_LN_3, _RARE, _UNEVEN = 1.0986123, 8, 1.5
_Counts = npt.NDArray[np.int64]
_Floats = npt.NDArray[np.float64]


def beside_reference(reference: _Counts, observations: int) -> _Floats:
    """Of windows of so many observations of the law of a reference; counts are by reference and bin, or by bin alone."""
    rows = reference.sum(axis=-1, keepdims=True)
    share = reference / rows
    rare = share * observations < _RARE
    empty = np.where(rare, 3.0 ** -(share * observations), 0.0)
    differences = np.where(rare, _differences(share, observations, rows), 0.0)
    return _expected(np.array(observations), rows[..., 0], empty, differences)


def beside_window(now: _Counts, before: _Counts) -> _Floats:
    """Of two windows of the law of both together; counts as those of a reference above."""
    n, m = (counts.sum(axis=-1, keepdims=True) for counts in (now, before))
    uneven = np.maximum(n / m, m / n) > _UNEVEN
    empty = (1 - _LN_3 / np.where(uneven, n / m + m / n, 2.0)) ** (now + before)
    differences = np.where(uneven, _differences((now + before) / (n + m), n, m), 0.0)
    return _expected(n[..., 0], m[..., 0], empty, differences)


def _differences(share: _Floats, n: _Counts | int, m: _Counts) -> _Floats:
    found: _Floats = (1 - share.shape[-1] * share) * np.log((share + 0.5 / n) / (share + 0.5 / m))
    return found


def _expected(n: _Counts, m: _Counts, empty: _Floats, differences: _Floats) -> _Floats:
    bins = empty.shape[-1]
    first, second = 1 / (n + bins / 2), 1 / (m + bins / 2)
    covariance = (bins - 1 - empty.sum(axis=-1)) * (first + second)
    found: _Floats = covariance + 0.5 * (first - second) * differences.sum(axis=-1)
    return found
