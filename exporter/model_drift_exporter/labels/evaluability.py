"""Whether a model can be judged by its labels, and if not, why: ``model_not_evaluable``."""

from __future__ import annotations

import math
from collections.abc import Collection, Iterable, Mapping, Sequence
from typing import Any

import attrs
import numpy as np
from numpy.typing import NDArray

from ..metrics.metric import Group, Metric, gauge
from ..metrics.samples import Samples, Series
from ..reference.outcome_batch import OutcomeLayout
from ..reference.profile import OutcomeSummary, ReferenceProfile
from .label_store import LABEL, PREDICTION, UNINDEXED, LabelStore
from .settings import LabelSettings

__all__ = [
    "METRICS",
    "NOT_EVALUABLE",
    "LabelHealth",
    "LabelState",
    "RecentShares",
    "not_evaluable",
    "reference_faults",
    "unmatched",
]

Array = NDArray[np.float64]
Mask = NDArray[np.bool_]
NOT_EVALUABLE = (
    "no_reference",
    "reference_without_labels",
    "few_reference_labels",
    "few_class_rows",
    "no_labels",
    "labels_stopped",
    "selective_labels",
    "unlabelled_predictions",
    "late_outcomes",
    "superseded_outcomes",
    "one_class_labels",
    "unseen_class_labels",
    "unusable_labels",
    "no_identifiers",
    "future_labels",
    "labels_unmatched",
    "immature_labels",
    "broken_input",
)
"""All reasons. Each is exported as 1 while it applies, otherwise as 0."""
_NOT_EVALUABLE = gauge(
    "model_not_evaluable", "model reason", "1 while something cannot be judged, by reason.", Group.ALERTS
)
METRICS: tuple[Metric, ...] = (_NOT_EVALUABLE,)
FEWEST_ROWS = 100
"""A reference with fewer labelled rows cannot judge labels. Nor can one with fewer rows of a class, see RARE_SHARE."""
RARE_SHARE = 0.1
"""If the rarest class has a smaller share, a model is judged by the error of each class, too."""
_DAY = 86_400.0
_IMMATURE_AFTER = 8 * _DAY
_UNUSABLE_SHARE = 0.05
_UNIDENTIFIED_SHARE = 0.5
_FUTURE_SHARE = 0.05
_FEWEST_OF_ONE_CLASS = 100
_FEWEST_IMMATURE = 100
_LEAST_CHANCE = 1e-6
_FEWEST = 1_000
_JOINED_SHARE = 0.05
_LABELLED_SHARE = 0.5
_BLOCK = 1_000


def not_evaluable(model: str, reasons: Collection[str], others: Iterable[str] = ()) -> Samples:
    """``model_not_evaluable`` of one model: 1 for each of its ``reasons``, 0 for all others that there can be.

    ``others`` are reasons that have nothing to do with labels. Raises ``ValueError`` for a reason that there cannot be.
    """
    known = (*NOT_EVALUABLE, *others)
    if unknown := {*reasons} - {*known}:
        raise ValueError(f"model_not_evaluable has no reason {', '.join(sorted(unknown))}")
    series = Series(_NOT_EVALUABLE, [(model, reason) for reason in known])
    return series.samples([float(reason in reasons) for reason in known])


def reference_faults(outcomes: OutcomeSummary | None, layout: OutcomeLayout) -> set[str]:
    """The reasons for which a reference cannot judge labels, empty if it can."""
    if outcomes is None or not outcomes.rows:
        return {"reference_without_labels"}
    if outcomes.rows < FEWEST_ROWS:
        return {"few_reference_labels"}
    rows = [outcomes.class_rows.get(name, 0) for name in layout.classes]
    if rows and min(rows) < min(FEWEST_ROWS, RARE_SHARE * outcomes.rows):
        return {"few_class_rows"}
    return set()


def unmatched(store: LabelStore, now: float, maturity: float | None) -> bool:
    """Whether recent labels do not find their predictions, although they should have by now.

    This compares the newest 1,000 waiting labels that are older than the maturity (a day if that is not known) with the
    predictions since the first of them. True if fewer than 5 % of the labels have joined, and at most half of the predictions
    have a label. The second condition allows a log with all labels but only a small sample of the predictions.
    """
    flags, time = store.columns["flags"][: store.size], store.columns["time"][: store.size]
    settled = time < now - (_DAY if maturity is None else maturity)
    kind = flags & (PREDICTION | LABEL)
    waiting = time[settled & (kind == LABEL)]
    if len(waiting) < _FEWEST:
        return False
    first = float(np.partition(waiting, -_FEWEST)[-_FEWEST])
    same = settled & (flags & (PREDICTION | UNINDEXED) == PREDICTION) & (time >= first)
    joined = int(np.count_nonzero(same & (kind == PREDICTION | LABEL)))
    predictions = int(np.count_nonzero(same))
    return joined < _JOINED_SHARE * (joined + _FEWEST) and joined <= _LABELLED_SHARE * predictions


