"""Dashboard Exporter, how its lines look: exporters differ in nothing but their name, so that the legend says which is worst."""

from __future__ import annotations

from grafana_foundation_sdk.builders import common, timeseries
from grafana_foundation_sdk.models import common as models
from grafana_foundation_sdk.models import dashboard as dashboard_models

from ..colours import BLUE, ORANGE, SKY, steps
from ..line_styles import by_thresholds, coloured
from ..panels import legend, lines

__all__ = ["alike", "beside"]


def alike(limit: float | None = None) -> timeseries.Panel:
    """Lines from 0 on, with a legend that has the largest on top; orange beyond a limit, which is dashed."""
    visualisation = lines().min(0).color_scheme(by_thresholds()).legend(legend(last_values=True))
    if limit is None:
        return visualisation.thresholds(steps(BLUE))
    return (
        visualisation.thresholds(steps(BLUE, (limit, ORANGE)))
        .gradient_mode(models.GraphGradientMode.SCHEME)
        .thresholds_style(common.GraphThresholdsStyleConfig().mode(models.GraphThresholdsStyleMode.DASHED))
    )


def beside(unit: str, label: str, colour: str = SKY) -> list[dashboard_models.DynamicConfigValue]:
    """Properties of lines that belong to the axis on the right, whose label names them instead of the legend."""
    return coloured(
        colour,
        custom__axisLabel=label,
        custom__axisPlacement="right",
        custom__gradientMode="none",
        custom__hideFrom={"legend": True, "tooltip": False, "viz": False},
        custom__lineWidth=1,
        custom__thresholdsStyle={"mode": "off"},
        unit=unit,
    )
