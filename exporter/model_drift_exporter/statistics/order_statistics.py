"""Quantiles of more numbers than memory holds, exactly."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable

import numpy as np
from numpy.typing import NDArray

from .layout import FloatArray

__all__ = ["Blocks", "median", "quantile"]

Blocks = Callable[[], Iterable[FloatArray]]
"""Gives all numbers [number], some at a time, as often as asked. None of them may be NaN."""

_COLLECTED = 1 << 18  # numbers that are sorted in memory
_STEP = 16
_BITS = 64
_SIGN = np.uint64(1 << (_BITS - 1))


def quantile(blocks: Blocks, share: float, *, otherwise: float = math.nan) -> float:
    """The number below which a share (0 to 1) of them lies, between two numbers on the line; ``otherwise`` without any.

    The same as ``numpy.quantile`` of all of them together.
    """
    number = sum(map(len, blocks()))
    if not number:
        return otherwise
    place = (number - 1) * share
    before = math.floor(place)
    around = [_ranked(blocks, rank, number) for rank in (before, min(before + 1, number - 1))]
    return float(np.quantile(around, place - before))


def median(blocks: Blocks) -> float:
    """The middle number, or the mean of both in the middle; NaN without any."""
    number = sum(map(len, blocks()))
    if not number:
        return math.nan
    middle = [_ranked(blocks, rank, number) for rank in {(number - 1) // 2, number // 2}]
    return float(np.mean(middle))


def _ranked(blocks: Blocks, rank: int, number: int) -> float:
    """The number of this rank (0 is the least) of ``number`` in all.

    Their bits, from the first on, tell which ones are still possible; those are counted by the next 16 bits until few are left.
    """
    prefix, known = 0, 0
    while number > _COLLECTED and known < _BITS:
        shift = np.uint64(_BITS - known - _STEP)
        counts = np.zeros(1 << _STEP, dtype=np.int64)
        for keys in _candidates(blocks, prefix, known):
            digits = (keys >> shift) & np.uint64((1 << _STEP) - 1)
            counts += np.bincount(digits.astype(np.int64), minlength=len(counts))
        reached = np.cumsum(counts)
        digit = int(np.searchsorted(reached, rank, side="right"))
        number = int(counts[digit])
        rank -= int(reached[digit]) - number
        prefix, known = (prefix << _STEP) | digit, known + _STEP
    if known == _BITS:
        return _number(np.array([prefix], dtype=np.uint64))
    left = np.concatenate([*_candidates(blocks, prefix, known)])
    return _number(np.partition(left, rank)[rank : rank + 1])


def _candidates(blocks: Blocks, prefix: int, known: int) -> Iterable[NDArray[np.uint64]]:
    """The keys whose first ``known`` bits are ``prefix``."""
    for block in blocks():
        keys = _keys(block)
        yield keys[keys >> np.uint64(_BITS - known) == prefix] if known else keys


def _keys(numbers: FloatArray) -> NDArray[np.uint64]:
    """Whole numbers in the same order: bits of a float with the sign turned, of a negative one all bits."""
    bits = np.ascontiguousarray(numbers).view(np.uint64)
    return np.where(bits & _SIGN, ~bits, bits | _SIGN)


def _number(key: NDArray[np.uint64]) -> float:
    return float(np.where(key & _SIGN, key ^ _SIGN, ~key).view(np.float64)[0])
