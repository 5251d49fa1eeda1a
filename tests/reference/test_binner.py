from __future__ import annotations

import math
from collections.abc import Sequence
from itertools import pairwise

import attrs
import numpy as np
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray

from model_drift_exporter.monitors.distances import cell_layout
from model_drift_exporter.records.batches import RecordBatch
from model_drift_exporter.reference.binner import Binner
from model_drift_exporter.reference.profile import FEATURE, PREDICTION, SCORE, Column, ReferenceProfile
from model_drift_exporter.reference.scores import DERIVED, DERIVED_EDGES
from model_drift_exporter.statistics import DriftStatistics, compare

SPECIAL = ["__missing__", "__invalid__"]


def numeric(name: str, role: str, edges: Sequence[float], reference: Sequence[int] = ()) -> Column:
    bins = ["__below__", *(f"b{position:02d}" for position in range(len(edges) - 1)), "__above__", *SPECIAL]
    middles = [(low + high) / 2 for low, high in pairwise(edges)]
    return Column(
        name=name,
        role=role,
        kind="numeric",
        counts=dict(zip(bins, reference or [0] * len(bins), strict=True)),
        edges=[*edges],
        means=middles,
        standard_deviation=1.0,
    )


def categorical(name: str, role: str, categories: list[str], *, accepts_numbers: bool = False) -> Column:
    bins = [*categories, "__other__", *SPECIAL]
    return Column(
        name=name,
        role=role,
        kind="categorical",
        counts=dict.fromkeys(bins, 10),
        categories=categories,
        accepts_numbers=accepts_numbers,
    )


AGE = numeric("age", FEATURE, [0, 10, 20, 30], [0, 50, 100, 50, 0, 3, 0])
INCOME = numeric("income", FEATURE, [-1, 0, 1], [1, 70, 60, 2, 5, 1])
COLUMNS = [
    AGE,
    categorical("plan", FEATURE, ["gold", "true"]),
    INCOME,
    categorical("prediction", PREDICTION, ["0", "1"], accepts_numbers=True),
    numeric("score", SCORE, [0.0, 0.5, 1.0]),
    *(numeric(name, name, DERIVED_EDGES[name]) for name in DERIVED),
]
PROFILE = ReferenceProfile(
    model="m", rows=200, task="classification", columns=COLUMNS, classes=["0", "1"], positive_class="1", threshold=0.5
)


def names(binner: Binner, batch: RecordBatch) -> list[list[str]]:
    """The bin names of each column of a batch."""
    cells, _ = binner.cells(batch)
    assert cells.shape == (len(binner.columns), batch.size)
    found = []
    for column, start, row in zip(binner.columns, binner.starts, cells, strict=True):
        assert ((row >= start) & (row < start + len(column.counts))).all()
        found.append([column.bins[cell - start] for cell in row])
    return found


def test_every_value_has_its_bin() -> None:
    """Bins are closed on the right, the first one on the left; special bins take the rest, also for outputs."""
    batch = RecordBatch.of(
        7,
        {
            "age": [0.0, 10.0, 10.5, 30.0, 31.0, None, "7"],
            "plan": ["gold", True, "tin", None, 1.0, math.nan, []],
            "new": [1.0] * 7,
        },
        prediction=[1, 1.0, "1", True, 0, None, []],
        score=[1.0, 0.75, 0.5, 0.25, 1.5, "x", None],
    )
    age, plan, income, prediction, score, confidence, margin, entropy = names(Binner(PROFILE), batch)
    assert age == ["b00", "b00", "b01", "b02", "__above__", "__missing__", "__invalid__"]
    assert plan == ["gold", "true", "__other__", "__missing__", "__invalid__", "__missing__", "__invalid__"]
    assert income == ["__missing__"] * 7
    assert prediction == ["1", "1", "1", "__other__", "0", "__missing__", "__invalid__"]
    assert score == ["b01", "b01", "b00", "b00", "__above__", "__invalid__", "__missing__"]
    assert confidence == ["b17", "b09", "b04", "b09", "__missing__", "__missing__", "__missing__"]
    assert margin == ["b08", "b06", "b00", "b06", "__missing__", "__missing__", "__missing__"]
    assert entropy == ["b00", "b10", "b12", "b10", "__missing__", "__missing__", "__missing__"]


def test_outputs_that_a_batch_lacks_are_missing() -> None:
    """Without a prediction or score in any record each of them counts as missing."""
    found = names(Binner(PROFILE), RecordBatch.of(2, {"age": [1.0, 2.0]}))
    assert found[1:] == [["__missing__"] * 2] * 7


VALUES = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(-2, 40),
    st.floats(),
    st.sampled_from(["gold", "true", "1", ""]),
    st.just([]),
    st.just({}),
)
ROWS = st.lists(st.tuples(VALUES, VALUES, VALUES, VALUES, VALUES), min_size=1, max_size=12)


