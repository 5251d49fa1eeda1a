from __future__ import annotations

from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray

from model_drift_exporter.evidence.recovery import RecoveryBlocks, Usual

Array = NDArray[np.float64]
UPDATES = 40


def blocks_of(directions: int = 1, *, limit: float = 0.1, spread: float = 1.0, needed: float = 500.0) -> RecoveryBlocks:
    every = np.ones(directions)
    return RecoveryBlocks(limit * every, spread * every, needed * every)


def advance(
    blocks: RecoveryBlocks, records: Array, sums: Array, times: Array, watched: NDArray[np.bool_]
) -> int | None:
    """The update with which the blocks say that it is over."""
    for update, time in enumerate(times.tolist()):
        if blocks.add(records[update], sums[update], time, watched):
            return update
    return None


def feed(
    blocks: RecoveryBlocks, mean: float, updates: int = UPDATES, start: float = 0.0, step: float = 60.0
) -> int | None:
    records = np.full((updates, 1), 100.0)
    times = start + step * np.arange(1.0, updates + 1)
    return advance(blocks, records, mean * records, times, np.array([True]))


def test_three_blocks_of_five_hundred_records_inside_are_a_recovery() -> None:
    """Five updates of a hundred records are a block, so the fifteenth update is the one."""
    assert feed(blocks_of(), mean=0.0) == 14


def test_blocks_take_five_minutes_of_event_time() -> None:
    """A burst of records is not yet a recovery: at ten seconds an update a block takes thirty updates."""
    assert feed(blocks_of(), mean=0.0, updates=100, step=10.0) == 89


def test_a_clock_that_is_put_back_is_not_waited_for() -> None:
    """A block that began in a year that was taken back ends as others do, wherever updates come in pieces."""
    for cuts in ([40], [1] * 40):
        blocks = blocks_of()
        blocks.restart(4e9)
        found = []
        first = 0
        for size in cuts:
            found.append(feed(blocks, mean=0.0, updates=size, start=60.0 * first))
            first += size
        ends = [place + each for place, each in enumerate(found) if each is not None]
        assert ends[0] == 15


def test_a_mean_beyond_the_limit_and_one_error_is_outside() -> None:
    """One standard error of 500 records is 0.045 here; the limit is 0.1."""
    assert feed(blocks_of(), mean=0.144) == 14
    assert feed(blocks_of(), mean=0.146) is None


def test_a_block_outside_starts_the_count_again() -> None:
    """Two blocks inside, one outside, three inside."""
    blocks = blocks_of()
    assert feed(blocks, mean=0.0, updates=10) is None
    assert blocks.inside == 2
    assert feed(blocks, mean=1.0, updates=5, start=600.0) is None
    assert blocks.inside == 0
    assert feed(blocks, mean=0.0, updates=15, start=900.0) == 14


def test_a_design_effect_makes_blocks_longer() -> None:
    """Ten times the dependence, ten times the records."""
    assert feed(blocks_of(needed=5_000.0), mean=0.0, updates=200) == 149


def test_only_watched_directions_count() -> None:
    """What the alarm is not about may be anywhere; a direction that is must be inside too."""
    records = np.full((UPDATES, 2), 100.0)
    sums = records * [0.0, 5.0]
    times = 60.0 * np.arange(1.0, UPDATES + 1)
    assert advance(blocks_of(2), records, sums, times, np.array([True, False])) == 14
    assert advance(blocks_of(2), records, sums, times, np.array([True, True])) is None
    assert advance(blocks_of(2), records, sums, times, np.array([False, False])) is None


def test_a_watched_direction_without_records_keeps_the_block_open() -> None:
    """No recovery without data."""
    records = np.full((UPDATES, 2), 100.0) * [1.0, 0.0]
    times = 60.0 * np.arange(1.0, UPDATES + 1)
    assert advance(blocks_of(2), records, 0 * records, times, np.array([True, True])) is None


