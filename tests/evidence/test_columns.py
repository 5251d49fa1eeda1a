from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from itertools import pairwise
from typing import Any

import attrs
import msgspec
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from model_drift_exporter.errors import StateError
from model_drift_exporter.evidence.alarms import Transition
from model_drift_exporter.evidence.columns import ColumnEvidence
from model_drift_exporter.evidence.schedule import UpdateSchedule
from model_drift_exporter.evidence.settings import EvidenceSettings
from model_drift_exporter.evidence.update_counts import GroupedCounts
from model_drift_exporter.reference.binner import Binner
from model_drift_exporter.reference.profile import FEATURE, ReferenceProfile, Season, numeric_column
from tests.evidence.streams import (
    MISSING_CELL,
    START,
    Records,
    Stream,
    evidence_of,
    follow,
    profile,
    shifted,
)

REFERENCE = profile(2)
SEASONAL = profile(2, 48_000, slots=24)


def fired(edges: Sequence[Transition]) -> list[str]:
    return [edge.alert for edge in edges if edge.firing]


def told(edges: Sequence[Transition]) -> list[tuple[object, ...]]:
    """What must not depend on batches at all."""
    return [
        (edge.time, edge.record, edge.alert, edge.firing, edge.features, edge.certainty, edge.onset, edge.rise)
        for edge in edges
    ]


def run(
    batch: Records,
    rejected: NDArray[np.int64],
    cuts: Sequence[int],
    reference: ReferenceProfile,
    *,
    saved: bool = False,
) -> tuple[list[Transition], NDArray[np.float64]]:
    """A stream in pieces of lines; with ``saved`` the process ends and starts again between them."""
    evidence, alarms = evidence_of(reference)
    edges: list[Transition] = []
    last = int(batch.position[-1]) + 1
    for first, end in zip([0, *cuts], [*cuts, last], strict=True):
        bad = rejected[(rejected >= first) & (rejected < end)]
        good = slice(*np.searchsorted(batch.position, [first, end]).tolist())
        if len(bad):
            evidence.reject(bad, START)
        if good.stop > good.start:
            batch.part(good.start, good.stop).add_to(evidence)
        evidence.flush()
        edges += alarms.drain()
        if saved:
            latches, state = alarms.snapshot(), evidence.snapshot()
            evidence, alarms = evidence_of(reference)
            alarms.restore(latches)
            evidence.restore(state)
    return edges, evidence._state.log_m


def incident(reference: ReferenceProfile, step: float) -> tuple[Records, NDArray[np.int64]]:
    """Clean records, missing values in one feature, garbage lines, clean records, the same while alarms are held, and a shift.

    Of the shift it is another feature that moves.
    """
    stream = Stream(reference, seed=5, step=step)
    draw = stream.draw_season if reference.season else stream.draw
    parts = [draw(700), draw(1_000), draw(5_200), draw(400)]
    lost = parts[1].cells[0]
    lost[::4] = 8
    parts[2].cells[0][1_000:1_400:3] = 8
    parts[3].cells[1] = np.minimum(parts[3].cells[1] + 1, 16)
    whole = Records(
        np.concatenate([part.cells for part in parts], axis=1),
        np.concatenate([part.time for part in parts]),
        np.concatenate([part.time for part in parts]),
        np.concatenate([part.position for part in parts]),
    )
    rejected = np.arange(1_200, 1_700)
    line = whole.position + 500 * (whole.position >= 1_200)
    return attrs.evolve(whole, position=line), rejected


@pytest.mark.parametrize(("reference", "step"), [(REFERENCE, 20.0), (SEASONAL, 40.0), (SEASONAL, 1_000.0)])
def test_the_incident_fires_and_resolves(reference: ReferenceProfile, step: float) -> None:
    """What the tests of batching compare is worth comparing."""
    edges, _ = run(*incident(reference, step), [], reference)
    assert {"ModelInputBroken", "ModelFeatureDrift", "ModelFeatureMissingValues"} <= set(fired(edges))
    assert any(not edge.firing for edge in edges)
    assert any(edge.rise == 2 for edge in edges)


@pytest.mark.slow
@settings(max_examples=25, deadline=None)
@given(cuts=st.sets(st.integers(1, 7_799), max_size=25), saved=st.booleans(), season=st.sampled_from([0, 40, 1_000]))
def test_edges_do_not_depend_on_batches_or_restarts(cuts: set[int], saved: bool, season: int) -> None:
    """The same records, times, features and onsets; evidence within rounding, of a snapshot's seven digits if one is taken."""
    reference, step = (SEASONAL, float(season)) if season else (REFERENCE, 20.0)
    batch, rejected = incident(reference, step)
    whole, state = run(batch, rejected, [], reference)
    parts, other = run(batch, rejected, sorted(cuts), reference, saved=saved)
    assert told(parts) == told(whole)
    tolerance = 1e-4 if saved else 1e-9
    np.testing.assert_allclose(other, state, rtol=tolerance, atol=tolerance)
    for ours, theirs in zip(parts, whole, strict=True):
        assert ours.evidence == pytest.approx(theirs.evidence, rel=tolerance, abs=tolerance)


