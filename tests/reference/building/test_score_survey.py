from __future__ import annotations

import math

import numpy as np
import pytest

from model_drift_exporter.records.batches import RecordBatch
from model_drift_exporter.reference.building.score_survey import ScoreSurvey
from model_drift_exporter.reference.class_column import ClassColumn


def _surveyed(
    scores: list[object], classes: tuple[str, ...] = (), predictions: list[str | None] | None = None
) -> ScoreSurvey:
    survey = ScoreSurvey(classes)
    survey.observe(
        RecordBatch.of(len(scores), {}, scores=scores), ClassColumn.of(predictions or [None] * len(scores), text=False)
    )
    return survey


_PAIRS: list[object] = [[0.9, 0.1], [0.6, 0.4], [0.7, 0.3]]


def test_lists_of_two_are_known_at_both_positions() -> None:
    """Which of two is the positive class shows after the survey, so the score of either can be had."""
    survey = _surveyed(_PAIRS)
    first, second = (survey.read(["no", "yes"], position) for position in (0, 1))
    assert (first.minimum, first.maximum) == (0.6, 0.9)
    assert (second.minimum, second.maximum) == (0.1, 0.4)
    assert second.edges()[-1] == 0.4


def test_objects_of_two_are_known_by_either_key() -> None:
    """The same for objects, in whatever order the keys come."""
    survey = _surveyed([{"yes": 0.1, "no": 0.9}, {"no": 0.6, "yes": 0.4}])
    assert survey.read(["no", "yes"], 0).minimum == 0.6
    assert survey.read(["no", "yes"], 1).minimum == 0.1


def test_of_more_classes_the_top_one_counts() -> None:
    """For lists and objects; missing entries do not count, and rows with wrong ones neither."""
    lists = _surveyed([[0.2, 0.3, 0.5], [0.7, None, 0.1], [None, None, None], [0.1, "0.9", 0.9]])
    assert (lists.read([*"abc"], 1).minimum, lists.read([*"abc"], 1).maximum) == (0.5, 0.7)
    objects = _surveyed([{"a": 0.2, "b": 0.3, "c": 0.5}, {"a": 0.7, "b": math.nan, "c": True}, {}, {"a": None}])
    assert (objects.read([*"abc"], 1).minimum, objects.read([*"abc"], 1).maximum) == (0.5, 0.7)


def test_lists_of_another_length_are_apart() -> None:
    """The usual length is the most frequent one; a longer list does not reach the score of two classes."""
    survey = _surveyed([*_PAIRS, [0.1, 0.95, 0.7], [], [1.0]])
    assert survey.width == 2
    assert survey.read(["no", "yes"], 1).maximum == 0.4
    assert ScoreSurvey().width == 0


def test_keys_with_numbers_are_reported() -> None:
    """A text beside the numbers is no class."""
    survey = ScoreSurvey()
    batch = RecordBatch.of(2, {}, scores=[{"a": 0.5, "model": "m7"}, {"a": 10**400, "b": 0.5}])
    assert survey.observe(batch, ClassColumn.without(2)) == {"a": 2, "b": 1}
    assert survey.exists


def test_configured_classes_are_the_only_ones() -> None:
    """Other keys neither count nor reach the top."""
    survey = ScoreSurvey(("a", "b", "c"))
    assert survey.observe(RecordBatch.of(1, {}, scores=[{"a": 0.5, "x": 0.9}]), ClassColumn.without(1)) == {"a": 1}
    assert survey.read(["a", "b", "c"], 1).maximum == 0.5


def test_single_scores_and_scores_by_class_together() -> None:
    """One record may have a number and the next one a list: both are scores, a number beside a list is not."""
    survey = ScoreSurvey()
    batch = RecordBatch.of(3, {}, score=[0.05, 0.99, None], scores=[None, [0.8, 0.2], [0.7, 0.3]])
    survey.observe(batch, ClassColumn.of(["no", "no", "yes"], text=False))
    found = survey.read(["no", "yes"], 1)
    assert (found.minimum, found.maximum) == (0.05, 0.3)
    assert found.predicted["no"].mean == pytest.approx(0.125)
    assert (found.predicted["no"].lowest, found.predicted["no"].highest) == (0.05, 0.2)
    assert found.predicted["yes"].count == 1


def test_without_scores_there_is_none() -> None:
    """Neither lists without numbers nor texts are scores."""
    survey = _surveyed([[None, None], "0.5", None])
    assert not survey.exists
    assert not survey.read(["a", "b"], 1).exists


def test_values_far_out_are_counted() -> None:
    """One wild score among ordinary ones."""
    survey = ScoreSurvey()
    scores = [*np.random.default_rng(0).normal(size=500).tolist(), 1e300]
    survey.observe(RecordBatch.of(501, {}, score=scores), ClassColumn.without(501))
    assert survey.single.far_out == 1
