from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

import attrs
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from model_drift_exporter.evidence import decisions
from model_drift_exporter.evidence.alarms import Alarm, Transition
from model_drift_exporter.evidence.decisions import AlarmDecision, DecisionLoop
from model_drift_exporter.evidence.evidence_state import EvidenceState
from model_drift_exporter.evidence.recovery import RecoveryBlocks, Usual
from model_drift_exporter.evidence.schedule import UpdateTimes
from model_drift_exporter.evidence.seasonal_bets import SeasonalBets
from model_drift_exporter.evidence.settings import EvidenceSettings
from model_drift_exporter.evidence.targets import BetLayout
from tests.evidence.streams import START, profile

THRESHOLD = math.log(1e4)
FEATURES = ("n0", "n1", "n2", "n3", "country")


@attrs.define(eq=False)
class Desk:
    """One decision with everything around it; rows are the log e of each feature's bets at each update."""

    decision: AlarmDecision
    state: EvidenceState
    loop: DecisionLoop
    edges: list[Transition]
    time: float = START
    record: int = 0

    @classmethod
    def new(cls) -> Desk:
        reference = profile(4)
        bets = SeasonalBets(reference, range(len(reference.columns)), EvidenceSettings())
        layout = BetLayout(reference.columns, bets.pooled, 0.05)
        target = next(target for target in layout.targets() if target.alert == "ModelFeatureMissingValues")
        edges: list[Transition] = []
        alarm = Alarm(target.alert, "ticket", "m", THRESHOLD, report=edges.append)
        spreads, needed = layout.spreads[target.directions], layout.needed[target.directions]
        blocks = RecoveryBlocks(np.zeros_like(spreads), spreads, needed)
        decision = AlarmDecision(alarm, target, blocks)
        state = EvidenceState.new(layout.size)
        return cls(decision, state, DecisionLoop(state, [decision]), edges)

    def run(self, *rows: tuple[float, ...], inside: bool | Sequence[bool] = True) -> list[int]:
        """The updates at which the latch closes or opens; ``inside`` says of each whether it is as in the reference."""
        target, size, number = self.decision.target, len(self.state.log_m), len(rows)
        log_e = np.zeros((number, size))
        for update, row in enumerate(rows):
            log_e[update, target.places] = np.array(row)[:, None]
        begun = self.time + 600.0 * np.arange(number, dtype=np.float64)
        records = np.full((number, size), 1_000.0)
        sums = records * np.where(np.broadcast_to(inside, number), -0.1, 1.0)[:, None]
        minutes = np.full(number, np.log(0.25))
        told = len(self.edges)
        times = UpdateTimes(begun + 600.0, begun, minutes, self.record + np.arange(number))
        self.loop.advance(log_e, times, lambda: (records, sums))
        edges = [round((edge.time - self.time) / 600.0) - 1 for edge in self.edges[told:]]
        self.time += 600.0 * number
        self.record += number
        return edges


QUIET = (-2.0,) * 5


def only(position: int, gain: float) -> tuple[float, ...]:
    return tuple(gain if index == position else -2.0 for index in range(5))


def test_little_evidence_leaves_the_latch_open() -> None:
    """Its evidence is told all the same."""
    desk = Desk.new()
    assert desk.run(QUIET, only(1, 5.0)) == []
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
    """At the update that ends the third one; blocks outside do not count."""
    desk = Desk.new()
    assert desk.run(only(2, 14.0), inside=False) == [0]
    assert desk.run(QUIET, QUIET, QUIET, QUIET, inside=False) == []
    assert desk.run(QUIET, QUIET) == []
    assert desk.run(QUIET, QUIET) == [0]


def test_a_latch_closes_opens_and_closes_within_one_batch() -> None:
    """Evidence begins anew behind recovery: the second onset is that of the second event."""
    rows = [only(2, 14.0), *[QUIET] * 3, QUIET, only(0, 14.0), *[QUIET] * 3]
    desk = Desk.new()
    assert desk.run(*rows) == [0, 3, 5, 8]
    again = desk.edges[2]
    assert (again.features, again.onset) == (("n0",), START + 5 * 600.0)
    parts = Desk.new()
    for row in rows:
        parts.run(row)
    assert parts.edges == desk.edges


def test_a_second_rise_is_told_while_the_latch_is_held() -> None:
    """One block is inside, then another feature rises: told with its own onset and name, and recovery begins anew."""
    desk = Desk.new()
    assert desk.run(only(2, 14.0), QUIET, inside=False) == [0]
    assert desk.run(QUIET) == []
    assert desk.run(only(0, 7.0), only(0, 7.0), inside=False) == [1]
    first, second = desk.edges
    assert (first.rise, first.features, second.rise, second.features) == (1, ("n2",), 2, ("n0",))
    assert (second.firing, second.onset) == (True, START + 3 * 600.0)
    assert desk.decision.alarm.features == ("n0",)
    assert desk.run(*[QUIET] * 6) == [5]
    assert desk.edges[-1].firing is False


def test_a_second_rise_needs_all_the_evidence_of_a_first_one() -> None:
    """What the first rise has left does not count, nor what came before the block that was inside."""
    desk = Desk.new()
    desk.run(only(2, 300.0), QUIET, inside=False)
    desk.run(QUIET)
    assert desk.run(only(2, 8.0), inside=False) == []
    assert desk.run(only(2, 8.0), inside=False) == [0]


def test_what_never_went_away_is_told_once() -> None:
    """Without a block inside, however much evidence comes."""
    desk = Desk.new()
    assert desk.run(only(2, 14.0), *[only(2, 3.0)] * 30, inside=False) == [0]
    assert len(desk.edges) == 1