@pytest.mark.parametrize("seed", range(4))
def test_a_clean_stream_is_quiet(seed: int) -> None:
    """Forty thousand records like the reference, and one rejected line in a hundred, raise nothing."""
    evidence, alarms = evidence_of(profile(10))
    stream = Stream(profile(10), seed=seed)
    edges: list[Transition] = []
    for _ in range(10):
        batch = stream.draw(4_000)
        line = batch.position * 100 // 99
        evidence.reject(np.setdiff1d(np.arange(line[0], line[-1]), line), START)
        edges += follow(evidence, alarms, attrs.evolve(batch, position=line))
    assert edges == []
    assert max(alarms[alert].evidence for alert in ("ModelFeatureDrift", "ModelInputBroken")) < 5.0


@pytest.mark.parametrize(
    ("law", "alerts", "within"),
    [
        (shifted(up=0.2), {"ModelFeatureDrift"}, 400),
        (shifted(missing=0.3), {"ModelFeatureDrift", "ModelFeatureMissingValues", "ModelInputBroken"}, 500),
        (shifted(missing=1.0), {"ModelFeatureDrift", "ModelFeatureMissingValues", "ModelInputBroken"}, 500),
        (shifted(missing=0.02), {"ModelFeatureDrift", "ModelFeatureMissingValues"}, 1_500),
        (shifted(missing=0.0009), set(), 20_000),
        (shifted(out_of_range=0.05), {"ModelFeatureDrift", "ModelFeatureOutOfRange"}, 800),
    ],
)
def test_what_happens_to_one_feature_is_found_and_named(
    law: NDArray[np.float64], alerts: set[str], within: int
) -> None:
    """Missing values are a ticket above a tenth of a point, a page above five points, out of range a ticket only."""
    evidence, alarms = evidence_of(REFERENCE)
    stream = Stream(REFERENCE, seed=1, step=20.0)
    assert follow(evidence, alarms, stream.draw(3_000)) == []
    edges = follow(evidence, alarms, stream.draw(20_000, {1: law}))
    assert set(fired(edges)) == alerts
    for edge in edges:
        assert (edge.features, edge.certainty) == (("n1",), "named")
        assert 3_000 <= edge.record < 3_000 + within
        assert edge.onset is not None
        assert START + 20.0 * 2_800 <= edge.onset < edge.time


def test_outputs_that_drift_are_a_ticket_without_features() -> None:
    """The score is no feature."""
    evidence, alarms = evidence_of(REFERENCE)
    edges = follow(evidence, alarms, Stream(REFERENCE, seed=1).draw(2_000, {4: shifted(up=0.2)}))
    assert [(edge.alert, edge.features, edge.certainty) for edge in edges] == [("ModelPredictionDrift", (), "")]


def test_a_change_of_shape_alone_is_found_by_the_omnibus_bet() -> None:
    """Equal location, spread and special values, other bins: no direction would tell."""
    evidence, alarms = evidence_of(profile(1, 100_000))
    law = np.array([0.0, 0.105, 0.02, 0.375, 0.375, 0.02, 0.105, 0.0, 0.0, 0.0])
    edges = follow(evidence, alarms, Stream(profile(1, 100_000), seed=1).draw(30_000, {0: law}))
    assert "ModelFeatureDrift" in fired(edges)
    assert not [edge for edge in edges if not edge.firing]


def test_nothing_but_garbage_pages() -> None:
    """Every line is rejected and event time stands still: it is looked at after each thousand lines. 5,000 are one event."""
    evidence, alarms = evidence_of(REFERENCE)
    assert follow(evidence, alarms, Stream(REFERENCE).draw(500)) == []
    edges: list[Transition] = []
    for first in range(500, 100_500, 250):
        evidence.reject(np.arange(first, first + 250), START + 500.0)
        evidence.flush()
        edges += alarms.drain()
        assert edges == [] or first >= 10_000
    (edge,) = edges
    assert (edge.alert, edge.features, edge.record, edge.time) == ("ModelInputBroken", (), 499, START + 499.0)


def test_garbage_pages_before_the_first_record() -> None:
    """The clock that the caller gives stands in."""
    evidence, alarms = evidence_of(REFERENCE)
    evidence.reject(np.arange(100_000), START)
    evidence.flush()
    (edge,) = alarms.drain()
    assert (edge.alert, edge.record, edge.time) == ("ModelInputBroken", -1, START)


