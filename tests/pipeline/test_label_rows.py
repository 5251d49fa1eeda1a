from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from model_drift_exporter.array_spool import SpoolStore
from model_drift_exporter.pipeline import label_rows
from model_drift_exporter.pipeline.label_rows import LabelRows
from model_drift_exporter.records.batches import LabelBatch
from model_drift_exporter.records.columns import Identifiers, Numbers, Texts

_VALUES = {
    "time": st.one_of(st.none(), st.floats(1e9, 2e9)),
    "id": st.one_of(st.none(), st.text(max_size=3), st.integers(0, 9)),
    "model": st.one_of(st.none(), st.sampled_from(["a", "b"])),
}
_LABELS = (
    st.one_of(st.none(), st.floats()),
    st.one_of(st.none(), st.text(max_size=3), st.booleans()),
    st.one_of(st.none(), st.floats(), st.text(), st.integers(), st.just([1, {"a": None}]), st.just({})),
)


@st.composite
def _batches(draw: st.DrawFn) -> list[LabelBatch]:
    found = []
    for _ in range(draw(st.integers(1, 4))):
        size = draw(st.integers(1, 6))
        fields: dict[str, Any] = {
            name: draw(st.lists(values, min_size=size, max_size=size))
            for name, values in _VALUES.items()
            if draw(st.booleans())
        }
        labels = draw(st.lists(draw(st.sampled_from(_LABELS)), min_size=size, max_size=size))
        found.append(LabelBatch.of(size, label=labels, **fields))
    return found


def _plain(column: Any) -> list[Any]:
    return ["NaN" if value != value else value for value in column]  # noqa: PLR0124


@given(_batches(), st.randoms(use_true_random=False))
@settings(deadline=None)
def test_rows_say_what_the_batches_said(batches: list[LabelBatch], random: Any) -> None:
    """In any order, with columns of any types beside each other, the values are those of the batches joined."""
    whole = LabelBatch.joined(batches)
    order = [*range(whole.size)]
    random.shuffle(order)
    with pytest.MonkeyPatch.context() as patch, SpoolStore(64) as store:
        patch.setattr(label_rows, "_MOST_KNOWN", 2)
        table = LabelRows(store)
        rows = np.concatenate([table.rows(batch) for batch in batches])
        found = table.batch(rows[order], text=False)
    expected = whole.take(order)
    assert found.fields.keys() == expected.fields.keys()
    for name, column in expected.fields.items():
        assert _plain(found.fields[name]) == _plain(column)
    assert found.position.tolist() == [*range(whole.size)]


def test_columns_keep_their_types() -> None:
    """Numbers with what was none, texts with missing ones, identifiers; what the batch has not, the rows have not."""
    label = Numbers(np.array([1.5, np.nan, np.nan]), np.array([2]))
    batch = LabelBatch.of(3, label=label, id=["x", None, 7], model=["m", None, "m"])
    with SpoolStore() as store:
        table = LabelRows(store)
        found = table.batch(table.rows(batch), text=False).fields
    assert {name: type(column) for name, column in found.items()} == {
        "label": Numbers,
        "id": Identifiers,
        "model": Texts,
    }
    assert isinstance(found["label"], Numbers)
    assert found["label"].invalid.tolist() == [2]
    assert [*found["label"]] == [*label]
    assert [*found["id"]] == [*batch.fields["id"]]
    assert [*found["model"]] == ["m", None, "m"]


def test_cells_of_csv_stay_cells() -> None:
    """Beside numbers and texts of other files an empty cell is missing, and a number is written as its digits."""
    batches = [
        LabelBatch.of(2, text=True, label=Numbers(np.array([7.0, np.nan]))),
        LabelBatch.of(2, text=True, label=["yes", ""]),
    ]
    with SpoolStore() as store:
        table = LabelRows(store)
        found = table.batch(np.concatenate([*map(table.rows, batches)]), text=True)
    assert found.text
    assert [*found.labels] == [*LabelBatch.joined(batches).labels] == ["7", "", "yes", ""]


def test_what_is_nested_too_deeply_is_no_label_all_the_same() -> None:
    """It becomes an empty list, as it cannot be written."""
    deep: list[Any] = []
    for _ in range(100_000):
        deep = [deep]
    with SpoolStore() as store:
        table = LabelRows(store)
        found = table.batch(table.rows(LabelBatch.of(2, label=[deep, "x"])), text=False)
    assert [*found.labels] == [[], "x"]


def test_long_texts_come_in_parts_and_are_not_kept() -> None:
    """Whatever their number, a few MiB of them are in memory; a label that is longer than a part is one by itself."""
    lengths = [100, 20_000, 5 << 20, 100, 3 << 20, 2 << 20]
    texts = [chr(ord("a") + number) * length for number, length in enumerate(lengths)]
    with SpoolStore(1 << 10) as store:
        table = LabelRows(store)
        rows = table.rows(LabelBatch.of(len(texts), label=texts))
        parts = [*table.parts(rows)]
        assert [len(part) for part in parts] == [2, 1, 2, 1]
        assert [text for part in parts for text in table.batch(part, text=False).labels] == texts
        known = [*table._places, *table._read.values()]
    assert sum(map(len, known)) <= 2 * (5 << 20)


@given(st.lists(st.text(max_size=9), min_size=1, max_size=30))
@settings(deadline=None)
def test_what_is_forgotten_is_read_again(texts: list[str]) -> None:
    """With room for a few bytes only, the labels are the same."""
    with pytest.MonkeyPatch.context() as patch, SpoolStore(8) as store:
        patch.setattr(label_rows, "_MOST_KNOWN_BYTES", 10)
        table = LabelRows(store)
        rows = table.rows(LabelBatch.of(len(texts), label=texts))
        assert [text for part in table.parts(rows) for text in table.batch(part, text=False).labels] == texts
