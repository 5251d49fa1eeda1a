"""At which age a cohort has counted, and which labels are late for it."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from model_drift_exporter.labels import release as module
from model_drift_exporter.labels.join import Joins, Revisions
from model_drift_exporter.labels.label_store import COUNTED, LABEL, PREDICTION, UNINDEXED, LabelStore
from model_drift_exporter.labels.release import Cohorts, Pending, Releaser
from model_drift_exporter.reference.outcome_batch import OutcomeLayout

LAYOUT = OutcomeLayout(classification=True, classes=("no", "yes"), positive=1, score_bins=0)


def _store(times: list[float]) -> LabelStore:
    store = LabelStore(LAYOUT, 1_000)
    rows = store.append(np.arange(len(times), dtype=np.uint64))
    store.columns["time"][rows] = times
    store.columns["flags"][rows] = PREDICTION | LABEL
    store.put("label", rows, np.ones(len(rows)))
    store.put("predicted", rows, np.ones(len(rows)))
    return store


def _joins(event: list[int], time: list[float], label_time: list[float]) -> Joins:
    row = np.arange(len(event))
    return Joins(np.array(event), row, np.array(time), np.array(label_time), np.ones(len(event)))


def test_nothing_counts_without_a_maturity() -> None:
    """Outcomes wait until it is known, then come by the time from which they count."""
    store, releaser = _store([0.0, 5.0, 3.0]), Releaser()
    now, line = np.array([10.0, 20.0]), np.array([4, 7])
    joins = _joins([0, 0, 1], [0.0, 5.0, 3.0], [9.0, 9.0, 20.0])
    assert releaser.release(store, now, line, joins, None, maturity=None) is None
    outcomes = releaser.release(store, np.array([30.0]), np.array([9]), Joins.none(), None, maturity=10.0)
    assert outcomes is not None
    assert outcomes.time.tolist() == [0.0, 5.0, 3.0]
    assert outcomes.matured.tolist() == [10.0, 15.0, 20.0]
    assert outcomes.position.tolist() == [9, 9, 9]
    assert (store.columns["flags"][:3] & COUNTED).all()


def test_an_outcome_counts_at_the_first_event_at_which_it_is_mature() -> None:
    """Its line is that of the last prediction then; time + maturity decides, without a rounding of its own."""
    store, releaser = _store([0.1, 0.2, 0.3]), Releaser()
    now, line = np.array([0.3, 0.1 + 0.2, 0.2 + 0.2, 9.0]), np.array([0, 1, 2, 3])
    joins = _joins([0, 0, 0], [0.1, 0.2, 0.3], [0.1, 0.2, 0.3])
    outcomes = releaser.release(store, now, line, joins, None, maturity=0.2)
    assert outcomes is not None
    assert outcomes.position.tolist() == [1, 2, 3]


def test_a_label_exactly_as_old_as_the_maturity_counts_at_once_and_is_not_late() -> None:
    """One that comes the least bit later counts with its own event, but is late."""
    age = 0.1 + 0.2
    later = float(np.nextafter(age, 1.0))
    store, releaser = _store([0.0, 0.0]), Releaser()
    joins = _joins([0, 1], [0.0, 0.0], [age, later])
    outcomes = releaser.release(store, np.array([age, later]), np.array([3, 4]), joins, None, maturity=age)
    assert outcomes is not None
    assert outcomes.position.tolist() == [3, 4]
    assert outcomes.late is not None
    assert outcomes.late.tolist() == [False, True]


def test_what_nothing_can_find_is_dead_once_it_has_counted() -> None:
    """The store is told how many entries it may drop."""
    store, releaser = _store([0.0, 0.0]), Releaser()
    store.columns["flags"][0] |= UNINDEXED
    releaser.release(store, np.array([0.0]), np.array([0]), _joins([0, 0], [0.0] * 2, [0.0] * 2), None, maturity=0.0)
    assert store.dead == 1


def test_a_label_counts_as_it_was_when_the_outcome_matured() -> None:
    """Revised before: the new label only. Revised after: the old label, taken back, and the new one."""
    store, releaser = _store([0.0, 0.0]), Releaser()
    now, line = np.array([0.0, 10.0, 20.0, 30.0]), np.arange(4)
    joins = _joins([0, 0], [0.0, 0.0], [0.0, 0.0])
    store.put("label", np.arange(2), np.array([2.0, 1.0]))
    revisions = Revisions(
        np.array([1, 2, 3]),
        np.array([0, 0, 1]),
        np.array([0.0, 1.0, 0.0]),
        np.array([1.0, 2.0, 1.0]),
        np.array([10.0, 20.0, 30.0]),
    )
    outcomes = releaser.release(store, now, line, joins, revisions, maturity=10.0)
    assert outcomes is not None
    assert outcomes.label.tolist() == [1.0, 0.0, 1.0, 2.0, 0.0, 1.0]
    assert outcomes.sign.tolist() == [1, 1, -1, 1, -1, 1]
    assert outcomes.revision.tolist() == [False, False, False, True, False, True]
    assert outcomes.position.tolist() == [1, 1, 2, 2, 3, 3]
    assert outcomes.matured.tolist() == [10.0, 10.0, 20.0, 20.0, 30.0, 30.0]


@given(st.lists(st.tuples(st.floats(0, 100), st.floats(0, 100)), min_size=1, max_size=30), st.floats(0, 50))
def test_the_clock_of_outcomes_never_falls(outcomes: list[tuple[float, float]], maturity: float) -> None:
    """However old a prediction is whose label comes, what counts later has a later time."""
    times = [time for time, _ in outcomes]
    store, releaser = _store(times), Releaser()
    now = np.maximum.accumulate(np.array([max(each) for each in outcomes]))
    latest = -np.inf
    for index, (time, label_time) in enumerate(outcomes):
        joins = Joins(np.zeros(1, np.int64), np.array([index]), np.array([time]), np.array([label_time]), np.ones(1))
        found = releaser.release(store, now[index : index + 1], np.array([index]), joins, None, maturity=maturity)
        if found is not None:
            assert (np.diff(found.matured, prepend=latest) >= 0).all()
            latest = float(found.matured[-1])
    assert latest == releaser.latest


HOUR, DAY = 3_600.0, 86_400.0


def _late(cohorts: Cohorts, time: float, label_time: float, maturity: float) -> bool:
    return bool(cohorts.late(np.array([time]), np.array([label_time]), maturity)[0])


def test_a_label_is_late_behind_the_maturity() -> None:
    """At it, it is not."""
    cohorts = Cohorts()
    cohorts.follow(HOUR)
    assert not _late(cohorts, 0.0, HOUR, HOUR)
    assert _late(cohorts, 0.0, HOUR + 1, HOUR)


def test_a_cohort_that_has_counted_is_not_opened_again() -> None:
    """Quick labels were counted at an hour; the slow ones of the same days are late although two days are right now."""
    cohorts = Cohorts()
    cohorts.follow(HOUR)
    cohorts.reached(10 * DAY)
    cohorts.follow(2 * DAY)
    cohorts.reached(12 * DAY)
    assert _late(cohorts, 9 * DAY, 10.5 * DAY, 2 * DAY)
    assert not _late(cohorts, 9 * DAY, 9 * DAY + HOUR, 2 * DAY)
    assert not _late(cohorts, 10 * DAY, 11.5 * DAY, 2 * DAY)
    cohorts.follow(3 * DAY)
    assert _late(cohorts, 9 * DAY, 10.5 * DAY, 3 * DAY)
    assert not _late(cohorts, 10 * DAY, 11.5 * DAY, 3 * DAY)
    assert _late(cohorts, 10 * DAY, 12.5 * DAY, 3 * DAY)
    assert not _late(cohorts, 11 * DAY, 13.5 * DAY, 3 * DAY)


def test_a_shorter_maturity_is_one_for_all_that_has_not_counted() -> None:
    """Nothing has to be remembered of the longer one."""
    cohorts = Cohorts()
    cohorts.follow(2 * DAY)
    cohorts.reached(10 * DAY)
    cohorts.follow(HOUR)
    assert _late(cohorts, 9 * DAY, 9.5 * DAY, HOUR)


def test_it_goes_on_from_a_snapshot_and_follows_a_clock_that_is_set_back() -> None:
    """Times of a clock that was wrong mean nothing."""
    cohorts, again = Cohorts(), Cohorts()
    cohorts.follow(HOUR)
    cohorts.reached(1_000 * DAY)
    cohorts.follow(2 * DAY)
    again.restore(cohorts.snapshot())
    assert _late(again, 900 * DAY, 901 * DAY, 2 * DAY)
    again.set_back(10 * DAY)
    assert not _late(again, 900 * DAY, 901 * DAY, 2 * DAY)
    assert _late(again, 9 * DAY, 10 * DAY, 2 * DAY)


def test_little_is_remembered() -> None:
    """A maturity that wanders for years does not grow the state."""
    cohorts = Cohorts()
    for step in range(500):
        cohorts.follow(HOUR + step)
        cohorts.reached(step * DAY)
    assert len(cohorts.snapshot()["steps"]) == 50


_WAITING = st.lists(st.tuples(st.floats(0, 1e9), st.floats(0, 1e9)), max_size=40)


@settings(deadline=None)
@given(st.lists(_WAITING, max_size=6), st.floats(0, 1e6), st.floats(0, 2e9), st.booleans())
def test_what_is_old_enough_is_taken_once(
    batches: list[list[tuple[float, float]]], maturity: float, now: float, settle: bool
) -> None:
    """Exactly those with time + maturity up to now are given, with the time from which they count; the others stay."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(module, "_FEW", 3)
        waiting = Pending()
        everything: list[tuple[float, float]] = []
        for batch in batches:
            start = len(everything)
            everything += batch
            columns = np.array(batch, dtype=np.float64).reshape(-1, 2).T
            waiting.add(np.arange(start, len(everything)), columns[0], columns[1])
            if settle:
                waiting.settle()
        due = waiting.take(maturity, now)
        expected = {row for row, (time, _) in enumerate(everything) if time + maturity <= now}
        assert sorted(due.row.tolist()) == sorted(expected)
        found = zip(due.row.tolist(), due.ripe.tolist(), due.time.tolist(), due.label_time.tolist(), strict=True)
        for row, ripe, time, label_time in found:
            assert (time, label_time) == everything[row]
            assert ripe == time + maturity
        assert len(waiting) == len(everything) - len(expected)
        assert not len(waiting.take(maturity, now).row)


def _three() -> Pending:
    waiting = Pending()
    waiting.add(np.array([0, 1, 2]), np.array([1.0, 2.0, 3.0]), np.zeros(3))
    return waiting


def test_rows_move_with_the_store() -> None:
    """An outcome keeps its entry where that goes, and goes with it."""
    waiting = _three()
    waiting.move(np.array([-1, 7, 0]))
    assert waiting.take(0.0, 10.0).row.tolist() == [7, 0]


def test_a_snapshot_goes_on_and_is_checked() -> None:
    """What waits is restored; entries that do not exist are refused."""
    other = Pending()
    other.restore(_three().snapshot(), rows=3)
    assert other.take(0.0, 2.0).row.tolist() == [0, 1]
    with pytest.raises(ValueError, match="do not exist"):
        other.restore(_three().snapshot(), rows=2)
    state = _three().snapshot()
    state["recent"][1] = state["recent"][1][:2]
    with pytest.raises(ValueError, match="several lengths"):
        other.restore(state, rows=3)
