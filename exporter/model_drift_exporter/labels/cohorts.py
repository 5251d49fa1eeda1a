"""At which age each prediction's cohort has counted, also where the maturity was learned to be longer afterwards."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
from numpy.typing import NDArray

__all__ = ["Cohorts"]

Array = NDArray[np.float64]

_STEPS = 50


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
