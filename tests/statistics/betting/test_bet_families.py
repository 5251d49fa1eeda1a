from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from model_drift_exporter.statistics.betting.bets import (
    BetColumn,
    BetKind,
    Bets,
    Tolerances,
    make_bet_table,
    make_bets,
)
from model_drift_exporter.statistics.layout import FloatArray

TAILED = [0, 10, 90, 400, 500, 1000, 1500, 1500, 1500, 1500, 1000, 500, 400, 90, 10, 0, 0, 0]
NUMERIC = BetColumn(TAILED, numeric=True)


def of_kind(bets: Bets, kind: BetKind) -> FloatArray:
    """The ln e [cell, bet] of one kind in the first column."""
    table: FloatArray = bets.log_e[0][:, bets.kinds[0] == kind]
    return table


def test_opposite_bets_are_two_directions() -> None:
    """More and less of a category are told apart, even where their limits are equal, and so is the order by frequency."""
    two, many = (BetColumn(counts, numeric=False) for counts in ([500, 500, 0, 0, 0], [40, 30, 20, 10, 0, 0, 0]))
    directions = make_bets([two, many]).directions[:, :15]
    assert directions[0, :8].tolist() == [0] * 4 + [4] * 4
    assert directions[1].tolist() == list(range(15))
    assert make_bets([NUMERIC]).directions[0, :14].tolist() == [0] * 4 + [4] * 4 + [8] * 3 + [11] * 3


def test_location_bets_rise_and_fall_with_the_value() -> None:
    """Location up never falls from cell to cell and location down never rises, cells outside the range included."""
    bets = make_bets([NUMERIC])
    assert np.all(np.diff(of_kind(bets, BetKind.LOCATION_UP)[:-2], axis=0) >= 0)
    assert np.all(np.diff(of_kind(bets, BetKind.LOCATION_DOWN)[:-2], axis=0) <= 0)
    assert np.all(of_kind(bets, BetKind.LOCATION_UP)[15] > 0)
    assert np.all(of_kind(bets, BetKind.LOCATION_DOWN)[0] > 0)


def test_spread_bets_rise_and_fall_with_the_distance_from_the_middle() -> None:
    """Spread up falls towards the middle cell and rises from there, spread down the other way round."""
    bets = make_bets([NUMERIC])
    up, down = of_kind(bets, BetKind.SPREAD_UP)[:16], of_kind(bets, BetKind.SPREAD_DOWN)[:16]
    assert np.all(np.diff(up[:8], axis=0) <= 1e-12)
    assert np.all(np.diff(up[8:], axis=0) >= -1e-12)
    assert np.all(np.diff(down[:8], axis=0) >= -1e-12)
    assert np.all(np.diff(down[8:], axis=0) <= 1e-12)


@pytest.mark.parametrize("numeric", [True, False])
def test_missing_and_invalid_values_say_nothing_about_the_law_of_the_others(numeric: bool) -> None:
    """Only the bets on missing and invalid values, and those on unheard-of ones downwards, see such records."""
    bets = make_bets([BetColumn([0, 400, 300, 300, 200, 0, 30, 5], numeric=numeric)])
    directional = bets.kinds[0] <= BetKind.CATEGORY
    assert not bets.log_e[0, -2:, directional].any()


def test_special_bets_are_likelihood_ratios_of_shares() -> None:
    """A bet on missing values stakes on the share q beyond u = reference + tolerance + three standard errors."""
    bets = make_bets([BetColumn([0, 5_000, 4_800, 0, 200, 0], numeric=True, special_design_effect=2.0)])
    limit = 0.02 + 0.001 + 3 * math.sqrt(0.02 * 0.98 / 5_000)
    assert bets.limits[0][bets.kinds[0] == BetKind.MISSING].tolist() == pytest.approx([limit] * 3)
    for table, gap in zip(of_kind(bets, BetKind.MISSING).T, (0.003, 0.02, 0.1), strict=True):
        share = limit + gap
        assert table[4] == pytest.approx(math.log(share / limit) / 2)
        assert table[[0, 1, 2, 3, 5]] == pytest.approx(math.log((1 - share) / (1 - limit)) / 2)


