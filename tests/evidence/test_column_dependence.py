from __future__ import annotations

from itertools import pairwise

import attrs
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from model_drift_exporter.evidence.alarms import Alarms, Transition
from model_drift_exporter.evidence.column_dependence import FAMILIES, ColumnDependence
from model_drift_exporter.evidence.columns import ColumnEvidence
from model_drift_exporter.evidence.seasonal_bets import SeasonalBets
from model_drift_exporter.evidence.settings import EvidenceSettings
from model_drift_exporter.evidence.targets import BETS_OF_COLUMN, REJECTED_BETS
from model_drift_exporter.reference.profile import ReferenceProfile
from model_drift_exporter.statistics.betting.bets import BetKind
from tests.evidence.streams import Records, Stream, evidence_of, follow, profile, shifted

_A_DAY = 1_000
_STEP = 86_400.0 / _A_DAY
_COUNTRY = 1
"""Its position, with one numeric feature."""


def _reference() -> ReferenceProfile:
    return profile(1)


def _of_values(evidence: ColumnEvidence, column: int) -> float:
    return float(evidence.dependence.live.effects.reshape(-1, len(FAMILIES))[column, 0])


def _together(records: Records, size: int, column: int) -> Records:
    """So many records in a row have the same value in a column."""
    cells = records.cells.copy()
    cells[column] = np.repeat(cells[column, ::size], size)[: records.size]
    return attrs.evolve(records, cells=cells)


def _edges(evidence: ColumnEvidence, alarms: Alarms, parts: list[Records]) -> list[Transition]:
    return [edge for part in parts for edge in follow(evidence, alarms, part)]


def test_independent_records_stay_at_one() -> None:
    """In every family of every column, for two months."""
    evidence, alarms = evidence_of(_reference())
    stream = Stream(evidence_reference := _reference(), seed=2, step=_STEP)
    assert evidence_reference.columns[_COUNTRY].name == "country"
    assert _edges(evidence, alarms, [stream.draw(_A_DAY) for _ in range(60)]) == []
    assert evidence.dependence.live.effects.tolist() == [1.0] * len(FAMILIES) * len(evidence.columns)
    assert evidence.dependence.factors is None
    assert evidence.dependence.live.since is not None


def test_categories_that_come_together_are_found_where_features_tell_no_copies() -> None:
    """Five in a row of one country count as one of five: in evidence on this column, and on no other."""
    evidence, alarms = evidence_of(_reference())
    stream = Stream(_reference(), seed=3, step=_STEP)
    for _ in range(15):
        follow(evidence, alarms, _together(stream.draw(_A_DAY), 5, _COUNTRY))
    assert 4 < _of_values(evidence, _COUNTRY) < 30
    assert _of_values(evidence, 0) == 1.0
    factors = evidence.dependence.factors
    assert factors is not None
    by_column = factors[:-REJECTED_BETS].reshape(-1, BETS_OF_COLUMN)
    assert by_column[_COUNTRY, 0] == pytest.approx(1 / _of_values(evidence, _COUNTRY))
    assert by_column[0].tolist() == [1.0] * BETS_OF_COLUMN
    assert factors[-REJECTED_BETS:].tolist() == [1.0] * REJECTED_BETS


def test_days_that_differ_make_few_tickets() -> None:
    """A reference that holds all days shuffled shows nothing of them: without live blocks, every other day was a ticket."""
    laws = [shifted(up=0.07), shifted(), shifted(up=-0.07)]
    evidence, alarms = evidence_of(_reference())
    stream = Stream(_reference(), seed=4, step=_STEP)
    order = np.random.default_rng(4).integers(0, 3, 120)
    edges = _edges(evidence, alarms, [stream.draw(_A_DAY, {0: laws[day]}) for day in order.tolist()])
    assert sum(edge.firing for edge in edges) <= 3
    assert _of_values(evidence, 0) > 5


