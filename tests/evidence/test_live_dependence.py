from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from model_drift_exporter.evidence.live_dependence import BACKED_DAYS, LiveDependence, LiveSeries

Array = npt.NDArray[np.float64]
_DAY = 86_400.0
_START = 1_760_054_400.0
_UPDATES, _SIZE = 20, 50
"""Updates a day, records of an update."""
_QUIET, _LOUD = -np.inf, 20.0
_NONE = np.zeros(1, dtype=np.bool_)
_HELD = np.ones(1, dtype=np.bool_)
_FAMILY = np.zeros(1, dtype=np.intp)


def _numbers(series: int = 1) -> LiveSeries:
    """Numbers of mean 0 and variance 1, all of one family."""
    zeros = np.zeros(series)
    return LiveSeries(np.zeros(series, dtype=np.intp), zeros, zeros + 1, zeros, zeros, zeros)


def _live(**options: bool) -> LiveDependence:
    return LiveDependence(_numbers(), np.ones(1), **options)


class _Stream:
    """Days of updates; a level for each, and noise around it."""

    def __init__(self, live: LiveDependence, seed: int = 1) -> None:
        self.live = live
        self._random = np.random.default_rng(seed)
        self._day = 0

    def day(
        self, level: float = 0.0, log_m: float = _QUIET, held: npt.NDArray[np.bool_] = _NONE, size: int = _SIZE
    ) -> None:
        times = _START + (self._day + np.arange(1, _UPDATES + 1) / _UPDATES) * _DAY
        self._day += 1
        sums = level * size + np.sqrt(size) * self._random.standard_normal((_UPDATES, 1))
        records = np.full((_UPDATES, 1), float(size))
        for stretch in self.live.stretches(times):
            part = slice(stretch.start, stretch.stop)
            self.live.take(stretch, np.zeros(len(times))[part], records[part], sums[part])
            if stretch.look:
                self.live.look(stretch, np.array([log_m]), held, float(times[part][-1]))

    def levels(self, days: int, deviation: float, **state: Any) -> None:
        for level in deviation * self._random.standard_normal(days):
            self.day(float(level), **state)


def test_independent_records_stay_at_one() -> None:
    """To the last digit, for a year."""
    stream = _Stream(_live())
    for _ in range(365):
        stream.day()
        assert stream.live.effects.tolist() == [1.0]


def test_days_that_differ_are_found_within_about_a_week() -> None:
    """1,000 records a day whose level varies by 0.3 standard deviations are worth one in 91."""
    stream = _Stream(_live())
    stream.levels(8, 0.3)
    assert 20 < stream.live.effects[0] < 400
    stream.levels(100, 0.3)
    assert stream.live.effects[0] == pytest.approx(91 * (1 + 2 * (2 / 43) ** 0.5), rel=0.5)


def test_what_has_been_fades() -> None:
    """After some months without, days no longer differ."""
    stream = _Stream(_live())
    stream.levels(30, 0.3)
    stream.levels(360, 0.0)
    assert stream.live.effects[0] == 1.0


def test_records_that_come_together_are_found_in_updates() -> None:
    """Five alike in a row vary like a fifth of the records, also where a day holds one look only."""
    live, random = _live(), np.random.default_rng(3)
    times = _START + np.arange(1, 1_001) / _UPDATES * _DAY
    sums = np.sqrt(5 * _SIZE) * random.standard_normal((1_000, 1))
    for stretch in live.stretches(times):
        part = slice(stretch.start, stretch.stop)
        live.take(
            stretch, np.zeros(stretch.stop - stretch.start), np.full((len(sums[part]), 1), float(_SIZE)), sums[part]
        )
        if stretch.look:
            live.look(stretch, np.array([_QUIET]), _NONE, 0.0)
    assert 5 <= live.effects[0] <= 8


def test_an_excursion_does_not_hide_itself() -> None:
    """What has come since evidence began to grow waits, however long, and is used when the evidence has gone."""
    stream = _Stream(_live())
    stream.levels(20, 0.0)
    for _ in range(4):
        stream.day(1.0, log_m=_LOUD)
        assert stream.live.effects[0] == 1.0
    stream.day(0.0)
    assert stream.live.effects[0] > 100


def test_a_page_that_is_over_leaves_no_trace() -> None:
    """Three days of harm, a latch that holds for a week, and its end: nothing of it is used."""
    stream = _Stream(_live())
    stream.levels(20, 0.0)
    for _ in range(3):
        stream.day(1.0, log_m=_LOUD, held=_HELD)
    for _ in range(7):
        stream.day(0.0, log_m=_QUIET, held=_HELD)
    stream.live.drop(_FAMILY, all_of_it=True)
    stream.levels(20, 0.0)
    assert stream.live.effects[0] == 1.0


def test_drift_that_comes_and_goes_again_is_variation() -> None:
    """Once it was an incident. Where a person released the ticket, it is no matter how often."""
    for recovered in (True, False):
        stream, found = _Stream(_live()), []
        stream.levels(20, 0.0)
        for _ in range(2):
            for _ in range(3):
                stream.day(1.0, log_m=_LOUD, held=_HELD)
            if recovered:
                stream.live.settle(_FAMILY)
            stream.live.drop(_FAMILY)
            stream.levels(2, 0.0)
            found.append(bool(stream.live.effects[0] > 50))
        assert found == [False, recovered]


def test_an_incident_of_long_ago_is_forgotten() -> None:
    """After two months the next one is the first again."""
    stream = _Stream(_live())
    for _ in range(2):
        stream.day(1.0, log_m=_LOUD, held=_HELD)
        stream.live.settle(_FAMILY)
        stream.levels(70, 0.0)
        assert stream.live.effects[0] == 1.0


