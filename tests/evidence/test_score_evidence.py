from __future__ import annotations

import math
from itertools import pairwise
from typing import Any

import numpy as np
import numpy.typing as npt
import pytest
from hypothesis import given
from hypothesis import strategies as st

from model_drift_exporter.errors import StateError
from model_drift_exporter.evidence.alarms import Alarms, Transition
from model_drift_exporter.evidence.recovery import RecoveryBlocks
from model_drift_exporter.evidence.score_evidence import ScoreEvidence
from model_drift_exporter.evidence.settings import EvidenceSettings
from model_drift_exporter.monitors import ALARMS
from model_drift_exporter.statistics.betting.score_bets import ScoreBets

Array = npt.NDArray[np.float64]


def _made(components: int = 1, mean: float = 0.1, outcomes: int = 10) -> tuple[ScoreEvidence, Alarms]:
    alarms = Alarms("m", EvidenceSettings().budgets, ALARMS)
    bets = [ScoreBets(mean, math.sqrt(mean * (1 - mean)), 10_000, binary=True) for _ in range(components)]
    alarm = alarms["ModelLossIncreased"]
    return ScoreEvidence(bets, outcomes, alarm, lambda _first, _last: ["x"]), alarms


def _observe(evidence: ScoreEvidence, losses: Array, first: int = 0, last: int | None = None) -> None:
    """Outcomes a minute apart, that mature after an hour; prediction lines 100 ahead."""
    place = np.arange(losses.shape[1], dtype=np.int64)[first:last]
    time: Array = place.astype(np.float64) * 60
    evidence.observe(time, time + 3_600, place + 100, losses[:, first:last])


def _errors(*parts: tuple[int, float], seed: int = 1) -> Array:
    generator = np.random.default_rng(seed)
    return np.concatenate([generator.random(size) < rate for size, rate in parts]).astype(np.float64)[None]


def _edges(alarms: Alarms) -> list[Transition]:
    return alarms.drain()


def test_a_doubled_error_pages_with_its_onset_and_resolves_after_it() -> None:
    """One page within some 700 outcomes, onset near the change; resolved when the error has come back, and quiet after."""
    evidence, alarms = _made()
    _observe(evidence, _errors((3_000, 0.1), (2_000, 0.2), (8_000, 0.1)))
    fired, resolved = _edges(alarms)
    assert (fired.firing, resolved.firing) == (True, False)
    assert 3_000 * 60 <= fired.time - 3_600 <= 3_700 * 60
    assert fired.onset is not None
    assert abs(fired.onset / 60 - 3_000) <= 100
    assert fired.record == fired.time / 60 - 60 + 100
    assert (fired.features, fired.certainty) == (("x",), "suspected")
    assert fired.evidence >= fired.threshold
    assert 5_000 * 60 <= resolved.time - 3_600 <= 10_000 * 60
    assert not alarms["ModelLossIncreased"].active
    assert evidence.updates == 1_300


def test_a_steady_error_stays_quiet() -> None:
    """At the reference's rate, for 200,000 outcomes, the evidence never comes near the threshold."""
    evidence, alarms = _made()
    highest = -math.inf
    losses = _errors((200_000, 0.1))
    for first in range(0, 200_000, 5_000):
        _observe(evidence, losses, first, first + 5_000)
        highest = max(highest, alarms["ModelLossIncreased"].evidence)
    assert _edges(alarms) == []
    assert highest < alarms["ModelLossIncreased"].threshold - math.log(1_000)


def test_one_alarm_for_one_event() -> None:
    """While latched nothing fires again, however long it lasts."""
    evidence, alarms = _made()
    _observe(evidence, _errors((1_000, 0.1), (30_000, 0.3)))
    assert [edge.firing for edge in _edges(alarms)] == [True]
    assert alarms["ModelLossIncreased"].active


def test_a_second_rise_is_told_while_the_first_is_held() -> None:
    """The error is back to usual, yet the page is held; then it rises again: a new page with an onset of its own."""
    evidence, alarms = _made(mean=0.15)
    losses = _errors((2_000, 0.15), (3_000, 0.45), (2_200, 0.15), (600, 0.45), (6_000, 0.15))
    _observe(evidence, losses, 0, 7_200)
    (first,) = _edges(alarms)
    usual = alarms["ModelLossIncreased"].usual
    assert usual is not None
    assert 1_000 <= usual.observations <= 2_200
    assert usual.observations + usual.more == 3_000
    _observe(evidence, losses, 7_200)
    second, over = _edges(alarms)
    assert [(each.firing, each.rise) for each in (first, second, over)] == [(True, 1), (True, 2), (False, 2)]
    assert second.onset is not None
    assert 7_100 <= second.onset / 60 - 60 <= 7_300


