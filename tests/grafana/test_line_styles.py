from __future__ import annotations

from grafana.src.colours import BLUE, GREY, VERMILION, steps
from grafana.src.line_styles import coloured, crossing, dashed


def test_a_line_that_means_something_has_a_fixed_colour() -> None:
    """Beside whatever else is asked for; two underscores stand for a dot."""
    found = {each.id_val: each.value for each in coloured(BLUE, custom__lineWidth=3)}
    assert found == {"color": {"mode": "fixed", "fixedColor": BLUE}, "custom.lineWidth": 3}


def test_a_dashed_line_is_told_from_a_plain_one_without_its_colour() -> None:
    """Grafana 9.4 takes a number of pixels for the dash and for the gap."""
    found = {each.id_val: each.value for each in dashed(GREY)}
    style = found["custom.lineStyle"]
    assert isinstance(style, dict)
    assert style["fill"] == "dash"
    assert len(style["dash"]) == 2
    assert all(pixels > 0 for pixels in style["dash"])
    assert found["color"] == {"mode": "fixed", "fixedColor": GREY}


def test_thresholds_of_an_override_are_those_of_a_panel() -> None:
    """The same colours from the same values on, as an override has them: plain JSON."""
    panel = steps(BLUE, (0.5, VERMILION)).build()
    override = crossing(BLUE, (0.5, VERMILION))
    assert override["mode"] == panel.mode.value
    assert override["steps"] == [{"value": step.value, "color": step.color} for step in panel.steps]
