"""Which predictions have their label when they should: whether outcomes that count are a fair sample of the model's work."""

from __future__ import annotations

from typing import Any

import attrs
import numpy as np
from numpy.typing import NDArray

from ..reference.outcome_batch import OutcomeLayout
from .join import Joins
from .label_store import LABEL, PREDICTION, UNINDEXED, LabelStore
from .selectivity import LabelShares

__all__ = ["Ripened", "Ripening"]

Array = NDArray[np.float64]
Mask = NDArray[np.bool_]
Places = NDArray[np.int64]
_COHORT = 100
_LEAST_SHARE = 0.5
_CHUNK = 4_096


@attrs.frozen(eq=False)
class Ripened:
    """Predictions that ripened during some events, in the order in which they came: ``labelled`` says which had their label.

    ``event`` is the position of the event at which each did, never falling. ``before`` are those of the newest before these
    events.
    """

    event: Places
    labelled: Mask
    before: Mask

    def unfair(self, event: Places) -> Mask:
        """Which outcomes, by the event at which they count, count while most of the newest 100 have no label."""
        labelled = np.cumsum(np.concatenate([[0], self.before, self.labelled]))
        end = len(self.before) + np.searchsorted(self.event, event, side="right")
        begin = np.maximum(end - _COHORT, 0)
        found: Mask = labelled[end] - labelled[begin] < _LEAST_SHARE * (end - begin)
        return found


class Ripening:
    """Follows predictions, in the order in which they came, as they pass the age at which their label should be there.

    A label may come at that very age, with an event after the one that moves the clock there: so the clock must be past it.

    Of the newest 100 of them, half must have it: while fewer do, outcomes are those of the few that somebody looked at, such as
    complaints. ``shares`` are those of the newest thousands by class and score.
    """

    def __init__(self, layout: OutcomeLayout) -> None:
        self._next = 0
        self._cohort = np.empty(0, dtype=np.bool_)
        self.shares = LabelShares(layout)

    @property
    def few_labelled(self) -> bool:
        """Whether most of the newest 100 have no label."""
        return bool(len(self._cohort) and self._cohort.mean() < _LEAST_SHARE)

    def follow(self, store: LabelStore, now: Array, joins: Joins, opened: Places, age: float) -> Ripened:
        """Take in events. ``now`` is the clock after each, ``joins`` are those at these events, which are in the store.

        ``opened`` are the events with which the newest rows of the store began, in their order. ``age`` is in seconds.
        """
        first = self._next
        rows = self._take(store, float(now[-1]), age)
        event = np.searchsorted(now, store.columns["time"][rows] + age, side="right")
        new = rows >= store.size - len(opened)
        event[new] = np.maximum(event[new], opened[rows[new] - store.size])
        event = np.maximum.accumulate(event)
        labelled = store.columns["flags"][rows] & LABEL != 0
        last = event - 1  # the event that moves the clock past the age may be a label that came too late
        last[new] = np.maximum(last[new], opened[rows[new] - store.size])
        labelled &= self._joined_at(joins, first)[rows - first] <= last
        self.shares.add(store, rows, labelled)
        found = Ripened(event, labelled, self._cohort)
        self._cohort = np.concatenate([self._cohort, labelled])[-_COHORT:]
        return found

    def _take(self, store: LabelStore, now: float, age: float) -> Places:
        """The rows of the predictions that ripen."""
        flags, time = store.columns["flags"], store.columns["time"]
        found = []
        while self._next < store.size:
            part = slice(self._next, min(self._next + _CHUNK, store.size))
            kept = flags[part] & (PREDICTION | UNINDEXED) == PREDICTION
            waiting = np.flatnonzero(kept & (time[part] + age >= now))
            end = int(waiting[0]) if len(waiting) else len(kept)
            found.append(self._next + np.flatnonzero(kept[:end]))
            self._next += end
            if len(waiting):
                break
        return np.concatenate(found) if found else np.empty(0, dtype=np.int64)

    def _joined_at(self, joins: Joins, first: int) -> Places:
        """The event at which each row from ``first`` on met its label, -1 if that was earlier or never."""
        joined = np.full(self._next - first, -1)
        inside = (joins.row >= first) & (joins.row < self._next)
        joined[joins.row[inside] - first] = joins.event[inside]
        return joined

    def move(self, rows: Places) -> None:
        """The store has moved its rows: the new one of each, -1 for a removed one."""
        self._next = int(np.count_nonzero(rows[: self._next] >= 0))

    def snapshot(self) -> dict[str, Any]:
        """State for a snapshot."""
        return {"next": self._next, "cohort": self._cohort.copy(), "shares": self.shares.snapshot()}

    def restore(self, state: Any, rows: int) -> None:
        """Go on from :meth:`snapshot`; raises ``KeyError``, ``TypeError`` or ``ValueError`` if it does not fit."""
        following, cohort = int(state["next"]), np.array(state["cohort"], dtype=np.bool_)
        if not 0 <= following <= rows or len(cohort) > _COHORT:
            raise ValueError("predictions ripen that are not there")
        self.shares.restore(state["shares"])
        self._next, self._cohort = following, cohort