def test_a_stack_trace_in_the_log_pages_nobody() -> None:
    """Sixty rejected lines in a row, once an hour."""
    evidence, alarms = evidence_of(REFERENCE)
    stream = Stream(REFERENCE)
    for hour in range(20):
        batch = stream.draw(3_600)
        batch = attrs.evolve(batch, position=batch.position + 60 * (hour + 1))
        evidence.reject(batch.position[0] - 60 + np.arange(60), START)
        assert follow(evidence, alarms, batch) == []


@pytest.mark.parametrize("rate", [10.0, 100.0, 1_000.0, 10_000.0])
def test_a_burst_of_missing_values_pages_nobody(rate: float) -> None:
    """A lookup that fails for 400 records in a row, within one update or two, is a ticket at most."""
    reference = profile(24)
    evidence, alarms = evidence_of(reference)
    stream = Stream(reference, seed=1, step=1 / rate)
    edges = follow(evidence, alarms, stream.draw(10_300))
    edges += follow(evidence, alarms, stream.draw(400, {1: shifted(missing=1.0)}))
    edges += follow(evidence, alarms, stream.draw(10_000))
    assert "ModelInputBroken" not in fired(edges)


def test_a_log_that_always_has_other_lines_in_it_pages_nobody() -> None:
    """One line in five was rejected while the reference was made; twice as many are broken input."""
    reference = msgspec.structs.replace(REFERENCE, lines=12_500, rejected_lines=2_500)
    evidence, alarms = evidence_of(reference)
    unknowing, others = evidence_of(REFERENCE)
    stream = Stream(REFERENCE)
    batch = stream.draw(20_000)
    line = batch.position * 5 // 4
    for each, decided in ((evidence, alarms), (unknowing, others)):
        each.reject(np.setdiff1d(np.arange(line[0], line[-1]), line), START)
        assert fired(follow(each, decided, attrs.evolve(batch, position=line))) == (
            [] if each is evidence else ["ModelInputBroken"]
        )
    more = stream.draw(10_000)
    broken = more.position * 5 // 2
    evidence.reject(np.setdiff1d(np.arange(broken[0], broken[-1]), broken), START)
    assert fired(follow(evidence, alarms, attrs.evolve(more, position=broken))) == ["ModelInputBroken"]


def test_recovery_needs_the_mend_and_a_second_event_fires_again() -> None:
    """No repeats while it lasts, one edge when it is over, one for the next time."""
    evidence, alarms = evidence_of(REFERENCE)
    stream = Stream(REFERENCE, seed=2, step=20.0)
    wrong = {0: shifted(missing=0.4)}
    first = follow(evidence, alarms, stream.draw(6_000, wrong))
    assert sorted(fired(first)) == ["ModelFeatureDrift", "ModelFeatureMissingValues", "ModelInputBroken"]
    assert all(edge.firing for edge in first)
    mended = follow(evidence, alarms, stream.draw(4_000))
    assert {edge.alert for edge in mended} == set(fired(first))
    assert [edge.firing for edge in mended] == [False] * 3
    assert all(7_500 <= edge.record < 9_500 for edge in mended)
    assert sorted(fired(follow(evidence, alarms, stream.draw(1_000, wrong)))) == sorted(fired(first))


def test_a_second_event_is_told_while_the_first_is_held() -> None:
    """Once a block was usual: with the feature and onset of the second, and recovery after that."""
    evidence, alarms = evidence_of(REFERENCE)
    stream = Stream(REFERENCE, seed=2)
    first = follow(evidence, alarms, stream.draw(3_000, {0: shifted(missing=0.4)}))
    assert follow(evidence, alarms, stream.draw(1_200)) == []
    usual = {alarm.alert: alarm.usual for alarm in alarms.by_alert.values() if alarm.active}
    assert usual.keys() == set(fired(first))
    assert all(each is not None and each.observations >= 500 and each.more > 0 for each in usual.values())
    second = follow(evidence, alarms, stream.draw(1_000, {1: shifted(missing=0.4)}))
    assert sorted(fired(second)) == sorted(fired(first))
    assert {(edge.firing, edge.rise, edge.features) for edge in second} == {(True, 2, ("n1",))}
    assert all(edge.onset is not None and abs(edge.onset - START - 4_200) <= 60 for edge in second)
    over = follow(evidence, alarms, stream.draw(4_000))
    assert [(edge.firing, edge.rise) for edge in over] == [(False, 2)] * len(first)


