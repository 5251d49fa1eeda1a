"""Whose clocks the rows of a reference follow, where a change of clocks among them shows it beyond doubt."""

from __future__ import annotations

import math
import re
from collections.abc import Sequence

import attrs
import numpy as np
from numpy.typing import NDArray

from ...records.columns import Numbers
from ...records.times import parse_times
from ...statistics import FloatArray
from ...statistics.sums import PART
from ..time_zones import GREENWICH, clock_changes, utc_offsets
from .row_history import OrderedRows

__all__ = ["OffsetSurvey", "ZoneChoice", "known_time_zone", "zone_of_rows"]

_HOUR = 3_600.0
_HOURS = 168
_WEEK = _HOURS * _HOUR
_CLEAR = 5.0
"""Standard errors over days."""
_PART = 0.5
"""In a week the sun, whose hours drift as well, moves by up to 40 minutes: a third of the gain."""
_RULES = ("Europe/Berlin", "America/New_York", "Australia/Sydney", "Pacific/Auckland", "America/Santiago")
"""A zone for each rule of when clocks change that many people live by. Which of its zones makes no difference to slots."""
_OF_OFFSETS = (
    *("Europe/London", "Europe/Berlin", "Europe/Athens", "America/New_York", "America/Chicago", "America/Denver"),
    *("America/Los_Angeles", "America/Halifax", "America/St_Johns", "America/Anchorage", "Australia/Sydney"),
    *("Australia/Adelaide", "Pacific/Auckland", "America/Santiago", "Asia/Jerusalem", "Africa/Cairo", "Asia/Beirut"),
)
_OFFSET = re.compile(r"([+-])(\d\d):?(\d\d)")
_SHORTEST = len("2026-01-01T00:00+0100")
_MOST_HOURS = 200_000


@attrs.frozen
class ZoneChoice:
    """A time zone, and how it was found: ``set``, by the ``offsets`` of the times, by the ``rows``, or not at all (empty)."""

    name: str = GREENWICH
    found: str = ""


class OffsetSurvey:
    """The offsets from UTC that times were written with, by hour."""

    def __init__(self) -> None:
        self._seen: set[tuple[float, float]] = set()

    def add(self, values: Sequence[object]) -> None:
        """Take in raw times; only texts with an offset, such as ``+01:00``, count."""
        if isinstance(values, Numbers) or len(self._seen) > _MOST_HOURS:
            return
        ends = [value[-6:] if isinstance(value, str) and len(value) >= _SHORTEST else "" for value in values]
        offsets = {end: _seconds(end) for end in set(ends)}
        if all(offset is None for offset in offsets.values()):
            return
        hours = np.floor(parse_times(values) / _HOUR).tolist()
        pairs = set(zip(hours, ends, strict=True))
        known = ((hour, offset) for hour, end in pairs if (offset := offsets[end]) is not None)
        self._seen |= {(hour, offset) for hour, offset in known if math.isfinite(hour)}

    def zone(self) -> str | None:
        """A zone whose clocks have all of the offsets when they were written, if there are two or more of them."""
        seen = np.array(sorted(self._seen)).reshape(-1, 2)
        if len(np.unique(seen[:, 1])) < 2 or len(seen) > _MOST_HOURS:
            return None
        begin = seen[:, 0] * _HOUR
        for zone in _OF_OFFSETS:
            fits = (utc_offsets(begin, zone) == seen[:, 1]) | (utc_offsets(begin + _HOUR - 1, zone) == seen[:, 1])
            if fits.all():
                return zone
        return None


def _seconds(end: str) -> float | None:
    found = _OFFSET.fullmatch(end) or _OFFSET.fullmatch(end[1:])
    if found is None:
        return None
    ahead = 3_600.0 * int(found[2]) + 60.0 * int(found[3])
    return -ahead if found[1] == "-" else ahead


def known_time_zone(chosen: str | None, offsets: OffsetSurvey) -> ZoneChoice | None:
    """The zone that is set, or else that of the offsets; ``None`` if only the rows can tell."""
    if chosen is not None:
        return ZoneChoice(chosen, "set")
    zone = offsets.zone()
    return None if zone is None else ZoneChoice(zone, "offsets")


