from __future__ import annotations

from collections.abc import Iterable
from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from model_drift_exporter.evidence.schedule import EvidenceMinutes, Updates, UpdateSchedule

START = 1_760_000_000.0


def lines(*numbers: int) -> np.ndarray[tuple[int], np.dtype[np.int64]]:
    return np.array(numbers, dtype=np.int64)


def observed(schedule: UpdateSchedule, records: int, step: float, first: int = 0) -> Updates:
    index = np.arange(first, first + records)
    return schedule.observe(index, START + step * index.astype(np.float64))


def test_an_update_needs_records_and_time() -> None:
    """Fifty records a second apart take longer than fifteen seconds; at ten a second the 150th record is the one."""
    slow = observed(UpdateSchedule(50, 15.0), 200, 1.0)
    assert slow.position.tolist() == [49, 99, 149, 199]
    fast = observed(UpdateSchedule(50, 15.0), 400, 0.1)
    assert fast.position.tolist() == [150, 300]


def test_a_thousand_lines_are_an_update_whatever_the_time() -> None:
    """A stream whose clock stands still is looked at all the same."""
    still = observed(UpdateSchedule(50, 15.0), 2_500, 0.0)
    assert still.position.tolist() == [999, 1999]
    assert still.log_minutes.tolist() == [-np.inf] * 2


def test_minutes_are_those_that_passed_a_day_at_most() -> None:
    """A pause of a year counts as a day; the first update counts from the first record."""
    schedule = UpdateSchedule(2, 15.0)
    times = START + np.array([0.0, 30.0, 40.0, 90.0, 100.0, 40e6])
    updates = schedule.observe(np.arange(6), times)
    assert np.exp(updates.log_minutes).tolist() == pytest.approx([0.5, 1.0, 1440.0], rel=0.002)
    assert updates.begun.tolist() == [START, START + 30.0, START + 90.0]


def test_rejected_lines_count_where_their_numbers_put_them() -> None:
    """Thirty rejected lines among records bring the update twenty lines earlier; they are told apart."""
    schedule = UpdateSchedule(50, 15.0)
    schedule.reject(np.arange(10, 40), START)
    numbers = np.setdiff1d(np.arange(90), np.arange(10, 40))
    updates = schedule.observe(numbers, START + numbers.astype(np.float64))
    assert updates.position.tolist() == [49]
    assert (updates.lines.tolist(), updates.rejected.tolist()) == ([50.0], [30.0])
    assert updates.update_of.tolist() == [0] * 20 + [1] * 40


def test_rejected_lines_alone_are_cut_by_number() -> None:
    """They move no clock; those that wait are taken with the next ones or at the end."""
    schedule = UpdateSchedule(50, 15.0)
    assert len(schedule.reject(np.arange(1_500), START)) == 0
    first = schedule.reject(np.arange(1_500, 2_200), START)
    assert (len(first), first.position.tolist(), first.rejected.tolist()) == (1, [-1], [1_000.0])
    assert len(schedule.flush()) == 1


def test_the_clock_of_leading_rejected_lines_is_not_that_of_the_records() -> None:
    """A log of last year that begins with a rejected line is timed by its first record."""
    schedule = UpdateSchedule(50, 15.0)
    schedule.reject(lines(0), START + 1e7)
    schedule.flush()
    assert observed(schedule, 60, 1.0, first=1).time.tolist() == [START + 49.0]


def test_high_traffic_counts_no_more_time_than_passes() -> None:
    """At ten thousand records a second an update comes every tenth of one: a minute stays a minute."""
    updates = observed(UpdateSchedule(50, 15.0), 600_000, 1e-4)
    assert len(updates) == 600
    assert 0.99 < np.exp(updates.log_minutes).sum() <= 1.0


def test_lines_that_wait_may_be_more_than_a_new_setting_allows() -> None:
    """Three thousand lines of an update of five thousand are carried into a schedule of at most a thousand."""
    before = UpdateSchedule(5_000, 15.0)
    assert len(observed(before, 3_000, 0.001)) == 0
    schedule = UpdateSchedule(50, 15.0)
    schedule.restore(before.snapshot())
    updates = observed(schedule, 1_100, 0.001, first=3_000)
    assert updates.position.tolist() == [3_000, 4_000]
    assert updates.lines.tolist() == [3_001.0, 1_000.0]


def test_a_setting_above_a_thousand_records_is_kept() -> None:
    """The most lines of an update are never fewer than the least."""
    assert observed(UpdateSchedule(3_000, 0.0), 6_000, 0.0).position.tolist() == [2_999, 5_999]