@attrs.frozen
class LabelState:
    """The state of a model's labels at event time ``now`` (seconds since the epoch).

    ``delay`` is the latest delay quantile in seconds. ``few_labelled``: most predictions that should have a label have none.
    ``set_aside`` are reasons for which most outcomes are no evidence. ``counted``: whether any outcome has been mature.
    ``excluded_since`` is the event time since when the loss monitor has left outcomes out because of broken input, ``None`` while
    it does not.
    """

    now: float
    first_prediction: float | None
    delay: float
    selective: bool = False
    few_labelled: bool = False
    set_aside: Collection[str] = ()
    unmatched: bool = False
    counted: bool = True
    excluded_since: float | None = None


class LabelHealth:
    """Follows the labels and predictions of one model, to say why the labels cannot judge it."""

    def __init__(self, reference: ReferenceProfile, layout: OutcomeLayout, settings: LabelSettings) -> None:
        self.settings = settings
        self._first, self._latest = math.inf, -math.inf
        self._latest_joined = self._lead = -math.inf
        self._longest_gap = self._lead_gap = 0.0
        self._layout = layout
        self._faults = reference_faults(reference.outcomes, layout)
        self._chances = _class_chances(reference.outcomes, layout)
        self._labels, self._predictions = RecentShares(3), RecentShares(1)
        self._apart = False
        self._run_class, self._run = math.nan, 0

    @property
    def newest(self) -> float:
        """Event time of the newest label, -inf before any. A label before the first prediction gets its time as it joins."""
        return max(self._latest, self._lead, self._latest_joined)

    @property
    def seen(self) -> bool:
        """Whether any label has come."""
        return self._labels.size > 0

    def observe_predictions(self, unidentified: Mask) -> None:
        """Note which predictions have neither an identifier nor a label."""
        self._predictions.add([unidentified])

    def observe_labels(
        self, unseen: Mask, unusable: Mask, future: Mask, time: Array, *, leading: Mask, apart: bool
    ) -> None:
        """Note labels, with masks of unseen classes, of unusable labels, and of times in the ``future``.

        ``time`` is event time, -inf where it is not believed. ``leading`` marks times that the next prediction will judge.
        ``apart``: some labels came in records of their own.
        """
        if not len(unseen):
            return
        self._apart |= apart
        self._labels.add([unseen, unusable, future])
        dated = time[time > -math.inf]
        self._first = float(dated[0]) if len(dated) and self._first == math.inf else self._first
        before = max(self._latest, self._lead)
        self._latest, gaps = _follow(self._latest, np.where(leading, -math.inf, time))
        self._longest_gap = max(self._longest_gap, float(gaps.max(initial=0.0)))
        if leading.any():
            # Only up to the last leading label: later ones may be of another batch.
            end = int(np.flatnonzero(leading)[-1]) + 1
            self._lead, gaps = _follow(before, time[:end])
            self._lead_gap = max(self._lead_gap, float(gaps[leading[:end]].max(initial=0.0)))

    def settle(self) -> None:
        """The leading labels were right."""
        self._latest, self._longest_gap = max(self._latest, self._lead), max(self._longest_gap, self._lead_gap)
        self._lead, self._lead_gap = -math.inf, 0.0

    def set_back(self, now: float) -> None:
        """The clock went back to ``now``: the leading labels were wrong."""
        self._lead, self._lead_gap = -math.inf, 0.0
        self._first = min(self._first, now) if self._first < math.inf else math.inf
        if self._latest > now + _DAY:
            if self._longest_gap >= self._latest - now:
                self._longest_gap = 0.0
            self._latest = now
        if self._latest_joined > now + _DAY:
            self._latest_joined = now

    def observe_joined(self, label: Array, time: Array) -> None:
        """Note the labels of joined outcomes, in order, and the event time of each."""
        self._latest_joined = max(self._latest_joined, float(time.max(initial=-math.inf)))
        if not self._layout.classification:
            return
        # An unseen class does not show whether known ones are selected.
        label = label[label < len(self._layout.classes)]
        if not len(label):
            return
        different = np.flatnonzero(label[:-1] != label[1:])
        if len(different) or label[0] != self._run_class:
            self._run = 0
        self._run_class = float(label[-1])
        self._run += len(label) - (int(different[-1]) + 1 if len(different) else 0)

    def reasons(self, state: LabelState) -> set[str]:
        """The reasons for which the labels cannot judge the model now."""
        if not self.seen:
            return self._without_labels(state)
        holding = {
            "labels_stopped": self._stopped(state),
            "selective_labels": state.selective,
            "unseen_class_labels": self._labels.share(0) > 0,
            "unusable_labels": self._labels.share(1) >= _UNUSABLE_SHARE,
            "no_identifiers": self._apart and self._predictions.share(0) >= _UNIDENTIFIED_SHARE,
            "one_class_labels": self.only_one_class,
            "future_labels": self._labels.share(2) >= _FUTURE_SHARE,
            "labels_unmatched": state.unmatched,
            "broken_input": state.excluded_since is not None and state.now - state.excluded_since > _DAY,
        }
        found = self._faults | {reason for reason, holds in holding.items() if holds} | {*state.set_aside}
        if state.few_labelled and not found & {"labels_stopped", "no_identifiers", "labels_unmatched"}:
            found.add("unlabelled_predictions")
        if self._immature(state) and not found & {"unusable_labels", "no_identifiers", "labels_unmatched"}:
            found.add("immature_labels")
        return found

    @property
    def mostly_alone(self) -> bool:
        """Whether labels come in records only, and most records can never get one: they have neither label nor identifier."""
        return self.seen and not self._apart and self._predictions.share(0) >= _UNIDENTIFIED_SHARE

    def _stopped(self, state: LabelState) -> bool:
        silent_since = max(self.newest, -math.inf if state.first_prediction is None else state.first_prediction)
        return state.now - silent_since > max(_DAY, 2 * self._longest_gap, 2 * state.delay)

    def _immature(self, state: LabelState) -> bool:
        # Labels that take a day count for the first time eight days after the first prediction.
        waits = _IMMATURE_AFTER if self.settings.maturity is None else _DAY
        return not state.counted and self._labels.size >= _FEWEST_IMMATURE and state.now - self._first > waits

    def _without_labels(self, state: LabelState) -> set[str]:
        if self.settings.expected != "yes" or not self._predictions.size:
            return set()
        found = set(self._faults)
        if self._predictions.share(0) >= _UNIDENTIFIED_SHARE:
            found.add("no_identifiers")
        first = state.now if state.first_prediction is None else state.first_prediction
        if state.now - first >= (self.settings.maturity or 0.0):
            found.add("no_labels")
        return found

    @property
    def only_one_class(self) -> bool:
        """Whether the latest labels are all of one class, and too many for chance."""
        if self._run < _FEWEST_OF_ONE_CLASS or len(self._layout.classes) < 2:
            return False
        chance = self._chances.get(self._run_class, 0.0)
        return self._run * math.log(max(chance, 1e-300)) < math.log(_LEAST_CHANCE)

    def snapshot(self) -> dict[str, Any]:
        return {
            "latest": [self._first, self._latest, self._latest_joined, self._lead],
            "longest_gap": [self._longest_gap, self._lead_gap],
            "labels": self._labels.snapshot(),
            "predictions": self._predictions.snapshot(),
            "apart": self._apart,
            "run": [self._run_class, self._run],
        }

    def restore(self, state: Any) -> None:
        """Go on from :meth:`snapshot`; raises ``KeyError``, ``TypeError`` or ``ValueError`` if it does not fit."""
        self._first, self._latest, self._latest_joined, self._lead = map(float, state["latest"])
        self._longest_gap, self._lead_gap = map(float, state["longest_gap"])
        self._labels.restore(state["labels"])
        self._predictions.restore(state["predictions"])
        self._apart = bool(state["apart"])
        self._run_class, self._run = float(state["run"][0]), int(state["run"][1])


