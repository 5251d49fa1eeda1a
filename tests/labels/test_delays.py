from __future__ import annotations

import math

import numpy as np
import numpy.typing as npt
import pytest
from hypothesis import given
from hypothesis import strategies as st

from model_drift_exporter.labels.delays import DELAY_BUCKETS, DelayHistogram, Maturity, RevisedDelays, buckets_of
from model_drift_exporter.labels.label_store import UNKNOWN_DELAY

Array = npt.NDArray[np.float64]
_DELAYS = st.lists(st.floats(0, 1.5e7), min_size=1, max_size=200)
_DAY = 86_400.0


def _observe(histogram: DelayHistogram, delays: Array, leading: npt.NDArray[np.bool_] | None = None) -> None:
    histogram.observe(buckets_of(delays), delays, leading)


def _revised(before: Array, after: Array, event: int = 0) -> RevisedDelays:
    """Labels revised at one event, none of which leads."""
    nothing = np.zeros(len(after), dtype=np.bool_)
    return RevisedDelays(np.full(len(after), event), buckets_of(before), after, nothing)


@given(_DELAYS, st.floats(0.01, 1.0))
def test_a_quantile_is_at_most_ten_percent_too_large(delays: list[float], share: float) -> None:
    """It is never below the exact one; delays of 0 are 0 exactly, and those below a second may count as one."""
    histogram = DelayHistogram("m")
    _observe(histogram, np.array(delays))
    exact = sorted(delays)[math.ceil(share * len(delays) - 1e-9) - 1]
    quantile = histogram.quantile(share)
    assert exact <= quantile <= max(1.101 * exact, 0.0 if exact == 0 else 1.0)


def test_delays_beyond_all_buckets_have_no_quantile() -> None:
    """A delay of years is counted, and is no age to wait for."""
    histogram = DelayHistogram("m")
    _observe(histogram, np.array([1e9]))
    assert histogram.quantile(0.95) == math.inf


@given(_DELAYS, st.integers(0, 200))
def test_the_histogram_counts_by_bucket(delays: list[float], cut: int) -> None:
    """Cumulative counts and the sum are those of the delays, however they came, and go on after a snapshot."""
    histogram = DelayHistogram("m")
    _observe(histogram, np.array(delays[:cut]))
    restored = DelayHistogram("m")
    restored.restore(histogram.snapshot())
    _observe(restored, np.array(delays[cut:]))
    *counts, total, number = restored.samples().values
    bounds = [*DELAY_BUCKETS, math.inf]
    assert counts == [sum(delay <= bound for delay in delays) for bound in bounds]
    assert total == pytest.approx(sum(delays))
    assert number == restored.labels == len(delays)


def _histogram(delay: float, labels: int) -> DelayHistogram:
    histogram = DelayHistogram("m")
    _observe(histogram, np.full(labels, delay))
    return histogram


def test_maturity_waits_for_enough_labels_and_time() -> None:
    """100 labels, and eight times the quantile of event time or twice it and a week; then the quantile is followed."""
    maturity = Maturity(None)
    for delay, labels, waited, expected in (
        (60.0, 99, 1e6, None),
        (60.0, 100, 479.0, None),
        (60.0, 100, 480.0, 60.0),
        (3_600.0, 200, 130.0, 3_600.0),
        (1e9, 200, 1e10, 3_600.0),
    ):
        maturity.look(_histogram(delay, labels), waited)
        assert maturity.seconds == expected
    slow = Maturity(None)
    for waited, expected in ((66.9 * _DAY, None), (67.0 * _DAY, 30 * _DAY)):
        slow.look(_histogram(30 * _DAY, 100), waited)
        assert slow.seconds == expected


def test_a_revised_label_has_the_delay_of_its_last_value() -> None:
    """The metric keeps that of the first one. Where that is not known, nothing is taken away."""
    histogram = _histogram(_DAY, 1_000)
    none = np.zeros(0)
    after = np.full(100, 5 * _DAY)
    revised = _revised(np.full(100, _DAY), after)
    histogram.observe(buckets_of(none), none, event=np.zeros(0, dtype=np.int64), revised=revised)
    assert histogram.quantile(0.89) == _DAY
    assert histogram.quantile(0.91) >= 5 * _DAY
    assert histogram.labels == histogram.samples().values[-1] == 1_000
    unknown = RevisedDelays(revised.event, np.full(100, UNKNOWN_DELAY, dtype=np.uint8), after, revised.leading)
    histogram.observe(buckets_of(none), none, event=np.zeros(0, dtype=np.int64), revised=unknown)
    assert histogram.quantile(899 / 1_100) == _DAY
    assert histogram.quantile(905 / 1_100) >= 5 * _DAY


