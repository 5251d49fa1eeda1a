"""What an alarm said at past records, for monitors of outcomes that come later."""

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
    """The latch was closed from ``record`` to ``last_record``. The cause lasted from ``onset`` to ``ended`` (event times)."""

    record: int
    onset: float
    ended: float = math.inf
    last_record: float = math.inf


@attrs.define(eq=False)
class AlarmHistory:
    """What one alarm said at past records. It holds the latest 100 changes of names and the latest 20 episodes.

    Inputs are judged as they come, but outcomes when their labels come, and a batch may hold both. So the monitors of
    outcomes ask what was known at an earlier record. Decisions at later records must not matter to them.
    """

    _told: list[tuple[int, tuple[str, ...]]] = attrs.field(factory=list)
    _episodes: list[_Episode] = attrs.field(factory=list)

    def begin(self, record: int, onset: float) -> None:
        """Note that the alarm latches."""
        self._episodes = [*self._episodes[1 - _EPISODES :], _Episode(record, onset)]

    def name(self, record: int, features: tuple[str, ...]) -> None:
        """Note which features the alarm names from a record on."""
        self._told = [*self._told[1 - _NAMES :], (record, features)]

    def end(self, record: int, time: float) -> None:
        """Note that the latch opens."""
        self.name(record, ())
        if self._episodes:
            self._episodes[-1].ended, self._episodes[-1].last_record = time, record

    @property
    def latched(self) -> int:
        """The record at which the alarm last latched, -1 if it never has."""
        return self._episodes[-1].record if self._episodes else -1

    def told_over(self, first: int, last: int) -> list[tuple[int, tuple[str, ...]]]:
        """The features named from record ``first`` to ``last``: those at ``first``, then each change with its record."""
        told = [(first, features) for record, features in self._told if record <= first][-1:]
        return told + [(record, features) for record, features in self._told if first < record <= last]

    def covers(self, time: NDArray[np.float64], record: NDArray[np.int64]) -> NDArray[np.bool_]:
        """Which predictions fell into an episode by their event ``time``, given what was known at ``record``."""
        covered = np.zeros(len(time), dtype=np.bool_)
        for each in self._episodes:
            over = np.where(record >= each.last_record, each.ended, np.inf)
            covered |= (record >= each.record) & (time >= each.onset) & (time <= over)
        return covered

    def snapshot(self) -> dict[str, Any]:
        return {
            "told": [[record, list(features)] for record, features in self._told],
            "episodes": [[each.record, each.onset, each.ended, each.last_record] for each in self._episodes],
        }

    def restore(self, state: Mapping[str, Any]) -> None:
        """Go on from :meth:`snapshot`; raises ``KeyError``, ``TypeError`` or ``ValueError`` if it does not fit."""
        told = [(int(record), tuple(map(str, features))) for record, features in state["told"]]
        # The first builds of 0.1.0 did not store the last record of an episode. An ended one then counts as ended at all.
        episodes = [
            _Episode(int(record), float(onset), float(ended), float(last[0]) if last else float(record))
            for record, onset, ended, *last in state["episodes"]
        ]
        self._told, self._episodes = told, episodes
