from __future__ import annotations

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from model_drift_exporter.settings.kinds import (
    Choice,
    Duration,
    Integer,
    Kind,
    Mapped,
    Number,
    Parsed,
    Repeated,
    Size,
    Switch,
    Text,
    closest,
)
from model_drift_exporter.settings.values import (
    SettingError,
    Window,
    parse_budget,
    parse_window,
    window_length,
    write_budget,
)


@given(st.integers(-50, 50))
def test_integers_survive_writing_and_reading(number: int) -> None:
    """A whole number in range is read as itself."""
    kind = Integer(-50, 50)
    assert kind.parse(kind.write(number)) == number


@given(st.floats(0, 1))
def test_numbers_survive_writing_and_reading(number: float) -> None:
    """A number in range is read as itself, to the last digit."""
    kind = Number(0, 1)
    assert kind.parse(kind.write(number)) == number


@pytest.mark.parametrize(
    ("kind", "text", "message"),
    [
        (Integer(1, 5), "6", "6 is above 5"),
        (Integer(1, 5), "0", "0 is below 1"),
        (Integer(1, 5), "1.5", "is not a whole number"),
        (Integer(1, 5), "03", "is not a whole number"),
        (Integer(1, 5), "9" * 5_000, "is not a whole number"),
        (Size(1024, 2048), "1MiB", "1MiB is above 2KiB"),
        (Number(0, 1), "nan", "is not a number from 0 to 1"),
        (Number(0, 1), "half", "is not a number from 0 to 1"),
        (Number(0, 1), "1.0001", "is not a number from 0 to 1"),
        (Switch(), "maybe", "neither true nor false"),
        (Text("a name"), "", "is empty"),
        (Text("a name"), "a\nb", "cannot be printed"),
        (Text("a name"), "a" * 5_000, "is too long"),
        (Text("a name", pattern="[a-z]+", hint="write small letters"), "A", '"A" is not a name; write small letters'),
        (Choice(("debug", "info")), "Debug", "did you mean debug?"),
        (Choice(("debug", "info")), "loud", "write one of debug, info"),
    ],
)
def test_text_that_means_no_value_is_a_mistake(kind: Kind, text: str, message: str) -> None:
    """The message says what is wrong with the text."""
    with pytest.raises(SettingError) as raised:
        kind.parse(text)
    assert message in str(raised.value)


@pytest.mark.parametrize(
    ("kind", "good", "bad"),
    [
        (Integer(1, 5), 3, "3"),
        (Integer(0, 5), 1, True),
        (Size(0, 5), 3, 3.0),
        (Number(0, 1), 0.5, math.nan),
        (Switch(), True, "true"),
        (Text(), "a", 5),
        (Choice(("a", "b")), "a", "c"),
        (Repeated(Text()), ("a", "b"), ["a", "b"]),
        (Repeated(Text()), (), ("a", "a")),
        (Repeated(Text(), minimum=1), ("a",), ()),
        (Repeated(Text()), ("a",), "a"),
        (Repeated(Integer(1, 5)), (1, 2), (1, 6)),
        (Duration("1s", "1h"), 90, "90s"),
        (Duration("1s", "1h"), 0.001 + 1, 0.5),
        (Duration("1s", "1h"), 1, True),
        (Duration("1s", "1h"), 1.5, 1.0005),
        (Duration("1s", "1h"), 3_600.0, math.inf),
        (Duration("1s", "1h"), 3_600.0, math.nan),
        (Parsed("a window", "WINDOW", parse_window), Window("1h", seconds=3_600), "1h"),
        (Parsed("a window", "WINDOW", parse_window), Window("10", records=10), Window("10", seconds=10)),
        (Parsed("a frequency", "FREQUENCY", parse_budget, write_budget), 1_440.0, True),
        (Parsed("a frequency", "FREQUENCY", parse_budget, write_budget), 1_440, ["1 a day"]),
        (Mapped(Choice(("a", "b"))), {"x": "a"}, {"x": "c"}),
        (Mapped(Choice(("a", "b"))), {}, {1: "a"}),
        (Mapped(Choice(("a", "b"))), {}, None),
    ],
)
def test_values_of_another_type_are_refused(kind: Kind, good: object, bad: object) -> None:
    """A value from Python code is checked as strictly as text."""
    kind.check(good)
    with pytest.raises(SettingError):
        kind.check(bad)


def test_a_parsed_value_is_what_its_text_means() -> None:
    """Nobody reads the text again; it is shown as it would be written."""
    window = Parsed("a window", "WINDOW", parse_window)
    assert window.parse("60m") == Window("60m", seconds=3_600)
    assert window.write(Window("60m", seconds=3_600)) == "60m"
    assert Duration("1s", "1d").parse("90s") == 90
    assert Duration("1s", "1d").write(90.0) == "1m30s"
    assert Duration("10ms", "1d").title == "a duration from 10ms to 1d"
    same = Repeated(window, 1, identity=window_length).parse_items(["1h", "60m", "10"])
    assert same[0] == (Window("1h", seconds=3_600), Window("10", records=10))
    assert [mistake.message for _, mistake in same[1]] == ['"60m" repeats "1h"']


def test_all_mistakes_of_a_list_are_found_at_once() -> None:
    """Each mistake has the index of its item, and the good items are kept."""
    items, mistakes = Repeated(Integer(1, 5), identity=int).parse_items(["1", "9", "2", "1"])
    assert items == (1, 2)
    assert [(index, mistake.message) for index, mistake in mistakes] == [(1, "9 is above 5"), (3, '"1" repeats "1"')]


def test_lists_and_mappings_are_shown_as_text() -> None:
    """The documentation shows defaults of lists and mappings in one line."""
    assert Repeated(Text()).write(("a", "b")) == "a, b"
    assert Mapped(Text()).write({"a": "b"}) == "a: b"


def test_a_misspelled_word_is_recognised() -> None:
    """The closest word is named, and none where nothing is close."""
    assert closest("refrence", ("reference", "windows")) == "reference"
    assert closest("zzz", ("reference", "windows")) is None
