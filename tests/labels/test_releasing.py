from __future__ import annotations

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from model_drift_exporter.labels.joining import Joins, Revisions
from model_drift_exporter.labels.releasing import Releaser
from model_drift_exporter.labels.store import COUNTED, LABEL, PREDICTION, UNINDEXED, LabelStore
from model_drift_exporter.reference.outcomes import OutcomeLayout

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
    assert outcomes.record.tolist() == [9, 9, 9]
    assert (store.columns["flags"][:3] & COUNTED).all()


def test_an_outcome_counts_at_the_first_event_at_which_it_is_mature() -> None:
    """Its line is that of the last prediction then; time + maturity decides, without a rounding of its own."""
    store, releaser = _store([0.1, 0.2, 0.3]), Releaser()
    now, line = np.array([0.3, 0.1 + 0.2, 0.2 + 0.2, 9.0]), np.array([0, 1, 2, 3])
    joins = _joins([0, 0, 0], [0.1, 0.2, 0.3], [0.1, 0.2, 0.3])
    outcomes = releaser.release(store, now, line, joins, None, maturity=0.2)
    assert outcomes is not None
    assert outcomes.record.tolist() == [1, 2, 3]


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
    assert outcomes.record.tolist() == [1, 1, 2, 2, 3, 3]
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
