from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from model_drift_exporter.statistics.betting.bets import (
    BETS,
    OMNIBUS_WEIGHT,
    BetColumn,
    BetKind,
    Bets,
    broken_bet_table,
    broken_bets,
    make_bet_table,
    make_bets,
)
from model_drift_exporter.statistics.layout import FloatArray

TAILED = [0, 10, 90, 400, 500, 1000, 1500, 1500, 1500, 1500, 1000, 500, 400, 90, 10, 0, 0, 0]
NUMERIC = BetColumn(TAILED, numeric=True)
COUNTS = st.lists(st.one_of(st.integers(0, 3), st.integers(0, 5_000)), min_size=3, max_size=14).filter(
    lambda counts: sum(counts[:-2]) > 0
)
COLUMNS = st.builds(
    BetColumn,
    counts=COUNTS,
    numeric=st.booleans(),
    design_effect=st.sampled_from([1.0, 1.7, 40.0]),
    special_design_effect=st.sampled_from([1.0, 3.0]),
)
SEEDS = st.integers(0, 2**32 - 1)


def border_laws(bets: Bets, column: int, reference: FloatArray, generator: np.random.Generator) -> FloatArray:
    """Random laws [bet, cell], each drawn back towards the reference until the null of its bet holds."""
    cells = len(reference)
    scores, limits = bets.scores[column, :cells].T, bets.limits[column]
    laws = generator.dirichlet(np.full(cells, generator.choice([0.1, 1.0])), size=len(limits))
    # The law may sit wherever the bet hopes for it, too.
    hoped_for = generator.random(len(laws)) < 0.5
    laws[hoped_for] = np.eye(cells)[scores.argmax(axis=1)][hoped_for]
    far, near = (laws * scores).sum(axis=1), scores @ reference
    part = np.where(far > limits, (limits - near) / np.where(far > limits, far - near, 1.0), 1.0)
    border: FloatArray = reference + part[:, None] * (laws - reference)
    return border


@pytest.mark.slow
@given(st.lists(COLUMNS, min_size=1, max_size=4), SEEDS, st.booleans())
def test_no_bet_gains_under_its_null(columns: list[BetColumn], seed: int, broken: bool) -> None:
    """The mean of e is at most 1 under every law whose mean score keeps to the limit, to which the reference belongs."""
    bets = broken_bets(columns) if broken else make_bets(columns)
    generator = np.random.default_rng(seed)
    for position, column in enumerate(columns):
        counts = np.asarray(column.counts, dtype=float)
        reference = counts / counts.sum()
        assert np.all(bets.scores[position, : len(counts)].T @ reference <= bets.limits[position] + 1e-9)
        laws = border_laws(bets, position, reference, generator)
        log_e = bets.log_e[position, : len(counts)].T
        assert np.all((laws * np.exp(log_e)).sum(axis=1) <= 1 + 1e-9)
        untempered = np.exp(log_e * bets.tempering[position][:, None])
        assert np.all((laws * untempered).sum(axis=1) <= 1 + 1e-9)


@given(st.lists(COLUMNS, min_size=1, max_size=4))
def test_tables_are_finite_and_weights_sum_up(columns: list[BetColumn]) -> None:
    """Every table entry is a number, weights leave the omnibus its part, and slots without a bet neither weigh nor move."""
    bets = make_bets(columns)
    assert bets.log_e.shape[0] == len(columns)
    assert bets.log_e.shape[2] == BETS
    assert np.isfinite(bets.log_e).all()
    np.testing.assert_allclose(bets.weights.sum(axis=1), 1 - OMNIBUS_WEIGHT)
    idle = bets.kinds == BetKind.NONE
    assert not np.moveaxis(bets.log_e, 1, 2)[idle].any()
    occupied = (bets.kinds != BetKind.NONE).any(axis=1)
    assert not bets.weights[idle & occupied[:, None]].any()
    np.testing.assert_allclose(broken_bets(columns).weights.sum(axis=1), 1.0)


@pytest.mark.slow
@given(st.lists(COLUMNS, min_size=2, max_size=5))
def test_columns_do_not_touch_each_other(columns: list[BetColumn]) -> None:
    """A column's bets are the same whatever columns stand beside it, padding apart."""
    together = make_bets(columns)
    for position, column in enumerate(columns):
        alone = make_bets([column])
        np.testing.assert_allclose(together.log_e[position, : alone.log_e.shape[1]], alone.log_e[0], atol=1e-12)
        np.testing.assert_allclose(together.weights[position], alone.weights[0])
        assert together.kinds[position].tolist() == alone.kinds[0].tolist()
        assert together.cells[position].tolist() == alone.cells[0].tolist()


