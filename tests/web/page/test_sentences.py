"""The page's sentences claim what the numbers hold, and no more."""

from __future__ import annotations

import attrs
import pytest

from model_drift_exporter.service.status import ExporterStatus, ModelStatus, WindowStatus
from model_drift_exporter.web.page.page_view import model_view
from model_drift_exporter.web.page.sentences import overall_sentence
from tests.support.page_statuses import NOW, alert, column, exporter, learning_model, model, source


def _plain(text: str) -> str:
    return text.replace("\u202f", " ")


def _overall(status: ExporterStatus, window: str = "1h") -> str:
    views = [model_view(each, window, folded=False, now=NOW) for each in status.models]
    return _plain(overall_sentence(status, [(each.heading, each.sentence) for each in views]))


def _with_columns(*names_and_shifts: tuple[str, str, float], n: int = 12_345) -> ModelStatus:
    columns = tuple(column(name, role=role, shift=shift, n=n) for role, name, shift in names_and_shifts)
    return attrs.evolve(model("churn"), windows=(WindowStatus("1h", n, columns),))


@pytest.mark.parametrize(
    ("columns", "sentence"),
    [
        ([("feature", "a", 0.0), ("feature", "b", 0.0)], "quiet. None of 2 features has moved beyond its noise in the last 1 h."),
        ([("feature", "a", 0.2), ("feature", "b", 0.0)],
         "quiet. 1 of 2 features has moved beyond its noise in the last 1 h, only a little."),
        ([("feature", "a", 0.9), ("feature", "b", 0.2)],
         "moved. 2 of 2 features have moved beyond their noise in the last 1 h, 1 of them far."),
        ([("score", "s", 0.9), ("prediction", "p", 0.9), ("feature", "a", 0.3)],
         "moved. The prediction, the score and 1 of 1 feature have moved beyond their noise in the last 1 h, 2 of them far."),
        ([("score", "s", 0.0)], "quiet. Nothing has moved beyond its noise in the last 1 h."),
    ],
)  # fmt: skip
def test_one_models_state_is_one_sentence(columns: list[tuple[str, str, float]], sentence: str) -> None:
    """The sentence counts what has moved beyond its noise and says how far, never that something is wrong."""
    assert _overall(exporter(_with_columns(*columns))) == f"churn: {sentence}"


def test_several_models_are_counted() -> None:
    """Moved models are named; those without a comparison are not called quiet."""
    status = exporter(model("fraud"), model("churn", shifts=()), learning_model("price"))
    assert _overall(status) == "3 models: 1 has moved (fraud), 1 quiet, 1 with nothing to compare yet."


def test_a_model_with_a_firing_alert_is_not_called_quiet() -> None:
    """Alerts come before movements, pages before tickets; a model that is firing is counted as that alone."""
    firing = (alert("ModelConceptDrift", severity="ticket"), alert("ModelLossIncreased", severity="page"))
    quiet = attrs.evolve(
        _with_columns(("feature", "a", 0.0)), alerts=(*firing, alert("ModelInputBroken", active=False))
    )
    words = "None of 1 feature has moved beyond its noise in the last 1 h."
    state = f"firing. ModelLossIncreased (page), ModelConceptDrift (ticket). {words}"
    assert _overall(exporter(quiet)) == f"churn: {state}"
    status = exporter(attrs.evolve(model("fraud"), alerts=firing[:1]), quiet, model("price"), model("m", shifts=()))
    assert _overall(status) == "4 models: 2 have alerts firing (fraud, churn), 1 has moved (price), 1 quiet."
    assert _overall(exporter(quiet, model("m", shifts=()))) == "2 models: 1 has alerts firing (churn), 1 quiet."


@pytest.mark.parametrize(
    ("status", "sentence"),
    [
        (exporter(inputs=()), "No input is configured."),
        (exporter(inputs=(source("a", up=False), source("b"))), "1 of 2 inputs cannot be read."),
        (exporter(), "Waiting for the first record."),
        (exporter(learning_model("m")), "m: learning its reference, 1 840 of 5 000 records so far."),
        (exporter(model("m", records=0, counts=(0, 0, 0))), "m: no record yet."),
        (exporter(model("m", counts=(0, 5, 5))), "m: no record in the last 1 h."),
    ],
)
def test_empty_states_say_what_is_going_on(status: ExporterStatus, sentence: str) -> None:
    """Nothing to show is never an empty page."""
    assert _overall(status) == sentence


def test_the_furthest_column_is_named_with_its_numbers() -> None:
    """A feature by its name, the prediction as what it is; nothing where nothing has moved."""
    said = [
        model_view(_with_columns(*columns), "1h", folded=False, now=NOW).detail
        for columns in ([("feature", "a", 0.9), ("feature", "b", 0.3)], [("score", "s", 0.9)], [("feature", "a", 0.0)])
    ]
    assert said[0].startswith("Furthest: a, PSI 0.642 (noise floor 0.0017")
    assert said[1].startswith("the score, PSI 0.642")
    assert said[2] == ""


def test_learning_says_how_long_it_will_take() -> None:
    """3,160 records at 79 a second are 40 seconds."""
    view = model_view(learning_model(), "", folded=False, now=NOW)
    assert "about 40\u202fs more" in view.notice
    assert "--reference" in view.advice
    assert not view.features


def test_small_windows_carry_a_caution() -> None:
    """With 60 records no small move can be seen, and the page says so; with 12,345 it does not."""
    assert "With 60 records" in model_view(model(counts=(60, 60, 60)), "1h", folded=False, now=NOW).caution.replace(
        "\u202f", " "
    )
    assert model_view(model(), "1h", folded=False, now=NOW).caution == ""
