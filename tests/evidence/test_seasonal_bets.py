from __future__ import annotations

import attrs
import msgspec
import numpy as np
import pytest

from model_drift_exporter.evidence.seasonal_bets import SeasonalBets, SeasonalOmnibus, SlotTables
from model_drift_exporter.evidence.settings import EvidenceSettings
from model_drift_exporter.evidence.update_counts import GroupedCounts
from model_drift_exporter.reference.seasons import slot_law
from model_drift_exporter.statistics.betting.bets import BetKind
from tests.evidence.streams import MISSING_CELL, SHARES, profile

SETTINGS = EvidenceSettings()


def bets_of(slots: int = 0, features: int = 1) -> SeasonalBets:
    reference = profile(features, 48_000, slots=slots)
    return SeasonalBets(reference, range(len(reference.columns)), SETTINGS)


def without_slot_5(pooled: float | None) -> SeasonalBets:
    """The bets of a reference with a season that has no row in one slot. Without slots so many rows count as one."""
    reference = profile(1, 48_000, slots=24)
    season = reference.season
    assert season is not None
    rows, counts = [*season.rows], [[*slot] for slot in season.counts]
    rows[5], counts[5] = 0, [0] * len(counts[5])
    columns = [msgspec.structs.replace(column, pooled_design_effect=pooled) for column in reference.columns]
    season = msgspec.structs.replace(season, rows=rows, counts=counts)
    reference = msgspec.structs.replace(reference, columns=columns, season=season)
    return SeasonalBets(reference, range(len(columns)), SETTINGS)


def groups_of(bets: SeasonalBets, slots: list[int], updates: list[int], records: int = 40) -> GroupedCounts:
    """Records in the lower bins of numeric columns, as in even slots."""
    columns, cells = bets.pooled.drift.log_e.shape[:2]
    counts = np.zeros((len(slots), columns, cells))
    counts[:, :, 0] = records
    counts[:, [0, -1], :4] = np.array([0.0, 0.25, 0.5, 0.25]) * records
    return GroupedCounts(counts, np.array(updates, dtype=np.intp), np.array(slots, dtype=np.intp))


def test_without_a_season_there_is_one_table() -> None:
    """Whatever the slot."""
    bets = bets_of()
    assert bets.of(0) is bets.of(17) is bets.pooled


def test_each_slot_is_judged_by_its_own_reference() -> None:
    """Low values speak against an odd slot, and for the whole reference against both."""
    bets = bets_of(24)
    groups = groups_of(bets, [2, 3], [0, 1])
    drift, broken = bets.log_e(groups)
    assert drift[0, 0].max() < 0.5
    assert drift[1, 0].max() > 10.0
    assert broken.shape == (2, len(groups.counts[0]), 6)


def test_a_slot_of_few_rows_judges_missing_values_by_all_of_them() -> None:
    """However few rows of the slot count as independent: a page on broken input comes as fast as without slots."""
    reference = profile(1, 48_000, effect=700.0, slots=24)
    season = reference.season
    assert season is not None
    rows, counts = [*season.rows], [[*slot] for slot in season.counts]
    rows[5], counts[5] = 1, [int(position == 1) for position in range(len(counts[5]))]
    reference = msgspec.structs.replace(reference, season=msgspec.structs.replace(season, rows=rows, counts=counts))
    bets = SeasonalBets(reference, range(len(reference.columns)), SETTINGS)
    pooled = bets.pooled.broken.log_e[0, MISSING_CELL]
    assert pooled.max() > 0.1
    for slot in (4, 5):
        np.testing.assert_allclose(bets.of(slot).broken.log_e[0, MISSING_CELL], pooled, rtol=1e-6)


@pytest.mark.parametrize("pooled", [20.0, None])
def test_a_slot_without_rows_allows_what_any_slot_has(pooled: float | None) -> None:
    """No bet gains where records are as in some slot; special cells are judged as in all slots."""
    bets = without_slot_5(pooled)
    low = groups_of(bets, [5], [0])
    high = attrs.evolve(low, counts=low.counts[:, :, ::-1].copy())
    high.counts[:, [0, -1]] = 0.0
    high.counts[:, [0, -1], 4:7] = (10.0, 20.0, 10.0)
    for groups in (low, high):
        drift, broken = bets.log_e(groups)
        assert drift[:, [0, -1]].max() <= 0.0
        assert broken[:, [0, -1]].max() <= 0.0
    cells = slice(MISSING_CELL, MISSING_CELL + 2)
    for table in ("drift", "broken"):
        own, pooled_table = (getattr(each, table).log_e[0, cells] for each in (bets.of(5), bets.pooled))
        special = pooled_table.any(axis=0)
        np.testing.assert_allclose(own[:, special], pooled_table[:, special], rtol=1e-5)


