from __future__ import annotations

import numpy as np
import numpy.typing as npt
import pytest
from hypothesis import given
from hypothesis import strategies as st

from model_drift_exporter.labels.label_store import LabelStore
from model_drift_exporter.labels.selectivity import LabelShares, selective
from model_drift_exporter.reference.outcome_batch import OutcomeLayout

_LAYOUT = OutcomeLayout(True, ("no", "yes"), 1, 20)


def _selective(predictions: list[int], labelled: list[int]) -> bool:
    return selective(np.array(predictions), np.array(labelled))


@pytest.mark.parametrize(
    ("predictions", "labelled", "expected"),
    [
        ([500, 500, 0], [500, 0, 0], True),
        ([9_000, 1_000, 0], [5_400, 800, 0], True),
        ([9_000, 1_000, 0], [5_400, 630, 0], False),
        ([1_000_000, 1_000_000, 0], [500_000, 520_000, 0], False),
        ([29, 10_000, 0], [0, 10_000, 0], False),
        ([1_000, 0, 0], [10, 0, 0], False),
        ([0, 0, 0], [0, 0, 0], False),
        ([500, 500, 0], [0, 0, 0], False),
        ([500, 500, 0], [500, 500, 0], False),
    ],
)
def test_selective_labels_are_found(predictions: list[int], labelled: list[int], expected: bool) -> None:
    """A class whose labels come clearly more or less often than the others', by more than five points and chance."""
    assert _selective(predictions, labelled) is expected


@pytest.mark.slow
def test_labels_at_random_are_not_called_selective() -> None:
    """However often one looks at 200 growing samples of five classes, there is no false claim."""
    generator = np.random.default_rng(4)
    claims = 0
    for _ in range(200):
        chances = generator.dirichlet(np.ones(5))
        share = generator.uniform(0.02, 0.98)
        predictions, labelled = np.zeros(6, dtype=np.int64), np.zeros(6, dtype=np.int64)
        for _ in range(60):
            fresh = np.append(generator.multinomial(50, chances), 0)
            predictions += fresh
            labelled += generator.binomial(fresh, share)
            claims += _selective(predictions.tolist(), labelled.tolist())
    assert claims == 0


def _store(predicted: npt.NDArray[np.float64], cell: npt.NDArray[np.int64]) -> LabelStore:
    store = LabelStore(_LAYOUT, 1_000_000)
    rows = store.append(np.arange(len(predicted), dtype=np.uint64))
    store.put("predicted", rows, predicted)
    store.columns["score_cell"][rows] = cell
    return store


def _shares(cell: npt.NDArray[np.int64], chance: npt.NDArray[np.float64], *, seed: int = 1) -> LabelShares:
    """Predictions that all have one class, each with a score bin and the chance of a label."""
    shares = LabelShares(_LAYOUT)
    labelled = np.random.default_rng(seed).random(len(cell)) < chance
    shares.add(_store(np.ones(len(cell)), cell), np.arange(len(cell)), labelled)
    return shares


def test_labels_of_sure_scores_only_are_selective() -> None:
    """Though all classes have as many. At random they are not, and a recent change is not hidden by what was before."""
    cell = np.arange(8_000) % 20
    assert _shares(cell, np.where(cell < 15, 0.9, 0.3)).selective
    assert not _shares(cell, np.full(8_000, 0.75)).selective
    cells = np.arange(40_000) % 20
    recent = np.arange(40_000) >= 30_000
    assert _shares(cells, np.where(recent & (cells < 5), 0.3, 0.9)).selective
    assert not _shares(cells, np.where(~recent & (cells < 5), 0.3, 0.9)).selective


@pytest.mark.slow
def test_labels_at_random_prefer_no_score() -> None:
    """However often one looks: 100 samples of growing size, at shares of labels up to nearly all."""
    generator = np.random.default_rng(5)
    for _ in range(100):
        share = generator.choice([0.02, 0.1, 0.5, 0.9, 0.99])
        shares = LabelShares(_LAYOUT)
        cell = generator.choice(20, 20_000, p=generator.dirichlet(np.ones(20)))
        store = _store(np.ones(20_000), cell)
        labelled = generator.random(20_000) < share
        for first in range(0, 20_000, 250):
            shares.add(store, np.arange(first, first + 250), labelled[first : first + 250])
            assert not shares.selective


@given(st.lists(st.integers(0, 9_000), max_size=6))
def test_shares_do_not_depend_on_batches_or_restarts(cuts: list[int]) -> None:
    """Counts of the newest are forgotten at exact numbers; what is no score has no bin."""
    generator = np.random.default_rng(6)
    store = _store(generator.integers(0, 3, 9_000).astype(np.float64), generator.integers(-1, 20, 9_000))
    labelled = generator.random(9_000) < 0.5
    whole, parts = LabelShares(_LAYOUT), LabelShares(_LAYOUT)
    whole.add(store, np.arange(9_000), labelled)
    for part in np.split(np.arange(9_000), sorted(cuts)):
        state, parts = parts.snapshot(), LabelShares(_LAYOUT)
        parts.restore(state)
        parts.add(store, part, labelled[part])
    np.testing.assert_equal(parts.snapshot(), whole.snapshot())
    with pytest.raises(ValueError, match="groups"):
        LabelShares(OutcomeLayout(True, ("a",), None, 0)).restore(whole.snapshot())


def test_numbers_without_scores_have_no_groups() -> None:
    """A regression's labels prefer nothing that is looked at."""
    shares = LabelShares(OutcomeLayout(False, (), None, 0))
    shares.add(
        LabelStore(OutcomeLayout(False, (), None, 0), 10), np.zeros(0, dtype=np.int64), np.zeros(0, dtype=np.bool_)
    )
    assert not shares.selective
