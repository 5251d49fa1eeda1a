from __future__ import annotations

import pytest

from grafana.src.links import DASHBOARDS, Name, data_link, menu

_ALL = ("datasource", "job", "model", "window")


@pytest.mark.parametrize("name", DASHBOARDS)
def test_the_menu_leads_to_all_others_and_keeps_the_time(name: Name) -> None:
    """Each with its name, in the same window."""
    links = [link.build() for link in menu(name, _ALL)]
    assert [str(link.title).lower() for link in links] == [other for other in DASHBOARDS if other != name]
    assert all(link.keep_time and not link.target_blank and link.tooltip for link in links)


@pytest.mark.parametrize(
    ("name", "target", "kept"),
    [
        ("model", "feature", ["datasource", "job", "model", "window"]),
        ("model", "exporter", ["datasource", "job", "model"]),
        # All of them is no model.
        ("exporter", "model", ["datasource", "job", "window"]),
        ("fleet", "exporter", ["datasource", "job", "model"]),
        # One model on a dashboard of all would hide the others.
        ("model", "fleet", ["datasource", "job"]),
    ],
)
def test_the_menu_keeps_the_variables_that_both_have(name: Name, target: Name, kept: list[str]) -> None:
    """But not where they would lead to an empty page."""
    [link] = [link.build() for link in menu(name, _ALL) if link.build().title == target.capitalize()]
    chosen = "&".join(f"${{{each}:queryparam}}" for each in kept)
    assert link.url == f"/d/model-drift-{target}/{target}?{chosen}"


def test_a_link_from_a_value_sets_variables() -> None:
    """Beside the data source, the job and the time, which it keeps."""
    assert data_link("Open", "feature", model="a", feature="b") == {
        "title": "Open",
        "url": "/d/model-drift-feature/feature?${datasource:queryparam}&${job:queryparam}&${__url_time_range}"
        "&var-model=a&var-feature=b",
        "targetBlank": False,
    }