def test_a_lasting_event_of_two_features_is_told_once() -> None:
    """A second feature that breaks while the first one still is broken joins the alarm."""
    evidence, alarms = evidence_of(REFERENCE)
    stream = Stream(REFERENCE, seed=2)
    wrong = {0: shifted(missing=0.4)}
    edges = follow(
        evidence, alarms, joined(stream.draw(3_000, wrong), stream.draw(12_000, {**wrong, 1: shifted(missing=0.4)}))
    )
    assert len(fired(edges)) == len({*fired(edges)})
    assert alarms["ModelInputBroken"].features == ("n0", "n1")


def test_the_onset_after_a_recovery_does_not_depend_on_batches() -> None:
    """A second event begins at the very recovery from the first, in the same batch: its onset is that, not the batch's end."""
    stream = Stream(REFERENCE, seed=2, step=0.3)
    whole = joined(stream.draw(2_000, {0: shifted(missing=0.4)}), stream.draw(4_000))
    evidence, alarms = evidence_of(REFERENCE)
    over = [edge for edge in follow(evidence, alarms, whole) if edge.alert == "ModelFeatureDrift"][-1]
    assert not over.firing
    whole.cells[1, over.record + 1 :] = whole.cells[1].max()
    found = []
    for cuts in ([0, whole.size], range(0, whole.size + 1, 50)):
        evidence, alarms = evidence_of(REFERENCE)
        for first, last in pairwise(cuts):
            whole.part(first, last).add_to(evidence)
        found.append(told(alarms.drain()))
    assert found[0] == found[1]
    again = next(edge for edge in found[0] if edge[1:4] == (over.record + 50, "ModelFeatureDrift", True))
    assert again[-2:] == (np.floor(over.time), 1)


def joined(*parts: Records) -> Records:
    """Records one after the other."""
    return Records(
        np.concatenate([part.cells for part in parts], axis=1),
        np.concatenate([part.time for part in parts]),
        np.concatenate([part.now for part in parts]),
        np.concatenate([part.position for part in parts]),
    )


def counted(records: Records, update_of: NDArray[np.intp], updates: int) -> GroupedCounts:
    """The counts of each update, as another process would make them."""
    starts = Binner(REFERENCE).starts
    counts = np.zeros((updates, len(REFERENCE.columns), max(len(column.counts) for column in REFERENCE.columns)))
    for column, start in enumerate(starts[: len(REFERENCE.columns)]):
        np.add.at(counts[:, column], (update_of, records.cells[column] - start), 1)
    return GroupedCounts(counts, np.arange(updates), np.zeros(updates, dtype=np.intp))


def test_counts_alone_are_the_same_as_cells() -> None:
    """A fleet has no records: two replicas count the updates of a common schedule, and the sums of their counts decide."""
    stream = Stream(REFERENCE, seed=2)
    parts = [
        stream.draw(*each) for each in ((1_500, {0: shifted(missing=0.4)}), (4_000,), (1_500, {1: shifted(up=0.2)}))
    ]
    whole = joined(*parts)
    by_cells, alarms = evidence_of(REFERENCE)
    whole.add_to(by_cells)
    by_counts, others = evidence_of(REFERENCE)
    schedule = UpdateSchedule(50, 15.0)
    replica = np.random.default_rng(1).integers(2, size=whole.size)
    for first in range(0, whole.size, 1_000):
        part = whole.part(first, first + 1_000)
        updates = schedule.observe(part.position, part.now)
        tables = []
        for number in range(2):
            own = replica[first : first + 1_000] == number
            records = Records(part.cells[:, own], part.time[own], part.now[own], part.position[own])
            tables.append(counted(records, updates.update_of[own], len(updates)))
        by_counts.add_counts(updates, attrs.evolve(tables[0], counts=tables[0].counts + tables[1].counts))
    assert others.drain() == alarms.drain() != []
    assert others.snapshot() == alarms.snapshot()
    assert by_counts.updates == by_cells.updates == whole.size // 50
    for name in ("updates", "omnibus", "state", "alarms"):
        np.testing.assert_equal(by_counts.snapshot()[name], by_cells.snapshot()[name])
    again, _ = evidence_of(REFERENCE)
    again.restore(by_counts.snapshot())
    assert again.updates == by_counts.updates


def test_rearming_starts_the_evidence_again() -> None:
    """What still drifts fires again, from M = 1 on; what is over does not."""
    evidence, alarms = evidence_of(REFERENCE)
    stream = Stream(REFERENCE, seed=3)
    wrong = {0: shifted(up=0.2)}
    follow(evidence, alarms, stream.draw(2_000, wrong))
    assert alarms.rearm(stream.time, stream.position - 1) == ["ModelFeatureDrift"]
    alarms.drain()
    assert alarms["ModelFeatureDrift"].evidence == 0.0
    edges = follow(evidence, alarms, stream.draw(2_000, wrong))
    assert fired(edges) == ["ModelFeatureDrift"]
    assert edges[0].onset is not None
    assert edges[0].onset >= START + 1_900
    alarms.rearm(stream.time, stream.position - 1)
    alarms.drain()
    assert follow(evidence, alarms, stream.draw(5_000)) == []


