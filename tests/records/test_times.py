from __future__ import annotations

import math
from datetime import UTC, datetime, timedelta, timezone

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from model_drift_exporter.records.times import format_time, parse_time, parse_times

EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
MOMENTS = st.datetimes(datetime(1900, 1, 1), datetime(2100, 1, 1))  # noqa: DTZ001 - the offset is drawn apart
OFFSETS = st.integers(-14 * 60, 14 * 60).map(lambda minutes: timezone(timedelta(minutes=minutes)))
MICROSECOND = 1.1e-6


def seconds(moment: datetime) -> float:
    return (moment - EPOCH) / timedelta(seconds=1)


@given(MOMENTS, OFFSETS, st.sampled_from(["auto", "seconds", "milliseconds"]), st.sampled_from("T "))
def test_a_time_with_an_offset_is_that_moment(
    moment: datetime, offset: timezone, timespec: str, separator: str
) -> None:
    """ISO 8601 with any offset, fraction and either separator, from 1900 to 2100."""
    aware = moment.replace(tzinfo=offset)
    text = aware.isoformat(separator, timespec)
    tolerance = {"auto": MICROSECOND, "milliseconds": 1e-3, "seconds": 1.0}[timespec]
    assert seconds(aware) - parse_time(text) == pytest.approx(0, abs=tolerance)


@given(
    st.lists(MOMENTS, min_size=1, max_size=5),
    st.sampled_from(["seconds", "milliseconds", "microseconds"]),
    st.sampled_from("T "),
    st.sampled_from(["", "Z"]),
    st.sampled_from(["", "789"]),
)
def test_times_in_one_form_are_the_same_moments_as_one_by_one(
    moments: list[datetime], timespec: str, separator: str, zone: str, nanoseconds: str
) -> None:
    """A column of one form is read at once, and to the microsecond as each of its texts is alone: in UTC."""
    more = nanoseconds if timespec == "microseconds" else ""
    texts = [moment.isoformat(separator, timespec) + more + zone for moment in moments]
    alone = [parse_time(text) for text in texts]
    np.testing.assert_allclose(parse_times(texts), alone, rtol=0, atol=MICROSECOND)
    unit = {"seconds": 1.0, "milliseconds": 1e-3, "microseconds": 2e-6}[timespec]
    np.testing.assert_allclose(alone, [seconds(moment.replace(tzinfo=UTC)) for moment in moments], rtol=0, atol=unit)


FORMS = st.sampled_from(
    [
        "2026-11-03T09:14:07Z",
        "2024-02-29 23:59:59",
        "2026-11-03T09:14:07.250Z",
        "2026-11-03T09:14:07+01:00",
        "1761",
        "x" * 20,
    ]
)


@given(
    st.lists(
        FORMS.flatmap(lambda text: st.tuples(st.just(text), st.integers(0, 40), st.sampled_from("0123456789:-TZ. é")))
    )
)
def test_damaged_texts_are_read_as_each_is_alone(damages: list[tuple[str, int, str]]) -> None:
    """One character changed, in bounds or out of them: the whole column is read as its texts are one by one."""
    texts = [text[:place] + character + text[place + 1 :] for text, place, character in damages]
    np.testing.assert_allclose(parse_times(texts), [parse_time(text) for text in texts], rtol=0, atol=MICROSECOND)


@pytest.mark.parametrize("year", range(1900, 2101, 10))
def test_days_that_do_not_exist_are_no_times(year: int) -> None:
    """The last day of February, and the 31st, 0th and 13th of what has none, in the middle of good texts."""
    last = 29 if year % 4 == 0 and (year % 100 != 0 or year % 400 == 0) else 28
    good = f"{year}-02-{last}T00:00:00"
    texts = [good, f"{year}-02-{last + 1}T00:00:00", f"{year}-04-31T00:00:00", f"{year}-00-10T00:00:00"]
    texts += [f"{year}-13-10T00:00:00", f"{year}-01-00T00:00:00", f"{year}-01-01T25:00:00", f"{year}-01-01T00:60:00"]
    expected = [seconds(datetime(year, 2, last, tzinfo=UTC))] + [math.nan] * 7
    np.testing.assert_array_equal(parse_times(texts), expected)
    np.testing.assert_array_equal(np.concatenate([parse_times([text]) for text in texts]), expected)


