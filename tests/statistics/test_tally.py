from __future__ import annotations

from itertools import pairwise

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from model_drift_exporter.statistics.tally import Contributions, Tally, TallyShape

_SHAPE = TallyShape(counts=7, levels=2, numbers=2)


def _rows(size: int, seed: int) -> Contributions:
    generator = np.random.default_rng(seed)
    return Contributions(
        generator.integers(-1, 7, (size, 2)), generator.integers(-1, 2, size), generator.normal(size=(size, 2))
    )


def test_sums_are_those_of_numpy() -> None:
    """Counts by cell and level, numbers by level, a place of -1 left out."""
    rows = _rows(500, 1)
    tally = Tally.empty(_SHAPE)
    tally.add(rows)
    counts, sums = tally.total()
    for cell in range(7):
        assert counts[cell] == (rows.cells == cell).sum() + (rows.level == cell).sum()
    for level in range(2):
        np.testing.assert_allclose(sums[level], rows.numbers[rows.level == level].sum(axis=0), rtol=1e-12)


@given(seed=st.integers(0, 99), places=st.lists(st.integers(0, 60), max_size=5))
def test_cuts_change_no_digit(seed: int, places: list[int]) -> None:
    """Rows added and taken back in one call or in several give the same tally, bit for bit."""
    rows = _rows(30, seed)
    twice = Contributions(*(np.concatenate([each, each]) for each in (rows.cells, rows.level, rows.numbers)))
    order = np.argsort(np.concatenate([np.arange(30), np.arange(30) + seed % 7 + 0.5]), kind="stable")
    rows, sign = twice.take(order), np.repeat([1, -1], 30)[order]
    slot = np.arange(60) % 3
    whole, parts = Tally.empty(_SHAPE, 3), Tally.empty(_SHAPE, 3)
    whole.add(rows, sign, slot)
    ends = [0, *sorted(places), 60]
    for first, last in pairwise(ends):
        chosen = np.arange(first, last)
        parts.add(rows.take(chosen), sign[chosen], slot[chosen])
    np.testing.assert_array_equal(parts.counts, whole.counts)
    np.testing.assert_array_equal(parts.sums, whole.sums)


def test_huge_mistakes_leave_nothing_behind() -> None:
    """A number taken back from a level of its own leaves the others exactly as they were."""
    tally = Tally.empty(_SHAPE)
    small = Contributions(np.empty((3, 0), dtype=np.int64), np.zeros(3, dtype=np.int64), np.full((3, 2), 0.1))
    huge = Contributions(
        np.empty((2, 0), dtype=np.int64), np.ones(2, dtype=np.int64), np.array([[1e30, 0.3], [7, 0.1]])
    )
    tally.add(small)
    before = tally.total()[1].sum(axis=0)
    tally.add(huge)
    tally.add(huge, -1)
    np.testing.assert_array_equal(tally.total()[1].sum(axis=0), before)
    assert tally.total()[0].tolist() == [3, 0, 0, 0, 0, 0, 0]


def test_slots_are_tallies_of_their_own() -> None:
    """One can be emptied, and some be summed."""
    rows = _rows(10, 3)
    tally = Tally.empty(_SHAPE, 3)
    tally.add(rows, 1, 0)
    tally.add(rows, 1, 2)
    tally.clear(0)
    assert not tally.total(np.array([True, True, False]))[0].any()
    assert tally.total()[0].sum() == (rows.cells >= 0).sum() + (rows.level >= 0).sum()