def test_what_the_reference_hardly_knows_counts_as_ten_together_at_most() -> None:
    """A kind with 20 rows has the design effect measured, one with fewer ten at most, whatever others of the column have."""
    counts = [0, 5_000, 4_780, 0, 220, 19]
    for effect, expected in ((400.0, 10.0), (4.0, 4.0), (1.0, 1.0)):
        bets = make_bets([BetColumn(counts, numeric=True, special_design_effect=effect, unheard_design_effect=30.0)])
        tempering = {BetKind(kind): {*bets.tempering[0, bets.kinds[0] == kind].tolist()} for kind in {*bets.kinds[0]}}
        assert tempering[BetKind.MISSING] == {effect}
        assert tempering[BetKind.INVALID] == {expected}
        assert tempering[BetKind.OUT_OF_RANGE] == {30.0}


def test_special_values_are_judged_by_the_whole_reference_in_each_slot() -> None:
    """A slot of 50 rows has the limits of all 2,400, and none where it has no rows, so that its law is unknown."""
    whole = np.array([0, 1_200, 1_080, 0, 120, 0])
    pooled = make_bets([BetColumn(whole, numeric=True, special_design_effect=12.0)])
    special = pooled.kinds[0] >= BetKind.MISSING
    for rows in (50, 1, 0):
        slot = BetColumn(whole / 2_400 * rows, numeric=True, special_design_effect=12.0, ranking=whole)
        bets = make_bets([slot])
        assert (bets.kinds[0][special] > 0).all() == (rows > 0)
        if rows:
            np.testing.assert_array_equal(bets.log_e[0][:, special], pooled.log_e[0][:, special])


def test_a_share_never_seen_allows_for_what_the_reference_could_not_show() -> None:
    """Without a missing row the limit is the tolerance and three times 1 / N."""
    bets = make_bets([NUMERIC], Tolerances(special=0.002))
    assert bets.limits[0][bets.kinds[0] == BetKind.INVALID] == pytest.approx(0.002 + 3e-4)