def test_a_rise_that_pauses_for_less_than_a_block_is_one() -> None:
    """Fifty usual outcomes in the midst of it are no end of it."""
    evidence, alarms = _made(mean=0.15)
    _observe(evidence, _errors((1_000, 0.15), (2_000, 0.45), (50, 0.0), (2_000, 0.45)))
    assert [edge.rise for edge in _edges(alarms)] == [1]


@pytest.mark.parametrize("seed", range(5))
def test_a_small_lasting_rise_is_told_once(seed: int) -> None:
    """Just beyond what is tolerated, for 60,000 outcomes."""
    evidence, alarms = _made()
    _observe(evidence, _errors((1_000, 0.1), (60_000, 0.15), seed=seed))
    assert [(edge.firing, edge.rise) for edge in _edges(alarms)] == [(True, 1)]


def test_a_score_of_either_sign_tells_a_fall_by_a_second_score() -> None:
    """As calibration needs it: outcomes less their predicted probability, whose mean is 0, and the same turned over."""
    alarms = Alarms("m", EvidenceSettings().budgets, ALARMS)
    bets = [ScoreBets(0.0, 0.4, 10_000, tolerance=0.02, relative_tolerance=0.0, lower=-1.0) for _ in range(2)]
    evidence = ScoreEvidence(bets, 20, alarms["ModelLossIncreased"], meaning="calibration")
    random = np.random.default_rng(1)
    predicted = random.uniform(0.1, 0.9, 8_000)
    calm = np.arange(8_000) < 4_000
    residual = (random.random(8_000) < np.where(calm, predicted, 0.6 * predicted)) - predicted
    _observe(evidence, np.stack([residual, -residual]))
    (fired,) = _edges(alarms)
    assert 4_000 <= fired.record - 100 <= 4_500
    assert (fired.firing, fired.features, fired.certainty) == (True, (), "")
    assert evidence.members[1] > fired.threshold * math.log(10) > evidence.members[0]


def test_time_between_updates_counts() -> None:
    """An e-CUSUM forgets down to the minutes since the update before, a day's at most."""
    for step, floor in ((6.0, 1.0), (3_600.0, 600.0), (86_400.0, 1_440.0), (1e-4, 1e-3 / 60)):
        evidence, _ = _made()
        time: Array = np.arange(5_000.0) * np.float64(step)
        losses = np.zeros((1, 5_000))
        evidence.observe(time, time, np.arange(5_000), losses)
        bets = ScoreBets(0.1, 0.3, 10_000, binary=True)
        after = math.log(floor) + 10 * bets.log_e(np.zeros(1))[0]
        expected = np.logaddexp.reduce(after + np.log(bets.weights))
        assert evidence.members[0] == pytest.approx(expected, abs=2e-3)


def test_outcomes_of_one_moment_count_no_more_than_its_time() -> None:
    """Ten thousand outcomes that mature together are a thousand updates, of which each had a second once."""
    evidence, _ = _made()
    time: Array = np.repeat([0.0, 86_400.0], 10_000)
    evidence.observe(time, time, np.arange(20_000), np.zeros((1, 20_000)))
    bets = ScoreBets(0.1, 0.3, 10_000, binary=True)
    after = 1_000 * 10 * bets.log_e(np.zeros(1))[0] + math.log(1_440.0)
    floor = (1_000 - 86) * 10 * bets.log_e(np.zeros(1))[0] + math.log(1 / 60)
    expected = np.logaddexp.reduce(np.maximum(after, floor) + np.log(bets.weights))
    assert evidence.members[0] == pytest.approx(expected, rel=0.01)


@pytest.mark.slow
@given(
    places=st.lists(st.integers(0, 3_100), max_size=12),
    seed=st.integers(0, 5),
    stops=st.sets(st.integers(0, 12), max_size=3),
)
def test_batches_and_restarts_do_not_matter(places: list[int], seed: int, stops: set[int]) -> None:
    """However outcomes come in batches, and wherever the process stops and goes on from its snapshot: the same edges."""
    parts_of = ((200, 0.5), (200, 0.95), (1_000, 0.3), (200, 0.95), (1_500, 0.3))
    losses = np.concatenate([_errors(*parts_of, seed=seed + side) for side in (0, 9)])
    losses[1, ::3] = np.nan
    whole, alarms = _made(2, mean=0.5)
    _observe(whole, losses)
    parts, other = _made(2, mean=0.5)
    ends = [0, *sorted(places), losses.shape[1]]
    for place, (first, last) in enumerate(pairwise(ends)):
        _observe(parts, losses, first, last)
        if place in stops:
            state, latches, edges = parts.snapshot(), other.snapshot(), other.transitions
            parts, other = _made(2, mean=0.5)
            other.restore(latches)
            other.transitions = edges
            parts.restore(state)
    edges = _edges(alarms)
    assert [edge.rise for edge in edges if edge.firing] == [1, 2]
    assert _edges(other) == edges
    assert other.snapshot() == alarms.snapshot()
    np.testing.assert_equal(parts.snapshot(), whole.snapshot())


