"""What an hour may add to evidence, however updates come in batches."""

from __future__ import annotations

from itertools import pairwise

import attrs
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray

from model_drift_exporter.evidence.event_budget import EventBudget
from model_drift_exporter.evidence.schedule import Updates

Array = NDArray[np.float64]
_THRESHOLD = 16.0
_MOST = 0.4 * _THRESHOLD
_STEPS = st.lists(
    st.tuples(
        st.sampled_from([-2.0, -0.1, 0.0, 0.5, 3.0, 9.0]),
        st.sampled_from([-1.0, 0.0, 2.0, 4.6]),
        st.sampled_from([0, 15, 60, 900, 7_200]),
        st.booleans(),
    ),
    min_size=1,
    max_size=40,
)
_Step = tuple[float, float, int, bool]


def _updates(time: Array, lines: int = 50) -> Updates:
    size = len(time)
    return Updates(
        time,
        time,
        np.zeros(size),
        np.arange(size),
        np.full(size, float(lines)),
        np.zeros(size),
        np.zeros(0, dtype=np.intp),
    )


def _bounded(budget: EventBudget, log_e: Array, time: Array, total: NDArray[np.bool_]) -> Array:
    return budget.bounded(log_e, _updates(time), lambda: np.repeat(total[:, None], log_e.shape[1], axis=1))


def _arrays(steps: list[_Step]) -> tuple[Array, Array, NDArray[np.bool_]]:
    log_e = np.array([[one, other] for one, other, _, _ in steps])
    time = 1e9 + np.cumsum([step for _, _, step, _ in steps]).astype(np.float64)
    return log_e, time, np.array([each for *_, each in steps])


@given(_STEPS, st.lists(st.integers(0, 40), max_size=4))
def test_batches_and_restarts_do_not_matter(steps: list[_Step], cuts: list[int]) -> None:
    """To the last digit."""
    log_e, time, total = _arrays(steps)
    whole = _bounded(EventBudget(2, _THRESHOLD), log_e, time, total)
    parts, budget = [], EventBudget(2, _THRESHOLD)
    for first, last in pairwise([0, *sorted(min(cut, len(steps)) for cut in cuts), len(steps)]):
        parts.append(_bounded(budget, log_e[first:last], time[first:last], total[first:last]))
        state, budget = budget.snapshot(), EventBudget(2, _THRESHOLD)
        budget.restore(state)
    assert np.concatenate(parts).tolist() == whole.tolist()


@given(_STEPS)
def test_no_time_gains_more_than_its_budget(steps: list[_Step]) -> None:
    """Over any updates: what is free at first, and what is filled again, in a total outage eight times as fast."""
    log_e, time, total = _arrays(steps)
    found = _bounded(EventBudget(2, _THRESHOLD), log_e, time, total)
    assert (found <= log_e).all()
    assert (found[log_e <= 0] == log_e[log_e <= 0]).all()
    filled = np.diff(time, prepend=time[0])
    filled = _MOST * np.where(total, 8 * np.maximum(filled, 0.75), filled) / 3_600
    for first in range(len(steps)):
        gained = np.cumsum(found[first:], axis=0)
        allowed = _MOST + np.cumsum(np.append(0, filled[first + 1 :]))
        assert (gained <= allowed[:, None] + 1e-9).all()


def test_minutes_that_evidence_begins_at_are_no_gain() -> None:
    """After a quiet day evidence begins at 1,440, so less may be added."""
    minutes = np.log(1_440.0)
    updates = attrs.evolve(_updates(np.array([1e9])), log_minutes=np.array([minutes]))
    found = EventBudget(1, _THRESHOLD).bounded(np.array([[99.0]]), updates, lambda: np.zeros((1, 1), np.bool_))
    assert found == pytest.approx(0.4 * (_THRESHOLD - minutes))


def test_an_hour_is_less_than_a_page_and_two_are_more() -> None:
    """Of evidence without end, updated each minute."""
    for total, minutes in ((False, 60), (True, 8)):
        time = np.linspace(1e9, 1e9 + 7_200, 121)
        found = _bounded(EventBudget(1, _THRESHOLD), np.full((121, 1), 9.0), time, np.full(121, total))
        gained = np.cumsum(found[:, 0])
        assert gained[minutes] < 0.9 * _THRESHOLD
        assert gained[2 * minutes] > _THRESHOLD


def test_lines_stand_for_time_where_none_passes() -> None:
    """A thousand garbage lines an update: five updates are one event, a hundred are not."""
    budget = EventBudget(1, _THRESHOLD)
    updates = _updates(np.full(100, 1e9), lines=1_000)
    gained = np.cumsum(budget.bounded(np.full((100, 1), 9.0), updates, lambda: np.ones((100, 1), np.bool_)))
    assert gained[4] < 0.7 * _THRESHOLD
    assert gained[-1] > 1.5 * _THRESHOLD


def test_a_state_of_other_bets_is_refused() -> None:
    """The evidence then begins anew."""
    budget = EventBudget(2, _THRESHOLD)
    _bounded(budget, np.full((1, 2), 3.0), np.array([1e9]), np.zeros(1, np.bool_))
    with pytest.raises(IndexError):
        EventBudget(1, _THRESHOLD).restore(budget.snapshot())


def test_one_record_behind_a_burst_is_no_time_of_it() -> None:
    """At little traffic, the next record comes long after a burst of rejected lines; what waited for it is of the burst."""
    lines, rejected = np.full(6, 1_000.0), np.array([*[1_000.0] * 5, 999.0])
    time = np.array([*[1e9] * 5, 1e9 + 900])
    updates = attrs.evolve(_updates(time), lines=lines, rejected=rejected)
    found = EventBudget(1, _THRESHOLD).bounded(np.full((6, 1), 9.0), updates, lambda: np.ones((6, 1), np.bool_))
    assert found.sum() < 0.6 * _THRESHOLD
