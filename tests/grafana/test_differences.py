from __future__ import annotations

import itertools

import pytest
from grafana_foundation_sdk.models import dashboard as models

from grafana.src.colours import BLUE, GREY, TRANSPARENT
from grafana.src.differences import differences


def _mappings() -> list[models.ValueMapping]:
    config = differences().build().field_config
    assert config is not None
    return config.defaults.mappings or []


def _ranges() -> list[models.DashboardRangeMapOptions]:
    return [each.options for each in _mappings() if isinstance(each, models.RangeMap)]


def _shown(difference: float) -> models.ValueMappingResult:
    """As Grafana chooses it: the first range that holds the value, both bounds included."""
    for each in _ranges():
        assert each.from_val is not None
        assert each.to is not None
        if each.from_val <= difference <= each.to:
            return each.result
    raise AssertionError(f"{difference} is in no range")


def test_every_difference_of_shares_has_a_step() -> None:
    """From all less to all more, without a hole."""
    ranges = _ranges()
    assert (ranges[0].from_val, ranges[-1].to) == (-1, 1)
    assert all(one.to == other.from_val for one, other in itertools.pairwise(ranges))


@pytest.mark.parametrize(
    ("difference", "text", "colour"),
    [
        (-0.3, "10 or more points less", GREY),
        (-0.07, "5 to 10 points less", GREY),
        (0.0, "as in the reference", TRANSPARENT[:7]),
        (0.03, "1 to 5 points more", BLUE),
        (1.0, "10 or more points more", BLUE),
    ],
)
def test_more_is_blue_and_less_is_grey(difference: float, text: str, colour: str) -> None:
    """The colours of now and of the reference in histograms; nothing is blank."""
    shown = _shown(difference)
    assert (shown.text, str(shown.color)[:7]) == (text, colour)


def test_the_larger_the_difference_the_deeper_the_colour() -> None:
    """On both sides alike; each step has a colour of its own."""

    def depth(difference: float) -> int:
        return int(str(_shown(difference).color)[7:], 16)

    more, less = ([depth(sign * size) for size in (0.0, 0.03, 0.07, 0.5)] for sign in (1, -1))
    assert more == less == sorted(set(more))
    assert len({each.result.color for each in _ranges()}) == len(_ranges())


def test_no_value_is_no_difference() -> None:
    """A gap is blank, and is called what it is."""
    [gap] = [each.options for each in _mappings() if isinstance(each, models.SpecialValueMap)]
    assert gap.match == models.SpecialValueMatch.NULL_AND_NAN
    assert (gap.result.text, gap.result.color) == ("no values", TRANSPARENT)
