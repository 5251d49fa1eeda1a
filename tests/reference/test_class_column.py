from __future__ import annotations

from collections import Counter
from collections.abc import Sequence

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from model_drift_exporter.records.columns import typed
from model_drift_exporter.reference.class_column import ClassColumn
from model_drift_exporter.reference.scores import class_of

_VALUES = st.one_of(
    st.lists(st.none() | st.sampled_from([0.0, -0.0, 1.0, 2.5, float("nan"), 300.0, -7.0])),
    st.lists(st.none() | st.sampled_from(["", "yes", "no", "1", "true"])),
    st.lists(st.sampled_from([None, 1, True, "1", "", 1.0, False, [1], {"a": 1}, 10**400])),
)


def _names(column: ClassColumn) -> list[str | None]:
    return [None if place < 0 else column.names[place] for place in column.places.tolist()]


@given(_VALUES)
def test_each_value_has_the_name_that_it_has_alone(values: list[object]) -> None:
    """In a typed column as in a list; no name is there twice."""
    for column in (values, typed(values)):
        found = ClassColumn.of(column, text=False)
        assert _names(found) == [class_of(value, text=False) for value in values]
        assert len(set(found.names)) == len(found.names)
        assert len(found) == len(values)


@given(st.lists(st.sampled_from(["", "yes", "no", "1"])))
def test_empty_text_is_no_class(values: list[str]) -> None:
    """In a format of texts."""
    assert _names(ClassColumn.of(values, text=True)) == [class_of(value, text=True) for value in values]


@given(_VALUES)
def test_rows_are_grouped_in_the_order_of_their_classes(values: list[object]) -> None:
    """As they come: the class of the first row first."""
    column = ClassColumn.of(values, text=False)
    names = [name for name in _names(column) if name is not None]
    assert [*column.counts().items()] == [*Counter(names).items()]
    assert {name: rows.tolist() for name, rows in column.groups()} == {
        name: [row for row, other in enumerate(_names(column)) if other == name] for name in names
    }


@pytest.mark.parametrize("values", [["a", "b", None, "c", "a"], []])
def test_positions_are_those_asked_for(values: Sequence[str | None]) -> None:
    """Another class has that of all others, and a row without any has -1."""
    column = ClassColumn.of(values, text=False)
    assert column.positions({"c": 0, "a": 5, "z": 6}, 9).tolist() == [5, 9, -1, 0, 5][: len(values)]
    assert _names(column.taken(np.arange(len(values)) % 2 == 1)) == [*values[1::2]]
    assert _names(ClassColumn.without(2)) == [None, None]
