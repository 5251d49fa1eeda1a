"""Outcomes that are set aside, where they are most of the newest: no silence without a word."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from ..reference.outcome_batch import OutcomeBatch
from .evaluability import RecentShares

__all__ = ["SetAside"]

_MOST = 0.5
_DAY = 86_400.0
_MATURITIES = 1.5


class SetAside:
    """Shares among the newest 1,000 to 2,000 outcomes: whose label came too late, and whose version is superseded."""

    def __init__(self) -> None:
        self._shares = RecentShares(2)
        self._latest_live = -math.inf

    def observe(self, outcomes: OutcomeBatch) -> None:
        """Take in matured outcomes; revisions of earlier ones do not count."""
        first = (outcomes.sign > 0) & ~outcomes.revision
        nothing = np.zeros(outcomes.size, dtype=np.bool_)
        late = nothing if outcomes.late is None else outcomes.late
        superseded = nothing if outcomes.superseded is None else outcomes.superseded
        self._shares.add([late[first], superseded[first]])
        live = outcomes.matured[first & ~superseded]
        if len(live):
            self._latest_live = float(live[-1])

    def reasons(self, now: float, maturity: float) -> set[str]:
        """Why most outcomes are no evidence: reasons of ``model_not_evaluable``; times are in seconds.

        After a single release outcomes of the live version are missing for as long as labels take. That is no reason.
        """
        found = set()
        if self._shares.share(0) > _MOST:
            found.add("late_outcomes")
        if self._shares.share(1) > _MOST and now - self._latest_live > max(_DAY, _MATURITIES * maturity):
            found.add("superseded_outcomes")
        return found

    def snapshot(self) -> dict[str, Any]:
        """State for a snapshot."""
        return {"shares": self._shares.snapshot(), "latest_live": self._latest_live}

    def restore(self, state: Any) -> None:
        """Go on from :meth:`snapshot`; raises ``KeyError``, ``TypeError`` or ``ValueError`` if it does not fit."""
        self._shares.restore(state["shares"])
        self._latest_live = float(state["latest_live"])
