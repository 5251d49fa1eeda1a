from __future__ import annotations

import math
from collections.abc import Callable
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
    restored,
)
from model_drift_exporter.records.columns import Column
from model_drift_exporter.records.identifiers import hash_identifiers

MODELS = st.one_of(
    st.none(),
    st.sampled_from(["", "a", "b", "1"]),
    st.integers(0, 2),
    st.booleans(),
    st.just(math.nan),
    st.just([]),
    st.just({"a": 1}),
)
RAW: dict[str, Callable[[int], object]] = {
    "time": lambda index: 1_760_000_000 + index,
    "prediction": lambda index: f"class {index % 3}",
    "score": lambda index: index / 8,
    "scores": lambda index: [index / 8, 1 - index / 8],
    "label": lambda index: index % 2,
    "latency": lambda index: index / 4,
}
"""The value of each field in record ``index``, which its typed column stands for."""


def batch(size: int, *, text: bool = False, **changes: Column | None) -> RecordBatch:
    columns: dict[str, Any] = {name: [value(index) for index in range(size)] for name, value in RAW.items()}
    columns["id"] = [f"id {index}" for index in range(size)]
    if text:
        columns = {name: [*map(str, values)] for name, values in columns.items() if name != "scores"}
    features = {"a": [*range(size)], "b": [str(index) for index in range(size)], "c": [1, "x"] * size}
    features["c"] = features["c"][:size]
    return RecordBatch.of(size, features, text=text, **(columns | changes))


@given(st.lists(st.integers(0, 6), min_size=1), st.booleans())
def test_taking_records_takes_every_column(indexes: list[int], text: bool) -> None:
    """Chosen records keep all of their values, in the order asked for, and what the batch says of itself."""
    taken = batch(7, text=text, score=None).take(indexes)
    assert (taken.size, taken.text) == (len(indexes), text)
    assert {name: [*values] for name, values in taken.features.items()} == {
        "a": indexes,
        "b": [*map(str, indexes)],
        "c": [(1, "x")[index % 2] for index in indexes],
    }
    hashes = hash_identifiers([f"id {index}" for index in range(7)])[0].tolist()
    assert [*taken.fields["id"]] == [hashes[index] for index in indexes]
    lacking = {"score", "scores"} if text else {"score"}
    assert taken.fields.keys() == {"id", *RAW} - lacking
    for name in RAW.keys() - lacking:
        values = [RAW[name](index) for index in indexes]
        assert [*taken.fields[name]] == ([*map(str, values)] if text and name in ("prediction", "label") else values)
    assert taken.position.tolist() == indexes
    again = attrs.evolve(taken, position=taken.position + 10).take([len(indexes) - 1])
    assert again.position.tolist() == [indexes[-1] + 10]


@given(st.integers(0, 6), st.integers(1, 7), st.integers(1, 3))
def test_what_is_taken_may_be_a_list_an_array_a_slice_or_a_range(first: int, size: int, step: int) -> None:
    """All say the same; a slice copies no column."""
    whole = batch(7)
    chosen = range(first, min(first + size, 7), step)
    taken = [whole.take(each) for each in ([*chosen], np.array(chosen), slice(chosen.start, chosen.stop, step), chosen)]
    assert len({str(plain(each)) for each in taken}) == 1
    assert [np.shares_memory(each.features.numbers, whole.features.numbers) for each in taken] == [False] * 2 + [
        True
    ] * 2


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
    whole = LabelBatch.of(size, id=[*range(size)], model=models, label=[*"abcdefghij"[:size]])
    split = whole.by_model()
    expected: dict[str | None, list[int]] = {}
    for index, value in enumerate(models):
        expected.setdefault(name_of(value), []).append(index)
    hashes = hash_identifiers(range(size))[0].tolist()
    for name, part in split.items():
        assert [*part.fields["id"]] == [hashes[index] for index in expected[name]]
        assert [*part.labels] == ["abcdefghij"[index] for index in expected[name]]
        assert part.position.tolist() == expected[name]
        assert (part.size, part.text, "time" in part.fields) == (len(expected[name]), False, False)
    assert split.keys() == expected.keys()
    assert LabelBatch.of(2, label=["a", "b"]).by_model().keys() == {None}


def test_an_empty_cell_names_no_model() -> None:
    """In CSV it is a missing value; such records go to the default model."""
    split = batch(4, text=True, model=["a", "", "1", ""]).by_model("default")
    assert {name: part.position.tolist() for name, part in split.items()} == {"a": [0], "default": [1, 3], "1": [2]}


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
        LabelBatch.of(len(labels), id=labels, label=labels, position=labels) if labels else None,
        np.array(lines["rejected"], dtype=np.int64),
        5.0,
    )