def test_a_feature_that_broke_for_three_days_leaves_its_alarm_as_quick() -> None:
    """The page of the second time comes as soon after its onset as that of the first."""
    evidence, alarms = evidence_of(_reference())
    stream = Stream(_reference(), seed=5, step=_STEP)
    broken, fine = {0: shifted(missing=0.3)}, None
    pages = []
    for days, law in ((20, fine), (3, broken), (30, fine), (3, broken)):
        begins = stream.time
        for _ in range(days):
            edges = follow(evidence, alarms, stream.draw(_A_DAY, law))
            pages += [edge.time - begins for edge in edges if edge.firing and edge.alert == "ModelInputBroken"]
    first, second = pages
    assert max(first, second) <= 300 * _STEP
    assert evidence.dependence.live.effects.tolist() == [1.0] * len(FAMILIES) * len(evidence.columns)


def test_recovery_needs_as_many_records_as_are_worth_its_blocks() -> None:
    """The rise over the reference's design effect is that of recovery; it is 1 where the reference shows as much."""
    reference = profile(1, effect=4.0)
    evidence, _ = evidence_of(reference)
    evidence.dependence.live.effects[0] = 20.0
    rises = evidence.dependence.rises
    assert rises[0] == pytest.approx(5.0)
    assert rises[BETS_OF_COLUMN] == 1.0


def test_directions_that_mirror_one_another_are_one_series() -> None:
    """Location up, spread up, three special bins; of three categories one series each."""
    reference = _reference()
    bets = SeasonalBets(reference, range(2), EvidenceSettings()).pooled
    dependence = ColumnDependence(reference.columns[:2], bets, seasonal=False)
    log_e = np.arange(2.0 * BETS_OF_COLUMN + REJECTED_BETS)[None]
    column, slot = np.divmod(dependence.sums(log_e)[0].astype(int), BETS_OF_COLUMN)
    kinds = [bets.drift.kinds[place] for place in zip(column, slot, strict=True)]
    special = [BetKind.MISSING, BetKind.INVALID]
    assert kinds[:5] == [BetKind.LOCATION_UP, BetKind.SPREAD_UP, *special, BetKind.OUT_OF_RANGE]
    assert kinds[5:] == [BetKind.CATEGORY] * 3 + [*special, BetKind.UNSEEN]
    assert sorted(bets.drift.cells[1, slot[5:8]].tolist()) == [0, 1, 2]


@settings(max_examples=8, deadline=None)
@given(cuts=st.lists(st.integers(0, 10_500), max_size=6), restart=st.booleans())
def test_decisions_do_not_depend_on_how_records_come(cuts: list[int], restart: bool) -> None:
    """Where values come together, and go missing in the end: to the last digit, unless a restart is between."""
    stream = Stream(_reference(), seed=3, step=_STEP)
    parts = [_together(stream.draw(_A_DAY), 5, _COUNTRY) for _ in range(10)]
    parts.append(stream.draw(500, {0: shifted(missing=0.3)}))
    whole = Records(
        np.concatenate([part.cells for part in parts], axis=1),
        *(np.concatenate([getattr(part, name) for part in parts]) for name in ("time", "now", "position")),
    )
    one, alarms_of_one = evidence_of(_reference())
    expected = follow(one, alarms_of_one, whole)
    evidence, alarms = evidence_of(_reference())
    found = []
    for first, last in pairwise([0, *sorted(cuts), 10_500]):
        found += follow(evidence, alarms, whole.part(first, last)) if last > first else []
        if restart:
            saved, latched = evidence.snapshot(), alarms.snapshot()
            evidence, alarms = evidence_of(_reference())
            alarms.restore(latched)
            evidence.restore(saved)
    assert [(edge.alert, edge.firing, edge.record) for edge in found] == [
        (edge.alert, edge.firing, edge.record) for edge in expected
    ]
    assert one.dependence.live.effects.max() > 2
    assert [edge.firing for edge in expected][-1:] == [True]
    if restart:
        assert evidence.dependence.live.effects == pytest.approx(one.dependence.live.effects, rel=1e-4)
    else:
        assert np.array_equal(evidence.dependence.live.effects, one.dependence.live.effects)


def test_a_snapshot_of_before_begins_without_live_blocks() -> None:
    """What else is in it goes on."""
    evidence, alarms = evidence_of(_reference())
    follow(evidence, alarms, Stream(_reference(), seed=7, step=_STEP).draw(3_000))
    old = {name: value for name, value in evidence.snapshot().items() if name != "live"}
    fresh, _ = evidence_of(_reference())
    fresh.restore(old)
    assert fresh.updates == evidence.updates > 0
    assert fresh.dependence.live.records_a_day == 0.0
