"""Shares of rows over time, as a heatmap."""

from __future__ import annotations

from grafana_foundation_sdk.builders import heatmap as builders
from grafana_foundation_sdk.models import heatmap as models

from .colours import BLUE
from .panels import heat

__all__ = ["share_heat"]


def share_heat(rows: str, deepest: float = 1) -> builders.Panel:
    """Shares, the deeper the more, the first row on top; ``rows`` is what a row is, in a word.

    ``deepest`` is the share from which on the tint stays the same: all, or less where many rows share it.

    The scale is fixed, so that a tint is the same share in every model and time range; small shares are stretched.
    Opacity of one colour, unlike a scheme of several, is calm in the dark and in the light theme.
    """
    return (
        heat()
        .color(
            builders.HeatmapColorOptions()
            .mode(models.HeatmapColorMode.OPACITY)
            .fill(BLUE)
            .scale(models.HeatmapColorScale.EXPONENTIAL)
            .exponent(0.6)
            .min(0)
            .max(deepest)
            .steps(64)
        )
        # Without a name of the axis, Grafana 9.4 cuts the first letter of the longest row.
        .y_axis(builders.YAxisConfig().reverse(True).axis_label(rows))
        .cell_values(builders.CellValues().unit("percentunit").decimals(0))
    )