@pytest.mark.slow
@pytest.mark.parametrize("reference", [REFERENCE, SEASONAL])
def test_what_the_omnibus_bets_remember_is_forgotten_with_the_evidence(reference: ReferenceProfile) -> None:
    """After recovery they begin anew at the very record, wherever in a batch that is."""
    batch, rejected = incident(reference, 40.0)
    evidence, alarms = evidence_of(reference)
    evidence.reject(rejected, START)
    seen = 0
    for _ in range(batch.size):
        batch.part(seen, seen + 1).add_to(evidence)
        seen += 1
        over = [edge for edge in alarms.drain() if edge.alert == "ModelFeatureDrift" and not edge.firing]
        if over:
            break
    else:
        pytest.fail("the alarm has not recovered")
    feature, output = evidence._omnibus._omnibus._observed[:, 0], evidence._omnibus._omnibus._observed[:, -1]
    assert not feature.any()
    assert output.any()
    whole, other = evidence_of(reference)
    whole.reject(rejected, START)
    batch.part(0, min(seen + 600, batch.size)).add_to(whole)
    batch.part(seen, min(seen + 600, batch.size)).add_to(evidence)
    ours, theirs = evidence._omnibus._omnibus, whole._omnibus._omnibus
    assert np.array_equal(ours._observed, theirs._observed)
    assert np.array_equal(ours._log_ratio, theirs._log_ratio)
    assert other["ModelFeatureDrift"].evidence == alarms["ModelFeatureDrift"].evidence


def test_rearming_lets_the_omnibus_bets_forget() -> None:
    """Those of the alarm's columns, not those of others."""
    evidence, alarms = evidence_of(REFERENCE)
    follow(evidence, alarms, Stream(REFERENCE, seed=3).draw(2_000, {0: shifted(up=0.2)}))
    assert alarms.rearm(START + 2_000, 1_999) == ["ModelFeatureDrift"]
    observed = evidence._omnibus.snapshot()["observed"]
    assert not observed[:, :3].any()
    assert observed[:, 3:].any()


def test_a_feature_that_follows_is_named_while_the_latch_is_closed() -> None:
    """It then has to recover too."""
    evidence, alarms = evidence_of(REFERENCE)
    stream = Stream(REFERENCE, seed=4)
    follow(evidence, alarms, stream.draw(1_000, {0: shifted(up=0.2)}))
    follow(evidence, alarms, stream.draw(1_000, {0: shifted(up=0.2), 1: shifted(up=0.2)}))
    assert alarms["ModelFeatureDrift"].features == ("n0", "n1")
    assert follow(evidence, alarms, stream.draw(4_000, {1: shifted(up=0.2)})) == []
    (edge,) = follow(evidence, alarms, stream.draw(4_000))
    assert (edge.firing, edge.features) == (False, ("n0", "n1"))


def test_a_daily_cycle_that_the_reference_knows_is_quiet() -> None:
    """Each record is judged by its own hour; records of the wrong hour are drift."""
    evidence, alarms = evidence_of(SEASONAL)
    stream = Stream(SEASONAL, seed=1, step=20.0)
    for _ in range(5):
        assert follow(evidence, alarms, stream.draw_season(4_320)) == []
    wrong = stream.draw_season(720)
    wrong.time[:] += 3_600.0
    shifted_hours = attrs.evolve(wrong, now=wrong.time)
    edges = follow(evidence, alarms, shifted_hours)
    assert {"ModelFeatureDrift", "ModelPredictionDrift"} <= set(fired(edges))


def half_known() -> ReferenceProfile:
    """The reference of a season without any row from 12 o'clock on."""
    season = SEASONAL.season
    assert season is not None
    counts = [by_slot if slot < 12 else [0] * len(by_slot) for slot, by_slot in enumerate(season.counts)]
    rows = [2_000 * (slot < 12) for slot in range(24)]
    columns = [msgspec.structs.replace(column, pooled_design_effect=30.0) for column in SEASONAL.columns]
    known = msgspec.structs.replace(season, rows=rows, counts=counts)
    return msgspec.structs.replace(SEASONAL, columns=columns, season=known)