def test_a_third_rise_needs_another_block_inside() -> None:
    """Recovery after the second rise starts anew, and so does the watch for the next one."""
    desk = Desk.new()
    desk.run(only(2, 14.0), QUIET, inside=False)
    desk.run(QUIET)
    assert desk.run(only(2, 14.0), only(2, 14.0), only(2, 14.0), inside=False) == [0]
    desk.run(QUIET)
    assert desk.run(only(1, 14.0), inside=False) == [0]
    assert [edge.rise for edge in desk.edges] == [1, 2, 3]


def test_where_the_first_block_is_inside_a_second_one_must_be() -> None:
    """Nothing shows then how large the rise was that must be over."""
    rises = []
    for quiet in (1, 2):
        desk = Desk.new()
        desk.run(only(2, 14.0), inside=False)
        desk.run(*[QUIET] * quiet)
        desk.run(only(1, 14.0), inside=False)
        rises.append([edge.rise for edge in desk.edges])
    assert rises == [[1], [1, 2]]


def test_the_alarm_tells_how_many_records_are_usual() -> None:
    """Through its decision, while the latch is closed and a block was inside."""
    desk = Desk.new()
    desk.run(only(2, 14.0), inside=False)
    found = []
    for rows in ([], [QUIET], [QUIET, QUIET]):
        desk.run(*rows)
        found.append(desk.decision.alarm.usual)
    began = desk.time - 3 * 600.0
    assert found == [None, Usual(1_000, 1_000, began + 3 * 600.0), None]


def test_a_snapshot_of_before_watches_for_a_second_rise_where_a_block_was_inside() -> None:
    """0.1.0 stored no evidence of one: it begins at 1 where the process goes on."""
    desk = Desk.new()
    desk.run(only(2, 14.0), QUIET, inside=False)
    desk.run(QUIET)
    state = desk.loop.snapshot()
    del state["alarms"][desk.decision.target.alert]["again"]
    other = Desk.new()
    other.decision.alarm.active = True
    other.loop.restore(state)
    assert other.run(only(0, 14.0), inside=False) == [0]


_UPDATES = st.lists(
    st.tuples(st.sampled_from([QUIET, QUIET, QUIET, only(1, 14.0), only(0, 9.0), (3.0,) * 5]), st.booleans()),
    max_size=40,
)


@given(_UPDATES, st.sampled_from([1, 3, 64]), st.integers(1, 40))
@settings(max_examples=60, deadline=None)
def test_updates_are_passed_over_as_if_each_was_looked_at(
    updates: list[tuple[tuple[float, ...], bool]], ahead: int, size: int
) -> None:
    """Edges, names, evidence and blocks are those of one update after the other."""
    desks = Desk.new(), Desk.new()
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(decisions, "_AHEAD", ahead)
        _feed(desks[0], updates, size)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(AlarmDecision, "quiet", lambda *_: 0)
        _feed(desks[1], updates, size)
    assert desks[0].edges == desks[1].edges
    np.testing.assert_equal(desks[0].loop.snapshot(), desks[1].loop.snapshot())
    alarms = [desk.decision.alarm for desk in desks]
    assert alarms[0].features == alarms[1].features
    assert alarms[0].evidence == alarms[1].evidence


def _feed(desk: Desk, updates: Sequence[Any], size: int) -> None:
    for first in range(0, len(updates), size):
        rows, inside = zip(*updates[first : first + size], strict=True)
        desk.run(*rows, inside=inside)


def test_what_remembers_is_told_where_evidence_begins_anew() -> None:
    """At recovery with the update behind it, if there is one; when a person opens the latch; never while it is closed."""
    desk, forgotten, again = Desk.new(), [], []
    target = desk.decision.target
    loop = DecisionLoop(desk.state, [desk.decision], lambda each: forgotten.append(each.alert))
    log_e = np.zeros((6, len(desk.state.log_m)))
    log_e[0, target.places] = 14.0
    begun = START + 600.0 * np.arange(6.0)
    excess = np.full(log_e.shape, 1_000.0), np.full(log_e.shape, -100.0)
    times = UpdateTimes(begun + 600.0, begun, np.zeros(6), np.arange(6))
    loop.advance(log_e, times, lambda: excess, lambda first, _: again.append(first))
    assert (forgotten, again) == ([target.alert], [4])
    desk.decision.alarm.fire(0.0, 0, onset=None)
    desk.decision.alarm.resolve(0.0, 0)
    assert (forgotten, again) == ([target.alert] * 2, [4])


def test_a_latch_without_state_watches_what_it_names() -> None:
    """After a restart that lost the monitor's part of the snapshot it recovers like any other."""
    desk = Desk.new()
    desk.decision.alarm.fire(START, 0, onset=START, features=["n1"], certainty="named")
    assert desk.run(QUIET, QUIET, inside=False) == []
    assert (desk.decision.alarm.features, desk.decision.alarm.certainty) == (("n1",), "named")
    assert desk.run(QUIET, QUIET, QUIET) == [2]


def test_a_latch_about_what_is_gone_watches_everything() -> None:
    """It names a feature that the reference has no longer, and its own state is lost: it recovers all the same."""
    desk = Desk.new()
    desk.decision.alarm.fire(START, 0, onset=START, features=["gone"], certainty="named")
    assert desk.run(*[QUIET] * 4, inside=False) == []
    assert desk.decision.alarm.features == ("gone",)
    assert len(desk.run(*[QUIET] * 4)) == 1


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
