"""Latches of one model: what they export, the edges they make, and the budget they share."""

from __future__ import annotations

import math

import attrs
import pytest

from model_drift_exporter.evidence.alarms import Alarms, clamped_log10
from model_drift_exporter.evidence.recovery import Usual
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


def test_a_second_rise_is_told_with_an_onset_and_names_of_its_own() -> None:
    """The latch has been closed all the time: no end is told, the count goes up, and opening sets it back."""
    alarms = _alarms()
    alarm = alarms["ModelFeatureDrift"]
    alarm.fire(100.0, 7, onset=50.0, features=["age"], certainty="named")
    alarm.lapse(300.0, 99)
    alarm.fire(300.0, 99, onset=250.0, features=["size"], certainty="suspected")
    first, second = alarms.drain()
    assert [(each.firing, each.rise, each.features, each.onset) for each in (first, second)] == [
        (True, 1, ("age",), 50.0),
        (True, 2, ("size",), 250.0),
    ]
    labels = {"model": "m", "alert": "ModelFeatureDrift", "severity": TICKET}
    shown = Exposition.of(alarms.collect())
    assert (shown("model_alert_rise", **labels), shown("model_alerts_fired_total", **labels)) == (2.0, 2.0)
    other = _alarms()
    other.restore(alarms.snapshot())
    assert other["ModelFeatureDrift"].rise == 2
    alarm.resolve(400.0, 120)
    (over,) = alarms.drain()
    assert (over.firing, over.rise) == (False, 2)
    assert Exposition.of(alarms.collect())("model_alert_rise", **labels) == 0.0


def test_a_latch_of_an_older_snapshot_has_risen_once() -> None:
    """0.1.0 did not count rises."""
    alarms, other = _alarms(), _alarms()
    alarms["ModelFeatureDrift"].fire(100.0, 7, onset=50.0)
    state = {
        alert: {key: value for key, value in saved.items() if key != "rise"}
        for alert, saved in alarms.snapshot().items()
    }
    other.restore(state)
    assert {alarm.alert: alarm.rise for alarm in other.by_alert.values() if alarm.rise} == {"ModelFeatureDrift": 1}


def test_being_back_to_usual_is_exported_while_the_latch_is_closed() -> None:
    """Records that are usual, those still needed and the time are absent otherwise."""
    alarms = _alarms()
    alarm = alarms["ModelFeatureDrift"]
    labels = {"model": "m", "alert": "ModelFeatureDrift", "severity": TICKET}
    names = ("usual_observations", "held_observations", "held_until_timestamp_seconds")

    def shown() -> list[float | None]:
        found = Exposition.of(alarms.collect())
        return [found.get(f"model_alert_{name}", **labels) for name in names]

    known: Usual | None = Usual(1_240, 760, None)
    alarm.held = lambda: known
    assert shown() == [None, None, None]
    alarm.fire(100.0, 7, onset=50.0)
    assert shown() == [1_240.0, 760.0, None]
    known = Usual(1_240, 0, 5_000.0)
    assert shown() == [1_240.0, 0.0, 5_000.0]
    known = None
    assert shown() == [None, None, None]


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
