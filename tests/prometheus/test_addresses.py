from __future__ import annotations

import re
from pathlib import Path

import attrs
import pytest

from prometheus.src.addresses import PANELS, Place, places
from scripts.panel_numbers import numbers_of
from tests.grafana.dashboard_file import FOLDER, read
from tests.support.made_up_monitor import ALARM, MADE_UP
from tests.support.rule_series import rules

_RUNBOOKS = Path(__file__).resolve().parents[2] / "docs" / "runbooks"
_NAMED = re.compile(r"[Dd]ashboard \*(\w+)\*, panel \*([^*]+)\*")
_ANOTHER = {
    "ModelDriftNotEvaluable": "its runbook names a panel for one of many reasons; the link opens the list of them"
}
"""Alerts that open another panel than the first of their runbook, with the reason."""


def test_each_alert_opens_a_panel() -> None:
    """All of the rules, and no other."""
    alerts = {
        rule["alert"]
        for file in rules().values()
        for group in file["groups"]
        for rule in group["rules"]
        if "alert" in rule
    }
    assert alerts == PANELS.keys()


@pytest.mark.parametrize("alert", PANELS)
def test_it_is_the_first_that_the_runbook_names(alert: str) -> None:
    """Who follows the link and who follows the runbook see the same."""
    dashboard, number = PANELS[alert].dashboard, PANELS[alert].panel
    [title] = [panel.title for panel in read(FOLDER / f"{dashboard}.json").panels if panel.id == number]
    first = _NAMED.search((_RUNBOOKS / f"{alert}.md").read_text())
    if first is None or alert in _ANOTHER:
        assert title
    else:
        assert (first[1].lower(), first[2]) == (dashboard, title)


@pytest.mark.parametrize(
    ("panel", "named", "place"),
    [
        ("", True, Place("model", numbers_of([MADE_UP])["echo_ratio"], onset=True)),
        ("echoes_now", True, Place("model", numbers_of([MADE_UP])["echoes_now"], onset=True)),
        ("", False, Place("model", 10, onset=True)),
        ("feature:20", False, Place("feature", 20, onset=True, lines=True)),
    ],
)
def test_an_alarm_opens_what_its_spec_says(panel: str, named: bool, place: Place) -> None:
    """A panel of its monitor by name, or the first one; one drawn by hand; without any, the evidence of all alarms."""
    spec = attrs.evolve(MADE_UP, alarms=(attrs.evolve(ALARM, panel=panel),), panels=MADE_UP.panels if named else ())
    assert places([spec]) == {ALARM.alert: place}


def test_a_panel_that_the_monitor_lacks_is_told() -> None:
    """Or the link would lead to nothing."""
    spec = attrs.evolve(MADE_UP, alarms=(attrs.evolve(ALARM, panel="echos"),))
    with pytest.raises(ValueError, match="ModelInputRepeating: the monitor echoes has no panel echos"):
        places([spec])
