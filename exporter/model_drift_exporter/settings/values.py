"""The small languages settings are written in: durations, windows, budgets, sizes and listen addresses.

Each has a parser, which gives the value that programs use, and a text that the parser reads back as that value.
"""

from __future__ import annotations

import ipaddress
import math
import re
from fractions import Fraction
from typing import NamedTuple

import attrs

__all__ = [
    "ListenAddress",
    "SettingError",
    "Window",
    "parse_budget",
    "parse_duration",
    "parse_listen_address",
    "parse_optional_address",
    "parse_optional_duration",
    "parse_size",
    "parse_telemetry_path",
    "parse_window",
    "window_length",
    "write_budget",
    "write_duration",
    "write_optional_duration",
    "write_size",
]

WINDOW_BOUNDS = ("1s", "366d")
FEWEST_WINDOW_RECORDS = 10
MOST_WINDOW_RECORDS = 100_000

_UNIT_SECONDS = {"d": 86_400.0, "h": 3_600.0, "m": 60.0, "s": 1.0, "ms": 0.001}
_DURATION = re.compile("".join(rf"(?:(?P<{unit}>[0-9]{{1,12}}){unit})?" for unit in _UNIT_SECONDS))
_COUNT = re.compile(r"[1-9][0-9]{0,17}")

_UNIT_MINUTES = {"hour": 60.0, "day": 1_440.0, "week": 10_080.0, "month": 43_800.0, "year": 525_600.0}
_NUMBER_WORDS = ("one", "two", "three", "four", "five", "six", "seven", "eight", "nine", "ten", "eleven", "twelve")
_SMALL_NUMBERS = {word: number for number, word in enumerate(_NUMBER_WORDS, 1)} | {
    "a": 1,
    "an": 1,
    "once": 1,
    "twice": 2,
}
_BUDGET = re.compile(
    r"(?:at most )?(?P<count>[a-z]+|[1-9][0-9]{0,5})(?: times?)? "
    r"(?:an?|(?:in|per|every|each)(?: (?P<number>[a-z]+|[1-9][0-9]{0,5}))??) (?P<unit>hour|day|week|month|year)s?"
)
_MOST_OF_A_BUDGET = 999_999
_BUDGET_BOUNDS = (60.0, 1_000 * _UNIT_MINUTES["year"])

_UNIT_BYTES = {"GiB": 2**30, "MiB": 2**20, "KiB": 2**10, "B": 1, "": 1}
_SIZE = re.compile(r"(0|[1-9][0-9]{0,17}|[1-9][0-9]{0,2}(?:_[0-9]{3}){1,5}) ?(GiB|MiB|KiB|B|)")
_SIZE_IN_OTHER_UNITS = re.compile(r"([0-9]+) ?([KMG])(?:I?B)?", re.IGNORECASE)

_HOST_NAME = re.compile(r"(?!-)[A-Za-z0-9_.-]{1,253}")
_PORT = re.compile(r"[0-9]{1,5}")
_LARGEST_PORT = 65_535
_URL_PATH = re.compile(r"(?:/[A-Za-z0-9._~-]+)+")
_RESERVED_PATHS = ("/-", "/ingest", "/api")


class SettingError(ValueError):
    """A value that cannot be used: ``message`` names it and says what is wrong, ``hint`` what to write instead."""

    def __init__(self, message: str, hint: str = "") -> None:
        self.message = message
        self.hint = hint
        super().__init__(f"{message}; {hint}" if hint else message)


@attrs.frozen
class Window:
    """A rolling window by event time (``seconds``) or by record count (``records``); the other one is ``None``.

    ``name`` is the text it was written as, and the value of the ``window`` label.
    """

    name: str
    seconds: float | None = None
    records: int | None = None

    def __str__(self) -> str:
        return self.name


class ListenAddress(NamedTuple):
    """Where a server listens: the host ``""`` means all interfaces, an IPv6 host has no brackets; port 0 is any free one."""

    host: str
    port: int

    def __str__(self) -> str:
        return f"[{self.host}]:{self.port}" if ":" in self.host else f"{self.host}:{self.port}"


