"""Which entries are kept when not all fit: those of low keys, within a horizon of event time."""

from __future__ import annotations

from typing import Any

import numpy as np

from .identifier_index import Keys, Mask

__all__ = ["KeySample"]

_SWEEPS = 32  # per horizon
_FULL = 0.875
_ROOMY = 0.25
_HALVINGS = 60


class KeySample:
    """Says what an index of a bounded size may drop, and which keys need not come into it at all.

    An entry expires when event time is ``horizon`` seconds beyond its own. When entries that have not expired fill the index,
    the largest key that is kept is halved until there is room; when three quarters are empty, it is doubled. So what is
    kept is a fair sample of all identifiers, and the same one in all replicas and for everybody who uses the same keys.

    The owner calls :meth:`follow` and then, where :meth:`due` says so, :meth:`sweep`, at points that do not depend on batches.
    """

    def __init__(self, horizon: float) -> None:
        self.horizon = horizon
        self.watermark = -np.inf
        """Entries of an earlier event time (seconds since the epoch) have expired."""
        self._halvings = 0
        self._looked = self._swept = -np.inf

    @property
    def ratio(self) -> float:
        """Share of all keys that are kept, a power of two from 0 to 1."""
        return float(2.0**-self._halvings)

    def holds(self, keys: Keys) -> Mask:
        """Which keys are in the sample, [key]."""
        if not self._halvings:
            return np.ones(len(keys), dtype=np.bool_)
        held: Mask = keys < np.uint64(1 << (64 - self._halvings))
        return held

    def follow(self, now: float) -> None:
        """Note the event time ``now``, -inf while it is not known.

        Expiry goes by the time of the call before, since many records have confirmed that by now.
        """
        self.watermark = max(self.watermark, min(self._looked, now) - self.horizon)
        self._looked = now

    def due(self, size: int, limit: int) -> bool:
        """Whether an index of ``size`` rows should be swept: it has ``limit`` rows, or a part of the horizon has passed."""
        return size >= limit or bool(self.watermark >= self._swept + self.horizon / _SWEEPS)

    def sweep(self, keys: Keys, kept: Mask, limit: int) -> None:
        """Take from the mask ``kept`` [row] of entries that may stay what is one too many; ``keys`` [row] are those of all rows.

        If all rows were ``limit`` or more, and too many may stay, the sample becomes smaller. If few may, it becomes larger.
        """
        self._swept = self.watermark
        if len(keys) < limit:
            self.widen(int(np.count_nonzero(kept)), limit)
            return
        while int(np.count_nonzero(kept)) > _FULL * limit and self._halvings < _HALVINGS:
            self._halvings += 1
            kept &= self.holds(keys)

    def widen(self, size: int, limit: int) -> None:
        """Make the sample larger if there is much room beside ``size`` entries."""
        if size < _ROOMY * limit:
            self._halvings = max(self._halvings - 1, 0)

    def set_back(self, now: float) -> None:
        """Event time went back to ``now``: entries that are still there have not expired."""
        self.watermark = min(self.watermark, now - self.horizon)
        self._looked, self._swept = min(self._looked, now), min(self._swept, self.watermark)

    def snapshot(self) -> dict[str, Any]:
        times = {"watermark": float(self.watermark), "looked": float(self._looked), "swept": float(self._swept)}
        return {"halvings": self._halvings, **times}

    def restore(self, state: Any) -> None:
        """Go on from :meth:`snapshot`; raises ``KeyError``, ``TypeError`` or ``ValueError`` if it does not fit."""
        halvings, *times = int(state["halvings"]), *(float(state[name]) for name in ("watermark", "looked", "swept"))
        self._halvings = halvings
        self.watermark, self._looked, self._swept = times
