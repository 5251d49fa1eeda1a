from __future__ import annotations

import math

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from model_drift_exporter.statistics.time_span import TimeSpan


@given(st.lists(st.floats(-1e12, 1e12) | st.integers(-50, 50), max_size=60), st.lists(st.integers(0, 60)))
def test_periods_with_a_row_are_counted_once(times: list[float], cuts: list[int]) -> None:
    """Those of each length, wherever the times are cut into parts."""
    ordered = np.sort(np.array(times, dtype=np.float64))
    span = TimeSpan([10.0, 86_400.0])
    for part in np.split(ordered, sorted(cuts)):
        span.add(part)
    assert span.rows == len(times)
    for period in (10.0, 86_400.0):
        assert span.covered(period) == len({math.floor(time / period) for time in ordered.tolist()})
    if times:
        assert (span.first, span.last, span.seconds) == (min(times), max(times), max(times) - min(times))
    else:
        assert math.isnan(span.seconds)