def test_hours_without_a_reference_are_no_recovery_of_a_level() -> None:
    """What they allow is so wide that a level which is wrong in all other hours is within it."""
    reference = half_known()
    evidence, alarms = evidence_of(reference)
    stream = Stream(reference, seed=1, step=5.0, time=START - START % 86_400)
    edges: list[Transition] = []
    for hour in range(48):
        batch = stream.draw_season(720)
        if hour % 24 < 12 and hour < 36:
            batch.cells[0] = 7 - batch.cells[0]  # as in the hour before
        found = follow(evidence, alarms, batch)
        edges += found
        assert hour % 24 < 12 or not found
    told = [(edge.alert, edge.firing) for edge in edges if edge.alert == "ModelFeatureDrift"]
    assert told == [("ModelFeatureDrift", True)]


@pytest.mark.parametrize(
    ("cell", "alert"),
    [(MISSING_CELL, "ModelInputBroken"), (7, "ModelFeatureOutOfRange"), (3, "ModelFeatureDrift")],
    ids=["missing", "above the range", "stuck"],
)
def test_a_feature_is_judged_in_hours_without_a_reference(cell: int, alert: str) -> None:
    """By all of it: values that are missing, far out or stuck are told in these hours."""
    reference = half_known()
    evidence, alarms = evidence_of(reference)
    stream = Stream(reference, seed=1, step=5.0, time=START - START % 86_400 + 12 * 3_600)
    edges: list[Transition] = []
    for _ in range(12):
        batch = stream.draw_season(720)
        batch.cells[0] = cell
        edges += follow(evidence, alarms, batch)
    assert (alert, ("n0",)) in {(edge.alert, edge.features) for edge in edges if edge.firing}


@pytest.mark.parametrize("pooled", [30.0, None], ids=["known", "of an earlier version"])
@pytest.mark.parametrize("turned", [False, True])
def test_a_level_of_the_season_is_no_drift_in_hours_without_a_reference(turned: bool, pooled: float | None) -> None:
    """Though no such hour has had it: which of the known levels it has there, nobody knows."""
    columns = [msgspec.structs.replace(column, pooled_design_effect=pooled) for column in half_known().columns]
    reference = msgspec.structs.replace(half_known(), columns=columns)
    evidence, alarms = evidence_of(reference)
    stream = Stream(reference, seed=1, step=5.0, time=START - START % 86_400 + 12 * 3_600)
    for _ in range(5):
        batch = stream.draw_season(12 * 720)
        if turned:
            batch.cells[0] = 7 - batch.cells[0]
        assert follow(evidence, alarms, batch) == []
        stream.time += 12 * 3_600


def test_the_share_of_records_in_hours_that_the_reference_does_not_know() -> None:
    """Of the last hours, whatever the batches, and after a restart too; there is none without a season."""
    reference = half_known()
    evidence, alarms = evidence_of(reference)
    stream = Stream(reference, seed=1, step=5.0, time=START - START % 86_400)
    for hour in range(29):
        follow(evidence, alarms, stream.draw_season(720))
        assert (evidence.unknown_hours > 0.5) == (14 <= hour < 26)
        again, _ = evidence_of(reference)
        again.restore(evidence.snapshot())
        assert again.unknown_hours == evidence.unknown_hours
    assert evidence_of(reference)[0].unknown_hours == 0.0
    assert math.isnan(evidence_of(REFERENCE)[0].unknown_hours)


def test_a_late_update_of_office_hours_is_no_matter() -> None:
    """Fifty records behind a whole morning, and then nothing for days: the reason would hold until the next morning."""
    evidence, alarms = evidence_of(half_known())
    stream = Stream(half_known(), seed=1, step=60.0, time=START - START % 86_400 + 6 * 3_600)
    follow(evidence, alarms, stream.draw_season(6 * 60 + 50))
    assert evidence.unknown_hours < 0.5


def test_a_few_records_of_unknown_hours_are_no_matter() -> None:
    """An update of a slow stream is over many hours."""
    for part, mostly in ((21, False), (30, True)):
        evidence, alarms = evidence_of(half_known())
        records = Stream(REFERENCE, step=20.0, time=START - START % 86_400).draw(50)
        late = np.arange(50) < part
        follow(evidence, alarms, attrs.evolve(records, time=np.where(late, records.time - 12 * 3_600, records.time)))
        assert (evidence.unknown_hours > 0.5) == mostly


def test_a_reference_that_cannot_judge_its_inputs_says_so() -> None:
    """Missing values that come in runs of thousands, and a log that was hardly anything but rejected lines."""
    column = REFERENCE.columns[0]
    counts = column.counts | {"__missing__": 100}
    dependent = msgspec.structs.replace(column, counts=counts, special_design_effect=4_000.0)
    reference = msgspec.structs.replace(REFERENCE, columns=[dependent, *REFERENCE.columns[1:]])
    (sentence,) = evidence_of(reference)[0].unjudged()
    assert sentence.endswith(": n0")
    garbage = msgspec.structs.replace(REFERENCE, lines=1_000, rejected_lines=890)
    (sentence,) = evidence_of(garbage)[0].unjudged()
    assert "rejected lines" in sentence
    assert evidence_of(REFERENCE)[0].unjudged() == []


