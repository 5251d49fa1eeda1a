"""Rules about colours: only those of the house, each with its one meaning, told apart by colour-blind people too."""

from __future__ import annotations

import itertools
import re
from collections.abc import Iterator

import numpy as np
from numpy.typing import NDArray

from grafana.src import colours
from tests.grafana.dashboard_file import Dashboard, Panel, walk

__all__ = ["LEAST_DISTANCE", "difference", "panel_colours", "problems", "simulated"]

LEAST_DISTANCE = 15.0
"""In units of CIE 1976 L*a*b*, where 2.3 is just noticeable side by side: apart at a glance, also as thin lines."""

# Machado, Oliveira and Fernandes (2009), A Physiologically-based Model for Simulation of Color Vision Deficiency,
# IEEE Transactions on Visualization and Computer Graphics 15 (6), severity 1.0; for linear RGB.
_DEFICIENCIES = {
    "protanopia": ((0.152286, 1.052583, -0.204868), (0.114503, 0.786281, 0.099216), (-0.003882, -0.048116, 1.051998)),
    "deuteranopia": ((0.367322, 0.860646, -0.227968), (0.280085, 0.672501, 0.047413), (-0.011820, 0.042940, 0.968881)),
}
_TO_XYZ = np.array(
    [[0.4124564, 0.3575761, 0.1804375], [0.2126729, 0.7151522, 0.0721750], [0.0193339, 0.1191920, 0.9503041]]
)
_WHITE = np.array([0.95047, 1.0, 1.08883])
_COLOUR_KEYS = {"color", "fixedColor", "lineColor", "fillColor", "pointColor"}
_SCHEMES = {"Blues": "darker for more", "PuOr": "less, as usual, or more"}
"""Colour schemes of heatmaps, and what they mean."""
_NAMED = {
    r"\breference$|\busual\b|\bexpected\b|\bnoise floor\b": colours.GREY,
    r"\blast week\b|\bweek before\b": colours.TEAL,
    r"\btolerated\b|\bpage": colours.VERMILION,
    r"\bticket": colours.ORANGE,
    r"\bcannot be judged\b|\bnot evaluable\b": colours.PURPLE,
    r"\bquiet\b|\bnow\b": colours.BLUE,
}
"""Words in the name of a line, and the colour that means it; the first match counts."""

_Colour = NDArray[np.float64]


def problems(dashboard: Dashboard) -> list[str]:
    """Colours that are not of the house, that mean two things, or that cannot be told apart, one sentence each."""
    found = []
    for annotation in dashboard.annotations:
        colour, name = str(annotation.get("iconColor")), str(annotation.get("name"))
        found += [f"{dashboard.name}, annotation {name!r}: {each}" for each in (*_known(colour), *_meant(name, colour))]
    for panel in dashboard.panels:
        found += [f"{dashboard.where(panel)}: {each}" for each in dict.fromkeys(_panel(panel))]
    return found


def panel_colours(panel: Panel) -> set[str]:
    """Fixed colours of a panel: of thresholds, value mappings, lines."""
    found = set()
    heat = panel.options.get("color") or {}
    if heat.get("mode") == "opacity":
        found.add(str(heat.get("fill")))
    for path, value in walk({"fieldConfig": panel.raw.get("fieldConfig"), "options": panel.options}):
        *_, parent, key = ["", *path.split(".")]
        if isinstance(value, str) and key in _COLOUR_KEYS and parent != "exemplars":  # there are none
            found.add(value)
    return found


def simulated(colour: str, deficiency: str | None = None) -> _Colour:
    """A colour ``#rrggbb`` as linear RGB, as people with a deficiency see it."""
    parts = np.array([int(colour[position : position + 2], 16) / 255 for position in (1, 3, 5)])
    linear = np.where(parts <= 0.04045, parts / 12.92, ((parts + 0.055) / 1.055) ** 2.4)
    if deficiency is None:
        return linear
    seen: _Colour = np.clip(np.array(_DEFICIENCIES[deficiency]) @ linear, 0, 1)
    return seen


def difference(one: _Colour, other: _Colour) -> float:
    """Distance of two linear RGB colours in CIE 1976 L*a*b*."""
    return float(np.linalg.norm(_lab(one) - _lab(other)))