def parse_duration(text: str, bounds: tuple[str, str] | None = None) -> float:
    """Seconds of a duration such as ``250ms``, ``90s`` or ``1h30m``; ``SettingError`` where it is none.

    ``bounds`` are the shortest and the longest duration accepted.
    """
    match = _DURATION.fullmatch(text)
    if not text or match is None:
        raise SettingError(
            f'"{text}" is not a duration', "write whole numbers with units, such as 250ms, 90s, 1h30m or 7d"
        )
    seconds = sum(int(count) * _UNIT_SECONDS[unit] for unit, count in match.groupdict().items() if count)
    if bounds is not None and not parse_duration(bounds[0]) <= seconds <= parse_duration(bounds[1]):
        side = f"shorter than {bounds[0]}" if seconds < parse_duration(bounds[0]) else f"longer than {bounds[1]}"
        raise SettingError(f'"{text}" is {side}', f"write a duration from {bounds[0]} to {bounds[1]}")
    return seconds


def parse_optional_duration(text: str, bounds: tuple[str, str]) -> float | None:
    """Like :func:`parse_duration`, but ``None`` for ``auto``."""
    return None if text == "auto" else parse_duration(text, bounds)


def write_duration(seconds: float) -> str:
    """The text of a duration in whole milliseconds, ``1h30m`` for 5,400 seconds; ``parse_duration`` reads it back."""
    if not 0 <= seconds < math.inf:
        return f"{seconds}s"  # which is no duration
    left, parts = round(seconds * 1_000), []
    for unit, length in _UNIT_SECONDS.items():
        count, left = divmod(left, round(length * 1_000))
        parts += [f"{count}{unit}"] if count else []
    return "".join(parts) or "0s"


def write_optional_duration(seconds: float | None) -> str:
    """Like :func:`write_duration`, ``auto`` for ``None``."""
    return "auto" if seconds is None else write_duration(seconds)


def parse_budget(text: str) -> float:
    """Minutes per event of "1 in 10 years", "at most one in 10 years", "1 a week", "one per month", "twice a year".

    ``SettingError`` where it is none, or not between one an hour and one in 1,000 years.
    """
    match = _BUDGET.fullmatch(" ".join(text.lower().split()))
    hint = 'write how many in which time, such as "1 in 10 years", "one a month" or "2 per week"'
    if match is None:
        raise SettingError(f'"{text}" is not a frequency', hint)
    count, number = (_small_number(match[name] or "1") for name in ("count", "number"))
    if count is None or number is None:
        raise SettingError(f'"{text}" is not a frequency', hint)
    minutes = number * _UNIT_MINUTES[match["unit"]] / count
    if not _BUDGET_BOUNDS[0] <= minutes <= _BUDGET_BOUNDS[1]:
        side = "more often than once an hour" if minutes < _BUDGET_BOUNDS[0] else "less often than once in 1000 years"
        raise SettingError(f'"{text}" is {side}', 'write something from "1 an hour" to "1 in 1000 years"')
    return minutes


def write_budget(minutes: float) -> str:
    """The plainest text of minutes per event that ``parse_budget`` reads back: "1 in 10 years", "1 in a week"."""
    if not _BUDGET_BOUNDS[0] <= minutes <= _BUDGET_BOUNDS[1]:
        return f"1 in {minutes} minutes"  # which is no budget
    found: list[tuple[bool, bool, int, str]] = []
    for position, unit in enumerate(reversed(_UNIT_MINUTES)):
        units = minutes / _UNIT_MINUTES[unit]
        most = _MOST_OF_A_BUDGET if units <= 1 else max(1, int(_MOST_OF_A_BUDGET / units))
        times = Fraction(units).limit_denominator(most)
        number, count = times.numerator, times.denominator
        if 1 <= number <= _MOST_OF_A_BUDGET and number * _UNIT_MINUTES[unit] / count == minutes:
            article = "an" if unit == "hour" else "a"
            period = f"{article} {unit}" if number == 1 else f"{number} {unit}s"
            found.append((count > 1, count > 1 and number > 1, position, f"{count} in {period}"))
    return min(found)[-1] if found else f"1 in {minutes} minutes"


def _small_number(text: str) -> int | None:
    return int(text) if text.isdigit() else _SMALL_NUMBERS.get(text)


