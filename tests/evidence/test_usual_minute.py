"""What a minute may add: twice what minutes usually hold, however records come in batches."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from model_drift_exporter.evidence.usual_minute import UsualMinute

_DAY = 1_440
_STEPS = st.lists(st.tuples(st.sampled_from([0, 0, 0, 1, 2, 700, 1_500]), st.booleans()), min_size=1, max_size=60)


def _beyond(usual: UsualMinute, minutes: Sequence[int], evident: Sequence[bool] | None = None) -> list[bool]:
    mask = usual.beyond(
        np.array(minutes, dtype=np.int64), None if evident is None else np.array(evident, dtype=np.bool_)
    )
    return [False] * len(minutes) if mask is None else [bool(each) for each in mask]


def _quiet(days: int, each: int = 1, first: int = 0) -> list[int]:
    """Days of ten minutes with records an hour."""
    return [minute for minute in range(first * _DAY, (first + days) * _DAY, 6) for _ in range(each)]


@pytest.mark.parametrize(("size", "limit"), [(1, 2), (3, 6), (20, 44), (1_000, 2_046)])
def test_a_minute_may_add_twice_what_one_usually_holds(size: int, limit: int) -> None:
    """From the day after a hundred minutes; sizes are known within a fifth."""
    usual = UsualMinute()
    assert not any(_beyond(usual, _quiet(1, size)))
    assert usual.limit is None
    assert sum(_beyond(usual, [_DAY + 1] * 5_000)) == 5_000 - limit
    assert usual.limit == limit


def test_there_is_no_limit_before_a_hundred_minutes() -> None:
    """A nightly batch is thinned by nothing: it is what a minute holds."""
    usual = UsualMinute()
    batches = [night * _DAY for night in range(200) for _ in range(1_000)]
    assert not any(_beyond(usual, batches))
    assert usual.limit is not None
    assert usual.limit >= 2_000


def test_the_reference_raises_the_limit() -> None:
    """Live traffic may have been low so far; the larger of the two counts."""
    usual = UsualMinute(50)
    _beyond(usual, _quiet(2))
    assert usual.limit == 100


def test_a_burst_does_not_make_itself_usual() -> None:
    """Nor does one in five days; one a day is a batch. Traffic that has grown becomes usual, in days."""
    usual = UsualMinute()
    _beyond(usual, _quiet(3))
    for day in range(3, 30):
        _beyond(usual, sorted([*_quiet(1, 1, day), *[day * _DAY + 100] * (5_000 if day % 5 == 0 else 0)]))
    assert usual.limit == 2
    for day in range(30, 34):
        _beyond(usual, _quiet(1, 20, day))
    assert usual.limit == 44


def test_what_is_no_evidence_anyway_takes_no_room() -> None:
    """Copies in a minute do not keep others from being counted, and do not make it usual."""
    usual = UsualMinute()
    minutes = [minute for minute in _quiet(2) for _ in range(10)]
    assert not any(_beyond(usual, minutes, [number % 10 == 9 for number in range(len(minutes))]))
    assert usual.limit == 2
    found = _beyond(usual, [2 * _DAY] * 6, [False, True, False, True, True, True])
    assert found == [False, False, False, False, True, True]


@given(_STEPS, st.lists(st.integers(0, 60), max_size=5), st.booleans())
def test_batches_and_restarts_do_not_matter(steps: list[tuple[int, bool]], cuts: list[int], restart: bool) -> None:
    """The same records are beyond, and the state is the same to the last digit."""
    minutes = (np.cumsum([step for step, _ in steps]) + 10 * _DAY).tolist()
    evident = [own for _, own in steps]
    whole, parted = UsualMinute(), UsualMinute()
    for usual in (whole, parted):
        _beyond(usual, _quiet(9))
    expected = _beyond(whole, minutes, evident)
    places = [0, *sorted(min(cut, len(minutes)) for cut in cuts), len(minutes)]
    found: list[bool] = []
    for first, last in pairwise(places):
        found += _beyond(parted, minutes[first:last], evident[first:last])
        if restart:
            state = parted.snapshot()
            parted = UsualMinute()
            parted.restore(state)
    assert found == expected
    assert {name: np.asarray(each).tolist() for name, each in parted.snapshot().items()} == {
        name: np.asarray(each).tolist() for name, each in whole.snapshot().items()
    }


def test_a_state_that_does_not_fit_leaves_it_as_new() -> None:
    """A damaged snapshot is no reason to stop."""
    usual = UsualMinute()
    _beyond(usual, _quiet(2))
    with pytest.raises(ValueError, match="other sizes"):
        usual.restore(usual.snapshot() | {"before": np.zeros(1), "today": np.zeros(2, dtype=np.int64)})
    assert usual.limit is None


def test_a_nightly_batch_that_begins_later_becomes_usual() -> None:
    """Beside a record a minute it is few of the records: it counts whole from the second week on; a storm a month never does."""
    for every, usual in ((1, True), (30, False)):
        minute = UsualMinute()
        for day in range(51):
            own = np.arange(1_440, dtype=np.int64) + 1_440 * (day + 1)
            batch = np.full(1_000 if day >= 20 and (day - 20) % every == 0 else 0, own[120])
            beyond = minute.beyond(np.sort(np.concatenate([own, batch])), None)
        assert (beyond is None) == usual
