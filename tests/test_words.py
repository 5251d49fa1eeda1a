"""Numbers, sizes, times and names for people."""

from __future__ import annotations

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from model_drift_exporter.words import (
    EXCERPT_LENGTH,
    UNKNOWN,
    age,
    brief,
    compact,
    count,
    count_of,
    counted,
    duration,
    excerpt,
    joined,
    moment,
    percent,
    share,
    significant,
    size,
    size_text,
    timestamp,
    window_words,
)


def _plain(text: str) -> str:
    return text.replace("\u202f", " ").replace("\u2212", "-")


@pytest.mark.parametrize(
    ("value", "text"),
    [(None, UNKNOWN), (float("nan"), UNKNOWN), (0.0, "0"), (0.00004, "< 0.0001"), (0.64213, "0.642"), (12.345, "12.3"),
     (999.4, "999"), (1234.0, "1 234"), (-1.2, "-1.2"), (2.5e6, "2.5 M"), (float("inf"), "∞"), (-5000.0, "-5 000")],
)  # fmt: skip
def test_statistics_have_three_significant_digits(value: float | None, text: str) -> None:
    """No exponent ever shows, and what cannot be known is a dash."""
    assert _plain(significant(value)) == text


@pytest.mark.parametrize(
    ("ratio", "text"),
    [(None, UNKNOWN), (0.0, "0 %"), (1.0, "100 %"), (0.0001, "< 0.1 %"), (0.9999, "> 99.9 %"), (0.0312, "3.1 %")],
)
def test_shares_are_per_cent(ratio: float | None, text: str) -> None:
    """Nearly nothing and nearly everything do not read as nothing and everything."""
    assert _plain(share(ratio)) == text


@example(0.0005)
@example(0.9995)
@given(st.floats(min_value=1e-12, max_value=1 - 1e-12))
def test_a_share_strictly_between_never_reads_as_none_or_all(ratio: float) -> None:
    """Only 0 is "0 %" and only 1 is "100 %"."""
    assert _plain(share(ratio)) not in ("0 %", "0.0 %", "100 %", "100.0 %")


def test_counts_are_grouped_and_large_ones_compact() -> None:
    """Up to five digits in full, then three digits and a letter."""
    assert [_plain(text) for text in (count(1234567), compact(99999), compact(123456), compact(1234567))] == [
        "1 234 567", "99 999", "123 k", "1.23 M",
    ]  # fmt: skip
    assert _plain(compact(5 * 10**9)) == "5 G"
    assert [counted(1, "entry", "entries"), _plain(counted(2000, "record"))] == ["1 entry", "2 000 records"]


@pytest.mark.parametrize(
    ("number", "text"),
    [
        (0, "0 B"),
        (999, "999 B"),
        (1000, "0.977 KiB"),
        (18432, "18 KiB"),
        (734003200, "700 MiB"),
        (2**60, "1.05e+06 TiB"),
    ],
)
def test_sizes_are_in_binary_units(number: int, text: str) -> None:
    """KiB are 1,024 bytes."""
    assert _plain(size(number)) == text


@pytest.mark.parametrize(
    ("seconds", "text"),
    [
        (0.0, "0 s"),
        (0.25, "0.2 s"),
        (42.4, "42 s"),
        (59.9, "59 s"),
        (150.0, "2 min"),
        (7300.0, "2 h"),
        (200_000.0, "2 d"),
        (4e8, "12 years"),
        (3.2e7, "1 year"),
    ],
)
def test_durations_have_one_unit(seconds: float, text: str) -> None:
    """The largest unit that fits is enough."""
    assert _plain(duration(seconds)) == text


def test_ages_look_both_ways() -> None:
    """A time ahead of now reads as ahead, as when the clock of the log's writer is fast."""
    assert [_plain(age(time, 1000.0)) for time in (996.0, 1000.4, 1180.0)] == ["4 s ago", "just now", "in 3 min"]


def test_timestamps_are_utc_and_never_fail() -> None:
    """A nonsensical time is still printed."""
    assert timestamp(0.0) == "1970-01-01 00:00:00 UTC"
    assert timestamp(1e18).endswith("seconds since 1970")


def test_windows_read_as_words() -> None:
    """Durations and numbers of records follow "the last"; any other name is given as it is."""
    assert [_plain(window_words(name)) for name in ("1h", "30m", "1000", "whole")] == [
        "last 1 h", "last 30 min", "last 1 000 records", "window whole",
    ]  # fmt: skip


def test_long_fingerprints_are_cut() -> None:
    """A short one stays whole."""
    assert brief("a" * 64) == "a" * 16 + "…"
    assert brief("9f2c41d0") == "9f2c41d0"


@pytest.mark.parametrize(
    ("share", "text"),
    [(0, "0 %"), (1, "100 %"), (0.0004, "< 0.1 %"), (0.25, "25.0 %"), (0.99999, "99.9 %")],
)
def test_shares_never_round_to_none_or_all(share: float, text: str) -> None:
    """Only a share of exactly 0 or 1 is shown as none or all."""
    assert percent(share) == text


def test_sizes_and_counts_are_for_people() -> None:
    """Sizes have binary units, counts a plural and thousands separators."""
    assert [size_text(size) for size in (12, 2_048, 5 << 20, 3 << 30)] == ["12 bytes", "2.0 KiB", "5.0 MiB", "3.0 GiB"]
    assert [count_of(1, "class", "classes"), count_of(2_000, "line")] == ["1 class", "2,000 lines"]
    assert joined([*"abcd"], 2) == "a, b and 2 more"


def test_times_beyond_the_calendar_are_numbers() -> None:
    """A time that no calendar has does not fail."""
    assert moment(0) == "1970-01-01 00:00:00 UTC"
    assert moment(1e17) == "1e+17"


@given(st.one_of(st.binary(max_size=500), st.text(max_size=200)))
def test_excerpts_are_short_and_safe(text: str | bytes) -> None:
    """Whatever stands in a log, its excerpt is at most 80 printable characters."""
    found = excerpt(text)
    assert len(found) <= EXCERPT_LENGTH
    assert found.isprintable()
