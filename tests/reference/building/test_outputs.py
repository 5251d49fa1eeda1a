from __future__ import annotations

from collections.abc import Sequence

import pytest

from model_drift_exporter.records.batches import RecordBatch
from model_drift_exporter.reference.building.outputs import (
    ClassNames,
    NameTally,
    OutputsSurvey,
    class_order,
    select_classes,
)
from model_drift_exporter.reference.class_column import ClassColumn


def _survey(
    prediction: list[object] | None = None,
    score: list[object] | None = None,
    scores: list[object] | None = None,
    label: list[object] | None = None,
    *,
    text: bool = False,
    survey: OutputsSurvey | None = None,
) -> OutputsSurvey:
    survey = survey or OutputsSurvey()
    size = len(prediction or score or scores or label or [])
    survey.observe(
        RecordBatch.of(
            size=size, features={}, prediction=prediction, score=score, scores=scores, label=label, text=text
        )
    )
    return survey


@pytest.mark.parametrize(
    ("prediction", "task"),
    [
        (["a", "b"], "classification"),
        ([True, False], "classification"),
        ([float(value) for value in range(20)], "classification"),
        ([float(value) for value in range(21)], "regression"),
        ([1.5, 2.5], "regression"),
        ([1.5, 2.5, 3.5, "failed"], "regression"),
        ([None, None], "classification"),
    ],
)
def test_task_by_predictions(prediction: list[object], task: str) -> None:
    """Strings, bools and at most twenty whole numbers are classes; other numbers are a regression, a stray text or not."""
    assert _survey(prediction).task == task


def test_a_score_means_classification() -> None:
    """Predictions that look like a regression's are classes where there is a score."""
    assert _survey([1.5, 2.5], [0.1, 0.9]).task == "classification"
    assert _survey([1.5, 2.5], [None, None]).task == "regression"


@pytest.mark.parametrize(("cells", "task"), [(["1.5", "2.25", ""], "regression"), (["1", "0", ""], "classification")])
def test_task_of_a_csv(cells: list[object], task: str) -> None:
    """Text that reads as numbers counts as numbers."""
    assert _survey(cells, text=True).task == task


def test_positive_class_has_the_higher_scores() -> None:
    """Of two classes the positive one is that predicted at the higher mean score, whatever the names say."""
    survey = _survey(["yes", "no", "yes", "no"], [0.1, 0.9, 0.2, 0.8])
    assert survey.classes == ["no", "yes"]
    assert survey.positive_class == "no"


def test_names_of_classes_do_not_decide_on_a_single_score() -> None:
    """Configured classes name lists of scores; a single score still belongs to the class with higher scores."""
    survey = _survey(["bad", "good"], [0.1, 0.9], survey=OutputsSurvey(("good", "bad")))
    assert survey.positive_class == "good"


def test_threshold_lies_between_the_classes() -> None:
    """The decision threshold is where the predictions change; 0.5 where that is possible, or where they overlap."""
    assert _survey(["n", "n", "y", "y"], [0.1, 0.2, 0.3, 0.9]).threshold == pytest.approx(0.25)
    assert _survey(["n", "y"], [0.2, 0.9]).threshold == 0.5
    assert _survey(["n", "y", "n", "y"], [0.1, 0.2, 0.3, 0.9]).threshold == 0.5


def test_one_class_predicted_and_another_labelled() -> None:
    """A model that always says no still has two classes, and the score is that of the other one."""
    survey = _survey(["no"] * 3, [0.1, 0.2, 0.1], label=["no", "yes", "no"])
    assert survey.classes == ["no", "yes"]
    assert survey.positive_class == "yes"


def test_classes_come_from_scores_by_name() -> None:
    """Keys of scores are classes, in their order; with more than two there is no positive one."""
    survey = _survey(["a", "b"], scores=[{"b": 0.2, "a": 0.8}, {"b": 0.5, "a": 0.3, "c": 0.2}])
    assert survey.classes == ["a", "b", "c"]
    assert survey.positive_class == ""
    assert survey.probability


def test_classes_of_later_batches_count_too() -> None:
    """A class that is first scored in a later batch is a class like all others."""
    whole = _survey(["b", "a"], scores=[{"b": 0.6, "a": 0.3, "d": 0.1}, {"a": 0.5, "c": 0.3, "e": 0.2}])
    parts = _survey(["b"], scores=[{"b": 0.6, "a": 0.3, "d": 0.1}])
    _survey(["a"], scores=[{"a": 0.5, "c": 0.3, "e": 0.2}], survey=parts)
    assert parts.classes == whole.classes == ["a", "b", "c", "d", "e"]


def test_classes_of_lists_are_positions() -> None:
    """Scores as lists name classes by position, and the positive one of two is 1."""
    survey = _survey([0, 1], scores=[[0.9, 0.1], [0.2, 0.8]])
    assert survey.classes == ["0", "1"]
    assert survey.positive_class == "1"


