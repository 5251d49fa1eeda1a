from __future__ import annotations

import math

import msgspec
import numpy as np
import pytest

from model_drift_exporter.evidence.alarms import Alarms
from model_drift_exporter.evidence.expected_delays import (
    log_update_minutes,
    loss_delay,
    shift_delays,
)
from model_drift_exporter.evidence.settings import EvidenceSettings
from model_drift_exporter.monitors import ALARMS
from model_drift_exporter.reference.profile import LossSummary, OutcomeSummary, ReferenceProfile
from model_drift_exporter.statistics.betting.expected_delay import shifted_shares
from model_drift_exporter.statistics.betting.score_bets import ScoreBets
from tests.evidence.streams import SHARES, Stream, evidence_of, profile

THRESHOLD = Alarms("m", EvidenceSettings().budgets, ALARMS)["ModelFeatureDrift"].threshold
_DAY = 86_400.0


def timed(reference: ReferenceProfile, seconds: float) -> ReferenceProfile:
    """The reference with rows over so many seconds."""
    return msgspec.structs.replace(reference, first_time=1e9, last_time=1e9 + seconds)


@pytest.mark.parametrize(("effect", "features"), [(1.0, 3), (1.0, 30), (4.0, 3)])
def test_a_shift_is_a_ticket_about_when_it_is_expected(effect: float, features: int) -> None:
    """Evidence on all columns, with one that moves by half a standard deviation: the ticket comes within a factor of 1.5."""
    reference = timed(profile(features, effect=effect), 10_000 * 60.0)
    expected = shift_delays(reference, EvidenceSettings(), THRESHOLD)["n0"]
    law = np.concatenate([shifted_shares(SHARES[:-2], 0.5), SHARES[-2:]])
    found = []
    for seed in range(9):
        evidence, alarms = evidence_of(reference)
        stream = Stream(reference, seed=seed, step=60.0)
        stream.draw(500).add_to(evidence)
        alarms.drain()
        stream.draw(int(3 * expected), {0: law}).add_to(evidence)
        first = next(edge for edge in alarms.drain() if edge.alert == "ModelFeatureDrift")
        found.append(first.record + 1 - 500)
    assert 2 / 3 < expected / np.median(found) < 3 / 2


def test_a_larger_reference_is_never_slower_and_a_dependent_one_never_faster() -> None:
    """Numeric features only; one whose values are all alike cannot shift."""
    plain, dependent = profile(2, rows=1_000), profile(2, rows=1_000, effect=30.0)
    settings = EvidenceSettings()
    before, slow = (shift_delays(each, settings, THRESHOLD) for each in (plain, dependent))
    assert list(before) == ["n0", "n1"]
    assert slow["n0"] > 30 * before["n0"]
    assert shift_delays(plain, settings, THRESHOLD, rows=30.0)["n0"] < before["n0"]
    assert shift_delays(profile(2, rows=50, effect=30.0), settings, THRESHOLD)["n0"] == math.inf
    counts = dict.fromkeys(plain.columns[0].counts, 0) | {"b02": 1_000}
    constant = msgspec.structs.replace(plain.columns[0], counts=counts)
    reference = msgspec.structs.replace(plain, columns=[constant, *plain.columns[1:]])
    assert list(shift_delays(reference, settings, THRESHOLD)) == ["n1"]
    assert shift_delays(msgspec.structs.replace(plain, columns=plain.columns[2:]), settings, THRESHOLD) == {}


def test_with_season_slots_the_rows_of_a_slot_are_the_reference() -> None:
    """A slot of few rows allows for its own error."""
    settings = EvidenceSettings()
    pooled, slotted = (shift_delays(profile(1, rows=2_400, slots=slots), settings, THRESHOLD) for slots in (0, 24))
    small = shift_delays(profile(1, rows=100), settings, THRESHOLD)
    assert slotted["n0"] == pytest.approx(small["n0"], rel=0.05)
    assert slotted["n0"] > pooled["n0"]


def test_an_update_counts_the_minutes_that_its_rows_took_in_the_reference() -> None:
    """A day at most, a second at least, the least time of an update; a minute where rows have no times."""
    reference = timed(profile(1, rows=1_440), _DAY)
    assert log_update_minutes(reference, 1_440, 10) == pytest.approx(math.log(10))
    assert log_update_minutes(reference, 1, 10) == pytest.approx(math.log(1_440))
    assert log_update_minutes(reference, 10**9, 10) == pytest.approx(math.log(1 / 60))
    assert log_update_minutes(reference, 10**9, 10, least_seconds=15.0) == pytest.approx(math.log(0.25))
    for untimed in (profile(1), timed(profile(1), 0.0), msgspec.structs.replace(reference, last_time=None)):
        assert untimed.days == 0.0
        assert log_update_minutes(untimed, 1_440, 10) == 0.0


def test_a_loss_that_is_only_whether_there_is_an_error_doubles_as_a_rate_does() -> None:
    """A regression that is exact in most cases has a scale of 0."""
    loss = LossSummary(mean=0.1, standard_deviation=0.3, rows=10_000)
    bets = ScoreBets(0.1, 0.3, 10_000, binary=True)
    outcomes = OutcomeSummary(rows=10_000, loss=loss, error_scale=0.0)
    rate = loss_delay(outcomes, bets, 16.0, binary=True)
    assert 300 < rate < 1_000
    assert loss_delay(outcomes, bets, 16.0, binary=False) == rate
    assert loss_delay(outcomes, bets, 16.0, binary=True, times=3.0) < rate / 3
    assert loss_delay(outcomes, bets, 16.0, binary=True, times=1.05) == math.inf