def test_many_directions_of_noise_recover_all_the_same() -> None:
    """Of 400 means some stray two errors from the law of the reference: that is not the alarm going on."""
    chance = np.random.default_rng(0)
    records = np.full((300, 400), 50.0)
    sums = chance.normal(0.0, np.sqrt(50.0), (300, 400))
    times = 60.0 * np.arange(1.0, 301.0)
    found = advance(blocks_of(400, limit=0.05), records, sums, times, np.ones(400, dtype=np.bool_))
    assert found is not None
    assert found < 100


ONE = np.array([True])


def test_the_latest_records_are_usual_from_the_first_whole_block_inside() -> None:
    """The records of blocks inside and of the one that runs; what is missing of three blocks is needed still."""
    blocks = blocks_of()
    assert feed(blocks, mean=0.0, updates=4) is None
    assert blocks.usual(ONE) is None
    assert feed(blocks, mean=0.0, updates=3, start=240.0) is None
    assert blocks.usual(ONE) == Usual(700, 800, 900.0)
    assert feed(blocks, mean=0.0, updates=7, start=420.0) is None
    assert blocks.usual(ONE) == Usual(1_400, 100, 900.0)
    assert feed(blocks, mean=0.0, updates=1, start=840.0) == 0


def test_records_are_no_longer_usual_when_the_running_block_is_clearly_outside() -> None:
    """Three standard errors beyond the limit for one direction: 0.1 + 3 / 10 for a hundred records."""
    for mean, usual in ((0.35, True), (0.45, False)):
        blocks = blocks_of()
        feed(blocks, mean=0.0, updates=5)
        feed(blocks, mean=mean, updates=1, start=300.0)
        assert (blocks.usual(ONE) is not None) is usual
    feed(blocks, mean=0.45, updates=4, start=360.0)
    feed(blocks, mean=0.0, updates=4, start=600.0)
    assert blocks.usual(ONE) is None


def test_a_slow_alarm_is_held_until_a_time() -> None:
    """It took two hours to fire, so each block takes two hours; no more records are needed once there are enough."""
    blocks = blocks_of()
    blocks.restart(7_200.0, onset=0.0)
    feed(blocks, mean=0.0, updates=120, start=7_200.0)
    assert blocks.usual(ONE) == Usual(12_000, 1_000, 7_200.0 * 4)
    feed(blocks, mean=0.0, updates=20, start=14_400.0)
    assert blocks.usual(ONE) == Usual(14_000, 0, 7_200.0 * 4)


def test_a_rare_direction_needs_records_until_it_has_enough() -> None:
    """One in ten records is of the direction that is watched: what it lacks is ten times as many records."""
    blocks = blocks_of(2, needed=50.0)
    records = np.full((12, 2), [100.0, 10.0])
    watched = np.array([False, True])
    advance(blocks, records, 0.0 * records, 60.0 * np.arange(1.0, 13.0), watched)
    found = blocks.usual(watched)
    assert found is not None
    assert (found.observations, found.more) == (1_200, 300)


@pytest.mark.parametrize(
    ("outside", "blocks_inside", "mean", "fell"),
    [
        (0.3, 1, 0.0, True),  # 0.3 below, where four errors of 500 against 2,000 records are 0.2
        (0.3, 1, 0.14, False),  # inside, but only 0.16 below: the same change by chance
        (0.3, 3, 0.14, True),  # three blocks know it better: four errors are 0.137
        (None, 1, 0.0, False),  # no block was outside
        (None, 2, 0.0, True),
    ],
)
def test_blocks_inside_must_be_clearly_below_those_outside(
    outside: float | None, blocks_inside: int, mean: float, fell: bool
) -> None:
    """Before that a later rise may be the first one, which never went away; a snapshot between them does not matter."""
    blocks, other = blocks_of(), blocks_of()
    start = 0.0
    if outside is not None:
        feed(blocks, mean=outside, updates=20)
        start = 1_200.0
    assert not blocks.fell(ONE)
    other.restore(blocks.snapshot())
    for each in (blocks, other):
        feed(each, mean=mean, updates=5 * blocks_inside, start=start)
        assert each.inside == blocks_inside
        assert each.fell(ONE) is fell