@given(KINDS, st.sets(st.integers(0, 19)))
def test_parts_keep_the_order_of_lines(kinds: list[str], begins: set[int]) -> None:
    """Each part holds the lines from a record on to the next one that begins a part, and together they are all.

    What stands before the first record that begins one is not in its part.
    """
    batch = _batch(kinds)
    wanted = sorted(begin for begin in begins if begin < batch.size)
    begun, parts = [begins_here for begins_here, _ in batch.parts(wanted)], [part for _, part in batch.parts(wanted)]
    assert sum(begun) == (len(wanted) if batch.size else 0)
    assert all(part.size for begins_here, part in batch.parts(wanted) if begins_here)
    assert sum(part.size for part in parts) == batch.size
    seen: list[int] = []
    for part in parts:
        lines = part.rejected.tolist()
        for each in (part.records, part.labels):
            lines += each.position.tolist() if each is not None else []
        assert not seen or not lines or max(seen) < min(lines)
        seen += lines
    assert sorted(seen) == [*range(len(kinds))]
    starts = [part.records.position[0] for part in parts if part.records is not None]
    if batch.records is not None:
        own = batch.records.position
        assert starts == [own[place] for place in sorted({0, *wanted})]
        for part in [part for begins_here, part in batch.parts(wanted) if begins_here]:
            assert part.records is not None
            others = [*part.rejected, *(part.labels.position if part.labels is not None else [])]
            assert all(part.records.position[0] < line for line in others)


@given(KINDS)
def test_what_is_kept_comes_back(kinds: list[str]) -> None:
    """All columns, lines and rejected lines survive a snapshot, each column of the type that it had."""
    batch = _batch(kinds)
    state = msgspec.msgpack.encode(batch.snapshot(), enc_hook=np.ndarray.tolist)
    kept = ModelBatch.restored(msgspec.msgpack.decode(state))
    assert kept.size == batch.size
    assert kept.rejected.tolist() == batch.rejected.tolist()
    assert kept.arrival == batch.arrival
    for before, after in ((batch.records, kept.records), (batch.labels, kept.labels)):
        assert (before is None) == (after is None)
        if before is None or after is None:
            continue
        assert after.position.tolist() == before.position.tolist()
        assert _columns(after) == _columns(before)


def _columns(batch: RecordBatch | LabelBatch) -> dict[str, tuple[type, list[object]]]:
    columns = dict(batch.fields)
    if isinstance(batch, RecordBatch):
        columns |= {f"feature {name}": values for name, values in batch.features.items()}
    return {name: (type(values), [*values]) for name, values in columns.items()}


def test_lines_follow_those_before() -> None:
    """Of another input, or of one that was renamed, they would begin again; then all move on by the same."""
    records = RecordBatch.of(2, {"a": [1, 2]}, position=[5, 7])
    labels = LabelBatch.of(1, label=["x"], position=[6])
    batch = ModelBatch(records, labels, np.array([4, 8]), 0.0)
    assert batch.behind(3) is batch
    moved = batch.behind(100)
    assert moved.records is not None
    assert moved.labels is not None
    assert moved.records.position.tolist() == [102, 104]
    assert moved.labels.position.tolist() == [103]
    assert moved.rejected.tolist() == [101, 105]
    only_labels = ModelBatch(None, labels, NO_POSITIONS, 0.0)
    assert only_labels.behind(100) is only_labels


def test_a_snapshot_can_hold_what_json_can() -> None:
    """Numbers of any length and broken Unicode neither end the saving nor lose the batch."""
    records = RecordBatch.of(
        2,
        {"a": [10**40, "\ud800"], "b": [True, {"x": [10**400, -(10**400)]}], "c": [10**40, 7]},
        id=[10**30, 7],
        label=[None, 1.5],
        prediction=[10**40, 7],
        model=["\ud800", "m"],
    )
    state = plain(records)
    assert state is not None
    again = restored(RecordBatch, msgspec.msgpack.decode(msgspec.msgpack.encode(state, enc_hook=np.ndarray.tolist)))
    # An identifier is its hash, whatever its length.
    assert [*again.fields["id"]] == hash_identifiers([10**30, 7])[0].tolist()
    assert again.features == {
        "a": [1e40, "?"],
        "b": [True, {"x": [float("inf"), float("-inf")]}],
        "c": [1e40, 7],
    }
    assert [*again.fields["label"]] == [None, 1.5]
    # More than 64 bits: a float, as monitors read it, though the text of the class is another then.
    assert [*again.fields["prediction"]] == [1e40, 7]
    assert [*again.fields["model"]] == ["?", "m"]


def test_batches_that_were_kept_by_an_earlier_version_come_back() -> None:
    """Version 0.1.0 kept raw values, latencies in the unit of their name, and no line where lines are counted on."""
    state = {
        "size": 2,
        "text": False,
        "line": None,
        "latency_unit": 0.001,
        "identifier": ["p1", None],
        "time": ["2025-10-09T08:53:20Z", 1_760_000_001],
        "label": ["yes", True],
        "latency": [250, "x"],
        "model": None,
        "features": {"a": [1, 2.5], "b": ["x", 3]},
    }
    again = restored(RecordBatch, state)
    assert again.features == {"a": [1, 2.5], "b": ["x", 3]}
    assert {name: [*column] for name, column in again.fields.items()} == {
        "time": [1_760_000_000, 1_760_000_001],
        "id": [int(hash_identifiers(["p1"])[0][0]), None],
        "label": ["yes", "true"],
        "latency": [0.25, []],
    }
    assert again.position.tolist() == [0, 1]


def test_a_value_nested_beyond_use_ends_no_snapshot() -> None:
    """Such a value is invalid to everybody; only that it was none of the others matters."""
    deep: list[object] = []
    for _ in range(900):
        deep = [deep]
    state = plain(RecordBatch.of(1, {"a": [deep]}, position=[0]))
    assert state is not None
    assert isinstance(state["features"]["a"][0], list)
    assert len(msgspec.msgpack.encode(state, enc_hook=np.ndarray.tolist)) < 1_000
