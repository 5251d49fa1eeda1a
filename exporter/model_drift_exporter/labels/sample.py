"""Which entries are kept where not all fit: those of low keys, so that predictions and labels keep the same ones."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from .joining import JoinTally
from .options import LabelOptions
from .store import COUNTED, LABEL, PREDICTION, UNINDEXED, LabelStore

__all__ = ["Sample"]

_WITHOUT_LABELS = 100_000  # predictions kept while nothing says that labels will come
_SWEEPS = 32  # a horizon
_DEAD = 4_096
_FULL = 0.875
_ROOMY = 0.25
_HALVINGS = 60
_DAY = 86_400.0


class Sample:
    """Keeps the store within its capacity and horizon, at points that do not depend on batches.

    When the store is full of what has not expired, the largest key kept is halved until it is not; when it is three quarters
    empty, it is doubled.
    """

    def __init__(self, options: LabelOptions) -> None:
        self.options = options
        self.watermark = -np.inf
        """Entries of an earlier event time have expired."""
        self._halvings = 0
        self._looked = self._swept = -np.inf

    @property
    def ratio(self) -> float:
        """Share of all keys that are kept."""
        return float(2.0**-self._halvings)

    def holds(self, keys: NDArray[np.uint64]) -> NDArray[np.bool_]:
        """Which keys are in the sample."""
        if not self._halvings:
            return np.ones(len(keys), dtype=np.bool_)
        held: NDArray[np.bool_] = keys < np.uint64(1 << (64 - self._halvings))
        return held

    def tend(self, store: LabelStore, now: float, tally: JoinTally, *, labels_seen: bool) -> NDArray[np.int64] | None:
        """Expire, thin out, or let in more. Returns the new row of each old one if rows have moved.

        ``now`` is the model's clock, -inf without. What it was at the last call has stood the test of many records by now, and
        decides what has expired; what lies in the future happened now.
        """
        self.watermark = max(self.watermark, min(self._looked, now) - self.options.horizon)
        self._looked = now
        if np.isfinite(now):
            times = store.columns["time"][: store.size]
            np.minimum(times, now + _DAY, out=times)
        wanted = labels_seen or self.options.expected == "yes"
        limit = self.options.capacity if wanted else min(self.options.capacity, _WITHOUT_LABELS)
        full = store.size >= limit
        stale = self.watermark >= self._swept + self.options.horizon / _SWEEPS
        if not (full or stale or store.dead > max(_DEAD, store.size // 2)):
            self._open(store.size, limit)
            return None
        self._swept = self.watermark
        size = store.size
        flags, keys = store.columns["flags"][:size], store.columns["key"][:size]
        # An outcome that still has to count keeps its entry.
        unfinished = flags & (PREDICTION | LABEL | COUNTED) == PREDICTION | LABEL
        expired = (store.columns["time"][:size] < self.watermark) & ~unfinished
        tally.unmatched += int(np.count_nonzero(flags[expired] & (PREDICTION | LABEL) == LABEL))
        kept = ~expired & (flags & (UNINDEXED | COUNTED) != UNINDEXED | COUNTED)
        if full:
            while int(kept.sum()) > _FULL * limit and self._halvings < _HALVINGS:
                self._halvings += 1
                kept &= self.holds(keys)
        else:
            self._open(int(kept.sum()), limit)
        return None if kept.all() else store.retain(kept)

    def set_back(self, now: float) -> None:
        """The model's clock fell: what has not gone yet has not expired."""
        self.watermark = min(self.watermark, now - self.options.horizon)
        self._looked, self._swept = min(self._looked, now), min(self._swept, self.watermark)

    def _open(self, size: int, limit: int) -> None:
        if size < _ROOMY * limit:
            self._halvings = max(self._halvings - 1, 0)

    def snapshot(self) -> dict[str, Any]:
        """State for a snapshot."""
        times = {"watermark": float(self.watermark), "looked": float(self._looked), "swept": float(self._swept)}
        return {"halvings": self._halvings, **times}

    def restore(self, state: Any) -> None:
        """Go on from :meth:`snapshot`; raises ``KeyError``, ``TypeError`` or ``ValueError`` if it does not fit."""
        self._halvings = int(state["halvings"])
        self.watermark, self._looked, self._swept = (float(state[name]) for name in ("watermark", "looked", "swept"))
