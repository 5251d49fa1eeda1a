from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from model_drift_exporter.reference.seasons import (
    PRIOR_ROWS,
    SeasonCover,
    choose_slots,
    counts_by_slot,
    slot_law,
    slots_of,
)
from model_drift_exporter.statistics import FloatArray
from model_drift_exporter.statistics.design_effect import BlockRatios

_DAY = 86_400.0
_HOUR = 3_600.0


@given(st.lists(st.floats(-1e10, 1e11), min_size=1))
def test_slots_are_hours_in_utc(times: list[float]) -> None:
    """24 slots are the hours of the day, 168 those of the week from Monday on, for any time."""
    seconds = [float(np.floor(time)) for time in times]
    moments = [datetime.fromtimestamp(0, UTC) + np.timedelta64(int(time), "s").item() for time in seconds]
    assert slots_of(seconds, 24).tolist() == [moment.hour for moment in moments]
    assert slots_of(seconds, 168).tolist() == [24 * moment.weekday() + moment.hour for moment in moments]


def test_a_time_that_is_none_has_no_slot() -> None:
    """NaN and infinity are in slot -1 and in no count."""
    slot = slots_of([np.nan, np.inf, -np.inf, 0.0], 24)
    assert slot.tolist() == [-1, -1, -1, 0]
    counts = counts_by_slot(np.array([0, 1, 1, 1], dtype=np.uint8), slot, 24, 2)
    assert counts.shape == (24, 2)
    assert counts.sum() == 1
    assert counts[0, 1] == 1


def test_counts_are_by_slot_and_bin() -> None:
    """Every row is in its slot and bin, also where there are more bins than a byte holds."""
    generator = np.random.default_rng(0)
    slot, codes = generator.integers(0, 24, 5_000), generator.integers(0, 300, 5_000).astype(np.uint16)
    counts = counts_by_slot(codes, slot, 24, 300)
    assert counts.sum() == 5_000
    assert counts[7, 299] == ((slot == 7) & (codes == 299)).sum()


@given(
    st.lists(st.tuples(st.integers(0, 1_000), st.integers(0, 10_000)), min_size=2, max_size=20),
)
def test_a_slots_law_lies_between_its_shares_and_the_pooled_ones(counts: list[tuple[int, int]]) -> None:
    """Shares are of sum 1, each between the slot's own and the pooled; no bin the pooled law knows is impossible."""
    slot = np.array([own for own, _ in counts], dtype=np.float64)
    pooled = np.array([own + other + 1 for own, other in counts], dtype=np.float64)
    law, shares = slot_law(slot, pooled), pooled / pooled.sum()
    assert law.sum() == pytest.approx(1)
    assert (law > 0).all()
    own = slot / slot.sum() if slot.any() else shares
    assert ((law >= np.minimum(own, shares) - 1e-12) & (law <= np.maximum(own, shares) + 1e-12)).all()


def test_shrinking_takes_away_less_than_the_slots_own_error() -> None:
    """For 200 rows a slot and more, a mean two standard deviations off moves by less than 3/sqrt(rows)."""
    rows = np.arange(200, 100_000)
    assert (2 * PRIOR_ROWS / (rows + PRIOR_ROWS) < 3 / np.sqrt(rows)).all()
    assert slot_law(np.zeros(3), [1, 2, 1]).tolist() == [0.25, 0.5, 0.25]
    assert slot_law([[0, 10], [0, 0]], [10, 10]).tolist() == [[0.25, 0.75], [0.5, 0.5]]


def _measure(**upper: tuple[float, float]) -> Callable[[int], BlockRatios]:
    """Two series, found dependent where the design effect is above 2."""

    def measure(slots: int) -> BlockRatios:
        found = np.array(upper.get(f"in{slots}", upper["in0"]))
        return BlockRatios(found, np.where(found > 2, 1e-9, 0.5))

    return measure


def _times(days: float, rows_an_hour: int, hours: range = range(24)) -> FloatArray:
    times = np.arange(int(days * 24 * rows_an_hour)) * _HOUR / rows_an_hour
    return times[np.isin(slots_of(times, 24), hours)]


def _cover(times: FloatArray) -> SeasonCover:
    cover = SeasonCover()
    for part in np.array_split(times, 3):
        cover.add(part)
    return cover


_CYCLE = _measure(in0=(330.0, 1.5), in24=(1.5, 1.6), in168=(1.5, 1.6))
_WEEK = _measure(in0=(330.0, 90.0), in24=(1.5, 89.0), in168=(1.5, 1.6))


@pytest.mark.parametrize(
    ("times", "measure", "slots", "absent"),
    [
        (None, _CYCLE, 0, "no_times"),
        (_times(7.5, 200), _CYCLE, 0, "too_short"),
        (_times(8, 24), _CYCLE, 0, "few_rows"),
        (_times(8, 25), _CYCLE, 24, ""),
        (_times(12, 25, range(6, 23)), _CYCLE, 24, ""),
        (_times(12, 100), _measure(in0=(330.0, 1.0), in24=(166.0, 1.0)), 0, "no_gain"),
        (_times(12, 100), _measure(in0=(2.0, 1.9), in24=(0.9, 0.9)), 0, "no_gain"),
        (_times(12, 100), _measure(in0=(330.0, 9.0), in24=(1.0, 19.0)), 0, "no_gain"),
        (_times(55, 30), _WEEK, 24, ""),
        (_times(56, 24), _WEEK, 24, ""),
        (_times(56, 25), _WEEK, 168, ""),
        (_times(56, 25), _CYCLE, 24, ""),
        (_times(56, 25), _measure(in0=(330.0, 90.0), in24=(329.0, 89.0), in168=(1.0, 1.0)), 168, ""),
        (np.concatenate([[-1e10], _times(7.5, 200), [1e11]]), _CYCLE, 24, ""),
    ],
    ids=[
        "no times",
        "less than eight days",
        "less than 200 rows an hour",
        "just enough",
        "a night without rows",
        "less than half",
        "not beyond doubt",
        "another column doubles",
        "less than eight weeks",
        "less than 200 rows an hour of the week",
        "a week",
        "a week helps no more than a day",
        "only a week helps",
        "wild times are days, too",
    ],
)
def test_slots_are_chosen_where_they_help(
    times: FloatArray | None, measure: Callable[[int], BlockRatios], slots: int, absent: str
) -> None:
    """Eight cycles, 200 rows a slot, half the design effect of some series; otherwise the reason."""
    choice = choose_slots(None if times is None else _cover(times), measure)
    assert (choice.slots, choice.absent) == (slots, absent)
    assert choice.ratios.upper.tolist() == measure(slots).upper.tolist()


def test_rows_at_night_that_are_too_few_but_many_are_a_reason() -> None:
    """Thin slots may hold one row in twenty together, no more."""
    day, night = _times(10, 100, range(6, 24)), _times(10, 15, range(6))
    assert choose_slots(_cover(np.sort(np.append(day, night))), _CYCLE).slots == 24
    assert choose_slots(_cover(np.sort(np.append(day, _times(10, 19, range(6))))), _CYCLE).absent == "few_rows"
