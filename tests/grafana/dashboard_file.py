"""Reads a dashboard's JSON: panels, queries, variables, annotations and links, wherever they stand in it."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import attrs

__all__ = ["DASHBOARDS", "FOLDER", "UIDS", "Dashboard", "Grid", "Panel", "Target", "Variable", "parsed", "read", "walk"]

FOLDER = Path(__file__).resolve().parents[2] / "grafana" / "dashboards"
UIDS = {name: f"model-drift-{name}" for name in ("fleet", "model", "feature", "exporter")}
"""The dashboards that must be there, by the name of their file."""


@attrs.frozen
class Target:
    """A query of a panel."""

    ref_id: str
    expression: str
    legend: str
    format: str
    interval: str
    instant: bool
    hidden: bool
    data_source: str
    raw: Mapping[str, Any] = attrs.field(repr=False)


@attrs.frozen
class Grid:
    """Place on the grid of 24 columns, in columns and rows of 30 pixels."""

    x: int
    y: int
    width: int
    height: int

    @property
    def bottom(self) -> int:
        """The first row below."""
        return self.y + self.height

    def overlaps(self, other: Grid) -> bool:
        """Whether they share a cell."""
        apart_x = self.x + self.width <= other.x or other.x + other.width <= self.x
        return not apart_x and self.y < other.bottom and other.y < self.bottom


@attrs.frozen
class Panel:
    """A panel, or a row's head (type ``row``). ``row`` is the title of the collapsed row that it is in."""

    id: int | None
    type: str
    title: str
    description: str
    grid: Grid
    targets: tuple[Target, ...]
    row: str | None
    raw: Mapping[str, Any] = attrs.field(repr=False)

    @property
    def defaults(self) -> Mapping[str, Any]:
        """Field options of all fields."""
        return _mapping(_mapping(self.raw.get("fieldConfig")).get("defaults"))

    @property
    def overrides(self) -> list[Mapping[str, Any]]:
        """Field options of some fields."""
        return list(_mapping(self.raw.get("fieldConfig")).get("overrides") or [])

    @property
    def options(self) -> Mapping[str, Any]:
        """Options of the visualisation."""
        return _mapping(self.raw.get("options"))

    @property
    def transformations(self) -> list[Mapping[str, Any]]:
        """What is done with the answers before they are shown."""
        return list(self.raw.get("transformations") or [])

    def data_links(self) -> Iterator[tuple[Mapping[str, Any], Mapping[str, Any]]]:
        """Links of values and of the title, each with the override that it is in; ``{}`` where it is in none."""
        for link in [*(self.raw.get("links") or []), *(self.defaults.get("links") or [])]:
            yield link, {}
        for override in self.overrides:
            for property_ in override.get("properties") or []:
                if property_.get("id") == "links":
                    for link in property_.get("value") or []:
                        yield link, override


@attrs.frozen
class Variable:
    """A variable of the dashboard; ``values`` are those that a custom one lists."""

    name: str
    type: str
    query: str
    values: tuple[str, ...]
    several: bool
    all_value: str | None
    raw: Mapping[str, Any] = attrs.field(repr=False)


@attrs.frozen
class Dashboard:
    """A parsed dashboard file; ``name`` is the file's, without ``.json``."""

    name: str
    raw: Mapping[str, Any] = attrs.field(repr=False)
    panels: tuple[Panel, ...]
    variables: Mapping[str, Variable]

    @property
    def uid(self) -> str:
        """What links name it by."""
        return str(self.raw.get("uid", ""))

    @property
    def annotations(self) -> list[Mapping[str, Any]]:
        """Annotations with a query; the built-in one has none."""
        listed = _mapping(self.raw.get("annotations")).get("list") or []
        return [annotation for annotation in listed if not annotation.get("builtIn")]

    @property
    def links(self) -> list[Mapping[str, Any]]:
        """Links of the whole dashboard."""
        return list(self.raw.get("links") or [])

    def queries(self) -> Iterator[tuple[Panel, Target]]:
        """All queries that Grafana would send."""
        for panel in self.panels:
            for target in panel.targets:
                if not target.hidden:
                    yield panel, target

    def where(self, panel: Panel) -> str:
        """How messages name a panel."""
        return f"{self.name}, panel {panel.title!r} (id {panel.id})"


def read(path: Path) -> Dashboard:
    """The dashboard in a file."""
    return parsed(path.stem, json.loads(path.read_text()))


def parsed(name: str, raw: Mapping[str, Any]) -> Dashboard:
    """A dashboard from its JSON."""
    variables = [_variable(each) for each in _mapping(raw.get("templating")).get("list") or []]
    return Dashboard(name, raw, tuple(_panels(raw)), {variable.name: variable for variable in variables})


def walk(value: Any, path: str = "") -> Iterator[tuple[str, Any]]:
    """Every value of the JSON with its path, such as ``panels.0.title``."""
    yield path, value
    items: Any = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    for key, inner in items:
        yield from walk(inner, f"{path}.{key}" if path else str(key))


def _mapping(value: Any) -> Mapping[str, Any]:
    return value if isinstance(value, dict) else {}


def _panels(raw: Mapping[str, Any], row: str | None = None) -> Iterator[Panel]:
    for each in raw.get("panels") or []:
        place = each.get("gridPos") or {}
        yield Panel(
            id=each.get("id"),
            type=each.get("type", ""),
            title=each.get("title") or "",
            description=each.get("description") or "",
            grid=Grid(*(place.get(key, 0) for key in "xywh")),
            targets=tuple(_target(target) for target in each.get("targets") or []),
            row=row,
            raw=each,
        )
        if each.get("type") == "row":
            yield from _panels(each, each.get("title") or "")


def _target(raw: Mapping[str, Any]) -> Target:
    return Target(
        ref_id=raw.get("refId", ""),
        expression=raw.get("expr", ""),
        legend=raw.get("legendFormat") or "",
        format=raw.get("format") or "time_series",
        interval=raw.get("interval") or "",
        instant=bool(raw.get("instant")),
        hidden=bool(raw.get("hide")),
        data_source=str(_mapping(raw.get("datasource")).get("uid", "")),
        raw=raw,
    )


def _variable(raw: Mapping[str, Any]) -> Variable:
    query = raw.get("query", "")
    text = str(query.get("query", "")) if isinstance(query, dict) else str(query)
    custom = raw.get("type") == "custom"
    return Variable(
        name=raw.get("name", ""),
        type=raw.get("type", ""),
        query=text,
        values=tuple(each.strip() for each in text.split(",")) if custom else (),
        several=bool(raw.get("multi") or raw.get("includeAll")),
        all_value=raw.get("allValue"),
        raw=raw,
    )


DASHBOARDS = [read(path) for path in sorted(FOLDER.glob("*.json"))]
"""Those of this repository."""
