"""Panels in the style of the house: each says what it shows, in which unit, what good looks like, and why it may be empty."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol, Self

import attrs
from grafana_foundation_sdk.builders import (
    barchart,
    common,
    heatmap,
    prometheus,
    stat,
    statetimeline,
    table,
    timeseries,
)
from grafana_foundation_sdk.builders import dashboard as builders
from grafana_foundation_sdk.cog import variants
from grafana_foundation_sdk.cog.builder import Builder
from grafana_foundation_sdk.models import common as common_models
from grafana_foundation_sdk.models import dashboard as models

from .colours import BLUE, TRANSPARENT, steps
from .queries import DATA_SOURCE

__all__ = [
    "Panel",
    "Visualisation",
    "bars",
    "heat",
    "legend",
    "lines",
    "number",
    "panel",
    "properties",
    "states",
    "tabular",
    "transformation",
]


_GAP: models.ValueMapping = models.SpecialValueMap(
    options=models.DashboardSpecialValueMapOptions(
        match=models.SpecialValueMatch.NULL,
        result=models.ValueMappingResult(text="", color=TRANSPARENT),
    )
)
"""Keeps gaps of a timeline out of its legend, where they would stand with the text of the empty panel.

An empty text instead of that one would fill them with 0: to Grafana's timeline, it is a number that stands for no value.
"""


class Visualisation(Protocol):
    """What the library's builders of all visualisations can do."""

    def build(self) -> models.Panel: ...
    def title(self, title: str) -> Self: ...
    def description(self, description: str) -> Self: ...
    def unit(self, unit: str) -> Self: ...
    def no_value(self, no_value: str) -> Self: ...
    def datasource(self, datasource: common_models.DataSourceRef) -> Self: ...
    def with_target(self, target: Builder[variants.Dataquery]) -> Self: ...


@attrs.frozen(eq=False)
class Panel:
    """A visualisation with its place.

    ``identifier`` is in the links of alerts: once given it stays, and is never given again. ``width`` is in columns of
    24, ``height`` in rows of 30 pixels.
    """

    identifier: int
    builder: Visualisation
    width: int
    height: int


def panel(
    identifier: int,
    visualisation: Visualisation,
    queries: Sequence[prometheus.Dataquery],
    *,
    title: str,
    description: str,
    unit: str,
    empty: str,
    width: int,
    height: int,
) -> Panel:
    """Any visualisation with what the house asks of every panel.

    ``description`` says what good looks like and what to do next; ``empty`` stands where there is no value, and says why.
    """
    if isinstance(visualisation, statetimeline.Panel):
        config = visualisation.build().field_config
        mappings = (config.defaults.mappings if config else None) or []
        visualisation = visualisation.mappings([*mappings, _GAP])
    styled = visualisation.title(title).description(description).unit(unit).no_value(empty).datasource(DATA_SOURCE)
    for query in queries:
        styled = styled.with_target(query)
    return Panel(identifier, styled, width, height)


def number() -> stat.Panel:
    """One value as large as fits, coloured by thresholds or value mappings, without a line behind it."""
    return (
        stat.Panel()
        .graph_mode(common_models.BigValueGraphMode.NONE)
        .color_mode(common_models.BigValueColorMode.BACKGROUND)
        .justify_mode(common_models.BigValueJustifyMode.CENTER)
        .thresholds(steps(TRANSPARENT))
        .reduce_options(common.ReduceDataOptions().calcs(["lastNotNull"]).values(False))
    )


def legend(*, right: bool = False, last_values: bool = False) -> common.VizLegendOptions:
    """The names of lines, below them or on the right; with the last value of each, as a table with the largest on top."""
    placement = common_models.LegendPlacement.RIGHT if right else common_models.LegendPlacement.BOTTOM
    plain = common.VizLegendOptions().show_legend(True).placement(placement)
    if not last_values:
        return plain.display_mode(common_models.LegendDisplayMode.LIST)
    ordered = plain.calcs(["lastNotNull"]).sort_by("Last *").sort_desc(True)
    return ordered.display_mode(common_models.LegendDisplayMode.TABLE)


def lines() -> timeseries.Panel:
    """Lines over time: a legend below, a tooltip with all values, gaps left open."""
    return (
        timeseries.Panel()
        .line_width(2)
        .fill_opacity(0)
        .show_points(common_models.VisibilityMode.NEVER)
        .legend(legend())
        .tooltip(
            common.VizTooltipOptions()
            .mode(common_models.TooltipDisplayMode.MULTI)
            .sort(common_models.SortOrder.DESCENDING)
        )
        .thresholds(steps(BLUE))
    )


def states() -> statetimeline.Panel:
    """A row for each series, coloured by value mappings or thresholds; the texts are in the legend, not in the bars."""
    return (
        statetimeline.Panel()
        .line_width(0)
        .fill_opacity(90)
        .merge_values(True)
        .show_value(common_models.VisibilityMode.NEVER)
        .row_height(0.8)
        .legend(legend())
        .thresholds(steps(TRANSPARENT))
        # The default, a scale of colours, would leave the legend away.
        .color_scheme(builders.FieldColor().mode(models.FieldColorModeId.FIXED).fixed_color(BLUE))
    )


def heat() -> heatmap.Panel:
    """Rows of counts or shares over time, darker for more."""
    return heatmap.Panel().cell_gap(0).show_value(common_models.VisibilityMode.NEVER)


def bars() -> barchart.Panel:
    """Groups of bars over a text column."""
    return (
        barchart.Panel()
        .show_value(common_models.VisibilityMode.NEVER)
        .legend(legend())
        .tooltip(common.VizTooltipOptions().mode(common_models.TooltipDisplayMode.MULTI))
        .thresholds(steps(BLUE))
    )


def tabular() -> table.Panel:
    """A table."""
    return table.Panel().thresholds(steps(TRANSPARENT))


def properties(**values: object) -> list[models.DynamicConfigValue]:
    """Properties of an override; two underscores stand for a dot: ``custom__lineStyle``."""
    return [models.DynamicConfigValue(id_val=name.replace("__", "."), value=value) for name, value in values.items()]


def transformation(identifier: str, **options: object) -> models.DataTransformerConfig:
    """What Grafana does with the answers before they are shown, such as ``transformation("merge")``."""
    return models.DataTransformerConfig(id_val=identifier, options=options)
