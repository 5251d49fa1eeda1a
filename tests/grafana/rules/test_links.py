"""Links between dashboards, and those from alerts to dashboards and panels."""

from __future__ import annotations

from typing import Any

import attrs
import pytest

from tests.grafana.dashboard_file import DASHBOARDS, Dashboard
from tests.grafana.examples import changed, good
from tests.grafana.rules.links import alert_problems, problems
from tests.support.rule_series import rules

_ALERTS = [rule for file in rules().values() for group in file["groups"] for rule in group["rules"] if "alert" in rule]
_FLEET = attrs.evolve(good("fleet"), raw={**good().raw, "uid": "model-drift-fleet"})
_BOTH = [_FLEET, good()]

_URL = "panels.1.fieldConfig.overrides.0.properties.0.value.0.url"
_REST = "?${datasource:queryparam}&${__url_time_range}"

_WRONG: list[tuple[str, Any, str]] = [
    ("links", [], "the menu does not lead to model-drift-fleet"),
    ("links.0.keepTime", False, "loses the time range"),
    ("links.0.includeVars", False, "loses the variables"),
    ("links.0", {"type": "link", "url": "/d/model-drift-fleet/fleet", "keepTime": True}, "loses the variables"),
    ("links.0", {"type": "link", "url": "/d/model-drift-fleet/fleet?${other:queryparam}"}, "the variable other"),
    (
        "links.0",
        {"type": "link", "url": "/d/model-drift-fleet/fleet?${feature:queryparam}"},
        "sets feature, which fleet",
    ),
    ("links.0.tags", ["other"], "finds no other dashboard by the tags ['other']"),
    ("links.0.tags", [], "finds no other dashboard"),
    (_URL, f"/d/model-drift-flet/fleet{_REST}", "leads to model-drift-flet, which does not exist"),
    (_URL, f"/d/model-drift-fleet/all{_REST}", "write fleet"),
    (_URL, f"/d/model-drift-fleet{_REST}", "is no address of a dashboard"),
    (_URL, f"/d/model-drift-fleet/fleet{_REST}&var-feature=x", "sets feature, which fleet does not have"),
    (_URL, f"/d/model-drift-fleet/fleet{_REST}&viewPanel=3", "opens panel 3, which fleet does not have"),
    (_URL, f"/d/model-drift-fleet/fleet{_REST}&model=x", "has the parameter model"),
    (_URL, "/d/model-drift-fleet/fleet?${datasource:queryparam}", "loses the time range"),
    (_URL, "/d/model-drift-fleet/fleet?${__url_time_range}", "loses the data source"),
    (_URL, f"/d/model-drift-fleet/fleet{_REST}&var-model=$other", "the variable other"),
    (_URL, f"/d/model-drift-fleet/fleet{_REST}&var-model=${{__data.fields.Model:percentencode}}", "the column Model"),
    (_URL, f"/d/model-drift-fleet/fleet{_REST}&var-model=${{__data.fields.model}}", "breaks at '&'"),
    (_URL.replace(".url", ".title"), "", "no title to click on"),
]

_PAGE = "https://example.org/docs/runbooks/{}.md"
_RUNBOOK = {"title": "What to do", "url": _PAGE.format("${__field.labels.alertname}")}
_ALERTS_FIRING = {**good().panels[0].targets[0].raw, "expr": 'ALERTS{alertstate="firing"}'}
_SAYS_WHY = 'label_replace(absent_over_time(ALERTS[$__range]), "alertname", "No alert at all", "", "")'


def _timeline(url: str, expression: str, matcher: dict[str, Any], *properties: dict[str, Any]) -> Dashboard:
    """Alerts over time, whose rows have a link."""
    panel = {
        **good().panels[0].raw,
        "type": "state-timeline",
        "targets": [{**_ALERTS_FIRING, "expr": expression}],
        "fieldConfig": {
            "overrides": [
                {
                    "matcher": matcher,
                    "properties": [{"id": "links", "value": [{**_RUNBOOK, "url": url}]}, *properties],
                }
            ]
        },
    }
    return changed("panels.0", panel)


_OF_QUERY = {"id": "byFrameRefID", "options": "A"}
_OF_ALL = {"id": "byRegexp", "options": "/.*/"}
_LABEL = _PAGE.format("${__field.labels.alertname}")
_FIRING = 'ALERTS{alertstate="firing"}'
_UNKNOWN = {"id": "mappings", "value": [{"type": "value", "options": {"Watchdog": {}, "unwatched": {}}}]}


