"""From evidence to alarms: one loop that closes latches, names what they are about, and opens them again."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from functools import cache, partial
from typing import Any, ClassVar

import numpy as np
from numpy.typing import NDArray

from ..statistics.betting.named_columns import named_columns
from .alarms import Alarm, Certainty
from .evidence_state import EvidenceState
from .recovery import RecoveryBlocks
from .schedule import UpdateTimes
from .targets import Target

__all__ = ["AlarmDecision", "DecisionLoop"]

Array = NDArray[np.float64]
Excess = Callable[[], tuple[Array, Array]]
BetAgain = Callable[[int, Sequence[Target]], None]
_AHEAD = 64  # updates


def _leading(mask: NDArray[np.bool_]) -> int:
    """How many values are true before the first that is not."""
    return len(mask) if mask.all() else int(mask.argmin())


def _part_of(excess: Excess, part: slice) -> tuple[Array, Array]:
    records, sums = excess()
    return records[part], sums[part]


def _nothing(*_: object) -> None:
    """For bets without a memory."""


class AlarmDecision:
    """Decides one alarm, update by update. ``members`` is the log evidence of its members after the last one, [member].

    ``blocks`` are those of the target's directions. Members are named by e-d-BH; where none can be named, the ``suspects``
    strongest ones are suspected. ``surest`` is how sure features are if members are named.
    """

    suspects: ClassVar[int] = 3
    surest: ClassVar[Certainty] = "named"

    def __init__(self, alarm: Alarm, target: Target, blocks: RecoveryBlocks) -> None:
        self.alarm = alarm
        self.target = target
        self._blocks = blocks
        self.restart()

    @property
    def about(self) -> list[int]:
        """The members that the closed latch is about; none while it is open."""
        if not self.alarm.active:
            return []
        return self._named + self._suspected or [*range(len(self.members))]

    def temper(self, rises: Array) -> None:
        """Recovery needs so many times the records of the reference, of all directions of the loop, [direction]."""
        self._blocks.temper(rises[self.target.directions])

    def restart(self) -> None:
        """Set the evidence of the members back to 1 and forget their names."""
        self.members = np.zeros(len(self.target.names))
        self._watch([], [])

    def _watch(self, named: list[int], suspected: list[int]) -> None:
        """Recovery must be that of these members."""
        self._named, self._suspected = named, suspected
        watched = np.zeros(len(self.members), dtype=np.bool_)
        watched[named + suspected] = True
        self._watched = watched[self.target.member_of]

    def named(self) -> list[int]:
        """The members that have enough evidence by themselves. All others are below the alarm's threshold."""
        return [*map(int, named_columns(self.members, self.alarm.threshold))]

    def features(self, members: Sequence[int], record: int) -> list[str]:  # noqa: ARG002
        """The features to tell at a line, if these members are named or suspected."""
        return [self.target.names[member] for member in members if self.target.names[member]]

    def fire(self, time: float, record: int, log_m: Array, since: Array) -> None:
        """Close the latch; ``log_m`` and ``since`` are those of all bets. The leading member's leading bet tells the onset."""
        named = self.named()
        strongest = [] if named else np.argsort(-self.members, kind="stable")[: self.suspects].tolist()
        self._watch(named, [member for member in strongest if self.members[member] > 0])
        leading = int(self.members.argmax())
        places = self.target.places[leading]
        grown = np.where(self.target.weights[leading] > 0, log_m[places], -np.inf)
        onset = float(since[places[int(grown.argmax())]])
        self._blocks.restart(time, onset)
        features = self.features(named or self._suspected, record)
        certainty = self.surest if named else "suspected"
        self.alarm.fire(time, record, onset=onset, features=features, certainty=certainty)

    def quiet(self, members: Array, evidence: Array, times: UpdateTimes, excess: Excess) -> int:
        """How many of some updates, from the first on, leave the latch and its names as they are, and end no block.

        ``members`` is [update, member], ``evidence`` [update] that of the alarm. ``excess()`` is asked for while the latch is
        closed.
        """
        if not self.alarm.active:
            below: NDArray[np.bool_] = np.less(evidence, self.alarm.threshold)
            return _leading(below)
        if not self._named and not self._suspected:
            return 0
        strong = members >= self.alarm.threshold
        strong[:, self._named] = False
        count = _leading(np.asarray(~strong.any(axis=1)))
        if count and self._renames(int(times.position[count - 1])):
            count = next(update for update in range(count) if self._renames(int(times.position[update])))
        records = excess()[0][:count, self.target.directions]
        return self._blocks.open_for(records, times.time[:count], self._watched)

    def pass_over(self, times: Array, excess: Excess) -> None:
        """Take in updates that are :meth:`quiet`, at these times, [update]."""
        if self.alarm.active:
            records, sums = (each[: len(times), self.target.directions] for each in excess())
            self._blocks.pass_over(records, sums, times)

    def _renames(self, record: int) -> bool:
        """Whether other features are to be told at a line than before. If none are, then none were at an earlier line."""
        features = self.features(self._named, record)
        return bool(features) and (tuple(features), self.surest) != (self.alarm.features, self.alarm.certainty)

    def recovers(self, time: float, record: int, records: Array, sums: Array) -> bool:
        """Whether a closed latch must open; ``records`` and ``sums`` are those of this update, of all directions."""
        if not self._named and not self._suspected:
            self._resume(time)
        strong = np.flatnonzero(self.members >= self.alarm.threshold).tolist()  # no weaker member is ever named
        if not set(self._named).issuperset(strong):
            joining = [member for member in self.named() if member not in self._named]
            self._watch(self._named + joining, self._suspected)
        if self._renames(record):
            self.alarm.name(self.features(self._named, record), self.surest, record)
        directions = self.target.directions
        return self._blocks.add(records[directions], sums[directions], time, self._watched)

    def _resume(self, time: float) -> None:
        """What the closed latch is about is lost: watch the members that it names, or those without a name, or all."""
        names = self.target.names
        known = [names.index(name) for name in self.alarm.features if name in names]
        if known and self.alarm.certainty == "named":
            self._watch(known, [])
        else:
            nameless = [member for member, name in enumerate(names) if not name]
            self._watch([], known or nameless or [*range(len(names))])
        self._blocks.restart(time)

    def snapshot(self) -> dict[str, Any] | None:
        """The state of a closed latch, ``None`` while it is open or watches nothing yet."""
        if not self.alarm.active or not self._named + self._suspected:
            return None
        return {"named": self._named, "suspected": self._suspected, "blocks": self._blocks.snapshot()}

    def restore(self, state: Mapping[str, Any] | None, log_m: Array) -> None:
        """Go on from a snapshot; ``log_m`` is the evidence of all bets. Raises :class:`ValueError` if it does not fit."""
        if state is not None:
            named, suspected = [*map(int, state["named"])], [*map(int, state["suspected"])]
            if any(not 0 <= member < len(self.target.names) for member in named + suspected):
                raise ValueError("names of other features")
            self._blocks.restore(state["blocks"])
            self._watch(named, suspected)
        self.members = self.target.members(log_m[None])[0]