def test_more_may_be_revised_than_is_left_of_the_first_delays() -> None:
    """Quick labels have stopped and their weight is halved; none of the others is hidden by that."""
    histogram = _histogram(60.0, 1_000)
    slow = np.full(20_000, 3_600.0)
    _observe(histogram, slow)
    none = np.zeros(0)
    revised = _revised(np.full(1_000, 60.0), np.full(1_000, _DAY))
    histogram.observe(buckets_of(none), none, event=np.zeros(0, dtype=np.int64), revised=revised)
    assert histogram.quantile(0.01) >= 3_600


@pytest.mark.parametrize("right", [True, False])
def test_revisions_that_may_be_wrong_stay_apart(right: bool) -> None:
    """They belong to the quantile at once, and to nothing if the clock takes them back."""
    histogram = _histogram(60.0, 1_000)
    none = np.zeros(0)
    revised = _revised(np.full(100, 60.0), np.full(100, _DAY))
    leading = RevisedDelays(revised.event, revised.before, revised.after, ~revised.leading)
    histogram.observe(buckets_of(none), none, event=np.zeros(0, dtype=np.int64), revised=leading)
    restored = DelayHistogram("m")
    restored.restore(histogram.snapshot())
    assert restored.quantile(0.95) >= _DAY
    (restored.settle if right else restored.withdraw)()
    assert (restored.quantile(0.95) >= _DAY) is right
    before = {name: each for name, each in histogram.snapshot().items() if name != "leading_moves"}
    restored.restore(before)
    assert restored.quantile(0.95) == 60.0


@given(st.lists(st.integers(0, 30_000), max_size=5))
def test_revisions_do_not_depend_on_batches(cuts: list[int]) -> None:
    """Every third event is a revision; weights are halved at exact numbers of delays between them."""
    place = np.arange(30_000)
    delays = np.geomspace(1.0, 1e6, 30_000)
    revises = place % 3 == 2
    states = []
    for ends in ([], cuts):
        histogram = DelayHistogram("m")
        for part in np.split(place, sorted(ends)):
            mine, own = revises[part], delays[part]
            revised = RevisedDelays(
                np.flatnonzero(mine), buckets_of(own[mine] / 10), own[mine], np.zeros(int(mine.sum()), dtype=np.bool_)
            )
            histogram.observe(buckets_of(own[~mine]), own[~mine], event=np.flatnonzero(~mine), revised=revised)
        states.append({**histogram.snapshot(), "sums": 0})
    np.testing.assert_equal(states[0], states[1])


def test_labels_in_their_record_make_nothing_wait() -> None:
    """Without any delay outcomes are mature at once."""
    maturity = Maturity(None)
    maturity.look(_histogram(0.0, 100), waited=0.0)
    assert maturity.seconds == 0.0


def test_a_fixed_maturity_stays() -> None:
    """Neither delays nor a snapshot of another setting change it, and it is not taken along to one."""
    maturity = Maturity(30.0)
    maturity.look(_histogram(60.0, 1_000), waited=1e6)
    maturity.restore(60.0)
    assert maturity.seconds == 30.0
    assert maturity.snapshot() is None


def test_delays_that_become_longer_are_followed() -> None:
    """A year of quick labels is forgotten within a thousand slow ones; the metric counts all of them."""
    histogram = DelayHistogram("m")
    for _ in range(100):
        _observe(histogram, np.full(5_000, 3_600.0))
    _observe(histogram, np.full(2_000, 864_000.0))
    assert histogram.quantile(0.95) >= 864_000
    assert histogram.labels == histogram.samples().values[-1] == 502_000


@given(st.lists(st.integers(0, 40_000), max_size=5))
def test_what_is_recent_does_not_depend_on_batches(cuts: list[int]) -> None:
    """The weights are halved at exact numbers of delays."""
    delays = np.geomspace(1, 1e6, 40_000)
    whole, parts = DelayHistogram("m"), DelayHistogram("m")
    _observe(whole, delays)
    for part in np.split(delays, sorted(cuts)):
        state, parts = parts.snapshot(), DelayHistogram("m")
        parts.restore(state)
        _observe(parts, part)
    np.testing.assert_equal({**parts.snapshot(), "sums": 0}, {**whole.snapshot(), "sums": 0})


def test_delays_that_may_be_wrong_stay_apart() -> None:
    """They belong to the quantile at once, to the metric when they are known to be right, to nothing otherwise."""
    for right in (True, False):
        histogram = DelayHistogram("m")
        delays = np.array([*[10.0] * 50, *[1e6] * 50])
        _observe(histogram, delays, delays > 100)
        assert histogram.quantile(0.95) >= 1e6
        assert (histogram.labels, histogram.samples().values[-1]) == (100, 50)
        if right:
            histogram.settle()
        else:
            histogram.withdraw()
        assert histogram.labels == histogram.samples().values[-1] == (100 if right else 50)
        assert (histogram.quantile(0.95) >= 1e6) is right


def test_a_maturity_from_delays_that_were_wrong_is_none() -> None:
    """Until enough others are known."""
    maturity = Maturity(None)
    maturity.look(_histogram(60.0, 100), waited=1e6)
    maturity.look(_histogram(60.0, 99), waited=1e6)
    assert maturity.seconds is None
