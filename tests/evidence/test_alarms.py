"""Latches of one model: what they export, the edges they make, and the budget they share."""

from __future__ import annotations

import math

import attrs
import numpy as np
import pytest

from model_drift_exporter.evidence.alarms import AlarmHistory, Alarms, clamped_log10
from model_drift_exporter.evidence.settings import PAGE, TICKET
from model_drift_exporter.monitors import ALARMS
from tests.support.exposition import Exposition

YEARS = 10 * 525_600.0
WEEK = 10_080.0
SHARES = {severity: sum(spec.share for spec in ALARMS if spec.severity == severity) for severity in (PAGE, TICKET)}


def _alarms() -> Alarms:
    return Alarms("m", {PAGE: YEARS, TICKET: WEEK}, ALARMS)


def test_the_alarms_of_a_severity_share_its_budget() -> None:
    """Each gets the part of its share, so that the promise holds for all of them together."""
    alarms = _alarms()
    for severity, minutes in ((PAGE, YEARS), (TICKET, WEEK)):
        thresholds = [math.exp(-alarm.threshold) for alarm in alarms.by_alert.values() if alarm.severity == severity]
        assert len(thresholds) == [spec.severity for spec in ALARMS].count(severity)
        assert sum(thresholds) == pytest.approx(1 / minutes)


def test_a_new_alarm_with_a_small_share_costs_the_others_little() -> None:
    """A ticket of a tenth of a share raises five others by ln(5.1 / 5), and has to wait for ten times as much itself."""
    before, total = _alarms().by_alert, SHARES[TICKET]
    one = next(spec for spec in ALARMS if spec.severity == TICKET and spec.share == 1.0)
    for share in (0.1, 1.0):
        more = attrs.evolve(one, alert="ModelNewThing", share=share)
        after = Alarms("m", {PAGE: YEARS, TICKET: WEEK}, [*ALARMS, more]).by_alert
        for alert, alarm in before.items():
            rise = math.log((total + share) / total) if alarm.severity == TICKET else 0.0
            assert after[alert].threshold - alarm.threshold == pytest.approx(rise, abs=1e-12)
        assert after["ModelNewThing"].threshold - after[one.alert].threshold == pytest.approx(
            -math.log(share), abs=1e-12
        )


def test_firing_is_an_edge_and_latches() -> None:
    """The evidence stays at the threshold or above whatever comes; a second crossing says nothing new."""
    alarms = _alarms()
    alarm = alarms["ModelInputBroken"]
    alarm.evidence = alarm.threshold + 1
    alarm.fire(100.0, 7, onset=50.0, features=["age"], certainty="named")
    alarm.evidence = 0.0
    alarm.fire(200.0, 9, onset=None)
    (edge,) = alarms.drain()
    assert (edge.time, edge.record, edge.alert, edge.severity, edge.firing) == (
        100.0,
        7,
        "ModelInputBroken",
        PAGE,
        True,
    )
    assert (edge.model, edge.features, edge.certainty, edge.onset) == ("m", ("age",), "named", 50.0)
    assert edge.threshold == pytest.approx(math.log10(SHARES[PAGE] * YEARS))
    assert edge.evidence == pytest.approx(edge.threshold + 1 / math.log(10))
    assert alarm.exported == pytest.approx(edge.threshold)
    assert not alarms.drain()


def test_a_latch_is_seen_through_an_average_of_replicas() -> None:
    """The logarithm of the average of powers of ten is not below the threshold by a rounding error."""
    for years in range(1, 200):
        alarms = Alarms("m", {PAGE: years * 525_600.0, TICKET: WEEK}, ALARMS)
        alarm = alarms["ModelLossIncreased"]
        alarm.fire(0.0, 0, onset=None)
        threshold = alarm.threshold / math.log(10)
        assert math.log10((10**alarm.exported + 10**alarm.exported + 10**alarm.exported) / 3) >= threshold
        assert alarm.exported == pytest.approx(threshold, abs=1e-5)


def test_resolving_is_an_edge_and_starts_the_bets_again() -> None:
    """The latch opens, the names go, and whoever owns the bets is told; resolving twice is nothing."""
    alarms = _alarms()
    alarm = alarms["ModelFeatureDrift"]
    restarted = []
    alarm.restart = lambda: restarted.append(True)
    alarm.fire(100.0, 7, onset=50.0, features=["age"], certainty="suspected")
    alarm.resolve(300.0, 99)
    alarm.resolve(400.0, 100)
    fired, resolved = alarms.drain()
    assert (fired.firing, resolved.firing) == (True, False)
    assert (resolved.time, resolved.record, resolved.features, resolved.onset) == (300.0, 99, ("age",), 50.0)
    assert restarted == [True]
    assert (alarm.active, alarm.features, alarm.certainty, alarm.onset, alarm.since) == (False, (), "", None, None)


def test_a_person_releases_all_latches() -> None:
    """The answer names those that were closed."""
    alarms = _alarms()
    alarms["ModelLossIncreased"].fire(1.0, 1, onset=None)
    alarms["ModelFeatureDrift"].fire(1.0, 1, onset=None)
    assert alarms.rearm(2.0, 2) == ["ModelLossIncreased", "ModelFeatureDrift"]
    assert alarms.rearm(3.0, 3) == []
    assert not any(alarm.active for alarm in alarms.by_alert.values())


