"""Which inputs are not judged: no alarm would fire in useful time even if all of their values were missing or invalid.

And which records are judged less sharply, since they are of hours that the reference does not know.
"""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from ..reference.profile import FEATURE, Column, ReferenceProfile
from ..statistics.betting.bets import Bets
from .targets import REJECTED_BETS, rejected_limit, rejected_log_e
from .update_counts import GroupedCounts

__all__ = ["MOST_RECORDS", "UnknownHours", "never_judged", "rejected_lines_unjudged", "unjudged_features"]

Array = NDArray[np.float64]

MOST_RECORDS = 10_000
"""An input is judged if an alarm on it needs at most so many records, or lines, that are all broken."""

_HOURS_MEMORY = 3 * 3_600.0
"""Time constant, in seconds of event time, of the share of records in hours that the reference does not know."""


class UnknownHours:
    """The share of records in hours that the reference lacks, over some hours: one late batch must not matter."""

    def __init__(self) -> None:
        self._time = -math.inf
        self._unknown = self._every = 0.0

    def observe(self, time: Array, groups: GroupedCounts, unknown: NDArray[np.bool_]) -> None:
        """Take in updates: the event time of each, and which of their groups are of ``unknown`` hours."""
        records = groups.counts[:, 0].sum(axis=1)
        added = np.stack([np.bincount(groups.update, each, len(time)) for each in (records * unknown, records)], axis=1)
        for now, (more_unknown, more) in zip(time.tolist(), added.tolist(), strict=True):
            kept = math.exp(-max(now - self._time, 0.0) / _HOURS_MEMORY)
            self._time, self._unknown, self._every = now, kept * self._unknown + more_unknown, kept * self._every + more

    @property
    def share(self) -> float:
        """The share, 0 to 1; 0 before the first record."""
        return self._unknown / self._every if self._every > 0 else 0.0

    def snapshot(self) -> list[float]:
        return [self._time, self._unknown, self._every]

    def restore(self, state: Sequence[float]) -> None:
        """Go on from a snapshot; raises :class:`ValueError` or :class:`TypeError` if it is none."""
        self._time, self._unknown, self._every = map(float, state)


def never_judged(
    reference: ReferenceProfile, columns: Sequence[Column], broken: Bets, tolerance: float, threshold: float
) -> list[str]:
    """What of a model's input cannot be judged by its reference, and why, a sentence each; see the functions below."""
    found = []
    if features := unjudged_features(columns, broken, tolerance, threshold):
        found.append(
            "by this reference, missing or invalid values cannot be told (too few rows, or gaps that come close "
            f"together): {', '.join(features)}"
        )
    share, members = reference.rejected_lines / max(reference.lines, 1), len(reference.features) + 1
    if rejected_lines_unjudged(share, rejected_limit(reference, tolerance), tolerance, threshold, members):
        found.append("the reference's log had so many rejected lines that more of them cannot be told")
    return found


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
