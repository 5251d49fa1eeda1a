from __future__ import annotations

import pytest

from model_drift_exporter.formats.framing import is_braced, non_empty_lines, one_a_line


@pytest.mark.parametrize(
    ("data", "rows", "expected"),
    [
        (b'{"a": 1}\n{"a": 2}\n', 2, True),
        (b'{"a": 1}\n{"a": 2}', 2, True),
        (b'{"a": 1} {"a": 2}', 2, False),
        (b'{"a":\n1}', 1, False),
        (b'{"a": 1}\n\n{"a": 2}', 2, False),
        (b'{"a": 1}', 1, True),
    ],
)
def test_rows_that_are_certainly_one_a_line(data: bytes, rows: int, expected: bool) -> None:
    """Where it cannot be told at a glance, it is denied."""
    assert one_a_line(data, rows) is expected


def test_lines_and_objects() -> None:
    """A line of blanks is none; an object may have blanks around it."""
    assert non_empty_lines(b"a\n \t\r\n\nb") == [b"a", b"b"]
    assert [is_braced(line) for line in (b' {"a": 1}\r', b"[{}]", b"{}x")] == [True, False, False]
