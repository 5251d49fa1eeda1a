"""Rules about links: each leads to a dashboard, panel and variables that exist, and keeps the time range."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any
from urllib.parse import unquote

from tests.grafana.dashboard_file import Dashboard, Panel, Target
from tests.grafana.rules.emptiness import constant_labels, says_why_empty
from tests.grafana.rules.series import labels_of_target
from tests.grafana.substitution import names

__all__ = ["alert_problems", "columns_of", "problems", "url_problems"]

_DASHBOARD_URL = re.compile(r"/d/([\w-]+)/([\w-]+)(?:\?(.*))?")
_FIELD = re.compile(r'\$\{__data\.fields(?:\.([^:}\[]+)|\["([^"]+)"\]|\[(\d+)\])(?::(\w+))?\}')
_KEPT = re.compile(r"\$\{([a-z]\w*):queryparam\}")
_TEMPLATE = re.compile(r"\{\{.*?\}\}", re.DOTALL)
_KEPT_TIME = ("${__url_time_range}", "from=")
_ENCODED = {"percentencode", "queryparam"}
RUNBOOKS = Path(__file__).resolve().parents[3] / "docs" / "runbooks"
_RUNBOOK = re.compile(r"/runbooks/(.*)\.md$")
_OF_LABEL = re.compile(r"\$\{__field\.labels\.(\w+)(?::\w+)?\}")
_ALERT = {"alert", "alertname"}
_OF_GRAFANA = {"from", "to", "viewPanel", "orgId", "refresh", "tz", "timezone"}


def problems(dashboard: Dashboard, dashboards: Sequence[Dashboard]) -> list[str]:
    """Links of a dashboard that lead nowhere or lose something; ``dashboards`` are all that there are."""
    found = [f"{dashboard.name}: {each}" for each in _menu(dashboard, dashboards)]
    for panel in dashboard.panels:
        for link, override in panel.data_links():
            where = f"{dashboard.where(panel)}, link {link.get('title')!r}"
            found += (f"{where}: {each}" for each in _data_link(dashboard, panel, link, dashboards))
            found += (f"{where}: {each}" for each in _bound(dashboard, panel, override))
            found += (f"{where}: {each}" for each in _runbook(dashboard, panel, link, override))
    return found


def alert_problems(alert: Mapping[str, Any], dashboards: Sequence[Dashboard]) -> list[str]:
    """What is wrong with ``dashboard_url`` and ``panel_url`` of an alert of the rule files."""
    found: list[str] = []
    for name in ("dashboard_url", "panel_url"):
        url = str(alert.get("annotations", {}).get(name, ""))
        addresses = re.split(r"\{\{ else \}\}", url)
        wrong = [each for address in addresses for each in url_problems(_TEMPLATE.sub("", address), dashboards)]
        wrong += [] if url else ["is missing"]
        if url and ("viewPanel=" in url) != (name == "panel_url"):
            wrong.append(
                "names a panel; that is for panel_url" if name == "dashboard_url" else "names no panel: viewPanel=…"
            )
        if url and "var-model=" not in url:
            wrong.append("does not say the model: var-model={{ $labels.model | urlquery }}")
        unquoted = re.findall(r"=\{\{(?:(?!urlquery|\.Value)[^}])*\}\}", url)
        wrong += (
            f"puts in {text[1:]} without urlquery, which breaks at a space" for text in unquoted if "$labels" in text
        )
        found += (f"alert {alert['alert']}: {name} {each}" for each in wrong)
    return found


def url_problems(url: str, dashboards: Sequence[Dashboard]) -> Iterator[str]:
    """What is wrong with an address of a dashboard of ours, whatever stands before ``/d/``."""
    match = _DASHBOARD_URL.search(url)
    if match is None:
        yield f"{url!r} is no address of a dashboard: /d/uid/name"
        return
    uid, slug, query = match.groups()
    target = next((each for each in dashboards if each.uid == uid), None)
    if target is None:
        yield f"leads to {uid}, which does not exist; there are {', '.join(each.uid for each in dashboards)}"
        return
    if slug != target.name:
        yield f"is called {slug} behind {uid}; write {target.name}, so that addresses of one dashboard are the same"
    for part in filter(None, re.split(r"[?&]", query or "")):
        name, _, value = part.partition("=")
        sets = name.removeprefix("var-") if name.startswith("var-") else "".join(_KEPT.findall(name))
        if sets and sets not in target.variables:
            yield f"sets {sets}, which {target.name} does not have"
        elif name == "viewPanel" and value not in {str(panel.id) for panel in target.panels if panel.type != "row"}:
            yield f"opens panel {value}, which {target.name} does not have"
        elif not name.startswith(("var-", "${")) and name not in _OF_GRAFANA:
            yield f"has the parameter {name}, which Grafana ignores"


def _menu(dashboard: Dashboard, dashboards: Sequence[Dashboard]) -> Iterator[str]:
    reached: set[str] = set()
    for link in dashboard.links:
        what, url = f"link {link.get('title')!r}", str(link.get("url") or "")
        if not link.get("keepTime"):
            yield f"{what} loses the time range; set keepTime"
        if link.get("type") == "dashboards":
            tags = set(link.get("tags") or [])
            found = {each.uid for each in dashboards if tags and tags <= set(each.raw.get("tags") or [])}
            reached |= found
            if not found - {dashboard.uid}:
                yield f"{what} finds no other dashboard by the tags {sorted(tags)}"
        elif "/d/" in url:
            yield from (f"{what} {each}" for each in url_problems(url, dashboards))
            for name in sorted(names(url) - dashboard.variables.keys()):
                yield f"{what} names the variable {name}, which this dashboard does not have"
            reached |= {each.uid for each in dashboards if f"/d/{each.uid}/" in url}
        kept = link.get("includeVars") or all(f"${{{name}:queryparam}}" in url for name in ("datasource", "job"))
        if not kept and (link.get("type") == "dashboards" or "/d/" in url):
            yield f"{what} loses the variables; set includeVars, or write ${{datasource:queryparam}}&${{job:queryparam}}"
    for lost in {each.uid for each in dashboards} - reached - {dashboard.uid}:
        yield f"the menu does not lead to {lost}"


def _data_link(
    dashboard: Dashboard, panel: Panel, link: Mapping[str, Any], dashboards: Sequence[Dashboard]
) -> Iterator[str]:
    url = str(link.get("url", ""))
    if not link.get("title"):
        yield "has no title to click on"
    if "/d/" not in url:
        return  # to a page or a runbook
    yield from url_problems(url, dashboards)
    if not any(kept in url for kept in _KEPT_TIME):
        yield "loses the time range; add ${__url_time_range}"
    if "var-datasource=" not in url and "${datasource:queryparam}" not in url and "${__all_variables}" not in url:
        yield "loses the data source; add ${datasource:queryparam}"
    for name in names(url):
        if not name.startswith("__") and name not in dashboard.variables:
            yield f"names the variable {name}, which this dashboard does not have"
    columns = columns_of(dashboard, panel)
    for plain, quoted, _, format_ in _FIELD.findall(url):
        name = unquote(plain or quoted)
        if name and name not in columns:
            yield f"takes the column {name}, which is not there; there are {', '.join(sorted(columns))}"
        if format_ not in _ENCODED:
            yield f"puts in {name} as it is, which breaks at '&' or '+'; write {{…{name}:percentencode}}"


def _bound(dashboard: Dashboard, panel: Panel, override: Mapping[str, Any]) -> Iterator[str]:
    """A timeline has rows that only say something, such as why there are no others: they lead nowhere."""
    if panel.type != "state-timeline":
        return
    matcher = override.get("matcher") or {}
    if matcher.get("id") not in {"byFrameRefID", "byName"}:
        yield "is on every row, also on those that say why it is empty; bind it to a query (byFrameRefID) or a field (byName)"
    for target in _linked(panel, override):
        if matcher.get("id") == "byFrameRefID" and says_why_empty(dashboard, target):
            yield f"is on query {target.ref_id}, which also says why it is empty; give that a query of its own"


def _linked(panel: Panel, override: Mapping[str, Any]) -> list[Target]:
    """The queries whose fields a link can be on."""
    matcher = override.get("matcher") or {}
    chosen = matcher.get("options") if matcher.get("id") == "byFrameRefID" else None
    return [target for target in panel.targets if chosen in {None, target.ref_id}]


def _runbook(dashboard: Dashboard, panel: Panel, link: Mapping[str, Any], override: Mapping[str, Any]) -> Iterator[str]:
    """The page is called after an alert, by a value that texts are shown for, or by a label."""
    match = _RUNBOOK.search(str(link.get("url", "")))
    if match is None:
        return
    pages = {page.stem for page in RUNBOOKS.glob("*.md")}
    if "$" not in match[1]:
        named = {match[1]}
    else:
        linked = _linked(panel, override)
        named = {text for target in linked for label, text in constant_labels(dashboard, target) if label in _ALERT}
        named |= {
            str(value)
            for property_ in override.get("properties") or []
            if property_.get("id") == "mappings"
            for mapping in property_.get("value") or []
            if mapping.get("type") == "value"
            for value in mapping.get("options") or {}
        }
        for label in _OF_LABEL.findall(match[1]):
            if without := [each.ref_id for each in linked if label not in labels_of_target(dashboard, each)]:
                yield f"takes the label {label}, which query {', '.join(without)} does not have"
    for name in sorted(named - pages):
        yield f"leads to {name}.md, and there is no such page in docs/runbooks"


def columns_of(dashboard: Dashboard, panel: Panel) -> set[str]:
    """Names that fields of a panel can have: labels, values and times, as they come and as transformations name them."""
    found = {"Time", "Value"}
    for target in panel.targets:
        found |= labels_of_target(dashboard, target) | {f"Value #{target.ref_id}", target.legend}
    for transformation in panel.transformations:
        options = transformation.get("options") or {}
        found |= {str(name) for name in (options.get("renameByName") or {}).values()}
        found |= {str(options[key]) for key in ("alias", "renamePattern") if options.get(key)}
        for name, settings in (options.get("fields") or {}).items() if isinstance(options.get("fields"), dict) else ():
            calculations = settings.get("aggregations") or [] if isinstance(settings, dict) else []
            found |= {f"{name} ({calculation})" for calculation in calculations}
    found |= {str(override_name) for override_name in _display_names(panel)}
    return found - {""}


def _display_names(panel: Panel) -> Iterator[Any]:
    yield panel.defaults.get("displayName") or ""
    for override in panel.overrides:
        for property_ in override.get("properties") or []:
            if property_.get("id") == "displayName":
                yield property_.get("value")
