from __future__ import annotations

import gzip
import zlib
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from model_drift_exporter.sources.compression import GzipDecompressor, Pieces, begins_like_gzip


def decompress(data: bytes, piece: int, max_bytes: int) -> tuple[bytes, bool]:
    decompressor = GzipDecompressor()
    text = b""
    for start in range(0, len(data), piece):
        part = decompressor.decompress(data[start : start + piece], max_bytes)
        while part:
            assert len(part) <= max_bytes
            text += part
            part = decompressor.decompress(b"", max_bytes)
    return text, decompressor.complete


@given(
    members=st.lists(st.binary(max_size=60).map(lambda text: text * 40), min_size=1, max_size=4),
    padding=st.integers(0, 5),
    piece=st.integers(1, 300),
    max_bytes=st.integers(1, 500),
)
def test_members_come_out_whole_in_bounded_pieces(
    members: list[bytes], padding: int, piece: int, max_bytes: int
) -> None:
    """Any number of members, with padding between them, gives all their text in pieces no larger than asked for."""
    data = b"".join(gzip.compress(member) + bytes(padding) for member in members)
    assert decompress(data, piece, max_bytes) == (b"".join(members), True)


def test_a_stream_that_breaks_off_is_not_complete() -> None:
    """What could be decompressed comes out, but the stream is not called complete; nor is an empty one."""
    data = gzip.compress(b"abc" * 1000)
    for missing in (1, 8):
        assert decompress(data[:-missing], len(data), 10) == (b"abc" * 1000, False)
    assert not GzipDecompressor().complete


@given(st.lists(st.one_of(st.none(), st.integers(1, 9)), max_size=40), st.booleans(), st.integers(0, 3))
def test_pieces_are_decompressed_if_they_begin_like_gzip(sizes: list[int | None], packed: bool, size: int) -> None:
    """Wherever they are cut, and also where one has to be waited for; what is no gzip comes as it is."""
    text = b"abc\n"[:size] * 50
    data = gzip.compress(text) if packed else text
    given: list[bytes | None] = []
    for length in sizes:
        given.append(None if length is None else data[:length])
        data = data[length or 0 :]
    given = [piece for piece in given if piece != b""] + [data] * bool(data)
    pieces = Pieces(lambda: given.pop(0) if given else b"", 7)
    found = b""
    while (piece := pieces.read()) != b"":
        found += piece or b""
    assert found == text


def test_pieces_that_break_off() -> None:
    """All that came is given before the error."""
    given = [gzip.compress(b"abc" * 100)[:-3], b""]
    pieces = Pieces(lambda: given.pop(0), 1000)
    assert pieces.read() == b"abc" * 100
    with pytest.raises(EOFError):
        pieces.read()


def test_what_begins_like_gzip(tmp_path: Path) -> None:
    """The first two bytes tell; a file that cannot be read does not begin at all."""
    (tmp_path / "a").write_bytes(gzip.compress(b""))
    (tmp_path / "b").write_bytes(b"\x1f")
    assert [begins_like_gzip(str(tmp_path / name)) for name in "abc"] == [True, False, False]


@pytest.mark.parametrize("max_bytes", [100, 10_000_000])
def test_all_that_can_be_decompressed_comes_before_the_damage(max_bytes: int) -> None:
    """The text of the piece that the damage is in, too."""
    text = bytes(number * number % 251 for number in range(50_000))
    data = bytearray(gzip.compress(text))
    data[-5] ^= 0xFF
    decompressor = GzipDecompressor()
    found = piece = decompressor.decompress(bytes(data), max_bytes)
    while len(found) < len(text):
        piece = decompressor.decompress(b"", max_bytes)
        assert 0 < len(piece) <= max_bytes
        found += piece
    assert found == text
    for _ in range(2):
        with pytest.raises(zlib.error, match="data check"):
            decompressor.decompress(b"", max_bytes)


def test_a_damaged_stream_raises() -> None:
    """A wrong checksum is an error and not silently accepted text."""
    data = bytearray(gzip.compress(b"abc" * 1000))
    data[-5] ^= 0xFF
    with pytest.raises(zlib.error):
        decompress(bytes(data), 7, 100)
