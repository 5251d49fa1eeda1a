from __future__ import annotations

from itertools import pairwise

from hypothesis import given
from hypothesis import strategies as st

from model_drift_exporter.sources.lines import LineAssembler, LongLines, without_long_lines

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


@given(lines=LINES, limit=st.integers(1, 14), cuts=st.lists(st.integers(0, 200)), closed=st.booleans())
def test_pieces_of_any_size_make_the_same_lines(lines: list[bytes], limit: int, cuts: list[int], closed: bool) -> None:
    """However a stream is cut into pieces, its lines and the count of long ones are the same."""
    lines = [b"head", *lines, b"end"] if limit >= 4 else [b"h", *lines, b"e"]
    data = b"\n".join(lines) + (b"\n" if closed else b"")
    places = sorted({0, len(data), *(cut for cut in cuts if cut < len(data))})
    assembler = LineAssembler(limit)
    found = b"".join(assembler.feed(data[start:end]) for start, end in pairwise(places))
    found += assembler.finish()
    kept = [line for line in lines if len(line) <= limit]
    assert found == b"".join(line + b"\n" for line in kept)
    assert assembler.take_too_long().get("line_too_long", 0) == sum(
        len(line) > limit and not line.isspace() for line in lines
    )
    assert assembler.take_too_long() == {}


def test_byte_order_mark_and_nul_bytes_at_the_head_are_left_out() -> None:
    """A mark cut into pieces is recognised, and only at the head."""
    assembler = LineAssembler(100)
    pieces = [b"\0\0", b"\0\xef", b"\xbb", b"\xbfa\n", b"\xef\xbb\xbfb\n"]
    assert [assembler.feed(piece) for piece in pieces] == [b"", b"", b"", b"a\n", b"\xef\xbb\xbfb\n"]


def test_what_only_begins_like_a_mark_is_kept() -> None:
    """Two bytes of a mark at the end of a stream are its last line."""
    assembler = LineAssembler(100)
    assert assembler.feed(b"\xef\xbb") == b""
    assert assembler.finish() == b"\xef\xbb\n"


@given(lines=LINES, limit=st.integers(1, 14), cuts=st.lists(st.integers(0, 200)))
def test_a_first_line_that_is_too_long_is_told_once(lines: list[bytes], limit: int, cuts: list[int]) -> None:
    """With the first lines after it; empty lines before it, and long lines later, do not matter."""
    data = b"h" * (limit + 1) + b"\n" + b"".join(line + b"\n" for line in lines)
    for blanks, expected in ((b"\n" + b" " * 30 + b"\n", b""), (b"h\n", None)):
        text = blanks + data
        places = sorted({0, len(text), *(cut for cut in cuts if cut < len(text))})
        assembler = LineAssembler(limit)
        heads = []
        for start, end in pairwise(places):
            if assembler.feed(text[start:end]).strip():
                heads.append(assembler.take_head())
        assert heads == [expected, *[None] * (len(heads) - 1)][: len(heads)]


def test_reading_that_begins_later_knows_the_first_line() -> None:
    """Behind NUL bytes, a byte order mark and empty lines; nothing stands for one that is too long."""
    long = LongLines(10)
    for beginning, head in ((b"\0\xef\xbb\xbf\n \na,b\nc", b"a,b"), (b"x" * 11 + b"\ny\n", b""), (b"x" * 9, b"")):
        long.begin_behind(beginning, inside=False)
        assert (long.take_head(), long.take_head()) == (head, None)
