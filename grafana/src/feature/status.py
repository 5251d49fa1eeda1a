"""The status strip of the dashboard about a feature."""

from __future__ import annotations

from collections.abc import Mapping

from grafana_foundation_sdk.builders import common as common_builders
from grafana_foundation_sdk.builders import stat
from grafana_foundation_sdk.models import common
from grafana_foundation_sdk.models import dashboard as models

from ..bins import of_reference_in_use, selector
from ..colours import BLUE, ORANGE, SAND, VERMILION, names
from ..links import SAME_MODEL, data_link
from ..panels import Panel, number, panel, properties
from ..queries import now, ref_id
from ..variables import EXPORTED, FEATURE, MODEL
from ..worst_feature import NEEDED, RISING

__all__ = ["RAW", "STATES", "STATUS", "recorded", "reference_special", "series"]

RAW = f"{EXPORTED}, {FEATURE}"
"""Matchers of the exporters' own series of the feature."""

STATES = {
    0: ("Quiet", BLUE),
    1: ("Rising", SAND),
    2: ("Suspected", ORANGE),
    3: ("Drifts", ORANGE),
    4: ("Page", VERMILION),
}

_EVIDENCE = f"model_feature:drift_evidence:log10{selector('feature')}"
_NAMED = f'model_alert_feature{{{RAW}, certainty="named"'
_STATE = (
    f'(group({_NAMED}, severity="page"}}) * 4 or group({_NAMED}, severity="ticket"}}) * 3 '
    f"or group(model_alert_feature{{{RAW}}}) * 2 or group({_EVIDENCE} >= on () group_left () ({RISING} * {NEEDED})) "
    f"or group({_EVIDENCE}) * 0)"
)
_ONSET = f"min(model_feature_drift_onset_timestamp_seconds{{{RAW}}})"


def series(metric: str) -> str:
    """A recorded series of the feature for each reference, such as ``"psi:reference1h"``."""
    return f"model_reference_feature:feature_{metric}{selector('feature')}"


def recorded(metric: str) -> str:
    """One value: a recorded series of the feature for the reference in use."""
    return f"max({of_reference_in_use(series(metric))})"


def reference_special(bins: str) -> str:
    """One value: the share in the reference in use of the bins that a regular expression matches."""
    matchers = f'{MODEL}, {FEATURE}, bin=~"{bins}"'
    counts = f"sum by (reference) (model_reference_feature_bin:feature_reference_observations:max{{{matchers}}})"
    sums = f"model_reference_feature:feature_reference_observations:sum{selector('feature')}"
    return f"max({of_reference_in_use(f'{counts} / on (reference) {sums}')})"


_OBSERVATIONS = recorded("observations:increase$window")


def _tile(
    identifier: int,
    title: str,
    description: str,
    queries: Mapping[str, str],
    *,
    empty: str,
    unit: str = "none",
    tile: stat.Panel | None = None,
    width: int = 4,
) -> Panel:
    """A value, and others to compare it with; ``queries`` by the names of the values."""
    shown = (tile or number()).orientation(common.VizOrientation.HORIZONTAL)
    if len(queries) > 1:
        shown = shown.text(
            common_builders.VizTextDisplayOptions().title_size(14).value_size(15 if unit.startswith("date") else 20)
        )
    return panel(
        identifier,
        shown,
        [now(query, name, ref_id=ref_id(index)) for index, (name, query) in enumerate(queries.items())],
        title=title,
        description=description,
        unit=unit,
        empty=empty,
        width=width,
        height=4,
    )


def _state() -> stat.Panel:
    tile = number().mappings(names(STATES))
    return tile.with_override(
        models.MatcherConfig(id_val="byName", options="State"),
        properties(links=[data_link("The model of this feature", "model", **SAME_MODEL)]),
    )


STATUS = (
    _tile(
        1,
        "Feature",
        "Quiet is good. Rising: it has 75 % of the evidence that a ticket needs, and may fall again by itself; look in "
        "an hour. Suspected: an alert of the model fires, and this feature is among the likeliest causes. Drifts: a "
        "ticket names it, until its values are back to usual; look at Now against reference, and ask who changed "
        "what at that time. Page: an alert that wakes somebody names it; go to Missing and out of range.",
        {"State": _STATE},
        empty="Not judged: no exporter reports it",
        tile=_state(),
    ),
    _tile(
        2,
        "Differs since",
        "When the evidence began to grow, and how long ago that is. Compare it with your list of deploys: "
        "minutes after one it is the deploy; at a full hour or at midnight it is a scheduled job.",
        {"Since": f"{_ONSET} * 1000 and {_STATE} > 0", "For": f"time() - {_ONSET} and {_STATE} > 0"},
        unit="dateTimeAsIso",
        empty="No onset known",
        width=5,
        tile=number().override_by_name("For", properties(unit="s", decimals=1)),
    ),
    _tile(
        3,
        "PSI, $window",
        "How much of the distribution has moved, as population stability index. Only what is above the noise "
        "floor, the value to expect by chance, counts. Above it by less than 0.1 is small, by more than 0.25 "
        "large.",
        {"PSI": recorded("psi:reference$window"), "Noise": recorded("psi_noise_floor:reference$window")},
        empty="No value in this window",
        tile=number().decimals(2),
    ),
    _tile(
        4,
        "Missing",
        "The share of values that are absent or of the wrong type, in the window and in the reference. Both "
        "about equal is good. Much more than in the reference: find the sender that leaves the value out; see "
        "the panel Missing and out of range.",
        {
            "Now": f"{recorded('missing:ratio$window')} + {recorded('invalid:ratio$window')}",
            "Usual": f"{reference_special('__missing__|__invalid__')} and {_OBSERVATIONS}",
        },
        unit="percentunit",
        empty="No value in this window",
    ),
    _tile(
        5,
        "Out of range",
        "The share of numbers outside everything in the reference, or of categories that are unknown or rare "
        "there. Both about equal is good. Much more: a unit has changed, or a category has a new name.",
        {
            "Now": f"{recorded('out_of_range:ratio$window')} or {recorded('unseen:ratio$window')}",
            "Usual": f"{reference_special('__below__|__above__|__other__')} and {_OBSERVATIONS}",
        },
        unit="percentunit",
        empty="No value in this window",
    ),
    _tile(
        6,
        "Values",
        "How many values of the last $window all of this page rests on. Below some hundred every share is rough: "
        "choose a longer window. None: look at the panel Traffic of the dashboard Model.",
        {"Values": _OBSERVATIONS},
        unit="locale",
        empty="No values at all",
        width=3,
    ),
)
