from __future__ import annotations

import math
from typing import Any

import msgspec
import pytest

from model_drift_exporter.commands.reference_cost import ReferenceCost, reference_cost
from model_drift_exporter.configuration.settings import EvidenceSettings, Settings
from model_drift_exporter.monitors.loss import LossSettings
from model_drift_exporter.reference.profile import LossSummary, OutcomeSummary, ReferenceProfile
from model_drift_exporter.settings.values import parse_budget
from tests.evidence.streams import profile

_DAY = 86_400.0
_SHIFT = "a shift by half a standard deviation would take "


def labelled(error: float = 0.1, rows: int = 10_000, *, effect: float = 1.0, **changes: Any) -> ReferenceProfile:
    """A reference whose labelled rows have this error rate and design effect."""
    deviation = math.sqrt(error * (1 - error))
    loss = LossSummary(mean=error, standard_deviation=deviation, rows=rows, design_effect=effect)
    outcomes = OutcomeSummary(rows=rows, loss=loss, class_rows={"no": rows // 2, "yes": rows - rows // 2})
    return msgspec.structs.replace(profile(2, rows=rows), classes=["no", "yes"], outcomes=outcomes, **changes)


def over(days: float, reference: ReferenceProfile) -> ReferenceProfile:
    """The reference with times."""
    return msgspec.structs.replace(reference, first_time=0.0, last_time=days * _DAY)


def dependent(reference: ReferenceProfile, effects: list[float]) -> ReferenceProfile:
    """With other design effects of its first columns."""
    columns = [
        msgspec.structs.replace(column, design_effect=effect)
        for column, effect in zip(reference.columns, effects, strict=False)
    ]
    return msgspec.structs.replace(reference, columns=[*columns, *reference.columns[len(columns) :]])


def cost_of(reference: ReferenceProfile) -> ReferenceCost:
    return reference_cost(reference, Settings())


def test_a_good_reference_says_how_long_changes_take() -> None:
    """No warning; what a larger one would bring is said where it is worth a word."""
    cost = cost_of(labelled())
    assert cost.warnings == []
    loss, shift = cost.sentences
    assert loss == (
        "a doubled error (20 %) would page after about 640 labels; with a reference of ten times the rows after about 560"
    )
    assert shift.startswith(_SHIFT + "about ")
    assert shift.endswith(" records in n0; a reference of ten times the rows would hardly be sooner")


def test_two_days_with_dependence_are_warned_of_beside_thirty() -> None:
    """What a doubled error and shifts cost, and that two days do not know what they show."""
    cost = cost_of(over(2, dependent(labelled(effect=60.0), [300.0, 2.0])))
    assert cost.sentences == []
    loss, shift, rough = cost.warnings
    assert loss.startswith("a doubled error (20 %) would ")
    assert " (about 60 labels count as one); with a reference of 30 days after about " in loss
    assert shift.startswith(_SHIFT + "for ever in n0; with a reference of 30 days ")
    assert rough.startswith("2 days do not show whether rows depend on each other or follow a cycle of the day")


def test_eight_days_know_what_they_show() -> None:
    """Then the numbers are not called rough."""
    warnings = cost_of(over(9, labelled(effect=300.0))).warnings
    assert len(warnings) == 1
    assert "with a reference of 30 days" in warnings[0]


def test_where_time_cannot_help_dependence_is_named() -> None:
    """Thirty days are compared with more rows; a delay that comes from dependence is a warning all the same."""
    (warning,) = cost_of(over(30, labelled(rows=1_000_000, effect=40.0))).warnings
    assert " labels (about 40 labels count as one); a reference of ten times the rows would hardly be sooner" in warning


@pytest.mark.parametrize("error", [0.004, 0.0105])
def test_what_is_tolerated_is_no_matter_of_the_reference(error: float) -> None:
    """An error whose double is within the tolerance would not page after any reference."""
    cost = cost_of(labelled(error, 1_000_000))
    assert cost.warnings == []
    assert (
        any("would not page: so much, or nearly so much, is tolerated" in each for each in cost.sentences)
        or error > 0.01
    )
    tight = Settings(loss=LossSettings(tolerance=0.0))  # type: ignore[call-arg]  # a section of a monitor
    assert "would page after about" in reference_cost(labelled(error, 1_000_000), tight).sentences[0]


def test_at_most_three_features_are_named() -> None:
    """The slowest ones, and how many more there are."""
    reference = profile(6, rows=10_000)
    cost = cost_of(dependent(reference, [400.0, 100.0, 300.0, 1.0, 200.0, 350.0]))
    (warning,) = cost.warnings
    assert warning.count(" records in ") + warning.count("for ever in ") == 3
    assert "n0" in warning
    assert "n3" not in warning
    assert " (2 more are as slow)" in warning


def test_without_labels_or_numbers_there_is_nothing_to_say_of_them() -> None:
    """Neither with too few labels, nor where no error was ever made."""
    for reference in (profile(2), labelled(0.4, 90), labelled(0.0)):
        cost = cost_of(reference)
        (only,) = [*cost.sentences, *cost.warnings]
        assert only.startswith(_SHIFT)
    (only,) = cost_of(msgspec.structs.replace(labelled(), columns=profile(0).columns)).sentences
    assert only.startswith("a doubled error")


def test_a_smaller_budget_takes_longer() -> None:
    """The settings that decide are those of the evidence."""
    strict = Settings(evidence=EvidenceSettings(false_page=parse_budget("1 in 100 years")))
    assert "after about 720 labels" in reference_cost(labelled(), strict).sentences[0]


def test_errors_of_a_regression_become_larger() -> None:
    """They have no rate."""
    loss = LossSummary(mean=0.4, standard_deviation=0.28, rows=10_000)
    outcomes = OutcomeSummary(rows=10_000, loss=loss, error_scale=2.0)
    reference = msgspec.structs.replace(profile(1), task="regression", outcomes=outcomes)
    assert cost_of(reference).sentences[0].startswith("errors twice as large would page after about 1")
