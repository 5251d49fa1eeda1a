"""A dashboard: rows of panels laid out on the grid, as the JSON that Grafana reads from a file."""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Any

import attrs
from grafana_foundation_sdk.builders import dashboard as builders
from grafana_foundation_sdk.cog.builder import Builder
from grafana_foundation_sdk.cog.encoder import JSONEncoder
from grafana_foundation_sdk.models import dashboard as models

from .compatibility import compatible
from .links import TAG, Name, menu, uid
from .panels import Panel

__all__ = ["Page", "Row"]

_COLUMNS = 24


@attrs.frozen(eq=False)
class Row:
    """Panels from left to right, in as many lines as they need; those of a line have one height.

    With a ``title`` and an ``identifier`` the row has a head; ``collapsed``, its panels are loaded when it is opened.
    """

    panels: Sequence[Panel]
    title: str = ""
    identifier: int = 0
    collapsed: bool = False


@attrs.frozen(eq=False)
class Page:
    """A whole dashboard. ``since`` is how far back it begins, such as ``"now-24h"``."""

    name: Name
    title: str
    description: str
    variables: Sequence[Builder[models.VariableModel]]
    rows: Sequence[Row]
    annotations: Sequence[Builder[models.AnnotationQuery]] = ()
    since: str = "now-24h"
    refresh: str = "1m"

    def documentation(self) -> str:
        """The text of the JSON file; the same at every call."""
        plain = json.loads(JSONEncoder(sort_keys=True).encode(self._head().build()))
        plain["panels"] = self._panels()
        plain["id"] = None
        return json.dumps(compatible(plain), indent=2, sort_keys=True, ensure_ascii=False) + "\n"

    def _head(self) -> builders.Dashboard:
        head = (
            builders.Dashboard(self.title)
            .uid(uid(self.name))
            .description(self.description)
            .tags([TAG])
            .readonly()
            .tooltip(models.DashboardCursorSync.CROSSHAIR)
            .timezone("browser")
            .time(self.since, "now")
            .refresh(self.refresh)
        )
        for link in menu(self.name, [variable.build().name for variable in self.variables]):
            head = head.link(link)
        for variable in self.variables:
            head = head.with_variable(variable)
        for annotation in self.annotations:
            head = head.annotation(annotation)
        return head

    def _panels(self) -> list[dict[str, Any]]:
        placed: list[dict[str, Any]] = []
        top = 0
        for row in self.rows:
            inner, below = _laid_out(row.panels, top + bool(row.title))
            if row.title:
                head: dict[str, Any] = {
                    "type": "row",
                    "id": row.identifier,
                    "title": row.title,
                    "collapsed": row.collapsed,
                    "gridPos": {"x": 0, "y": top, "w": _COLUMNS, "h": 1},
                    "panels": inner if row.collapsed else [],
                }
                placed.append(head)
            if not row.collapsed:
                placed += inner
            top = top + 1 if row.collapsed else below
        return placed


def _laid_out(panels: Sequence[Panel], top: int) -> tuple[list[dict[str, Any]], int]:
    """The panels with their places, and the first grid row below them."""
    placed = []
    left, below = 0, top
    for panel in panels:
        if left + panel.width > _COLUMNS:
            left, top = 0, below
        plain = json.loads(JSONEncoder(sort_keys=True).encode(panel.builder.build()))
        plain["id"] = panel.identifier
        plain["gridPos"] = {"x": left, "y": top, "w": panel.width, "h": panel.height}
        placed.append(plain)
        left += panel.width
        below = max(below, top + panel.height)
    return placed, below
