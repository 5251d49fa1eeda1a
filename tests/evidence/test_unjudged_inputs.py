from __future__ import annotations

import math

import msgspec
import pytest

from model_drift_exporter.evidence.unjudged_inputs import MOST_RECORDS, rejected_lines_unjudged, unjudged_features
from model_drift_exporter.reference.profile import Column
from model_drift_exporter.statistics.betting.bets import BetColumn, broken_bets
from tests.evidence.streams import profile

_THRESHOLD = math.log(5_256_000 * 2)


def _unjudged(*columns: Column, tolerance: float = 0.05) -> list[str]:
    bets = broken_bets(
        [BetColumn([*each.counts.values()], each.numeric, 1.0, each.special_design_effect) for each in columns],
        tolerance,
    )
    return unjudged_features(columns, bets, tolerance, _THRESHOLD)


def _column(rows: int, missing: int = 0, effect: float = 1.0) -> Column:
    column = profile(1, rows).columns[0]
    counts = column.counts | {"__missing__": missing}
    return msgspec.structs.replace(column, counts=counts, special_design_effect=effect)


@pytest.mark.parametrize(
    ("rows", "missing", "effect", "unjudged"),
    [
        (500, 0, 1.0, False),
        (500, 0, 700.0, False),  # few rows count as ten together at most
        (30, 0, 10.0, True),  # three independent rows
        (10_000, 500, 1.0, False),
        (10_000, 500, 50.0, False),
        (10_000, 500, 4_000.0, True),
        (1_000, 250, 300.0, True),
    ],
)
def test_what_would_never_be_told_is_unjudged(rows: int, missing: int, effect: float, unjudged: bool) -> None:
    """Too few independent rows leave no bet; bets that take months are none either."""
    assert _unjudged(_column(rows, missing, effect)) == (["n0"] if unjudged else [])


def test_what_is_told_within_the_limit_is_judged() -> None:
    """The first column is told by so many records, each of which has at most the largest ln e of a missing value."""
    found = {effect: bool(_unjudged(_column(100_000, 5_000, effect))) for effect in (100.0, 600.0, 1_000.0, 2_000.0)}
    for effect, unjudged in found.items():
        column = _column(100_000, 5_000, effect)
        bets = broken_bets([BetColumn([*column.counts.values()], True, 1.0, effect)])
        worth = bets.log_e[0, len(column.counts) - 2].max()
        assert unjudged == ((_THRESHOLD + math.log(2 * 6)) / worth > MOST_RECORDS)
    assert set(found.values()) == {True, False}


@pytest.mark.parametrize(("missing", "unjudged"), [(9_000, False), (60_000, False), (1_000_000, False), (1_500, True)])
def test_a_feature_that_is_mostly_missing_has_no_room_for_more(missing: int, unjudged: bool) -> None:
    """That it cannot go missing in 5 points more is no fault, though nothing can be bet on; a feature that could is told."""
    effect = 400.0 if unjudged else 1.0
    assert _unjudged(_column(1_000, missing, effect)) == (["n0"] if unjudged else [])


def test_outputs_are_not_inputs() -> None:
    """Of a prediction nobody says that it is missing."""
    reference = profile(1, 30, effect=10.0)
    assert _unjudged(*reference.columns) == [column.name for column in reference.features]


@pytest.mark.parametrize(
    ("share", "limit", "unjudged"), [(0.0, 0.05, False), (0.5, 0.7, False), (0.88, 1.01, True), (0.95, 1.2, False)]
)
def test_rejected_lines_are_judged_below_a_limit_of_one(share: float, limit: float, unjudged: bool) -> None:
    """Where nearly all lines were rejected there is no room for more."""
    assert rejected_lines_unjudged(share, limit, 0.05, _THRESHOLD, 4) == unjudged
