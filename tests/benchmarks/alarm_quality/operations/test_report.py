from __future__ import annotations

import math
from typing import Any

from benchmarks.alarm_quality.operations import report


def _stream(*, false: int = 0, true: int = 0, tickets: int = 0) -> dict[str, Any]:
    pages = [
        {"alert": "ModelLossIncreased", "severity": "page", "true": place >= false} for place in range(false + true)
    ]
    named = [{"alert": "ModelFeatureDrift", "severity": "ticket"}] * tickets
    return {"years": 1.0, "records": 365_000, "alarms": [*pages, *named], "reasons": {"no_labels": 0.5}}


def test_one_false_page_a_kind_is_met_and_two_are_missed() -> None:
    """So are more than two in all; true pages do not count, and tickets have their promise."""
    part = report.quiet_part({"a": [_stream(false=1, true=3)], "b": [_stream(false=1, tickets=52)]})
    assert [figure.met for figure in part.figures] == [True, True, True]
    assert part.tables[0].rows[0][:6] == ["a", "1", "365,000", "1", "3", "0 (52.2)"]
    part = report.quiet_part({"a": [_stream(false=1), _stream(false=2)], "b": [_stream(tickets=53)]})
    assert [(figure.value, figure.met) for figure in part.figures] == [(3, False), (3, False), (1, False)]
    assert "(b)" in part.figures[2].what
    assert not report.quiet_part({}).figures


def _told(hours: float, records: int) -> dict[str, Any]:
    page = {"alert": "ModelInputBroken", "features": ["x1"], "hours": hours, "records": records}
    return {"ticket": page, "page": page, "before": []}


def test_hours_or_records_are_asked_for_whichever_is_more() -> None:
    """A page after seven hours is in time by its records; the median counts, and never is late."""
    name = "x1 missing 50 %"
    (met,) = report.harm_part({name: [_told(7.0, 280), _told(9.0, 590), _told(9.0, 900)]}).figures
    assert (met.unit, met.value, met.met) == ("records", 590, True)
    (late,) = report.harm_part({name: [_told(7.0, 700), _told(9.0, 601)]}).figures
    assert late.met is False
    never = {"ticket": None, "page": None, "before": ["ModelFeatureDrift"]}
    part = report.harm_part({name: [never]})
    assert (part.figures[0].value, part.figures[0].met) == (math.inf, False)
    assert part.tables[0].rows[0][2] == "never"
    assert part.tables[0].rows[0][-1] == "ModelFeatureDrift"


def test_a_replay_that_decides_otherwise_is_missed() -> None:
    """And kinds that were not written to files are named."""
    alert = [5, "ModelFeatureDrift", "ticket"]
    part = report.replay_part({"a": {"here": [alert], "replayed": [alert]}, "b": {}})
    assert part.figures[0].met
    assert "1 alerts in 1 streams" in part.notes[0]
    assert part.notes[0].endswith(": b.")
    other = report.replay_part({"a": {"here": [alert], "replayed": []}})
    assert other.figures[0].met is False
