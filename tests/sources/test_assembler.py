from __future__ import annotations

from itertools import pairwise

from hypothesis import given
from hypothesis import strategies as st

from model_drift_exporter.sources.assembler import Assembler

LINES = st.lists(
    st.one_of(
        st.binary(max_size=12).map(lambda line: line.replace(b"\n", b".")),
        st.sampled_from([b" ", b"\t"]).map(lambda blank: blank * 12),
        st.integers(0, 12).map(lambda size: b" " * size + b"x"),
    ),
    max_size=20,
)


@given(lines=LINES, limit=st.integers(1, 14), cuts=st.lists(st.integers(0, 200)), closed=st.booleans())
def test_pieces_of_any_size_make_the_same_lines(lines: list[bytes], limit: int, cuts: list[int], closed: bool) -> None:
    """However a stream is cut into pieces, its lines and the count of long ones are the same."""
    lines = [b"head", *lines, b"end"] if limit >= 4 else [b"h", *lines, b"e"]
    data = b"\n".join(lines) + (b"\n" if closed else b"")
    places = sorted({0, len(data), *(cut for cut in cuts if cut < len(data))})
    assembler = Assembler(limit)
    found = b"".join(assembler.feed(data[start:end]) for start, end in pairwise(places))
    found += assembler.finish()
    kept = [line for line in lines if len(line) <= limit]
    assert found == b"".join(line + b"\n" for line in kept)
    assert assembler.take_errors().get("line_too_long", 0) == sum(
        len(line) > limit and not line.isspace() for line in lines
    )
    assert assembler.take_errors() == {}


def test_byte_order_mark_and_nul_bytes_at_the_head_are_left_out() -> None:
    """A mark cut into pieces is recognised, and only at the head."""
    assembler = Assembler(100)
    pieces = [b"\0\0", b"\0\xef", b"\xbb", b"\xbfa\n", b"\xef\xbb\xbfb\n"]
    assert [assembler.feed(piece) for piece in pieces] == [b"", b"", b"", b"a\n", b"\xef\xbb\xbfb\n"]


def test_what_only_begins_like_a_mark_is_kept() -> None:
    """Two bytes of a mark at the end of a stream are its last line."""
    assembler = Assembler(100)
    assert assembler.feed(b"\xef\xbb") == b""
    assert assembler.finish() == b"\xef\xbb\n"


@given(lines=LINES, limit=st.integers(1, 14), cuts=st.lists(st.integers(0, 200)))
def test_a_first_line_that_is_too_long_is_told_once(lines: list[bytes], limit: int, cuts: list[int]) -> None:
    """With the first lines after it; empty lines before it, and long lines later, do not matter."""
    data = b"h" * (limit + 1) + b"\n" + b"".join(line + b"\n" for line in lines)
    for blanks, expected in ((b"\n" + b" " * 30 + b"\n", b""), (b"h\n", None)):
        text = blanks + data
        places = sorted({0, len(text), *(cut for cut in cuts if cut < len(text))})
        assembler = Assembler(limit)
        heads = []
        for start, end in pairwise(places):
            if assembler.feed(text[start:end]).strip():
                heads.append(assembler.take_head())
        assert heads == [expected, *[None] * (len(heads) - 1)][: len(heads)]
