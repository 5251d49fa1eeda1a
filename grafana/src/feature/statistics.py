"""Panels of the dashboard about a feature that show numbers over time: special values, PSI, evidence."""

from __future__ import annotations

import attrs
from grafana_foundation_sdk.builders import timeseries

from ..bins import END, selector
from ..colours import BLUE, GREY, ORANGE, SKY
from ..line_styles import coloured, dashed
from ..panels import Panel, lines, panel
from ..queries import over_time
from ..worst_feature import LOUD, NEEDED
from .status import recorded, reference_special

__all__ = ["EVIDENCE", "PSI", "PSI_LAST_WEEK", "SPECIAL"]

_EVER_INVALID = (
    f"max_over_time(model_reference_feature:feature_invalid:ratio$window{selector('feature')}[$__range]{END})"
)
_INTERVAL = "2m"
"""Of the rules that record effect sizes."""

_DOTTED = {"fill": "dot", "dash": [0, 6]}


@attrs.frozen
class _Comparison:
    """PSI beside its noise floor, against one baseline over one window."""

    identifier: int
    title: str
    description: str
    series: str
    empty: str
    width: int
    height: int

    def panel(self) -> Panel:
        floor = f"{recorded(f'psi_noise_floor:{self.series}')} < {LOUD}"
        psi = f"{recorded(f'psi:{self.series}')} and {floor}"
        chart = (
            lines()
            .min(0)
            .axis_soft_max(0.25)  # that is large
            .override_by_name("PSI", coloured(BLUE))
            .override_by_name("Noise floor", dashed(GREY))
        )
        return panel(
            self.identifier,
            chart,
            [
                over_time(psi, "PSI", interval=_INTERVAL),
                over_time(floor, "Noise floor", ref_id="B", interval=_INTERVAL),
            ],
            title=self.title,
            description=self.description,
            unit="none",
            empty=self.empty,
            width=self.width,
            height=self.height,
        )


def _special_lines() -> timeseries.Panel:
    return (
        lines()
        .min(0)
        .axis_soft_max(0.01)
        .override_by_name("Missing", coloured(BLUE))
        .override_by_name("Invalid (dotted)", coloured(BLUE, custom__lineStyle=_DOTTED))
        .override_by_name("Out of range", coloured(SKY, custom__lineWidth=3))
        .override_by_name("Rare or unseen", coloured(SKY, custom__lineWidth=3))
        .override_by_name("Missing or invalid in the reference", dashed(GREY))
        .override_by_name(
            "Rare in the reference (dotted)", coloured(GREY, custom__lineStyle=_DOTTED, custom__lineWidth=1)
        )
    )


SPECIAL = panel(
    20,
    _special_lines(),
    [
        over_time(recorded("missing:ratio$window"), "Missing", ref_id="A", interval=_INTERVAL),
        # A line of its own only if there was any: it would hide the one below it.
        over_time(
            f"{recorded('invalid:ratio$window')} and on () {_EVER_INVALID} > 0",
            "Invalid (dotted)",
            ref_id="B",
            interval=_INTERVAL,
        ),
        over_time(recorded("out_of_range:ratio$window"), "Out of range", ref_id="C", interval=_INTERVAL),
        over_time(recorded("unseen:ratio$window"), "Rare or unseen", ref_id="D", interval=_INTERVAL),
        over_time(
            reference_special("__missing__|__invalid__"),
            "Missing or invalid in the reference",
            ref_id="E",
            interval=_INTERVAL,
        ),
        over_time(reference_special("__other__"), "Rare in the reference (dotted)", ref_id="F", interval=_INTERVAL),
    ],
    title="Missing and out of range",
    description="Shares of values that the model can do little with, over the $window before. Lines that lie "
    "on the dashed ones, or at 0, are good. Missing: a sender leaves the value out, or a lookup "
    "finds nothing. Invalid: it comes as another type. Out of range: beyond the smallest and the "
    "largest of the reference; a unit has changed. Rare or unseen: categories without a bin; "
    "something was renamed or is new. What to do next: ask the sender what was deployed when it "
    "began.",
    unit="percentunit",
    empty="No value in this time range: see the panel Traffic of the dashboard Model.",
    width=8,
    height=9,
)

EVIDENCE = panel(
    23,
    lines().override_by_name("Evidence", coloured(BLUE)).override_by_name("Ticket", dashed(ORANGE)).axis_soft_min(-1),
    [
        over_time(f"max(model_feature:drift_evidence:log10{selector('feature')})", "Evidence"),
        over_time(NEEDED, "Ticket", ref_id="B"),
    ],
    title="Evidence",
    description="How strongly the data speak against this feature being as in the reference, as a power of "
    "ten: 4 is 10,000 to 1. It gathers over time, whatever the window. Below the dashed line is good; "
    "beyond it this feature alone brings a ticket; where several drift, less of each will do. Above three quarters "
    "of it and growing: look at Now against reference today. It falls by itself when the data are back to usual.",
    unit="none",
    empty="No exporter has judged this feature in this time range: see the alert ModelDriftNotEvaluable.",
    width=8,
    height=9,
)

PSI = _Comparison(
    identifier=21,
    title="PSI and its noise floor",
    description="How far the last $window stand from the reference. A line on its dashed noise floor is good: "
    "that much is to be expected by chance. Above it by less than 0.1 is small, by more than 0.25 large. What to do "
    "next: look at Now against reference for what has moved. No alert looks at this number; they look at "
    "evidence.",
    series="reference$window",
    empty="Too few values in every window of this time range: choose a longer one, or see the panel Traffic of "
    "the dashboard Model.",
    width=8,
    height=9,
).panel()

PSI_LAST_WEEK = _Comparison(
    identifier=31,
    title="PSI against last week",
    description="How far the last $window stand from the same time a week ago. A line on its dashed noise floor is "
    "good: the season repeats. High here and low against the reference: last week was unusual.",
    series="lastweek$window",
    empty="Nothing to compare with: too few values a week ago, or another reference was in use then.",
    width=12,
    height=15,
).panel()
