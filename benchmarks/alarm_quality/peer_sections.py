"""What is widely used, on the same data, as tables."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from typing import Any

import numpy as np

from benchmarks.report import Table

from .river_program import DETECTORS
from .sections import Part, quantile, when_found
from .streams import alarms_in_and_out

__all__ = ["peers"]

_MILLION = 1e6
_NOTE = """\
Windows follow one another; an alarm is raised when any feature fires, at most once in 1,000 records. On real streams an alarm of
a window is inside if the window overlaps a harmful span, one of river's if its record is in a span; river gets the errors in the
order in which the labels come.""".replace("\n", " ")


def peers(found: Mapping[str, Any]) -> Part:
    """What is widely used, on the same data."""
    clean = found["nulls"][0]["peers"]
    rows: list[list[str | float]] = []
    for key, name in (("psi", "PSI ≥ 0.2"), ("ks", "KS p < 0.05")):
        each = clean[key]
        rows.append(
            [f"{name}, 200 clean features", f"{each['share']:.1%}", each["alarms"] / each["records"] * _MILLION]
        )
        for setting, streams_ in found["dependence"].items():
            share = float(np.mean([stream[key][0] for stream in streams_]))
            rows.append([f"{name}, {setting}, one feature", f"{share:.1%}", share * _MILLION / 1_000])
    tables = [
        Table(
            ("rules on windows of 1,000 records, nothing changed", "share of time firing", "alarms in 1M records"), rows
        )
    ]
    if found["river"]:
        tables.append(_river_table(found))
    if found["streams"]:
        tables.append(_streams_table(found))
    notes = [
        _NOTE,
    ]
    return Part((), tables, notes)


def _river_table(found: Mapping[str, Any]) -> Table:
    river = found["river"]
    rows: list[list[str | float]] = []
    for name in ("clean", *found["dependence"]):
        alarms = [sum(map(len, river[name][detector])) for detector in DETECTORS]
        total = river[name]["labels"]
        rows.append(
            [
                f"alarms in 1M labels, {'iid errors' if name == 'clean' else name}",
                *(count / total * _MILLION for count in alarms),
            ]
        )
    for share in (0.5, 0.9):
        values = [[np.inf if each < 0 else each for each in river["doubled"][detector]] for detector in DETECTORS]
        rows.append(
            [
                f"0.10 → 0.20: labels until an alarm, {share:.0%} quantile",
                *(when_found(quantile(each, share)) for each in values),
            ]
        )
    return Table(("river on errors that do not change, or double", *DETECTORS), rows)


def _streams_table(found: Mapping[str, Any]) -> Table:
    rows: list[list[str | float]] = []
    for stream in found["streams"]:
        spans = stream["spans"]
        ours = Counter(page["true"] for page in stream["pages"])
        cells = [f"{ours[True]} / {ours[False]}"]
        cells += [f"{stream['windows'][key]['inside']} / {stream['windows'][key]['outside']}" for key in ("psi", "ks")]
        for detector in DETECTORS if found["river"] else ():
            places = found["river"][stream["name"]][detector][0]
            cells.append("{} / {}".format(*alarms_in_and_out(places, stream["arrived"], spans)))
        rows.append([stream["name"], *cells])
    columns = ("alarms inside / outside of harmful spans", "pages, true / false", "PSI", "KS")
    return Table((*columns, *(DETECTORS if found["river"] else ())), rows)
