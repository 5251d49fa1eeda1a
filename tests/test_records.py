from __future__ import annotations

import math
from typing import Any

import attrs
from hypothesis import given
from hypothesis import strategies as st

from model_drift_exporter.records import LabelBatch, RecordBatch

COLUMNS = ("time", "identifier", "model", "version", "prediction", "score", "scores", "label", "latency")
MODELS = st.one_of(
    st.none(),
    st.sampled_from(["", "a", "b", "1"]),
    st.integers(0, 2),
    st.booleans(),
    st.just(math.nan),
    st.just([]),
    st.just({"a": 1}),
)


def batch(size: int, **changes: object) -> RecordBatch:
    columns: dict[str, Any] = {name: [f"{name} {index}" for index in range(size)] for name in COLUMNS}
    features = {"a": [*range(size)], "b": [str(index) for index in range(size)]}
    whole = RecordBatch(size, features, **columns, latency_unit=0.001, text=True)
    return attrs.evolve(whole, **changes)  # type: ignore[arg-type]


@given(st.lists(st.integers(0, 6), min_size=1))
def test_taking_records_takes_every_column(indexes: list[int]) -> None:
    """Chosen records keep all of their values, in the order asked for, and what the batch says of itself."""
    taken = batch(7, score=None).take(indexes)
    assert taken.size == len(indexes)
    assert {name: [*values] for name, values in taken.features.items()} == {"a": indexes, "b": [*map(str, indexes)]}
    for name in COLUMNS:
        values = getattr(taken, name)
        assert values is None if name == "score" else [*values] == [f"{name} {index}" for index in indexes]
    assert (taken.latency_unit, taken.text) == (0.001, True)
    assert taken.line is not None
    assert [*taken.line] == indexes
    again = attrs.evolve(taken, line=[index + 10 for index in indexes]).take([len(indexes) - 1])
    assert again.line == [indexes[-1] + 10]


def name_of(value: object) -> str | None:
    if isinstance(value, str):
        return value or None
    return str(value) if isinstance(value, int) and not isinstance(value, bool) else None


@given(st.lists(MODELS, min_size=1, max_size=10))
def test_records_are_split_by_the_model_they_name(models: list[object]) -> None:
    """Every record is in the batch of its model, in order; what is no name puts it with those that name none."""
    split = batch(len(models), model=models).by_model()
    expected: dict[str | None, list[int]] = {}
    for index, value in enumerate(models):
        expected.setdefault(name_of(value), []).append(index)
    assert {name: [*part.features["a"]] for name, part in split.items()} == expected
    assert all(part.size == len(expected[name]) for name, part in split.items())


@given(st.lists(MODELS, min_size=1, max_size=10))
def test_labels_are_split_by_the_model_they_name(models: list[object]) -> None:
    """As records are, with their lines and everything else."""
    size = len(models)
    whole = LabelBatch(size, identifier=[*range(size)], model=models, label=[*"abcdefghij"[:size]], text=True)
    split = whole.by_model()
    expected: dict[str | None, list[int]] = {}
    for index, value in enumerate(models):
        expected.setdefault(name_of(value), []).append(index)
    for name, part in split.items():
        assert [*(part.identifier or ())] == expected[name]
        assert [*part.label] == ["abcdefghij"[index] for index in expected[name]]
        assert [*(range(size) if part.line is None else part.line)] == expected[name]
        assert (part.size, part.time, part.text) == (len(expected[name]), None, True)
    assert split.keys() == expected.keys()
    assert LabelBatch(2, label=["a", "b"]).by_model().keys() == {None}


def test_a_batch_without_models_is_not_split() -> None:
    """Without the field, and with one name throughout, the batch is handed on as it is."""
    without, one = batch(3, model=None), batch(3, model=["m"] * 3)
    assert without.by_model() == {None: without}
    assert one.by_model() == {"m": one}
