"""Parses columns of raw values as event times, in seconds since the epoch."""

from __future__ import annotations

import math
from collections.abc import Sequence
from datetime import UTC, datetime
from typing import cast

import numpy as np
from numpy.typing import NDArray

from .columns import Numbers

__all__ = ["format_time", "parse_time", "parse_times"]

Array = NDArray[np.float64]

# The size of a number tells its unit: seconds, milliseconds, microseconds or nanoseconds. Each unit covers the years
# 1973-5138. A number beyond the last limit is not a time.
_UNITS = ((1e11, 1.0), (1e14, 1e-3), (1e17, 1e-6), (1e20, 1e-9))
_SEPARATORS = ((4, "-"), (7, "-"), (13, ":"), (16, ":"))
_DIGITS = (0, 1, 2, 3, 5, 6, 8, 9, 11, 12, 14, 15, 17, 18)
_SECONDS_LENGTH = 19
_BASIC_DATE_LENGTH = 8


def parse_times(values: Sequence[object]) -> Array:
    """Seconds since the epoch for each value; NaN if it is not a time.

    Numbers are seconds, milliseconds, microseconds or nanoseconds since the epoch; their size tells the unit. Strings are
    RFC 3339, ISO 8601 (UTC if there is no offset), or such a number in digits.
    """
    if isinstance(values, Numbers):
        return _scale(values.values)
    kinds = set(map(type, values))
    if kinds <= {float, int}:
        try:
            return _scale(np.fromiter(values, np.float64, len(values)))
        except OverflowError:
            pass  # a whole number beyond the range of floats
    if kinds == {str}:
        times = _parse_uniform(cast("Sequence[str]", values))
        if times is not None:
            return times
    return np.array([parse_time(value) for value in values], dtype=np.float64)


def parse_time(value: object) -> float:
    """Parse one value as :func:`parse_times` does; NaN if it is not a time."""
    if isinstance(value, bool) or value is None:
        return math.nan
    if isinstance(value, int | float):
        try:
            return float(_scale(np.array([value], dtype=np.float64))[0])
        except OverflowError:
            return math.nan
    return _parse_text(value) if isinstance(value, str) else math.nan


def _parse_text(value: str) -> float:
    text = value.strip().upper().removesuffix(" UTC")
    # Try digits first: 13 digits are milliseconds, but could also be read as a date and time of the 17th century.
    if "_" not in text and (len(text) != _BASIC_DATE_LENGTH or not text.isdecimal()):
        try:
            return float(_scale(np.array([float(text)], dtype=np.float64))[0])
        except ValueError:
            pass
    try:
        moment = datetime.fromisoformat(text)
        return (moment if moment.tzinfo else moment.replace(tzinfo=UTC)).timestamp()
    except (ValueError, OverflowError):
        return math.nan


def _scale(numbers: Array) -> Array:
    size = np.abs(numbers)
    if not np.isfinite(size).all():
        numbers = np.where(np.isfinite(size), numbers, np.nan)
    if (size < _UNITS[0][0]).all():
        return numbers
    factor = np.select([size < limit for limit, _ in _UNITS], [unit for _, unit in _UNITS], default=math.nan)
    scaled: Array = numbers * factor
    return scaled


def _parse_uniform(texts: Sequence[str]) -> Array | None:
    """Parse texts of one length in the form 2026-11-03T09:14:07[.221][Z] all at once; ``None`` for any other form."""
    digits = _digits(texts)
    if digits is None:
        return None
    year = digits[:, :4] @ np.array([1000, 100, 10, 1])
    month, day, hour, minute, second = (digits[:, 4:14:2] * 10 + digits[:, 5:14:2]).T
    bad = (year < 1) | (month < 1) | (month > 12) | (day < 1) | (hour > 23) | (minute > 59) | (second > 59)
    if bad.any():
        return None
    months = (year - 1970) * 12 + month - 1
    first_of_month, first_of_next = _first_day(months), _first_day(months + 1)
    if (day > first_of_next - first_of_month).any():
        return None
    days = first_of_month + day - 1
    times: Array = (days * 86_400 + hour * 3_600 + minute * 60 + second).astype(np.float64)
    fraction = digits[:, len(_DIGITS) :]
    if fraction.shape[1]:
        times += fraction @ (10.0 ** -np.arange(1, fraction.shape[1] + 1))
    return times


def _digits(texts: Sequence[str]) -> NDArray[np.int64] | None:
    """The digits [text, digit], if all texts have the form of :func:`_parse_uniform`; otherwise ``None``."""
    length = len(texts[0])
    joined = "".join(texts)
    if length < _SECONDS_LENGTH or set(map(len, texts)) != {length} or not joined.isascii():
        return None
    characters = np.frombuffer(joined.encode(), np.uint8).reshape(len(texts), length)
    separators = [*_SEPARATORS]
    end = length
    if texts[0].endswith("Z"):
        end -= 1
        separators.append((end, "Z"))
    if end == _SECONDS_LENGTH + 1:
        return None
    if end > _SECONDS_LENGTH:
        separators.append((_SECONDS_LENGTH, "."))
    if any((characters[:, position] != ord(separator)).any() for position, separator in separators):
        return None
    between = characters[:, 10]
    if not ((between == ord("T")) | (between == ord(" "))).all():
        return None
    digits = characters[:, [*_DIGITS, *range(_SECONDS_LENGTH + 1, end)]].astype(np.int64) - ord("0")
    return digits if digits.min() >= 0 and digits.max() <= 9 else None


def _first_day(months: NDArray[np.int64]) -> NDArray[np.int64]:
    """Days from the epoch to the first day of each month; months are counted from the epoch too."""
    return months.astype("datetime64[M]").astype("datetime64[D]").astype(np.int64)


def format_time(time: float) -> str:
    """Format seconds since the epoch as RFC 3339 in UTC, to the second, or to the millisecond if there is a fraction.

    A time outside the years 1 to 9999 becomes a text such as ``-99999999999 seconds since 1970``.
    """
    try:
        moment = datetime.fromtimestamp(round(time, 3), UTC)
    except (OverflowError, OSError, ValueError):
        return f"{time:.0f} seconds since 1970"
    return moment.isoformat(timespec="milliseconds" if moment.microsecond else "seconds").replace("+00:00", "Z")
