"""Marks of what happened to a model, by the real Prometheus."""

from __future__ import annotations

from pathlib import Path

from grafana.src.annotations import ANNOTATIONS
from tests.support.promtool import check_values
from tests.support.rule_series import labelled, series

_FILES = ["settings.yml"]
"""Nothing of what is asked for is recorded: the tests give it."""


def _asked(name: str) -> str:
    [annotation] = [each for each in (each.build() for each in ANNOTATIONS) if each.name == name]
    chosen = {"$job": ".+", "${model:raw}": "m", "$__interval": "1m"}
    text = str(annotation.expr)
    for variable, value in chosen.items():
        text = text.replace(variable, value)
    return text


def _alert(name: str, severity: str, values: str, **labels: str) -> dict[str, str]:
    own = {"alertname": name, "alertstate": "firing", "severity": severity, "model": "m"}
    return series("ALERTS", values, **own, **labels)


def test_an_alert_is_one_mark_where_it_begins(tmp_path: Path) -> None:
    """However many reasons or exporters it has, and also if one of them comes later."""
    inputs = [
        _alert("Blind", "ticket", "_x4 1x10", reason="labels"),
        _alert("Blind", "ticket", "_x4 1x10", reason="reference"),
        _alert("Blind", "ticket", "_x9 1x10", reason="traffic"),
        _alert("Broken", "page", "_x4 1x10"),
    ]
    for at, ticket, page in (("4m", "Blind", "Broken"), ("5m", "", ""), ("9m", "", "")):
        expected = {
            _asked("Tickets"): {labelled("", alertname=ticket): 1.0} if ticket else {},
            _asked("Pages"): {labelled("", alertname=page): 1.0} if page else {},
        }
        check_values(tmp_path, inputs, expected, at=at, files=_FILES)


def test_a_second_rise_is_a_mark_of_its_own(tmp_path: Path) -> None:
    """It says which rise it is; the alert has been held all the time."""
    inputs = [_alert("Loss", "page", "_x4 1x3 stale"), _alert("Loss", "page", "_x8 1x3", rise="2")]
    again = labelled("", alertname="Loss", rise="2", again=", rise 2")
    for at, found in (("4m", {labelled("", alertname="Loss"): 1.0}), ("5m", {}), ("8m", {again: 1.0}), ("9m", {})):
        check_values(tmp_path, inputs, {_asked("Pages"): found}, at=at, files=_FILES)


def test_a_new_version_is_a_mark_and_the_first_is_none(tmp_path: Path) -> None:
    """What was a step ago must be known."""
    own = {"job": "j", "instance": "a", "model": "m", "reference": "r"}
    inputs = [
        series("model_info", "_x2 1x3 stale", version="7", **own),
        series("model_info", "_x6 1x5", version="8", **own),
    ]
    expected: dict[str, dict[str, float]] = {
        "2m": {},
        "5m": {},
        "6m": {labelled("", model="m", version="8"): 1.0},
        "7m": {},
    }
    for at, found in expected.items():
        check_values(tmp_path, inputs, {_asked("Deploys"): found}, at=at, files=_FILES)
