from __future__ import annotations

import numpy as np
import pytest
from scipy.stats import binomtest

from model_drift_exporter.statistics.bounds import wilson_upper_bound


@pytest.mark.parametrize(("events", "rows"), [(0, 10), (1, 10), (7, 500), (250, 500), (500, 500)])
def test_it_is_the_upper_end_of_wilsons_interval(events: int, rows: int) -> None:
    """As SciPy has it, for two standard errors."""
    interval = binomtest(events, rows).proportion_ci(0.9544997361, method="wilson")
    assert float(wilson_upper_bound(events / rows, rows, 2.0)) == pytest.approx(interval.high)


def test_arguments_broadcast() -> None:
    """Shares above 1 count as 1, whose bound is 1."""
    found = wilson_upper_bound(np.array([[0.1], [1.2]]), np.array([10.0, 100.0]), 2.6)
    assert found.shape == (2, 2)
    assert found[0, 0] > found[0, 1] > 0.1
    np.testing.assert_allclose(found[1], 1.0)
