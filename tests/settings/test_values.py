from __future__ import annotations

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from model_drift_exporter.settings.values import (
    SettingError,
    Window,
    parse_budget,
    parse_duration,
    parse_listen_address,
    parse_optional_address,
    parse_optional_duration,
    parse_size,
    parse_telemetry_path,
    parse_window,
    window_length,
    write_budget,
    write_duration,
    write_optional_duration,
    write_size,
)


@pytest.mark.parametrize(
    ("text", "seconds"),
    [("250ms", 0.25), ("90s", 90), ("5m", 300), ("1h30m", 5_400), ("7d", 604_800), ("1d2h3m4s5ms", 93_784.005)],
)
def test_a_duration_is_the_sum_of_its_units(text: str, seconds: float) -> None:
    """Units from days to milliseconds add up."""
    assert parse_duration(text) == pytest.approx(seconds)


@pytest.mark.parametrize(
    "text", ["", "1", "h", "1.5h", "30m1h", "1h1h", "1 h", "1H", "-1h", "1h ", "٣s", "9" * 5_000 + "s"]
)
def test_anything_else_is_not_a_duration(text: str) -> None:
    """Numbers without units, unknown units, units out of order and stray characters are refused."""
    with pytest.raises(SettingError, match="is not a duration"):
        parse_duration(text)


def test_bounds_of_a_duration_include_their_ends() -> None:
    """The bounds themselves are accepted; beyond them the message says which side."""
    assert parse_duration("1s", ("1s", "1m")) == 1
    assert parse_duration("60s", ("1s", "1m")) == 60
    with pytest.raises(SettingError, match="shorter than 1s"):
        parse_duration("999ms", ("1s", "1m"))
    with pytest.raises(SettingError, match="longer than 1m"):
        parse_duration("61s", ("1s", "1m"))


@pytest.mark.parametrize(
    ("text", "window"),
    [
        ("1h", Window("1h", seconds=3_600)),
        ("1h30m", Window("1h30m", seconds=5_400)),
        ("1s", Window("1s", seconds=1)),
        ("366d", Window("366d", seconds=366 * 86_400)),
        ("10", Window("10", records=10)),
        ("100000", Window("100000", records=100_000)),
    ],
)
def test_a_window_is_a_duration_or_a_record_count(text: str, window: Window) -> None:
    """The unit tells durations from counts, and the ends of both ranges are accepted."""
    assert parse_window(text) == window


@pytest.mark.parametrize(
    "text", ["", "0", "9", "100001", "0s", "367d", "500ms", "1000 records", "01000", "1e3", "99" * 20]
)
def test_windows_out_of_range_or_unreadable_are_refused(text: str) -> None:
    """Each of them is a mistake with a hint."""
    with pytest.raises(SettingError) as raised:
        parse_window(text)
    assert raised.value.hint


def test_windows_of_one_length_are_the_same_window() -> None:
    """60m and 1h measure the same, 3600 records do not."""
    assert window_length(parse_window("60m")) == window_length(parse_window("1h"))
    assert window_length(parse_window("3600")) != window_length(parse_window("1h"))


@given(st.integers(0, 2**50))
def test_sizes_survive_writing_and_reading(size: int) -> None:
    """The text of a size means the same size, to the byte."""
    assert parse_size(write_size(size)) == size


@pytest.mark.parametrize(
    ("text", "size"),
    [("0", 0), ("512KiB", 524_288), ("8 MiB", 8_388_608), ("1GiB", 2**30), ("1_048_576", 2**20), ("7B", 7)],
)
def test_sizes_have_binary_units(text: str, size: int) -> None:
    """KiB, MiB and GiB are powers of 1,024."""
    assert parse_size(text) == size


