"""Which events take part in the join, why labels are rejected, and which entries are kept when not all fit."""

from __future__ import annotations

from collections import Counter
from typing import Any

import numpy as np
from numpy.typing import NDArray

from .evaluability import LabelHealth
from .events import Events
from .join import JoinTally
from .keys import numbered_keys
from .label_clock import FlowTimes
from .label_store import COUNTED, LABEL, PREDICTION, UNINDEXED, LabelStore
from .settings import LabelSettings

__all__ = ["Admission", "Sample", "sampling_keys"]

Mask = NDArray[np.bool_]
_WITHOUT_LABELS = 100_000  # predictions kept while nothing says that labels will come
_SWEEPS = 32  # per horizon
_DEAD = 4_096
_FULL = 0.875
_ROOMY = 0.25
_HALVINGS = 60
_DAY = 86_400.0


class Admission:
    """Admits events that are usable, have an identifier and are in the sample. Counts the others.

    ``unusable`` is the reason for a label that is present, but not a class or a number.
    """

    def __init__(self, model: str, unusable: str, sample: Sample, health: LabelHealth) -> None:
        self.rejected: Counter[str] = Counter()
        self.unidentified = 0
        self._model, self._unusable = model, unusable
        self._sample, self._health = sample, health

    def admit(self, events: Events, times: FlowTimes, maturity: float | None, number: int) -> tuple[Mask, Mask]:
        """Which events go into the join, and which predictions come with their label and stay outside of the join.

        ``maturity`` is in seconds. ``number`` is that of the first event, among all events of the model.
        """
        is_label, labelled = events.is_label, ~np.isnan(events.label)
        usable = np.where(is_label, labelled, ~np.isnan(events.predicted))
        sampled = self._sample.holds(events.key)
        current = is_label | (times.time >= self._sample.watermark)
        admitted = usable & events.identified & sampled & current
        alone = usable & ~is_label & labelled & ~admitted
        if maturity != 0 and alone.any():
            # Labels that come later are sampled. These are sampled alike, so that they do not weigh more.
            alone &= self._sample.holds(sampling_keys(self._model, events, number))
        unidentified = ~is_label & ~events.identified & ~labelled
        self.unidentified += int(unidentified.sum())
        self._health.observe_predictions(unidentified[~is_label])
        self._count_labels(events, times, sampled)
        return admitted, alone

    def _count_labels(self, events: Events, times: FlowTimes, sampled: Mask) -> None:
        is_label = events.is_label
        given = events.labelled
        if not given.any():
            return
        anonymous = is_label & ~events.identified
        read = given & ~anonymous
        rejected = {
            "no_identifier": anonymous,
            "missing": read & events.missing,
            self._unusable: read & events.unusable,
            "unseen_class": read & events.unseen,
            "future": times.future,
            "not_in_sample": read & is_label & ~sampled & ~np.isnan(events.label),
        }
        for reason, mask in rejected.items():
            self.rejected[reason] += int(np.count_nonzero(mask))
        time = np.where(times.future | (times.time > times.now), -np.inf, times.time)
        useless = events.missing | events.unusable | anonymous
        self._health.observe_labels(
            events.unseen[given],
            useless[given],
            times.future[given],
            time[given],
            leading=(is_label & times.leading)[given],
            apart=bool(is_label.any()),
        )


def sampling_keys(model: str, events: Events, number: int) -> NDArray[np.uint64]:
    """The keys that decide which events are in the sample. An event without an identifier gets a key from its number."""
    return np.where(events.identified, events.key, numbered_keys(model, number, events.size))


class Sample:
    """Keeps the store within its capacity and horizon, at points that do not depend on batches.

    When entries that have not expired fill the store, the largest key that is kept is halved until the store has room. When
    the store is three quarters empty, that key is doubled.
    """

    def __init__(self, settings: LabelSettings) -> None:
        self.settings = settings
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
        """Remove expired entries, and make the sample smaller or larger. Returns the new row of each old one if rows moved.

        ``now`` is the model's clock, -inf before the first prediction. Expiry goes by the clock at the last call, since many
        records have confirmed that time by now. A time more than a day in the future is reduced to that.
        """
        self.watermark = max(self.watermark, min(self._looked, now) - self.settings.horizon)
        self._looked = now
        if np.isfinite(now):
            times = store.columns["time"][: store.size]
            np.minimum(times, now + _DAY, out=times)
        wanted = labels_seen or self.settings.expected == "yes"
        limit = self.settings.capacity if wanted else min(self.settings.capacity, _WITHOUT_LABELS)
        full = store.size >= limit
        stale = self.watermark >= self._swept + self.settings.horizon / _SWEEPS
        if not (full or stale or store.dead > max(_DEAD, store.size // 2)):
            self._open(store.size, limit)
            return None
        self._swept = self.watermark
        size = store.size
        flags, keys = store.columns["flags"][:size], store.columns["key"][:size]
        # An outcome that has not been counted yet keeps its entry.
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
        """The model's clock went back to ``now``: entries that are still there have not expired."""
        self.watermark = min(self.watermark, now - self.settings.horizon)
        self._looked, self._swept = min(self._looked, now), min(self._swept, self.watermark)

    def _open(self, size: int, limit: int) -> None:
        if size < _ROOMY * limit:
            self._halvings = max(self._halvings - 1, 0)

    def snapshot(self) -> dict[str, Any]:
        times = {"watermark": float(self.watermark), "looked": float(self._looked), "swept": float(self._swept)}
        return {"halvings": self._halvings, **times}

    def restore(self, state: Any) -> None:
        """Go on from :meth:`snapshot`; raises ``KeyError``, ``TypeError`` or ``ValueError`` if it does not fit."""
        self._halvings = int(state["halvings"])
        self.watermark, self._looked, self._swept = (float(state[name]) for name in ("watermark", "looked", "swept"))
