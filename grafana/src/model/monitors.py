"""Dashboard Model, more monitors: the panels that monitors declare as plain data."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from grafana_foundation_sdk.builders import common, stat, timeseries
from grafana_foundation_sdk.builders import dashboard as builders
from grafana_foundation_sdk.models import common as common_models
from grafana_foundation_sdk.models import dashboard as models

from model_drift_exporter.metrics.metric import Group
from model_drift_exporter.monitors import MonitorSpec
from model_drift_exporter.monitors.panel import PanelQuery, PanelSpec

from ..colours import BLUE, ORANGE, SCALE, steps
from ..line_styles import by_thresholds, last_values
from ..page import Row
from ..panels import Panel, Visualisation, lines, number, panel
from ..queries import now, over_time, ref_id
from ..variables import EXPORTED

__all__ = ["TITLE", "monitor_rows"]

TITLE = "More monitors"
_HEAD = 94
_WIDTH, _HEIGHT = 8, 8


def monitor_rows(monitors: Sequence[MonitorSpec], numbers: Mapping[str, int]) -> list[Row]:
    """The row of all panels of monitors, whose ``numbers`` are by their names; no row where there is no panel."""
    drawn = [_drawn(each, numbers[each.name]) for spec in monitors for each in spec.panels]
    return [Row(drawn, TITLE, _HEAD, collapsed=True)] if drawn else []


def _drawn(spec: PanelSpec, identifier: int) -> Panel:
    asked = [(_expression(query), _legend(query), ref_id(index)) for index, query in enumerate(spec.queries)]
    if spec.kind == "lines":
        visualisation: Visualisation = _lines(spec)
        queries = [over_time(expression, legend, ref_id=name, interval="1m") for expression, legend, name in asked]
    else:
        visualisation = _number(spec)
        queries = [now(expression, legend, ref_id=name) for expression, legend, name in asked]
    return panel(
        identifier,
        visualisation,
        queries,
        title=spec.title,
        description=spec.description,
        unit=spec.unit,
        empty=spec.empty,
        width=_WIDTH,
        height=_HEIGHT,
    )


def _lines(spec: PanelSpec) -> timeseries.Panel:
    """One line is blue; of several, the larger the deeper. With a threshold, what is beyond it is orange."""
    several = len(spec.queries) > 1 or bool(spec.queries[0].by)
    drawn = lines().legend(last_values()) if several else lines()
    if spec.threshold is None:
        return drawn.color_scheme(_scheme(models.FieldColorModeId(SCALE)) if several else _blue())
    return (
        drawn.color_scheme(by_thresholds())
        .gradient_mode(common_models.GraphGradientMode.SCHEME)
        .thresholds(steps(BLUE, (spec.threshold, ORANGE)))
        .thresholds_style(common.GraphThresholdsStyleConfig().mode(common_models.GraphThresholdsStyleMode.DASHED))
    )


def _scheme(mode: models.FieldColorModeId) -> builders.FieldColor:
    return builders.FieldColor().mode(mode)


def _blue() -> builders.FieldColor:
    return _scheme(models.FieldColorModeId.FIXED).fixed_color(BLUE)


def _number(spec: PanelSpec) -> stat.Panel:
    drawn = number().text_mode(common_models.BigValueTextMode.VALUE_AND_NAME)
    if spec.threshold is None:
        return drawn.color_mode(common_models.BigValueColorMode.NONE)
    return drawn.color_mode(common_models.BigValueColorMode.VALUE).thresholds(steps(BLUE, (spec.threshold, ORANGE)))


def _expression(query: PanelQuery) -> str:
    """PromQL over the replicas; a counter as its rate. Raises :class:`ValueError` for a histogram, which is no line."""
    metric = query.metric
    if metric.type == "histogram":
        raise ValueError(f"{metric.name}: a panel of a monitor shows gauges and counters; export a mean or a share")
    matchers = EXPORTED
    if "window" in metric.labels and "window" not in query.by:
        # Outcomes have windows of their own.
        matchers += f', window="${"loss_window" if metric.group == Group.PERFORMANCE else "window"}"'
    series = f"{metric.name}{{{matchers}}}"
    if metric.type == "counter":
        series = f"rate({series}[$__rate_interval])"
    by = f" by ({', '.join(query.by)}) " if query.by else ""
    return f"{query.merge}{by}({series})"


def _legend(query: PanelQuery) -> str:
    """What the spec says, or its labels, or without any the metric's words."""
    words = query.metric.name.removeprefix("model_").removesuffix("_total").replace("_", " ").capitalize()
    return query.legend or ", ".join(f"{{{{{label}}}}}" for label in query.by) or words