def test_nothing_that_is_calm_is_dropped() -> None:
    """A new version of the model every day starts its evidence again, and days go on to be counted."""
    stream = _Stream(_live())
    for _ in range(BACKED_DAYS):
        stream.live.drop(_FAMILY)
        stream.day()
    assert stream.live.since is not None


def test_live_records_back_the_promise_after_eight_days() -> None:
    """Days that wait do not count, and once it is backed it stays so."""
    stream = _Stream(_live())
    stream.levels(BACKED_DAYS - 1, 0.0)
    found = []
    for log_m, held in ((_LOUD, _NONE), (_QUIET, _NONE), (_LOUD, _HELD)):
        stream.day(0.0, log_m=log_m, held=held)
        found.append(stream.live.since)
    began = _START + (BACKED_DAYS + 1) * _DAY
    assert found == [None, began, began]


def test_days_with_more_records_have_a_larger_effect() -> None:
    """It grows with the traffic at once, and falls behind with less of it."""
    stream = _Stream(_live())
    stream.levels(60, 0.3)
    before = stream.live.effects[0]
    stream.day(size=4 * _SIZE)
    assert 3 * before < stream.live.effects[0] < 4.5 * before
    assert stream.live.records_a_day > _UPDATES * _SIZE
    stream.day(size=_SIZE // 4)
    assert stream.live.effects[0] > 0.5 * before


def test_with_a_season_only_days_count() -> None:
    """Slots differ by the error of their laws: hours that differ and days that do not are no dependence."""
    hours = np.tile([0.5, -0.5], 10)
    for seasonal in (True, False):
        live, random = _live(seasonal=seasonal), np.random.default_rng(5)
        for day in range(40):
            times = _START + (day + np.arange(1, 21) / 20) * _DAY
            sums = (hours * 50 + np.sqrt(50) * random.standard_normal(20))[:, None]
            for stretch in live.stretches(times):
                part = slice(stretch.start, stretch.stop)
                live.take(stretch, np.zeros(20)[part], np.full((20, 1), 50.0)[part], sums[part])
                if stretch.look:
                    live.look(stretch, np.array([_QUIET]), _NONE, 0.0)
        assert bool(live.effects[0] > 1) is not seasonal


def test_indicators_are_measured_by_their_own_variance() -> None:
    """A share that is five times the reference's, and within what is tolerated, is no dependence."""
    family, one = np.zeros(1, dtype=np.intp), np.ones(1)
    share = 0.0002 * one
    series = LiveSeries(family, share, share * (1 - share), 1 / share, one, share)
    live, random = LiveDependence(series, one), np.random.default_rng(6)
    times = _START + np.arange(1, 4_001) / 200 * _DAY
    sums = random.binomial(1_000, 0.001, (4_000, 1)).astype(np.float64)
    for stretch in live.stretches(times):
        part = slice(stretch.start, stretch.stop)
        count = stretch.stop - stretch.start
        live.take(stretch, np.zeros(count), np.full((count, 1), 1_000.0), sums[part])
        if stretch.look:
            live.look(stretch, np.array([_QUIET]), _NONE, 0.0)
            assert live.effects[0] == 1.0


def _course(live: LiveDependence, sums: Array, cuts: list[int], *, restart: bool) -> tuple[LiveDependence, list[float]]:
    """Through updates of three series of two families, with evidence and latches by the time of day."""
    effects, first = [], 0
    times = _START + np.arange(1, len(sums) + 1) / 7 * _DAY
    for last in [*sorted(cuts), len(sums)]:
        for stretch in live.stretches(times[first:last]):
            part = slice(first + stretch.start, first + stretch.stop)
            live.take(
                stretch, np.zeros(part.stop - part.start), np.full((part.stop - part.start, 1), 100.0), sums[part]
            )
            if stretch.look:
                loud = part.stop % 5 == 0
                live.look(
                    stretch, np.array([_LOUD if loud else _QUIET, _QUIET]), np.array([part.stop % 3 == 0, False]), 1.0
                )
                effects.append(float(live.effects.sum()))
                if part.stop % 4 == 0:
                    live.settle(np.array([0]))
                if part.stop % 11 == 0:
                    live.drop(np.array([0, 1]))
        first = last
        if restart:
            state, live = live.snapshot(), _three()
            live.restore(state)
    return live, effects


def _three(*, exact: bool = True) -> LiveDependence:
    zeros = np.zeros(3)
    series = LiveSeries(np.array([0, 0, 1]), zeros + 0.1, zeros + 1, zeros, zeros, zeros)
    return LiveDependence(series, np.ones(2), exact=exact)


@settings(max_examples=30, deadline=None)
@given(cuts=st.lists(st.integers(0, 200), max_size=8), restart=st.booleans())
def test_effects_do_not_depend_on_how_updates_come(cuts: list[int], restart: bool) -> None:
    """To the last digit, nor on restarts where the state is exact."""
    sums = 30 * np.random.default_rng(7).standard_normal((200, 3))
    whole, expected = _course(_three(), sums, [], restart=False)
    cut, found = _course(_three(), sums, cuts, restart=restart)
    assert found == expected
    assert max(expected) > 2.0
    assert np.array_equal(cut.effects, whole.effects)


def test_a_snapshot_of_seven_digits_goes_on_nearly_as_before() -> None:
    """What many series share stands in it once."""
    sums = 30 * np.random.default_rng(8).standard_normal((200, 3))
    whole, expected = _course(_three(exact=False), sums, [], restart=False)
    _, found = _course(_three(exact=False), sums, [80, 150], restart=True)
    assert found == pytest.approx(expected, rel=1e-4)
    with pytest.raises((ValueError, IndexError)):
        _live().restore(whole.snapshot())