def test_re_arming_starts_anew() -> None:
    """A person releases the latch: evidence is 1 again, and lasting harm pages again."""
    evidence, alarms = _made()
    losses = _errors((3_000, 0.4))
    _observe(evidence, losses, 0, 1_000)
    assert alarms["ModelLossIncreased"].active
    assert alarms.rearm(0.0, 0) == ["ModelLossIncreased"]
    assert evidence.members[0] == pytest.approx(0.0)
    _observe(evidence, losses, 1_000)
    first, released, again = _edges(alarms)
    assert [first.firing, released.firing, again.firing] == [True, False, True]
    assert again.onset is not None
    assert 1_000 * 60 <= again.onset <= 1_100 * 60


def test_only_what_the_alarm_is_about_must_recover() -> None:
    """With evidence on two losses of which one has risen, the other one's blocks are not waited for."""
    evidence, alarms = _made(2)
    steady = np.full((1, 12_000), np.nan)
    steady[0, :500] = 0.0  # its outcomes have ceased
    _observe(evidence, np.concatenate([_errors((500, 0.1), (1_000, 0.4), (10_500, 0.05)), steady]))
    assert [edge.firing for edge in _edges(alarms)] == [True, False]


def test_names_that_come_later_are_added() -> None:
    """Features suspected while the page is active belong to it."""
    names: list[str] = []
    alarms = Alarms("m", EvidenceSettings().budgets, ALARMS)
    bets = ScoreBets(0.1, 0.3, 10_000, binary=True)
    evidence = ScoreEvidence([bets], 10, alarms["ModelLossIncreased"], lambda _first, _last: names)
    losses = _errors((3_000, 0.4))
    _observe(evidence, losses, 0, 1_000)
    assert not alarms["ModelLossIncreased"].features
    names.append("age")
    _observe(evidence, losses, 1_000, 2_000)
    names[:] = ["height"]
    _observe(evidence, losses, 2_000)
    assert alarms["ModelLossIncreased"].features == ("age", "height")
    assert alarms["ModelLossIncreased"].certainty == "suspected"


def test_a_latch_without_its_evidence_recovers_all_the_same() -> None:
    """If only the latch survived a restart, it is resolved by blocks of every loss."""
    _, old = _made()
    old["ModelLossIncreased"].evidence = old["ModelLossIncreased"].threshold
    old["ModelLossIncreased"].fire(0.0, 0, onset=0.0)
    evidence, alarms = _made()
    alarms.restore(old.snapshot())
    _observe(evidence, _errors((6_000, 0.08)))
    assert [edge.firing for edge in _edges(alarms)] == [False]


def _blocks(directions: int) -> dict[str, Any]:
    return RecoveryBlocks(*np.ones((3, directions))).snapshot()


@pytest.mark.parametrize(
    "change",
    [
        {"state": {"log_m": np.zeros(4), "times": np.zeros(1), "since": np.zeros(4)}},
        {"state": {"log_m": np.zeros(5), "times": np.zeros(1), "since": np.ones(5)}},
        {"waiting": np.zeros((9, 3))},
        {"minutes": None},
        {"waiting": 7.0},
        {"updates": math.inf},
        {"alarms": {"ModelLossIncreased": {}}},
        {"alarms": {"ModelLossIncreased": {"named": [1], "suspected": [], "blocks": _blocks(1)}}},
        {"alarms": {"ModelLossIncreased": {"named": [0], "suspected": [], "blocks": _blocks(2)}}},
        {"alarms": {"ModelLossIncreased": {"named": [0], "suspected": [], "blocks": _blocks(1) | {"seen": [9]}}}},
    ],
)
def test_foreign_snapshots_are_refused(change: dict[str, Any]) -> None:
    """With a reason; the evidence is then as new."""
    evidence, _ = _made()
    _observe(evidence, _errors((105, 0.5)))
    fresh, _ = _made()
    with pytest.raises(StateError, match="ModelLossIncreased"):
        fresh.restore(evidence.snapshot() | change)
    assert fresh.updates == 0
    assert fresh.members[0] == pytest.approx(0.0)


