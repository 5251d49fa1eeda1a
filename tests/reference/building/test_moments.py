from __future__ import annotations

from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from model_drift_exporter.reference.building.moments import Moments

_VALUES = st.lists(st.floats(-1.7e308, 1.7e308), min_size=1, max_size=40)


def _moments(values: list[float], edges: list[float], sizes: list[int] | None = None) -> Moments:
    moments = Moments(edges)
    array = np.array(values)
    codes = np.array([np.nextafter(edges[0], -np.inf), *edges[1:]]).searchsorted(array)
    ends = sorted({0, len(values), *(min(size, len(values)) for size in sizes or [])})
    for low, high in pairwise(ends):
        moments.add(codes[low:high], array[low:high])
    return moments


def test_moments_are_those_of_numpy() -> None:
    """Mean, standard deviation, and the mean in each bin, also of numbers far from 0."""
    values = np.random.default_rng(0).normal(1e9, 2.0, 10_000)
    edges = [float(edge) for edge in np.quantile(values, [0, 0.3, 0.7, 1])]
    moments = _moments(values.tolist(), edges)
    assert moments.mean == pytest.approx(values.mean(), abs=1e-6)
    assert moments.standard_deviation == pytest.approx(values.std(), rel=1e-7)
    middle = values[(values > edges[1]) & (values <= edges[2])]
    assert moments.bin_means[1] == pytest.approx(middle.mean(), abs=1e-6)


@given(_VALUES, st.lists(st.integers(1, 39)))
def test_any_numbers_in_any_batches(values: list[float], sizes: list[int]) -> None:
    """Up to the largest float everything is finite, means lie in their bins, and batches make no difference."""
    edges = [min(values), *sorted({*values[:3], max(values)})]
    whole, parts = _moments(values, edges), _moments(values, edges, sizes)
    assert whole.bin_means == parts.bin_means
    assert (whole.mean, whole.standard_deviation) == (parts.mean, parts.standard_deviation)
    assert np.isfinite([whole.mean, whole.standard_deviation]).all()
    assert all(low <= mean <= high for mean, (low, high) in zip(whole.bin_means, pairwise(edges), strict=True))


def test_without_numbers() -> None:
    """Nothing but missing and infinite values: bins stand at their middle, the rest is 0."""
    moments = Moments([0.0, 2.0])
    moments.add(np.array([3, 2]), np.array([np.nan, np.inf]))
    assert (moments.bin_means, moments.mean, moments.standard_deviation) == ([1.0], 0.0, 0.0)
