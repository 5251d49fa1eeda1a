from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from model_drift_exporter.errors import StateError
from model_drift_exporter.reference.outcome_batch import OutcomeBatch
from model_drift_exporter.settings.values import parse_window
from model_drift_exporter.statistics.tally import Contributions, TallyShape
from model_drift_exporter.windows.outcome_windows import WindowSet
from tests.support.made_outcomes import cut, made_outcomes

_SHAPE = TallyShape(counts=3, levels=3, numbers=1)


def _windows(*names: str) -> WindowSet:
    return WindowSet([parse_window(name) for name in names], _SHAPE, 0)


def _observe(windows: WindowSet, outcomes: OutcomeBatch) -> None:
    """Levels are labels, numbers a third of them more."""
    rows = Contributions(
        np.empty((outcomes.size, 0), dtype=np.int64), outcomes.label.astype(np.int64), outcomes.label[:, None] + 1 / 3
    )
    windows.observe(outcomes, rows)


def _revised(time: float, old: float, new: float) -> OutcomeBatch:
    return made_outcomes(
        [0, 0],
        [old, new],
        time=np.full(2, time),
        sign=np.array([-1, 1], dtype=np.int8),
        revision=np.array([False, True]),
    )


def _counts(windows: WindowSet) -> list[list[int]]:
    return [counts.tolist() for counts, _ in windows.totals()]


def test_windows_hold_the_newest() -> None:
    """Of time: predictions of the 60 panes up to the newest; of records: the last ones that came."""
    windows = _windows("1h", "10")
    _observe(windows, made_outcomes(np.zeros(90), np.arange(90) % 3, start=0.0, step=60.0))
    assert _counts(windows) == [[20, 20, 20], [3, 3, 4]]
    _observe(windows, made_outcomes([0], [2], start=60.0))  # late: too old for the hour, but one of the last ten
    assert _counts(windows) == [[20, 20, 20], [3, 3, 4]]
    _observe(windows, made_outcomes([0, 0, 0, 0], [2, 2, 2, 2], start=2_400.0, step=0.0))
    assert _counts(windows) == [[20, 20, 24], [1, 2, 7]]


def test_corrections_take_back() -> None:
    """The old label's outcome goes and the new one's comes, in every window that holds it."""
    windows = _windows("1h", "10")
    _observe(windows, made_outcomes(np.zeros(12), np.zeros(12), start=0.0, step=60.0))
    _observe(windows, _revised(480.0, 0, 2))
    assert _counts(windows) == [[11, 0, 1], [9, 0, 1]]
    _observe(windows, _revised(0.0, 0, 1))  # no longer among the last ten
    assert _counts(windows) == [[10, 1, 1], [9, 0, 1]]
    _observe(windows, made_outcomes(np.zeros(3), np.zeros(3), start=720.0))
    assert _counts(windows)[1] == [9, 0, 1]
    for _, sums in windows.totals():
        assert sums[2] == 2 + 1 / 3


@st.composite
def _histories(draw: st.DrawFn) -> OutcomeBatch:
    """Outcomes of some two hours, out of order, some of them corrected later."""
    size = draw(st.integers(1, 40))
    minutes = draw(st.lists(st.integers(0, 150), min_size=size, max_size=size))
    labels = draw(st.lists(st.integers(0, 2), min_size=size, max_size=size))
    corrected = draw(st.sets(st.integers(0, size - 1)))
    events = [(minute, label, 1, False) for minute, label in zip(minutes, labels, strict=True)]
    for place in sorted(corrected):
        events += [(minutes[place], labels[place], -1, False), (minutes[place], (labels[place] + 1) % 3, 1, True)]
    minute, label, sign, revision = map(np.array, zip(*events, strict=True))
    return made_outcomes(
        np.zeros(len(events)), label, time=minute * 60.0, sign=sign.astype(np.int8), revision=revision.astype(np.bool_)
    )


@given(_histories(), st.lists(st.integers(0, 120), max_size=6))
def test_batches_do_not_matter(outcomes: OutcomeBatch, places: list[int]) -> None:
    """One batch or many, with a snapshot and restart between any two: the same sums to the last digit."""
    whole, parts = _windows("1h", "12"), _windows("1h", "12")
    _observe(whole, outcomes)
    for batch in cut(outcomes, places):
        _observe(parts, batch)
        again = _windows("1h", "12")
        again.restore(parts.snapshot())
        parts = again
    for (counts, sums), (expected_counts, expected_sums) in zip(parts.totals(), whole.totals(), strict=True):
        np.testing.assert_array_equal(counts, expected_counts)
        np.testing.assert_array_equal(sums, expected_sums)
        assert counts.min() >= 0


def test_windows_of_the_same_setting_go_on() -> None:
    """From a snapshot; new ones begin empty."""
    old = _windows("1h", "10")
    _observe(old, made_outcomes(np.zeros(12), np.zeros(12)))
    restored = _windows("10", "2h")
    restored.restore(old.snapshot())
    assert _counts(restored) == [[10, 0, 0], [0, 0, 0]]
    assert restored.names == ["10", "2h"]


@pytest.mark.parametrize("window", ["1h", "10"])
@pytest.mark.parametrize("change", ["absent", "shape", "kind"])
def test_foreign_snapshots_are_refused(window: str, change: str) -> None:
    """With a reason, and the windows stay empty."""
    old = _windows(window)
    _observe(old, made_outcomes(np.zeros(12), np.zeros(12)))
    state = old.snapshot()
    field = "sums" if window == "1h" else "numbers"
    if change == "absent":
        del state[window][field]
    elif change == "shape":
        state[window][field] = state[window][field][..., :0]
    else:
        state[window] = [1, 2]
    fresh = _windows(window)
    with pytest.raises(StateError, match="snapshot"):
        fresh.restore(state)
    assert _counts(fresh) == [[0, 0, 0]]


def test_a_clock_that_was_put_back_leaves_nothing_behind() -> None:
    """Outcomes of 2099 keep those of today out of a window of time only until one counts today."""
    windows = _windows("1h")
    for start, held in ((0.0, 3), (4e9, 3), (60.0, 6)):
        _observe(windows, made_outcomes([0] * 3, [1] * 3, start=start))
        assert _counts(windows) == [[0, held, 0]]
