from __future__ import annotations

import attrs
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from model_drift_exporter.models.learner import Learner
from model_drift_exporter.records.batches import NO_POSITIONS, LabelBatch, ModelBatch
from tests.sections import build_settings
from tests.support.prediction_log import START, batch_of, make_rows


def _add(buffer: Learner, size: int, labels: LabelBatch | None = None) -> None:
    records = batch_of(make_rows(size, seed=buffer.records)) if size else None
    buffer.add(ModelBatch(records, labels, NO_POSITIONS, START))


@pytest.mark.slow
@given(st.lists(st.integers(1, 60), min_size=1, max_size=8))
def test_a_reference_is_learned_from_exactly_the_first_records(sizes: list[int]) -> None:
    """However they came in batches; all that was kept comes back in order."""
    rows = make_rows(500, seed=4)
    buffer, whole = Learner(150), Learner(150)
    whole.add(ModelBatch(batch_of(rows[:150]), None, NO_POSITIONS, START))
    first = 0
    for size in [*sizes, *[60] * 3]:
        buffer.add(ModelBatch(batch_of(rows[first : first + size]), None, NO_POSITIONS, START))
        first += size
        if buffer.full:
            break
    assert buffer.full
    settings = build_settings()
    assert buffer.learn("m", settings).fingerprint == whole.learn("m", settings).fingerprint
    assert sum(batch.size for batch in buffer.drain()) == min(first, 500)
    assert (buffer.records, buffer.drain()) == (0, [])


def test_labels_are_kept_within_a_bound() -> None:
    """The first ten a record wanted, ten thousand at least, however they came; records are kept all the same."""
    buffer = Learner(100)
    for _ in range(4):
        _add(buffer, 10, LabelBatch.of(4_000, label=[*range(4_000)]))
    labels = [batch.labels for batch in buffer.batches]
    assert [None if each is None else [*each.labels] for each in labels] == [
        [*range(4_000)],
        [*range(4_000)],
        [*range(2_000)],
        None,
    ]
    assert buffer.records == 40


def test_it_knows_the_predictions_that_it_keeps() -> None:
    """By their identifiers, as texts; before and after a snapshot."""
    buffer, kept = Learner(100), Learner(100)
    _add(buffer, 3)
    kept.restore(buffer.snapshot())
    for each in (buffer, kept):
        assert each.knows(LabelBatch.of(3, id=["0-0", "0-9", None], label=[1, 1, 1])).tolist() == [
            True,
            False,
            False,
        ]
        assert not np.any(each.knows(LabelBatch.of(1, label=[1])))
    assert (kept.records, kept.full) == (3, False)


def test_rejected_lines_are_kept_within_a_bound() -> None:
    """Garbage that comes while a model learns does not fill the memory, nor the snapshot."""
    buffer = Learner(100)
    for start in range(0, 300_000, 10_000):
        buffer.add(ModelBatch(None, None, np.arange(start, start + 10_000), 0.0))
    assert sum(len(batch.rejected) for batch in buffer.batches) == 100_000
    assert len(buffer.batches) == 10
    buffer.drain()
    buffer.add(ModelBatch(None, None, np.arange(5), 0.0))
    assert [len(batch.rejected) for batch in buffer.batches] == [5]


def test_a_learned_reference_knows_how_many_lines_were_no_records() -> None:
    """A log that always has other lines in it is not broken; lines behind the last record learned from are not in it."""
    rows = make_rows(200)
    buffer = Learner(180)
    first, second = batch_of(rows[:150]), batch_of(rows[150:])
    buffer.add(ModelBatch(attrs.evolve(first, position=np.arange(150)), None, np.arange(150, 170), START))
    buffer.add(ModelBatch(attrs.evolve(second, position=np.arange(170, 220)), None, np.arange(220, 230), START))
    profile = buffer.learn("m", build_settings())
    assert (profile.rows, profile.lines, profile.rejected_lines) == (180, 200, 20)
