from __future__ import annotations

import math
from collections.abc import Iterable
from unittest.mock import patch

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from model_drift_exporter.statistics import FloatArray, order_statistics
from model_drift_exporter.statistics.order_statistics import Blocks, median, quantile


def _blocks(values: FloatArray, size: int) -> Blocks:
    def blocks() -> Iterable[FloatArray]:
        return (values[start : start + size] for start in range(0, len(values), size))

    return blocks


_NUMBERS = st.lists(st.floats(-1e100, 1e100) | st.sampled_from([0.0, -0.0, 1.0, 1.5, 1e-310]), min_size=1, max_size=80)


@given(_NUMBERS, st.floats(0, 1), st.integers(1, 90), st.integers(1, 9))
def test_they_are_those_of_numpy(numbers: list[float], share: float, size: int, collected: int) -> None:
    """To the last digit, however few numbers are in memory at once, and whatever is equal."""
    values = np.array(numbers)
    with patch.object(order_statistics, "_COLLECTED", collected):
        assert quantile(_blocks(values, size), share) == np.quantile(values, share)
        assert median(_blocks(values, size)) == np.median(values)


@pytest.mark.parametrize("law", ["normal", "few"])
def test_many_numbers_are_counted_before_they_are_sorted(law: str) -> None:
    """A million and more of them, all different or nearly all equal."""
    generator = np.random.default_rng(1)
    values = generator.normal(size=700_001) if law == "normal" else generator.integers(-1, 2, 700_001) / 3
    assert quantile(_blocks(values, 40_000), 0.95) == np.quantile(values, 0.95)
    assert median(_blocks(values, 40_000)) == np.median(values)


def test_without_numbers_there_is_none() -> None:
    """Unless the caller names one."""
    nothing = _blocks(np.empty(0), 1)
    assert math.isnan(median(nothing))
    assert math.isnan(quantile(nothing, 0.5))
    assert quantile(nothing, 0.5, otherwise=0.0) == 0.0
