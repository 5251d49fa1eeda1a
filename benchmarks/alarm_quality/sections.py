"""From what was measured to figures beside what was asked, and tables."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from typing import Any

import attrs
import numpy as np

from benchmarks.report import Figure, Table, number

from .dependence import A_DAY
from .families import allowed
from .nulls import THRESHOLDS

__all__ = ["Part", "cost", "delays", "dependence", "nulls", "quantile", "streams", "when_found"]

_FEATURE_DELAYS = {"+0.25 sd": 1_260, "+0.5 sd": 290, "+1 sd": 100, "2 % missing": 650, "×1.25 scale": 900}
_SHIFT_DELAYS = {"iid": 450, "daily cycle 0.5 sd": 450, "AR(1) 0.9": 9_000}
_HARMED = ("bank_marketing", "car_loan", "elec2", "sea_abrupt")
_CAR_LOAN_CHANGE = 25_000

_REARMED = """\
Armed again: wherever the average of a family's bets over all features that have them reaches c, the family's bets start
again at 1. Crossings are expected no more often than one in c updates."""
_DELAYS = """\
A change comes after 2,000 clean records. Looks every 20 records or 10 labels, a minute apart; a fresh reference of 10,000 iid
rows for every 200 features and for every error. A feature counts as found when its M, divided by 200, reaches c: all others are
taken to have none."""
_DEPENDENT = """\
Dependent streams: 14 reference days, then live days, of {day:,} records each; one feature and, independent of it, errors (a
tenth) that follow the same process, with labels in the records. The shift comes at the second midnight. Season slots: in how
many of the references. Alarms on all clean streams together: {alarms}."""
_TRUTH = """\
A loss page is true if a harmful span overlaps the records from its onset to the last one whose label had arrived;
ModelInputBroken if one of its features was missing in 5 points more than in the reference, in some 500 records in a
row from the onset on."""


@attrs.frozen
class Part:
    """A part of the report."""

    figures: Sequence[Figure] = ()
    tables: Sequence[Table] = ()
    notes: Sequence[str] = ()


def quantile(values: Sequence[float], share: float) -> float:
    """A quantile that is one of the values, which may be infinite."""
    return float(np.quantile(values, share, method="higher"))


def _one_line(text: str) -> str:
    return text.replace("\n", " ")


def when_found(value: float) -> str:
    """A delay as text."""
    return "never" if np.isinf(value) else number(value)


def nulls(found: Sequence[Mapping[str, Any]]) -> Part:
    """False alarms of clean features, and what became of the guarantee."""
    updates = sum(each["updates"] for each in found)
    families = {name: [each["families"][name] for each in found] for name in found[0]["families"]}
    worst = 0.0
    rows: list[list[str | float]] = []
    for name, seeds in families.items():
        crossings = [sum(each["crossings"][place] for each in seeds) for place in range(len(THRESHOLDS))]
        limits = [allowed(updates, threshold) for threshold in THRESHOLDS]
        worst = max(worst, *(count / limit for count, limit in zip(crossings, limits, strict=True)))
        rows.append([name, *map(float, crossings), f"{max(each['highest'] for each in seeds):.2f}"])
    model = max(each["highest"] for each in families["ModelFeatureDrift"])
    pages = max(*(each["highest"] for each in families["ModelInputBroken"]), *(each["highest_loss"] for each in found))
    records = f"{updates * 50:,} records with labels, {len(found)} seeds"
    bounds = [f"c = {threshold:,.0f} (≤ {number(allowed(updates, threshold))})" for threshold in THRESHOLDS]
    return Part(
        [
            Figure(f"false pages, clean features, {records}", sum(each["pages"] for each in found), "", 0),
            Figure(
                f"false tickets there, in {updates / 10_080:.0f} weeks",
                sum(each["tickets"] for each in found),
                "",
                updates / 10_080,
            ),
            Figure("largest log10 M of a page there (one needs 7.0)", round(pages, 2), "", 7.02),
            Figure(
                "largest log10 M of all features there (a ticket needs 4.7, ten years 6.7)", round(model, 2), "", 4.7
            ),
            Figure("armed again at c: most crossings of a family, of those allowed", worst, "×", 1.0),
        ],
        [Table((f"crossings on {updates:,} updates of a minute", *bounds, "largest log10 M, never armed again"), rows)],
        [_one_line(_REARMED)],
    )


def delays(features: Mapping[str, Sequence[float]], errors: Sequence[Sequence[float]]) -> Part:
    """How soon changes are found."""
    figures = [
        Figure(f"one of 200 features {change}: records, median", quantile(values, 0.5), "", _FEATURE_DELAYS[change])
        for change, values in features.items()
    ]
    figures.append(Figure("error 0.10 → 0.20: labels, median", quantile(errors[0], 0.5), "", 550))
    rows: list[list[str | float]] = [
        _delay_row(f"{change} of one of 200 features", each) for change, each in features.items()
    ]
    rows.append(_delay_row("error 0.10 → 0.20", errors[0]))
    rows.append(_delay_row("error 0.10 → 0.20 at the default threshold (two alarms share the budget)", errors[1]))
    return Part(
        figures,
        [Table(("found at c = 5,256,000", "trials", "median", "90 % quantile", "not found"), rows)],
        [_one_line(_DELAYS)],
    )


def _delay_row(name: str, values: Sequence[float]) -> list[str | float]:
    lost = sum(np.isinf(value) for value in values)
    return [name, float(len(values)), when_found(quantile(values, 0.5)), when_found(quantile(values, 0.9)), float(lost)]


def dependence(found: Mapping[str, Sequence[Mapping[str, Any]]]) -> Part:
    """Dependent streams."""
    everything = [stream for streams in found.values() for stream in streams]
    figures = [
        Figure(f"streams of {len(everything)} with a page", sum(each["pages"] > 0 for each in everything), "", 0),
        Figure(
            f"streams of {len(everything)} whose feature reaches the threshold of a page (c = 5,256,000)",
            sum(each["page_level"] > 0 for each in everything),
            "",
            0,
        ),
        Figure(f"streams of {len(everything)} with a ticket", sum(each["tickets"] > 0 for each in everything), ""),
    ]
    for name, limit in _SHIFT_DELAYS.items():
        delay = quantile([each["delay"] for each in found[name]], 0.5)
        figures.append(Figure(f"{name}: +0.5 sd found within, median records", delay, "", limit))
    rows = [_dependence_row(name, streams) for name, streams in found.items()]
    columns = (
        *("stream", "paging", "ticketing", "at c = 5,256,000", "design effect, median", "season slots", "of the error"),
        *("+0.5 sd at c: median", "not found", "as a ticket: median"),
    )
    alerts: Counter[str] = Counter()
    for each in everything:
        alerts.update(each["alerts"])
    said = ", ".join(f"{name} {count}" for name, count in alerts.most_common()) or "none"
    return Part(
        figures,
        [Table(columns, rows)],
        [_one_line(_DEPENDENT.format(day=A_DAY, alarms=said))],
    )


def _dependence_row(name: str, streams: Sequence[Mapping[str, Any]]) -> list[str | float]:
    found = [each["delay"] for each in streams]
    return [
        name,
        *(f"{sum(each[key] > 0 for each in streams)} of {len(streams)}" for key in ("pages", "tickets", "page_level")),
        float(np.median([each["design_effect"] for each in streams])),
        f"{sum(each['slots'] > 0 for each in streams)} of {len(streams)}",
        float(np.median([each["loss_design_effect"] for each in streams])),
        when_found(quantile(found, 0.5)),
        f"{sum(np.isinf(value) for value in found)} of {len(streams)}",
        when_found(quantile([each["ticket_delay"] for each in streams], 0.5)),
    ]


def cost(found: Mapping[str, Any]) -> Part:
    """What evidence costs."""
    milliseconds = [seconds * 1e3 for seconds in found["seconds"]]
    return Part(
        [
            Figure("one update of 200 features, all bets, median CPU time", quantile(milliseconds, 0.5), "ms", 1.0),
            Figure("state of that evidence in a snapshot", found["bytes"] / 1024, "KiB", 100),
        ],
        [],
        [
            f"One update: 50 records into {found['columns']} columns; 90 % quantile {number(quantile(milliseconds, 0.9))} ms."
        ],
    )


def streams(found: Sequence[Mapping[str, Any]]) -> Part:
    """Real streams and their truth."""
    if not found:
        return Part()
    by_name = {each["name"]: each for each in found}
    loss = [(each, page) for each in found for page in each["pages"] if page["alert"] == "ModelLossIncreased"]
    broken = [page for each in found for page in each["pages"] if page["alert"] == "ModelInputBroken"]
    figures = [
        Figure("real streams: loss pages outside harmful spans", sum(not page["true"] for _, page in loss), "", 0),
        Figure("ModelInputBroken where hardly a value is missing", sum(not page["true"] for page in broken), "", 0),
    ]
    named = [name for name in _HARMED if name in by_name]
    if named:
        paged = {each["name"] for each, page in loss if page["true"]}
        figures.append(
            Figure(f"of {', '.join(named)}: paged for loss", len(paged & {*named}), "", len(named), at_least=True)
        )
    if "car_loan" in by_name:
        after = [page for each, page in loss if each["name"] == "car_loan" and page["record"] >= _CAR_LOAN_CHANGE]
        labels = after[0]["labels_since"][str(_CAR_LOAN_CHANGE)] if after else float("inf")
        figures.append(Figure("car_loan: labels after record 25,000 until the page", labels, "", 7_000))
    rows = [row for each in found for row in _stream_rows(each)]
    return Part(
        figures,
        [Table(("stream", "alert", "record", "onset at record", "features", "true", "judged by", "tickets"), rows)],
        [_one_line(_TRUTH)],
    )


def _stream_rows(stream: Mapping[str, Any]) -> list[list[str | float]]:
    tickets = ", ".join(f"{name.removeprefix('Model')} {count}" for name, count in stream["tickets"].items())
    if not stream["pages"]:
        return [[stream["name"], "no page", "", "", "", "", "", tickets]]
    return [
        [
            stream["name"] if not place else "",
            page["alert"],
            f"{page['record']:,}",
            f"{page['onset_record']:,}",
            ", ".join(page["features"]) + (f" ({page['certainty']})" if page["features"] else ""),
            "true" if page["true"] else "**false**",
            page["why"],
            tickets if not place else "",
        ]
        for place, page in enumerate(stream["pages"])
    ]
