"""Rules about panels that cannot say themselves why they are empty, so that a query must: a row whose name says it.

Grafana 9.4 shows ``noValue`` in tiles and tables; an empty state timeline says "No data in response", a bar chart passes it
over, and a heatmap stays blank (public/app/plugins/panel/state-timeline/utils.ts, barchart/utils.ts, heatmap).
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import promql_parser

from tests.grafana.dashboard_file import Dashboard, Panel, Target
from tests.grafana.expressions import nodes, parse
from tests.grafana.substitution import alternatives

__all__ = ["constant_labels", "problems", "says_why_empty"]

_SILENT = {"state-timeline", "status-history", "barchart", "heatmap"}
_WORDS = 3
_THERE_WITHOUT_DATA = {"absent", "absent_over_time", "vector"}


def problems(dashboard: Dashboard) -> list[str]:
    """Panels that would be empty without a word, one sentence each."""
    return [
        f"{dashboard.where(panel)}: no query says why it is empty, and a {panel.type} of Grafana 9.4 does not show noValue; "
        'add … or label_replace(absent_over_time(…), "row", "Why it is empty", "", "")'
        for panel in dashboard.panels
        if panel.type in _SILENT and not _explained(dashboard, panel)
    ]


def _explained(dashboard: Dashboard, panel: Panel) -> bool:
    return any(says_why_empty(dashboard, target) for target in panel.targets if not target.hidden)


def says_why_empty(dashboard: Dashboard, target: Target) -> bool:
    """Whether a query has a row, named by a sentence, that is there when something else is not; no if it cannot be parsed."""
    return any(
        len(text.split()) >= _WORDS and any(map(_there_without_data, nodes(call)))
        for call, _, text in _constants(dashboard, target)
    )


def constant_labels(dashboard: Dashboard, target: Target) -> Iterator[tuple[str, str]]:
    """Labels that a query sets itself, whatever it finds: names and values."""
    for _, label, text in _constants(dashboard, target):
        yield label, text


def _constants(dashboard: Dashboard, target: Target) -> Iterator[tuple[Any, str, str]]:
    try:
        parsed = [parse(text) for text in alternatives(dashboard, target.expression)]
    except (KeyError, ValueError):
        return  # another rule says so
    for expression in parsed:
        for node, _ in nodes(expression):
            if isinstance(node, promql_parser.Call) and node.func.name == "label_replace":
                label, text, source, pattern = (each.val for each in node.args[1:])
                if not source and not pattern:
                    yield node, label, text


def _there_without_data(found: tuple[Any, tuple[Any, ...]]) -> bool:
    node, _ = found
    return isinstance(node, promql_parser.Call) and node.func.name in _THERE_WITHOUT_DATA
