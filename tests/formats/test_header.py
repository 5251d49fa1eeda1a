from __future__ import annotations

import csv

import pytest
from hypothesis import given
from hypothesis import strategies as st

from model_drift_exporter.formats.header import Header, cells, read_header, seems_header


@pytest.mark.parametrize(
    ("line", "names", "separator"),
    [
        (b"a,b,c\r", ("a", "b", "c"), ","),
        (b"a;b;c", ("a", "b", "c"), ";"),
        (b"\ta\tb", ("", "a", "b"), "\t"),
        (b"a,b;c", ("a", "b;c"), ","),
        (b'"a,b,c";d', ("a,b,c", "d"), ";"),
        (b"alone", ("alone",), ","),
    ],
)
def test_names_and_separator(line: bytes, names: tuple[str, ...], separator: str) -> None:
    """The separator is what stands most often outside of quotes, a comma where two are as many."""
    assert read_header(line) == Header(names, separator)


@pytest.mark.parametrize(
    ("line", "why"),
    [
        (b"", "longer than limits.line_bytes"),
        (b"\xff\xfea\0", "no valid UTF-8"),
        (b"a\0,b", "NUL"),
        (b' {"a": 1}', "JSON"),
        (b'a,"b', "quotes"),
        (b",", "no name"),
        (b"a,b,a", "column 1 has the name of another"),
    ],
)
def test_why_a_line_is_no_header(line: bytes, why: str) -> None:
    """The reason names no value of the line."""
    with pytest.raises(ValueError, match=why):
        read_header(line)


@given(st.lists(st.text(st.sampled_from('a"; ,')), min_size=1, max_size=4), st.sampled_from(",;\t"))
def test_cells_are_those_of_the_csv_module(values: list[str], separator: str) -> None:
    """A line is read as it was written."""
    text = separator.join('"' + value.replace('"', '""') + '"' for value in values)
    assert cells(text, separator) == values
    with pytest.raises(csv.Error):
        cells(text + '"', separator)


@pytest.mark.parametrize(
    ("line", "seems"),
    [
        (b"ts,age,prediction", True),
        (b"ts;user.age;model_version\r", True),
        (b'"fixed acidity"\t"pH (mean)"', True),
        (b",age,plan", True),
        (b"@timestamp,\xc3\xa5lder", True),
        (b"age", False),
        (b"", False),
        (b"1,2,3", False),
        (b"u77,0.5,1", False),
        (b"2026-01-01 12:00:00,123 INFO start", False),
        (b"Started, waiting for requests", False),
        (b'{"a": 1, "b": 2}', False),
        (b"[1, 2]", False),
        (b"<a=1,b=2>", False),
    ],
)
def test_a_line_that_seems_to_be_a_header(line: bytes, seems: bool) -> None:
    """Two columns at least, and each with a name that looks like one; values, messages and JSON do not."""
    assert seems_header(line) is seems
