"""What ``check`` and ``profile`` say of a reference's season and of how dependent its rows are."""

from __future__ import annotations

from ..words import excerpt
from .profile import FEATURE, ReferenceProfile
from .seasons import FEWEST_CYCLES, FEWEST_ROWS

__all__ = ["dependence_sentence", "promise_sentence", "season_sentence", "why_not_backed"]

_SHOWN = 3
_ABSENT = {
    "no_times": "none can be found: most rows have no event time",
    "too_short": f"none can be found: the rows span less than {FEWEST_CYCLES} days",
    "few_rows": f"none can be used: an hour of the day or the week needs {FEWEST_ROWS} rows and most have fewer",
    "no_gain": "none: the hour of the day or the week does not explain how the rows depend on each other",
    "": "not known: the reference was made by an older version; build it again to find one",
}


_FOUND = {
    "set": "; the time zone is that of model.time_zone",
    "offsets": "; the offsets of the times change as its clocks do",
    "rows": "; values move with its clocks, or with those of a zone where they change on the same days",
    "": "; the rows show no change of clocks: where people's clocks change, set model.time_zone",
}


def season_sentence(reference: ReferenceProfile) -> str:
    """The season found, or why there is none."""
    if reference.season is None:
        return _ABSENT.get(reference.season_absent, f"none: {excerpt(reference.season_absent)}")
    hours = "week" if reference.season.slots > 24 else "day"
    place = excerpt(reference.season.time_zone)
    how = _FOUND.get(reference.season.time_zone_found, "")
    return f"{reference.season.slots} slots: each hour of the {hours} ({place}) is compared with its own rows{how}"


def dependence_sentence(reference: ReferenceProfile) -> str:
    """The largest design effects, as the number of independent rows that is left."""
    columns = [column for column in reference.columns if column.design_effect > 1]
    effects = {
        column.name if column.role == FEATURE else f"({column.role})": column.design_effect for column in columns
    }
    if reference.outcomes is not None and reference.outcomes.loss.design_effect > 1:
        effects["(loss)"] = reference.outcomes.loss.design_effect
    if not effects:
        return "none shown: rows count as independent"
    ranked = sorted(effects, key=lambda name: (-effects[name], name))
    shown = [_worth(reference, name, effects[name]) for name in ranked[:_SHOWN]]
    more = f" and {len(ranked) - _SHOWN} more" if len(ranked) > _SHOWN else ""
    return f"{', '.join(shown)}{more}: drift in these is found that much later"


def why_not_backed(reference: ReferenceProfile) -> str:
    """Why the reference does not show how records depend on one another; empty where it does."""
    if reference.first_time is None or reference.last_time is None or reference.season_absent == "no_times":
        return "the reference has no times"
    if reference.days < FEWEST_CYCLES:
        return f"the reference covers {reference.days:.1f} days, less than {FEWEST_CYCLES}"
    return ""


def promise_sentence(reference: ReferenceProfile) -> str:
    """What the promise of false alarms rests on with this reference; it begins with ``not yet`` where that is nothing."""
    if why := why_not_backed(reference):
        return (
            f"not yet: {why}, so it does not show how records depend on one another. At most so many false pages are promised "
            f"once live traffic has shown it, from about the eighth day on; rows with times, over {FEWEST_CYCLES} days or more "
            "and none left out, would promise it now"
        )
    days = reference.days
    return (
        f"by this reference: {days:,.0f} days with times, about {reference.rows / days:,.0f} rows a day; by live traffic, from "
        "about the eighth day on, if that has more than twice as many records"
    )


def _worth(reference: ReferenceProfile, name: str, effect: float) -> str:
    rows = reference.rows
    if name == "(loss)" and reference.outcomes is not None:
        rows = reference.outcomes.rows
    left = max(round(rows / effect), 1)
    return f"{excerpt(name, 40)} {_rounded(effect)} (about {left:,} independent rows of {rows:,})"


def _rounded(effect: float) -> str:
    return f"{effect:,.0f}" if effect >= 10 else f"{effect:.1f}"