def test_a_slot_without_rows_tells_what_no_slot_has() -> None:
    """Categories in other shares; not if the design effect is of an earlier version."""
    for pooled, told in ((20.0, True), (None, False)):
        bets = without_slot_5(pooled)
        groups = groups_of(bets, [5] * 40, [*range(40)], records=100)
        groups.counts[:, 1] = 0.0
        groups.counts[:, 1, 2] = 100.0
        assert (SeasonalOmnibus(bets).log_e(groups)[:, 1].sum() > 10.0) == told
        assert (bets.log_e(groups)[0][:, 1].sum(axis=0).max() > 10.0) == told


def test_slots_are_made_when_needed_and_few_are_kept(monkeypatch: pytest.MonkeyPatch) -> None:
    """The least recently used goes first."""
    monkeypatch.setattr("model_drift_exporter.evidence.seasonal_bets._MOST_BYTES", 0)
    bets = bets_of(24)
    first, second = bets.of(1), bets.of(2)
    assert bets.of(1) is first
    assert bets.of(3) is not first
    assert bets.of(1) is first
    assert bets.of(2) is not second


def test_where_not_all_slots_fit_those_made_first_stay(monkeypatch: pytest.MonkeyPatch) -> None:
    """A slow stream goes through all slots in turn: keeping the ones used last would never find one again."""
    size = bets_of(24).of(0)
    assert isinstance(size, SlotTables)
    monkeypatch.setattr("model_drift_exporter.evidence.seasonal_bets._MOST_BYTES", 10 * size.size)
    bets, made = bets_of(24), 0
    held: list[object] = [None] * 24
    for slot in [*range(24)] * 3:
        found = bets.of(slot)
        made += found is not held[slot]
        held[slot] = found
        assert bets.of(slot) is found
    assert made <= 24 + 2 * (24 - 10 + 5)
    assert len(bets._made) == 10


def test_the_law_of_a_slot_is_shrunk_to_the_whole_reference() -> None:
    """As many rows as the slot has, in the shares of a slot's law; for each of columns of different sizes."""
    reference = profile(1, 48_000, slots=24)
    assert reference.season is not None
    bets = SeasonalBets(reference, range(len(reference.columns)), SETTINGS)
    first = 0
    found = bets._slot_columns(reference.season, 3).counts
    for counts, column in zip(found, reference.columns, strict=True):
        size = len(column.counts)
        law = slot_law(reference.season.counts[3][first : first + size], [*column.counts.values()])
        np.testing.assert_allclose(counts[:size], law * reference.season.rows[3])
        assert not counts[size:].any()
        first += size


def test_a_bet_is_on_the_same_category_in_every_slot() -> None:
    """Though another category leads in some: more of what a bet is on speaks for it, in each slot."""
    reference = profile(1, 48_000, slots=24)
    season = reference.season
    assert season is not None
    by_slot = [[*counts] for counts in season.counts]
    for counts in by_slot[1::2]:
        counts[10:13] = [100, 500, 1_400]  # "country" follows the only numeric feature
    reference = msgspec.structs.replace(reference, season=msgspec.structs.replace(season, counts=by_slot))
    bets = SeasonalBets(reference, range(len(reference.columns)), SETTINGS)
    cells, kinds = bets.pooled.drift.cells[1], bets.pooled.drift.kinds[1]
    on_category = np.flatnonzero(kinds == BetKind.CATEGORY)
    pooled = bets.pooled.drift.log_e[1]
    for slot in range(24):
        own = bets.of(slot).drift.log_e[1]
        signs = np.sign(own[cells[on_category], on_category])
        assert np.array_equal(signs, np.sign(pooled[cells[on_category], on_category]))


def test_excess_is_the_score_above_its_limit() -> None:
    """By sign: records of the slot's own law are inside, those of the other are far outside upwards or downwards."""
    bets = bets_of(24)
    drift, _ = bets.excess(groups_of(bets, [2, 3], [0, 1]))
    assert (drift[0, 0] <= 0).all()
    assert drift[1, 0].max() > 0


@pytest.mark.parametrize("table", ["log_e", "excess"])
@pytest.mark.parametrize("slots", [0, 24])
def test_each_record_counts_by_the_table_of_its_own_slot(slots: int, table: str) -> None:
    """Of the drift bets and of the broken ones; groups of several slots are told apart in one call."""
    bets = bets_of(slots)
    groups = groups_of(bets, [2, 3, 2], [0, 0, 1])
    for kind, found in zip(("drift", "broken"), getattr(bets, table)(groups), strict=True):
        for counts, slot, sums in zip(groups.counts, groups.slot, found, strict=True):
            of_cells = getattr(getattr(bets.of(int(slot)), kind), table)
            np.testing.assert_allclose(sums, np.einsum("ck,ckb->cb", counts, of_cells), rtol=1e-9)