@given(
    gaps=st.lists(st.sampled_from([0.0, 0.0, 1.0, 7.0]), min_size=30, max_size=120),
    rejected=st.sets(st.integers(0, 119), max_size=60),
    cuts=st.sets(st.integers(1, 119), max_size=10),
    saved=st.booleans(),
)
def test_updates_do_not_depend_on_batches(gaps: list[float], rejected: set[int], cuts: set[int], saved: bool) -> None:
    """The same lines give the same updates in any batches, across snapshots too."""
    clock = START + np.cumsum(gaps)
    clock[0] = START

    def run(edges: Iterable[int]) -> list[tuple[float, ...]]:
        schedule = UpdateSchedule(7, 15.0)
        found: list[tuple[float, ...]] = []
        for first, last in pairwise([0, *edges, len(gaps)]):
            bad = [line for line in range(first, last) if line in rejected]
            good = [line for line in range(first, last) if line not in rejected]
            parts = []
            if bad:
                parts.append(schedule.reject(lines(*bad), START))
            if good:
                parts.append(schedule.observe(lines(*good), clock[good]))
            parts.append(schedule.flush())
            for part in parts:
                found += zip(part.position.tolist(), part.lines.tolist(), part.rejected.tolist(), strict=True)
            if saved:
                again = UpdateSchedule(7, 15.0)
                again.restore(schedule.snapshot())
                schedule = again
        return found

    assert run(sorted(cut for cut in cuts if cut < len(gaps))) == run([])


def minutes_of(*times: float) -> list[float]:
    minutes = EvidenceMinutes()
    minutes.begin(START)
    return np.exp(minutes.log(START + np.array(times))).tolist()  # type: ignore[no-any-return]


def test_an_update_counts_the_minutes_since_the_one_before() -> None:
    """All but a thousandth of them, and a day at most."""
    assert minutes_of(60.0, 180.0, 180.0 + 86_400.0, 1e8) == pytest.approx([1.0, 2.0, 1_440.0, 1_440.0], rel=0.0011)


def test_updates_of_one_moment_share_what_was_kept() -> None:
    """A thousandth of an hour is enough for three seconds; the updates behind cannot begin anew."""
    _, *rest = minutes_of(*[3_600.0] * 6)
    assert rest == pytest.approx([1 / 60, 1 / 60, 1 / 60, 0.01, 0.0])


def test_without_time_nothing_begins() -> None:
    """The very first update of a stream of one moment has no minute of its own."""
    assert minutes_of(0.0, 0.0) == [0.0, 0.0]


def test_a_clock_that_is_put_back_goes_on() -> None:
    """Years ahead and back again cost one update its minutes, not those of years."""
    assert minutes_of(60.0, 3e9, 120.0, 180.0) == pytest.approx([1.0, 1_440.0, 1 / 60, 1.0], rel=0.002)


@given(
    gaps=st.lists(st.sampled_from([0.0, 0.0, 0.01, 0.5, 3.0, 400.0, 1e6]), min_size=1, max_size=300),
    cut=st.integers(0, 300),
)
def test_no_more_time_is_counted_than_has_passed(gaps: list[float], cut: int) -> None:
    """Whatever the gaps, and the same however the updates come and wherever the process starts again."""
    times = START + np.cumsum(gaps)
    whole = EvidenceMinutes()
    whole.begin(START)
    found = whole.log(times)
    assert np.exp(found).sum() * 60 <= (times[-1] - START) * (1 + 1e-9)
    first, second = EvidenceMinutes(), EvidenceMinutes()
    first.begin(START)
    early = first.log(times[:cut])
    second.restore(first.snapshot())
    assert np.array_equal(np.concatenate([early, second.log(times[cut:])]), found)


@pytest.mark.parametrize("change", [{"minutes": None}, {"waiting": -1}, {"clock": "noon"}, {"lines": None}])
def test_a_damaged_snapshot_changes_nothing(change: dict[str, object]) -> None:
    """Whatever its fields are, those that came before the damaged one are not taken over either."""
    schedule, other = UpdateSchedule(50, 15.0), UpdateSchedule(50, 15.0)
    observed(schedule, 60, 1.0)
    observed(other, 170, 2.0)
    before = schedule.snapshot()
    with pytest.raises((TypeError, ValueError)):
        schedule.restore(other.snapshot() | change)
    assert schedule.snapshot() == before
