"""What the reference knows of rows that are alike, however its rows come in batches."""

from __future__ import annotations

from itertools import pairwise
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from model_drift_exporter.records.batches import RecordBatch
from model_drift_exporter.reference.binner import Binner
from model_drift_exporter.reference.building.copy_survey import CopySurvey
from model_drift_exporter.reference.coded_batch import CodedBatch
from model_drift_exporter.reference.profile import FEATURE, ReferenceProfile, categorical_column, numeric_column
from model_drift_exporter.reference.usual_copies import UsualCopies

_BINNER = Binner(
    ReferenceProfile(
        model="m",
        rows=1,
        task="regression",
        columns=[
            numeric_column("x", FEATURE, [0.0, 1.0]),
            numeric_column("y", FEATURE, [0.0, 1.0]),
            categorical_column("plan", FEATURE, ["free", "gold"], accepts_numbers=False),
        ],
    )
)
_Row = tuple[Any, Any, Any]


def _summary(rows: list[_Row], cuts: list[int] | None = None, times: list[float] | None = None) -> UsualCopies:
    x, y, plan = (list(column) for column in zip(*rows, strict=True))
    survey = CopySurvey(_BINNER)
    places = [0, *sorted(cuts or []), len(rows)]
    for first, last in pairwise(places):
        own = slice(first, last)
        records = RecordBatch.of(last - first, {"x": x[own], "y": y[own], "plan": plan[own]})
        time = np.full(records.size, np.nan) if times is None else np.array(times[own])
        cells = _BINNER.cells(records)[0]
        timely = np.ones(records.size, dtype=np.bool_)
        survey.count(CodedBatch(_BINNER, records.size, cells, time, time, timely, {}, records.position, records))
    return survey.summary()


def _random(size: int, seed: int = 0) -> np.random.Generator:
    return np.random.default_rng([size, seed])


def test_rows_that_numbers_tell_apart_are_hardly_ever_alike() -> None:
    """A share of pairs that a sample of two thousand rows can refute."""
    random = _random(5_000)
    usual = _summary([(*random.random(2).tolist(), "free") for _ in range(5_000)])
    assert usual == UsualCopies(chance=3 / (2_048 * 2_047 / 2))


def test_one_feature_is_left_out() -> None:
    """Of rows that one number alone tells apart, half are alike without it: were it stuck, they would be no copies."""
    random = _random(4_000)
    usual = _summary(
        [(number, 0.5, ["free", "gold"][number % 2]) for number in random.integers(0, 10**9, 4_000).tolist()]
    )
    assert usual.chance == pytest.approx(0.5, abs=0.02)


def test_what_is_common_is_known_with_its_share() -> None:
    """An empty form, of which a hundredth of the rows are; other rows that come twice are not common."""
    random = _random(30_000)
    rows: list[_Row] = [(*random.random(2).tolist(), "free") for _ in range(30_000)]
    for place in range(0, 30_000, 100):
        rows[place] = (0.0, 0.0, "free")
    rows[1] = rows[2]
    usual = _summary(rows, [7_000, 7_001, 29_000])
    (share,) = usual.shares
    assert share == pytest.approx(0.01, rel=0.01)
    records = RecordBatch.of(1, {"x": [0.0], "y": [0.0], "plan": ["free"]})
    assert usual.common == _BINNER.fingerprints.of(records, _BINNER.cells(records)[0]).tolist()


@pytest.mark.parametrize("times", [1, 2, 5])
def test_rows_in_a_row_that_are_alike(times: int) -> None:
    """Sessions of the reference are no copies in live traffic."""
    random = _random(2_000)
    rows = [tuple(row) for row in random.random((2_000, 2)).tolist() for _ in range(times)]
    assert _summary([(x, y, "free") for x, y in rows]).together == times


def test_how_many_values_rows_lack() -> None:
    """In 99 of 100 rows at most."""
    random = _random(1_000)
    rows: list[_Row] = [(*random.random(2).tolist(), "free") for _ in range(1_000)]
    assert _summary([(None, "x", None), *rows[1:]]).most_missing == 0
    assert _summary([(None, "x", "free")] * 20 + rows[20:]).most_missing == 2


def test_how_many_rows_fall_into_a_minute() -> None:
    """In nine of ten rows at most; a single row without a time does not matter."""
    random = _random(1_000)
    rows: list[_Row] = [(*random.random(2).tolist(), "free") for _ in range(1_000)]
    assert _summary(rows, times=[60.0 * (number // 20) for number in range(1_000)]).minute == 20
    assert _summary(rows, times=[np.nan, *(60.0 * number for number in range(999))]).minute == 1
    assert _summary(rows).minute == 0


_VALUES = st.tuples(
    st.sampled_from([0, 1, 2.5, None]), st.sampled_from([0, 1, "x"]), st.sampled_from(["free", "gold", None])
)


@given(st.lists(_VALUES, min_size=1, max_size=60), st.lists(st.integers(0, 60), max_size=4))
def test_batches_do_not_matter(rows: list[_Row], cuts: list[int]) -> None:
    """To the last digit."""
    assert _summary(rows, [min(cut, len(rows)) for cut in cuts]) == _summary(rows)


def test_large_samples_are_fair_in_batches() -> None:
    """Beyond the rows that are kept."""
    random = _random(9_000)
    rows: list[_Row] = [(value % 50, value // 50 % 50, "free") for value in random.integers(0, 2_500, 9_000).tolist()]
    usual = _summary(rows)
    assert _summary(rows, [1, 4_000, 4_100]) == usual
    assert usual.chance == pytest.approx(1 / 50, rel=0.1)