@pytest.mark.parametrize("rows", [200, 1_000, 10_000])
def test_a_small_reference_allows_for_values_beyond_its_range(rows: int) -> None:
    """Of 20,000 samples less than one in a thousand has more of its law beyond its range than the limit of the bets."""
    counts = [0, rows // 2, rows - rows // 2, 0, 0, 0]
    bets = make_bets([BetColumn(counts, numeric=True)])
    limit = bets.limits[0][bets.kinds[0] == BetKind.OUT_OF_RANGE][0]
    beyond = np.random.default_rng(1).gamma(2.0, size=20_000) / rows
    assert np.mean(beyond > limit) < 0.001


@pytest.mark.parametrize("share", [0.004, 0.007, 0.02, 0.1])
def test_a_small_reference_allows_for_a_rare_value_that_it_missed(share: float) -> None:
    """Three in a thousand references at most of 1,000 rows show so few missing values that their share breaks the limit."""
    drawn = np.random.default_rng(2).binomial(1_000, share, size=20_000)
    seen, times = np.unique(drawn, return_counts=True)
    columns = [BetColumn([0, 1_000 - missing, 0, missing, 0], numeric=True) for missing in seen.tolist()]
    bets = make_bets(columns)
    limits = np.array([limit[kind == BetKind.MISSING][0] for limit, kind in zip(bets.limits, bets.kinds, strict=True)])
    assert times[limits < share].sum() <= 60


def test_both_ends_of_the_range_count_as_out_of_range() -> None:
    """The bets on values out of range gain below and above; those on unseen categories in the cell of other ones."""
    numeric = of_kind(make_bets([NUMERIC]), BetKind.OUT_OF_RANGE)
    assert np.flatnonzero((numeric > 0).all(axis=1)).tolist() == [0, 15]
    categorical = of_kind(make_bets([BetColumn([500, 500, 0, 0, 0], numeric=False)]), BetKind.UNSEEN)
    assert np.flatnonzero((categorical > 0).all(axis=1)).tolist() == [2]


def test_two_categories_share_one_indicator() -> None:
    """More and less of the more frequent one of two categories are bet on, four sizes each."""
    bets = make_bets([BetColumn([300, 700, 0, 0, 0], numeric=False)])
    on_category = bets.kinds[0] == BetKind.CATEGORY
    assert bets.cells[0][on_category].tolist() == [1] * 8
    gaining = np.sign(bets.log_e[0][:2, on_category])
    assert gaining.tolist() == [[-1] * 4 + [1] * 4, [1] * 4 + [-1] * 4]


def test_many_categories_are_bet_on_by_frequency_and_in_their_order() -> None:
    """Up to ten categories may gain, three may lose, and what the rarer ones do together counts too."""
    bets = make_bets([BetColumn([*range(20, 220, 20), 5, 0, 0], numeric=False)])
    cells = bets.cells[0][bets.kinds[0] == BetKind.CATEGORY].tolist()
    assert cells == [9, 9, 8, 8, 7, 7, 6, 5, 4, 3, 2, 1, 0, -1, -1]
    rarer = bets.log_e[0][:11, 13]
    assert np.all(np.diff(rarer[:10]) < 0)
    assert rarer[10] > rarer[0]


def test_a_rare_value_of_a_numeric_column_is_not_blown_up() -> None:
    """One row of 1 among 10,000 zeros: a share of 0.1 % is still within the null of every directional bet."""
    bets = make_bets([BetColumn([0, 9_999, 1, 0, 0, 0], numeric=True)])
    law = np.array([0, 0.999, 0.001, 0, 0, 0])
    directional = bets.kinds[0] < BetKind.CATEGORY
    assert np.all((law @ np.exp(bets.log_e[0]))[directional] <= 1.0)


@given(seed=st.integers(0, 2**32 - 1), numeric=st.booleans(), cells=st.integers(4, 12), laws=st.integers(1, 5))
def test_mixtures_of_laws_that_are_no_drift_make_no_evidence(seed: int, numeric: bool, cells: int, laws: int) -> None:
    """No bet on valid values gains on average under a mixture of them; none can lose everything at once."""
    chance = np.random.default_rng(seed)
    counts = np.round(1_000 * chance.dirichlet(np.ones(cells)))
    held = chance.dirichlet(np.full(cells, chance.choice([0.1, 1.0])), size=laws)
    table = make_bet_table([BetColumn(counts, numeric)], laws=[law[None] for law in held])
    assert np.isfinite(table.log_e).all()
    mixture = chance.dirichlet(np.ones(laws)) @ held
    valid = np.arange(cells) < cells - 2
    mixture = np.where(valid, mixture, 0.0) / mixture[valid].sum()
    assert (mixture @ table.excess[0, :, :15] <= 1e-5).all()
    assert not table.log_e[0, ~valid, :15].any()


def test_laws_that_are_no_drift_leave_bets_on_special_cells() -> None:
    """These are on the shares in the whole reference."""
    column = BetColumn([100, 200, 400, 200, 100, 20, 0], numeric=True)
    plain, widened = (make_bet_table([column], laws=laws) for laws in ((), [np.array([[0, 0, 0, 0, 1.0, 0, 0]])]))
    np.testing.assert_array_equal(plain.log_e[0, :, 15:], widened.log_e[0, :, 15:])
    assert (widened.log_e[0, 4, :15] <= plain.log_e[0, 4, :15]).all()
    assert plain.log_e[0, 4, :15].max() > 0.1
    assert widened.log_e[0, 4, :4].max() <= 0.0