def test_samples() -> None:
    """Every alarm is exported from the start; what a latched one is about is there while it is latched."""
    alarms = _alarms()
    quiet = Exposition.of(alarms.collect())
    assert {bool(value) for value in quiet.by("alert", "model_alert_active", model="m").values()} == {False}
    assert quiet.by("alert", "model_alert_active", model="m").keys() == {spec.alert for spec in ALARMS}
    labels = {"model": "m", "alert": "ModelInputBroken", "severity": PAGE}
    assert quiet("model_alert_evidence_threshold_log10", **labels) == pytest.approx(math.log10(SHARES[PAGE] * YEARS))
    assert quiet.get("model_alert_onset_timestamp_seconds", **labels) is None
    alarms["ModelInputBroken"].fire(100.0, 7, onset=50.0, features=["age", "city"], certainty="named")
    loud = Exposition.of(alarms.collect())
    assert loud("model_alert_active", **labels) == 1
    assert loud("model_alert_onset_timestamp_seconds", **labels) == 50
    assert loud("model_alerts_fired_total", **labels) == 1
    assert loud("model_alert_feature", feature="city", certainty="named", **labels) == 1
    threshold = loud("model_alert_evidence_threshold_log10", **labels)
    assert threshold < loud("model_alert_evidence_log10", **labels) < threshold + 1e-5


def test_alarms_go_on_from_their_snapshot() -> None:
    """Latches stay closed, and nothing is told twice."""
    first, second = _alarms(), _alarms()
    first["ModelInputBroken"].evidence = 20.0
    first["ModelInputBroken"].fire(100.0, 7, onset=50.0, features=["age"], certainty="named")
    second.restore(first.snapshot())
    assert not second.drain()
    assert second.snapshot() == first.snapshot()
    assert Exposition.of(second.collect()).samples == Exposition.of(first.collect()).samples
    second["ModelInputBroken"].resolve(200.0, 9)
    assert [edge.firing for edge in second.drain()] == [False]


@pytest.mark.parametrize(
    ("natural", "log10"), [(0.0, 0.0), (math.log(1_000), 3.0), (1e9, 300.0), (-math.inf, -300.0), (math.inf, 300.0)]
)
def test_exports_are_finite_powers_of_ten(natural: float, log10: float) -> None:
    """Prometheus raises ten to them, to average replicas."""
    assert clamped_log10(natural) == pytest.approx(log10)


def _history() -> AlarmHistory:
    history = AlarmHistory()
    history.begin(100, 1_000.0)
    history.name(100, ("age",))
    history.name(150, ("age", "income"))
    history.end(300, 5_000.0)
    history.begin(400, 6_000.0)
    history.name(400, ("country",))
    return history


def test_names_are_those_of_the_records() -> None:
    """What was in force at the first record and what came up to the last one, in order; nothing between episodes."""
    history = _history()
    assert history.told_over(0, 99) == []
    assert history.told_over(100, 100) == [(100, ("age",))]
    assert history.told_over(120, 160) == [(120, ("age",)), (150, ("age", "income"))]
    assert history.told_over(200, 250) == [(200, ("age", "income"))]
    assert history.told_over(300, 399) == [(300, ())]
    assert [record for record, _ in history.told_over(0, 1_000)] == [100, 150, 300, 400]


def test_an_episode_covers_predictions_from_its_onset_to_its_end() -> None:
    """But only for one who knows of it: at a record before the alarm there was none, before its end it was not over."""
    history = _history()
    time = np.array([999.0, 1_000.0, 3_000.0, 5_000.0, 5_500.0, 6_000.0, 9_000.0])
    late = np.full(len(time), 500)
    assert history.covers(time, late).tolist() == [False, True, True, True, False, True, True]
    assert not history.covers(time, np.full(len(time), 99)).any()
    assert history.covers(time, np.full(len(time), 299)).tolist() == [False, True, True, True, True, True, True]
    assert history.covers(time, np.full(len(time), 399)).tolist() == [False, True, True, True, False, False, False]


def test_little_is_remembered() -> None:
    """Whatever happens for years, the oldest goes."""
    history = AlarmHistory()
    for episode in range(200):
        history.begin(episode, float(episode))
        history.name(episode, (f"feature {episode}",))
        history.end(episode, episode + 0.5)
    state = history.snapshot()
    assert (len(state["told"]), len(state["episodes"])) == (100, 20)
    assert history.covers(np.array([10.0, 190.0]), np.full(2, 500)).tolist() == [False, True]


def test_an_episode_of_an_older_snapshot_is_over() -> None:
    """Its last record was not written down: outcomes behind its end are evidence again, those within are not."""
    history = AlarmHistory()
    history.restore({"told": [], "episodes": [[100, 1_000.0, 2_000.0]]})
    assert history.covers(np.array([1_500.0, 3_000.0]), np.array([200, 200])).tolist() == [True, False]
    history.restore({"told": [], "episodes": [[100, 1_000.0, math.inf]]})
    assert history.covers(np.array([1_500.0, 3_000.0]), np.array([200, 200])).tolist() == [True, True]


def test_it_goes_on_from_a_snapshot() -> None:
    """An open episode is still open."""
    history = AlarmHistory()
    history.restore(_history().snapshot())
    assert history.snapshot() == _history().snapshot()
    assert history.told_over(400, 500) == [(400, ("country",))]
    assert history.covers(np.array([1e9]), np.array([500])).all()
