from __future__ import annotations

import math

import numpy as np
import pytest
import scipy.stats
from hypothesis import given
from hypothesis import strategies as st

from model_drift_exporter.statistics.expectations import (
    absolute_difference_correction,
    expected_absolute,
    jensen_shannon_ratio,
    poisson_logarithms,
)


@given(st.floats(1e-6, 5_000))
def test_smoothed_logarithms_of_poisson_counts(mean: float) -> None:
    """The tabulated expectations equal sums over the Poisson law within 0.001."""
    law = scipy.stats.poisson(mean)
    counts = np.arange(int(mean + 12 * math.sqrt(mean) + 20))
    smoothed, centre = counts + 0.5, mean + 0.5
    probability = law.pmf(counts)
    shortfall, excess = poisson_logarithms(np.log(np.array([centre])))
    assert shortfall[0] == pytest.approx(centre * (math.log(centre) - probability @ np.log(smoothed)), abs=1e-3)
    exact = probability @ (smoothed * np.log(smoothed)) - centre * math.log(centre)
    assert excess[0] == pytest.approx(exact, abs=1e-3)


@given(st.floats(-50, 50))
def test_folded_normal_mean(shift: float) -> None:
    """Without skewness the mean absolute value is that of SciPy's folded normal law."""
    expected = scipy.stats.foldnorm(abs(shift)).mean()
    assert expected_absolute(np.array([shift]), np.zeros(1))[0] == pytest.approx(expected, abs=1e-4)


@given(st.floats(2, 200), st.floats(-2, 2))
def test_mean_absolute_value_of_a_skewed_law(shape: float, shift: float) -> None:
    """Gamma laws, standardised, about any middle: what is left is of second order in the skewness."""
    law, root = scipy.stats.gamma(shape), math.sqrt(shape)
    middle = shape - shift * root
    below = middle * law.cdf(middle) - shape * scipy.stats.gamma(shape + 1).cdf(middle)
    exact = (2 * below + shape - middle) / root
    skewness = 2 / root
    found = expected_absolute(np.array([shift]), np.array([skewness]))[0]
    assert abs(found - exact) < skewness**2 / 50


@given(st.floats(1e-3, 35.0), st.booleans())
def test_mean_absolute_differences_of_thin_counts(mean: float, alike: bool) -> None:
    """The correction equals sums over the Poisson law: about the mean, and of two alike."""
    counts = np.arange(150)
    probability = scipy.stats.poisson(mean).pmf(counts)
    if alike:
        exact = probability @ np.abs(np.subtract.outer(counts, counts)) @ probability
        normal = math.sqrt(4 * mean / math.pi)
    else:
        exact = probability @ np.abs(counts - mean)
        normal = math.sqrt(2 * mean / math.pi)
    correction = absolute_difference_correction(np.array([mean]), np.array([float(alike)]))
    assert correction[0] == pytest.approx(exact / normal, abs=0.01)


@given(st.floats(1e-4, 1.0), st.floats(1e-4, 1.0))
def test_jensen_shannon_term_follows_from_the_stability_index_term(p: float, q: float) -> None:
    """A cell's PSI term and mean share give its Jensen-Shannon term."""
    mean = (p + q) / 2
    symmetric = (p - q) * math.log(p / q)
    expected = 0.5 * (p * math.log(p / mean) + q * math.log(q / mean))
    ratio = jensen_shannon_ratio(np.array([symmetric / mean]))[0]
    assert ratio * symmetric == pytest.approx(expected, rel=1e-3, abs=1e-12)
