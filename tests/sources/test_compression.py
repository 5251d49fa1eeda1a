from __future__ import annotations

import gzip
import zlib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from model_drift_exporter.sources.compression import GzipDecompressor


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


def test_a_damaged_stream_raises() -> None:
    """A wrong checksum is an error and not silently accepted text."""
    data = bytearray(gzip.compress(b"abc" * 1000))
    data[-5] ^= 0xFF
    with pytest.raises(zlib.error):
        decompress(bytes(data), 7, 100)