def test_evidence_with_other_bets_begins_anew() -> None:
    """Another tolerance, mean or meaning: the latch stays closed, what waited and what had added up is gone."""
    old, before = _made()
    _observe(old, _errors((1_005, 0.5)))
    assert before["ModelLossIncreased"].active
    for bets, meaning in (
        (ScoreBets(0.1, 0.3, 10_000, tolerance=0.02, binary=True), None),
        (ScoreBets(0.1, 0.3, 10_000, design_effect=2.0, binary=True), None),
        (ScoreBets(0.1, 0.3, 10_000, binary=True), ["other"]),
    ):
        alarms = Alarms("m", EvidenceSettings().budgets, ALARMS)
        alarms.restore(before.snapshot())
        evidence = ScoreEvidence([bets], 10, alarms["ModelLossIncreased"], lambda _first, _last: ["x"], meaning=meaning)
        evidence.restore(old.snapshot())
        assert (evidence.updates, evidence.members[0]) == (0, pytest.approx(0.0))
        assert alarms["ModelLossIncreased"].active
        assert evidence.snapshot()["waiting"].shape[1] == 0


def test_evidence_of_updates_of_another_size_begins_anew() -> None:
    """What waits was cut for other updates."""
    old, _ = _made()
    _observe(old, _errors((105, 0.5)))
    for outcomes, updates in ((10, 10), (20, 0)):
        evidence, _ = _made(outcomes=outcomes)
        evidence.restore(old.snapshot())
        assert evidence.updates == updates


def test_a_snapshot_of_the_first_form_is_set_aside(caplog: pytest.LogCaptureFixture) -> None:
    """The log says so; the latch stays closed, and opens after recovery."""
    old, before = _made()
    _observe(old, _errors((1_000, 0.5)))
    fields = ("outcomes", "waiting", "minutes", "updates", "named_at", "log_m", "onset", "watched", "recovery")
    evidence, alarms = _made()
    alarms.restore(before.snapshot())
    with caplog.at_level("INFO"):
        evidence.restore({"bets": "0123456789abcdef"} | dict.fromkeys(fields, 1))
    assert "ModelLossIncreased: evidence begins anew" in caplog.text
    assert evidence.updates == 0
    assert alarms["ModelLossIncreased"].active
    _observe(evidence, _errors((6_000, 0.08)), 0)
    assert [edge.firing for edge in _edges(alarms)] == [False]


def _daily(
    evidence: ScoreEvidence, alarms: Alarms, rates: list[float], seed: int = 1
) -> tuple[list[Transition], list[float]]:
    """Days of 1,000 outcomes with their errors; all edges, and the live design effect behind each day."""
    random = np.random.default_rng(seed)
    edges, effects = [], []
    for day, rate in enumerate(rates):
        record = 1_000 * day + np.arange(1_000)
        time: Array = 86_400.0 * record / 1_000
        evidence.observe(time, time, record, (random.random(1_000) < rate).astype(np.float64)[None])
        edges += _edges(alarms)
        effects.append(float(evidence.live.effects[0]))
    return edges, effects


def test_an_error_that_varies_by_day_is_found_by_about_the_eighth() -> None:
    """By 4 points, where the reference was shuffled: 13 outcomes of a day of 1,000 count as one. It pages before that at most."""
    evidence, alarms = _made(mean=0.15)
    rates = np.clip(0.15 + 0.04 * np.random.default_rng(4).standard_normal(365), 0.01, 0.9)
    edges, effects = _daily(evidence, alarms, rates.tolist())
    assert [edge.time for edge in edges if edge.firing and edge.time > 12 * 86_400] == []
    assert max(effects[:20]) > 5
    assert 8 < effects[-1] < 40


def test_an_incident_that_was_mended_makes_the_next_page_no_later() -> None:
    """.15 to .45 for three days looks like days that differ, and is none: it stays out of what live blocks show."""
    evidence, alarms = _made(mean=0.15)
    edges, effects = _daily(evidence, alarms, [0.15] * 30 + [0.45] * 3 + [0.15] * 40 + [0.45] * 3)
    assert set(effects) == {1.0}
    first, mended, second = edges
    assert (first.firing, mended.firing, second.firing) == (True, False, True)
    assert [first.record - 30_000 <= 100, second.record - 73_000 <= 100] == [True, True]


