"""Joined outcomes to batches of mature ones, in the order in which they count; what is known waits until it is mature."""

from __future__ import annotations

import math
from typing import Any

import attrs
import numpy as np
from numpy.typing import NDArray

from ..reference.outcome_batch import OutcomeBatch
from .join import Joins, Revisions
from .label_store import COUNTED, SURPLUS, UNINDEXED, LabelStore
from .live_versions import LiveVersions, Versions
from .ripening import Ripened

__all__ = ["Cohorts", "Due", "Pending", "Releaser"]

Array = NDArray[np.float64]
Positions = NDArray[np.int64]
_STEPS = 50
Rows = NDArray[np.int64]
_FEW = 4_096


@attrs.frozen(eq=False)
class _Chosen:
    """Outcomes to emit: the event at which each does, its entry, the time from which it counts, its label, is it late.

    Of a revision (``corrects``) there are two, one with ``sign`` -1, which takes the outcome back.
    """

    event: Positions
    row: Positions
    counts: Array
    label: Array
    late: NDArray[np.bool_]
    sign: NDArray[np.int8]
    corrects: NDArray[np.bool_]

    @classmethod
    def new(cls, event: Positions, row: Positions, counts: Array, label: Array, late: NDArray[np.bool_]) -> _Chosen:
        """Outcomes that count for the first time."""
        return cls(
            event, row, counts, label, late, np.ones(len(row), dtype=np.int8), np.zeros(len(row), dtype=np.bool_)
        )

    def after(self, corrections: _Chosen) -> _Chosen:
        """These and corrections, by event. A correction comes with its own event, before what matures just after it."""
        both = [np.concatenate([getattr(each, name) for each in (corrections, self)]) for name in _CHOSEN]
        order = np.argsort(both[0], kind="stable")
        return _Chosen(*(column[order] for column in both))


_CHOSEN = tuple(field.name for field in attrs.fields(_Chosen))


