from __future__ import annotations

from itertools import pairwise

import numpy as np
import numpy.typing as npt
import pytest
from hypothesis import given
from hypothesis import strategies as st

from model_drift_exporter.labels.join import Joins
from model_drift_exporter.labels.label_store import LABEL, PREDICTION, UNINDEXED, LabelStore
from model_drift_exporter.labels.ripening import Ripened, Ripening
from model_drift_exporter.reference.outcome_batch import OutcomeLayout

_LAYOUT = OutcomeLayout(True, ("no", "yes"), 1, 4)
_NOTHING = np.zeros(0, dtype=np.int64)
Mask = npt.NDArray[np.bool_]


class _World:
    """Predictions a second apart, which have their label in the store already or never get one."""

    def __init__(self, labelled: Mask) -> None:
        self.store = LabelStore(_LAYOUT, 1_000_000)
        rows = self.store.append(np.arange(len(labelled), dtype=np.uint64))
        self.store.columns["time"][rows] = np.arange(len(labelled))
        self.store.columns["flags"][rows] = np.where(labelled, PREDICTION | LABEL, PREDICTION)
        self.store.put("predicted", rows, np.zeros(len(labelled)))
        self.store.columns["score_cell"][rows] = 0
        self.ripening = Ripening(_LAYOUT)

    def until(self, first: int, last: int, age: float = 10.0) -> Ripened:
        """The clock goes on from one second to another, an event a second."""
        return self.ripening.follow(self.store, np.arange(first, last, dtype=np.float64), Joins.none(), _NOTHING, age)


def test_outcomes_count_while_half_of_the_newest_hundred_have_a_label() -> None:
    """At the event at which they do: the labels of some complaints alone are no sample."""
    world = _World(np.arange(1_000) < 500)
    ripened = world.until(0, 1_000)
    assert ripened.event.tolist() == [*range(11, 1_000)]
    assert ripened.labelled.sum() == 500
    unfair = ripened.unfair(np.arange(10, 1_000))
    assert int(unfair.argmax()) == 551
    assert unfair[551:].all()
    assert world.ripening.few_labelled
    assert not Ripening(_LAYOUT).few_labelled


def test_labels_that_come_after_their_time_do_not_count() -> None:
    """One that is exactly as old as that came in time, with the event after the one that moved the clock there or with it."""
    world = _World(np.ones(20, dtype=np.bool_))
    row = np.arange(20, dtype=np.int64)
    event = np.where(row % 2 == 0, row + 10, row + 11)
    joins = Joins(event, row, row.astype(np.float64), event.astype(np.float64), np.zeros(20))
    found = world.ripening.follow(world.store, np.arange(40.0), joins, row, 10.0)
    assert found.labelled.tolist() == (row % 2 == 0).tolist()
    world = _World(np.ones(20, dtype=np.bool_))
    late = Joins(row + 5, row, row.astype(np.float64), row.astype(np.float64), np.zeros(20))
    found = world.ripening.follow(world.store, np.full(25, 100.0), late, row + 5, 0.0)
    assert found.event.tolist() == (row + 5).tolist()
    assert found.labelled.all()


def test_what_no_label_can_find_is_left_out() -> None:
    """So are labels without a prediction; rows that are removed are forgotten."""
    world = _World(np.ones(30, dtype=np.bool_))
    world.store.columns["flags"][:10] = [PREDICTION | LABEL | UNINDEXED] * 5 + [LABEL] * 5
    assert len(world.until(0, 26).event) == 5
    kept = np.arange(30) % 2 == 0
    world.ripening.move(world.store.retain(kept))
    assert len(world.until(25, 50).event) == 7


@given(st.lists(st.integers(0, 600), max_size=6), st.integers(0, 99))
def test_batches_and_restarts_do_not_matter(cuts: list[int], seed: int) -> None:
    """The same outcomes are unfair."""
    labelled = np.random.default_rng(seed).random(600) < 0.5
    whole, parts = _World(labelled), _World(labelled)
    expected = whole.until(0, 600).unfair(np.arange(600))
    found = []
    ends = [0, *sorted(cuts), 600]
    for first, last in pairwise(ends):
        if first < last:
            state, parts.ripening = parts.ripening.snapshot(), Ripening(_LAYOUT)
            parts.ripening.restore(state, parts.store.size)
            found.append(parts.until(first, last).unfair(np.arange(last - first)))
    assert np.concatenate(found).tolist() == expected.tolist()


def test_a_snapshot_of_another_store_is_refused() -> None:
    """It names rows that are not there."""
    world = _World(np.ones(30, dtype=np.bool_))
    world.until(0, 30)
    with pytest.raises(ValueError, match="not there"):
        Ripening(_LAYOUT).restore(world.ripening.snapshot(), 5)
