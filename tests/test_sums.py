from __future__ import annotations

import math
from itertools import pairwise

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from model_drift_exporter.sums import running_sum

_FLOATS = st.floats(-1e9, 1e9)


@given(st.lists(_FLOATS), st.lists(st.integers(0, 50)))
def test_sum_does_not_depend_on_batches(values: list[float], cuts: list[int]) -> None:
    """However numbers are cut into batches, the sum is the same to the last digit."""
    array = np.array(values, dtype=np.float64)
    total = 0.0
    for start, stop in pairwise([0, *sorted(min(cut, len(values)) for cut in cuts), len(values)]):
        total = running_sum(total, array[start:stop])
    assert total == running_sum(0.0, array)
    assert math.isclose(total, math.fsum(values), rel_tol=1e-9, abs_tol=1e-3)


def test_sum_beyond_a_float_is_infinite() -> None:
    """An overflow is no warning and no error."""
    assert running_sum(1e308, np.array([1e308])) == math.inf