def test_scores_beyond_one_are_no_probabilities() -> None:
    """Raw margins are a score, but say nothing of confidence."""
    survey = _survey(["a", "b"], [-2.0, 3.5])
    assert survey.score.exists
    assert not survey.probability


def test_class_names_that_no_label_can_hold_are_left_out() -> None:
    """Half a surrogate pair as a class does no harm."""
    assert _survey(["\ud800", "a", "b"]).classes == ["a", "b"]


def test_numbered_classes_are_in_numeric_order() -> None:
    """Classes 2 and 10 are not ordered as text."""
    assert _survey([10, 2, 1]).classes == ["1", "2", "10"]


def test_probabilities_without_names_belong_to_the_sorted_classes() -> None:
    """As scikit-learn orders them; positions are names only where no others are known."""
    survey = _survey(["no", "yes", "no"], scores=[[0.9, 0.1], [0.2, 0.8], [0.7, 0.3]])
    assert survey.classes == ["no", "yes"]
    assert survey.positive_class == "yes"
    numbered = _survey([0, 1], scores=[[0.9, 0.1], [0.2, 0.8]])
    assert numbered.classes == ["0", "1"]
    assert numbered.positive_class == "1"


def test_lists_belong_to_the_class_named_positive() -> None:
    """With the positive class named, and first of the two, its score is that at its own position."""
    survey = _survey(["no", "yes", "no"], scores=[[0.9, 0.1], [0.2, 0.8], [0.7, 0.3]], survey=OutputsSurvey((), "no"))
    assert survey.positive_class == "no"
    assert (survey.score.minimum, survey.score.maximum) == (0.2, 0.9)
    assert survey.threshold == 0.5
    by_position = _survey(["no", "yes"], scores=[[0.9, 0.1], [0.2, 0.8]], survey=OutputsSurvey((), "0"))
    assert by_position.positive_class == "no"
    assert by_position.score.maximum == 0.9


def test_the_positive_class_need_not_be_predicted() -> None:
    """A model that never says yes has the configured class all the same, and lists are of both."""
    survey = _survey(["no"] * 3, scores=[[0.9, 0.1], [0.8, 0.2], [0.7, 0.3]], survey=OutputsSurvey((), "yes"))
    assert survey.classes == survey.scored_classes == ["no", "yes"]
    assert survey.score.maximum == 0.3


def test_lists_that_fit_no_names_are_of_positions() -> None:
    """More names than positions are classes of predictions; the scores are read by position, and are no losses of names."""
    survey = _survey(["a", "b", "unknown"], scores=[[0.9, 0.1], [0.2, 0.8], [0.5, 0.5]])
    assert survey.classes == ["a", "b", "unknown"]
    assert survey.scored_classes == ["0", "1"]
    assert survey.score.maximum == 0.8


def test_positions_are_classes_where_predictions_are_some_of_them() -> None:
    """A model of four numbered classes that predicts two of them so far."""
    survey = _survey([0, 3], scores=[[0.7, 0.1, 0.1, 0.1], [0.1, 0.1, 0.2, 0.6]])
    assert survey.classes == survey.scored_classes == ["0", "1", "2", "3"]


def test_scores_of_a_thousand_classes() -> None:
    """A hundred classes have a bin, the scores of all are read."""
    row: list[object] = [0.0] * 1_000
    survey = _survey([999.0, 7.0], scores=[[*row[:-1], 1.0], [*row[:7], 1.0, *row[8:]]])
    assert len(survey.scored_classes) == 1_000
    assert len(survey.classes) == 100
    assert {"7", "999"} <= {*survey.classes}


def test_a_rare_wrong_shape_is_no_class() -> None:
    """One list of three among lists of two neither adds a class nor a score."""
    survey = _survey(["a", "b", "b"], scores=[[0.9, 0.1], [0.2, 0.8], [0.1, 0.05, 0.85]])
    assert survey.classes == ["a", "b"]
    assert survey.score.minimum == 0.1


def test_an_empty_text_is_a_class_in_json_only() -> None:
    """In CSV an empty cell is missing."""
    assert _survey(["", "spam"]).classes == ["", "spam"]
    assert _survey(["", "spam"], text=True).classes == ["spam"]


def test_one_off_predictions_are_named_in_no_class() -> None:
    """The classes stay empty, a score is still that of two classes, and the warning says what to set."""
    survey = _survey([f"order {index}" for index in range(50)], [index / 50 for index in range(50)])
    assert survey.classes == []
    assert survey.score.exists
    assert [text.split(":")[0] for text in survey.warnings] == ["prediction"]
    assert "looks like an identifier" in survey.warnings[0]
    assert "order" not in survey.warnings[0]


