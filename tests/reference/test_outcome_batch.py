"""What outcomes of a reference look like."""

from __future__ import annotations

import attrs
import msgspec

from model_drift_exporter.reference.outcome_batch import OutcomeLayout
from tests.support.prediction_log import batch_of, make_rows, profile_of


def test_the_layout_of_a_classifier() -> None:
    """Classes in the order of the reference, the positive one among them, and the bins of the score."""
    reference = profile_of([batch_of(make_rows(300))])
    layout = OutcomeLayout.of(reference)
    column = reference.column("score")
    assert column is not None
    assert layout.classification
    assert layout.classes == tuple(reference.classes)
    assert layout.positive is not None
    assert layout.classes[layout.positive] == reference.positive_class == "yes"
    assert layout.score_bins == len(column.counts)


def test_the_layout_of_a_regression() -> None:
    """There are no classes, and without a score no bins of it."""
    rows = make_rows(300)
    for position, row in enumerate(rows):
        del row["score"]
        row["prediction"] = position / 7
    reference = profile_of([batch_of(rows)])
    assert attrs.astuple(OutcomeLayout.of(reference)) == (False, (), None, 0)


def test_a_positive_class_that_is_rare_is_none() -> None:
    """Where the reference left it out of its classes."""
    reference = msgspec.structs.replace(profile_of([batch_of(make_rows(300))]), positive_class="never")
    assert OutcomeLayout.of(reference).positive is None
