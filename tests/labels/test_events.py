from __future__ import annotations

import math

import attrs
import numpy as np
import pytest

from model_drift_exporter.labels.events import REJECTED, EventReader, Events, LabelCoder
from model_drift_exporter.records.batches import LabelBatch
from model_drift_exporter.reference.outcome_batch import OutcomeLayout
from tests.support.label_streams import labelled_reference, prediction
from tests.support.monitor_context import coded, context_of

REFERENCE = labelled_reference()
CONTEXT = context_of(REFERENCE)


def _reader() -> EventReader:
    return EventReader("m", REFERENCE, CONTEXT.binner, OutcomeLayout.of(REFERENCE))


def _read(reader: EventReader, predicted: list[int], labelled: list[int]) -> Events | None:
    """Events of predictions and labels at these lines."""
    batch = None
    if predicted:
        rows = [prediction(f"p{line}", float(line), "yes", score=0.5) for line in predicted]
        batch = attrs.evolve(coded(CONTEXT, rows), position=np.array(predicted))
    labels = LabelBatch.of(
        len(labelled), id=[f"p{line}" for line in labelled], label=["no"] * len(labelled), position=labelled
    )
    return reader.read(batch, labels)


@pytest.mark.parametrize(
    ("predicted", "labelled", "is_label", "line"),
    [
        ([0, 2, 5], [1, 3, 4], [0, 1, 0, 1, 1, 0], [0, 0, 2, 2, 2, 5]),
        ([3, 4], [1, 2], [1, 1, 0, 0], [-1, -1, 3, 4]),
        ([7], [], [0], [7]),
        ([], [7], [1], [-1]),
    ],
)
def test_events_come_in_the_order_of_their_lines(
    predicted: list[int], labelled: list[int], is_label: list[int], line: list[int]
) -> None:
    """Each knows the line of the last prediction; labels have no prediction of their own."""
    events = _read(_reader(), predicted, labelled)
    assert events is not None
    assert events.is_label.tolist() == list(map(bool, is_label))
    assert events.position.tolist() == line
    assert np.isnan(events.predicted).tolist() == list(map(bool, is_label))
    assert np.isnan(events.label).tolist() == [not each for each in is_label]
    assert (events.score_cell < 0).tolist() == list(map(bool, is_label))


def test_the_last_prediction_is_remembered() -> None:
    """Labels of the next chunk, maybe of another input with lines of its own, still know it."""
    reader = _reader()
    _read(reader, [8], [])
    events = _read(reader, [], [0, 1])
    assert events is not None
    assert events.position.tolist() == [8, 8]
    assert reader.read(None, None) is None


def test_one_identifier_has_one_key_in_predictions_and_labels() -> None:
    """That is how they find each other."""
    events = _read(_reader(), [0], [0])
    assert events is not None
    assert events.key[0] == events.key[1]
    assert events.identified.all()


def test_a_part_is_cut_from_every_column() -> None:
    """Parts keep the order and lose nothing."""
    events = _read(_reader(), [0, 2], [1])
    assert events is not None
    assert events.part(0, 3) is events
    assert events.part(1, 3).position.tolist() == [0, 2]
    assert events.part(1, 3).size == 2


CLASSES = LabelCoder(OutcomeLayout(classification=True, classes=("0", "1", "yes"), positive=None, score_bins=0))
NUMBERS = LabelCoder(OutcomeLayout(classification=False, classes=(), positive=None, score_bins=0))


def test_classes_are_compared_as_text() -> None:
    """1, 1.0 and "1" are one class; any other name is the position behind the last, and is told."""
    values: list[object] = [1, 1.0, "1", "yes", True, "maybe", 2]
    coded = CLASSES.code(values, text=False)
    assert coded.values.tolist() == [1, 1, 1, 2, 3, 3, 3]
    assert coded.unseen.tolist() == [False] * 4 + [True] * 3
    assert not coded.missing.any()
    assert not coded.unusable.any()


def test_what_is_no_class_is_missing_or_unusable() -> None:
    """Null and NaN are missing, lists and objects are no class; the empty text is a class in JSON only."""
    coded = CLASSES.code([None, math.nan, [1], {}, ""], text=False)
    assert coded.missing.tolist() == [True, True, False, False, False]
    assert coded.unusable.tolist() == [False, False, True, True, False]
    assert coded.unseen.tolist() == [False] * 4 + [True]
    assert CLASSES.code(["", "1"], text=True).missing.tolist() == [True, False]
    assert CLASSES.code(["", "1"], text=False).unseen.tolist() == [True, False]


def test_a_label_of_a_regression_is_a_finite_number() -> None:
    """Texts and infinities are of no use; null and NaN are missing; in CSV numbers are texts."""
    coded = NUMBERS.code([1.5, 2, "3", True, math.inf, None, math.nan, 10**400], text=False)
    assert coded.values.tolist()[:2] == [1.5, 2.0]
    assert coded.unusable.tolist() == [False, False, True, True, True, False, False, True]
    assert coded.missing.tolist() == [False] * 5 + [True, True, False]
    csv = NUMBERS.code(["1.5", "", "n/a", "late"], text=True)
    assert csv.values.tolist()[0] == 1.5
    assert csv.missing.tolist() == [False, True, True, False]
    assert csv.unusable.tolist() == [False, False, False, True]


@pytest.mark.parametrize("coder", [CLASSES, NUMBERS])
def test_the_reason_for_what_is_unusable_is_exported(coder: LabelCoder) -> None:
    """Every reason that can be counted is in the list that is exported from 0."""
    assert coder.unusable in REJECTED
