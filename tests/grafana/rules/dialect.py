"""Rules that keep a dashboard in the dialect of Grafana 9.4: what is newer would be ignored there, or break the panel.

The keys are those of its schemas: packages/grafana-schema/src/schema, public/app/plugins/panel/*/models.cue, kinds/dashboard
and packages/grafana-data/src/transformations/transformers/ids.ts. Keys that it ignores without a loss are not listed, either:
a file has no use for them.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from tests.grafana.dashboard_file import Dashboard, Panel, Variable, walk

__all__ = ["problems"]

_LINE = "lineColor lineInterpolation lineStyle lineWidth spanNulls"
_FILL = "fillBelowTo fillColor fillOpacity"
_POINTS = "pointColor pointSize pointSymbol showPoints"
_AXIS = "axisCenteredZero axisColorMode axisGridShow axisLabel axisPlacement axisSoftMax axisSoftMin axisWidth scaleDistribution"
_BARS = "barAlignment barMaxWidth barWidthFactor"
_HEAT_OPTIONS = (
    "calculate calculation color filterValues rowsFrame showValue cellGap cellRadius cellValues yAxis legend"
)

_OPTIONS = {
    "stat": "orientation reduceOptions text graphMode colorMode justifyMode textMode",
    "timeseries": "legend tooltip timezone",
    "table": "frameIndex showHeader footer sortBy",
    "heatmap": f"{_HEAT_OPTIONS} tooltip exemplars",
    "state-timeline": "legend tooltip timezone showValue rowHeight mergeValues alignValue",
    "status-history": "legend tooltip timezone showValue rowHeight colWidth",
    "barchart": "legend tooltip text xField colorByField orientation barRadius xTickLabelRotation xTickLabelMaxLength "
    "xTickLabelSpacing stacking showValue barWidth groupWidth",
    "bargauge": "orientation reduceOptions text displayMode showUnfilled minVizWidth minVizHeight",
    "text": "mode code content",
    "row": "",
}
_CUSTOM = {
    "stat": "",
    "timeseries": f"{_LINE} {_FILL} {_POINTS} {_AXIS} {_BARS} stacking hideFrom drawStyle gradientMode thresholdsStyle transform",
    "table": "align displayMode filterable hidden inspect minWidth width",
    "heatmap": "hideFrom scaleDistribution",
    "state-timeline": "hideFrom lineWidth fillOpacity",
    "status-history": "hideFrom lineWidth fillOpacity",
    "barchart": f"{_AXIS} hideFrom lineWidth fillOpacity gradientMode thresholdsStyle",
    "bargauge": "",
    "text": "",
    "row": "",
}
_INNER_OPTIONS = {
    "legend": "asTable calcs displayMode isVisible placement showLegend sortBy sortDesc width show",
    "tooltip": "mode sort show yHistogram",
    "reduceOptions": "calcs fields limit values",
    "footer": "show reducer fields enablePagination countRows",
    "text": "titleSize valueSize",
    "color": "mode scheme fill scale exponent steps reverse min max",
}
_PANEL = (
    "type id pluginVersion tags targets title description transparent datasource gridPos links repeat repeatDirection "
    "maxDataPoints maxPerRow transformations interval timeFrom timeShift hideTimeOverride options fieldConfig collapsed panels"
)
_FIELD = "displayName description filterable unit decimals min max mappings thresholds color links noValue custom"
_TARGET = "refId datasource expr legendFormat format interval intervalFactor instant range exemplar hide editorMode"
_VARIABLE = (
    "name type label description hide skipUrlSync query definition datasource refresh sort regex multi includeAll allValue "
    "current options queryValue"
)
_ANNOTATION = (
    "name datasource enable hide iconColor expr step titleFormat textFormat tagKeys useValueForTime builtIn type target "
    "showIn"
)
_LINK = "title type icon tooltip url tags asDropdown targetBlank includeVars keepTime"
_DASHBOARD = (
    "id uid title description tags style timezone editable graphTooltip time timepicker liveNow weekStart refresh "
    "schemaVersion version panels templating annotations links revision"
)
_TRANSFORMATIONS = (
    "reduce order organize rename calculateField seriesToColumns seriesToRows merge concatenate labelsToFields filterFields "
    "filterFieldsByName filterFrames filterByRefId renameByRegex filterByValue ensureColumns groupBy sortBy histogram "
    "configFromData rowsToFields prepareTimeSeries convertFieldType fieldLookup heatmap joinByField extractFields "
    "groupingToMatrix limit partitionByValues"
)
_CELLS = "auto json-view basic gradient-gauge lcd-gauge color-text color-background color-background-solid image"
_COLOUR_MODES = {"thresholds", "fixed", "shades", "palette-classic"}


def problems(dashboard: Dashboard) -> list[str]:
    """What Grafana 9.4 does not know, one sentence each."""
    found = list(_unknown("the dashboard", dashboard.raw, _DASHBOARD))
    for variable in dashboard.variables.values():
        found += _variable(variable)
    for annotation in dashboard.annotations:
        found += _unknown(f"annotation {annotation.get('name')!r}", annotation, _ANNOTATION)
    for link in dashboard.links:
        found += _unknown(f"link {link.get('title')!r}", link, _LINK)
    whole = [f"{dashboard.name}: {problem}" for problem in found]
    return whole + [f"{dashboard.where(panel)}: {each}" for panel in dashboard.panels for each in _panel(panel)]


def _unknown(what: str, value: Mapping[str, Any], known: str) -> Iterator[str]:
    for key in value:
        if key not in known.split():
            yield f"{what} has the key {key!r}, which Grafana 9.4 does not know; leave it out"


def _variable(variable: Variable) -> Iterator[str]:
    yield from _unknown(f"variable {variable.name}", variable.raw, _VARIABLE)
    if variable.type not in {"query", "custom", "datasource", "interval", "constant", "textbox"}:
        yield f"variable {variable.name} is of type {variable.type!r}, which Grafana 9.4 does not know"


def _panel(panel: Panel) -> Iterator[str]:
    if panel.type not in _OPTIONS:
        yield f"{panel.type!r} is no panel that Grafana 9.4 to 12 all have; use one of {', '.join(_OPTIONS)}"
        return
    yield from _unknown("the panel", panel.raw, _PANEL)
    yield from _unknown("options", panel.options, _OPTIONS[panel.type])
    for name, known in _INNER_OPTIONS.items():
        inner = panel.options.get(name)
        if isinstance(inner, dict):
            yield from _unknown(f"options.{name}", inner, known)
    yield from _unknown("fieldConfig.defaults", panel.defaults, _FIELD)
    yield from _unknown("fieldConfig.defaults.custom", panel.defaults.get("custom") or {}, _CUSTOM[panel.type])
    for target in panel.targets:
        yield from _unknown(f"query {target.ref_id}", target.raw, _TARGET)
    for transformation in panel.transformations:
        if transformation.get("id") not in _TRANSFORMATIONS.split():
            yield f"transformation {transformation.get('id')!r} is newer than Grafana 9.4"
    yield from _overrides(panel)
    yield from _modes(panel)


def _overrides(panel: Panel) -> Iterator[str]:
    for override in panel.overrides:
        for property_ in override.get("properties") or []:
            name = str(property_.get("id"))
            first, _, rest = name.partition(".")
            known = _CUSTOM[panel.type].split() if first == "custom" else _FIELD.split()
            key = rest.partition(".")[0] if first == "custom" else first
            if key not in known:
                yield f"an override sets {name!r}, which Grafana 9.4 does not know here"


def _modes(panel: Panel) -> Iterator[str]:
    """Values that a newer Grafana has more of."""
    for path, value in walk(panel.raw.get("fieldConfig") or {}):
        key = path.rpartition(".")[2]
        if panel.type == "table" and key == "displayMode" and value not in _CELLS.split():
            yield f"cells are shown as {value!r}; Grafana 9.4 knows {', '.join(_CELLS.split())}"
        if key == "mode" and path.endswith("color.mode") and not _known_colour_mode(str(value)):
            yield f"colour mode {value!r} is newer than Grafana 9.4"


def _known_colour_mode(mode: str) -> bool:
    return mode in _COLOUR_MODES or mode.startswith("continuous-")
