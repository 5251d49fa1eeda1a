"""Event time of a model and of its labels together."""

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
_SUPPORTING = 8  # labels before one that is believed although it lies ahead of everything else
_NEVER = -math.inf
_REACH = 1.5
_PATIENCE = 10


@attrs.frozen(eq=False)
class FlowTimes:
    """For each event its own time, and just after it the clock and the ``model``'s (-inf before the first prediction).

    ``future``: where a label's time is not believed. At the predictions of ``turns`` labels that led by more than a day are
    judged: true where the clock falls, since they were wrong or the model's own clock was, false where they were right.
    """

    time: Array
    now: Array
    model: Array
    future: Mask
    turns: dict[int, bool]

    @property
    def leading(self) -> Mask:
        """Which times lie more than a day ahead of the model's clock."""
        return self.time > self.model + _DAY

    def part(self, start: int, end: int) -> FlowTimes:
        """The events from ``start`` to before ``end``; a turn within is kept at the first of them only."""
        turns = {0: self.turns[start]} if start in self.turns else {}
        return FlowTimes(
            self.time[start:end], self.now[start:end], self.model[start:end], self.future[start:end], turns
        )


class FlowClock:
    """The larger of the model's clock and the label times that are believed.

    A label up to a day ahead of the model's clock is believed. Labels go on for months where predictions end, so one that is
    further ahead is believed, too, for the time being: up to a day ahead of the label before it, or if the labels before it,
    at least eight, support it as :class:`EventClock` asks. The next prediction judges that lead: if the model's clock is still
    more than a day behind, as with labels that are dated when they fall due, it is taken back. From then on ten times as many
    labels must come in a row without a prediction before one is believed again. If it was right, labels may lead as far, and
    half as far again, at once. A label that is not believed happens now.
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
        """``time``: of each event, NaN where a label has none. ``model``: the model's clock after each prediction."""
        dated = is_label & ~np.isnan(time)
        supported = np.zeros(len(time), dtype=np.bool_)
        if dated.any():
            before = self._seen + np.arange(int(dated.sum()))
            supported[dated] = self._labels.advance(time[dated])[1] & (before >= _SUPPORTING)
            self._seen += len(before)
        found = self._together(time, model, is_label, dated)
        return self._one_by_one(time, model, is_label, supported, arrival) if found is None else found

    def _together(self, time: Array, model: Array, is_label: Mask, dated: Mask) -> FlowTimes | None:
        """All at once, where nothing leads by more than a day and the model's clock does not fall; else ``None``."""
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
        """Follow the model's clock; whether that makes this one fall, ``None`` where there is nothing to judge."""
        leading, run = self._ahead > self._model + _DAY, self._run
        back = model < self._model
        before, self._model, self._run = self._model, model, 0
        if back:
            # The model took back a false lead; labels that followed it are not believed any more.
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
            return True  # nothing says otherwise; but the clock does not begin with it
        if time > self._model + _DAY:
            near = time <= max(self.now + _DAY, self._model + self._reach)
            if self._run <= self._patience or not (near or support):
                return False
        self._ahead = max(self._ahead, time)
        return True

    def snapshot(self) -> dict[str, Any]:
        """State for a snapshot."""
        numbers = {"model": self._model, "ahead": self._ahead, "reach": self._reach}
        counts = {"seen": self._seen, "run": self._run, "patience": self._patience}
        return {"labels": self._labels.snapshot(), **numbers, **counts}

    def restore(self, state: Any) -> None:
        """Go on from :meth:`snapshot`; raises ``KeyError``, ``TypeError``, ``ValueError`` or :class:`StateError`."""
        self._labels.restore(state["labels"])
        self._model, self._ahead, self._reach = (float(state[name]) for name in ("model", "ahead", "reach"))
        self._seen, self._run, self._patience = (int(state[name]) for name in ("seen", "run", "patience"))
