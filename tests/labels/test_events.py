from __future__ import annotations

import attrs
import numpy as np
import pytest

from model_drift_exporter.labels.events import EventReader, Events
from model_drift_exporter.records.batches import LabelBatch
from model_drift_exporter.reference.outcomes import OutcomeLayout
from tests.labels.streams import labelled_reference, prediction
from tests.monitors.observing import coded, context_of

REFERENCE = labelled_reference()
CONTEXT = context_of(REFERENCE)


def _reader() -> EventReader:
    return EventReader("m", REFERENCE, CONTEXT.binner, OutcomeLayout.of(REFERENCE))


def _read(reader: EventReader, predicted: list[int], labelled: list[int]) -> Events | None:
    """Events of predictions and labels at these lines."""
    batch = None
    if predicted:
        rows = [prediction(f"p{line}", float(line), "yes", score=0.5) for line in predicted]
        batch = attrs.evolve(coded(CONTEXT, rows), line=np.array(predicted))
    labels = LabelBatch(
        len(labelled), None, [f"p{line}" for line in labelled], None, ["no"] * len(labelled), line=labelled
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
    assert events.line.tolist() == line
    assert np.isnan(events.predicted).tolist() == list(map(bool, is_label))
    assert np.isnan(events.label).tolist() == [not each for each in is_label]
    assert (events.score_cell < 0).tolist() == list(map(bool, is_label))


def test_the_last_prediction_is_remembered() -> None:
    """Labels of the next chunk, maybe of another input with lines of its own, still know it."""
    reader = _reader()
    _read(reader, [8], [])
    events = _read(reader, [], [0, 1])
    assert events is not None
    assert events.line.tolist() == [8, 8]
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
    assert events.part(1, 3).line.tolist() == [0, 2]
    assert events.part(1, 3).size == 2
