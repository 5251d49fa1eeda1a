from __future__ import annotations

import math
import random
from fractions import Fraction
from itertools import pairwise
from unittest.mock import patch

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from model_drift_exporter.statistics import sums
from model_drift_exporter.statistics.sums import running_sum, summable

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


@given(st.lists(st.floats(-100.0, 100.0), min_size=1, max_size=20), st.integers(1, 1_000), st.randoms())
def test_sums_of_a_summable_table_are_exact_in_any_order(
    values: list[float], count: int, chance: random.Random
) -> None:
    """A thousand records in each of some cells: the same float whatever is added to what first."""
    table = summable(np.array(values))
    counts = [chance.randint(0, count) for _ in values]
    exact = sum(Fraction(entry) * number for entry, number in zip(table.tolist(), counts, strict=True))
    order = chance.sample(range(len(values)), len(values))
    total = 0.0
    for place in order:
        total += counts[place] * float(table[place])
    assert total == exact
    assert float(np.array(counts, dtype=np.float64) @ table) == exact


@given(st.lists(st.floats(-100.0, 100.0, width=32)))
def test_a_summable_table_is_the_table_to_nine_decimals(values: list[float]) -> None:
    """In single precision as in double."""
    single, double = np.array(values, dtype=np.float32), np.array(values, dtype=np.float64)
    np.testing.assert_allclose(summable(single.copy()), single, rtol=0, atol=2.0**-32)
    np.testing.assert_allclose(summable(double.copy()), double, rtol=0, atol=2.0**-32)
    assert summable(single.copy()).dtype == np.float32
    assert (summable(single.copy()) <= single).all()


@given(st.integers(0, 5_000), st.integers(128, 700), st.integers(0, 9))
def test_a_sum_in_parts_is_that_of_the_whole(length: int, part: int, seed: int) -> None:
    """To the last digit, each series by itself, however few values are looked at together."""
    generator = np.random.default_rng(seed)
    values = generator.standard_normal((2, length)) * np.exp(generator.normal(0, 9, (2, length)))
    with patch.object(sums, "PART", part):
        found = sums.pairwise_sum(lambda start, stop: values[:, start:stop], length)
    assert found.tolist() == values.sum(axis=-1).tolist()
