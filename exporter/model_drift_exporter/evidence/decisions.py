"""From evidence to alarms: at which update a latch closes, which features it names, and when it opens again."""

from __future__ import annotations

import copy
from collections.abc import Callable, Mapping
from functools import cached_property
from typing import Any

import attrs
import numpy as np
from numpy.typing import NDArray

from ..statistics.betting.named_columns import named_columns
from .alarms import Alarm
from .evidence_state import EvidenceUpdates
from .recovery import RecoveryBlocks
from .schedule import Updates
from .targets import BetLayout, Target

__all__ = ["AlarmDecision", "UpdateSpan", "Verdict"]

Array = NDArray[np.float64]

_SUSPECTS = 3


@attrs.frozen(eq=False)
class UpdateSpan:
    """Consecutive updates from ``first`` on: their evidence, and what recovery needs while an alarm is active.

    ``make_excess()`` returns two arrays [update, bet]: the records that each bet has seen, and the sums of their scores less
    the limit. It covers all ``updates``, also those before ``first``.
    """

    updates: Updates
    evidence: EvidenceUpdates
    first: int
    make_excess: Callable[[], tuple[Array, Array]]

    @cached_property
    def excess(self) -> tuple[Array, Array]:
        """Records and sums from ``first`` on, [update, bet]. Computed on first use."""
        records, sums = self.make_excess()
        return records[self.first :], sums[self.first :]

    @property
    def time(self) -> Array:
        """Event time at each update from ``first`` on."""
        return self.updates.time[self.first :]


