from __future__ import annotations

import math
from typing import Any

import pytest

from benchmarks.alarm_quality import sections


def _null(crossings: int, pages: int = 0) -> dict[str, Any]:
    families = {
        name: {"crossings": [crossings, 0], "highest": 1.0}
        for name in ("location", "ModelInputBroken", "ModelFeatureDrift")
    }
    return {"pages": pages, "tickets": 0, "updates": 10_000, "highest_loss": 0.5, "families": families}


def _met(part: sections.Part) -> dict[str, bool | None]:
    return {figure.what.partition(",")[0]: figure.met for figure in part.figures}


def test_false_pages_and_too_many_crossings_are_missed() -> None:
    """One page too many or a crossing beyond the bound shows as missed; at the bound it is met."""
    assert all(_met(sections.nulls([_null(130)])).values())
    found = sections.nulls([_null(131, pages=1)])
    assert [figure.what for figure in found.figures if figure.met is False] == [
        "false pages, clean features, 500,000 records with labels, 1 seeds",
        "armed again at c: most crossings of a family, of those allowed",
    ]


def test_medians_of_delays_may_be_never() -> None:
    """What is never found is larger than everything, in figure and table."""
    part = sections.delays({"+1 sd": [80.0, 100.0, math.inf]}, [[math.inf] * 3, [500.0, 540.0, 900.0]])
    assert [(figure.value, figure.met) for figure in part.figures] == [(100.0, True), (math.inf, False)]
    assert [row[2:4] for row in part.tables[0].rows] == [["100", "never"], ["never", "never"], ["540", "900"]]


def _stream(name: str, record: int, *, true: bool, labels: int) -> dict[str, Any]:
    page = {"alert": "ModelLossIncreased", "record": record, "onset_record": 5, "true": true, "features": [], "why": ""}
    return {"name": name, "pages": [page | {"labels_since": {"25000": labels}}], "tickets": {"ModelFeatureDrift": 1}}


def test_false_loss_pages_are_counted_and_car_loan_timed() -> None:
    """A false page is missed; car_loan counts from its change, and is missed if it pages before it only."""
    good = sections.streams([_stream("car_loan", 30_000, true=True, labels=5_000)])
    assert all(figure.met for figure in good.figures)
    early = sections.streams([_stream("car_loan", 20_000, true=False, labels=0)])
    assert [figure.met for figure in early.figures] == [False, True, False, False]
    assert not sections.streams([]).figures


@pytest.mark.parametrize(("share", "expected"), [(0.5, 2.0), (0.9, 3.0)])
def test_quantiles_are_values(share: float, expected: float) -> None:
    """Between two values the larger one is taken."""
    assert sections.quantile([1.0, 2.0, 3.0], share) == expected
