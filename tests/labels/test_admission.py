from __future__ import annotations

import numpy as np
import pytest

from model_drift_exporter.labels.admission import Admission
from model_drift_exporter.labels.clock import FlowTimes
from model_drift_exporter.labels.evaluability import LabelHealth
from model_drift_exporter.labels.events import EventReader
from model_drift_exporter.labels.hashing import hash_identifiers, keys_of
from model_drift_exporter.labels.options import LabelOptions
from model_drift_exporter.labels.sample import Sample
from model_drift_exporter.records.batches import LabelBatch
from model_drift_exporter.reference.outcomes import OutcomeLayout
from tests.labels.streams import labelled_reference, prediction
from tests.monitors.observing import coded, context_of

REFERENCE = labelled_reference()
CONTEXT = context_of(REFERENCE)
LAYOUT = OutcomeLayout.of(REFERENCE)


def _admission(halvings: int = 0, watermark: float = -np.inf) -> Admission:
    sample = Sample(LabelOptions())
    sample.restore({"halvings": halvings, "watermark": watermark, "looked": 0.0, "swept": 0.0})
    return Admission("m", "not_a_class", sample, LabelHealth(REFERENCE, LAYOUT, LabelOptions()))


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
    labels = LabelBatch(6, None, [kept, None, kept, kept, kept, other], None, values)
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
