from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from model_drift_exporter.errors import StateError
from model_drift_exporter.labels.label_store import COUNTED, LABEL, PREDICTION, UNINDEXED, LabelStore
from model_drift_exporter.reference.outcome_batch import OutcomeLayout

BINARY = OutcomeLayout(classification=True, classes=("no", "yes"), positive=1, score_bins=18)
EIGHT = OutcomeLayout(classification=True, classes=tuple("abcdefgh"), positive=None, score_bins=18)
REGRESSION = OutcomeLayout(classification=False, classes=(), positive=None, score_bins=0)


def _keys(*values: int) -> np.ndarray[Any, np.dtype[np.uint64]]:
    return np.array(values, dtype=np.uint64)


@pytest.mark.slow
@settings(deadline=None)
@given(st.lists(st.lists(st.integers(0, 2**64 - 1), min_size=1, max_size=40), max_size=12), st.data())
def test_every_key_is_found_and_no_other(batches: list[list[int]], data: st.DataObject) -> None:
    """After any additions and removals a key is where it was put; keys that share their low bits are no exception."""
    store = LabelStore(BINARY, 10)
    present: dict[int, float] = {}
    for batch in batches:
        crowded = [key & ~0xFF if key % 3 else key for key in batch]
        fresh = [*dict.fromkeys(key for key in crowded if key not in present)]
        rows = store.append(_keys(*fresh))
        store.columns["time"][rows] = np.arange(len(fresh)) + 100.0 * len(present)
        present |= dict(zip(fresh, store.columns["time"][rows].tolist(), strict=True))
        kept = np.array(data.draw(st.lists(st.booleans(), min_size=store.size, max_size=store.size)), dtype=np.bool_)
        if data.draw(st.booleans()):
            gone = store.columns["key"][: store.size][~kept].tolist()
            moved = store.retain(kept)
            assert moved[kept].tolist() == [*range(store.size)]
            present = {key: time for key, time in present.items() if key not in gone}
        asked = [*present, *crowded]
        found = store.find(_keys(*asked)).tolist()
        expected = [present.get(key) for key in asked]
        assert [None if row < 0 else float(store.columns["time"][row]) for row in found] == expected


@pytest.mark.parametrize("layout", [BINARY, EIGHT, REGRESSION])
def test_a_million_entries_fit_into_42_mib(layout: OutcomeLayout) -> None:
    """Columns and index together, probabilities of eight classes included."""
    store = LabelStore(layout, 1_000_000, probabilities=True)
    for start in range(0, 1_000_000, 100_000):
        store.append(np.arange(start, start + 100_000, dtype=np.uint64) * np.uint64(0x9E3779B97F4A7C15))
    assert store.size == 1_000_000
    assert store.nbytes <= 42 * 2**20
    assert ("probabilities" in store.columns) == (layout is EIGHT)


def test_classes_and_numbers_come_back() -> None:
    """A class beyond the last is a value; none is NaN; numbers of a regression keep every digit."""
    classes, numbers = LabelStore(BINARY, 10), LabelStore(REGRESSION, 10)
    rows = classes.append(_keys(1, 2, 3))
    assert np.isnan(classes.get("label", rows)).all()
    classes.put("label", rows, np.array([0.0, 2.0, np.nan]))
    assert classes.get("label", rows).tolist()[:2] == [0.0, 2.0]
    assert np.isnan(classes.get("label", rows)[2])
    numbers.put("label", numbers.append(_keys(1)), np.array([0.1]))
    assert numbers.get("label", np.array([0])).tolist() == [0.1]


def test_what_is_superseded_or_not_indexed_is_not_found() -> None:
    """A key has one entry that is found, also after rows have moved."""
    store = LabelStore(BINARY, 10)
    old = store.append(_keys(7, 8))
    aside = store.append(_keys(9), hidden=True)
    store.columns["flags"][aside] = UNINDEXED | PREDICTION
    new, superseded = store.supersede(_keys(7))
    assert superseded.tolist() == [old[0]]
    store.columns["flags"][new] = PREDICTION
    assert store.find(_keys(7, 8, 9)).tolist() == [new[0], old[1], -1]
    assert store.columns["flags"][old[0]] & UNINDEXED
    moved = store.retain(np.array([True, True, False, True]))
    assert store.find(_keys(7, 8, 9)).tolist() == [moved[new[0]], moved[old[1]], -1]


def test_a_snapshot_goes_on() -> None:
    """Another store finds the same entries after restoring; one of another shape says so and is empty."""
    store = LabelStore(EIGHT, 100, probabilities=True)
    rows = store.append(_keys(5, 6, 7))
    store.columns["probabilities"][rows] = 3
    store.columns["flags"][rows] = [PREDICTION, LABEL, PREDICTION | LABEL | COUNTED | UNINDEXED]
    other = LabelStore(EIGHT, 2, probabilities=True)
    other.restore(store.snapshot())
    assert other.find(_keys(5, 6, 7, 8)).tolist() == [0, 1, -1, -1]
    assert other.dead == 1
    assert other.columns["probabilities"][:3].tolist() == [[3] * 8] * 3
    foreign = LabelStore(BINARY, 10)
    foreign.append(_keys(1))
    with pytest.raises(StateError, match="another column"):
        foreign.restore(LabelStore(REGRESSION, 10).snapshot())
    assert foreign.size == 0
