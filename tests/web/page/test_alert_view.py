from __future__ import annotations

import pytest

from model_drift_exporter.labels.evaluability import NOT_EVALUABLE
from model_drift_exporter.service.status import LabelStatus
from model_drift_exporter.web.page.alert_view import alert_views, label_sentence
from tests.support.page_statuses import NOW, alert


def _plain(text: str) -> str:
    return text.replace("\u202f", " ")


def test_firing_alerts_are_shown_pages_first() -> None:
    """Within a severity the longest first; what does not fire is not shown."""
    alerts = [
        alert("ModelFeatureDrift", severity="ticket", since=NOW - 900),
        alert("ModelLossIncreased", since=NOW - 60),
        alert("ModelConceptDrift", severity="ticket", active=False),
        alert("ModelInputBroken", since=NOW - 600),
    ]
    views = alert_views(alerts, NOW)
    assert [view.name for view in views] == ["ModelInputBroken", "ModelLossIncreased", "ModelFeatureDrift"]
    assert [_plain(view.since_words) for view in views] == ["10 min ago", "1 min ago", "15 min ago"]


@pytest.mark.parametrize(
    ("certainty", "features", "expected"),
    [
        ("named", ("age",), "About age."),
        ("suspected", ("age", "plan"), "No feature is certain; suspected: age, plan."),
        ("", (), ""),
        ("named", tuple(f"f{index}" for index in range(10)), "About f0, f1, f2, f3, f4, f5, f6, f7 and 2 more."),
    ],
)
def test_features_are_named_as_surely_as_they_are_known(
    certainty: str, features: tuple[str, ...], expected: str
) -> None:
    """A suspicion is called one, and forty names are no sentence."""
    (view,) = alert_views([alert(features=features, certainty=certainty)], NOW)
    assert view.about == expected


def test_evidence_stands_beside_its_threshold() -> None:
    """As powers of ten, with the onset where there is one."""
    (view,) = alert_views([alert(onset=NOW - 7_200)], NOW)
    assert view.evidence == "Evidence 10^8.2, threshold 10^7.0. It began about 2026-01-02 01:03:05 UTC."
    (view,) = alert_views([alert(onset=None)], NOW)
    assert view.evidence.endswith("threshold 10^7.0.")


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