class DecisionLoop:
    """Takes all alarms on the same bets through updates.

    Where a latch opens, the evidence behind it begins anew, of other alarms too where they share its bets: what comes behind is
    weighed again. ``forget(target)`` is called wherever that happens, after recovery or by a person: what bets remember of the
    target goes with its evidence. Before that, ``recovered(decision)`` is called where it is recovery.
    """

    def __init__(
        self,
        state: EvidenceState,
        decisions: Sequence[AlarmDecision],
        forget: Callable[[Target], None] = _nothing,
        recovered: Callable[[AlarmDecision], None] = _nothing,
    ) -> None:
        self._state = state
        self._decisions = decisions
        self._forget = forget
        self._recovered = recovered
        for decision in decisions:
            decision.alarm.restart = partial(self._restart, decision)

    def _restart(self, decision: AlarmDecision) -> None:
        self._state.restart(np.unique(decision.target.places))
        self._forget(decision.target)
        decision.restart()
        decision.alarm.evidence = 0.0

    def advance(self, log_e: Array, times: UpdateTimes, excess: Excess, bet_again: BetAgain = _nothing) -> None:
        """Take in updates with the ``log_e`` of all bets, [update, bet]. Alarms fire and recover at their exact update.

        ``excess()`` gives what recovery looks at: numbers of records and sums of their scores, both [update, direction]. It is
        asked for only while a latch is closed. ``bet_again(first, targets)`` is called where the evidence of ``targets`` has
        begun anew: bets with a memory are then made anew in ``log_e`` from the update ``first`` on.
        """
        first = 0
        while first < len(times):
            first, opened = self._to_recovery(log_e, times, first, cache(excess))
            if opened and first < len(times):
                bet_again(first, opened)

    def _to_recovery(self, log_e: Array, times: UpdateTimes, first: int, excess: Excess) -> tuple[int, list[Target]]:
        """Go on from the update ``first`` to where latches open, or to the end. Returns the update behind, and their targets."""
        evidence = self._state.after(log_e[first:], times.log_minutes[first:], times.begun[first:])
        targets = [decision.target for decision in self._decisions]
        members = [target.members(evidence.log_m) for target in targets]
        totals = [target.evidence(each) for target, each in zip(targets, members, strict=True)]
        after = [*zip(self._decisions, members, totals, strict=True)]
        recovered: list[AlarmDecision] = []
        update, last = -1, len(evidence.log_m) - 1
        while not recovered and (update := self._pass_over(after, times, (first, update + 1), excess)) <= last:
            time, record = float(times.time[first + update]), int(times.position[first + update])
            for decision, of_members, of_alarm in after:
                alarm = decision.alarm
                decision.members, alarm.evidence = of_members[update], float(of_alarm[update])
                if alarm.active:
                    if decision.recovers(time, record, *(each[first + update] for each in excess())):
                        recovered.append(decision)
                elif alarm.evidence >= alarm.threshold:
                    decision.fire(time, record, evidence.log_m[update], evidence.since(update))
        if recovered:
            last = update
        for decision, of_members, of_alarm in after:
            decision.members, decision.alarm.evidence = of_members[last], float(of_alarm[last])
        self._state.take(evidence, last)
        for decision in recovered:
            self._recovered(decision)
            decision.alarm.resolve(time, record)
        return first + last + 1, [decision.target for decision in recovered]

    @staticmethod
    def _pass_over(
        after: Sequence[tuple[AlarmDecision, Array, Array]],
        times: UpdateTimes,
        begin: tuple[int, int],
        excess: Excess,
    ) -> int:
        """Take in updates at which no alarm changes, several at once. Returns the next one to look at, or their number.

        ``after`` has each decision with the evidence of its members, [update, member], and of its alarm, [update]. ``begin`` is
        the place of their first update among all ``times``, and the update among them to begin with.
        """
        first, update = begin
        number = len(times) - first
        while update < number:
            end = min(update + _AHEAD, number)
            part = slice(first + update, first + end)
            ahead = partial(_part_of, excess, part)
            some = times.part(part)
            count = min(each.quiet(of[update:end], total[update:end], some, ahead) for each, of, total in after)
            for each, _, _ in after:
                each.pass_over(some.time[:count], ahead)
            update += count
            if update < end:
                break
        return update

    def snapshot(self) -> dict[str, Any]:
        return {
            "state": self._state.snapshot(),
            "alarms": {decision.target.alert: decision.snapshot() for decision in self._decisions},
        }

    def restore(self, state: Mapping[str, Any]) -> None:
        """Go on from a snapshot. What a damaged one raises becomes an error within :func:`~.evidence_state.readable`."""
        self._state.restore(state["state"])
        for decision in self._decisions:
            decision.restore(state["alarms"].get(decision.target.alert), self._state.log_m)
