from __future__ import annotations

import msgspec
import numpy as np
import pytest

from model_drift_exporter.evidence.live_dependence import LiveDependence, LiveSeries
from model_drift_exporter.evidence.promise import LIVE, NOT_YET, REFERENCE, Promise, promise_of
from model_drift_exporter.reference.profile import ReferenceProfile
from tests.evidence.streams import START, profile

_DAY = 86_400.0


def _reference(days: float) -> ReferenceProfile:
    """10,000 rows."""
    return msgspec.structs.replace(profile(1), first_time=START, last_time=START + days * _DAY)


def _live(days: int, a_day: int) -> LiveDependence:
    """Behind so many days of quiet records, 20 updates each."""
    one = np.ones(1)
    live = LiveDependence(LiveSeries(np.zeros(1, dtype=np.intp), 0 * one, one, 0 * one, 0 * one, 0 * one), one)
    times = START + np.arange(1, 20 * days + 1) / 20 * _DAY
    for stretch in live.stretches(times):
        size = stretch.stop - stretch.start
        live.take(stretch, np.zeros(size), np.full((size, 1), a_day / 20), np.zeros((size, 1)))
        if stretch.look:
            live.look(stretch, np.array([-np.inf]), np.zeros(1, dtype=np.bool_), float(times[stretch.stop - 1]))
    return live


def test_a_reference_with_times_over_days_backs_it() -> None:
    """Whatever live records have shown."""
    for days in (0, 3, 20):
        assert promise_of(_reference(20), 10_000, _live(days, 500)) == Promise(REFERENCE)


def test_without_times_live_records_back_it_after_eight_days() -> None:
    """And before nothing does."""
    reference = msgspec.structs.replace(profile(1), season_absent="no_times")
    assert promise_of(reference, 10_000, _live(7, 500)) == Promise(NOT_YET, None, "the reference has no times")
    promise = promise_of(reference, 10_000, _live(12, 500))
    assert promise.basis == LIVE
    assert promise.since is not None
    assert (promise.since - START) / _DAY == pytest.approx(8, abs=1)


def test_a_reference_of_few_days_shows_too_little() -> None:
    """Such as one that is learned from the first hour."""
    assert promise_of(_reference(1.5), 10_000, _live(0, 500)).why == "the reference covers 1.5 days, less than 8"


def test_a_thinned_reference_is_found_out_by_live_traffic() -> None:
    """10,000 rows of a year are 27 a day; of 1,000 live ones it shows little."""
    reference = _reference(365)
    assert promise_of(reference, 10_000, _live(0, 1_000)).basis == REFERENCE
    early, later = (promise_of(reference, 10_000, _live(days, 1_000)) for days in (3, 12))
    assert (early.basis, later.basis) == (NOT_YET, LIVE)
    assert early.why.startswith("the reference has 27 rows a day and live traffic ")
    assert promise_of(reference, 10_000, _live(3, 40)).basis == REFERENCE
