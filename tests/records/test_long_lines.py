from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from model_drift_exporter.records.long_lines import LongLines, without_long_lines

LINES = st.lists(
    st.one_of(
        st.binary(max_size=12).map(lambda line: line.replace(b"\n", b".")),
        st.sampled_from([b" ", b"\t"]).map(lambda blank: blank * 12),
        st.integers(0, 12).map(lambda size: b" " * size + b"x"),
    ),
    max_size=20,
)


@given(lines=LINES, limit=st.integers(1, 14))
def test_exactly_the_lines_beyond_the_limit_are_taken_out(lines: list[bytes], limit: int) -> None:
    """Every line up to the limit stays, in order, and every longer one is counted."""
    data = b"".join(line + b"\n" for line in lines)
    kept = [line for line in lines if len(line) <= limit]
    assert without_long_lines(data, limit) == (
        b"".join(line + b"\n" for line in kept),
        sum(len(line) > limit and not line.isspace() for line in lines),
    )


def test_reading_that_begins_later_knows_the_first_line() -> None:
    """Behind NUL bytes, a byte order mark and empty lines; nothing stands for one that is too long."""
    long = LongLines(10)
    for beginning, head in ((b"\0\xef\xbb\xbf\n \na,b\nc", b"a,b"), (b"x" * 11 + b"\ny\n", b""), (b"x" * 9, b"")):
        long.begin_behind(beginning, inside=False)
        assert (long.take_head(), long.take_head()) == (head, None)
