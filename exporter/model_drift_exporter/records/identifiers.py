"""64-bit hashes of identifiers, the same in every process and batch, so that replicas and restarts keep the same sample."""

from __future__ import annotations

from collections.abc import Sequence
from hashlib import blake2b
from itertools import compress
from typing import cast

import numpy as np
from numpy.typing import NDArray

from .columns import Identifiers
from .raw_values import text_of

__all__ = ["hash_identifiers", "hash_numbers", "hashed_again"]

Hashes = NDArray[np.uint64]

_LANE = 8
_LONGEST = 64  # bytes; longer identifiers are condensed with BLAKE2b first
_EXACT = 2.0**53
_SEED = np.uint64(0x6D6F64656C2D6472)
# Odd constants of the SplitMix64 generator (Steele, Lea, Flood 2014) and its finaliser.
_GAMMA = np.uint64(0x9E3779B97F4A7C15)
_FIRST = np.uint64(0xBF58476D1CE4E5B9)
_SECOND = np.uint64(0x94D049BB133111EB)


def hash_identifiers(values: Sequence[object]) -> tuple[Hashes, NDArray[np.bool_]]:
    """A hash of each value, the same for all models, and a mask of the values that are identifiers.

    Non-empty strings and numbers are identifiers. A whole number is the same identifier as its digits: 42, 42.0 and "42".
    """
    if isinstance(values, Identifiers):
        return values.hashes, values.known
    texts = _texts(values)
    encoded, lengths = _encode(texts)
    known = lengths > 0
    if len(lengths) and int(lengths.max()) > _LONGEST:
        pieces = _split(encoded, lengths)
        long = lengths > _LONGEST
        condensed = [blake2b(piece, digest_size=_LANE).digest() for piece in compress(pieces, long.tolist())]
        for index, piece in zip(np.flatnonzero(long).tolist(), condensed, strict=True):
            pieces[index] = piece
        sizes = np.where(long, _LANE, lengths)
        return _mix(_matrix(b"".join(pieces), sizes), sizes, lengths), known
    return _mix(_matrix(encoded, lengths), lengths, lengths), known


def hash_numbers(first: int, count: int) -> Hashes:
    """Hashes of so many whole numbers from ``first`` on, for things that have a place but no identifier."""
    numbers = np.arange(first, first + count, dtype=np.uint64)
    return hashed_again(numbers * _GAMMA + _SEED)


def _texts(values: Sequence[object]) -> list[str]:
    kinds = set(map(type, values))
    if kinds == {str}:
        return [*cast("Sequence[str]", values)]
    if kinds == {float}:
        numbers = np.fromiter(values, np.float64, len(values))
        with np.errstate(invalid="ignore"):
            whole = (np.abs(numbers) < _EXACT) & (np.floor(numbers) == numbers)
        if whole.all():
            return [*map(str, numbers.astype(np.int64).tolist())]
    if kinds == {int}:
        return [*map(str, values)]
    return [(not isinstance(value, bool) and text_of(value)) or "" for value in values]


def _encode(texts: Sequence[str]) -> tuple[bytes, NDArray[np.int64]]:
    joined = "".join(texts)
    if joined.isascii():
        return joined.encode(), np.fromiter(map(len, texts), np.int64, len(texts))
    pieces = [text.encode("utf-8", "surrogatepass") for text in texts]
    return b"".join(pieces), np.fromiter(map(len, pieces), np.int64, len(pieces))


def _split(data: bytes, lengths: NDArray[np.int64]) -> list[bytes]:
    ends = np.cumsum(lengths)
    return [data[start:end] for start, end in zip((ends - lengths).tolist(), ends.tolist(), strict=True)]


def _matrix(data: bytes, lengths: NDArray[np.int64]) -> Hashes:
    """[lane, identifier]: the bytes of each identifier in lanes of eight, padded with zeros."""
    count = len(lengths)
    longest = int(lengths.max(initial=0))
    lanes = -(-longest // _LANE)
    padded = np.zeros((count, lanes * _LANE), dtype=np.uint8)
    source = np.frombuffer(data, np.uint8)
    if count and int(lengths.min()) == longest:
        padded[:, :longest] = source.reshape(count, longest)
    else:
        padded[np.arange(lanes * _LANE) < lengths[:, None]] = source
    return np.ascontiguousarray(padded.view("<u8").T)


def _mix(lanes: Hashes, sizes: NDArray[np.int64], lengths: NDArray[np.int64]) -> Hashes:
    hashes = lengths.astype(np.uint64) * _GAMMA ^ _SEED
    shortest = int(sizes.min()) if len(sizes) else 0
    for position, lane in enumerate(lanes):
        mixed = (hashes ^ lane) * _FIRST
        mixed ^= mixed >> np.uint64(32)
        mixed *= _GAMMA
        # Only lanes within an identifier's own length: a longer one in the batch must not change its hash.
        hashes = mixed if shortest > position * _LANE else np.where(sizes > position * _LANE, mixed, hashes)
    return hashed_again(hashes)


def hashed_again(hashes: Hashes) -> Hashes:
    """The finaliser of SplitMix64: one to one, and no bit of a result says anything of a bit of its origin."""
    hashes = (hashes ^ (hashes >> np.uint64(30))) * _FIRST
    hashes = (hashes ^ (hashes >> np.uint64(27))) * _SECOND
    return hashes ^ (hashes >> np.uint64(31))
