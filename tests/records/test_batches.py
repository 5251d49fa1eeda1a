from __future__ import annotations

import math
from typing import Any

import attrs
import msgspec
import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from model_drift_exporter.records.batches import (
    NO_POSITIONS,
    LabelBatch,
    ModelBatch,
    RecordBatch,
    plain,
    positions_of,
    restored,
)

COLUMNS = ("time", "id", "model", "version", "prediction", "score", "scores", "label", "latency")
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
    whole = RecordBatch.of(size, features, **columns, text=True)
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
    assert taken.position is not None
    assert [*taken.position] == indexes
    again = attrs.evolve(taken, position=[index + 10 for index in indexes]).take([len(indexes) - 1])
    assert again.position == [indexes[-1] + 10]


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
    whole = LabelBatch(size, id=[*range(size)], model=models, label=[*"abcdefghij"[:size]], text=True)
    split = whole.by_model()
    expected: dict[str | None, list[int]] = {}
    for index, value in enumerate(models):
        expected.setdefault(name_of(value), []).append(index)
    for name, part in split.items():
        assert [*(part.id or ())] == expected[name]
        assert [*part.label] == ["abcdefghij"[index] for index in expected[name]]
        assert [*(range(size) if part.position is None else part.position)] == expected[name]
        assert (part.size, part.time, part.text) == (len(expected[name]), None, True)
    assert split.keys() == expected.keys()
    assert LabelBatch(2, label=["a", "b"]).by_model().keys() == {None}


def test_a_batch_without_models_is_not_split() -> None:
    """Without the field, and with one name throughout, the batch is handed on as it is."""
    without, one = batch(3, model=None), batch(3, model=["m"] * 3)
    assert without.by_model() == {None: without}
    assert one.by_model() == {"m": one}


KINDS = st.lists(st.sampled_from(["record", "label", "rejected"]), min_size=1, max_size=20)


def _batch(kinds: list[str]) -> ModelBatch:
    lines = {
        kind: [line for line, each in enumerate(kinds) if each == kind] for kind in ("record", "label", "rejected")
    }
    own, labels = lines["record"], lines["label"]
    return ModelBatch(
        RecordBatch.of(len(own), {"a": own}, id=own, position=own) if own else None,
        LabelBatch(len(labels), id=labels, label=labels, position=labels) if labels else None,
        np.array(lines["rejected"], dtype=np.int64),
        5.0,
    )


@given(KINDS, st.sets(st.integers(0, 19)))
def test_parts_keep_the_order_of_lines(kinds: list[str], begins: set[int]) -> None:
    """Each part holds the lines from a record on to the next one that begins a part, and together they are all."""
    batch = _batch(kinds)
    wanted = sorted(begin for begin in begins if begin < batch.size)
    parts = [*batch.parts(wanted)]
    assert sum(part.size for part in parts) == batch.size
    seen: list[int] = []
    for part in parts:
        lines = part.rejected.tolist()
        for each in (part.records, part.labels):
            lines += positions_of(each).tolist() if each is not None else []
        assert not seen or not lines or max(seen) < min(lines)
        seen += lines
    assert sorted(seen) == [*range(len(kinds))]
    starts = [positions_of(part.records)[0] for part in parts if part.records is not None]
    if batch.records is not None:
        own = positions_of(batch.records)
        assert starts == [own[place] for place in sorted({0, *wanted})]


@given(KINDS)
def test_what_is_kept_comes_back(kinds: list[str]) -> None:
    """All columns, lines and rejected lines survive a snapshot."""
    batch = _batch(kinds)
    kept = ModelBatch.restored(batch.snapshot())
    assert kept.size == batch.size
    assert kept.rejected.tolist() == batch.rejected.tolist()
    assert kept.arrival == batch.arrival
    assert kept.snapshot()["records"] == batch.snapshot()["records"]
    assert kept.snapshot()["labels"] == batch.snapshot()["labels"]
    if batch.records is not None and kept.records is not None:
        assert kept.records.features == batch.records.features


def test_lines_follow_those_before() -> None:
    """Of another input, or of one that was renamed, they would begin again; then all move on by the same."""
    records = RecordBatch.of(2, {"a": [1, 2]}, position=[5, 7])
    labels = LabelBatch(1, label=["x"], position=[6])
    batch = ModelBatch(records, labels, np.array([4, 8]), 0.0)
    assert batch.behind(3) is batch
    moved = batch.behind(100)
    assert moved.records is not None
    assert moved.labels is not None
    assert positions_of(moved.records).tolist() == [102, 104]
    assert positions_of(moved.labels).tolist() == [103]
    assert moved.rejected.tolist() == [101, 105]
    only_labels = ModelBatch(None, labels, NO_POSITIONS, 0.0)
    assert only_labels.behind(100) is only_labels


def test_a_snapshot_can_hold_what_json_can() -> None:
    """Numbers of any length and broken Unicode neither end the saving nor lose the batch."""
    records = RecordBatch.of(
        2,
        {"a": [10**40, "\ud800"], "b": [True, {"x": [10**400, -(10**400)]}]},
        id=[10**30, 7],
        label=[None, 1.5],
        position=[0, 1],
    )
    state = plain(records)
    assert state is not None
    again = restored(RecordBatch, msgspec.msgpack.decode(msgspec.msgpack.encode(state)))
    assert again.id == [str(10**30), 7]
    assert again.features == {"a": [1e40, "?"], "b": [True, {"x": [float("inf"), float("-inf")]}]}
    assert again.label == [None, 1.5]


def test_a_value_nested_beyond_use_ends_no_snapshot() -> None:
    """Such a value is invalid to everybody; only that it was none of the others matters."""
    deep: list[object] = []
    for _ in range(900):
        deep = [deep]
    state = plain(RecordBatch.of(1, {"a": [deep]}, position=[0]))
    assert state is not None
    assert isinstance(state["features"]["a"][0], list)
    assert len(msgspec.msgpack.encode(state)) < 1_000
