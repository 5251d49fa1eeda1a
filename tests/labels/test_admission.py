from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from model_drift_exporter.joining.keys import keys_of
from model_drift_exporter.labels.admission import Admission, Sample
from model_drift_exporter.labels.evaluability import LabelHealth
from model_drift_exporter.labels.events import EventReader
from model_drift_exporter.labels.join import JoinTally
from model_drift_exporter.labels.label_clock import FlowTimes
from model_drift_exporter.labels.label_store import COUNTED, LABEL, PREDICTION, UNINDEXED, LabelStore
from model_drift_exporter.records.batches import LabelBatch
from model_drift_exporter.records.identifiers import hash_identifiers
from model_drift_exporter.reference.outcome_batch import OutcomeLayout
from tests.sections import label_settings
from tests.support.label_streams import labelled_reference, prediction
from tests.support.monitor_context import coded, context_of

REFERENCE = labelled_reference()
CONTEXT = context_of(REFERENCE)
LAYOUT = OutcomeLayout.of(REFERENCE)


def _admission(halvings: int = 0, watermark: float = -np.inf) -> Admission:
    sample = Sample(label_settings())
    sample.restore({"halvings": halvings, "watermark": watermark, "looked": 0.0, "swept": 0.0})
    return Admission("m", "not_a_class", sample, LabelHealth(REFERENCE, LAYOUT, label_settings()))


def _in_sample(halvings: int) -> tuple[str, str]:
    """An identifier that is in the sample, and one that is not."""
    names = [f"n{index}" for index in range(200)]
    low = keys_of("m", hash_identifiers(names)[0]) < np.uint64(1 << (64 - halvings))
    return names[int(low.argmax())], names[int((~low).argmax())]


def _times(size: int) -> FlowTimes:
    moment = np.full(size, 10.0)
    return FlowTimes(moment, moment, moment, np.zeros(size, dtype=np.bool_), {})


def test_each_label_is_let_in_or_counted() -> None:
    """One reason for each that is not used; those of unseen classes are used and counted too."""
    kept, other = _in_sample(3)
    values: list[object] = ["yes", "yes", None, [1], "maybe", "yes"]
    labels = LabelBatch.of(6, id=[kept, None, kept, kept, kept, other], label=values)
    events = EventReader("m", REFERENCE, CONTEXT.binner, LAYOUT).read(None, labels)
    assert events is not None
    admission = _admission(halvings=3)
    admitted, alone = admission.admit(events, _times(6), None, 0)
    assert admitted.tolist() == [True, False, False, False, True, False]
    assert not alone.any()
    reasons = ("no_identifier", "missing", "not_a_class", "unseen_class", "not_in_sample")
    assert +admission.rejected == dict.fromkeys(reasons, 1)


@pytest.mark.parametrize(("maturity", "expected"), [(0.0, True), (60.0, False), (None, False)])
def test_own_labels_outside_of_the_sample_count_where_nothing_waits(maturity: float | None, expected: bool) -> None:
    """Where other labels come late and are sampled, these are sampled the same way."""
    kept, other = _in_sample(3)
    rows = [prediction(kept, 0.0, label="yes"), prediction(other, 0.0, label="yes"), prediction(other, 0.0)]
    events = EventReader("m", REFERENCE, CONTEXT.binner, LAYOUT).read(coded(CONTEXT, rows), None)
    assert events is not None
    admitted, alone = _admission(halvings=3).admit(events, _times(3), maturity, 0)
    assert admitted.tolist() == [True, False, False]
    assert alone.tolist() == [False, expected, False]


def test_what_is_too_old_is_not_kept() -> None:
    """A prediction beyond the horizon counts with its own label only."""
    rows = [prediction("a", 0.0), prediction("b", 0.0, label="yes"), prediction(None, 0.0)]
    events = EventReader("m", REFERENCE, CONTEXT.binner, LAYOUT).read(coded(CONTEXT, rows), None)
    assert events is not None
    admission = _admission(watermark=11.0)
    admitted, alone = admission.admit(events, _times(3), None, 0)
    assert not admitted.any()
    assert alone.tolist() == [False, True, False]
    assert admission.unidentified == 1


SAMPLE_LAYOUT = OutcomeLayout(classification=True, classes=("no", "yes"), positive=1, score_bins=0)
_RANDOM = np.random.default_rng(3)


def _fill(store: LabelStore, count: int, *, time: float = 0.0, flags: int = PREDICTION) -> np.ndarray[Any, Any]:
    keys = _RANDOM.integers(0, 2**64, count, dtype=np.uint64)
    rows = store.append(keys)
    store.columns["time"][rows], store.columns["flags"][rows] = time, flags
    return keys


def test_a_full_store_keeps_the_low_keys() -> None:
    """The ratio is an exact power of two, the same for every key, and the keys kept are those below it."""
    store, sample = LabelStore(SAMPLE_LAYOUT, 1_000), Sample(label_settings(capacity=1_000))
    keys = _fill(store, 3_000)
    moved = sample.tend(store, 0.0, JoinTally(), labels_seen=True)
    assert moved is not None
    assert sample.ratio == 0.25
    assert sorted(store.columns["key"][: store.size].tolist()) == sorted(key for key in keys.tolist() if key < 2**62)
    assert sample.holds(keys).tolist() == [key < 2**62 for key in keys.tolist()]


