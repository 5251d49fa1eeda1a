from __future__ import annotations

import math

import attrs
import numpy as np
import pytest

from model_drift_exporter.evidence.alarms import Alarm, Transition
from model_drift_exporter.evidence.decisions import AlarmDecision, UpdateSpan, Verdict
from model_drift_exporter.evidence.evidence_state import EvidenceState
from model_drift_exporter.evidence.schedule import Updates
from model_drift_exporter.evidence.seasonal_bets import SeasonalBets
from model_drift_exporter.evidence.settings import EvidenceSettings
from model_drift_exporter.evidence.targets import BetLayout
from tests.evidence.streams import START, profile

THRESHOLD = math.log(1e4)
FEATURES = ("n0", "n1", "n2", "n3", "country")


@attrs.define(eq=False)
class Desk:
    """One follower with everything around it; ``gains`` are the log e of each feature's bets at each update."""

    decision: AlarmDecision
    state: EvidenceState
    edges: list[Transition]
    time: float = START

    @classmethod
    def new(cls) -> Desk:
        reference = profile(4)
        bets = SeasonalBets(reference, range(len(reference.columns)), EvidenceSettings())
        layout = BetLayout(reference.columns, bets.pooled, 0.05)
        target = next(target for target in layout.targets() if target.alert == "ModelFeatureMissingValues")
        edges: list[Transition] = []
        alarm = Alarm(target.alert, "ticket", "m", THRESHOLD, report=edges.append)
        return cls(AlarmDecision(alarm, target, layout), EvidenceState.new(layout.size), edges)

    def span(self, gains: np.ndarray[tuple[int, int], np.dtype[np.float64]], *, inside: bool = True) -> UpdateSpan:
        target, size = self.decision.target, len(self.state.log_m)
        log_e = np.zeros((len(gains), size))
        for update, row in enumerate(gains):
            log_e[update, target.places] = row[:, None]
        begun = self.time + 600.0 * np.arange(len(gains), dtype=np.float64)
        nothing = np.zeros(len(gains))
        updates = Updates(
            begun + 600.0, begun, nothing, np.arange(len(gains)), nothing, nothing, np.zeros(0, dtype=int)
        )
        records = np.full((len(gains), size), 1_000.0)
        sums = records * (-0.1 if inside else 1.0)
        evidence = self.state.after(log_e, np.full(len(gains), np.log(0.25)), begun)
        return UpdateSpan(updates, evidence, 0, lambda: (records, sums))

    def run(self, *rows: tuple[float, ...], inside: bool = True) -> Verdict:
        gains = np.array(rows, dtype=np.float64)
        span = self.span(gains, inside=inside)
        verdict = self.decision.verdict(span, len(gains))
        self.decision.fire(verdict, span)
        self.state.take(span.evidence, len(gains) - 1)
        self.decision.follow(verdict, span)
        self.time += 600.0 * len(gains)
        return verdict


QUIET = (-2.0,) * 5


def only(position: int, gain: float) -> tuple[float, ...]:
    return tuple(gain if index == position else -2.0 for index in range(5))


def test_little_evidence_leaves_the_latch_open() -> None:
    """Its evidence is told all the same."""
    desk = Desk.new()
    verdict = desk.run(QUIET, only(1, 5.0))
    assert (verdict.fires, desk.edges) == (None, [])
    assert desk.decision.alarm.evidence == pytest.approx(np.log(np.exp(5.0) * 0.25 / 5), abs=0.02)
    assert desk.decision.snapshot() is None


def test_the_latch_closes_at_the_exact_update_and_names_the_feature() -> None:
    """With the onset of its evidence: the update before the one with which it began."""
    desk = Desk.new()
    desk.run(QUIET, only(1, 6.0), only(1, 8.0), QUIET)
    (edge,) = desk.edges
    assert (edge.time, edge.record, edge.onset) == (START + 1_800.0, 2, START + 600.0)
    assert (edge.features, edge.certainty) == (("n1",), "named")
    assert edge.evidence >= edge.threshold


def test_where_nobody_can_be_named_the_top_three_are_suspected() -> None:
    """The average is over the threshold by three features, none of which reaches what e-d-BH asks of it."""
    desk = Desk.new()
    desk.run(QUIET, (*(math.log(4e4 * times) for times in (2.4, 1.2, 1.6)), -2.0, -2.0))
    (edge,) = desk.edges
    assert (edge.features, edge.certainty) == (("n0", "n2", "n1"), "suspected")


def test_features_that_follow_are_added_while_latched() -> None:
    """Also across stretches; those suspected before are replaced by those named."""
    desk = Desk.new()
    desk.run(only(2, 14.0), only(2, 1.0), inside=False)
    before = desk.decision.alarm.features
    desk.run(QUIET, only(0, 16.0), QUIET, inside=False)
    assert (before, desk.decision.alarm.features) == (("n2",), ("n2", "n0"))
    assert len(desk.edges) == 1


def test_three_blocks_inside_open_the_latch() -> None:
    """The course says at which update; blocks outside do not count."""
    desk = Desk.new()
    desk.run(only(2, 14.0), inside=False)
    assert desk.run(QUIET, QUIET, QUIET, QUIET, inside=False).recovers is None
    assert desk.run(QUIET, QUIET).recovers is None
    assert desk.run(QUIET, QUIET).recovers == 0


def test_a_course_changes_nothing() -> None:
    """It may be looked at twice: first to find where something recovers, then up to there."""
    desk = Desk.new()
    desk.run(only(2, 14.0), inside=False)
    span = desk.span(np.array([QUIET] * 4))
    first = desk.decision.verdict(span, 4)
    assert first.recovers == 2
    again = desk.decision.verdict(span, 3)
    assert (again.recovers, len(again.evidence)) == (2, 3)


def test_a_latch_without_state_watches_what_it_names() -> None:
    """After a restart that lost the monitor's part of the snapshot it recovers like any other."""
    desk = Desk.new()
    desk.decision.alarm.fire(START, 0, onset=START, features=["n1"], certainty="named")
    assert desk.run(QUIET, QUIET, inside=False).recovers is None
    assert (desk.decision.alarm.features, desk.decision.alarm.certainty) == (("n1",), "named")
    assert desk.run(QUIET, QUIET, QUIET).recovers == 2


def test_state_of_other_features_is_refused() -> None:
    """A position beyond the members, or blocks of another size."""
    desk = Desk.new()
    desk.run(only(4, 14.0), inside=False)
    state = desk.decision.snapshot()
    assert state is not None
    fresh = Desk.new()
    with pytest.raises(ValueError, match="other features"):
        fresh.decision.restore({**state, "named": [7]}, fresh.state.log_m)
    with pytest.raises(ValueError, match="reshape"):
        fresh.decision.restore({**state, "blocks": {**state["blocks"], "sums": [1.0]}}, fresh.state.log_m)
