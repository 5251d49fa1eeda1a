from __future__ import annotations

import json
from typing import Any

import pytest

from grafana.src.colours import BLUE, names
from grafana.src.page import Page, Row
from grafana.src.panels import Visualisation, legend, lines, number, panel, properties, states, tabular, transformation
from grafana.src.queries import now, over_time, ref_id


def _written(visualisation: Visualisation) -> dict[str, Any]:
    """A panel as it is in the file."""
    made = panel(
        1,
        visualisation,
        [now("up"), over_time("up", "{{job}}", ref_id="B"), over_time("up", "{{job}}", ref_id="C", interval="2m")],
        title="Up",
        description="Good: 1.",
        unit="none",
        empty="Nothing was scraped",
        width=4,
        height=3,
    )
    [found] = json.loads(Page("fleet", "Fleet", "", [], [Row([made])]).documentation())["panels"]
    assert isinstance(found, dict)
    return found


def test_every_panel_says_what_it_is_and_why_it_is_empty() -> None:
    """With title, description and unit, which no panel can leave away."""
    found = _written(number())
    defaults = found["fieldConfig"]["defaults"]
    assert (found["title"], found["description"]) == ("Up", "Good: 1.")
    assert (defaults["unit"], defaults["noValue"]) == ("none", "Nothing was scraped")


@pytest.mark.parametrize("texts", [{}, {0: ("Quiet", BLUE)}])
def test_gaps_of_a_timeline_stay_gaps(texts: dict[int, tuple[str, str]]) -> None:
    """Grafana takes an empty text for no value as the number 0, and would paint what nobody recorded as quiet."""
    config = _written(states().mappings(names(texts)) if texts else states())["fieldConfig"]
    texts_for_none = [
        each["value"] for override in config["overrides"] for each in override["properties"] if each["id"] == "noValue"
    ]
    assert all(text.strip() for text in (config["defaults"]["noValue"], *texts_for_none))
    *others, gap = config["defaults"]["mappings"]
    assert len(others) == bool(texts)
    assert (gap["type"], gap["options"]["match"], gap["options"]["result"]["text"]) == ("special", "null", "")


def test_only_timelines_have_gaps() -> None:
    """Elsewhere the text for no value would be lost."""
    for visualisation in (number(), lines(), tabular()):
        assert not _written(visualisation)["fieldConfig"]["defaults"].get("mappings")


def test_a_legend_lists_names_or_last_values() -> None:
    """Below the lines or beside them, the largest on top where there are values."""
    plain = _written(lines())["options"]["legend"]
    assert (plain["displayMode"], plain["placement"], plain["calcs"]) == ("list", "bottom", [])
    ordered = _written(lines().legend(legend(right=True, last_values=True)))["options"]["legend"]
    assert (ordered["displayMode"], ordered["placement"]) == ("table", "right")
    assert (ordered["calcs"], ordered["sortBy"], ordered["sortDesc"]) == (["lastNotNull"], "Last *", True)


def test_properties_and_transformations_are_as_grafana_names_them() -> None:
    """Two underscores stand for a dot."""
    visualisation = (
        tabular()
        .override_by_name("Up", properties(custom__width=3))
        .with_transformation(transformation("sortBy", sort=[1]))
    )
    found = _written(visualisation)
    assert found["fieldConfig"]["overrides"][-1]["properties"] == [{"id": "custom.width", "value": 3}]
    assert found["transformations"] == [{"id": "sortBy", "options": {"sort": [1]}}]


def test_queries_are_named_as_grafana_names_them() -> None:
    """A for the first; beyond Z there is no name."""
    assert [ref_id(index) for index in (0, 1, 25)] == ["A", "B", "Z"]
    for index in (-1, 26):
        with pytest.raises(ValueError, match=f"none in place {index}"):
            ref_id(index)


def test_a_query_over_time_has_a_smallest_step_if_it_is_given() -> None:
    """Else Grafana takes that of the data source."""
    once, plain, stepped = _written(lines())["targets"]
    assert (once.get("instant"), plain.get("range"), stepped.get("range")) == (True, True, True)
    assert (plain.get("interval"), stepped["interval"]) == (None, "2m")
