"""What a monitor gets of records beside their bins, and how cells are counted."""

from __future__ import annotations

import math
from collections import Counter
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from model_drift_exporter.models.segment_table import MOST_SEGMENTS, SegmentTable
from model_drift_exporter.records.batches import RecordBatch
from model_drift_exporter.records.columns import Texts
from model_drift_exporter.reference.coded_batch import CodedBatch, count_cells
from tests.reference.mixed_columns import BINNER, COLUMNS


def coded(features: dict[str, list[Any]], *, text: bool = False, **fields: list[Any]) -> CodedBatch:
    size = len(next(iter(features.values())))
    batch = RecordBatch.of(size, features, text=text, **fields)
    cells, scores = BINNER.cells(batch)
    time = np.zeros(size)
    return CodedBatch(BINNER, size, cells, time, time, np.ones(size, dtype=np.bool_), {}, batch.position, batch, scores)


@given(st.lists(st.tuples(st.integers(0, 5), st.integers(0, 2), st.floats(0.5, 3)), max_size=20))
def test_cells_are_counted_by_group_and_weight(rows: list[tuple[int, int, float]]) -> None:
    """As a dictionary would count them, each record with its weight, in each group."""
    cells = np.array([[cell for cell, _, _ in rows], [6 + group for _, group, _ in rows]], dtype=np.int64)
    group = np.array([each for _, each, _ in rows], dtype=np.int64)
    weight = np.array([each for _, _, each in rows], dtype=np.float64)
    plain, grouped = Counter[int](), Counter[tuple[int, int]]()
    weighted: dict[tuple[int, int], float] = {}
    for column in cells.tolist():
        for cell, own, each in zip(column, group.tolist(), weight.tolist(), strict=True):
            plain[cell] += 1
            grouped[own, cell] += 1
            weighted[own, cell] = weighted.get((own, cell), 0.0) + each
    assert count_cells(cells, 9).tolist() == [plain[cell] for cell in range(9)]
    assert count_cells(cells, 9, group=group, groups=3).tolist() == [
        [grouped[own, cell] for cell in range(9)] for own in range(3)
    ]
    found = count_cells(cells, 9, group=group, groups=3, weight=weight)
    assert found == pytest.approx(np.array([[weighted.get((own, cell), 0.0) for cell in range(9)] for own in range(3)]))


def test_segments_are_groups() -> None:
    """As a table of segments gives them: small integers, though the cells of all segments have no place among these."""
    table = SegmentTable()
    segment = table.places(Texts.of([f"s{number}" for number in range(150)]))
    assert segment is not None
    counts = count_cells(np.full((2, 150), [[3], [499]]), 500, group=segment, groups=MOST_SEGMENTS + 2)
    assert counts[:, 3].tolist() == counts[:, 499].tolist() == [0, *[1] * MOST_SEGMENTS, 50]
    assert counts.sum() == 300


def test_numbers_are_those_of_the_reference_in_its_order() -> None:
    """A feature that is absent, no number or text in CSV has a place as well; others of the log have none."""
    nan = math.nan
    batch = coded({"other": [1.0, 2.0], "income": [0.5, None], "age": [7, "x"]})
    assert np.array_equal(batch.numbers, [[7.0, nan], [0.5, nan]], equal_nan=True)
    assert np.array_equal(coded({"age": [3.0]}).numbers, [[3.0], [nan]], equal_nan=True)
    assert np.array_equal(coded({"age": ["3", "na", ""]}, text=True).numbers[0], [3.0, nan, nan], equal_nan=True)


def test_records_alike_have_the_same_fingerprint() -> None:
    """Numbers count as they are, categories by their bins, and so does what the model said."""
    batch = coded(
        {"age": [5, 6, 5, 5], "income": [0.5] * 4, "plan": ["free"] * 4}, prediction=["no", "no", "no", "yes"]
    )
    first, other, same, said = batch.fingerprints.tolist()
    assert first == same
    assert len({first, other, said}) == 3


def test_a_weight_that_is_none_counts_as_one() -> None:
    """A log may lack it in some lines; without the field there are no weights."""
    assert coded({"age": [1.0]}).weight is None
    batch = coded({"age": [1.0] * 6}, weight=[2.5, None, -1, 0, math.inf, 3])
    assert batch.weight is not None
    assert batch.weight.tolist() == [2.5, 1, 1, 1, 1, 3]


def test_counts_are_those_of_all_cells() -> None:
    """Counted once, in each column each record."""
    batch = coded({"age": [1.0, 50.0, None]})
    assert batch.counts.sum() == 3 * len(COLUMNS)
    assert batch.counts is batch.counts
