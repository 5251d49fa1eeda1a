"""Which events take part in the join, and why labels do not."""

from __future__ import annotations

from collections import Counter

import numpy as np
from numpy.typing import NDArray

from .clock import FlowTimes
from .evaluability import LabelHealth
from .events import Events
from .hashing import numbered_keys
from .sample import Sample

__all__ = ["Admission", "sampling_keys"]

Mask = NDArray[np.bool_]


class Admission:
    """Lets events in that are of use, can be found and are in the sample; counts the others. ``unusable``: its reason."""

    def __init__(self, model: str, unusable: str, sample: Sample, health: LabelHealth) -> None:
        self.rejected: Counter[str] = Counter()
        self.unidentified = 0
        self._model, self._unusable = model, unusable
        self._sample, self._health = sample, health

    def admit(self, events: Events, times: FlowTimes, maturity: float | None, number: int) -> tuple[Mask, Mask]:
        """Which events go into the join, and which predictions have their own label and stay outside of it.

        ``number``: of the first event, among all of the model.
        """
        is_label, labelled = events.is_label, ~np.isnan(events.label)
        usable = np.where(is_label, labelled, ~np.isnan(events.predicted))
        sampled = self._sample.holds(events.key)
        current = is_label | (times.time >= self._sample.watermark)
        admitted = usable & events.identified & sampled & current
        alone = usable & ~is_label & labelled & ~admitted
        if maturity != 0 and alone.any():
            # Labels that come later are sampled, and these must be as they are.
            alone &= self._sample.holds(sampling_keys(self._model, events, number))
        unidentified = ~is_label & ~events.identified & ~labelled
        self.unidentified += int(unidentified.sum())
        self._health.observe_predictions(unidentified[~is_label])
        self._count_labels(events, times, sampled)
        return admitted, alone

    def _count_labels(self, events: Events, times: FlowTimes, sampled: Mask) -> None:
        is_label = events.is_label
        given = is_label | ~np.isnan(events.label) | events.unusable
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
    """The keys that decide about the sample: of the identifiers, and of its own number where an event has none."""
    return np.where(events.identified, events.key, numbered_keys(model, number, events.size))
