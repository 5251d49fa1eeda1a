"""What evidence was gathered against, in short: a state of another null or of other bets says nothing about these."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable

import msgspec
import numpy as np

__all__ = ["digest_of"]

_DIGITS = 6
"""Decimals that count: the last digits of a logarithm are those of a machine's mathematical library."""


def digest_of(parts: Iterable[object]) -> str:
    """Sixteen hexadecimal digits that differ where an array (in more than its last digits) or a plain value does."""
    digest = hashlib.sha256()
    for part in parts:
        if isinstance(part, np.ndarray):
            rounded = np.round(part.astype(np.float64), _DIGITS) + 0.0  # there is one 0 only
            digest.update(repr(part.shape).encode() + rounded.tobytes())
        else:
            digest.update(msgspec.json.encode(part))
        digest.update(b"\n")
    return digest.hexdigest()[:16]
