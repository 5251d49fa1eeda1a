from __future__ import annotations

from model_drift_exporter.models.finding_edges import FindingsSeen, edge_of_alarm
from model_drift_exporter.models.model import Model
from model_drift_exporter.monitors import Monitor
from model_drift_exporter.monitors.findings import NOTE, Finding
from model_drift_exporter.settings.values import parse_window
from tests.sections import monitoring_settings
from tests.support.prediction_log import arrived, batch_of, make_rows, profile_of


def _model() -> Model:
    rows = make_rows(500, seed=9)
    return Model("m", profile_of([batch_of(rows)]), monitoring_settings([parse_window("1h")]))


class _Says(Monitor):
    def __init__(self) -> None:
        self.found: list[Finding] = []

    def findings(self) -> list[Finding]:
        return self.found


def _seen(model: Model, monitor: Monitor, seen: FindingsSeen) -> list[tuple[str, bool, float | None, int, str]]:
    assert model.parts is not None
    model.parts.by_name = {"says": monitor}
    return [(edge.finding.text, edge.begins, edge.time, edge.record, edge.model) for edge in seen.look(model)]


def test_a_finding_begins_and_ends_between_two_looks() -> None:
    """At the last record before the look; what only has other figures goes on, ends come first."""
    model, monitor, seen = _model(), _Says(), FindingsSeen()
    assert _seen(model, monitor, seen) == []
    monitor.found = [Finding("moved", NOTE, "Moved by 1.")]
    assert _seen(model, monitor, seen) == [("Moved by 1.", True, None, -1, "m")]
    rows = make_rows(50)
    model.process(arrived(batch_of(rows)))
    monitor.found = [Finding("moved", NOTE, "Moved by 2.")]
    assert _seen(model, monitor, seen) == []
    monitor.found = [Finding("late", NOTE, "Late.")]
    assert _seen(model, monitor, seen) == [
        ("Moved by 2.", False, rows[-1]["ts"], 49, "m"),
        ("Late.", True, rows[-1]["ts"], 49, "m"),
    ]


def test_the_edge_of_an_alarm_is_that_of_its_latch() -> None:
    """At the same record and time, for both edges."""
    model = _model()
    alarm = model.alarms["ModelInputBroken"]
    alarm.fire(200.0, 7, onset=100.0, features=["age"], certainty="named")
    alarm.resolve(300.0, 9)
    edges = [edge_of_alarm(transition, model) for transition in model.alarms.drain()]
    assert [(edge.begins, edge.time, edge.record, edge.of_alarm) for edge in edges] == [
        (True, 200.0, 7, True),
        (False, 300.0, 9, True),
    ]
    assert {edge.finding.kind for edge in edges} == {"input_broken"}
