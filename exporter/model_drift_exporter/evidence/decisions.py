"""From evidence to alarms: where a latch closes, which features it names, and where it opens again."""

from __future__ import annotations

import copy
from collections.abc import Callable, Mapping
from functools import cached_property
from typing import Any

import attrs
import numpy as np
from numpy.typing import NDArray

from ..statistics.betting.naming import named_columns
from .alarms import Alarm
from .recovery import RecoveryBlocks
from .schedule import Updates
from .state import EvidenceUpdates
from .targets import BetLayout, Target

__all__ = ["AlarmFollower", "Course", "Stretch"]

Array = NDArray[np.float64]

_SUSPECTS = 3


@attrs.frozen(eq=False)
class Stretch:
    """Some updates in a row from ``first`` on: their evidence and, where an alarm is latched, what recovery looks at.

    ``records`` and ``make_excess()`` are [update, bet]: how many each bet has seen, sums of their scores less the limit.
    """

    updates: Updates
    evidence: EvidenceUpdates
    first: int
    make_excess: Callable[[], tuple[Array, Array]]

    @cached_property
    def excess(self) -> tuple[Array, Array]:
        """Records and sums, [update, bet]; made where it is needed only."""
        records, sums = self.make_excess()
        return records[self.first :], sums[self.first :]

    @property
    def time(self) -> Array:
        """Event time at each update."""
        return self.updates.time[self.first :]


@attrs.define(eq=False)
class Course:
    """What an alarm would do over a stretch: ``fires`` and ``recovers`` are updates, ``None`` for never.

    ``members`` is [update, member], ``evidence`` [update]; ``named`` are the members named by the end, in that order;
    ``suspected`` those that it began with if none was; ``joins`` the updates with which others joined, and how many were named
    then.
    """

    members: Array
    evidence: Array
    fires: int | None = None
    recovers: int | None = None
    named: list[int] = attrs.field(factory=list)
    suspected: list[int] = attrs.field(factory=list)
    named_at_fire: int = 0
    onset: float | None = None
    joins: list[tuple[int, int]] = attrs.field(factory=list)
    blocks: RecoveryBlocks | None = None


