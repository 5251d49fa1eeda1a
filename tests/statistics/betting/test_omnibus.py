from __future__ import annotations

from typing import Any

import msgspec
import numpy as np
import numpy.typing as npt
import pytest
from hypothesis import given
from hypothesis import strategies as st

from model_drift_exporter.statistics.betting.bets import BetColumn
from model_drift_exporter.statistics.betting.omnibus import MEMORIES, OmnibusBets, _packed, _shortened, _unpacked
from model_drift_exporter.statistics.betting.reference_ball import ReferenceBall, projected, reference_ball
from model_drift_exporter.statistics.layout import FloatArray

MORNING = np.array([0, 4_000, 3_000, 2_000, 1_000, 0, 0, 0])
EVENING = MORNING[[0, 4, 3, 2, 1, 5, 6, 7]]
SEEDS = st.integers(0, 2**32 - 1)
CUTS = st.lists(st.integers(0, 60), max_size=6)


def ball_of(*counts: npt.NDArray[Any], design_effect: float = 1.0) -> ReferenceBall:
    """Numeric columns of these reference counts."""
    return reference_ball([BetColumn(count, numeric=True, design_effect=design_effect) for count in counts])


def traffic(seed: int, updates: int, *shares: FloatArray, records: int = 50) -> FloatArray:
    """Counts [update, column, cell] of records drawn from one law a column."""
    generator = np.random.default_rng(seed)
    drawn = [generator.multinomial(records, share / share.sum(), size=updates) for share in shares]
    return np.stack(drawn, axis=1).astype(np.float64)


CLUSTER = np.array([0, 3_400, 2_500, 1_600, 2_500, 0, 0, 0.0])
NEW_CELL = np.array([0, 3_400, 2_600, 1_600, 900, 1_500, 0, 0.0])


@given(SEEDS, CUTS, st.booleans())
def test_results_do_not_depend_on_how_updates_are_cut(seed: int, cuts: list[int], seasonal: bool) -> None:
    """One call, many calls, and a snapshot through a file in between give the same evidence bit for bit."""
    ball = ball_of(*[MORNING] * 13)
    counts = traffic(seed, 60, *[CLUSTER, NEW_CELL, MORNING.astype(float)] * 4, CLUSTER)
    whole = OmnibusBets(ball, seasonal=seasonal).log_e(counts)
    pieces, bets = [], OmnibusBets(ball, seasonal=seasonal)
    for piece in np.split(counts, sorted(cuts)):
        pieces.append(bets.log_e(piece))
        state = msgspec.msgpack.decode(msgspec.msgpack.encode(listed(bets)))
        bets = OmnibusBets(ball, seasonal=seasonal)
        bets.restore(state)
    assert np.array_equal(whole, np.concatenate(pieces))
    assert whole.any()


def listed(bets: OmnibusBets) -> dict[str, object]:
    """A snapshot as a file would hold it."""
    return {name: getattr(part, "tolist", lambda part=part: part)() for name, part in bets.snapshot().items()}


@given(SEEDS, st.sampled_from([1.0, 4.0]))
def test_what_is_learnt_is_an_e_value_over_the_ball(seed: int, design_effect: float) -> None:
    """After any past the mean of e under the reference and under laws near it is at most 1, with the design effect too."""
    bets = OmnibusBets(ball_of(MORNING, design_effect=design_effect))
    bets.log_e(traffic(seed, 40, CLUSTER))
    one_record = np.eye(8)[:, None]
    e = np.exp(bets.log_e(one_record)[:, 0])
    for law in (MORNING, [0, 4_100, 2_950, 1_950, 1_000, 0, 0, 0], [5, 4_000, 3_000, 1_990, 1_000, 5, 0, 0]):
        assert np.all(np.array(law) / 10_000 @ e <= 1.0 + 1e-9)


