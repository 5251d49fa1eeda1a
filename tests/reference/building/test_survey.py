from __future__ import annotations

import math
import tracemalloc
from collections.abc import Sequence
from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from model_drift_exporter.array_spool import SpoolStore
from model_drift_exporter.records.columns import typed
from model_drift_exporter.reference.building.survey import QUANTILES, FieldSurvey, Reservoir, far_out, numeric_edges

_FLOATS = st.floats(allow_nan=False, allow_infinity=False)


def _edges(values: list[float]) -> list[float]:
    ordered = np.sort(np.array(values))
    return numeric_edges(ordered, float(ordered[0]), float(ordered[-1]))


def test_edges_are_the_quantiles_of_the_design() -> None:
    """Thirteen refined quantiles make fourteen bins, closed on the right; each edge is a value of the sample."""
    edges = _edges([float(value) for value in range(1, 10_001)])
    assert edges == [1, 10, 100, 500, 1000, 2000, 3500, 5000, 6500, 8000, 9000, 9500, 9900, 9990, 10_000]


def test_shares_between_edges_match_the_quantiles() -> None:
    """Of a sample without ties, the shares up to the inner edges are those of the quantiles."""
    sample = np.sort(np.random.default_rng(3).lognormal(size=20_000))
    edges = numeric_edges(sample, float(sample[0]), float(sample[-1]))
    shares = [np.count_nonzero(sample <= edge) / len(sample) for edge in edges[1:-1]]
    assert shares == pytest.approx(QUANTILES, abs=1e-9)


@given(st.lists(_FLOATS, min_size=1, max_size=60))
def test_edges_ascend_and_span_the_values(values: list[float]) -> None:
    """Edges ascend, only the first may repeat, and they reach from the least to the greatest value."""
    edges = _edges(values)
    assert edges[0] == min(values)
    assert edges[-1] == max(values)
    assert all(low < high for low, high in pairwise(edges[1:]))
    assert edges[0] <= edges[1]
    assert len(edges) <= len(QUANTILES) + 2


def test_a_repeated_minimum_has_a_bin_of_its_own() -> None:
    """A pile of zeros at the lower end is one bin, apart from the small numbers above it."""
    assert _edges([0.0] * 50 + [float(value) for value in range(1, 51)])[:2] == [0.0, 0.0]
    assert _edges([float(value) for value in range(100)])[:2] == [0.0, 4.0]


def test_a_constant_has_one_bin() -> None:
    """All values the same make one bin that holds exactly them."""
    assert _edges([7.0] * 10) == [7.0, 7.0]


def test_negative_zero_is_zero() -> None:
    """Whether 0 or -0.0 comes first makes no difference to the edges."""
    for values in ([0.0, -0.0, 1.0], [-0.0, 0.0, 1.0], [-0.0, -0.0, -0.0]):
        assert not any(math.copysign(1, edge) < 0 for edge in _edges(values))


def test_reservoir_keeps_everything_while_it_can() -> None:
    """Up to its capacity the sample is complete, in whatever batches it came."""
    reservoir = Reservoir(10)
    for part in ([3.0, 1.0], [2.0], [9.0, 8.0, 7.0, 6.0, 5.0, 4.0]):
        reservoir.add(np.array(part))
    assert reservoir.ordered().tolist() == [1, 2, 3, 4, 5, 6, 7, 8, 9]


