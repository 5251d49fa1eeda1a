"""Numbers, sizes, times and names as people read them, on a page and in a terminal."""

from __future__ import annotations

import math
import re
from collections.abc import Sequence
from datetime import UTC, datetime

__all__ = [
    "EXCERPT_LENGTH",
    "UNKNOWN",
    "age",
    "brief",
    "compact",
    "count",
    "count_of",
    "counted",
    "duration",
    "excerpt",
    "joined",
    "moment",
    "percent",
    "share",
    "significant",
    "size",
    "size_text",
    "timestamp",
    "window_words",
]

UNKNOWN = "–"
_GAP = "\u202f"
_MINUS = "\u2212"
_TIME_UNITS = {"s": "s", "m": "min", "h": "h", "d": "d", "w": "weeks"}
_MINUTE, _HOUR, _DAY, _YEAR = 60.0, 3600.0, 86_400.0, 31_557_600.0
EXCERPT_LENGTH = 80
_SMALLEST_SHARE = 0.001


def count(number: int) -> str:
    """Every digit, grouped by thousands: ``12 345``."""
    return f"{number:,}".replace(",", _GAP)


def counted(number: int, singular: str, plural: str = "") -> str:
    """A count and its noun: ``1 record``, ``12 345 records``."""
    return f"{count(number)} {singular if number == 1 else plural or singular + 's'}"


def compact(number: int) -> str:
    """At most five digits in full, above that three significant ones: ``99 999``, ``1.23 M``."""
    for limit, unit in ((10**12, "T"), (10**9, "G"), (10**6, "M"), (10**5, "k")):
        if number >= limit:
            return f"{number / (1000 if unit == 'k' else limit):.3g}{_GAP}{unit}"
    return count(number)


def significant(value: float | None) -> str:
    """Three significant digits without an exponent; below 0.0001 only that it is."""
    if value is None or math.isnan(value):
        return UNKNOWN
    magnitude = abs(value)
    sign = _MINUS if value < 0 else ""
    if magnitude == 0:
        return "0"
    if magnitude < 0.0001:
        return f"<{_GAP}0.0001"
    if magnitude >= 999.5:
        return sign + (compact(round(magnitude)) if magnitude < 1e15 else "∞")
    return f"{sign}{magnitude:.3g}"


def share(ratio: float | None) -> str:
    """A ratio from 0 to 1 in per cent with one decimal; what is not quite 0 or 1 never reads as 0 or 100."""
    if ratio is None or math.isnan(ratio):
        return UNKNOWN
    if ratio <= 0:
        return f"0{_GAP}%"
    if ratio >= 1:
        return f"100{_GAP}%"
    if ratio < 0.0005:
        return f"<{_GAP}0.1{_GAP}%"
    if ratio >= 0.9995:  # what would round to 100.0
        return f">{_GAP}99.9{_GAP}%"
    return f"{ratio * 100:.1f}{_GAP}%"


def size(number: int) -> str:
    """Bytes in binary units: ``512 B``, ``1.5 MiB``."""
    value = float(number)
    for unit in ("B", "KiB", "MiB", "GiB"):
        if value < 999.5:
            return f"{value:.3g}{_GAP}{unit}"
        value /= 1024
    return f"{value:.3g}{_GAP}TiB"


def brief(fingerprint: str) -> str:
    """The start of a fingerprint, enough to tell two apart."""
    return fingerprint if len(fingerprint) <= 20 else f"{fingerprint[:16]}…"


def duration(seconds: float) -> str:
    """The largest unit that fits, whole: ``3 s``, ``5 min``, ``2 h``, ``3 d``, ``2 years``."""
    if seconds < 1:
        return f"{seconds:.1f}{_GAP}s" if seconds >= 0.05 else f"0{_GAP}s"
    if seconds < _MINUTE:
        return f"{int(seconds)}{_GAP}s"
    if seconds < _HOUR:
        return f"{int(seconds / _MINUTE)}{_GAP}min"
    if seconds < 2 * _DAY:
        return f"{int(seconds / _HOUR)}{_GAP}h"
    if seconds < _YEAR:
        return f"{int(seconds / _DAY)}{_GAP}d"
    years = int(seconds / _YEAR)
    return f"{years}{_GAP}year{'s' if years > 1 else ''}"


def age(time: float, now: float) -> str:
    """How long before ``now`` a time was: ``12 s ago``; a time that lies ahead reads ``in 3 min``."""
    seconds = now - time
    if abs(seconds) < 1:
        return "just now"
    return f"{duration(seconds)} ago" if seconds > 0 else f"in {duration(-seconds)}"


def timestamp(time: float) -> str:
    """A time since the epoch as ``2013-06-01 12:00:00 UTC``; outside the years 1 to 9999 as plain seconds."""
    try:
        return datetime.fromtimestamp(time, UTC).strftime("%Y-%m-%d %H:%M:%S UTC")
    except (OverflowError, OSError, ValueError):
        return f"{time:.0f} seconds since 1970"


def window_words(name: str) -> str:
    """A window's name as it follows "in the" and "the": ``last 24 h``, ``last 1 000 records``."""
    if name.isdecimal():
        return f"last {counted(int(name), 'record')}"
    match = re.fullmatch(r"(\d+)([smhdw])", name)
    if match is None:
        return f"window {name}"
    return f"last {match[1]}{_GAP}{_TIME_UNITS[match[2]]}"


def percent(share: float) -> str:
    """A share of 1 for people."""
    if share in (0, 1):
        return f"{share:.0%}".replace("%", " %")
    return "< 0.1 %" if share < _SMALLEST_SHARE else f"{min(share, 0.999):.1%}".replace("%", " %")


def size_text(size: float) -> str:
    """A number of bytes for people."""
    for unit in ("bytes", "KiB", "MiB"):
        if size < 1024:
            return f"{size:,.0f} {unit}" if unit == "bytes" else f"{size:.1f} {unit}"
        size /= 1024
    return f"{size:,.1f} GiB"


def count_of(number: int, thing: str, things: str | None = None) -> str:
    """``1 line``, ``2,000 lines``."""
    return f"{number:,} {thing if number == 1 else things or thing + 's'}"


def joined(names: Sequence[str], most: int = 8) -> str:
    """Names in one line, only the first of many."""
    shown = [excerpt(name, 40) for name in names[:most]]
    return ", ".join(shown) + (f" and {len(names) - most:,} more" if len(names) > most else "")


def moment(seconds: float) -> str:
    """Seconds since the epoch as a date and a time; the number itself beyond the years that have one."""
    try:
        return datetime.fromtimestamp(seconds, UTC).strftime("%Y-%m-%d %H:%M:%S UTC")
    except (OverflowError, ValueError, OSError):
        return f"{seconds:g}"


def excerpt(text: str | bytes, length: int = EXCERPT_LENGTH) -> str:
    """The beginning of a text, at most ``length`` characters; what a terminal would not print is escaped."""
    if isinstance(text, bytes):
        text = text[: 4 * length].decode("utf-8", "backslashreplace")
    characters = (
        each if each.isprintable() else each.encode("unicode_escape").decode("ascii") for each in text[: length + 1]
    )
    safe = "".join(characters)
    return safe if len(safe) <= length else safe[: length - 1] + "…"