def zone_of_rows(scores: Sequence[FloatArray], rows: OrderedRows) -> ZoneChoice:
    """A zone after whose change of clocks values are what they were an hour earlier or later, beyond doubt; UTC if there is none.

    ``scores`` are [series, bin] of each column, of variance 1. The hourly means of the week behind a change are compared with
    those of the week before, hour of the week by hour, once by UTC and once by the zone's clocks. What the latter gain in
    log-likelihood, under a normal law, is tested over days. It must be more than half of what a change of a whole hour makes:
    of the hours that the sun drifts in a week it is not.
    """
    best = (0.0, ZoneChoice())
    for zone in _RULES:
        found = [_gains(scores, rows, zone, change) for change in _changes(zone, rows)]
        gains = np.concatenate([np.empty(0), *(each for each, _ in found)])
        if len(gains):
            error = float(np.std(gains, ddof=1)) / len(gains) ** 0.5
            gain, whole = float(gains.sum()), sum(each for _, each in found)
            if gains.mean() > _CLEAR * error and gain > max(_PART * whole, best[0]):
                best = gain, ZoneChoice(zone, "rows")
    return best[1]


def _changes(zone: str, rows: OrderedRows) -> list[float]:
    """The changes of clocks that have a week of rows before and behind."""
    if rows.times is None or not rows.rows:
        return []
    first, last = (float(rows.times.read(place, place + 1)[0]) for place in (0, rows.rows - 1))
    return [time for time in clock_changes(zone)[0].tolist() if first + _WEEK <= time <= last - _WEEK]


def _gains(scores: Sequence[FloatArray], rows: OrderedRows, zone: str, change: float) -> tuple[FloatArray, float]:
    """The log-likelihood by the zone's hours less that by hours of UTC, of all series, for each day of a week.

    The second number is what it would be if values moved by exactly as much as the clocks.
    """
    counts, sums = _by_hour(scores, rows, change - _WEEK)
    means = sums / np.maximum(counts, 1.0)
    ahead = utc_offsets([change - 1.0, change], zone)
    moved = round(float(ahead[1] - ahead[0]) / _HOUR)
    # Clocks that go forward an hour make of each hour what was the one behind it.
    place = np.arange(_HOURS)
    same = _HOURS + place
    before = np.clip(place + moved, 0, _HOURS - 1)
    by_utc, noise = _divergence(counts, means, place, same)
    by_zone, _ = _divergence(counts, means, before, same)
    whole, _ = _divergence(counts, means, place, before)
    return (by_utc - by_zone).reshape(-1, 24).sum(axis=1), float((whole - noise).sum())


def _divergence(
    counts: FloatArray, means: FloatArray, one: NDArray[np.int64], other: NDArray[np.int64]
) -> tuple[FloatArray, FloatArray]:
    """The log-likelihood lost, summed over series, where two hours are taken for the same; and what chance makes of it."""
    weight = counts[one] * counts[other] / np.maximum(counts[one] + counts[other], 1.0)
    lost: FloatArray = 0.5 * weight * np.square(means[:, one] - means[:, other]).sum(axis=0)
    chance: FloatArray = 0.5 * len(means) * (weight > 0).astype(np.float64)
    return lost, chance


def _by_hour(scores: Sequence[FloatArray], rows: OrderedRows, start: float) -> tuple[FloatArray, FloatArray]:
    """The rows of each hour of two weeks from ``start`` on, [hour], and sums of each series in it, [series, hour]."""
    hours = 2 * _HOURS
    counts = np.zeros(hours)
    sums = np.zeros((sum(map(len, scores)), hours))
    first = 0
    for times in rows.times.blocks(PART) if rows.times is not None else ():
        low, high = np.searchsorted(times, [start, start + 2 * _WEEK]).tolist()
        if high > low:
            hour = np.floor((times[low:high] - start) / _HOUR).astype(np.intp)
            counts += np.bincount(hour, minlength=hours)
            series = iter(sums)
            for of_column, codes in zip(scores, rows.codes, strict=True):
                if not len(of_column):
                    continue
                of_rows = codes.read(first + low, first + high)
                for score in of_column:
                    total = next(series)
                    total += np.bincount(hour, np.take(score, of_rows), minlength=hours)
        first += len(times)
    return counts, sums