def test_a_cycle_is_drift_for_a_reference_without_slots() -> None:
    """The counterpart: without slots the same records fire."""
    evidence, alarms = evidence_of(REFERENCE)
    assert fired(follow(evidence, alarms, Stream(SEASONAL, seed=1, step=20.0).draw_season(4_320)))


def first_update(reference: ReferenceProfile, laws: Mapping[int, NDArray[np.float64]]) -> int:
    evidence, alarms = evidence_of(reference)
    edges = follow(evidence, alarms, Stream(reference, seed=1).draw(60_000, laws))
    return edges[0].record if edges else 60_000


def test_a_design_effect_slows_evidence_in_proportion() -> None:
    """Twenty dependent records count as one: about twenty times the records, and the reference knows less too."""
    independent = first_update(profile(2, 100_000), {0: shifted(up=0.2)})
    dependent = first_update(profile(2, 100_000, effect=20.0), {0: shifted(up=0.2)})
    assert 10 * independent < dependent < 60 * independent


def test_time_that_passes_is_what_a_false_alarm_may_cost() -> None:
    """Each minute between updates counts like one look: after an hour without records evidence begins at 60, not at 1."""
    found = []
    for step in (20.0, 3_600.0):
        evidence, alarms = evidence_of(REFERENCE, EvidenceSettings(update_records=1))
        follow(evidence, alarms, Stream(REFERENCE, step=step).draw(3))
        found.append(alarms["ModelFeatureOutOfRange"].evidence)
    assert found == pytest.approx([0.0, math.log(60.0)], abs=0.2)


def test_late_records_are_evidence_and_unbelieved_ones_are_not() -> None:
    """A log that comes late still says what the model was asked; a time in the future says nothing."""
    records = Stream(REFERENCE, seed=1, step=20.0).draw(2_000, {0: shifted(missing=0.5)})
    late = attrs.evolve(records, time=records.time - 9e6)
    evidence, alarms = evidence_of(REFERENCE)
    assert "ModelInputBroken" in fired(follow(evidence, alarms, late))
    future = attrs.evolve(records, time=records.time + 9e6)
    evidence, alarms = evidence_of(REFERENCE)
    assert follow(evidence, alarms, future) == []


def size_of(state: Any) -> int:
    if isinstance(state, dict):
        return sum(size_of(value) for value in state.values())
    return int(state.nbytes) if isinstance(state, np.ndarray) else 16


