from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from model_drift_exporter.labels import pending as module
from model_drift_exporter.labels.pending import Pending

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