@pytest.mark.parametrize(
    ("dashboard", "told"),
    [
        (_timeline(_LABEL, _FIRING, _OF_QUERY), ""),
        (_timeline(_LABEL, _FIRING, _OF_ALL), "bind it to a query"),
        (_timeline(_LABEL, f"{_FIRING} or {_SAYS_WHY}", _OF_QUERY), "give that a query of its own"),
        (
            _timeline(_PAGE.format("${__field.labels.alert}"), _FIRING, _OF_QUERY),
            "takes the label alert, which query A",
        ),
        (_timeline(_PAGE.format("Watchdog"), _FIRING, _OF_QUERY), ""),
        (_timeline(_PAGE.format("unwatched"), _FIRING, _OF_QUERY), "there is no such page"),
        (_timeline(_PAGE.format("${__value.raw}"), _FIRING, _OF_QUERY, _UNKNOWN), "leads to unwatched.md"),
        (
            _timeline(_LABEL, f'label_replace({_FIRING}, "alertname", "unwatched", "", "")', _OF_QUERY),
            "leads to unwatched.md",
        ),
    ],
)
def test_rows_of_a_timeline_lead_to_pages_that_exist(dashboard: Dashboard, told: str) -> None:
    """Those of a query that names alerts, and not those that only say something."""
    found = "\n".join(problems(dashboard, _BOTH))
    assert (told in found) if told else not found


_ALERT = "https://grafana/d/model-drift-fleet/fleet?var-model={{ $labels.model | urlquery }}"


@pytest.mark.parametrize("dashboard", DASHBOARDS, ids=lambda dashboard: dashboard.name)
def test_links_lead_somewhere(dashboard: Dashboard) -> None:
    """Menus, values and titles lead to dashboards and variables that exist, and keep the time range."""
    assert problems(dashboard, DASHBOARDS) == []


@pytest.mark.parametrize("alert", _ALERTS, ids=lambda alert: str(alert["alert"]))
def test_alerts_lead_to_a_dashboard_and_a_panel(alert: dict[str, Any]) -> None:
    """The addresses in a notification open a dashboard, variables and panel that exist."""
    assert alert_problems(alert, DASHBOARDS) == []


def test_a_good_link_passes() -> None:
    """The rules leave alone what is right, whether one link leads to all dashboards or each has its own."""
    assert problems(good(), _BOTH) == []
    url = "/d/model-drift-fleet/fleet?${datasource:queryparam}&${job:queryparam}"
    own = {"title": "Fleet", "type": "link", "url": url, "keepTime": True}
    assert problems(changed("links", [own]), _BOTH) == []


@pytest.mark.parametrize(("path", "value", "told"), _WRONG)
def test_a_link_that_leads_nowhere_is_told(path: str, value: Any, told: str) -> None:
    """Each rule can fail, and says what is not there."""
    assert told in "\n".join(problems(changed(path, value), _BOTH))


@pytest.mark.parametrize(
    ("dashboard_url", "panel_url", "told"),
    [
        (_ALERT, f"{_ALERT}&viewPanel=2", ""),
        (_ALERT, "", "panel_url is missing"),
        (_ALERT, f"{_ALERT}&viewPanel=3", "panel_url opens panel 3"),
        (_ALERT, _ALERT, "panel_url names no panel"),
        (f"{_ALERT}&viewPanel=2", f"{_ALERT}&viewPanel=2", "dashboard_url names a panel"),
        (_ALERT.partition("?")[0], f"{_ALERT}&viewPanel=2", "does not say the model"),
        (_ALERT.replace(" | urlquery", ""), f"{_ALERT}&viewPanel=2", "without urlquery"),
        (_ALERT.replace("fleet?", "model?"), f"{_ALERT}&viewPanel=2", "write fleet"),
    ],
)
def test_a_link_of_an_alert_that_leads_nowhere_is_told(dashboard_url: str, panel_url: str, told: str) -> None:
    """Both addresses are there, and what they name exists."""
    alert = {"alert": "Bad", "annotations": {"dashboard_url": dashboard_url, "panel_url": panel_url}}
    found = "\n".join(alert_problems(alert, _BOTH))
    assert (told in found) if told else not found