@pytest.mark.parametrize("seasonal", [True, False])
def test_bets_are_smoothed_histograms_against_their_projections(seasonal: bool) -> None:
    """After forty updates the evidence is that of fifty rows of the reference and the records, older ones weighing less."""
    ball = ball_of(MORNING, design_effect=2.0)
    bets = OmnibusBets(ball, seasonal=seasonal)
    counts = traffic(7, 41, NEW_CELL)
    log_e = bets.log_e(counts)[40, 0]
    for position, memory in enumerate(MEMORIES):
        seen = np.zeros(8)
        for ten in counts[:40].reshape(4, 10, 8).sum(axis=1) / 2.0:
            seen = seen * np.exp(-ten.sum() / memory) + ten
        bet = (50 * ball.smoothed[0] + seen) / (50 + seen.sum())
        part = float(projected(bet, ball.shares[0], ball.radius[0]))
        law = ball.shares[0] + part * (bet - ball.shares[0])
        assert log_e[position] == pytest.approx(counts[40, 0] @ np.log(bet / law) / 2.0, rel=1e-5)


def test_each_update_is_bet_on_before_it_is_seen() -> None:
    """The first update of a changed stream gives no evidence, however large it is."""
    assert not OmnibusBets(ball_of(MORNING)).log_e(traffic(0, 1, NEW_CELL, records=5_000)).any()


def test_clean_traffic_moves_nothing() -> None:
    """With the histogram inside the ball the bet is none: e is exactly 1 nearly always, and evidence stays low."""
    log_e = OmnibusBets(ball_of(MORNING)).log_e(traffic(1, 400, MORNING.astype(float)))
    assert np.mean(log_e[:, :, 1] == 0.0) > 0.9
    assert np.cumsum(log_e, axis=0).max() < 3.0


@pytest.mark.parametrize("live", [CLUSTER, NEW_CELL])
def test_a_new_shape_gathers_evidence(live: FloatArray) -> None:
    """A cluster in one cell and values where the reference has none are found, and only in their column."""
    log_e = OmnibusBets(ball_of(MORNING, MORNING)).log_e(traffic(2, 200, live, MORNING.astype(float)))
    assert np.all(log_e.sum(axis=0)[0] > 20)
    assert np.all(log_e.sum(axis=0)[1] < 3)


def test_the_design_effect_slows_evidence_down() -> None:
    """With ten dependent records counting as one, evidence is less than a tenth."""
    counts = traffic(3, 200, NEW_CELL)
    fast = OmnibusBets(ball_of(MORNING)).log_e(counts).sum(axis=0)
    slow = OmnibusBets(ball_of(MORNING, design_effect=10.0)).log_e(counts).sum(axis=0)
    assert np.all(slow < 0.1 * fast)
    assert np.all(slow > 0)


def test_a_season_moves_nothing_and_a_change_within_it_does() -> None:
    """Slots that follow their own references give no evidence; the same new cell in all of them does."""
    quiet, changed = 0.0, 0.0
    clean, drifted = (OmnibusBets(ball_of(MORNING), seasonal=True) for _ in range(2))
    for cycle in range(40):
        for slot in (MORNING, EVENING):
            ball = ball_of(slot)
            for bets in (clean, drifted):
                bets.enter(ball)
            quiet = max(quiet, float(clean.log_e(traffic(cycle, 7, slot.astype(float))).sum(axis=0).max()))
            shifted = 0.85 * slot + [0, 0, 0, 0, 0, 1_500, 0, 0]
            changed += float(drifted.log_e(traffic(cycle, 7, shifted)).sum(axis=0).min())
    assert quiet < 3.0
    assert changed > 20.0


def test_records_are_held_against_the_slot_that_they_came_in() -> None:
    """What was expected of records that came before a change of slot is the slot's they came in."""
    bets = OmnibusBets(ball_of(MORNING), seasonal=True)
    bets.log_e(traffic(0, 3, MORNING.astype(float), records=1))
    bets.enter(ball_of(EVENING))
    np.testing.assert_allclose(bets._expected[0, 0], 3.0 * ball_of(MORNING).smoothed[0], rtol=2e-5)


def test_a_season_of_one_slot_is_no_season() -> None:
    """Entering the same reference again and again changes evidence by rounding only."""
    counts = traffic(4, 100, NEW_CELL)
    plain, seasonal = OmnibusBets(ball_of(MORNING)), OmnibusBets(ball_of(MORNING), seasonal=True)
    np.testing.assert_allclose(plain.log_e(counts), seasonal.log_e(counts), rtol=1e-3, atol=1e-3)


