"""Colours, which mean something and are told apart by everybody."""

from __future__ import annotations

import itertools
from typing import Any

import numpy as np
import pytest

from grafana.src import colours
from tests.grafana.dashboard_file import DASHBOARDS, Dashboard
from tests.grafana.examples import changed, good
from tests.grafana.rules.colours import LEAST_DISTANCE, difference, problems, simulated

_DEFAULTS = "panels.0.fieldConfig.defaults"
_OVERRIDES = "panels.0.fieldConfig.overrides"


def _line(name: str, colour: str, **properties: Any) -> dict[str, Any]:
    fixed = {"id": "color", "value": {"mode": "fixed", "fixedColor": colour}}
    others = [{"id": key.replace("__", "."), "value": value} for key, value in properties.items()]
    return {"matcher": {"id": "byName", "options": name}, "properties": [fixed, *others]}


_WRONG: list[tuple[str, Any, str]] = [
    ("annotations.list.1.iconColor", "red", "'red' is not of the house"),
    ("annotations.list.1.iconColor", colours.BLUE, "'Pages' is #3B8BC9, elsewhere it is #D55E00"),
    (f"{_DEFAULTS}.thresholds", {"steps": [{"color": "green", "value": None}]}, "'green' is not of the house"),
    (f"{_DEFAULTS}.color", {"mode": "palette-classic"}, "colours come from 'palette-classic'"),
    (f"{_DEFAULTS}.color", {"mode": "fixed", "fixedColor": "#123456"}, "'#123456' is not of the house"),
    ("panels.0.options.color", {"mode": "scheme", "scheme": "RdYlGn"}, "the colour scheme is 'RdYlGn'"),
    (_OVERRIDES, [_line("Reference", colours.BLUE)], "'Reference' is #3B8BC9"),
    (_OVERRIDES, [_line("a", "rgba(1,2,3,0.5)")], "'rgba(1,2,3,0.5)' is not of the house"),
    (
        f"{_DEFAULTS}.mappings",
        [{"type": "value", "options": {"0": {"text": "Quiet", "color": colours.ORANGE}}}],
        "'Quiet' is #E69F00",
    ),
    (_OVERRIDES, [_line("Reference", colours.GREY), _line("a", colours.PURPLE)], "people with deuteranopia"),
]


@pytest.mark.parametrize("dashboard", DASHBOARDS, ids=lambda dashboard: dashboard.name)
def test_nothing_is_wrong(dashboard: Dashboard) -> None:
    """Our dashboards use colours of the house only, in their meaning, and never two that look the same."""
    assert problems(dashboard) == []


def test_a_good_dashboard_passes() -> None:
    """The rules leave alone what is right."""
    assert problems(good()) == []


@pytest.mark.parametrize(("path", "value", "told"), _WRONG)
def test_what_is_wrong_is_told(path: str, value: Any, told: str) -> None:
    """Each rule can fail, and says what to take instead."""
    assert told in "\n".join(problems(changed(path, value)))


def test_dashes_tell_lines_apart() -> None:
    """Colours that some people confuse may stand in one panel if one is dashed and the other is not."""
    dashed = _line("Reference", colours.GREY, custom__lineStyle={"fill": "dash", "dash": [10, 10]})
    assert problems(changed(_OVERRIDES, [dashed, _line("a", colours.PURPLE)])) == []


def test_verdicts_are_told_apart_by_everybody() -> None:
    """Quiet, cannot be judged, ticket and page stand beside each other as cells, without dashes."""
    for one, other in itertools.combinations([colour for _, colour in colours.VERDICTS.values()], 2):
        for deficiency in (None, "protanopia", "deuteranopia"):
            assert difference(simulated(one, deficiency), simulated(other, deficiency)) > LEAST_DISTANCE


def test_each_colour_has_a_meaning_of_its_own() -> None:
    """Every colour of the house is in the table of meanings, and no two mean the same."""
    named = {value for value in vars(colours).values() if isinstance(value, str) and value.startswith("#")}
    assert named <= colours.MEANINGS.keys()
    assert len(set(colours.MEANINGS.values())) == len(colours.MEANINGS)


def test_simulation_is_that_of_the_literature() -> None:
    """Grey stays grey, white and black are 100 apart, and red and green come closer without red or green cones."""
    for deficiency in ("protanopia", "deuteranopia"):
        grey = simulated("#808080", deficiency)
        assert np.ptp(grey) < 1e-3
        red, green = (simulated(colour, deficiency) for colour in ("#D00000", "#808000"))
        assert difference(red, green) < difference(simulated("#D00000"), simulated("#808000")) / 1.5
    assert difference(simulated("#FFFFFF"), simulated("#000000")) == pytest.approx(100, abs=0.01)