@pytest.mark.parametrize(
    ("text", "instead"),
    [("8MB", "8MiB"), ("8m", "8MiB"), ("2 kib", "2KiB"), ("1.5MiB", "a number of bytes"), ("-1", "bytes")],
)
def test_a_wrong_size_gets_the_right_one_as_a_hint(text: str, instead: str) -> None:
    """Decimal units are not guessed at; the hint has the spelling that works."""
    with pytest.raises(SettingError, match="is not a size") as raised:
        parse_size(text)
    assert instead in raised.value.hint


@pytest.mark.parametrize(
    ("text", "address"),
    [
        (":9877", ("", 9_877)),
        ("localhost:0", ("localhost", 0)),
        ("127.0.0.1:65535", ("127.0.0.1", 65_535)),
        ("my-host_1.example:80", ("my-host_1.example", 80)),
        ("[::1]:9877", ("::1", 9_877)),
        ("[::]:9877", ("::", 9_877)),
    ],
)
def test_a_listen_address_is_a_host_and_a_port(text: str, address: tuple[str, int]) -> None:
    """An empty host means all interfaces; IPv6 is written in brackets and returned without."""
    assert parse_listen_address(text) == address


@pytest.mark.parametrize(
    ("text", "hint"),
    [
        ("9877", 'write ":9877"'),
        ("", 'write ":9877"'),
        ("localhost", 'write "localhost:9877"'),
        ("http://localhost:9877", 'such as "localhost:9877"'),
        ("::1:9877", 'write "[::1]:9877"'),
        ("*:9877", 'write ":9877" for all interfaces'),
        (":65536", "write a port from 0 to 65535"),
        (":http", "write a port from 0 to 65535"),
        ("999.0.0.1:80", "IPv4"),
        ("[::g]:80", "IPv6"),
        ("[127.0.0.1]:80", "IPv6"),
        ("[]:80", "IPv6"),
        ("a b:80", "host name"),
        ("-a:80", "host name"),
    ],
)
def test_a_wrong_listen_address_says_what_to_write(text: str, hint: str) -> None:
    """Every usual slip gets its own hint."""
    with pytest.raises(SettingError) as raised:
        parse_listen_address(text)
    assert hint in raised.value.hint


def test_an_optional_address_may_be_empty() -> None:
    """No text means no address of its own."""
    assert parse_optional_address("") is None
    assert parse_optional_address(":1") == ("", 1)


@pytest.mark.parametrize("text", ["/", "metrics", "/metrics/", "/a b", "/-/metrics", "/ingest", "/api/v1", "//"])
def test_paths_the_exporter_uses_itself_are_not_for_metrics(text: str) -> None:
    """The metrics cannot hide the page, the control paths, ingest or the API."""
    with pytest.raises(SettingError):
        parse_telemetry_path(text)


@pytest.mark.parametrize("text", ["/metrics", "/model/metrics", "/ingested", "/apis"])
def test_free_paths_are_for_metrics(text: str) -> None:
    """A path that only begins like a reserved one is free."""
    assert parse_telemetry_path(text) == text


def test_a_mistake_reads_as_message_and_hint() -> None:
    """The text of the error is what a person needs."""
    assert str(SettingError("it is wrong", "write right")) == "it is wrong; write right"
    assert str(SettingError("it is wrong")) == "it is wrong"


@pytest.mark.parametrize(
    ("text", "minutes"),
    [
        ("1 in 10 years", 5_256_000),
        ("at most one in 10 years", 5_256_000),
        ("At most 1  in ten years", 5_256_000),
        ("1 in a week", 10_080),
        ("1 a week", 10_080),
        ("one per month", 43_800),
        ("once a year", 525_600),
        ("twice a day", 720),
        ("2 per week", 5_040),
        ("3 times per week", 3_360),
        ("1 every 2 weeks", 20_160),
        ("1 in week", 10_080),
        ("an hour", None),
        ("1 an hour", 60),
        ("1 in 1000 years", 525_600_000),
    ],
)
def test_budgets_are_written_in_words(text: str, minutes: float | None) -> None:
    """How many in which time, as minutes per event; a bare time says not how many."""
    if minutes is None:
        with pytest.raises(SettingError, match="is not a frequency"):
            parse_budget(text)
    else:
        assert parse_budget(text) == minutes


