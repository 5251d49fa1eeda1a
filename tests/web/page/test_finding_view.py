from __future__ import annotations

import pytest

from model_drift_exporter.web.page.finding_view import finding_views
from tests.support.page_statuses import NOW, alert, finding


def _plain(text: str) -> str:
    return text.replace("\u202f", " ")


def test_findings_keep_their_order_and_their_sentences() -> None:
    """They come in the order in which a person should read them; a note is no alert."""
    note = finding("inputs_moved", severity="note", text="The inputs moved.", alert="", since=None, features=())
    views = finding_views([finding(), note], [alert(), alert("ModelConceptDrift", active=False)], NOW)
    assert [(view.kind, view.alert, view.text) for view in views] == [
        ("input_broken", "ModelInputBroken", finding().text),
        ("inputs_moved", "", "The inputs moved."),
    ]
    assert (views[1].since, views[1].fired, views[1].evidence, views[1].about) == (None, None, "", "")


def test_an_alert_has_its_onset_its_time_and_its_evidence() -> None:
    """Since when it has lasted, when it fired, and how sure that is, as powers of ten beside the threshold."""
    (view,) = finding_views([finding()], [alert()], NOW)
    assert view.since is not None
    assert view.fired is not None
    assert (view.since.time, _plain(view.since.words)) == ("2026-01-02 02:48:05 UTC", "15 min ago")
    assert (view.fired.time, _plain(view.fired.words)) == ("2026-01-02 02:58:05 UTC", "5 min ago")
    assert view.evidence == "evidence 10^8.2, threshold 10^7.0"


def test_an_alert_without_an_onset_says_when_it_fired() -> None:
    """An onset is not always known."""
    (view,) = finding_views([finding(since=None)], [alert(onset=None)], NOW)
    assert view.since is None
    assert view.fired is not None


@pytest.mark.parametrize(
    ("features", "expected"),
    [
        ((), ""),
        (("age", "plan"), "about age, plan"),
        (tuple(f"f{index}" for index in range(10)), "about f0, f1, f2, f3, f4, f5, f6, f7 and 2 more"),
    ],
)
def test_features_are_named_once(features: tuple[str, ...], expected: str) -> None:
    """The sentence of an alert names them itself; those of a note stand beside its sentence, forty names are no sentence."""
    (note,) = finding_views([finding(severity="note", alert="", features=features)], [], NOW)
    assert note.about == expected
    (page,) = finding_views([finding(features=features)], [alert()], NOW)
    assert page.about == ""
