"""Rules about names of fields: an override or a renaming of a field that is not there does nothing, and nobody is told."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Any

from tests.grafana.dashboard_file import Dashboard, Panel
from tests.grafana.rules.links import columns_of

__all__ = ["problems"]

_OF_LEGEND = re.compile(r"\{\{[^}]*\}\}")


def problems(dashboard: Dashboard) -> list[str]:
    """Names of fields that no query can give, one sentence each."""
    found = []
    for panel in dashboard.panels:
        if panel.targets:
            found += [f"{dashboard.where(panel)}: {each}" for each in _panel(dashboard, panel)]
    return found


def _panel(dashboard: Dashboard, panel: Panel) -> Iterator[str]:
    columns = columns_of(dashboard, panel)
    for override in panel.overrides:
        yield from _override(panel, override, columns)
    for transformation in panel.transformations:
        if transformation.get("id") != "organize":
            continue
        options = transformation.get("options") or {}
        for key in ("excludeByName", "indexByName", "renameByName"):
            for name in options.get(key) or {}:
                if not _there(name, columns):
                    yield f"organize names the column {name!r} ({key}), which is not there"


def _override(panel: Panel, override: Mapping[str, Any], columns: set[str]) -> Iterator[str]:
    matcher = override.get("matcher") or {}
    options = matcher.get("options")
    identifiers = {target.ref_id for target in panel.targets}
    match matcher.get("id"):
        case "byName" if not _there(str(options), columns):
            yield f"an override is for {options!r}, but there are only {', '.join(sorted(columns))}"
        case "byFrameRefID" if options not in identifiers:
            yield f"an override is for query {options!r}, but there are only {', '.join(sorted(identifiers))}"
        case "byRegexp" if not any(_pattern(str(options)).search(column) for column in columns) and not _legends(
            columns
        ):
            yield f"an override is for {options!r}, which matches none of {', '.join(sorted(columns))}"


def _there(name: str, columns: set[str]) -> bool:
    """Whether a column is called so, or a legend can be, once its labels are put in."""
    patterns = [".*".join(map(re.escape, _OF_LEGEND.split(legend))) for legend in _legends(columns)]
    # Joined tables number what they have twice.
    return (
        re.sub(r" \d+$", "", name) in columns or name in columns or any(re.fullmatch(each, name) for each in patterns)
    )


def _legends(columns: set[str]) -> list[str]:
    return [column for column in columns if "{{" in column]


def _pattern(text: str) -> re.Pattern[str]:
    """A regular expression as Grafana writes it: bare, or between slashes."""
    bare = re.fullmatch(r"/(.*)/[a-z]*", text)
    return re.compile(bare[1] if bare else text)
