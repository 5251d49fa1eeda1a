from __future__ import annotations

import numpy as np
import pytest

from model_drift_exporter.evidence.evidence_state import EvidenceState, digest_of

FLOOR = np.log(np.full(4, 0.5))
BEGUN = 1_000.25 + 30.0 * np.arange(4, dtype=np.float64)


def test_evidence_starts_anew_at_the_floor() -> None:
    """M = max(M, w) e: a loss is not carried on, a gain is, and since when it grew is told in whole seconds."""
    state = EvidenceState.new(2)
    log_e = np.array([[-9.0, 1.0], [-9.0, 1.0], [2.0, 1.0], [2.0, 1.0]])
    after = state.after(log_e, FLOOR, BEGUN)
    state.take(after, 3)
    assert state.log_m.tolist() == pytest.approx([np.log(0.5) + 4.0, 4.0])
    assert state.since.tolist() == [1_060.0, 1_000.0]


def test_restart_makes_chosen_bets_one_again() -> None:
    """The others go on; its evidence is then of the time since the update before the next one."""
    state = EvidenceState(np.array([3.0, 5.0]), np.array([10.0, 20.0]))
    state.restart(np.array([1]))
    assert state.log_m.tolist() == [3.0, 0.0]
    after = state.after(np.ones((1, 2)), np.full(1, -9.0), np.array([77.7]))
    assert after.since(0).tolist() == [10.0, 77.0]


def test_a_snapshot_brings_back_the_same_evidence() -> None:
    """To seven digits, which is what it is stored with; times exactly."""
    state = EvidenceState(np.random.default_rng(0).normal(0, 30, 500), np.repeat([1.7e9, 1.7e9 + 1], 250))
    again = EvidenceState.new(500)
    again.restore(state.snapshot())
    np.testing.assert_allclose(again.log_m, state.log_m, rtol=1e-7)
    np.testing.assert_array_equal(again.since, state.since)


@pytest.mark.parametrize("broken", [{"log_m": np.zeros(3)}, {"log_m": np.array([0.0, np.nan])}])
def test_state_of_other_bets_is_refused(broken: dict[str, object]) -> None:
    """Another number of bets, or what is no number."""
    state = EvidenceState.new(2)
    with pytest.raises(ValueError, match="other bets"):
        EvidenceState.new(2).restore({**state.snapshot(), **broken})


def test_what_is_the_same_has_the_same_digest() -> None:
    """The last digits of an array do not count, nor does the sign of 0, nor whether numbers are whole ones."""
    assert digest_of(["a", np.array([0.1, 0.0])]) == digest_of(["a", np.array([0.1 + 1e-12, -0.0])])
    assert digest_of([np.array([1, 2])]) == digest_of([np.array([1.0, 2.0])])


def test_what_differs_has_another_digest() -> None:
    """Values, shapes, plain values, and which part it is."""
    table = np.arange(6.0)
    parts: list[list[object]] = [[table], [table + 1e-5], [table.reshape(2, 3)], [table, 0.02]]
    parts += [[0.02, table], [0.03, table], [None, table]]
    assert len({digest_of(part) for part in parts}) == len(parts)