class Releaser:
    """Holds back outcomes until they are mature, and takes back those whose label is revised afterwards."""

    def __init__(self) -> None:
        self.pending = Pending()
        self.cohorts = Cohorts()
        self.latest = -math.inf
        """Event time at which the last outcome counted."""
        self.began = -math.inf
        """Event time at which the model's version began; predictions before it that name no version are of another one."""
        self.live = LiveVersions()

    def set_back(self, now: float) -> None:
        """The clock fell to ``now``."""
        self.latest, self.began = min(self.latest, now), min(self.began, now)
        self.cohorts.set_back(now)
        self.live.set_back(now)

    def release(
        self,
        store: LabelStore,
        now: Array,
        position: Positions,
        joins: Joins,
        revisions: Revisions | None,
        *,
        maturity: float | None,
        version: Versions | None = None,
        is_label: NDArray[np.bool_] | None = None,
        ripened: Ripened | None = None,
    ) -> OutcomeBatch | None:
        """The outcomes that become mature during some events, ``None`` if there are none.

        ``now`` is the clock after each of them (never falling), ``position`` the last prediction's. An outcome counts at
        the first event at or after its join at which the prediction is ``maturity`` seconds old; none does without a maturity.
        ``version`` is the code of that of each event, which is a prediction unless ``is_label``. By default no event is one.
        Outcomes are unfair while most of the predictions that have ``ripened`` have no label.
        """
        version = np.zeros(len(now), dtype=np.uint8) if version is None else version
        is_label = np.ones(len(now), dtype=np.bool_) if is_label is None else is_label
        self.cohorts.follow(maturity)
        mature = self._mature(now, joins, maturity)
        self.cohorts.reached(float(now[-1]))
        chosen = attrs.evolve(mature, label=store.get("label", mature.row))
        corrections = self._corrections(store, chosen, revisions) if revisions is not None else None
        flags = store.columns["flags"]
        flags[chosen.row] |= COUNTED
        store.dead += int(np.count_nonzero(flags[chosen.row] & UNINDEXED))
        if corrections is not None:
            chosen = chosen.after(corrections)
        own = store.columns["version"][chosen.row]
        superseded = self.live.superseded(now, version, is_label, own, chosen.event)
        if not len(chosen.row):
            return None
        superseded |= (own == 0) & (store.columns["time"][chosen.row] < self.began)
        unfair = None if ripened is None else ripened.unfair(chosen.event)
        return attrs.evolve(self._batch(store, chosen, superseded, position), unfair=unfair)

    def _mature(self, now: Array, joins: Joins, maturity: float | None) -> _Chosen:
        if maturity is None:
            self.pending.add(joins.row, joins.time, joins.label_time)
            nothing = np.empty(0, dtype=np.int64)
            return _Chosen.new(nothing, nothing, np.empty(0), np.empty(0), np.empty(0, dtype=np.bool_))
        end = float(now[-1])
        due = self.pending.take(maturity, end)
        ripe = joins.time + maturity
        ready = ripe <= end
        row, time, label_time, event = joins.row, joins.time, joins.label_time, joins.event
        if not ready.all():
            self.pending.add(row[~ready], joins.time[~ready], label_time[~ready])
            row, time, label_time = row[ready], time[ready], label_time[ready]
            event, ripe = event[ready], ripe[ready]
        label_time = np.concatenate([due.label_time, label_time])
        late = self.cohorts.late(np.concatenate([due.time, time]), label_time, maturity)
        ripe = np.concatenate([due.ripe, ripe])
        counts = np.maximum(ripe, label_time)
        joined = np.concatenate([np.zeros(len(due.row), dtype=np.int64), event])
        event = np.maximum(joined, np.searchsorted(now, ripe))
        counts = np.minimum(counts, now[event])  # a label that leads the clock counts with it
        row = np.concatenate([due.row, row])
        order = np.lexsort((counts, event))
        return _Chosen.new(event[order], row[order], counts[order], np.empty(0), late[order])

    def snapshot(self) -> dict[str, Any]:
        """State for a snapshot."""
        return {
            "pending": self.pending.snapshot(),
            "cohorts": self.cohorts.snapshot(),
            "latest": self.latest,
            "began": self.began,
            "live": self.live.snapshot(),
        }

    def restore(self, state: Any, rows: int) -> None:
        """Go on from :meth:`snapshot`; raises ``KeyError``, ``TypeError`` or ``ValueError`` if it does not fit."""
        self.pending.restore(state["pending"], rows)
        self.cohorts.restore(state["cohorts"])
        self.latest, self.began = float(state["latest"]), float(state["began"])
        if "live" in state:
            self.live.restore(state["live"])

    @staticmethod
    def _corrections(store: LabelStore, chosen: _Chosen, revisions: Revisions) -> _Chosen | None:
        """What takes back outcomes that had counted, in pairs of old and new; corrects the labels of those chosen."""
        flags = store.columns["flags"]
        places = {row: place for place, row in enumerate(chosen.row.tolist())}
        events = chosen.event.tolist()
        corrected: set[int] = set()
        kept = []
        columns = zip(revisions.event.tolist(), revisions.row.tolist(), revisions.old.tolist(), strict=True)
        for index, (event, row, old) in enumerate(columns):
            place = places.get(row)
            if place is None:
                if flags[row] & COUNTED:
                    kept.append(index)
            elif events[place] < event:
                kept.append(index)
                if row not in corrected:
                    corrected.add(row)
                    chosen.label[place] = old
        if not kept:
            return None
        label = np.column_stack([revisions.old[kept], revisions.new[kept]]).ravel()
        pairs = np.repeat(kept, 2)
        late = np.zeros(len(pairs), dtype=np.bool_)
        sign = np.tile(np.array([-1, 1], dtype=np.int8), len(kept))
        return _Chosen(revisions.event[pairs], revisions.row[pairs], revisions.time[pairs], label, late, sign, ~late)

    def _batch(
        self, store: LabelStore, chosen: _Chosen, superseded: NDArray[np.bool_], position: Positions
    ) -> OutcomeBatch:
        matured = np.maximum.accumulate(np.maximum(chosen.counts, self.latest))
        self.latest = float(matured[-1])
        rows, columns = chosen.row, store.columns
        scored = "score" in columns
        return OutcomeBatch(
            size=len(rows),
            time=columns["time"][rows],
            matured=matured,
            position=position[chosen.event],
            predicted=store.get("predicted", rows),
            label=chosen.label,
            score=columns["score"][rows].astype(np.float64) if scored else np.full(len(rows), np.nan),
            score_cell=columns["score_cell"][rows].astype(np.int16)
            if scored
            else np.full(len(rows), -1, dtype=np.int16),
            sign=chosen.sign,
            revision=chosen.sign * chosen.corrects > 0,
            superseded=superseded,
            late=chosen.late,
            surplus=columns["flags"][rows] & SURPLUS != 0,
            probabilities=columns["probabilities"][rows] if "probabilities" in columns else None,
        )


class Cohorts:
    """A cohort counts once: when its predictions reach the maturity in force then.

    Labels that come later are no fair sample of it. While quick labels were all that had come, cohorts counted with these;
    when the maturity grows to that of the slow ones, only the slow ones of such cohorts would be left to count.
    """

    def __init__(self) -> None:
        self._maturity: float | None = None
        self._now = -math.inf
        self._steps: list[tuple[float, float]] = []

    def follow(self, maturity: float | None) -> None:
        """Note the maturity in force from here on; ``None`` while nothing counts."""
        before = self._maturity
        if before is not None and (maturity is None or maturity > before):
            # Predictions up to here have counted at the age before.
            self._steps = [*self._steps[1 - _STEPS :], (self._now - before, before)]
        self._maturity = maturity

    def reached(self, now: float) -> None:
        """Note the event time that has been reached."""
        self._now = max(self._now, now)

    def set_back(self, now: float) -> None:
        """The clock fell to ``now``."""
        self._now = min(self._now, now)
        self._steps = [(min(limit, now - age), age) for limit, age in self._steps]

    def late(self, time: Array, label_time: Array, maturity: float) -> NDArray[np.bool_]:
        """Which labels came after the cohort of their prediction had counted; all in seconds of event time."""
        age = np.full(len(time), maturity)
        for limit, shorter in reversed(self._steps):
            age[time <= limit] = shorter
        late: NDArray[np.bool_] = label_time > time + age
        return late

    def snapshot(self) -> dict[str, Any]:
        """State for a snapshot."""
        return {"maturity": self._maturity, "now": self._now, "steps": [[*step] for step in self._steps]}

    def restore(self, state: Any) -> None:
        """Go on from :meth:`snapshot`; raises ``KeyError``, ``TypeError`` or ``ValueError`` if it does not fit."""
        steps = [(float(limit), float(age)) for limit, age in state["steps"]]
        maturity, now = state["maturity"], float(state["now"])
        self._maturity = None if maturity is None else float(maturity)
        self._now, self._steps = now, steps