@attrs.define(eq=False)
class Verdict:
    """What an alarm would do over a span of updates. ``fires`` and ``recovers`` are updates, ``None`` for never.

    ``members`` [update, member] and ``evidence`` [update] are natural logarithms. ``named`` are the members named by the end,
    in the order of naming. ``suspected`` are the strongest members at the start if none was named then. ``joins`` has the
    updates at which more members were named, and the number of named members after each.
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


class AlarmDecision:
    """Decides one alarm. ``members`` is the log evidence of its members after the last update, [member]."""

    def __init__(self, alarm: Alarm, target: Target, layout: BetLayout) -> None:
        self.alarm = alarm
        self.target = target
        self._spreads = layout.spreads[target.directions]
        self._needed = layout.needed[target.directions]
        self.members = np.zeros(len(target.names))
        self._named: list[int] = []
        self._suspected: list[int] = []
        self._blocks: RecoveryBlocks | None = None

    def verdict(self, span: UpdateSpan, end: int) -> Verdict:
        """What would happen before the update ``end``. Changes nothing."""
        members = self.target.members(span.evidence.log_m[:end])
        verdict = Verdict(members, self.target.evidence(members))
        if self.alarm.active:
            verdict.named, verdict.suspected = [*self._named], [*self._suspected]
            verdict.blocks = copy.copy(self._blocks) if self._blocks is not None else self._resume(verdict, span)
            first = 0
        else:
            crossed = verdict.evidence >= self.alarm.threshold
            if not crossed.any():
                return verdict
            verdict.fires = int(crossed.argmax())
            verdict.onset = self._onset(verdict, span, verdict.fires)
            verdict.blocks = self._new_blocks(float(span.time[verdict.fires]), verdict.onset)
            verdict.named = named_columns(members[verdict.fires], self.alarm.threshold).tolist()
            verdict.named_at_fire = len(verdict.named)
            if not verdict.named:
                strongest = np.argsort(-members[verdict.fires], kind="stable")[:_SUSPECTS]
                verdict.suspected = [int(member) for member in strongest if members[verdict.fires, member] > 0]
            first = verdict.fires + 1
        watched = self._watch(verdict, first)
        records, sums = span.excess
        directions = self.target.directions
        found = verdict.blocks.advance(
            records[first:end, directions],
            sums[first:end, directions],
            span.time[first:end],
            watched[:, self.target.member_of],
        )
        verdict.recovers = None if found is None else first + found
        return verdict

    def _watch(self, verdict: Verdict, first: int) -> NDArray[np.bool_]:
        """[update, member] from ``first`` on: members named or suspected so far. Adds new names to the verdict."""
        members, threshold = verdict.members[first:], self.alarm.threshold
        watched = np.zeros(members.shape, dtype=np.bool_)
        watched[:, verdict.named + verdict.suspected] = True
        known = np.zeros(members.shape[1], dtype=np.bool_)
        known[verdict.named] = True
        strong = members >= threshold  # no weaker member is ever named
        for update in np.flatnonzero((strong & ~known).any(axis=1)).tolist():
            if (strong[update] & ~known).any():
                joining = [member for member in named_columns(members[update], threshold).tolist() if not known[member]]
                verdict.named += joining
                if joining:
                    verdict.joins.append((first + update, len(verdict.named)))
                known[joining] = True
                watched[update:, joining] = True
        return watched

    def _onset(self, verdict: Verdict, span: UpdateSpan, update: int) -> float:
        """The event time at which the excursion of the leading bet of the leading member began."""
        leading = int(verdict.members[update].argmax())
        places = self.target.places[leading]
        grown = np.where(self.target.weights[leading] > 0, span.evidence.log_m[update, places], -np.inf)
        return float(span.evidence.since(update)[places[int(grown.argmax())]])

    def _new_blocks(self, time: float, onset: float | None = None) -> RecoveryBlocks:
        blocks = RecoveryBlocks(np.zeros_like(self._spreads), self._spreads, self._needed)
        blocks.restart(time, onset)
        return blocks

    def _resume(self, verdict: Verdict, span: UpdateSpan) -> RecoveryBlocks:
        """For a closed latch without saved blocks: watch the members that it names, or else those that have no name."""
        names = self.target.names
        known = [names.index(name) for name in self.alarm.features if name in names]
        verdict.named = known if self.alarm.certainty == "named" else []
        verdict.suspected = known or [member for member, name in enumerate(names) if not name]
        return self._new_blocks(float(span.evidence.begun[0]))

    def fire(self, verdict: Verdict, span: UpdateSpan) -> None:
        """Fire the alarm if the verdict says so."""
        update = verdict.fires
        if update is None:
            return
        self.alarm.evidence = float(verdict.evidence[update])
        features, certainty = self._features(verdict.named[: verdict.named_at_fire], verdict.suspected)
        self.alarm.fire(
            float(span.time[update]),
            int(span.updates.position[span.first + update]),
            onset=verdict.onset,
            features=features,
            certainty=certainty,
        )

    def follow(self, verdict: Verdict, span: UpdateSpan) -> None:
        """Take over the final state of the verdict: new names, blocks and evidence."""
        self._named, self._suspected, self._blocks = verdict.named, verdict.suspected, verdict.blocks
        self.members = verdict.members[-1]
        self.alarm.evidence = float(verdict.evidence[-1])
        for update, count in verdict.joins if self.alarm.active else ():
            record = int(span.updates.position[span.first + update])
            self.alarm.name(*self._features(verdict.named[:count], verdict.suspected), record)

    def restart(self) -> None:
        """Set the evidence back to 1 and forget the names."""
        self.members = np.zeros(len(self.target.names))
        self._named, self._suspected, self._blocks = [], [], None
        self.alarm.evidence = 0.0

    def _features(self, named: list[int], suspected: list[int]) -> tuple[list[str], str]:
        names = self.target.names
        return [names[member] for member in named or suspected if names[member]], "named" if named else "suspected"

    def snapshot(self) -> dict[str, Any] | None:
        """The state of a closed latch, ``None`` while it is open."""
        if self._blocks is None or not self.alarm.active:
            return None
        return {"named": self._named, "suspected": self._suspected, "blocks": self._blocks.snapshot()}

    def restore(self, state: Mapping[str, Any] | None, log_m: Array) -> None:
        """Go on from a snapshot; ``log_m`` is the evidence of all bets. Raises :class:`ValueError` if it does not fit."""
        self.members = self.target.members(log_m[None])[0]
        if state is None:
            return
        blocks = self._new_blocks(0.0)
        blocks.restore(state["blocks"])
        self._named, self._suspected = [*map(int, state["named"])], [*map(int, state["suspected"])]
        if any(not 0 <= member < len(self.target.names) for member in self._named + self._suspected):
            raise ValueError("names of other features")
        self._blocks = blocks