def _follow(latest: float, time: Array) -> tuple[float, Array]:
    """The latest time after some more times, and by how much each of these exceeded all before it."""
    running = np.maximum.accumulate(np.append(latest, time))
    known = running[:-1] > -math.inf
    return float(running[-1]), np.where(known, running[1:] - np.where(known, running[:-1], 0.0), 0.0)


def _class_chances(outcomes: OutcomeSummary | None, layout: OutcomeLayout) -> Mapping[float, float]:
    """The probability of each class by the reference. Without a reference all classes are equally likely."""
    rows = [(outcomes.class_rows.get(name, 0) if outcomes else 0) + 1 for name in layout.classes]
    return {float(position): count / sum(rows) for position, count in enumerate(rows)}


@attrs.define(eq=False)
class RecentShares:
    """Shares of several kinds among the last 1,000 to 2,000 items, however these were cut into batches."""

    kinds: int
    size: int = 0
    _current: NDArray[np.int64] = attrs.field(init=False)
    _before: NDArray[np.int64] = attrs.field(init=False)

    def __attrs_post_init__(self) -> None:
        self._current = np.zeros(self.kinds + 1, dtype=np.int64)
        self._before = np.zeros(self.kinds + 1, dtype=np.int64)

    def add(self, masks: Sequence[NDArray[np.bool_]]) -> None:
        """Count items, with one mask for each kind."""
        start, count = 0, len(masks[0])
        while start < count:
            end = min(count, start + _BLOCK - int(self._current[0]))
            self._current += [end - start, *(int(mask[start:end].sum()) for mask in masks)]
            if self._current[0] == _BLOCK:
                self._before, self._current = self._current, np.zeros_like(self._current)
            start = end
        self.size += count

    def share(self, kind: int) -> float:
        """The share, 0 to 1, of the kind at this position; 0 before the first item."""
        total = self._before + self._current
        return float(total[1 + kind] / max(total[0], 1))

    def snapshot(self) -> list[Any]:
        return [self.size, self._current.copy(), self._before.copy()]

    def restore(self, state: Any) -> None:
        """Go on from :meth:`snapshot`; raises ``TypeError`` or ``ValueError`` if it does not fit."""
        size, current, before = state
        self.size = int(size)
        self._current, self._before = (np.array(each, dtype=np.int64) for each in (current, before))
        if not len(self._current) == len(self._before) == self.kinds + 1:
            raise ValueError("recent labels are counted by other kinds")