def test_room_is_used_again() -> None:
    """Three quarters empty, the ratio doubles, up to everything."""
    store, sample = LabelStore(SAMPLE_LAYOUT, 1_000), Sample(label_settings(capacity=1_000, horizon=100.0))
    _fill(store, 3_000)
    sample.tend(store, 0.0, JoinTally(), labels_seen=True)
    sample.tend(store, 101.0, JoinTally(), labels_seen=True)
    for expected in (0.5, 1.0, 1.0):
        sample.tend(store, 101.0, JoinTally(), labels_seen=True)
        assert (sample.ratio, store.size) == (expected, 0)


def test_the_expired_go_first() -> None:
    """A full store whose entries are too old needs no sample; labels without prediction are counted then."""
    store, sample, tally = (
        LabelStore(SAMPLE_LAYOUT, 100),
        Sample(label_settings(capacity=100, horizon=10.0)),
        JoinTally(),
    )
    sample.tend(store, 100.0, tally, labels_seen=True)
    _fill(store, 70, time=0.0)
    _fill(store, 20, time=0.0, flags=LABEL)
    _fill(store, 10, time=0.0, flags=PREDICTION | LABEL)
    _fill(store, 15, time=95.0)
    sample.tend(store, 100.0, tally, labels_seen=True)
    assert sample.ratio == 1.0
    assert tally.unmatched == 20
    # What is joined and has not counted yet stays.
    assert store.size == 25


def test_what_nothing_can_find_goes_once_it_has_counted() -> None:
    """Such entries do not fill the store, even while nothing expires."""
    store, sample = LabelStore(SAMPLE_LAYOUT, 100_000), Sample(label_settings(capacity=100_000))
    sample.tend(store, 0.0, JoinTally(), labels_seen=True)
    _fill(store, 5_000, flags=PREDICTION | LABEL | UNINDEXED | COUNTED)
    _fill(store, 1)
    store.dead = 5_000
    sample.tend(store, 0.0, JoinTally(), labels_seen=True)
    assert (store.size, store.dead) == (1, 0)


def test_without_labels_little_is_kept() -> None:
    """At most 100,000 predictions wait while no label has come and none is expected."""
    for settings, seen, kept in (
        (label_settings(), False, False),
        (label_settings(expected="no"), False, False),
        (label_settings(expected="yes"), False, True),
        (label_settings(), True, True),
    ):
        store, sample = LabelStore(SAMPLE_LAYOUT, 1_000_000), Sample(settings)
        _fill(store, 100_001)
        sample.tend(store, 0.0, JoinTally(), labels_seen=seen)
        assert (store.size == 100_001) is kept
        assert store.size > 40_000


def test_a_snapshot_goes_on() -> None:
    """The ratio and what has expired survive."""
    store, sample = LabelStore(SAMPLE_LAYOUT, 10), Sample(label_settings(capacity=10, horizon=5.0))
    _fill(store, 40, time=100.0)
    for _ in range(2):
        sample.tend(store, 100.0, JoinTally(), labels_seen=True)
    other = Sample(sample.settings)
    other.restore(sample.snapshot())
    assert (other.ratio, other.watermark) == (sample.ratio, 95.0)


def test_a_false_lead_of_the_clock_expires_nothing() -> None:
    """What has expired is asked of the clock twice; put back in between it has lost nothing, and sweeps go on."""
    store, sample = LabelStore(SAMPLE_LAYOUT, 1_000), Sample(label_settings(capacity=1_000, horizon=100.0))
    _fill(store, 50, time=90.0)
    for now in (100.0, 1e9):
        sample.tend(store, now, JoinTally(), labels_seen=True)
    assert (store.size, sample.watermark) == (50, 0.0)
    sample.set_back(101.0)
    for now in (102.0, 103.0, 195.0, 200.0):
        sample.tend(store, now, JoinTally(), labels_seen=True)
        assert store.size == (50 if now < 200 else 0)
    other = Sample(sample.settings)
    other.restore(sample.snapshot())
    assert other.snapshot() == sample.snapshot()


def test_what_lies_in_the_future_expires_too() -> None:
    """Entries of a clock that was put back, and labels of 2099, would stay for ever."""
    store, sample = LabelStore(SAMPLE_LAYOUT, 1_000), Sample(label_settings(capacity=1_000, horizon=100.0))
    _fill(store, 50, time=4e9, flags=LABEL)
    sample.tend(store, -np.inf, JoinTally(), labels_seen=True)
    assert store.size == 50
    for now in (1_000.0, 1_000.0, 90_000.0, 90_000.0):
        assert store.size == 50
        sample.tend(store, now, JoinTally(), labels_seen=True)
    assert store.size == 0