def test_blocks_of_an_older_snapshot_go_on() -> None:
    """0.1.0 did not keep what earlier blocks were made of: the count of usual records begins with the running block."""
    blocks, other = blocks_of(), blocks_of()
    feed(blocks, mean=0.0, updates=7)
    state = blocks.snapshot()
    del state["usual"], state["time"]
    other.restore(state)
    found = other.usual(ONE)
    assert found is not None
    assert (found.observations, found.more) == (200, 800)
    assert feed(other, mean=0.0, updates=8, start=420.0) == 7


@given(
    means=st.lists(st.sampled_from([0.0, 0.05, 0.3]), min_size=60, max_size=60),
    cuts=st.sets(st.integers(1, 59), max_size=8),
)
def test_the_cuts_of_the_updates_do_not_matter(means: list[float], cuts: set[int]) -> None:
    """The same update recovers however the updates were handed over, snapshots between them included."""
    records = np.full((60, 1), 100.0)
    sums = records * np.array(means)[:, None]
    times = 60.0 * np.arange(1.0, 61.0)
    whole = advance(blocks_of(), records, sums, times, np.array([True]))
    blocks, found = blocks_of(), None
    edges = [0, *sorted(cuts), 60]
    for first, last in pairwise(edges):
        found = advance(blocks, records[first:last], sums[first:last], times[first:last], np.array([True]))
        if found is not None:
            found += first
            break
        again = blocks_of()
        again.restore(blocks.snapshot())
        blocks = again
    assert found == whole


@given(
    st.lists(st.tuples(st.sampled_from([0.0, 0.3]), st.sampled_from([-400.0, 0.0, 60.0, 200.0])), max_size=40),
    st.lists(st.booleans(), min_size=2, max_size=2),
)
def test_updates_that_end_no_block_can_be_taken_in_at_once(
    updates: list[tuple[float, float]], watched: list[bool]
) -> None:
    """Up to the next end of a block the state is that of one after the other, with a clock that goes back, too."""
    mask = np.array(watched)
    records = np.full((len(updates), 2), 100.0)
    sums = records * np.array([mean for mean, _ in updates])[:, None] / 3.0
    times = 1_000.0 + np.cumsum([step for _, step in updates])
    alone, together = blocks_of(2), blocks_of(2)
    first = 0
    while first < len(updates):
        count = together.open_for(records[first:], times[first:], mask)
        together.pass_over(records[first : first + count], sums[first : first + count], times[first : first + count])
        for update in range(first, first + count):
            before = alone.inside
            assert not alone.add(records[update], sums[update], float(times[update]), mask)
            assert alone.inside == before
        np.testing.assert_equal(alone.snapshot(), together.snapshot())
        first += count + 1
        if first <= len(updates):
            for blocks in (alone, together):
                blocks.add(records[first - 1], sums[first - 1], float(times[first - 1]), mask)
            assert alone.snapshot()["records"].sum() == 0.0, "a block has ended here"


@pytest.mark.parametrize(
    "change", [{"seen": [7]}, {"sums": [1.0, 2.0]}, {"records": []}, {"since": "never"}, {"seconds": None}]
)
def test_a_damaged_snapshot_changes_nothing(change: dict[str, object]) -> None:
    """A place beyond the numbers of records, sums of other directions, or no number: what has been seen stays."""
    blocks = blocks_of()
    feed(blocks, mean=0.0, updates=7)
    before, other = blocks.snapshot(), blocks_of()
    feed(other, mean=1.0, updates=3)
    with pytest.raises((ValueError, IndexError, TypeError)):
        blocks.restore(other.snapshot() | change)
    np.testing.assert_equal(blocks.snapshot(), before)


def test_a_larger_design_effect_needs_as_many_times_the_records() -> None:
    """And allows for a deviation that is larger by its root."""
    blocks = blocks_of(limit=0.0)
    blocks.temper(np.array([4.0]))
    assert feed(blocks, 0.0, updates=59) is None
    assert feed(blocks, 0.0, updates=1, start=59 * 60.0) == 0
    inside, outside = 0.9 * (1 / 500) ** 0.5, 1.1 * (1 / 500) ** 0.5
    for mean, over in ((inside, True), (outside, False)):
        blocks = blocks_of(limit=0.0)
        blocks.temper(np.array([4.0]))
        assert (feed(blocks, mean, updates=60) is not None) is over