@pytest.mark.parametrize("slots", [0, 24])
def test_the_state_of_200_features_is_small(slots: int) -> None:
    """At most 120 KiB for columns of 18 bins, also while all alarms on them are latched and where there is a season."""
    empty = numeric_column("", FEATURE, [*range(15)])
    law = np.array([0.0, *[1 / 14] * 14, 0.0, 0.0, 0.0])
    counts = dict(zip(empty.counts, (law * 14_000).astype(int).tolist(), strict=True))
    columns = [msgspec.structs.replace(empty, name=f"n{index}", counts=counts) for index in range(200)]
    season = None
    if slots:
        cells = [count // slots for column in columns for count in column.counts.values()]
        season = Season(slots=slots, rows=[14_000 // slots] * slots, counts=[cells] * slots)
    reference = ReferenceProfile(model="m", rows=14_000, task="regression", columns=columns, season=season)
    evidence, alarms = evidence_of(reference)
    wrong = law + np.array([0.1, *[0.0] * 15, 0.4, 0.0])
    follow(evidence, alarms, Stream(reference, step=10.0).draw(2_010, dict.fromkeys(range(0, 200, 2), wrong)))
    assert sum(alarm.active for alarm in alarms.by_alert.values()) == 4
    assert size_of(evidence.snapshot()) <= 120 * 1024


def test_a_snapshot_without_a_number_of_its_own_has_that_of_its_schedule() -> None:
    """Snapshots of 0.1.0 count updates in the schedule only."""
    evidence, alarms = evidence_of(REFERENCE)
    follow(evidence, alarms, Stream(REFERENCE).draw(1_010))
    state = evidence.snapshot()
    state["schedule"]["updates"] = state.pop("updates")
    again, _ = evidence_of(REFERENCE)
    again.restore(state)
    assert again.updates == 20


@pytest.mark.parametrize("state", [None, {}, {"schedule": {}}, "text"])
def test_a_state_that_does_not_fit_is_refused(state: object) -> None:
    """The evidence is then as new."""
    evidence, alarms = evidence_of(REFERENCE)
    follow(evidence, alarms, Stream(REFERENCE).draw(1_010))
    with pytest.raises(StateError, match="does not fit"):
        evidence.restore(state)
    assert evidence.updates == 0


@pytest.mark.parametrize(
    "changed",
    [
        profile(5),
        profile(2, effect=2.0),
        profile(2, 48_000, slots=24),
        msgspec.structs.replace(REFERENCE, lines=20_000, rejected_lines=1_000),
    ],
)
def test_evidence_against_another_reference_begins_anew(changed: ReferenceProfile) -> None:
    """Other columns, another design effect, a season, another share of rejected lines; also the other way round."""
    for before, after in ((REFERENCE, changed), (changed, REFERENCE)):
        old, old_alarms = evidence_of(before)
        follow(old, old_alarms, Stream(before).draw(1_010))
        evidence, alarms = evidence_of(after)
        evidence.restore(old.snapshot())
        assert evidence.updates == 0
        assert not evidence._state.log_m.any()
        stream = Stream(after)
        assert follow(evidence, alarms, (stream.draw_season if after.season else stream.draw)(1_010)) == []


def test_a_latch_stays_closed_where_evidence_begins_anew() -> None:
    """Its event still has to be over; an open latch forgets what had added up."""
    old, before = evidence_of(REFERENCE)
    stream = Stream(REFERENCE, seed=2)
    follow(old, before, stream.draw(2_000, {0: shifted(up=0.2)}))
    before["ModelInputBroken"].evidence = 9.0
    evidence, alarms = evidence_of(REFERENCE, EvidenceSettings(location_tolerance=0.03))
    alarms.restore(before.snapshot())
    evidence.restore(old.snapshot())
    assert [alert for alert, alarm in alarms.by_alert.items() if alarm.active] == ["ModelFeatureDrift"]
    assert alarms["ModelInputBroken"].evidence == 0.0
    assert follow(evidence, alarms, stream.draw(2_000, {0: shifted(up=0.2)})) == []
    (edge,) = follow(evidence, alarms, stream.draw(20_000))
    assert (edge.alert, edge.firing) == ("ModelFeatureDrift", False)


def reloaded(settings: EvidenceSettings) -> ColumnEvidence:
    old, _ = evidence_of(REFERENCE)
    Stream(REFERENCE).draw(1_000).add_to(old)
    evidence, _ = evidence_of(REFERENCE, settings)
    evidence.restore(old.snapshot())
    return evidence


def test_evidence_goes_on_after_a_reload() -> None:
    """Also with another budget or schedule; with other tolerances it means something else and begins anew."""
    assert reloaded(EvidenceSettings()).updates == 20
    assert reloaded(EvidenceSettings(false_page=1e8)).updates == 20
    assert reloaded(EvidenceSettings(update_records=500)).updates == 20
    assert reloaded(EvidenceSettings(location_tolerance=0.1)).updates == 0


@pytest.mark.parametrize(
    "settings",
    [
        EvidenceSettings(location_tolerance=0, missing_tolerance=0, broken_tolerance=0.001, psi_tolerance=0),
        EvidenceSettings(location_tolerance=1, missing_tolerance=0.5, broken_tolerance=0.5, psi_tolerance=1),
        EvidenceSettings(location_tolerance=0, missing_tolerance=0.5, broken_tolerance=0.001, psi_tolerance=1),
        EvidenceSettings(location_tolerance=1, missing_tolerance=0, broken_tolerance=0.5, psi_tolerance=0),
    ],
)
@pytest.mark.parametrize("reference", [REFERENCE, SEASONAL], ids=["plain", "seasonal"])
def test_evidence_can_be_weighed_with_every_tolerance(settings: EvidenceSettings, reference: ReferenceProfile) -> None:
    """At the ends of their ranges no number is infinite, and what has not changed is not told."""
    evidence, alarms = evidence_of(reference, settings)
    stream = Stream(reference, seed=4, step=60.0)
    assert follow(evidence, alarms, stream.draw_season(2_000) if reference.season else stream.draw(2_000)) == []
    evidence.reject(np.arange(2_000, 2_040), stream.time)
    evidence.flush()
    assert np.isfinite(evidence.snapshot()["state"]["log_m"]).all()


def test_a_latch_of_rejected_lines_recovers_without_a_state_of_the_evidence() -> None:
    """Only the alarms' part of a snapshot fits: no feature is blamed, and the lines are watched."""
    evidence, alarms = evidence_of(REFERENCE)
    alarms["ModelInputBroken"].fire(START, 0, onset=START)
    alarms.drain()
    (edge,) = follow(evidence, alarms, Stream(REFERENCE).draw(3_000))
    assert (edge.alert, edge.firing, edge.features) == ("ModelInputBroken", False, ())
