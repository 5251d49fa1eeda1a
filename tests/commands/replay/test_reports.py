"""Edges of latches as JSON lines and as text."""

from __future__ import annotations

import io
import json

import attrs

from model_drift_exporter.commands.replay.reports import REPORTS, JsonReport, TextReport
from model_drift_exporter.evidence.alarms import Transition
from model_drift_exporter.models.finding_edges import FindingEdge
from model_drift_exporter.monitors.findings import Finding

EDGE = Transition(
    time=1_388_448_000.0,
    record=249_099,
    alert="ModelInputBroken",
    severity="page",
    firing=True,
    model="flights",
    features=("wind_speed", "temp"),
    certainty="named",
    evidence=7.69897,
    threshold=7.02171,
    onset=1_388_400_000.0,
)
NOTE = FindingEdge(
    finding=Finding(
        "inputs_moved",
        "note",
        "The inputs moved.",
        since=1_388_400_000.0,
        figures={"loss_change_from_inputs": 0.123456789, "loss_change_from_relation": 1e-9},
    ),
    time=1_388_448_000.5,
    record=249_100,
    model="flights",
    begins=True,
)
SUMMARY = {
    "records": 249_435,
    "labels": 1,
    "pages": 1,
    "tickets": 2,
    "not_evaluable": ["few_class_rows", "no_labels"],
    "held": [],
}


def test_json_lines() -> None:
    """Every edge has all keys, times are RFC 3339, evidence and threshold log10; the summary is the last line."""
    stream = io.StringIO()
    report = JsonReport(stream)
    report.transition(EDGE)
    report.transition(attrs.evolve(EDGE, firing=False, onset=None, features=(), certainty=""))
    report.summary(SUMMARY)
    firing, resolved, last = map(json.loads, stream.getvalue().splitlines())
    assert firing == {
        "time": "2013-12-31T00:00:00Z",
        "record": 249_099,
        "alert": "ModelInputBroken",
        "severity": "page",
        "state": "firing",
        "rise": 1,
        "model": "flights",
        "features": ["wind_speed", "temp"],
        "certainty": "named",
        "value": 7.699,
        "threshold": 7.0217,
        "onset": "2013-12-30T10:40:00Z",
    }
    assert (resolved["state"], resolved["features"], resolved["onset"]) == ("resolved", [], None)
    assert last == {"summary": SUMMARY}


def test_findings_as_json_lines() -> None:
    """They stand beside the edges of latches and have keys of their own."""
    stream = io.StringIO()
    report = JsonReport(stream)
    report.finding(NOTE)
    report.finding(attrs.evolve(NOTE, begins=False, time=None))
    begins, ends = map(json.loads, stream.getvalue().splitlines())
    assert begins == {
        "finding": "begins",
        "time": "2013-12-31T00:00:00.500Z",
        "record": 249_100,
        "model": "flights",
        "kind": "inputs_moved",
        "severity": "note",
        "features": [],
        "since": "2013-12-30T10:40:00Z",
        "figures": {"loss_change_from_inputs": 0.123457, "loss_change_from_relation": 1e-9},
        "text": "The inputs moved.",
    }
    assert ends == begins | {"finding": "ends", "time": None}


def test_findings_as_text() -> None:
    """Those that say more than the line of an alarm, which comes right before its finding."""
    stream = io.StringIO()
    report = TextReport(stream)
    report.finding(NOTE)
    report.finding(attrs.evolve(NOTE, of_alarm=True))
    report.finding(attrs.evolve(NOTE, begins=False, time=None))
    assert stream.getvalue().splitlines() == [
        "2013-12-31T00:00:00.500Z  note    inputs_moved  flights: The inputs moved.",
        "no time  note    no longer inputs_moved  flights",
    ]


def test_text() -> None:
    """One line an edge that reads from left to right, and one for the end."""
    stream = io.StringIO()
    report = TextReport(stream)
    report.transition(EDGE)
    report.transition(attrs.evolve(EDGE, firing=False))
    report.summary(SUMMARY)
    report.summary(SUMMARY | {"pages": 0, "not_evaluable": []})
    assert stream.getvalue().splitlines() == [
        (
            "2013-12-31T00:00:00Z  page    ModelInputBroken  flights, named: wind_speed, temp, since 2013-12-30T10:40:00Z, "
            "evidence 1e7.7 of 1e7.0, record 249,099"
        ),
        "2013-12-31T00:00:00Z  page    resolved ModelInputBroken  flights, named: wind_speed, temp, record 249,099",
        "249,435 records, 1 labels: 1 page, 2 tickets; not evaluable: few_class_rows, no_labels",
        "249,435 records, 1 labels: 0 pages, 2 tickets",
    ]


def test_a_second_rise_is_a_line_of_its_own() -> None:
    """It says that it is one, and since when."""
    stream = io.StringIO()
    TextReport(stream).transition(attrs.evolve(EDGE, rise=2))
    assert stream.getvalue().startswith("2013-12-31T00:00:00Z  page    ModelInputBroken (rise 2)  flights, named:")


def test_what_is_held_at_the_end_says_so() -> None:
    """Before the last line, each with how many of the latest are usual."""
    stream = io.StringIO()
    said = "The last 1,240 outcomes are usual again; the alert is held until 760 more are."
    held = {"model": "flights", "alert": "ModelLossIncreased", "severity": "page", "text": said}
    TextReport(stream).summary(SUMMARY | {"held": [held]})
    first, _ = stream.getvalue().splitlines()
    assert first == f"at the end  page    ModelLossIncreased  flights: {said}"


def test_kinds_have_names() -> None:
    """Those of the flag."""
    assert dict(REPORTS) == {"text": TextReport, "json": JsonReport}