def parse_window(text: str) -> Window:
    """The window written as a duration of 1 s to 366 d or a count of 10 to 100,000 records; else ``SettingError``."""
    if _COUNT.fullmatch(text):
        records = int(text)
        if not FEWEST_WINDOW_RECORDS <= records <= MOST_WINDOW_RECORDS:
            bounds = f"{FEWEST_WINDOW_RECORDS} to {MOST_WINDOW_RECORDS}"
            raise SettingError(
                f"a window of {text} records is out of range",
                f"write {bounds} for records, or a unit for a duration, as in {text}s",
            )
        return Window(text, records=records)
    if not text or text.endswith("ms") or _DURATION.fullmatch(text) is None:
        hint = "write a duration such as 1h, 1h30m or 7d, or a record count such as 1000"
        raise SettingError(f'"{text}" is not a window', hint)
    return Window(text, seconds=parse_duration(text, WINDOW_BOUNDS))


def window_length(window: Window) -> tuple[float | None, int | None]:
    """What two windows must differ in: ``60m`` is ``1h``."""
    return window.seconds, window.records


def parse_size(text: str) -> int:
    """Bytes of ``1048576``, ``512KiB`` or ``8MiB``; ``SettingError`` where it is none."""
    match = _SIZE.fullmatch(text)
    if match is None:
        other = _SIZE_IN_OTHER_UNITS.fullmatch(text)
        instead = f"{other[1]}{other[2].upper()}iB" if other else "a number of bytes, or 512KiB, 8MiB, 1GiB"
        raise SettingError(f'"{text}" is not a size', f"write {instead}")
    return int(match[1]) * _UNIT_BYTES[match[2]]


def write_size(size: int) -> str:
    """The shortest exact text of a number of bytes; ``parse_size`` reads it back."""
    unit = next(unit for unit, factor in _UNIT_BYTES.items() if size and size % factor == 0) if size else ""
    return f"{size // _UNIT_BYTES[unit]}{'' if unit == 'B' else unit}"


def parse_listen_address(text: str) -> ListenAddress:
    """Host and port of ``:9877``, ``localhost:9877`` or ``[::1]:9877``. Raises ``SettingError``."""
    host, colon, port = text.rpartition(":")
    if not colon:
        instead = f":{text}" if _PORT.fullmatch(text) else f"{text}:9877"
        raise SettingError(f'"{text}" is not a listen address', f'write "{instead}"')
    if "/" in text:
        raise SettingError(f'"{text}" is not a listen address', 'write host and port only, such as "localhost:9877"')
    if ":" in host and not (host.startswith("[") and host.endswith("]")):
        raise SettingError(
            f'"{text}" is an IPv6 address without brackets', f'write "[{host.strip("[]")}]:{port or 9877}"'
        )
    if not _PORT.fullmatch(port) or int(port) > _LARGEST_PORT:
        raise SettingError(f'"{text}" has the port "{port}"', f"write a port from 0 to {_LARGEST_PORT}")
    if host == "*":
        raise SettingError(f'"{text}" has the host "*"', f'write ":{port}" for all interfaces')
    bare = host.removeprefix("[").removesuffix("]") if host.startswith("[") else host
    if host and not _is_host(host, bare):
        raise SettingError(
            f'"{text}" has the host "{host}"', 'write a host name, an IPv4 address or "[IPv6]" before the port'
        )
    return ListenAddress(bare, int(port))


def parse_optional_address(text: str) -> ListenAddress | None:
    """Like ``parse_listen_address``, but ``None`` for no text."""
    return parse_listen_address(text) if text else None


def parse_telemetry_path(text: str) -> str:
    """A path of the web server that is free for the metrics; else ``SettingError``."""
    if _URL_PATH.fullmatch(text) is None:
        raise SettingError(f'"{text}" is not a path', 'write a path such as "/metrics"')
    if any(f"{text}/".startswith(f"{reserved}/") for reserved in _RESERVED_PATHS):
        raise SettingError(f'"{text}" is taken by the exporter itself', 'write another path, such as "/metrics"')
    return text


def _is_host(host: str, bare: str) -> bool:
    numeric = host.startswith("[") or not host.strip("0123456789.")
    if not numeric:
        return _HOST_NAME.fullmatch(host) is not None
    try:
        return ipaddress.ip_address(bare).version == (6 if host.startswith("[") else 4)
    except ValueError:
        return False
