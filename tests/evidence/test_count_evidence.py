from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from model_drift_exporter.errors import StateError
from model_drift_exporter.evidence.alarms import Alarm, Transition
from model_drift_exporter.evidence.count_evidence import BLOCK_SECONDS, CountEvidence

_THRESHOLD = math.log(10_080 * 5.1 / 0.1)
"""A share of 0.1 beside five tickets, all of them false once a week."""
_A_DAY = 12
_HARM_DAY = 60
Counts = NDArray[np.floating[Any]]
Stream = Callable[[int, np.random.Generator], Counts]


def _alarm(told: list[Transition] | None = None) -> Alarm:
    return Alarm("ModelTrafficChanged", "ticket", "m", _THRESHOLD, report=(told if told is not None else []).append)


def _feed(evidence: CountEvidence, counts: Counts, first: int = 0) -> None:
    """Counts of blocks; one without records is not told, as no record tells it."""
    for block in np.flatnonzero(counts > 0).tolist():
        if block >= first:
            evidence.add(block, float(counts[block]), float(block * BLOCK_SECONDS), block)


def _told(counts: Counts) -> list[Transition]:
    told: list[Transition] = []
    _feed(CountEvidence(_alarm(told)), counts)
    return told


def _season(days: int) -> Counts:
    block = np.arange(days * _A_DAY)
    shape = (0.3 + 2 * np.exp(-(((2.0 * (block % _A_DAY) - 13) / 4) ** 2))) * np.where(
        block // _A_DAY % 7 < 5, 1.0, 0.4
    )
    season: Counts = shape / shape.mean() / _A_DAY
    return season


def _poisson(a_day: float) -> Stream:
    return lambda days, chance: chance.poisson(a_day * _season(days)).astype(float)


def _moody(a_day: float, deviation: float) -> Stream:
    def stream(days: int, chance: np.random.Generator) -> Counts:
        mood: Counts = np.repeat(np.exp(chance.normal(0, deviation, days)), _A_DAY)
        return chance.poisson(a_day * _season(days) * mood).astype(float)

    return stream


def _growing(days: int, chance: np.random.Generator) -> Counts:
    return chance.poisson(1_000 * _season(days) * 1.1 ** (np.arange(days * _A_DAY) / _A_DAY / 30)).astype(float)


