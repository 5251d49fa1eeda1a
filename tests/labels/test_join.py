from __future__ import annotations

import attrs
import numpy as np
import pytest

from model_drift_exporter.labels.events import Events
from model_drift_exporter.labels.join import Joins, JoinTally, Revisions, join, join_alone
from model_drift_exporter.labels.label_store import COUNTED, LABEL, PREDICTION, SURPLUS, UNINDEXED, LabelStore
from model_drift_exporter.reference.outcome_batch import OutcomeLayout

LAYOUT = OutcomeLayout(classification=True, classes=("no", "yes"), positive=1, score_bins=0)
NO, YES, NONE = 0.0, 1.0, float("nan")


def _events(*rows: tuple[str, int, float]) -> Events:
    """Each is ("p" or "l", key, label); the n-th happens at n seconds."""
    size = len(rows)
    nothing = np.zeros(size, dtype=np.bool_)
    return Events(
        is_label=np.array([kind == "l" for kind, _, _ in rows]),
        position=np.arange(size),
        clock=np.arange(size, dtype=np.float64),
        time=np.arange(size, dtype=np.float64),
        key=np.array([key for _, key, _ in rows], dtype=np.uint64),
        identified=~nothing,
        label=np.array([value for _, _, value in rows]),
        missing=nothing,
        unusable=nothing,
        unseen=nothing,
        predicted=np.ones(size),
        score=np.full(size, np.nan),
        score_cell=np.full(size, -1, dtype=np.int16),
        version=np.zeros(size, dtype=np.uint8),
        probabilities=None,
        surplus=nothing,
    )


def _join(
    store: LabelStore, events: Events, *, shift: float = 0.0, watermark: float = -np.inf
) -> tuple[Joins, Revisions | None, JoinTally]:
    tally = JoinTally()
    admitted = np.ones(events.size, dtype=np.bool_)
    joins, revisions, opened = join(store, events, events.time + shift, admitted, watermark=watermark, tally=tally)
    assert (np.diff(opened) > 0).all()
    return joins, revisions, tally


def test_all_that_happens_to_an_identifier_in_one_batch() -> None:
    """Repeats are counted, a label before its prediction waits in the batch, later labels revise."""
    store = LabelStore(LAYOUT, 100)
    events = _events(
        *[("l", 7, NO), ("p", 8, NONE), ("l", 7, YES), ("p", 7, NONE), ("p", 7, NONE)],
        *[("l", 7, YES), ("l", 8, NO), ("l", 8, YES), ("l", 9, NO)],
    )
    joins, revisions, tally = _join(store, events)
    assert joins.event.tolist() == [3, 6]
    assert joins.time.tolist() == [3.0, 1.0]
    assert joins.label_time.tolist() == [2.0, 6.0]
    assert joins.label.tolist() == [YES, NO]
    assert revisions is not None
    assert (revisions.event.tolist(), revisions.old.tolist(), revisions.new.tolist()) == ([7], [NO], [YES])
    assert tally == JoinTally(joined=2, revised=2, labels_repeated=1, unmatched=0, stored=2, predictions_repeated=1)
    flags = store.columns["flags"][store.find(np.array([7, 8, 9], dtype=np.uint64))]
    assert flags.tolist() == [PREDICTION | LABEL, PREDICTION | LABEL, LABEL]


def test_nothing_admitted_changes_nothing() -> None:
    """Events that are kept out leave no trace."""
    store, tally = LabelStore(LAYOUT, 100), JoinTally()
    events = _events(("p", 1, NONE))
    joins, revisions, _ = join(store, events, events.time, np.zeros(1, np.bool_), watermark=-np.inf, tally=tally)
    assert (len(joins.event), revisions, store.size, tally) == (0, None, 0, JoinTally())


def test_the_expired_are_as_if_they_had_never_been() -> None:
    """Their identifier begins anew; a label that waited in vain is counted, an outcome yet to count keeps its entry."""
    store = LabelStore(LAYOUT, 100)
    _join(store, _events(("p", 1, NONE), ("l", 2, NO), ("p", 3, YES), ("p", 4, YES)))
    store.columns["flags"][store.find(np.array([4], dtype=np.uint64))] |= COUNTED
    again = attrs.evolve(_events(*[("p", key, NONE) for key in (1, 2, 3, 4)]), predicted=np.zeros(4))
    joins, revisions, tally = _join(store, again, shift=100.0, watermark=50.0)
    assert (len(joins.event), revisions) == (0, None)
    assert (tally.stored, tally.unmatched, tally.predictions_repeated) == (4, 1, 0)
    rows = store.find(np.array([1, 2, 3, 4], dtype=np.uint64))
    assert store.columns["flags"][rows].tolist() == [PREDICTION] * 4
    assert store.size == 5
    assert store.columns["flags"][2] == PREDICTION | LABEL | UNINDEXED
    assert store.get("predicted", np.array([2])).tolist() == [1.0]


def test_joins_are_put_in_order() -> None:
    """By event; of one event those of the first part come first."""
    one = Joins(np.array([5, 2]), np.array([0, 1]), np.zeros(2), np.zeros(2), np.zeros(2))
    two = Joins(np.array([2]), np.array([2]), np.zeros(1), np.zeros(1), np.zeros(1))
    assert Joins.in_order(one, two, Joins.none()).row.tolist() == [1, 2, 0]


@pytest.mark.parametrize("apart", [True, False])
def test_what_is_no_evidence_stays_so_through_the_join(*, apart: bool) -> None:
    """By the prediction that counts: whether its label comes before it, with it, later, is revised, or has no identifier."""
    store = LabelStore(LAYOUT, 100)
    events = _events(("p", 1, YES), ("l", 2, NO), ("p", 2, NONE), ("p", 3, NONE), ("p", 3, NONE), ("p", 4, NONE))
    events = attrs.evolve(events, surplus=np.array([True, False, True, False, True, True]))
    parts = [events.part(place, place + 1) for place in range(events.size)] if apart else [events]
    for part in parts:
        _join(store, part)
    _join(store, _events(("l", 3, YES), ("l", 4, YES)), shift=10)
    _join(store, _events(("l", 4, NO), ("l", 1, NO)), shift=20)
    flags = store.columns["flags"][store.find(np.array([1, 2, 3, 4], dtype=np.uint64))]
    assert flags.tolist() == [PREDICTION | LABEL | extra for extra in (SURPLUS, SURPLUS, 0, SURPLUS)]
    alone = attrs.evolve(_events(("p", 9, YES), ("p", 9, NO)), surplus=np.array([True, False]))
    joins = join_alone(
        store, alone, alone.time, np.ones(2, np.bool_), keys=np.array([9, 9], dtype=np.uint64), tally=JoinTally()
    )
    assert (store.columns["flags"][joins.row] & SURPLUS != 0).tolist() == [True, False]