def test_only_seasonal_bets_can_change_the_reference() -> None:
    """What was remembered without its expectation cannot be told from a season."""
    with pytest.raises(ValueError, match="seasonal=True"):
        OmnibusBets(ball_of(MORNING)).enter(ball_of(EVENING))


@pytest.mark.parametrize("seasonal", [True, False])
def test_a_restarted_column_has_forgotten(seasonal: bool) -> None:
    """After a restart the column's next update gives no evidence, the others' goes on."""
    bets = OmnibusBets(ball_of(MORNING, MORNING), seasonal=seasonal)
    counts = traffic(5, 100, NEW_CELL, NEW_CELL)
    bets.log_e(counts)
    bets.restart([0])
    after = bets.log_e(counts[:1])
    assert not after[0, 0].any()
    assert after[0, 1].all()
    bets.restart(np.array([False, True]))
    assert not bets.log_e(counts[:1])[0, 1].any()


@pytest.mark.parametrize("seasonal", [True, False])
def test_a_copy_goes_on_by_itself(seasonal: bool) -> None:
    """From what was known when it was taken, whatever the original sees after that."""
    counts = traffic(8, 60, NEW_CELL)
    bets = OmnibusBets(ball_of(MORNING), seasonal=seasonal)
    bets.log_e(counts[:33])
    twin = bets.copy()
    expected = bets.log_e(counts[33:])
    bets.restart([0])
    assert np.array_equal(twin.log_e(counts[33:]), expected)
    assert expected.any()


@given(st.lists(st.floats(0.0, 2.0**60, width=32), min_size=1, max_size=20))
def test_what_is_remembered_fits_into_three_bytes(values: list[float]) -> None:
    """Numbers are rounded to 16 bits once, and come out of a snapshot exactly as they were."""
    short = _shortened(np.array(values, dtype=np.float32))
    np.testing.assert_allclose(short, values, rtol=2.0**-16, atol=1e-30)
    assert np.array_equal(_unpacked(_packed(short), short.shape), short)


@pytest.mark.parametrize("wrong", [{"pending": [1.0]}, {"observed": [255] * 48}])
def test_a_foreign_state_is_refused(wrong: dict[str, list[float]]) -> None:
    """A state of other columns, or one that is no number, raises and changes nothing."""
    bets = OmnibusBets(ball_of(MORNING))
    bets.log_e(traffic(6, 15, NEW_CELL))
    before = listed(bets)
    with pytest.raises(ValueError, match=r"reshape|finite"):
        bets.restore({**bets.snapshot(), **wrong})
    assert listed(bets) == before


def test_the_state_of_200_features_is_small() -> None:
    """What 200 features of 18 cells remember fits into 26 KB, with a season into 48 KB."""
    ball = reference_ball([BetColumn(np.ones(18), numeric=True)] * 200)
    for seasonal, most in ((False, 26_000), (True, 48_000)):
        bets = OmnibusBets(ball, seasonal=seasonal)
        assert sum(np.asarray(part).nbytes for part in bets.snapshot().values()) < 4_000
        bets.log_e(np.ones((10, 200, 18)))
        assert sum(np.asarray(part).nbytes for part in bets.snapshot().values()) < most


@pytest.mark.parametrize(("columns", "renewals"), [(1, 1), (28, 1), (63, 1), (64, 2), (202, 6), (1_000, 10)])
def test_few_columns_are_renewed_together_and_many_in_turn(columns: int, renewals: int) -> None:
    """Each column within ten updates, at as many of them as there are groups of 32 columns."""
    bets = OmnibusBets(ball_of(*[MORNING] * columns))
    before, changes = bets._observed.copy(), 0
    for _ in range(10):
        bets.log_e(np.broadcast_to(NEW_CELL, (1, columns, 8)))
        after = bets._observed.copy()
        changes += not np.array_equal(before, after)
        before = after
    assert changes == renewals
    assert before.any(axis=(0, 2)).all()


def test_evidence_has_one_bet_a_memory() -> None:
    """No update, or no column, gives empty evidence of the right shape."""
    assert OmnibusBets(ball_of(MORNING)).log_e(np.zeros((0, 1, 8))).shape == (0, 1, len(MEMORIES))
    assert OmnibusBets(reference_ball([])).log_e(np.zeros((2, 0, 3))).shape == (2, 0, len(MEMORIES))
