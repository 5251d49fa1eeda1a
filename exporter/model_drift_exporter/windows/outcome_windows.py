"""Rolling windows of matured outcomes, over prediction time (in panes) or over the last outcomes.

A revised label takes its earlier outcome back.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

from ..errors import StateError
from ..records.clock import PANES
from ..reference.outcome_batch import OutcomeBatch
from ..settings.values import Window
from ..statistics.layout import FloatArray
from ..statistics.tally import Contributions, IntegerArray, Tally, TallyShape

__all__ = ["LastOutcomes", "OutcomeWindow", "OutcomesInTime", "WindowSet"]

_NEVER = -(2**53)
LEAD = 86_400.0
"""Seconds. A prediction is at most this far ahead of the time at which its outcome counts, unless the clock was set back."""


class OutcomeWindow(Protocol):
    """Sums over the outcomes of one window."""

    @property
    def name(self) -> str: ...

    def observe(
        self, time: FloatArray, sign: NDArray[np.int8], revision: NDArray[np.bool_], rows: Contributions
    ) -> None:
        """Add outcomes (``sign`` 1), or take them back (``sign`` -1). All arguments have one row per outcome.

        ``time`` is the event time of the prediction, in seconds since the epoch. ``revision`` marks an outcome that
        corrects the one just taken back.
        """
        ...

    def set_back(self, now: float) -> None:
        """Drop the panes after ``now`` (seconds) if the newest is more than a day later: the clock was then set back."""
        ...

    def total(self) -> tuple[IntegerArray, FloatArray]:
        """Counts [count] and sums [level, number]. Their meaning is that of the :class:`Contributions` added."""
        ...

    def snapshot(self) -> dict[str, Any]: ...

    def restore(self, state: Mapping[str, Any]) -> None: ...


class OutcomesInTime:
    """Outcomes of the last ``seconds`` of prediction time, in 60 panes, up to the newest prediction with an outcome."""

    def __init__(self, name: str, seconds: float, shape: TallyShape) -> None:
        self.name = name
        self._width = seconds / PANES
        self._tally = Tally.empty(shape, PANES)
        self._panes = np.full(PANES, _NEVER, dtype=np.int64)
        self._newest = _NEVER

    def observe(
        self, time: FloatArray, sign: NDArray[np.int8], revision: NDArray[np.bool_], rows: Contributions
    ) -> None:
        del revision  # a correction belongs to the pane of its prediction, as any other outcome does
        if not len(time):
            return
        panes = np.floor(time / self._width).astype(np.int64)
        # The order matters: an outcome is too old only if a newer pane came before it.
        newest = np.maximum(np.maximum.accumulate(panes), self._newest)
        kept = panes > newest - PANES
        self._newest = int(newest[-1])
        kept &= panes > self._newest - PANES  # drop outcomes that this batch itself pushed out
        if not kept.all():
            panes, sign, rows = panes[kept], sign[kept], rows.take(kept)
        for pane in np.unique(panes[np.diff(panes, prepend=_NEVER) != 0]).tolist():
            if self._panes[pane % PANES] != pane:
                self._panes[pane % PANES] = pane
                self._tally.clear(pane % PANES)
        self._tally.add(rows, sign, panes % PANES)

    def set_back(self, now: float) -> None:
        if self._newest * self._width > now + LEAD:
            self._panes[self._panes > np.floor(now / self._width)] = _NEVER
            self._newest = int(self._panes.max())

    def total(self) -> tuple[IntegerArray, FloatArray]:
        return self._tally.total(self._panes > self._newest - PANES)

    def snapshot(self) -> dict[str, Any]:
        """State for a snapshot: only the panes inside the window."""
        live = self._panes > self._newest - PANES
        return {
            "newest": self._newest,
            "panes": self._panes[live],
            "counts": self._tally.counts[live],
            "sums": self._tally.sums[live],
        }

    def restore(self, state: Mapping[str, Any]) -> None:
        """Go on from a snapshot, on a new window."""
        panes = np.asarray(state["panes"], dtype=np.int64)
        counts, sums = np.asarray(state["counts"], dtype=np.int64), np.asarray(state["sums"], dtype=np.float64)
        slots = panes % PANES
        if counts.shape != (len(panes), *self._tally.counts.shape[1:]) or sums.shape != (
            len(panes),
            *self._tally.sums.shape[1:],
        ):
            raise StateError(f"window {self.name}: the sums in the snapshot are of other outcomes")
        self._panes[slots], self._tally.counts[slots], self._tally.sums[slots] = panes, counts, sums
        self._newest = int(state["newest"])


class LastOutcomes:
    """The last ``records`` outcomes. A correction replaces the outcome that it corrects, if that one is still held."""

    def __init__(self, name: str, records: int, shape: TallyShape, cells: int) -> None:
        self.name = name
        self._shape = shape
        self._time = np.full(records, np.nan)
        self._cells = np.full((records, cells), -1, dtype=np.int32)
        self._level = np.full(records, -1, dtype=np.int16)
        self._numbers = np.zeros((records, shape.numbers))
        self._vacant = np.zeros(records, dtype=np.bool_)
        self._seen = 0

    def observe(
        self, time: FloatArray, sign: NDArray[np.int8], revision: NDArray[np.bool_], rows: Contributions
    ) -> None:
        special = np.flatnonzero((sign < 0) | revision)
        first = 0
        for position in [*special.tolist(), len(time)]:
            if position > first:
                self._append(time[first:position], rows.take(np.arange(first, position)))
            if position < len(time):
                row = rows.take(np.array([position]))
                self._revise(float(time[position]), row, take_back=bool(sign[position] < 0))
            first = position + 1

    def set_back(self, now: float) -> None:
        """Do nothing: this window does not depend on time."""

    def _append(self, time: FloatArray, rows: Contributions) -> None:
        length, number = len(self._time), len(time)
        kept = slice(max(number - length, 0), number)
        places = np.arange(self._seen, self._seen + number)[kept] % length
        self._time[places] = time[kept]
        self._cells[places], self._level[places] = rows.cells[kept], rows.level[kept]
        self._numbers[places] = rows.numbers[kept]
        self._vacant[places] = False
        self._seen += number

    def _revise(self, time: float, row: Contributions, *, take_back: bool) -> None:
        found = (self._time == time) & (self._vacant != take_back)
        if take_back:
            found &= (self._cells == row.cells).all(axis=1) & (self._level == row.level)
            found &= (self._numbers == row.numbers).all(axis=1)
        if found.any():
            place = int(found.argmax())
            self._vacant[place] = take_back
            if not take_back:
                self._cells[place], self._level[place], self._numbers[place] = (
                    row.cells[0],
                    row.level[0],
                    row.numbers[0],
                )

    def total(self) -> tuple[IntegerArray, FloatArray]:
        tally = Tally.empty(self._shape)
        held = ~np.isnan(self._time) & ~self._vacant
        tally.add(
            Contributions(self._cells[held].astype(np.int64), self._level[held].astype(np.int64), self._numbers[held])
        )
        return tally.total()

    _ARRAYS = ("time", "cells", "level", "numbers", "vacant")

    def snapshot(self) -> dict[str, Any]:
        """State for a snapshot: only the places in use."""
        used = min(self._seen, len(self._time))
        return {"seen": self._seen} | {name: getattr(self, f"_{name}")[:used].copy() for name in self._ARRAYS}

    def restore(self, state: Mapping[str, Any]) -> None:
        """Go on from a snapshot, on a new window."""
        seen = int(state["seen"])
        used = min(seen, len(self._time))
        arrays = {name: np.asarray(state[name]) for name in self._ARRAYS}
        for name, array in arrays.items():
            own: NDArray[Any] = getattr(self, f"_{name}")
            if array.shape != (used, *own.shape[1:]):
                raise StateError(f"window {self.name}: the outcomes in the snapshot are others or of another number")
        for name, array in arrays.items():
            getattr(self, f"_{name}")[:used] = array
        self._seen = seen


class WindowSet:
    """One window for each setting. ``cells`` is the number of cells per row of the contributions."""

    def __init__(self, settings: Sequence[Window], shape: TallyShape, cells: int) -> None:
        self._settings = settings
        self._shape = shape
        self._cells = cells
        self._windows = [self._make(window) for window in settings]
        self._totals: list[tuple[IntegerArray, FloatArray]] | None = None

    def _make(self, window: Window) -> OutcomeWindow:
        if window.seconds is not None:
            return OutcomesInTime(window.name, window.seconds, self._shape)
        return LastOutcomes(window.name, window.records or 1, self._shape, self._cells)

    @property
    def names(self) -> list[str]:
        """The windows' names, in order."""
        return [window.name for window in self._windows]

    def observe(self, outcomes: OutcomeBatch, rows: Contributions) -> None:
        """Add the contributions of the outcomes to every window."""
        self._totals = None
        for window in self._windows:
            if outcomes.size:
                window.set_back(float(outcomes.matured[0]))
            window.observe(outcomes.time, outcomes.sign, outcomes.revision, rows)

    def totals(self) -> list[tuple[IntegerArray, FloatArray]]:
        """The total of each window, in order; summed up once until the next outcomes. Do not write into the arrays."""
        if self._totals is None:
            self._totals = [window.total() for window in self._windows]
        return self._totals

    def snapshot(self) -> dict[str, Any]:
        """State for a snapshot, by name."""
        return {window.name: window.snapshot() for window in self._windows}

    def restore(self, state: Mapping[str, Any]) -> None:
        """Continue from a snapshot; windows that it lacks begin empty.

        Raises :class:`StateError` if it does not fit; the windows are then unchanged.
        """
        windows = [self._make(setting) for setting in self._settings]
        try:
            for window in windows:
                if window.name in state:
                    window.restore(state[window.name])
        except (KeyError, TypeError, ValueError, AttributeError) as error:
            raise StateError(f"the windows over outcomes in the snapshot cannot be read: {error!r}") from error
        self._windows, self._totals = windows, None
