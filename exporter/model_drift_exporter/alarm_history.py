"""What an alarm has said lately, by record: for monitors that look at the same records later than it did."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any

import attrs
import numpy as np
from numpy.typing import NDArray

__all__ = ["AlarmHistory"]

_NAMES = 100
_EPISODES = 20


@attrs.define
class _Episode:
    """Latched from a record on up to another; what it is about began at ``onset``, was over by ``ended`` (event times)."""

    record: int
    onset: float
    ended: float = math.inf
    last_record: float = math.inf


@attrs.define(eq=False)
class AlarmHistory:
    """Inputs are judged as they come, outcomes when their labels do, and a batch may hold both.

    So whoever judges outcomes asks what was known at a record, whatever has been decided behind it by now. The latest 100
    changes of names and 20 episodes are remembered.
    """

    _told: list[tuple[int, tuple[str, ...]]] = attrs.field(factory=list)
    _episodes: list[_Episode] = attrs.field(factory=list)

    def begin(self, record: int, onset: float) -> None:
        """Note that the alarm latches."""
        self._episodes = [*self._episodes[1 - _EPISODES :], _Episode(record, onset)]

    def name(self, record: int, features: tuple[str, ...]) -> None:
        """Note which features it is about from a record on."""
        self._told = [*self._told[1 - _NAMES :], (record, features)]

    def end(self, record: int, time: float) -> None:
        """Note that the latch opens."""
        self.name(record, ())
        if self._episodes:
            self._episodes[-1].ended, self._episodes[-1].last_record = time, record

    def told_over(self, first: int, last: int) -> list[tuple[int, tuple[str, ...]]]:
        """The features that it was about from one record to another: those at the first, then each change."""
        told = [(first, features) for record, features in self._told if record <= first][-1:]
        return told + [(record, features) for record, features in self._told if first < record <= last]

    def covers(self, time: NDArray[np.float64], record: NDArray[np.int64]) -> NDArray[np.bool_]:
        """Which predictions fell into an episode, by their event ``time``, as far as was known at ``record``."""
        covered = np.zeros(len(time), dtype=np.bool_)
        for each in self._episodes:
            over = np.where(record >= each.last_record, each.ended, np.inf)
            covered |= (record >= each.record) & (time >= each.onset) & (time <= over)
        return covered

    def snapshot(self) -> dict[str, Any]:
        """State for a snapshot."""
        return {
            "told": [[record, list(features)] for record, features in self._told],
            "episodes": [[each.record, each.onset, each.ended, each.last_record] for each in self._episodes],
        }

    def restore(self, state: Mapping[str, Any]) -> None:
        """Go on from :meth:`snapshot`; raises ``KeyError``, ``TypeError`` or ``ValueError`` if it does not fit."""
        told = [(int(record), tuple(map(str, features))) for record, features in state["told"]]
        episodes = [_Episode(int(record), *map(float, times)) for record, *times in state["episodes"]]
        self._told, self._episodes = told, episodes
