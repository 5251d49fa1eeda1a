from __future__ import annotations

import pytest

from model_drift_exporter.labels.evaluability import NOT_EVALUABLE
from model_drift_exporter.service.status import LabelStatus
from model_drift_exporter.web.page.label_sentence import label_sentence


def _plain(text: str) -> str:
    return text.replace("\u202f", " ")


def _labels(**changes: object) -> LabelStatus:
    values: dict[str, object] = {"seen": True, "joined": 1_200, "waiting": 3, "coverage": (("1d", 0.931),)}
    values |= {"maturity": 7_200.0, "reasons": (), **changes}
    return LabelStatus(**values)  # type: ignore[arg-type]  # test values by field name


def test_labels_are_summed_up_in_a_line() -> None:
    """How many found their prediction, how many predictions have one, and from which age on they count."""
    assert _plain(label_sentence(_labels())) == (
        "1 200 labels joined, 3 waiting for their prediction, 93.1 % of predictions up to 1d old have one, "
        "outcomes count after 2 h."
    )


def test_without_labels_there_is_nothing_to_say() -> None:
    """Unless they are expected; a model may go without any."""
    assert label_sentence(None) == ""
    quiet = _labels(seen=False, joined=0, waiting=0, coverage=(), reasons=("reference_without_labels",))
    assert label_sentence(quiet) == ""
    missed = _labels(seen=False, joined=0, waiting=0, coverage=(), reasons=("no_labels",))
    assert label_sentence(missed).endswith("Not judged by labels: labels are expected, and none has come.")


@pytest.mark.parametrize("reason", NOT_EVALUABLE)
def test_every_reason_has_words(reason: str) -> None:
    """No name of a reason is shown as it is."""
    assert reason not in label_sentence(_labels(reasons=(reason,)))