def _lab(linear: _Colour) -> _Colour:
    scaled = _TO_XYZ @ linear / _WHITE
    cubic = np.where(scaled > (6 / 29) ** 3, np.cbrt(scaled), scaled / (3 * (6 / 29) ** 2) + 4 / 29)
    return np.array([116 * cubic[1] - 16, 500 * (cubic[0] - cubic[1]), 200 * (cubic[1] - cubic[2])])


def _panel(panel: Panel) -> Iterator[str]:
    used = panel_colours(panel)
    for colour in sorted(used):
        yield from _known(colour)
    for path, value in walk(panel.raw.get("fieldConfig") or {}):
        if path.endswith("color.mode") and value not in {"fixed", "thresholds", colours.SCALE}:
            yield f"colours come from {value!r}, where they mean nothing; write 'fixed', 'thresholds' or {colours.SCALE!r}"
    heat = panel.options.get("color") or {}
    if heat.get("mode") == "scheme" and (scheme := heat.get("scheme")) not in _SCHEMES:
        yield f"the colour scheme is {scheme!r}; write one of {', '.join(sorted(_SCHEMES))}"
    for name, colour in _lines(panel):
        yield from _meant(name, colour)
    for name, colour in _states(panel):
        meant = dict(colours.VERDICTS.values()).get(name, colour)
        if colour != meant:
            yield f"{name!r} is {colour}, elsewhere it is {meant} ({colours.MEANINGS[meant]})"
    styles = _line_styles(panel)
    for one, other in itertools.combinations(sorted(used), 2):
        if styles.get(one) == styles.get(other):
            yield from _close(one, other)


def _known(colour: str) -> Iterator[str]:
    if _opaque(colour) not in colours.MEANINGS:
        yield f"the colour {colour!r} is not of the house; take one of {', '.join(colours.MEANINGS)}"


def _opaque(colour: str) -> str:
    """A colour as ``#RRGGBB``, if it was a paler one: ``rgba(142, 142, 142, 0.4)`` or ``#8E8E8E66``."""
    if re.fullmatch(r"#[0-9A-Fa-f]{8}", colour):
        return colour[:7]
    paler = re.fullmatch(r"rgba\((\d+), *(\d+), *(\d+), *[\d.]+\)", colour)
    return "#{:02X}{:02X}{:02X}".format(*map(int, paler.groups())) if paler else colour


def _meant(name: str, colour: str) -> Iterator[str]:
    for pattern, meant in _NAMED.items():
        if re.search(pattern, name, re.IGNORECASE):
            if colour not in {meant, colours.TRANSPARENT}:
                yield f"{name!r} is {colour}, elsewhere it is {meant} ({colours.MEANINGS[meant]})"
            return


def _lines(panel: Panel) -> Iterator[tuple[str, str]]:
    """Names of lines and bars with their fixed colours."""
    for override in panel.overrides:
        name = str((override.get("matcher") or {}).get("options"))
        for property_ in override.get("properties") or []:
            if property_.get("id") == "color" and (property_.get("value") or {}).get("fixedColor"):
                yield name, property_["value"]["fixedColor"]


def _states(panel: Panel) -> Iterator[tuple[str, str]]:
    """Texts of value mappings with their colours."""
    for _, value in walk(panel.raw.get("fieldConfig") or {}):
        if isinstance(value, dict) and isinstance(value.get("text"), str) and "color" in value:
            yield value["text"], str(value["color"])


def _line_styles(panel: Panel) -> dict[str, str]:
    """Colours of lines that are drawn in one style, such as dashes: a second way to tell them apart."""
    found: dict[str, set[str]] = {}
    for override in panel.overrides:
        properties = {property_.get("id"): property_.get("value") for property_ in override.get("properties") or []}
        colour = (properties.get("color") or {}).get("fixedColor")
        if colour:
            found.setdefault(colour, set()).add(str((properties.get("custom.lineStyle") or {}).get("fill", "solid")))
    return {colour: styles.pop() for colour, styles in found.items() if len(styles) == 1 and styles != {"solid"}}


def _close(one: str, other: str) -> Iterator[str]:
    if not all(re.fullmatch(r"#[0-9A-Fa-f]{6}", colour) for colour in (one, other)):
        return
    for deficiency in (None, *_DEFICIENCIES):
        distance = difference(simulated(one, deficiency), simulated(other, deficiency))
        if distance < LEAST_DISTANCE:
            whose = f"people with {deficiency}" if deficiency else "anybody"
            yield f"{one} and {other} are hard to tell apart for {whose}: {distance:.0f}, not {LEAST_DISTANCE:.0f}"
