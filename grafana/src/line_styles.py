"""How a line looks that means something: a fixed colour, dashed where it is a limit or what was to be expected."""

from __future__ import annotations

from grafana_foundation_sdk.builders import common
from grafana_foundation_sdk.builders import dashboard as builders
from grafana_foundation_sdk.models import dashboard as models

from .panels import legend, properties

__all__ = ["by_thresholds", "coloured", "crossing", "dashed", "last_values"]


def coloured(colour: str, **others: object) -> list[models.DynamicConfigValue]:
    """Properties of an override: a fixed colour, and whatever else."""
    return properties(color={"mode": "fixed", "fixedColor": colour}, **others)


def dashed(colour: str, **others: object) -> list[models.DynamicConfigValue]:
    """As :func:`coloured`, thin and dashed."""
    return coloured(colour, custom__lineStyle={"fill": "dash", "dash": [10, 8]}, custom__lineWidth=1, **others)


def by_thresholds() -> builders.FieldColor:
    """Colours that change with the value, at the thresholds."""
    return builders.FieldColor().mode(models.FieldColorModeId.THRESHOLDS)


def crossing(first: str, *others: tuple[float, str]) -> dict[str, object]:
    """Thresholds as the value of an override's property; see :func:`grafana.src.colours.steps`."""
    below: list[dict[str, object]] = [{"value": None, "color": first}]
    return {"mode": "absolute", "steps": below + [{"value": value, "color": colour} for value, colour in others]}


def last_values() -> common.VizLegendOptions:
    """A legend beside the lines with the last value of each, the largest on top: for many lines of one colour."""
    return legend(right=True, last_values=True)
