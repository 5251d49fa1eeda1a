"""Time zones: how far the clocks of a place are ahead of UTC at many event times at once."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from functools import cache
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt
from numpy.typing import NDArray

from ..settings.kinds import closest
from ..settings.values import SettingError
from ..statistics import FloatArray

if TYPE_CHECKING:
    from zoneinfo import ZoneInfo

__all__ = ["GREENWICH", "clock_changes", "is_time_zone", "local_seconds", "parse_time_zone", "utc_offsets"]

GREENWICH = "UTC"

_LAST_YEAR = 2101
_STEP = 3 * 86_400
_HINT = 'write the name of a place in the IANA database, such as "Europe/Berlin"'


def _zone(name: str) -> ZoneInfo | None:
    """``None`` if the database of time zones has no such name."""
    from zoneinfo import ZoneInfo, ZoneInfoNotFoundError  # only who has a zone pays for it

    try:
        return ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError, OSError):  # a folder of the database is an OSError
        return None


def is_time_zone(name: str) -> bool:
    """Whether the database of time zones has this name."""
    return name == GREENWICH or _zone(name) is not None


def parse_time_zone(text: str) -> str:
    """The name of a time zone as it was written; raises :class:`SettingError` for another text."""
    if is_time_zone(text):
        return text
    from zoneinfo import available_timezones  # only mistakes need it

    known = sorted(available_timezones())
    if not known:
        raise SettingError(f'"{text}": there is no database of time zones', "install the Python package tzdata")
    by_lower = {name.lower(): name for name in known}
    written = text.strip().lower().replace(" ", "_")
    places = {name.rpartition("/")[2].lower(): name for name in known}
    guess = by_lower.get(written) or places.get(written)
    if guess is None:
        near = closest(written, [*by_lower], 0.75) or closest(written, [*places], 0.8)
        guess = by_lower.get(near) or places[near] if near is not None else None
    raise SettingError(f'"{text}" is not a time zone', f'did you mean "{guess}"?' if guess else _HINT)


@cache
def clock_changes(name: str) -> tuple[FloatArray, FloatArray]:
    """When the clocks of a zone change, in seconds since the epoch and ascending, and the seconds they are ahead of UTC then.

    The first one, of the beginning of 1970, holds before it too; the last changes are those of 2101. The zone is looked at every
    third day, and each change is then found to the second: the shortest time from one change to the next has been a week.
    Raises :class:`ValueError` for a name that is none.
    """
    zone = _zone(name)
    if zone is None:
        raise ValueError(f"{name} is not a time zone")

    def ahead(seconds: int) -> timedelta | None:
        return datetime.fromtimestamp(seconds, zone).utcoffset()

    last = int(datetime(_LAST_YEAR, 12, 31, tzinfo=UTC).timestamp())
    before, changes = ahead(0), [(0, ahead(0))]
    for day in range(0, last, _STEP):
        after = ahead(day + _STEP)
        if after != before:
            low, high = day, day + _STEP
            while high - low > 1:
                middle = (low + high) // 2
                low, high = (middle, high) if ahead(middle) == before else (low, middle)
            changes.append((high, after))
        before = after
    times = np.array([time for time, _ in changes], dtype=np.float64)
    offsets = np.array([offset.total_seconds() if offset is not None else 0.0 for _, offset in changes])
    return times, offsets


def utc_offsets(seconds: npt.ArrayLike, name: str) -> FloatArray:
    """By how many seconds the clocks of a zone are ahead of UTC at each time (finite seconds since the epoch)."""
    times = np.asarray(seconds, dtype=np.float64)
    if name == GREENWICH:
        return np.zeros(times.shape)
    changes, offsets = clock_changes(name)
    place: NDArray[np.intp] = np.searchsorted(changes, times, side="right") - 1
    found: FloatArray = offsets[np.maximum(place, 0)]
    return found


def local_seconds(seconds: FloatArray, name: str) -> FloatArray:
    """Times as the clocks of a zone show them, as if these were those of Greenwich; for finite seconds since the epoch."""
    if name == GREENWICH:
        return seconds
    found: FloatArray = seconds + utc_offsets(seconds, name)
    return found
