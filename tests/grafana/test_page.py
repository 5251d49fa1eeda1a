from __future__ import annotations

import json
from typing import Any

import pytest

from grafana.src.page import Page, Row
from grafana.src.panels import Panel, number, panel
from grafana.src.queries import now
from grafana.src.variables import data_source, job


def _panel(identifier: int, width: int, height: int) -> Panel:
    return panel(
        identifier,
        number(),
        [now("up")],
        title=str(identifier),
        description="",
        unit="none",
        empty="Nothing",
        width=width,
        height=height,
    )


def _page(*rows: Row) -> dict[str, Any]:
    page = Page("fleet", "Fleet", "About all.", [data_source(), job()], rows)
    found: dict[str, Any] = json.loads(page.documentation())
    return found


def _places(panels: list[dict[str, Any]]) -> dict[int, tuple[int, ...]]:
    return {each["id"]: tuple(each["gridPos"][key] for key in "xywh") for each in panels}


def test_panels_stand_from_left_to_right() -> None:
    """In as many lines as they need; what follows begins below the highest of the line."""
    page = _page(Row([_panel(1, 12, 4), _panel(2, 12, 6), _panel(3, 8, 3)]), Row([_panel(4, 24, 2)]))
    assert _places(page["panels"]) == {1: (0, 0, 12, 4), 2: (12, 0, 12, 6), 3: (0, 6, 8, 3), 4: (0, 9, 24, 2)}


def test_a_row_with_a_title_has_a_head() -> None:
    """One row high, over its panels."""
    page = _page(Row([_panel(1, 24, 4)]), Row([_panel(2, 24, 5)], "More", 90), Row([_panel(3, 24, 5)]))
    assert _places(page["panels"]) == {1: (0, 0, 24, 4), 90: (0, 4, 24, 1), 2: (0, 5, 24, 5), 3: (0, 10, 24, 5)}
    [head] = [each for each in page["panels"] if each["type"] == "row"]
    assert (head["title"], head["collapsed"], head["panels"]) == ("More", False, [])


def test_a_collapsed_row_holds_its_panels() -> None:
    """They take no place until it is opened, and stand where they will be then."""
    page = _page(Row([_panel(1, 24, 5)], "More", 90, collapsed=True), Row([_panel(2, 24, 3)]))
    assert _places(page["panels"]) == {90: (0, 0, 24, 1), 2: (0, 1, 24, 3)}
    assert _places(page["panels"][0]["panels"]) == {1: (0, 1, 24, 5)}


def test_the_head_is_one_for_all_pages() -> None:
    """An address that stays, nothing of one Grafana, not to be edited, and the tag that searches find."""
    page = _page()
    assert (page["uid"], page["id"], page["editable"], page["tags"]) == (
        "model-drift-fleet",
        None,
        False,
        ["model-drift"],
    )
    assert (page["time"]["from"], page["refresh"], page["timezone"]) == ("now-24h", "1m", "browser")
    assert [variable["name"] for variable in page["templating"]["list"]] == ["datasource", "job"]


@pytest.mark.parametrize("word", ['"title": "Fleet"', "About all."])
def test_the_text_is_for_people_and_for_git(word: str) -> None:
    """Indented, ended by a line break, the same at every call."""
    page = Page("fleet", "Fleet", "About all.", [], [Row([_panel(1, 4, 4)])])
    assert word in page.documentation()
    assert page.documentation().endswith("\n}\n")
    assert page.documentation() == page.documentation()
