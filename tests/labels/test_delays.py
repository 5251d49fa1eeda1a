from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from model_drift_exporter.labels.delays import DELAY_BUCKETS, DelayHistogram, Maturity

_DELAYS = st.lists(st.floats(0, 1.5e7), min_size=1, max_size=200)


@given(_DELAYS, st.floats(0.01, 1.0))
def test_a_quantile_is_at_most_ten_percent_too_large(delays: list[float], share: float) -> None:
    """It is never below the exact one; delays of 0 are 0 exactly, and those below a second may count as one."""
    histogram = DelayHistogram("m")
    histogram.observe(np.array(delays))
    exact = sorted(delays)[math.ceil(share * len(delays) - 1e-9) - 1]
    quantile = histogram.quantile(share)
    assert exact <= quantile <= max(1.101 * exact, 0.0 if exact == 0 else 1.0)


def test_delays_beyond_all_buckets_have_no_quantile() -> None:
    """A delay of years is counted, and is no age to wait for."""
    histogram = DelayHistogram("m")
    histogram.observe(np.array([1e9]))
    assert histogram.quantile(0.95) == math.inf


@given(_DELAYS, st.integers(0, 200))
def test_the_histogram_counts_by_bucket(delays: list[float], cut: int) -> None:
    """Cumulative counts and the sum are those of the delays, however they came, and go on after a snapshot."""
    histogram = DelayHistogram("m")
    histogram.observe(np.array(delays[:cut]))
    restored = DelayHistogram("m")
    restored.restore(histogram.snapshot())
    restored.observe(np.array(delays[cut:]))
    *counts, total, number = restored.samples().values
    bounds = [*DELAY_BUCKETS, math.inf]
    assert counts == [sum(delay <= bound for delay in delays) for bound in bounds]
    assert total == pytest.approx(sum(delays))
    assert number == restored.labels == len(delays)


def _histogram(delay: float, labels: int) -> DelayHistogram:
    histogram = DelayHistogram("m")
    histogram.observe(np.full(labels, delay))
    return histogram


def test_maturity_waits_for_enough_labels_and_time() -> None:
    """100 labels and twice the quantile of event time are needed; then the quantile is followed."""
    maturity = Maturity(None)
    for delay, labels, waited, expected in (
        (60.0, 99, 1e6, None),
        (60.0, 100, 119.0, None),
        (60.0, 100, 120.0, 60.0),
        (3_600.0, 200, 130.0, 3_600.0),
        (1e9, 200, 1e10, 3_600.0),
    ):
        maturity.look(_histogram(delay, labels), waited)
        assert maturity.seconds == expected


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
        histogram.observe(np.full(5_000, 3_600.0))
    histogram.observe(np.full(2_000, 864_000.0))
    assert histogram.quantile(0.95) >= 864_000
    assert histogram.labels == histogram.samples().values[-1] == 502_000


@given(st.lists(st.integers(0, 40_000), max_size=5))
def test_what_is_recent_does_not_depend_on_batches(cuts: list[int]) -> None:
    """The weights are halved at exact numbers of delays."""
    delays = np.geomspace(1, 1e6, 40_000)
    whole, parts = DelayHistogram("m"), DelayHistogram("m")
    whole.observe(delays)
    for part in np.split(delays, sorted(cuts)):
        state, parts = parts.snapshot(), DelayHistogram("m")
        parts.restore(state)
        parts.observe(part)
    np.testing.assert_equal({**parts.snapshot(), "sums": 0}, {**whole.snapshot(), "sums": 0})


def test_delays_that_may_be_wrong_stay_apart() -> None:
    """They belong to the quantile at once, to the metric when they are known to be right, to nothing otherwise."""
    for right in (True, False):
        histogram = DelayHistogram("m")
        delays = np.array([*[10.0] * 50, *[1e6] * 50])
        histogram.observe(delays, delays > 100)
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