@given(st.lists(COLUMNS, min_size=1, max_size=3))
def test_e_is_linear_in_score_and_spread_is_the_scores(columns: list[BetColumn]) -> None:
    """Evidence vanishes where the score is the limit and grows with it; spread is the reference's standard deviation."""
    bets = make_bets(columns)
    excess = (bets.scores - bets.limits[:, None]) * (bets.kinds != BetKind.NONE)[:, None]
    assert np.all(np.sign(bets.log_e) == np.sign(excess))
    for position, column in enumerate(columns):
        counts = np.asarray(column.counts, dtype=float)
        reference, scores = counts / counts.sum(), bets.scores[position, : len(counts)]
        deviation = np.sqrt(reference @ (scores - reference @ scores) ** 2)
        np.testing.assert_allclose(bets.spreads[position], deviation, atol=1e-6)


@given(st.lists(COLUMNS, min_size=1, max_size=3))
def test_bets_of_a_direction_share_score_and_limit(columns: list[BetColumn]) -> None:
    """The bets that a direction names are the same but for their stakes."""
    bets = make_bets(columns)
    for scores, limits, directions in zip(bets.scores, bets.limits, bets.directions, strict=True):
        assert np.array_equal(scores, scores[:, directions])
        assert np.array_equal(limits, limits[directions])


@pytest.mark.slow
@given(st.lists(COLUMNS, min_size=1, max_size=4), st.booleans())
def test_tables_in_single_precision_are_those_of_the_bets(columns: list[BetColumn], broken: bool) -> None:
    """Evidence, stakes and the scores above their limits, but for rounding; a slot without a bet has exactly none."""
    bets, table = (broken_bets, broken_bet_table) if broken else (make_bets, make_bet_table)
    whole, compact = bets(columns), table(columns)
    np.testing.assert_allclose(compact.log_e, whole.log_e, rtol=1e-5, atol=1e-6)
    assert np.array_equal(compact.stakes > 0, whole.kinds != BetKind.NONE)
    used = np.broadcast_to((compact.stakes > 0)[:, None], compact.excess.shape)
    np.testing.assert_allclose(compact.excess[used], whole.excess[used], rtol=1e-3, atol=1e-4)
    assert not compact.excess[~used].any()
    assert compact.nbytes < 0.6 * whole.log_e.nbytes + whole.limits.nbytes * 2


@pytest.mark.parametrize(
    ("counts", "numeric", "kinds"),
    [
        ([0, 1_000, 0, 0, 0], True, {BetKind.MISSING, BetKind.INVALID, BetKind.OUT_OF_RANGE}),
        ([0, 0, 0, 1_000, 0], True, {BetKind.INVALID, BetKind.OUT_OF_RANGE}),
        ([0, 0, 0, 0, 0], True, set()),
        ([0, 0, 0], False, set()),
        ([1_000, 0, 0, 0], False, {BetKind.CATEGORY, BetKind.MISSING, BetKind.INVALID, BetKind.UNSEEN}),
    ],
)
def test_a_column_has_only_the_bets_that_its_reference_allows(
    counts: list[int], numeric: bool, kinds: set[BetKind]
) -> None:
    """Constant, absent and unknown columns have no directional bets; what is always there cannot become more frequent."""
    bets = make_bets([BetColumn(counts, numeric=numeric)])
    assert set(bets.kinds[0].tolist()) - {0} == set(kinds)
    assert bets.weights.sum() == pytest.approx(1 - OMNIBUS_WEIGHT)


def test_broken_bets_tolerate_what_other_bets_find() -> None:
    """Four percent missing are no broken input for a page; forty are, in every bet."""
    bets = broken_bets([NUMERIC])
    assert set(bets.kinds[0].tolist()) == {BetKind.MISSING, BetKind.INVALID}
    missing = bets.log_e[0][:, bets.kinds[0] == BetKind.MISSING]
    few, many = (np.concatenate([np.full(16, (1 - share) / 16), [share, 0.0]]) for share in (0.04, 0.4))
    assert np.all(few @ missing < 0)
    assert np.all(many @ missing > 0)
    assert np.all((few @ make_bets([NUMERIC]).log_e[0])[15:17] > 0)


def test_broken_input_is_slower_where_the_reference_does_not_show_how_values_go_missing() -> None:
    """Five records count as one below twenty such rows, by kind; from there on the reference's design effect does."""
    few, known = ([*TAILED[:16], missing, 0] for missing in (19, 20))
    for counts, effect, tempering in ((few, 1.0, 5.0), (known, 1.0, 1.0), (known, 3.0, 3.0), (few, 8.0, 8.0)):
        bets = broken_bets([BetColumn(counts, numeric=True, special_design_effect=effect)])
        on_missing = bets.kinds[0] == BetKind.MISSING
        assert set(bets.tempering[0, on_missing].tolist()) == {tempering}
        assert set(bets.tempering[0, ~on_missing].tolist()) == {max(effect, 5.0)}
        assert set(bets.design_effects[0, on_missing].tolist()) == {effect if counts is known else 1.0}
    slot = BetColumn(np.array(known) / 24, numeric=True, ranking=known)
    assert set(broken_bets([slot]).tempering[0, on_missing].tolist()) == {1.0}
