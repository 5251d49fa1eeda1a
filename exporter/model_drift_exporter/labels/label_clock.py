"""The event clock of a model, moved by its predictions and by its labels."""

from __future__ import annotations

import math
from typing import Any

import attrs
import numpy as np
from numpy.typing import NDArray

from ..records.clock import EventClock

__all__ = ["FlowClock", "FlowTimes"]

Array = NDArray[np.float64]
Mask = NDArray[np.bool_]

_DAY = 86_400.0
_SUPPORTING = 8  # labels that must have come before one is believed that is far ahead
_NEVER = -math.inf
_REACH = 1.5
_PATIENCE = 10


@attrs.frozen(eq=False)
class FlowTimes:
    """For each event its ``time``, and just after it the clock ``now`` and the ``model``'s clock, all [event].

    The model's clock is -inf before the first prediction. ``future`` marks label times that are not believed. ``turns`` maps
    the position of a prediction that judges labels, because these led by more than a day, to the result. It is true where the
    clock goes back, since the labels or the model's own clock were wrong. It is false where the labels were right.
    """

    time: Array
    now: Array
    model: Array
    future: Mask
    turns: dict[int, bool]

    @property
    def leading(self) -> Mask:
        """Which times are more than a day ahead of the model's clock."""
        return self.time > self.model + _DAY

    def part(self, start: int, end: int) -> FlowTimes:
        """The events from ``start`` to before ``end``. Of ``turns`` only one at ``start`` is kept."""
        turns = {0: self.turns[start]} if start in self.turns else {}
        return FlowTimes(
            self.time[start:end], self.now[start:end], self.model[start:end], self.future[start:end], turns
        )


class FlowClock:
    """The larger of the model's clock and the latest label time that is believed.

    A label up to a day ahead of the model's clock is believed. A label further ahead is believed for the time being, because
    labels may go on for months after predictions end. It must be at most a day ahead of this clock, or be supported by at
    least eight earlier labels in the way of :class:`EventClock`.

    The next prediction judges that lead. The lead was wrong if the model's clock is still more than a day behind, for example
    because labels carry the date on which they fall due. Then the clock goes back, and ten times as many labels must come in a
    row without a prediction before one is believed again. If the lead was right, later labels may lead 1.5 times as far at
    once. A label that is not believed gets the present as its time.
    """

    def __init__(self) -> None:
        self._model = _NEVER
        self._labels = EventClock()
        self._seen = 0
        self._ahead = _NEVER
        self._reach = _DAY
        self._run = self._patience = 0

    @property
    def now(self) -> float:
        """The clock, -inf before the first prediction."""
        return max(self._model, self._ahead)

    def follow(self, time: Array, model: Array, *, is_label: Mask, arrival: float) -> FlowTimes:
        """Move the clock by some events. ``time`` is that of each event, NaN for a label without one.

        ``model`` is the model's clock after each prediction. Before the first prediction, a label without a time gets
        ``arrival`` (wall clock, in seconds since the epoch).
        """
        dated = is_label & ~np.isnan(time)
        supported = np.zeros(len(time), dtype=np.bool_)
        if dated.any():
            before = self._seen + np.arange(int(dated.sum()))
            supported[dated] = self._labels.advance(time[dated])[1] & (before >= _SUPPORTING)
            self._seen += len(before)
        found = self._together(time, model, is_label, dated)
        return self._one_by_one(time, model, is_label, supported, arrival) if found is None else found

    def _together(self, time: Array, model: Array, is_label: Mask, dated: Mask) -> FlowTimes | None:
        """All events at once, or ``None`` if a label leads by more than a day or the model's clock goes back."""
        predictions = np.flatnonzero(~is_label)
        clock = np.maximum.accumulate(np.where(is_label, _NEVER, model))
        np.maximum(clock, self._model, out=clock)
        if (
            self._ahead > self._model + _DAY
            or clock[0] == _NEVER
            or (model[predictions] < clock[predictions]).any()
            or (time[dated] > clock[dated] + _DAY).any()
        ):
            return None
        now = np.maximum.accumulate(np.where(dated, time, _NEVER))
        np.maximum(now, self._ahead, out=now)
        self._ahead = float(now[-1])
        np.maximum(now, clock, out=now)
        taken = np.where(is_label & ~dated, now, np.where(is_label, time, np.minimum(time, now)))
        self._model = float(clock[-1])
        self._run = len(time) - 1 - int(predictions[-1]) if len(predictions) else self._run + len(time)
        return FlowTimes(taken, now, clock, np.zeros(len(time), dtype=np.bool_), {})

    def _one_by_one(self, time: Array, model: Array, is_label: Mask, supported: Mask, arrival: float) -> FlowTimes:
        taken, now, clock = time.copy(), np.empty(len(time)), np.empty(len(time))
        future = np.zeros(len(time), dtype=np.bool_)
        turns: dict[int, bool] = {}
        columns = zip(time.tolist(), model.tolist(), is_label.tolist(), supported.tolist(), strict=True)
        for index, (own, reached, labels, support) in enumerate(columns):
            if not labels:
                fallen = self._predict(reached)
                if fallen is not None:
                    turns[index] = fallen
                taken[index] = min(own, self.now)
            elif math.isnan(own):
                self._run += 1
                taken[index] = self.now if self._model > _NEVER else arrival
            elif not self._believe(own, support=support):
                future[index], taken[index] = True, self.now
            now[index], clock[index] = self.now, self._model
        return FlowTimes(taken, now, clock, future, turns)

    def _predict(self, model: float) -> bool | None:
        """Follow the model's clock. Returns whether this clock goes back, ``None`` if there was no lead to judge."""
        leading, run = self._ahead > self._model + _DAY, self._run
        back = model < self._model
        before, self._model, self._run = self._model, model, 0
        if back:
            # The model's clock took back a wrong time. Labels that followed it are not believed any more.
            self._ahead = _NEVER
            return True
        if not leading:
            return None
        if self._ahead > model + _DAY:
            self._ahead, self._reach = _NEVER, _DAY
            self._patience = max(self._patience, _PATIENCE * run)
            return True
        self._reach = max(self._reach, _REACH * (self._ahead - before))
        self._patience = 0
        return False

    def _believe(self, time: float, *, support: bool) -> bool:
        self._run += 1
        if self._model == _NEVER:
            return True  # there is no clock to compare with; but a label does not start the clock
        if time > self._model + _DAY:
            near = time <= max(self.now + _DAY, self._model + self._reach)
            if self._run <= self._patience or not (near or support):
                return False
        self._ahead = max(self._ahead, time)
        return True

    def snapshot(self) -> dict[str, Any]:
        numbers = {"model": self._model, "ahead": self._ahead, "reach": self._reach}
        counts = {"seen": self._seen, "run": self._run, "patience": self._patience}
        return {"labels": self._labels.snapshot(), **numbers, **counts}

    def restore(self, state: Any) -> None:
        """Go on from :meth:`snapshot`; raises ``KeyError``, ``TypeError``, ``ValueError`` or :class:`StateError`."""
        self._labels.restore(state["labels"])
        self._model, self._ahead, self._reach = (float(state[name]) for name in ("model", "ahead", "reach"))
        self._seen, self._run, self._patience = (int(state[name]) for name in ("seen", "run", "patience"))
