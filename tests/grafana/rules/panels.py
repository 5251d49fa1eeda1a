"""Rules about what each panel says: title, description, unit, data source, and why it may be empty."""

from __future__ import annotations

import re
from collections.abc import Iterator

from tests.grafana.dashboard_file import Dashboard, Panel
from tests.grafana.rules.settings import TEMPLATED

__all__ = ["UNITS", "WITHOUT_UNIT", "problems"]

WITHOUT_UNIT: dict[tuple[str, str], str] = {}
"""Panels by dashboard and title that show no numbers, with the reason. ``text`` and ``row`` are never asked."""

_UNITS = (
    "none short percent percentunit sci locale s ms m h d dtdurations bytes decbytes Bps binBps cps ops reqps rps cpm "
    "string dateTimeAsIso dateTimeAsLocal dateTimeAsSystem dateTimeFromNow bool bool_yes_no bool_on_off"
)
UNITS = frozenset(_UNITS.split())
"""Units of Grafana 9.4 that mean something here; with ``suffix:`` or ``time:`` a text or format of one's own."""


def problems(dashboard: Dashboard) -> list[str]:
    """What is missing, one sentence each, with what to write."""
    return [f"{dashboard.where(panel)}: {each}" for panel in dashboard.panels for each in _panel(dashboard, panel)]


def _panel(dashboard: Dashboard, panel: Panel) -> Iterator[str]:
    if not panel.title.strip():
        yield "the title is missing; say in two or three words what is shown"
    if panel.type == "row":
        return
    if len(panel.description.split()) < 8:
        yield "the description is missing or too short; say what good looks like and what to do next"
    if panel.type == "text":
        return
    if not panel.targets:
        yield "there is no query; a panel that only tells is a text"
    yield from _unit(dashboard, panel)
    if len(str(panel.defaults.get("noValue") or "").split()) < 3:
        yield "noValue is missing; say in a few words why the panel may be empty"
    sources = {str((panel.raw.get("datasource") or {}).get("uid")), *(target.data_source for target in panel.targets)}
    if sources != {TEMPLATED}:
        yield f"the data source is fixed ({', '.join(sorted(sources - {TEMPLATED}))}); write {TEMPLATED}"
    identifiers = [target.ref_id for target in panel.targets]
    if len(set(identifiers)) < len(identifiers) or "" in identifiers:
        yield f"refIds {identifiers} are not unique"


def _unit(dashboard: Dashboard, panel: Panel) -> Iterator[str]:
    if (dashboard.name, panel.title) in WITHOUT_UNIT:
        return
    units = [panel.defaults.get("unit")]
    units += [
        property_.get("value")
        for override in panel.overrides
        for property_ in override.get("properties") or []
        if property_.get("id") == "unit"
    ]
    if not any(units):
        yield "there is no unit; write 'none' for a plain number, or list the panel in WITHOUT_UNIT with the reason"
    for unit in units:
        if unit and unit not in UNITS and not re.match(r"(suffix|prefix|time): ?\S", str(unit)):
            yield f"{unit!r} is no unit of Grafana, or none that is used here; see UNITS"
