"""Panels of the dashboard about a feature that show its distribution bin by bin."""

from __future__ import annotations

from collections.abc import Mapping

from grafana_foundation_sdk.models import common

from ..bins import (
    END,
    difference_beyond_chance,
    last_known,
    of_reference_in_use,
    one_row_at_least,
    reference_share,
    selector,
    share_in_reference,
    share_last_week,
    share_now,
    side_by_side,
)
from ..colours import BLUE, GREY, TEAL
from ..differences import differences
from ..panels import Panel, bars, panel, properties
from ..queries import over_time, ref_id, rows
from ..shares import share_heat

__all__ = ["LAST_WEEK", "NOW", "OVER_TIME", "SHARES"]

_COLOURS = {"Reference": GREY, "Now": BLUE, "This hour": BLUE, "Last week": TEAL}
_REFERENCE = one_row_at_least(
    share_in_reference("feature", END), reference_share("feature", END), "no reference in this time"
)
_VALUES = last_known(f"model_reference_feature:feature_observations:increase$window{selector('feature')}")


def _over_time(shares: str, nothing: str = "0") -> str:
    return one_row_at_least(shares, of_reference_in_use(_VALUES), "no values in this time", nothing)


def _bars(
    identifier: int, title: str, description: str, shares: Mapping[str, str], *, empty: str, width: int, height: int
) -> Panel:
    """Horizontal bars: texts of bins stay readable however many and long they are. ``shares`` by name."""
    columns = {ref_id(index): name for index, name in enumerate(shares)}
    chart = bars().orientation(common.VizOrientation.HORIZONTAL).x_field("Bin").fill_opacity(85).line_width(0)
    chart = chart.axis_soft_max(0.01)  # without any share the axis would go to 10,000 %
    chart = chart.group_width(0.8).bar_width(0.95).x_tick_label_max_length(24)
    for name in shares:
        chart = chart.override_by_name(name, properties(color={"mode": "fixed", "fixedColor": _COLOURS[name]}))
    for transformation in side_by_side(columns):
        chart = chart.with_transformation(transformation)
    return panel(
        identifier,
        chart,
        [rows(query, ref_id=each) for each, query in zip(columns, shares.values(), strict=True)],
        title=title,
        description=description,
        unit="percentunit",
        empty=empty,
        width=width,
        height=height,
    )


NOW = _bars(
    10,
    "Now against reference",
    "The share of values in each bin, over the last $window and in the reference. Bars of equal length are "
    "good. All of it moved the same way: a unit or a source has changed. One bin much longer: one value for "
    "all, a default. A category gone and another there: it was renamed. What to do next: compare the time in "
    "Differs since with your deploys.",
    {"Now": share_now("feature", "$window"), "Reference": _REFERENCE},
    empty="No exporter reported a reference of this feature in this time range.",
    width=10,
    height=16,
)

OVER_TIME = panel(
    11,
    differences(),
    [over_time(_over_time(difference_beyond_chance("feature", "$window"), "NaN"), "{{text}}", interval="5m")],
    title="Over time",
    description="How the share of each bin, over the $window before, differs from its share in the reference, "
    "in percentage points: blue where there is more now, grey where there was more in the "
    "reference, blank where it is within chance. A blank panel is good. Colours that begin at one "
    "moment and stay: a deploy or a new source; look for what happened then. Colours that creep "
    "in: the world changes. The same hours every day: a season that the reference lacks.",
    unit="percentunit",
    empty="No value in this time range: see the panel Traffic of the dashboard Model.",
    width=14,
    height=16,
)

SHARES = panel(
    12,
    share_heat("Bin", deepest=0.5),
    [over_time(_over_time(share_now("feature", "$window")), "{{text}}", interval="5m")],
    title="Share of each bin",
    description="The share of values in each bin, over the $window before; the deeper, the more. Stripes that keep "
    "their tint are good. Stripes that break off at one moment, while others begin: a unit, a source or a name has "
    "changed; look for what happened then. A pattern that comes back every day is the season. What differs from the "
    "reference is in Over time.",
    unit="percentunit",
    empty="No value in this time range: see the panel Traffic of the dashboard Model.",
    width=24,
    height=10,
)

LAST_WEEK = _bars(
    30,
    "This hour against the same hour last week",
    "The share of values in each bin in the last hour, in the same hour a week ago, and in the reference. "
    "This hour like last week but unlike the reference: a season that the reference lacks, or a change that "
    "is older than a week. Unlike both: something new.",
    {
        "This hour": share_now("feature", "1h"),
        "Last week": share_last_week("feature", "1h"),
        "Reference": _REFERENCE,
    },
    empty="No exporter reported a reference of this feature in this time range.",
    width=12,
    height=15,
)