def _holidays(days: int, chance: np.random.Generator) -> Counts:
    level = np.ones(days)
    level[chance.choice(days, days // 36, replace=False)] = 0.4
    return chance.poisson(1_000 * _season(days) * np.repeat(level, _A_DAY)).astype(float)


def _nightly(at: float) -> Stream:
    """A batch of 1,000 ± 10 % that begins within a quarter of an hour at some hour."""

    def stream(days: int, chance: np.random.Generator) -> Counts:
        counts = np.zeros(days * _A_DAY + 1)
        hours = 24 * np.arange(days) + at + chance.uniform(0, 0.25, days)
        np.add.at(counts, (hours // 2).astype(int), np.maximum(1, np.round(1_000 * chance.normal(1, 0.1, days))))
        return counts

    return stream


def _sessions(a_day: float, records: int) -> Stream:
    return lambda days, chance: chance.poisson(a_day / _A_DAY, days * _A_DAY) * float(records)


_NOTHING_WRONG: dict[str, Stream] = {
    "5 a day": _poisson(5),
    "1,000 a day": _poisson(1_000),
    "100,000 a day": _poisson(100_000),
    "days differ by 30 %": _moody(1_000, 0.3),
    "days of many records differ by 30 %": _moody(100_000, 0.3),
    "growth of 10 % a month": _growing,
    "holidays of 40 %": _holidays,
    "nightly batch": _nightly(2.2),
    "nightly batch about midnight": _nightly(23.9),
    "20 sessions a day": _sessions(20, 20),
}


@pytest.mark.parametrize("kind", _NOTHING_WRONG)
def test_two_years_without_a_change_are_silent(kind: str) -> None:
    """The promise allows two in these years; what is usual strays, and nothing has happened."""
    counts = _NOTHING_WRONG[kind](730, np.random.default_rng(1))
    assert sum(each.firing for each in _told(counts)) <= 1


_HARMS: dict[str, tuple[Stream, float, float]] = {
    "a third at 1,000 a day": (_poisson(1_000), 0.3, 24),
    "three times at 1,000 a day": (_poisson(1_000), 3.0, 24),
    "a tenth at 1,000 a day": (_poisson(1_000), 0.1, 10),
    "a third at 100,000 a day": (_poisson(100_000), 0.3, 10),
    "three times where days differ": (_moody(1_000, 0.3), 3.2, 120),
    "a third of a nightly batch": (_nightly(2.2), 0.3, 7 * 24),
    "a tenth of a nightly batch": (_nightly(23.9), 0.1, 3 * 24),
    "a tenth of a trickle": (_poisson(5), 0.1, 14 * 24),
}


@pytest.mark.parametrize("kind", _HARMS)
def test_a_third_and_three_times_are_told(kind: str) -> None:
    """Within hours where there is much traffic, days where there is a batch a day, and over when it is the habit."""
    stream, factor, hours = _HARMS[kind]
    chance = np.random.default_rng(2)
    counts = stream(_HARM_DAY + 60, chance)
    onset = _HARM_DAY * _A_DAY + 3
    after = counts[onset:]
    counts[onset:] = chance.binomial(after.astype(int), factor) if factor < 1 else np.round(after * factor)
    fired, *over = _told(counts)
    assert fired.firing
    assert 0 < fired.time / 3_600 - 2 * onset <= hours
    assert fired.onset is not None
    assert -12 * 3_600 <= fired.onset - onset * BLOCK_SECONDS <= 48 * 3_600
    assert [each.firing for each in over] == [False]
    assert 1 < (over[0].time - fired.time) / 86_400 < 35


def test_an_hour_late_a_burst_and_an_outage_are_not_told() -> None:
    """A batch that comes into the next block, 20,000 records within one, half a day of silence."""
    chance = np.random.default_rng(3)
    late = _nightly(2.2)(90, chance)
    late[70 * _A_DAY + 2], late[70 * _A_DAY + 1] = late[70 * _A_DAY + 1], 0
    assert _told(late) == []
    for blocks, count in ((1, 20_000.0), (6, 0.0)):
        counts = _poisson(1_000)(90, chance)
        counts[70 * _A_DAY : 70 * _A_DAY + blocks] = count
        assert _told(counts) == []


def test_figures_are_those_since_the_onset() -> None:
    """And of the last day before; with their deviation."""
    counts = _poisson(1_000)(61, np.random.default_rng(2))
    evidence = CountEvidence(_alarm())
    _feed(evidence, counts[: 60 * _A_DAY])
    before = evidence.since()
    assert before.seconds == 86_400
    assert 0.6 < before.records / before.usual < 1.6
    assert before.deviation >= math.sqrt(before.usual)
    counts[60 * _A_DAY :] = np.round(counts[60 * _A_DAY :] * 0.1) + 1
    _feed(evidence, counts, 60 * _A_DAY)
    since = evidence.since()
    assert since.records < 0.3 * since.usual
    assert since.seconds < 86_400 + BLOCK_SECONDS


def test_a_release_takes_the_traffic_since_the_onset_for_usual() -> None:
    """It is not told again the same day. A new version of the model changes nothing."""
    counts = _poisson(1_000)(100, np.random.default_rng(2))
    counts[60 * _A_DAY :] = np.round(counts[60 * _A_DAY :] * 0.2) + 1
    told: list[Transition] = []
    alarm = _alarm(told)
    evidence = CountEvidence(alarm)
    _feed(evidence, counts[: 61 * _A_DAY])
    assert alarm.active
    alarm.resolve(0.0, 0)
    _feed(evidence, counts, 61 * _A_DAY)
    assert [each.firing for each in told] == [True, False]
    before = evidence.snapshot()
    assert alarm.restart is not None
    alarm.restart()
    assert evidence.snapshot() == before


@pytest.mark.parametrize("cut", [1, 13 * _A_DAY, _HARM_DAY * _A_DAY + 5, (_HARM_DAY + 3) * _A_DAY])
def test_a_restart_changes_nothing(cut: int) -> None:
    """Before, in and behind an excursion."""
    counts = _poisson(1_000)(100, np.random.default_rng(4))
    counts[_HARM_DAY * _A_DAY :] = np.round(counts[_HARM_DAY * _A_DAY :] * 0.2) + 1
    whole: list[Transition] = []
    parts: list[Transition] = []
    _feed(CountEvidence(_alarm(whole)), counts)
    first, second = _alarm(parts), _alarm(parts)
    evidence = CountEvidence(first)
    _feed(evidence, counts[:cut])
    state, evidence = evidence.snapshot(), CountEvidence(second)
    second.active, second.onset, second.evidence = first.active, first.onset, first.evidence
    evidence.restore(state)
    _feed(evidence, counts, cut)
    assert parts == whole


def test_another_state_does_not_fit() -> None:
    """It says so, and the evidence is as new."""
    evidence = CountEvidence(_alarm())
    with pytest.raises(StateError, match="counts in the snapshot do not fit"):
        evidence.restore({"families": [{}, {}]})
    assert math.isnan(evidence.since().records)


def test_a_clock_that_falls_back_begins_anew() -> None:
    """It had run ahead; what was counted there is of no week."""
    evidence = CountEvidence(_alarm())
    _feed(evidence, _poisson(1_000)(40, np.random.default_rng(5)))
    assert evidence.of_block().usual > 0
    evidence.add(3, 5.0, 0.0, 0)
    assert math.isnan(evidence.of_block().usual)
