"""Which inputs are not judged: no alarm would fire in useful time even if all of their values were missing or invalid."""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from ..reference.profile import FEATURE, Column
from ..statistics.betting.bets import Bets
from .targets import REJECTED_BETS, rejected_log_e

__all__ = ["MOST_RECORDS", "rejected_lines_unjudged", "unjudged_features"]

Array = NDArray[np.float64]

MOST_RECORDS = 10_000
"""An input is judged if an alarm on it needs at most so many records, or lines, that are all broken."""


def unjudged_features(columns: Sequence[Column], broken: Bets, tolerance: float, threshold: float) -> list[str]:
    """Names of features whose missing or invalid values cannot be bet on, or not in useful time.

    ``broken`` are the bets on ``columns`` against the whole reference. ``threshold`` is that of the alarm, a natural
    logarithm. If nearly all values of the reference are missing, their share cannot rise by much: that is no fault. The same
    goes for invalid values.
    """
    features = [position for position, column in enumerate(columns) if column.role == FEATURE]
    members = len(features) + 1
    found = []
    for position in features:
        counts = [*columns[position].counts.values()]
        for cell in (len(counts) - 2, len(counts) - 1):
            share = counts[cell] / max(sum(counts), 1)
            needed = _records(broken.log_e[position, cell], broken.weights[position] / members, threshold)
            if _has_room(share, tolerance) and needed > MOST_RECORDS:
                found.append(columns[position].name)
                break
    return found


def rejected_lines_unjudged(share: float, limit: float, tolerance: float, threshold: float, members: int) -> bool:
    """Whether more rejected lines cannot be bet on, or not in useful time.

    ``share`` is their share in the reference's log, ``limit`` the largest share tolerated, and ``members`` the number of
    members of the alarm.
    """
    log_e = rejected_log_e(np.ones(1), np.ones(1), limit)[0]
    needed = _records(log_e, np.full(REJECTED_BETS, 1.0 / REJECTED_BETS / members), threshold)
    return _has_room(share, tolerance) and needed > MOST_RECORDS


def _has_room(share: float, tolerance: float) -> bool:
    return share + 2.0 * tolerance < 1.0


def _records(log_e: Array, weights: Array, threshold: float) -> float:
    """How many records in a row take the fastest bet, with its weight in the alarm, over the threshold."""
    gaining = (log_e > 0) & (weights > 0)
    if not gaining.any():
        return math.inf
    return float(((threshold - np.log(weights[gaining])) / log_e[gaining]).min())
