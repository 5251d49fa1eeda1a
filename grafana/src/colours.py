"""What each colour means, in every panel. The colours are those of Okabe and Ito (2008), told apart by colour-blind people."""

from __future__ import annotations

from grafana_foundation_sdk.builders import dashboard as builders
from grafana_foundation_sdk.models import dashboard as models

__all__ = [
    "BLUE",
    "GREY",
    "MEANINGS",
    "ORANGE",
    "PURPLE",
    "SAND",
    "SCALE",
    "SKY",
    "TEAL",
    "TRANSPARENT",
    "VERDICTS",
    "VERMILION",
    "names",
    "steps",
]

VERMILION = "#D55E00"
ORANGE = "#E69F00"
PURPLE = "#CC79A7"
BLUE = "#3B8BC9"
GREY = "#8E8E8E"
TEAL = "#5FD3B0"
"""Paler than theirs, which looks like grey to people with deuteranopia."""
SAND = "#C9B37E"
SKY = "#A6D3F2"
TRANSPARENT = GREY + "00"
"""Not the word: state timelines of Grafana 9.4 draw that black."""
SCALE = "continuous-blues"
"""For lines that differ in nothing but their name: the larger the last value, the deeper the blue."""

MEANINGS = {
    VERMILION: "somebody is woken, or the line beyond which somebody is",
    ORANGE: "worth a look in daylight, or the line beyond which it is",
    PURPLE: "cannot be judged",
    BLUE: "now, and all is well",
    GREY: "usual: the reference, or what was to be expected",
    TEAL: "the same time last week",
    SAND: "has changed or grows, and is by itself not worth a look",
    SKY: "a second part of what is now",
    TRANSPARENT: "nothing to see",
}

VERDICTS = {0: ("Quiet", BLUE), 1: ("Cannot be judged", PURPLE), 2: ("Ticket", ORANGE), 3: ("Page", VERMILION)}
"""Text and colour for each value of ``model:verdict:max``."""


def names(
    texts: dict[int, tuple[str, str]],
) -> list[models.ValueMapping]:
    """Value mappings that show a text in its colour instead of a number."""
    options = {
        str(value): models.ValueMappingResult(text=text, color=colour, index=index)
        for index, (value, (text, colour)) in enumerate(texts.items())
    }
    return [models.ValueMap(options=options)]


def steps(first: str, *others: tuple[float, str]) -> builders.ThresholdsConfig:
    """Thresholds: ``first`` below all of them, then each colour from its value on."""
    return (
        builders.ThresholdsConfig()
        .mode(models.ThresholdsMode.ABSOLUTE)
        .steps(
            [
                models.Threshold(value=None, color=first),
                *(models.Threshold(value=value, color=colour) for value, colour in others),
            ]
        )
    )
