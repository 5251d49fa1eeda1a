"""Broken input as it comes: an hour of it, or a burst, wakes nobody; what lasts pages soon."""

from __future__ import annotations

import attrs
import numpy as np
import pytest

from tests.support.delivered_log import DAY, FEATURES, Log, drawn, fed, fired, pages
from tests.support.prediction_log import START

_HOUR = 3_600.0
_ONE, _ALL = range(1), range(len(FEATURES))
_PER_DAY = pytest.mark.parametrize("rate", [1_000, 5_000, 50_000])


def _days(rate: int) -> float:
    """Fewer of more traffic."""
    return min(6.0 if rate >= 1_000 else 60.0, 60_000 / rate)


def _lacking(log: Log, features: range, share: float, first: float, seconds: float) -> Log:
    """A share of the records of a time, from ``first`` days on, come without these features."""
    random = np.random.default_rng(9)
    inside = (log.time >= START + first * DAY) & (log.time < START + first * DAY + seconds)
    return log.without(features, inside & (random.random(log.size) < share))


@_PER_DAY
@pytest.mark.parametrize("features", [_ONE, _ALL], ids=["one", "all"])
@pytest.mark.parametrize("minute", [0, 20, 59.9])
def test_an_hour_without_a_field_wakes_nobody(rate: int, features: range, minute: float) -> None:
    """In 40 % of the records, wherever it stands on the clock; START is 53 minutes after a full hour."""
    days = _days(rate)
    log = _lacking(drawn(days, rate, 7), features, 0.4, days / 2 + minute / 1_440, _HOUR)
    assert pages(fed(log, labels=False)) == []


def test_the_same_hour_each_week_wakes_nobody() -> None:
    """A customer with 40 % of one hour a week, who never sends a field."""
    log = drawn(70, 1_000, 8)
    for week in range(10):
        log = _lacking(log, _ONE, 0.4, 7 * week + 3.3, _HOUR)
    assert pages(fed(log)) == []


@_PER_DAY
@pytest.mark.parametrize(("share", "records"), [(0.5, 600), (1.0, 300)])
def test_what_lasts_pages(rate: int, share: float, records: int) -> None:
    """Within so many records or four hours, whichever is more."""
    days = _days(rate)
    log = _lacking(drawn(days, rate, 7), _ONE, share, days / 2, DAY)
    (page,) = (edge for edge in fired(fed(log, labels=False)) if edge.severity == "page")
    assert page.features == FEATURES[:1]
    onset = START + days / 2 * DAY
    since = np.searchsorted(log.time, page.time) - np.searchsorted(log.time, onset)
    assert page.time - onset <= 4 * _HOUR or since <= records


def test_a_total_outage_pages_within_twenty_minutes() -> None:
    """Where there is traffic enough."""
    log = _lacking(drawn(1, 50_000, 7), _ALL, 1.0, 0.5, _HOUR)
    (page,) = (edge for edge in fired(fed(log, labels=False)) if edge.severity == "page")
    assert 300 < page.time - START - DAY / 2 < 1_200


@pytest.mark.parametrize("rate", [50, 100, 300, 1_000, 5_000, 50_000])
@pytest.mark.parametrize("lines", [500, 1_500, 5_000])
@pytest.mark.parametrize("spread", [0.0, 120.0])
def test_a_burst_of_garbage_wakes_nobody(rate: int, lines: int, spread: float) -> None:
    """Between two records, or over two minutes; and it does not keep the loss from being judged."""
    days = _days(rate)
    log = drawn(days, rate, 7)
    when = START + days / 2 * DAY + np.linspace(0, spread, lines)
    assert pages(fed(attrs.evolve(log, garbage=np.searchsorted(log.time, when)))) == []


@_PER_DAY
def test_garbage_that_lasts_pages(rate: int) -> None:
    """Half of the lines."""
    days = _days(rate)
    log = drawn(days, rate, 7)
    first = log.size // 2
    log = attrs.evolve(log, garbage=np.arange(first, log.size))
    (page,) = (edge for edge in fired(fed(log, labels=False)) if edge.severity == "page")
    assert page.time - log.time[first] <= 4 * _HOUR or page.record - first <= 2 * 600
