from __future__ import annotations

import math
from collections.abc import Iterable

import attrs
import pytest

from model_drift_exporter.evidence.alarms import Alarms
from model_drift_exporter.evidence.recovery import Usual
from model_drift_exporter.evidence.settings import EvidenceSettings
from model_drift_exporter.models.model_findings import (
    KINDS,
    alarm_finding,
    finding_samples,
    findings_of,
    monitor_findings,
    told,
)
from model_drift_exporter.monitors import ALARMS, MONITORS, Monitor
from model_drift_exporter.monitors.findings import MOST_FEATURES, NOTE, Finding
from tests.support.exposition import Exposition
from tests.support.page_statuses import HOSTILE


@attrs.define
class _Says(Monitor):
    found: tuple[Finding, ...]

    def findings(self) -> Iterable[Finding]:
        return self.found


def _alarms(model: str = "churn") -> Alarms:
    return Alarms(model, EvidenceSettings().budgets, ALARMS)


def _fire(alarms: Alarms, alert: str, onset: float | None = 100.0, features: Iterable[str] = (), **more: str) -> None:
    alarms[alert].evidence = 20.0
    alarms[alert].fire(200.0, 7, onset=onset, features=features, **more)


def test_a_latched_alarm_is_a_finding() -> None:
    """Its sentence with the model's name, its features as surely as they are known, its onset, its evidence."""
    alarms = _alarms()
    _fire(alarms, "ModelLossIncreased", 100.5, ("age", "plan"), certainty="suspected")
    (found,) = findings_of(alarms, ())
    assert (found.kind, found.severity, found.features, found.since) == (
        "loss_increased",
        "page",
        ("age", "plan"),
        100.5,
    )
    assert found.text == (
        "Model churn is worse than it was when it was accepted: the labels that have come say so. "
        "No feature is certain; suspected: age, plan."
    )
    assert found.figures == pytest.approx(
        {
            "alert_evidence_log10": 20 / math.log(10),
            "alert_evidence_threshold_log10": alarms["ModelLossIncreased"].threshold / math.log(10),
        }
    )
    alarms.rearm(300.0, 9)
    assert findings_of(alarms, ()) == ()


@pytest.mark.parametrize(
    ("usual", "sentence"),
    [
        (Usual(1_240, 760, None), "The last 1,240 outcomes are usual again; the alert is held until 760 more are."),
        (Usual(1_240, 1, None), "The last 1,240 outcomes are usual again; the alert is held until 1 more is."),
        (
            Usual(1_240, 0, 1_764_547_200.0),
            "The last 1,240 outcomes are usual again; it is not over before 2025-12-01 00:00:00 UTC.",
        ),
    ],
)
def test_an_alarm_that_is_held_says_that_the_latest_are_usual(usual: Usual, sentence: str) -> None:
    """With what it waits for, in words and figures; of inputs it is records that are usual."""
    alarms = _alarms()
    _fire(alarms, "ModelLossIncreased")
    _fire(alarms, "ModelInputBroken")
    for alert in ("ModelLossIncreased", "ModelInputBroken"):
        alarms[alert].held = lambda: usual
    texts = {each.kind: each.text for each in findings_of(alarms, ())}
    assert texts["loss_increased"].endswith(f"the labels that have come say so. {sentence}")
    assert texts["input_broken"].endswith(sentence.replace("outcomes", "records"))
    figures = [each.figures for each in findings_of(alarms, ())]
    assert [each["alert_usual_observations"] for each in figures] == [1_240.0] * 2
    assert [each["alert_held_observations"] for each in figures] == [usual.more] * 2


def test_a_second_rise_is_said() -> None:
    """While it stands and where it begins."""
    alarms = _alarms()
    _fire(alarms, "ModelLossIncreased")
    alarms["ModelLossIncreased"].lapse(300.0, 9)
    _fire(alarms, "ModelLossIncreased", 290.0)
    (found,) = findings_of(alarms, ())
    assert found.text.endswith("This is rise 2: it had been back to usual while the alert was held for the one before.")
    specs = {spec.alert: spec for spec in alarms.specs}
    assert told(alarms.drain()[-1], specs["ModelLossIncreased"]) == found


def test_a_transition_tells_the_same() -> None:
    """What begins and ends in a replay is what the API says while it stands."""
    alarms = _alarms()
    _fire(alarms, "ModelInputBroken", None, ("age",), certainty="named")
    standing = findings_of(alarms, ())
    alarms.rearm(300.0, 9)
    specs = {spec.alert: spec for spec in alarms.specs}
    begun, ended = (told(transition, specs[transition.alert]) for transition in alarms.drain())
    assert (begun, ended) == (*standing, *standing)
    assert begun.text.endswith("cannot be trusted. About age.")


def test_names_are_data() -> None:
    """Braces in a model's name are no field of the sentence, and what no terminal prints is escaped in features."""
    alarms = _alarms("{features} {0} {")
    _fire(alarms, "ModelFeatureDrift", features=(HOSTILE, "a\nb"), certainty="named")
    (found,) = findings_of(alarms, ())
    assert "{features} {0} {" in found.text
    assert found.features == (HOSTILE, "a\nb")
    assert "\n" not in found.text


@pytest.mark.parametrize(("count", "more"), [(20, ""), (21, " and 1 more"), (2_000, " and 1,980 more")])
def test_no_more_than_twenty_features_are_named(count: int, more: str) -> None:
    """The sentence says how many there are besides."""
    alarms, names = _alarms(), tuple(f"f{index}" for index in range(count))
    _fire(alarms, "ModelFeatureDrift", features=names, certainty="named")
    found = alarm_finding(alarms["ModelFeatureDrift"], next(s for s in ALARMS if s.alert == "ModelFeatureDrift"))
    assert found.features == names[:MOST_FEATURES]
    assert found.text.endswith(f"f19{more}.")
    (note,) = monitor_findings([_Says((Finding("moved", NOTE, "It moved.", names),))])
    assert note.features == names[:MOST_FEATURES]


def test_findings_come_in_the_order_in_which_to_read_them() -> None:
    """Pages, tickets, notes; of these what has lasted longest first, then by kind; one without an onset is last."""
    alarms = _alarms()
    for alert, onset in (("ModelConceptDrift", 1.0), ("ModelInputBroken", None), ("ModelLossIncreased", 50.0)):
        _fire(alarms, alert, onset)
    notes = [Finding(kind, NOTE, "A note.", since=since) for kind, since in (("b", None), ("c", 7.0), ("a", None))]
    found = findings_of(alarms, [_Says((notes[0],)), _Says((*notes[1:],))])
    assert [each.kind for each in found] == ["loss_increased", "input_broken", "concept_drift", "c", "a", "b"]


def test_a_kind_is_found_once() -> None:
    """The first of two of one kind stands: their number must not grow with what a monitor looks at."""
    two = (Finding("moved", NOTE, "First."), Finding("moved", NOTE, "Second."))
    assert [each.text for each in monitor_findings([_Says(two), _Says(two)])] == ["First."]


def test_the_metric_has_every_kind_from_the_beginning() -> None:
    """0 for what is not found: a series that comes and goes cannot be asked for."""
    found = Exposition.of([finding_samples("m", [Finding("input_broken", "page", "Broken.")])])
    by_kind = found.by("kind", "model_finding", model="m")
    assert by_kind == dict.fromkeys(KINDS, 0.0) | {"input_broken": 1.0}
    assert set(KINDS) == {spec.kind for spec in ALARMS} | {kind.kind for each in MONITORS for kind in each.findings}
