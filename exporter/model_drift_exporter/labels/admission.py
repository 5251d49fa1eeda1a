"""Which events take part in the join, why labels are rejected, and which entries are kept when not all fit."""

from __future__ import annotations

from collections import Counter

import numpy as np
from numpy.typing import NDArray

from ..joining.key_sample import KeySample
from ..joining.keys import numbered_keys
from .evaluability import LabelHealth
from .events import Events
from .join import JoinTally
from .label_clock import FlowTimes
from .label_store import COUNTED, LABEL, PREDICTION, UNINDEXED, LabelStore
from .settings import LabelSettings

__all__ = ["Admission", "Sample", "sampling_keys"]

Mask = NDArray[np.bool_]
_WITHOUT_LABELS = 100_000  # predictions kept while nothing says that labels will come
_DEAD = 4_096
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


class Sample(KeySample):
    """Keeps the store of labels within its capacity and horizon."""

    def __init__(self, settings: LabelSettings) -> None:
        super().__init__(settings.horizon)
        self._settings = settings

    @property
    def settings(self) -> LabelSettings:
        """The settings in force."""
        return self._settings

    @settings.setter
    def settings(self, settings: LabelSettings) -> None:
        self._settings, self.horizon = settings, settings.horizon

    def tend(self, store: LabelStore, now: float, tally: JoinTally, *, labels_seen: bool) -> NDArray[np.int64] | None:
        """Remove expired entries, and make the sample smaller or larger. Returns the new row of each old one if rows moved.

        ``now`` is the model's clock, -inf before the first prediction. A time more than a day in its future is reduced to that.
        """
        self.follow(now)
        if np.isfinite(now):
            times = store.columns["time"][: store.size]
            np.minimum(times, now + _DAY, out=times)
        wanted = labels_seen or self._settings.expected == "yes"
        limit = self._settings.capacity if wanted else min(self._settings.capacity, _WITHOUT_LABELS)
        if not (self.due(store.size, limit) or store.dead > max(_DEAD, store.size // 2)):
            self.widen(store.size, limit)
            return None
        flags = store.columns["flags"][: store.size]
        # An outcome that has not been counted yet keeps its entry.
        unfinished = flags & (PREDICTION | LABEL | COUNTED) == PREDICTION | LABEL
        expired = (store.columns["time"][: store.size] < self.watermark) & ~unfinished
        tally.unmatched += int(np.count_nonzero(flags[expired] & (PREDICTION | LABEL) == LABEL))
        kept = ~expired & (flags & (UNINDEXED | COUNTED) != UNINDEXED | COUNTED)
        self.sweep(store.columns["key"][: store.size], kept, limit)
        return None if kept.all() else store.retain(kept)