@given(st.floats(1e11 / 1e3 + 1, 1e11 - 1), st.sampled_from([1, -1]), st.sampled_from([1.0, 1e3, 1e6, 1e9]))
def test_the_unit_of_a_number_is_told_by_its_size(moment: float, sign: int, unit: float) -> None:
    """From 1973 to 5138 and as far before 1970: seconds, milli-, micro- and nanoseconds, as numbers and as digits."""
    number = sign * moment * unit
    for form in (number, int(number), repr(number), str(int(number)), f" {number!r} "):
        assert parse_time(form) == pytest.approx(sign * moment, rel=1e-12, abs=1.0 / unit)
        np.testing.assert_array_equal(parse_times([form, form]), [parse_time(form)] * 2)


@given(st.lists(st.one_of(st.floats(), st.integers(), st.integers(10**300, 10**310))))
def test_numbers_at_once_are_numbers_one_by_one(values: list[float]) -> None:
    """Any numbers, infinite ones and those beyond a float too; what is beyond nanoseconds of the year 5138 is no time."""
    times = parse_times(values)
    np.testing.assert_array_equal(times, [parse_time(value) for value in values])
    assert not (np.abs(times) > 1e11).any()


@pytest.mark.slow
@given(
    st.lists(
        st.one_of(
            st.none(),
            st.booleans(),
            st.text(max_size=25),
            st.floats(),
            st.integers(),
            FORMS,
            st.just([]),
            st.just({"a": 1}),
        )
    )
)
def test_mixed_values_are_read_as_each_is_alone(values: list[object]) -> None:
    """A column may hold anything; what is no time is NaN."""
    np.testing.assert_allclose(parse_times(values), [parse_time(value) for value in values], rtol=0, atol=MICROSECOND)


@pytest.mark.parametrize(
    "garbage",
    [
        *(None, True, False, [], {}, [1], math.nan, math.inf, -math.inf, 1e21, 10**400),
        *(
            "",
            " ",
            "now",
            "nan",
            "inf",
            "1e400",
            "2026-13-01T00:00:00Z",
            "09:14:07",
            "\ud800" * 19,
            "2026-11-03T09:14:07Zebra",
        ),
    ],
)
def test_garbage_is_no_time(garbage: object) -> None:
    """What cannot be a time is NaN, alone and in a column."""
    assert math.isnan(parse_time(garbage))
    assert np.isnan(parse_times([garbage, garbage])).all()


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("1610121512345", 1_610_121_512.345),
        ("1762012312345", 1_762_012_312.345),
        ("1612010012.5", 1_612_010_012.5),
        ("20261103", 1_793_664_000),
        ("2026-11-03", 1_793_664_000),
        ("2026-11-03 09:14:07 UTC", 1_793_697_247),
        ("2026-11-03t09:14:07z", 1_793_697_247),
        ("20261103T091407Z", 1_793_697_247),
        ("2026-11-03T09:14:07,5+00:00", 1_793_697_247.5),
        ("1969-12-31T23:59:59.5Z", -0.5),
        ("1.7936e9", 1_793_600_000),
    ],
)
def test_forms_that_are_easily_confused(text: str, expected: float) -> None:
    """Digits are a number and never a date of the 17th century; eight digits are a date; small letters are allowed."""
    assert parse_time(text) == expected
    assert parse_times([text]).tolist() == [expected]


def test_an_empty_column_has_no_times() -> None:
    """No values, no times."""
    assert parse_times([]).tolist() == []


@pytest.mark.parametrize(
    ("time", "text"),
    [
        (0.0, "1970-01-01T00:00:00Z"),
        (1_388_448_000.0, "2013-12-31T00:00:00Z"),
        (1_388_448_000.25, "2013-12-31T00:00:00.250Z"),
        (1_388_447_999.9999, "2013-12-31T00:00:00Z"),
        (-86_400.0, "1969-12-31T00:00:00Z"),
        (1e15, "1000000000000000 seconds since 1970"),
    ],
)
def test_a_time_is_written_as_rfc_3339(time: float, text: str) -> None:
    """To the second where that is all there is; a time beyond the calendar does not raise."""
    assert format_time(time) == text