@pytest.mark.parametrize(
    "text", ["", "10 years", "never", "0 a week", "1 in 0 years", "some a week", "1 in many weeks", "1/week"]
)
def test_what_is_no_budget_is_refused_with_examples(text: str) -> None:
    """The message says what to write."""
    with pytest.raises(SettingError, match="is not a frequency") as refused:
        parse_budget(text)
    assert "1 in 10 years" in refused.value.hint


@pytest.mark.parametrize(("text", "side"), [("2 an hour", "more often"), ("1 in 1001 years", "less often")])
def test_budgets_have_bounds(text: str, side: str) -> None:
    """From one an hour to one in a thousand years."""
    with pytest.raises(SettingError, match=side):
        parse_budget(text)


def test_a_duration_may_be_left_to_the_exporter() -> None:
    """``auto`` is no duration, everything else is one or refused."""
    assert parse_optional_duration("auto", ("1s", "1d")) is None
    assert parse_optional_duration("90s", ("1s", "1d")) == 90.0
    with pytest.raises(SettingError):
        parse_optional_duration("2d", ("1s", "1d"))


@given(st.integers(0, 10**12))
def test_durations_survive_writing_and_reading(milliseconds: int) -> None:
    """The text of a duration means the same duration, to the millisecond."""
    text = write_duration(milliseconds / 1_000)
    assert parse_duration(text) == pytest.approx(milliseconds / 1_000, abs=1e-6)
    assert write_duration(parse_duration(text)) == text


@given(st.integers(1, 999_999), st.integers(1, 999_999), st.sampled_from(["hour", "day", "week", "month", "year"]))
def test_budgets_survive_writing_and_reading(count: int, number: int, unit: str) -> None:
    """The text of a budget means the same minutes, to the last digit."""
    try:
        minutes = parse_budget(f"{count} in {number} {unit}s")
    except SettingError:
        assume(False)
    assert parse_budget(write_budget(minutes)) == minutes


@pytest.mark.parametrize(
    ("text", "written"),
    [
        ("1 in 10 years", "1 in 10 years"),
        ("at most one in 10 years", "1 in 10 years"),
        ("1 a week", "1 in a week"),
        ("twice a year", "1 in 6 months"),
        ("7 per year", "7 in a year"),
        ("1 an hour", "1 in an hour"),
        ("2 in 3 years", "1 in 18 months"),
    ],
)
def test_budgets_are_written_plainly(text: str, written: str) -> None:
    """One in the longest unit that fits, else so many in a unit."""
    assert write_budget(parse_budget(text)) == written


@pytest.mark.parametrize("minutes", [0.0, 59.9, -1.0, 1e12, float("nan"), float("inf"), 525_600 * 3.14159265])
def test_what_no_text_means_is_not_read_back(minutes: float) -> None:
    """So that a value from code is refused as a text would be."""
    with pytest.raises(SettingError):
        parse_budget(write_budget(minutes))


@pytest.mark.parametrize("seconds", [-1.0, float("nan"), float("inf")])
def test_what_is_no_duration_is_not_read_back(seconds: float) -> None:
    """Neither here."""
    with pytest.raises(SettingError):
        parse_duration(write_duration(seconds))


@pytest.mark.parametrize("text", [":9877", "localhost:9877", "[::1]:9877", "127.0.0.1:0"])
def test_an_address_is_shown_as_it_is_written(text: str) -> None:
    """Brackets come back around an IPv6 host."""
    assert str(parse_listen_address(text)) == text


def test_auto_stays_a_word() -> None:
    """A duration that is found out has no length yet."""
    assert write_optional_duration(parse_optional_duration("auto", ("1s", "1d"))) == "auto"
    assert write_optional_duration(parse_optional_duration("90m", ("1s", "1d"))) == "1h30m"
