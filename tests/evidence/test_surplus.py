"""What is no evidence: copies, and what is beyond a usual minute."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from model_drift_exporter.errors import StateError
from model_drift_exporter.evidence.surplus import SurplusRecords
from model_drift_exporter.records.batches import RecordBatch
from model_drift_exporter.reference.binner import Binner
from model_drift_exporter.reference.coded_batch import CodedBatch
from model_drift_exporter.reference.profile import FEATURE, ReferenceProfile, numeric_column
from model_drift_exporter.reference.usual_copies import UsualCopies

_BINNER = Binner(
    ReferenceProfile(model="m", rows=9, task="regression", columns=[numeric_column("x", FEATURE, [0.0, 1.0])])
)
_USUAL = UsualCopies(chance=1e-9)
_DAY = 86_400.0


def _batch(minutes: list[float], values: list[float]) -> CodedBatch:
    records = RecordBatch.of(len(values), {"x": values})
    time = 60.0 * np.array(minutes)
    cells = _BINNER.cells(records)[0]
    timely = np.ones(records.size, dtype=np.bool_)
    return CodedBatch(_BINNER, records.size, cells, time, time, timely, {}, records.position, records)


def _marked(surplus: SurplusRecords, minutes: list[float], values: list[float]) -> tuple[list[int], list[int]]:
    """The places of copies, and of all that is no evidence."""
    batch = surplus.mark(_batch(minutes, values))
    copied, every = ([] if mask is None else np.flatnonzero(mask).tolist() for mask in (batch.copied, batch.surplus))
    return copied, every


def _quiet(days: int) -> tuple[list[float], list[float]]:
    minutes = [*range(0, days * 1_440, 10)]
    return [float(minute) for minute in minutes], [float(minute) for minute in minutes]


def test_a_batch_of_evidence_stays_as_it_is() -> None:
    """And so do its counts, which were made already."""
    batch = _batch([0, 1], [0.25, 0.5])
    surplus = SurplusRecords("m", _BINNER, _USUAL)
    assert surplus.mark(batch) is batch
    empty = _batch([], [])
    assert surplus.mark(empty) is empty


def test_copies_and_bursts_are_no_evidence() -> None:
    """A copy takes no room of its minute."""
    surplus = SurplusRecords("m", _BINNER, _USUAL)
    assert _marked(surplus, *_quiet(2)) == ([], [])
    assert _marked(surplus, [2_881.0] * 6, [0.5, 0.5, 0.5, 0.25, 0.125, 0.0625]) == ([1, 2], [1, 2, 4, 5])


def test_without_what_the_reference_knows_bursts_are_none() -> None:
    """A profile of an earlier version."""
    surplus = SurplusRecords("m", _BINNER, None)
    _marked(surplus, *_quiet(2))
    assert _marked(surplus, [2_881.0] * 4, [0.5] * 4) == ([], [2, 3])


@pytest.mark.parametrize("usual", [_USUAL, None])
def test_it_goes_on_from_a_snapshot(usual: UsualCopies | None) -> None:
    """As if nothing had stopped; a damaged one is an error of the state."""
    old, new = SurplusRecords("m", _BINNER, usual), SurplusRecords("m", _BINNER, usual)
    _marked(old, *_quiet(2))
    _marked(old, [2_881.0] * 2, [0.5, 0.25])
    new.restore(old.snapshot())
    more = [2_881.0] * 3, [0.5, 0.125, 0.75]
    assert _marked(new, *more) == _marked(old, *more)
    damaged: Any
    for damaged in ({}, None, {"minute": {}, "copies": None}):
        with pytest.raises(StateError, match="what is no evidence"):
            new.restore(damaged)