def test_the_omnibus_bet_learns_only_what_differs_from_the_slot() -> None:
    """A cycle that the slots know is no drift; the same records in one odd slot after the other are."""
    bets = bets_of(24)
    for slots, drifts in (([2, 4] * 40, False), ([3, 5] * 40, True)):
        omnibus = SeasonalOmnibus(bets)
        log_e = omnibus.log_e(groups_of(bets, slots, [*range(80)]))
        assert (log_e[:, 0].sum() > 100.0) == drifts


def test_an_update_over_many_slots_is_not_bet_on_by_the_omnibus() -> None:
    """It would cost a renewal of all bets for every few records."""
    bets = bets_of(24)
    omnibus = SeasonalOmnibus(bets)
    omnibus.log_e(groups_of(bets, [3] * 80, [*range(80)]))
    assert not omnibus.log_e(groups_of(bets, [3, 4, 5], [0, 0, 0])).any()
    assert omnibus.log_e(groups_of(bets, [3, 4], [0, 0])).any()


@pytest.mark.parametrize("slots", [0, 24])
def test_the_omnibus_bet_goes_on_after_a_restart(slots: int) -> None:
    """The same evidence as without it, slot included."""
    bets = bets_of(slots)
    slot = 3 if slots else 0
    omnibus = SeasonalOmnibus(bets)
    omnibus.log_e(groups_of(bets, [slot] * 43, [*range(43)]))
    again = SeasonalOmnibus(bets)
    again.restore(omnibus.snapshot())
    rest = groups_of(bets, [slot] * 30, [*range(30)])
    np.testing.assert_allclose(again.log_e(rest), omnibus.log_e(rest))
    assert omnibus.log_e(rest).any()


def test_no_records_make_no_evidence() -> None:
    """An empty list of groups is fine."""
    bets = bets_of()
    empty = GroupedCounts(np.zeros((0, 4, len(SHARES))), np.zeros(0, dtype=np.intp), np.zeros(0, dtype=np.intp))
    assert [part.shape for part in bets.log_e(empty)] == [(0, 4, 24), (0, 4, 6)]
    assert SeasonalOmnibus(bets).log_e(empty).shape == (0, 4, 2)


def test_records_count_where_something_is_at_stake() -> None:
    """In a slot without reference rows they count by its design effect, and as usual for special cells."""
    bets = without_slot_5(pooled=20.0)
    drift, broken, omnibus = bets.judged(groups_of(bets, [4, 5], [0, 0], records=40))
    for judged in (drift, broken, omnibus):
        assert judged[0].any(axis=1).all()
        assert set(judged[0].ravel().tolist()) <= {0.0, 40.0}
    special = bets.pooled.drift.kinds >= BetKind.MISSING
    assert set(drift[1][special].tolist()) == {40.0}
    assert set(drift[1][~special].tolist()) <= {0.0, 2.0}
    assert 2.0 in drift[1][0]
    assert set(omnibus[1].ravel().tolist()) == {2.0}
    np.testing.assert_array_equal(broken[1], broken[0])
    for judged in bets_of().judged(groups_of(bets_of(), [0], [0], records=40)):
        assert set(judged.ravel().tolist()) == {40.0}


def test_the_digest_is_that_of_the_bets() -> None:
    """It differs where a tolerance, the counts of a slot or the rows do, and is the same for the same reference."""
    reference = profile(1, 48_000, slots=24)
    season = reference.season
    assert season is not None
    counts = [season.counts[1], season.counts[0], *season.counts[2:]]
    known = [msgspec.structs.replace(column, pooled_design_effect=20.0) for column in reference.columns]
    others = [
        (profile(1, 48_000), SETTINGS),
        (profile(1, 24_000, slots=24), SETTINGS),
        (msgspec.structs.replace(reference, season=msgspec.structs.replace(season, counts=counts)), SETTINGS),
        (msgspec.structs.replace(reference, columns=known), SETTINGS),
        (reference, attrs.evolve(SETTINGS, location_tolerance=0.03)),
        (reference, attrs.evolve(SETTINGS, missing_tolerance=0.03)),
        (reference, attrs.evolve(SETTINGS, broken_tolerance=0.03)),
        (reference, attrs.evolve(SETTINGS, psi_tolerance=0.03)),
    ]
    digests = {SeasonalBets(each, range(len(each.columns)), settings).digest for each, settings in others}
    own = bets_of(24).digest
    assert len(digests | {own}) == len(others) + 1
    assert bets_of(24).digest == own