def test_one_off_predictions_do_not_name_positions() -> None:
    """As many one-off texts as there are scores in a list are not their names."""
    scores: list[object] = [[index / 12 for index in range(12)]] * 12
    survey = _survey([f"order {index}" for index in range(12)], scores=scores)
    assert survey.scored_classes == [str(position) for position in range(12)]
    assert not {name for name in survey.classes if name.startswith("order")}


def test_garbage_among_two_classes() -> None:
    """Rare texts are left out with a warning, and the two classes that remain are told apart by their scores."""
    predictions: list[object] = [*(f"error {index}" for index in range(30)), *["yes", "no"] * 40]
    survey = _survey(predictions, [*[0.5] * 30, *[0.2, 0.8] * 40])
    assert survey.classes == ["no", "yes"]
    assert survey.positive_class == "no"
    assert len(survey.warnings) == 1
    assert "30 different values" in survey.warnings[0]
    assert _survey(["yes", "no"]).warnings == []


def _tally(names: Sequence[str | None]) -> NameTally:
    tally = NameTally()
    tally.add(ClassColumn.of(names, text=False).counts(), len(names))
    return tally


def _select(
    predicted: Sequence[str | None],
    labelled: Sequence[str | None] = (),
    scored: Sequence[str] = (),
    named: Sequence[str] = (),
) -> ClassNames:
    return select_classes(_tally(predicted), _tally(labelled), _tally(scored), named=named, minimum_count=10)


def _numbered(count: int, times: int = 1) -> list[str]:
    return [f"c{index:03d}" for index in range(count)] * times


def test_few_classes_are_kept_however_rare() -> None:
    """Up to twenty different names are classes, also one that was seen once."""
    found = _select([*_numbered(19, 5), "rare"])
    assert set(found.counts) == {*_numbered(19), "rare"}
    assert found.left_out == 0


def test_of_many_classes_the_rare_ones_are_left_out() -> None:
    """With more than twenty names those predicted or labelled less than the minimum together are no classes."""
    found = _select([*_numbered(25, 12), "once", *["nine"] * 9, *["both"] * 6], [*["both"] * 4, "twice", "twice"])
    assert set(found.counts) == {*_numbered(25), "both"}
    assert found.left_out == 3
    assert not found.identifier


def test_at_most_a_hundred_classes() -> None:
    """The most frequent ones are kept."""
    found = _select(_numbered(120, 10) + _numbered(120)[20:])
    assert set(found.counts) == {*_numbered(120)[20:]}
    assert found.left_out == 20


def test_classes_named_by_the_user_are_kept() -> None:
    """Whatever their count, also where predictions look like identifiers, and they do not crowd out others."""
    assert set(_select([*_numbered(30, 10), "rare"], named=["rare", "never"]).counts) == {
        *_numbered(30),
        "rare",
        "never",
    }
    assert set(_select(_numbered(200), named=["c007"]).counts) == {"c007"}


@pytest.mark.parametrize(("rows", "kept"), [(9, True), (10, False), (15, False), (500, False)])
def test_one_off_texts_are_no_classes(rows: int, kept: bool) -> None:
    """Where (nearly) every prediction is a new text none is a class; of fewer than ten rows nobody can tell."""
    texts = [f"order {index} for MR SECRET" for index in range(rows)]
    found = _select(texts, texts[:5])
    assert bool(found.counts) == kept
    assert found.identifier != kept


def test_nearly_every_text_new_is_nine_in_ten() -> None:
    """A few repeated texts do not make classes of the others; many do."""
    assert _select([*_numbered(18), "c000", "c001"]).identifier
    assert not _select([*_numbered(17), "c000", "c001", "c002"]).identifier


def test_labels_and_scores_that_look_like_identifiers_add_no_class() -> None:
    """Free text as a label, or ids as keys of scores, stay out; the predictions are classes all the same."""
    texts = [f"note {index}" for index in range(12)]
    for found in (_select(["yes", "no"] * 6, labelled=texts), _select(["yes", "no"] * 6, scored=texts)):
        assert set(found.counts) == {"yes", "no"}
        assert found.left_out == 12
        assert not found.identifier


def test_names_that_no_label_can_hold_are_not_counted() -> None:
    """Neither half a surrogate pair nor nothing; the empty text is a name."""
    assert dict(_tally(["\ud800", None, "", "a"]).counts) == {"": 1, "a": 1}


def test_memory_is_bounded() -> None:
    """Beyond 20,000 different names new ones are taken for different, known ones go on being counted."""
    tally = _tally(_numbered(20_000))
    tally.add({"new": 1, "newer": 1, "c000": 1}, 3)
    assert (len(tally.counts), len(tally), tally.counts["c000"]) == (20_000, 20_002, 2)
    assert tally.identifier


def test_numbers_come_first_and_by_size() -> None:
    """Classes 2 and 10 are not ordered as text."""
    assert sorted(["b", "10", "2", "a", "-1"], key=class_order) == ["2", "10", "-1", "a", "b"]
