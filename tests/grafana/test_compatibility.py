from __future__ import annotations

from grafana.src.compatibility import SCHEMA_VERSION, compatible


def test_the_scheme_is_that_of_grafana_9_4() -> None:
    """Whatever the library says; later versions migrate from it."""
    assert compatible({"schemaVersion": 42, "title": "a"}) == {"schemaVersion": SCHEMA_VERSION, "title": "a"}
    assert SCHEMA_VERSION == 37


def test_what_9_4_does_not_know_is_left_out_wherever_it_stands() -> None:
    """In panels, inside lists and rows, in variables and links."""
    dashboard = {
        "panels": [{"options": {"cellHeight": "sm", "showHeader": True}, "panels": [{"transparent": False, "id": 1}]}],
        "links": [{"placement": "inControlsMenu", "title": "a"}],
        "fiscalYearStartMonth": 0,
    }
    assert compatible(dashboard) == {
        "panels": [{"options": {"showHeader": True}, "panels": [{"id": 1}]}],
        "links": [{"title": "a"}],
        "schemaVersion": SCHEMA_VERSION,
    }


def test_a_legend_keeps_its_place() -> None:
    """There the word means something, and 9.4 needs it."""
    legend = {"legend": {"placement": "bottom"}}
    assert compatible({"options": legend})["options"] == legend


def test_values_stay() -> None:
    """Only keys are unknown: a text or a number that looks like one is not."""
    kept = {"a": "placement", "b": ["transparent", None, 1.5, {"c": "auto"}]}
    assert {key: value for key, value in compatible(kept).items() if key in kept} == kept