def test_reservoir_is_uniform() -> None:
    """Beyond its capacity every number has the same chance to be in the sample, early or late."""
    reservoir = Reservoir(2_000)
    for part in np.split(np.arange(100_000, dtype=np.float64), 40):
        reservoir.add(part)
    sample = reservoir.ordered()
    assert len(sample) == 2_000
    assert len(np.unique(sample)) == 2_000
    tenths = np.bincount((sample // 10_000).astype(int), minlength=10)
    assert ((tenths - 200) ** 2 / 200).sum() < 27.9  # chi-square with 9 degrees of freedom, 1 in 1,000


def test_reservoir_has_bounded_memory() -> None:
    """Two million numbers cost no more memory than their store and a batch."""
    store = SpoolStore(10_000)
    reservoir = Reservoir(1_000, store)
    batch = np.random.default_rng(0).random(4_000)
    tracemalloc.start()
    for _ in range(500):
        reservoir.add(batch)
    current, _ = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert current < 40_000
    assert len(reservoir.ordered()) == 1_000
    store.close()


def _survey(values: Sequence[object], *, text: bool = False, kind: str | None = None) -> FieldSurvey:
    survey = FieldSurvey(kind)
    survey.observe(values, text=text)
    return survey


@pytest.mark.parametrize(
    ("values", "numeric"),
    [
        ([1.0, 2, None], True),
        (["a", None], False),
        ([True, False], False),
        (["1", "2"], False),
        ([1.0, 2.0, "n/a"], True),
        (["a", "b", 1.0], False),
        ([None], False),
    ],
)
def test_kind_of_json_values(values: list[object], numeric: bool) -> None:
    """A JSON number is numeric, a string (of digits too) or a bool categorical; the majority decides."""
    assert _survey(values).numeric is numeric


@pytest.mark.parametrize(("words", "numeric"), [(0, True), (1, True), (2, False)])
def test_kind_of_text_values(words: int, numeric: bool) -> None:
    """A CSV column is numeric if at least 99 % of its cells that are not empty can be read as numbers."""
    assert _survey(["word"] * words + ["1.5"] * (100 - words) + [""] * 50, text=True).numeric is numeric


def test_values_are_counted_by_type() -> None:
    """Numbers, texts, missing values and what no feature can be are told apart."""
    survey = _survey([1.0, math.nan, None, "a", True, [1], {"b": 2}, math.inf])
    assert (survey.numbers, survey.texts, survey.missing, survey.invalid) == (2, 2, 2, 2)
    assert (survey.minimum, survey.maximum) == (1.0, 1.0)


def test_forced_kinds() -> None:
    """A postal code can be made categorical; a text cannot be made a number."""
    survey = _survey([10115.0, 10115.0, 80331.0], kind="categorical")
    assert not survey.numeric
    assert survey.top_categories(5, 1) == ["10115", "80331"]
    assert not _survey(["a"], kind="numeric").numeric


def test_top_categories_are_frequent_and_printable() -> None:
    """The most frequent texts come first, rare ones and half a surrogate pair not at all."""
    survey = _survey(["b"] * 12 + ["a"] * 12 + ["c"] * 30 + ["rare"] * 9 + ["\ud800"] * 50)
    assert survey.top_categories(20, 10) == ["c", "a", "b"]
    assert survey.top_categories(2, 10) == ["c", "a"]


def test_identifiers_are_recognised() -> None:
    """Texts that are nearly all new, and whole numbers that only grow, are no features; repeated ones are."""
    assert _survey([f"user-{index}" for index in range(200)]).identifier
    assert _survey([float(index) for index in range(200)]).identifier
    assert not _survey([float(index % 50) for index in range(200)]).identifier
    assert not _survey([f"user-{index % 50}" for index in range(200)]).identifier
    assert not _survey([f"user-{index}" for index in range(50)]).identifier
    assert not _survey([index + 0.5 for index in range(200)]).identifier


@given(
    st.lists(st.none() | st.floats(allow_nan=False) | st.integers(-9, 300))
    | st.lists(st.none() | st.sampled_from(["a", "", "7", "true"]) | st.booleans()),
    st.sampled_from([None, "numeric", "categorical"]),
)
def test_a_typed_column_is_surveyed_as_its_values_are(values: list[object], kind: str | None) -> None:
    """Numbers, texts and bools, of a column of any kind."""
    plain, found = _survey(values, kind=kind), _survey(typed(values), kind=kind)
    for name in ("numbers", "texts", "missing", "invalid", "minimum", "maximum", "categories", "overflow", "whole"):
        assert getattr(found, name) == getattr(plain, name)
    assert found.reservoir.ordered().tolist() == plain.reservoir.ordered().tolist()


def test_distinct_texts_are_bounded() -> None:
    """Beyond 20,000 distinct texts new ones are only counted, those known go on."""
    survey = FieldSurvey()
    for start in range(0, 60_000, 1_000):
        survey.observe(["known", *(f"text-{index}" for index in range(start, start + 1_000))], text=False)
    assert len(survey.categories) < 22_000
    assert survey.categories["known"] == 60
    assert len(survey.categories) + survey.overflow == 60_001


def test_samples_of_parts_merge_by_their_sizes() -> None:
    """Of many numbers each part has the share of the sample that it has of the rows; of few all are there."""
    few = [Reservoir(), Reservoir()]
    few[0].add(np.array([3.0, 1.0]))
    few[1].add(np.array([2.0]))
    assert Reservoir.merged(few).tolist() == [1, 2, 3]
    large, small = Reservoir(1_000), Reservoir(1_000)
    large.add(np.linspace(0, 1, 9_000))
    small.add(np.linspace(2, 3, 1_000))
    merged = Reservoir.merged([large, small, Reservoir()], 1_000)
    assert len(merged) == 1_000
    assert (merged >= 2).sum() == 100
    assert (merged[0] < 0.05, merged[-1]) == (True, 3)
    assert len(Reservoir.merged([])) == 0


def _far_out(values: Sequence[float]) -> int:
    ordered = np.sort(np.array(values, dtype=np.float64))
    return far_out(ordered, float(ordered[0]), float(ordered[-1]))


@pytest.mark.parametrize(
    ("values", "count"),
    [
        ([*range(100), 1e308], 1),
        ([*range(1_000), -1e12, 1e300], 2),
        ([1.76e9, 1.76e9 + 60, 1.76e9 + 120, 1e300], 1),
        ([0.0] * 5_000 + [1.0] * 10, 0),
        ([5.0] * 5_000 + [1e9], 1),
        ([-1.7e308, 0.5, 1.7e308], 0),
        ([10.0**index for index in range(-20, 20)], 0),
        ([1.0, 1e300], 0),
    ],
)
def test_values_far_out(values: list[float], count: int) -> None:
    """A million times the usual distance from the median is far out; a wide range, a rare value or two numbers are not."""
    assert _far_out(values) == count


@pytest.mark.parametrize("law", ["normal", "lognormal", "exponential", "standard_cauchy"])
def test_ordinary_laws_have_no_value_far_out(law: str) -> None:
    """Heavy tails are no mistakes."""
    assert _far_out(getattr(np.random.default_rng(1), law)(size=100_000)) == 0


def test_a_far_value_that_the_sample_missed_counts() -> None:
    """The extremes are known of all rows."""
    assert far_out(np.arange(1_000.0), 0.0, 1e300) == 1
