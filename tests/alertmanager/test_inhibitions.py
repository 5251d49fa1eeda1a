from __future__ import annotations

import itertools
import re
from typing import Any

import yaml

from alertmanager.src.__main__ import FOLDER
from alertmanager.src.inhibitions import documentation
from model_drift_exporter.monitors import ALARMS, MONITORS, MonitorSpec
from tests.support.made_up_monitor import ALARM, ALL

_TEXT = (FOLDER / "alertmanager.yml").read_text()


def _silenced(text: str) -> set[tuple[str, str]]:
    """Pairs of an alert and what it silences."""
    rules: list[dict[str, Any]] = yaml.safe_load(text)["inhibit_rules"]
    return {
        pair
        for rule in rules
        for pair in itertools.product(
            *(re.findall(r"Model\w+", rule[side][0]) for side in ("source_matchers", "target_matchers"))
        )
    }


def test_an_alarm_is_silenced_by_what_its_spec_names() -> None:
    """All of the monitors' alarms, by nothing else."""
    alarms = {alarm.alert for alarm in ALARMS}
    assert {pair for pair in _silenced(_TEXT) if pair[1] in alarms} == {
        (source, alarm.alert) for alarm in ALARMS for source in alarm.silenced_by
    }


def test_a_new_alarm_is_added_and_nothing_else_changes() -> None:
    """With a rule for each of its causes; what is written by hand stays, and so does what asks both sides for a model."""
    text = documentation(_TEXT, ALL)
    assert _silenced(text) - _silenced(_TEXT) == {(source, ALARM.alert) for source in ALARM.silenced_by}
    assert _silenced(_TEXT) <= _silenced(text)
    assert documentation(text, MONITORS) == _TEXT
    rules = yaml.safe_load(text)["inhibit_rules"]
    assert all(rule["equal"] == ["model"] for rule in rules)
    assert {matchers[-1] for rule in rules for matchers in (rule["source_matchers"], rule["target_matchers"])} == {
        'model!~"|__none__"'
    }


def test_without_alarms_nothing_is_written() -> None:
    """The file stays valid."""
    none: tuple[MonitorSpec, ...] = ()
    assert not {pair for pair in _silenced(documentation(_TEXT, none)) if pair[1] in {alarm.alert for alarm in ALARMS}}