def batch_of(rows: Sequence[tuple[object, ...]]) -> RecordBatch:
    age, plan, income, prediction, score = zip(*rows, strict=True)
    return RecordBatch.of(len(rows), {"age": age, "plan": plan, "income": income}, prediction=prediction, score=score)


@given(ROWS)
def test_every_record_is_counted_once_in_every_column_whatever_it_holds(rows: list[tuple[object, ...]]) -> None:
    """Each record of a batch falls into exactly the bins it would fall into alone."""
    binner = Binner(PROFILE)
    together = names(binner, batch_of(rows))
    alone = [names(binner, batch_of([row])) for row in rows]
    assert together == [[one[position][0] for one in alone] for position in range(len(COLUMNS))]


def test_cells_of_columns_follow_each_other() -> None:
    """The flat axis has a place for every bin of every column."""
    binner = Binner(PROFILE)
    sizes = [len(column.counts) for column in COLUMNS]
    assert binner.size == sum(sizes)
    assert binner.starts.tolist() == [sum(sizes[:position]) for position in range(len(sizes))]


def test_numbers_behind_the_bins() -> None:
    """Sums are made of raw numbers: NaN where missing or invalid, latency in seconds."""
    binner = Binner(PROFILE)
    batch = RecordBatch.of(2, {"age": [7.0, "x"]}, prediction=[1, None], score=[0.75, None], latency=[0.25, None])
    _, scores = binner.cells(batch)
    np.testing.assert_array_equal(binner.numbers(AGE, batch, scores), [7, math.nan])
    np.testing.assert_array_equal(binner.numbers(INCOME, batch, scores), [math.nan, math.nan])
    np.testing.assert_array_equal(binner.numbers(COLUMNS[3], batch, scores), [1, math.nan])
    np.testing.assert_array_equal(binner.numbers(COLUMNS[4], batch, scores), [0.75, math.nan])
    np.testing.assert_array_equal(binner.numbers(COLUMNS[4], batch, None), [math.nan, math.nan])
    values = binner.values(batch, scores)
    assert set(values) == {*DERIVED, "latency"}
    np.testing.assert_array_equal(values["latency"], [0.25, math.nan])
    np.testing.assert_array_equal(values["confidence"], [0.75, math.nan])
    assert binner.values(RecordBatch.of(1, {}), None) == {}


WILD = ReferenceProfile(model="m", rows=203, task="classification", columns=[AGE, INCOME])
LAYOUT = cell_layout(WILD.columns)
REFERENCE = np.array([count for column in WILD.columns for count in column.counts.values()])


def counted(ages: Sequence[object], incomes: Sequence[object]) -> NDArray[np.int64]:
    binner = Binner(WILD)
    cells, _ = binner.cells(RecordBatch.of(len(ages), {"age": ages, "income": incomes}))
    return np.bincount(cells.ravel(), minlength=binner.size)


@given(
    st.lists(st.tuples(st.floats(-5, 35), st.floats(-2, 2)), min_size=1, max_size=60),
    st.integers(0, 60),
    st.sampled_from([1e308, 1.7976931348623157e308, math.inf, 10**400, -1e308, -math.inf, -(10**400)]),
)
def test_one_wild_value_moves_no_statistic_further_than_any_other_value_beyond_the_edge(
    rows: list[tuple[float, float]], place: int, wild: float
) -> None:
    """PSI, JS, TV, chi-square, KS and W1 see one row more out of range, and no more, however wild its value is."""
    ages: list[object] = [age for age, _ in rows]
    incomes: list[object] = [income for _, income in rows]
    place = min(place, len(rows))

    def with_value(age: object) -> NDArray[np.int64]:
        return counted([*ages[:place], age, *ages[place:]], [*incomes[:place], 0.5, *incomes[place:]])

    tame = with_value(31.0 if wild > 0 else -1.0)
    moved = with_value(wild)
    np.testing.assert_array_equal(moved, tame)
    added = moved - counted(ages, incomes)
    assert added[: len(AGE.counts)].tolist() == ([0, 0, 0, 0, 1, 0, 0] if wild > 0 else [1, 0, 0, 0, 0, 0, 0])
    statistics, expected = compare(moved, REFERENCE, LAYOUT), compare(tame, REFERENCE, LAYOUT)
    for field in attrs.fields(DriftStatistics):
        np.testing.assert_array_equal(getattr(statistics, field.name), getattr(expected, field.name))
        assert np.isfinite(getattr(statistics, field.name)).all()
    untouched = compare(counted([*ages, None], [*incomes, 0.5]), REFERENCE, LAYOUT)
    np.testing.assert_array_equal(statistics.population_stability_index[1], untouched.population_stability_index[1])
