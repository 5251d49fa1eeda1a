from __future__ import annotations

import numpy as np
import pytest

from model_drift_exporter.labels.matching import unmatched
from model_drift_exporter.labels.store import LABEL, PREDICTION, LabelStore
from model_drift_exporter.reference.outcomes import OutcomeLayout

_LAYOUT = OutcomeLayout(classification=True, classes=("no", "yes"), positive=1, score_bins=0)
_DAY = 86_400.0


def _store(waiting: int, joined: int, alone: int) -> LabelStore:
    """Labels without prediction, predictions with and without label, spread over a day each."""
    store = LabelStore(_LAYOUT, 100_000)
    rows = store.append(np.arange(waiting + joined + alone, dtype=np.uint64))
    kinds = [LABEL, PREDICTION | LABEL, PREDICTION]
    store.columns["flags"][rows] = np.repeat(kinds, [waiting, joined, alone])
    parts = [np.linspace(0, _DAY, count) for count in (waiting, joined, alone)]
    store.columns["time"][rows] = np.concatenate(parts)
    return store


@pytest.mark.parametrize(
    ("waiting", "joined", "alone", "expected"),
    [
        (1_000, 0, 0, True),
        (999, 0, 0, False),
        (1_000, 40, 5_000, True),
        (1_000, 60, 5_000, False),
        (1_000, 40, 10, False),
        (0, 5_000, 0, False),
    ],
)
def test_labels_that_find_nothing(waiting: int, joined: int, alone: int, expected: bool) -> None:
    """1,000, and fewer than one in twenty that do; not where most predictions have their label."""
    assert unmatched(_store(waiting, joined, alone), 9 * _DAY, None) is expected


def test_labels_are_given_time_to_find_their_prediction() -> None:
    """The maturity, or a day while it is not known."""
    store = _store(1_000, 0, 0)
    assert not unmatched(store, 2 * _DAY, None)
    assert unmatched(store, 2 * _DAY + 1, None)
    assert not unmatched(store, 3 * _DAY, 2 * _DAY)
    assert unmatched(store, 3 * _DAY + 1, 2 * _DAY)


def test_what_was_joined_before_is_another_matter() -> None:
    """Identifiers that change show within a thousand labels, whatever was joined until then."""
    store = _store(0, 20_000, 0)
    rows = store.append(np.arange(1_000_000, 1_001_000, dtype=np.uint64))
    store.columns["flags"][rows] = LABEL
    store.columns["time"][rows] = np.linspace(_DAY + 1, 2 * _DAY, 1_000)
    assert unmatched(store, 9 * _DAY, None)
