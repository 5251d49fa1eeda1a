"""From evidence to alarms: one loop that closes latches, names what they are about, and opens them again."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from functools import cache, partial
from typing import Any, ClassVar, Literal

import attrs
import numpy as np
from numpy.typing import NDArray

from ..statistics.betting.named_columns import named_columns
from .alarms import Alarm, Certainty
from .evidence_state import EvidenceState, EvidenceUpdates
from .recovery import RecoveryBlocks, Usual
from .schedule import UpdateTimes
from .targets import Target

__all__ = ["AlarmDecision", "DecisionLoop"]

Array = NDArray[np.float64]
Excess = Callable[[], tuple[Array, Array]]
_Change = Literal["", "opens", "rises", "watches"]
"""What an update changes besides the closing of a latch: it opens; a second rise is told; one is watched for from now on."""
BetAgain = Callable[[int, Sequence[Target]], None]
_AHEAD = 64  # updates


def _leading(mask: NDArray[np.bool_]) -> int:
    """How many values are true before the first that is not."""
    return len(mask) if mask.all() else int(mask.argmin())


def _row_of(excess: Excess, update: int) -> tuple[Array, Array]:
    records, sums = excess()
    return records[update], sums[update]


def _part_of(excess: Excess, part: slice) -> tuple[Array, Array]:
    records, sums = excess()
    return records[part], sums[part]


def _nothing(*_: object) -> None:
    """For bets without a memory."""


class AlarmDecision:
    """Decides one alarm, update by update. ``members`` is the log evidence of its members after the last one, [member].

    ``blocks`` are those of the target's directions. Members are named by e-d-BH; where none can be named, the ``suspects``
    strongest ones are suspected. ``surest`` is how sure features are if members are named.

    ``again`` is the evidence of a second rise while the latch is closed, of the bets :attr:`bets`. It begins at 1 behind the
    first blocks inside that show that the first one is over, as it would if the latch had opened, and goes on whatever later
    blocks are: the second rise itself is outside. ``None`` before, and while the latch is open.
    """

    suspects: ClassVar[int] = 3
    surest: ClassVar[Certainty] = "named"

    def __init__(self, alarm: Alarm, target: Target, blocks: RecoveryBlocks) -> None:
        self.alarm = alarm
        self.target = target
        self._blocks = blocks
        self.bets, places = np.unique(target.places, return_inverse=True)
        self._of_bets = attrs.evolve(target, places=places.reshape(target.places.shape))
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
        self.again: EvidenceState | None = None
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

    def usual(self) -> Usual | None:
        """What is known of the latest records while the latch is closed."""
        return self._blocks.usual(self._watched)

    def watch_again(self, *, exact: bool) -> bool:
        """Begin the evidence of a second rise if it is time to. Returns whether it began."""
        begins = self.alarm.active and self.again is None and self._blocks.fell(self._watched)
        if begins:
            self.again = EvidenceState.new(len(self.bets), exact=exact)
        return begins

    def members_again(self, log_m: Array) -> Array:
        """The log evidence of each member that there is a second rise, [update, member], from that of :attr:`bets`."""
        return self._of_bets.members(log_m)

    def rise(self, time: float, record: int, state: EvidenceState) -> None:
        """Tell a second rise as if the latch had opened and closed: in ``state`` its evidence replaces that of the first."""
        if self.again is not None:
            state.log_m[self.bets], state.since[self.bets] = self.again.log_m, self.again.since
        self.again = None
        self.members = self.target.members(state.log_m[None])[0]
        self.alarm.evidence = float(self.target.evidence(self.members[None])[0])
        self.alarm.lapse(time, record)
        self.fire(time, record, state.log_m, state.since)

    def quiet(self, members: Array, evidence: Array, again: Array, times: UpdateTimes, excess: Excess) -> int:
        """How many of some updates, from the first on, leave the latch and its names as they are, and end no block.

        ``members`` is [update, member], ``evidence`` [update] that of the alarm, ``again`` [update] that of a second rise.
        ``excess()`` is asked for while the latch is closed.
        """
        if not self.alarm.active:
            below: NDArray[np.bool_] = np.less(evidence, self.alarm.threshold)
            return _leading(below)
        if not self._named and not self._suspected:
            return 0
        strong = members >= self.alarm.threshold
        strong[:, self._named] = False
        count = _leading(~strong.any(axis=1) & (again < self.alarm.threshold))
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
        again = None if self.again is None else self.again.snapshot()
        return {
            "named": self._named,
            "suspected": self._suspected,
            "blocks": self._blocks.snapshot(),
            "again": again,
        }

    def restore(self, state: Mapping[str, Any] | None, log_m: Array, *, exact: bool = False) -> None:
        """Go on from a snapshot; ``log_m`` is the evidence of all bets. Raises :class:`ValueError` if it does not fit."""
        if state is not None:
            named, suspected = [*map(int, state["named"])], [*map(int, state["suspected"])]
            if any(not 0 <= member < len(self.target.names) for member in named + suspected):
                raise ValueError("names of other features")
            self._blocks.restore(state["blocks"])
            self._watch(named, suspected)
            if state.get("again") is not None:
                self.again = EvidenceState.new(len(self.bets), exact=exact)
                self.again.restore(state["again"])
            else:
                self.watch_again(exact=exact)  # 0.1.0 had no second rise: blocks may be inside already
        self.members = self.target.members(log_m[None])[0]


@attrs.frozen(eq=False)
class _Course:
    """The evidence of one alarm after each of some updates: of its members, [update, member], and its own, [update].

    The same of a second rise, minus infinity where none is watched for.
    """

    decision: AlarmDecision
    members: Array
    evidence: Array
    again: EvidenceUpdates | None
    evidence_again: Array

    @classmethod
    def of(cls, decision: AlarmDecision, evidence: EvidenceUpdates, log_e: Array, times: UpdateTimes) -> _Course:
        target = decision.target
        members = target.members(evidence.log_m)
        total = target.evidence(members)
        if decision.again is None:
            return cls(decision, members, total, None, np.full(len(total), -np.inf))
        again = decision.again.after(log_e[:, decision.bets], times.log_minutes, times.begun)
        return cls(decision, members, total, again, target.evidence(decision.members_again(again.log_m)))

    def look(self, update: int, times: UpdateTimes, evidence: EvidenceUpdates, excess: Excess) -> _Change:
        """Take in one update, of whose change this is; ``excess()`` is that of this update."""
        decision, alarm = self.decision, self.decision.alarm
        self._show(update)
        time, record = float(times.time[update]), int(times.position[update])
        if not alarm.active:
            if alarm.evidence >= alarm.threshold:
                decision.fire(time, record, evidence.log_m[update], evidence.since(update))
            return ""
        if self.evidence_again[update] >= alarm.threshold:
            return "rises"
        if decision.recovers(time, record, *excess()):
            return "opens"
        return "watches" if decision.watch_again(exact=evidence.before.exact) else ""

    def _show(self, update: int) -> None:
        """Give the alarm its evidence after an update."""
        self.decision.members, self.decision.alarm.evidence = self.members[update], float(self.evidence[update])

    def quiet(self, some: slice, times: UpdateTimes, excess: Excess) -> int:
        """How many of ``some`` updates change nothing, see :meth:`AlarmDecision.quiet`."""
        return self.decision.quiet(self.members[some], self.evidence[some], self.evidence_again[some], times, excess)

    def take(self, last: int) -> None:
        """Go on from the state after the update ``last``."""
        self._show(last)
        if self.again is not None and self.decision.again is not None:
            self.decision.again.take(self.again, last)


class DecisionLoop:
    """Takes all alarms on the same bets through updates.

    Where a latch opens, the evidence behind it begins anew, of other alarms too where they share its bets: what comes behind is
    weighed again. Where a closed one is told a second rise, the evidence of that takes the place of the first one's.
    ``forget(target)`` is called wherever that happens, after recovery or by a person: what bets remember of the
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
            decision.alarm.held = decision.usual

    def _restart(self, decision: AlarmDecision) -> None:
        self._state.restart(np.unique(decision.target.places))
        self._forget(decision.target)
        decision.restart()
        decision.alarm.evidence = 0.0

    def restart_members(self, decision: AlarmDecision, members: slice) -> None:
        """Set the evidence of some members of an open latch back to 1. No bet of theirs may be one of another member."""
        target = decision.target
        self._state.restart(np.unique(target.places[members]))
        decision.members[members] = 0.0
        decision.alarm.evidence = float(target.evidence(decision.members[None])[0])

    def advance(self, log_e: Array, times: UpdateTimes, excess: Excess, bet_again: BetAgain = _nothing) -> None:
        """Take in updates with the ``log_e`` of all bets, [update, bet]. Alarms fire and recover at their exact update.

        ``excess()`` gives what recovery looks at: numbers of records and sums of their scores, both [update, direction]. It is
        asked for only while a latch is closed. ``bet_again(first, targets)`` is called where the evidence of ``targets`` has
        begun anew: bets with a memory are then made anew in ``log_e`` from the update ``first`` on.
        """
        first = 0
        while first < len(times):
            first, opened = self._to_change(log_e, times, first, cache(excess))
            if opened and first < len(times):
                bet_again(first, opened)

    def _to_change(self, log_e: Array, times: UpdateTimes, first: int, excess: Excess) -> tuple[int, list[Target]]:
        """Go on from the update ``first`` to where evidence begins anew, or to the end.

        Returns the update behind, and the targets of the latches that opened with it.
        """
        ahead, log_e = times.part(slice(first, None)), log_e[first:]
        evidence = self._state.after(log_e, ahead.log_minutes, ahead.begun)
        courses = [_Course.of(decision, evidence, log_e, ahead) for decision in self._decisions]
        update, last = -1, len(ahead) - 1
        changes: list[tuple[_Change, _Course]] = []
        while not changes and (update := self._pass_over(courses, times, (first, update + 1), excess)) <= last:
            looks = [
                (each.look(update, ahead, evidence, partial(_row_of, excess, first + update)), each) for each in courses
            ]
            changes = [(change, course) for change, course in looks if change]
        if changes:
            last = update
        for course in courses:
            course.take(last)
        self._state.take(evidence, last)
        time, record = float(ahead.time[last]), int(ahead.position[last])
        for change, course in changes:
            if change == "rises":
                course.decision.rise(time, record, self._state)
        opened = [course.decision for change, course in changes if change == "opens"]
        for decision in opened:
            self._recovered(decision)
            decision.alarm.resolve(time, record)
        return first + last + 1, [decision.target for decision in opened]

    @staticmethod
    def _pass_over(courses: Sequence[_Course], times: UpdateTimes, begin: tuple[int, int], excess: Excess) -> int:
        """Take in updates at which no alarm changes, several at once. Returns the next one to look at, or their number.

        ``begin`` is the place of the first update of ``courses`` among all ``times``, and the update among them to begin with.
        """
        first, update = begin
        number = len(times) - first
        while update < number:
            end = min(update + _AHEAD, number)
            part = slice(first + update, first + end)
            ahead = partial(_part_of, excess, part)
            some = times.part(part)
            count = min(each.quiet(slice(update, end), some, ahead) for each in courses)
            for each in courses:
                each.decision.pass_over(some.time[:count], ahead)
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
            own = state["alarms"].get(decision.target.alert)
            decision.restore(own, self._state.log_m, exact=self._state.exact)