class AlarmFollower:
    """Decides one alarm. ``members`` is the evidence of its members after the last update."""

    def __init__(self, alarm: Alarm, target: Target, layout: BetLayout) -> None:
        self.alarm = alarm
        self.target = target
        self._spreads = layout.spreads[target.directions]
        self._needed = layout.needed[target.directions]
        self.members = np.zeros(len(target.names))
        self._named: list[int] = []
        self._suspected: list[int] = []
        self._blocks: RecoveryBlocks | None = None

    def course(self, stretch: Stretch, end: int) -> Course:
        """What happens up to the update ``end``, exclusive; changes nothing."""
        members = self.target.members(stretch.evidence.log_m[:end])
        course = Course(members, self.target.evidence(members))
        if self.alarm.active:
            course.named, course.suspected = [*self._named], [*self._suspected]
            course.blocks = copy.copy(self._blocks) if self._blocks is not None else self._resume(course, stretch)
            first = 0
        else:
            crossed = course.evidence >= self.alarm.threshold
            if not crossed.any():
                return course
            course.fires = int(crossed.argmax())
            course.onset = self._onset(course, stretch, course.fires)
            course.blocks = self._new_blocks(float(stretch.time[course.fires]), course.onset)
            course.named = named_columns(members[course.fires], self.alarm.threshold).tolist()
            course.named_at_fire = len(course.named)
            if not course.named:
                strongest = np.argsort(-members[course.fires], kind="stable")[:_SUSPECTS]
                course.suspected = [int(member) for member in strongest if members[course.fires, member] > 0]
            first = course.fires + 1
        watched = self._watch(course, first)
        records, sums = stretch.excess
        directions = self.target.directions
        found = course.blocks.advance(
            records[first:end, directions],
            sums[first:end, directions],
            stretch.time[first:end],
            watched[:, self.target.member_of],
        )
        course.recovers = None if found is None else first + found
        return course

    def _watch(self, course: Course, first: int) -> NDArray[np.bool_]:
        """[update, member] from ``first`` on: those named or suspected so far; names the members that join."""
        members, threshold = course.members[first:], self.alarm.threshold
        watched = np.zeros(members.shape, dtype=np.bool_)
        watched[:, course.named + course.suspected] = True
        known = np.zeros(members.shape[1], dtype=np.bool_)
        known[course.named] = True
        strong = members >= threshold  # nothing weaker is ever named
        for update in np.flatnonzero((strong & ~known).any(axis=1)).tolist():
            if (strong[update] & ~known).any():
                joining = [member for member in named_columns(members[update], threshold).tolist() if not known[member]]
                course.named += joining
                if joining:
                    course.joins.append((first + update, len(course.named)))
                known[joining] = True
                watched[update:, joining] = True
        return watched

    def _onset(self, course: Course, stretch: Stretch, update: int) -> float:
        """When the excursion of the leading bet of the leading member began."""
        leading = int(course.members[update].argmax())
        places = self.target.places[leading]
        grown = np.where(self.target.weights[leading] > 0, stretch.evidence.log_m[update, places], -np.inf)
        return float(stretch.evidence.since(update)[places[int(grown.argmax())]])

    def _new_blocks(self, time: float, onset: float | None = None) -> RecoveryBlocks:
        blocks = RecoveryBlocks(np.zeros_like(self._spreads), self._spreads, self._needed)
        blocks.restart(time, onset)
        return blocks

    def _resume(self, course: Course, stretch: Stretch) -> RecoveryBlocks:
        """A latch that came without our own state: watch what it names, or else the members that have no name."""
        names = self.target.names
        known = [names.index(name) for name in self.alarm.features if name in names]
        course.named = known if self.alarm.certainty == "named" else []
        course.suspected = known or [member for member, name in enumerate(names) if not name]
        return self._new_blocks(float(stretch.evidence.begun[0]))

    def fire(self, course: Course, stretch: Stretch) -> None:
        """Latch where the course says."""
        update = course.fires
        if update is None:
            return
        self.alarm.evidence = float(course.evidence[update])
        features, certainty = self._features(course.named[: course.named_at_fire], course.suspected)
        self.alarm.fire(
            float(stretch.time[update]),
            int(stretch.updates.record[stretch.first + update]),
            onset=course.onset,
            features=features,
            certainty=certainty,
        )

    def follow(self, course: Course, stretch: Stretch) -> None:
        """Go on behind the course: names that joined, blocks, the evidence."""
        self._named, self._suspected, self._blocks = course.named, course.suspected, course.blocks
        self.members = course.members[-1]
        self.alarm.evidence = float(course.evidence[-1])
        for update, count in course.joins if self.alarm.active else ():
            record = int(stretch.updates.record[stretch.first + update])
            self.alarm.name(*self._features(course.named[:count], course.suspected), record)

    def restart(self) -> None:
        """Evidence is 1 again."""
        self.members = np.zeros(len(self.target.names))
        self._named, self._suspected, self._blocks = [], [], None
        self.alarm.evidence = 0.0

    def _features(self, named: list[int], suspected: list[int]) -> tuple[list[str], str]:
        names = self.target.names
        return [names[member] for member in named or suspected if names[member]], "named" if named else "suspected"

    def snapshot(self) -> dict[str, Any] | None:
        """State for a snapshot; ``None`` while the latch is open."""
        if self._blocks is None or not self.alarm.active:
            return None
        return {"named": self._named, "suspected": self._suspected, "blocks": self._blocks.snapshot()}

    def restore(self, state: Mapping[str, Any] | None, log_m: Array) -> None:
        """Go on from a snapshot, with the evidence of all bets; raises :class:`ValueError` if it does not fit."""
        self.members = self.target.members(log_m[None])[0]
        if state is None:
            return
        blocks = self._new_blocks(0.0)
        blocks.restore(state["blocks"])
        self._named, self._suspected = [*map(int, state["named"])], [*map(int, state["suspected"])]
        if any(not 0 <= member < len(self.target.names) for member in self._named + self._suspected):
            raise ValueError("names of other features")
        self._blocks = blocks