def test_live_dependence_slows_evidence_and_recovery_alike() -> None:
    """Evidence is divided by the larger of the two design effects."""
    evidence, alarms = _made(mean=0.15)
    _daily(evidence, alarms, np.tile([0.10, 0.20], 20).tolist())
    effect = evidence.live.effects[0]
    assert effect > 5
    before = evidence.snapshot()["state"]["log_m"]
    time: Array = np.full(10, 41 * 86_400.0)
    evidence.observe(time, time, np.arange(10), np.ones((1, 10)))
    bets = ScoreBets(0.15, math.sqrt(0.15 * 0.85), 10_000, binary=True)
    gained = evidence.snapshot()["state"]["log_m"] - np.maximum(before, math.log(1_440 * 0.999))
    assert gained == pytest.approx(10 * bets.log_e(np.ones(1))[0] / effect, abs=0.01)


def test_a_snapshot_of_before_has_no_live_blocks() -> None:
    """Evidence goes on; what live outcomes show begins anew."""
    evidence, alarms = _made(mean=0.15)
    _daily(evidence, alarms, [0.10, 0.20] * 10)
    state = evidence.snapshot()
    del state["live"]
    fresh, _ = _made(mean=0.15)
    fresh.restore(state)
    assert fresh.updates == evidence.updates
    assert fresh.live.effects.tolist() == [1.0]


def _over_versions(alarms: Alarms) -> ScoreEvidence:
    bets = ScoreBets(0.1, 0.3, 10_000, binary=True)
    return ScoreEvidence([bets], 10, alarms["ModelLossIncreased"], over_versions=True)


def _live(evidence: ScoreEvidence, losses: Array, live: bool, first: int = 0) -> None:
    time: Array = np.arange(first, first + losses.shape[1], dtype=np.float64) * 60
    evidence.observe(time, time + 3_600, time.astype(np.int64), losses, np.full(len(time), live))


def test_evidence_over_versions_costs_nothing_before_the_second() -> None:
    """The same edges, at the same times, and the same evidence."""
    losses = _errors((3_000, 0.1), (2_000, 0.2), (8_000, 0.1))
    plain, expected = _made()
    _observe(plain, losses)
    alarms = Alarms("m", EvidenceSettings().budgets, ALARMS)
    both = _over_versions(alarms)
    _observe(both, losses)
    found, others = _edges(alarms), _edges(expected)
    assert [(edge.time, edge.firing, edge.onset) for edge in found] == [
        (edge.time, edge.firing, edge.onset) for edge in others
    ]
    np.testing.assert_allclose(both.members, plain.members)


def test_a_new_version_every_few_outcomes_hides_no_harm() -> None:
    """None of them has an outcome of its own; found about as soon as with one version."""
    fired = []
    for begins in (False, True):
        alarms = Alarms("m", EvidenceSettings().budgets, ALARMS)
        evidence = _over_versions(alarms)
        for first in range(0, 1_000, 50):
            if begins:
                alarms["ModelLossIncreased"].begin_version()
            _live(evidence, _errors((50, 0.3), seed=first), not begins, first)
        fired.append(_edges(alarms)[0].time)
    assert fired[1] <= fired[0] + 20 * 60


def test_a_new_version_begins_anew_with_its_own_outcomes_only() -> None:
    """Evidence over versions goes on; a closed latch keeps all of it. Recovery is that of all outcomes."""
    alarms = Alarms("m", EvidenceSettings().budgets, ALARMS)
    alarm, evidence = alarms["ModelLossIncreased"], _over_versions(alarms)
    _live(evidence, np.ones((1, 10)), live=True)
    before = float(evidence.members[0])
    alarm.begin_version()
    assert evidence.members[0] == before
    assert alarm.evidence == pytest.approx(math.log((1 + math.exp(before)) / 2))
    _live(evidence, np.ones((1, 100)), live=True, first=10)
    assert alarm.active
    held = alarm.evidence
    alarm.begin_version()
    assert alarm.evidence == held
    _live(evidence, _errors((5_000, 0.1)), live=False, first=110)
    assert not alarm.active


def test_a_snapshot_of_before_there_was_evidence_over_versions_goes_on() -> None:
    """What it holds is evidence of both."""
    losses = _errors((105, 0.3))
    old, _ = _made()
    _observe(old, losses)
    state = {name: each for name, each in old.snapshot().items() if name != "waiting_live"}
    alarms = Alarms("m", EvidenceSettings().budgets, ALARMS)
    evidence = _over_versions(alarms)
    evidence.restore(state)
    np.testing.assert_allclose(evidence._decision.members, np.tile(old.members, 2))
    _observe(evidence, _errors((1_000, 0.3)))
    assert alarms["ModelLossIncreased"].active