@attrs.frozen(eq=False)
class Due:
    """Outcomes that have become mature: their rows, the times of prediction and label, and when they became it."""

    row: Rows
    time: Array
    label_time: Array
    ripe: Array


@attrs.define(eq=False)
class _Waiting:
    row: NDArray[np.int32]
    time: Array
    label_time: Array

    @classmethod
    def none(cls) -> _Waiting:
        return cls(np.empty(0, dtype=np.int32), np.empty(0), np.empty(0))

    def pick(self, chosen: Any) -> _Waiting:
        return _Waiting(self.row[chosen], self.time[chosen], self.label_time[chosen])

    def then(self, other: _Waiting) -> _Waiting:
        return _Waiting(
            np.concatenate([self.row, other.row]),
            np.concatenate([self.time, other.time]),
            np.concatenate([self.label_time, other.label_time]),
        )

    def due(self, maturity: float) -> Due:
        return Due(self.row.astype(np.int64), self.time, self.label_time, self.time + maturity)


class Pending:
    """Joined outcomes by the time of their prediction; the newest ones in the order of their join."""

    def __init__(self) -> None:
        self._sorted = _Waiting.none()
        self._recent = _Waiting.none()

    def __len__(self) -> int:
        return len(self._sorted.row) + len(self._recent.row)

    def add(self, row: Rows, time: Array, label_time: Array) -> None:
        """Let outcomes wait."""
        self._recent = self._recent.then(_Waiting(row.astype(np.int32), time, label_time))

    def settle(self) -> None:
        """Sort in the newest ones if they are many; to be called at points that do not depend on batches."""
        if len(self._recent.row) > max(_FEW, len(self._sorted.row) // 8):
            together = self._sorted.then(self._recent)
            self._sorted = together.pick(np.argsort(together.time, kind="stable"))
            self._recent = _Waiting.none()

    def take(self, maturity: float, now: float) -> Due:
        """Remove and return those whose prediction is at least ``maturity`` seconds old."""
        time = self._sorted.time
        cut = int(np.searchsorted(time, now - maturity, side="right"))
        # Rounding must not decide: an outcome is mature where time + maturity says so.
        while cut < len(time) and time[cut] + maturity <= now:
            cut += 1
        while cut and time[cut - 1] + maturity > now:
            cut -= 1
        found = self._sorted.pick(slice(cut))
        if cut:
            self._sorted = self._sorted.pick(slice(cut, None))
        ripe = self._recent.time + maturity <= now
        if ripe.any():
            found = found.then(self._recent.pick(ripe))
            self._recent = self._recent.pick(~ripe)
        return found.due(maturity)

    def move(self, rows: Rows) -> None:
        """The store has moved its rows; those gone to -1 are dropped."""
        for waiting in (self._sorted, self._recent):
            waiting.row = rows[waiting.row].astype(np.int32)
        self._sorted = self._sorted.pick(self._sorted.row >= 0)
        self._recent = self._recent.pick(self._recent.row >= 0)

    def snapshot(self) -> dict[str, Any]:
        """State for a snapshot."""
        return {
            name: [waiting.row, waiting.time, waiting.label_time]
            for name, waiting in (("sorted", self._sorted), ("recent", self._recent))
        }

    def restore(self, state: Any, rows: int) -> None:
        """Go on from :meth:`snapshot`; raises ``KeyError``, ``TypeError`` or ``ValueError`` if it does not fit."""
        loaded = []
        for name in ("sorted", "recent"):
            row, time, label_time = state[name]
            waiting = _Waiting(np.array(row, np.int32), np.array(time, np.float64), np.array(label_time, np.float64))
            if not len(waiting.row) == len(waiting.time) == len(waiting.label_time):
                raise ValueError("pending outcomes have columns of several lengths")
            if len(waiting.row) and not 0 <= int(waiting.row.min()) <= int(waiting.row.max()) < rows:
                raise ValueError("pending outcomes name entries that do not exist")
            loaded.append(waiting)
        self._sorted, self._recent = loaded
