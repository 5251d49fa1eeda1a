"""Rows of bins over time, coloured by how much more or less than in the reference there is."""

from __future__ import annotations

from grafana_foundation_sdk.builders import dashboard as builders
from grafana_foundation_sdk.builders import statetimeline
from grafana_foundation_sdk.models import dashboard as models

from .colours import BLUE, GREY, TRANSPARENT
from .panels import states

__all__ = ["differences"]

_MUCH, _MORE, _LITTLE = "FF", "B0", "60"
"""Opacities: with one of its own a colour keeps it, in the dark and in the light theme."""

_STEPS = (
    (-1, -0.1, "10 or more points less", GREY + _MUCH),
    (-0.1, -0.05, "5 to 10 points less", GREY + _MORE),
    (-0.05, -0.01, "1 to 5 points less", GREY + _LITTLE),
    (-0.01, 0.01, "as in the reference", TRANSPARENT),
    (0.01, 0.05, "1 to 5 points more", BLUE + _LITTLE),
    (0.05, 0.1, "5 to 10 points more", BLUE + _MORE),
    (0.1, 1, "10 or more points more", BLUE + _MUCH),
)


def differences() -> statetimeline.Panel:
    """Blue where there is more now, grey where there was more, for ``bins.difference_beyond_chance``.

    Those are the colours of now and of the reference in all histograms. The steps are in words: a legend of numbers
    below and above zero says nothing at a glance.
    """
    mappings: list[models.ValueMapping] = [
        models.RangeMap(
            options=models.DashboardRangeMapOptions(
                from_val=low, to=high, result=models.ValueMappingResult(text=text, color=colour, index=index)
            )
        )
        for index, (low, high, text, colour) in enumerate(_STEPS)
    ]
    gap = models.ValueMappingResult(text="no values", color=TRANSPARENT, index=len(_STEPS))
    mappings.append(
        models.SpecialValueMap(
            options=models.DashboardSpecialValueMapOptions(match=models.SpecialValueMatch.NULL_AND_NAN, result=gap)
        )
    )
    return states().mappings(mappings).color_scheme(builders.FieldColor().mode(models.FieldColorModeId.FIXED))
