"""Places, titles and numbers of panels."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest

from grafana.src.model.monitors import TITLE
from scripts.panel_numbers import FIRST
from tests.grafana.dashboard_file import DASHBOARDS, Dashboard, parsed
from tests.grafana.examples import GOOD, changed, good
from tests.grafana.rules.layout import panel_lines, problems

_GOLDEN = Path(__file__).parents[1] / "golden" / "panels.txt"
_RUNBOOKS = Path(__file__).resolve().parents[3] / "docs" / "runbooks" / "README.md"

_ROW = {"id": 9, "type": "row", "title": "More", "collapsed": True, "gridPos": {"x": 0, "y": 8, "w": 24, "h": 1}}

_WRONG: list[tuple[str, Any, str]] = [
    ("panels.0.id", None, "id is None"),
    ("panels.0.id", 0, "id is 0"),
    ("panels.0.id", 2, "the id 2 is given to 2 panels"),
    ("panels.0.title", "Models", "the title (in any case) 'models' is given to 2"),
    (
        "panels.0.title",
        "How many records of it there were in each second " * 2,
        "the title is cut",
    ),
    ("panels.0.gridPos.x", 13, "not within the 24"),
    ("panels.0.gridPos.x", 1, "panels 'Records' and 'Models' overlap"),
    ("panels.0.gridPos.h", 2, "too small for a timeseries"),
    ("panels.0.gridPos.h", 30, "more than a screen"),
    ("panels.0.gridPos.y", 9, "grid rows [8] are empty"),
    ("panels.2", {**_ROW, "gridPos": {"x": 0, "y": 8, "w": 12, "h": 1}}, "head of a row is 24 columns"),
    ("panels.2", {**_ROW, "collapsed": False, "panels": [GOOD["panels"][0]]}, "stand after its head"),
]


@pytest.mark.parametrize("dashboard", DASHBOARDS, ids=lambda dashboard: dashboard.name)
def test_nothing_is_wrong(dashboard: Dashboard) -> None:
    """Panels of our dashboards do not overlap, leave no hole, and their titles fit."""
    assert problems(dashboard) == []


def test_a_good_dashboard_passes() -> None:
    """The rules leave alone what is right, a collapsed row among it."""
    assert problems(good()) == []
    inside = {**GOOD["panels"][0], "id": 10, "title": "Inside", "gridPos": {"x": 0, "y": 9, "w": 24, "h": 8}}
    assert problems(changed("panels.2", {**_ROW, "panels": [inside]})) == []


@pytest.mark.parametrize(("path", "value", "told"), _WRONG)
def test_what_is_wrong_is_told(path: str, value: Any, told: str) -> None:
    """Each rule can fail, and says what to do."""
    assert told in "\n".join(problems(changed(path, value)))


def test_the_first_screen_shows_something() -> None:
    """A person who looks for ten seconds neither scrolls nor opens a row."""
    inside = {**GOOD["panels"][0], "gridPos": {"x": 0, "y": 1, "w": 24, "h": 8}}
    row = {**_ROW, "gridPos": {"x": 0, "y": 0, "w": 24, "h": 1}, "panels": [inside]}
    found = "\n".join(problems(parsed("example", {**GOOD, "panels": [row]})))
    assert "the first row is collapsed" in found
    assert "no panel is whole within the first 20 rows" in found


def test_numbers_of_panels_stay(rewrite_golden: bool) -> None:
    """Links of alerts hold them: a new panel gets a new number, and that of a panel which is gone is not given again.

    Those of the monitors' panels have a table of their own, see ``scripts/panel_numbers.py``; their row is there if they are.
    """
    lines = "".join(
        line
        for line in panel_lines(DASHBOARDS).splitlines(keepends=True)
        if int(line.split()[1]) < FIRST and not line.endswith(f" {TITLE}\n")
    )
    if rewrite_golden:
        _GOLDEN.write_text(lines)
    assert lines == _GOLDEN.read_text()


def test_the_table_of_numbers_is_sorted_by_number() -> None:
    """A line for each panel, those of a dashboard together."""
    assert panel_lines([good()]) == "model-drift-example 1 Records\nmodel-drift-example 2 Models\n"


def test_panels_that_runbooks_name_exist() -> None:
    """The runbooks' table of panels names dashboards and titles as they are."""
    table = _RUNBOOKS.read_text().partition("| dashboard | panels |")[2]
    named = {
        (dashboard.lower(), title.strip())
        for dashboard, titles in re.findall(r"^\| (\w+) \| (.+) \|$", table, re.MULTILINE)
        for title in titles.split(",")
    }
    assert named
    assert named <= {(each.name, panel.title) for each in DASHBOARDS for panel in each.panels if panel.type != "row"}


def test_titles_mean_the_same_everywhere() -> None:
    """Panels of one title on two dashboards show the same unit."""
    units: dict[str, set[str]] = {}
    for dashboard in DASHBOARDS:
        for panel in dashboard.panels:
            if panel.targets:
                units.setdefault(panel.title, set()).add(str(panel.defaults.get("unit")))
    assert {title: found for title, found in units.items() if len(found) > 1} == {}
