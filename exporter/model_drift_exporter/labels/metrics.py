"""The state of a model's labels, its metrics, and coverage: the share of the predictions that have a label."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping
from typing import Self

import attrs
import numpy as np
from numpy.typing import NDArray

from ..metrics.metric import Group, Metric, counter, gauge
from ..metrics.samples import Samples, Series
from ..reference.outcome_batch import OutcomeLayout
from .events import REJECTED
from .join import JoinTally
from .label_store import LABEL, PREDICTION, UNINDEXED, LabelStore

__all__ = ["AGES", "METRICS", "Coverage", "LabelSeries", "LabelSummary"]

Counts = NDArray[np.int64]
_HOUR, _DAY = 3_600.0, 86_400.0
AGES = {"1h": _HOUR, "1d": _DAY, "7d": 7 * _DAY, "30d": 30 * _DAY, "90d": 90 * _DAY}
"""Upper bounds of age groups of predictions, in seconds. Each group begins where the one before ends."""
_BOUNDS = np.array([*AGES.values()])
_CHUNK = 65_536

# What LabelSummary holds one number of.
_JOINED = counter("model_labels_joined_total", "model", "Labels that found their prediction.", Group.LABELS)
_REVISED = counter(
    "model_labels_revised_total", "model", "Labels that changed the label of a prediction.", Group.LABELS
)
_REPEATED = counter("model_labels_repeated_total", "model", "Labels that said again what was known.", Group.LABELS)
_UNMATCHED = counter(
    "model_labels_unmatched_total", "model", "Labels whose prediction never came, or has expired.", Group.LABELS
)
_STORED = counter(
    "model_predictions_stored_total", "model", "Predictions that were kept to wait for their label.", Group.LABELS
)
_PREDICTIONS_REPEATED = counter(
    "model_predictions_repeated_total",
    "model",
    "Predictions whose identifier was known already; the first one counts.",
    Group.LABELS,
)
_UNIDENTIFIED = counter(
    "model_predictions_unidentified_total",
    "model",
    "Predictions without an identifier or label, which no label can find.",
    Group.LABELS,
)
_WAITING = gauge("model_labels_waiting", "model", "Labels that wait for their prediction.", Group.LABELS)
_PREDICTIONS = gauge(
    "model_label_store_predictions", "model", "Predictions that wait for a label or for its revision.", Group.LABELS
)
_SAMPLING_RATIO = gauge(
    "model_label_sampling_ratio",
    "model",
    "Share of the predictions that are kept for their labels, chosen by identifier.",
    Group.LABELS,
)
_LAST = gauge("model_label_last_timestamp_seconds", "model", "Event time of the newest label.", Group.LABELS)
_MATURITY = gauge(
    "model_label_maturity_seconds", "model", "Age from which a prediction's outcome counts.", Group.LABELS
)
_NUMBERS = (
    *(_JOINED, _REVISED, _REPEATED, _UNMATCHED, _STORED, _PREDICTIONS_REPEATED, _UNIDENTIFIED, _WAITING),
    *(_PREDICTIONS, _SAMPLING_RATIO, _LAST, _MATURITY),
)
# And those of several each.
_REJECTED = counter(
    "model_labels_rejected_total", "model reason", "Labels that cannot be used, by reason.", Group.LABELS
)
_COVERAGE = gauge(
    "model_label_coverage_ratio", "model age", "Share of the predictions of an age that have their label.", Group.LABELS
)
_CLASS_COVERAGE = gauge(
    "model_prediction_class_label_coverage_ratio",
    "model class",
    "Share of the mature predictions of a class that have their label.",
    Group.LABELS,
)
METRICS: tuple[Metric, ...] = (*_NUMBERS, _REJECTED, _COVERAGE, _CLASS_COVERAGE)


@attrs.frozen(eq=False)
class Coverage:
    """Counts of predictions, and of those with a label: by age, and for mature ones by predicted class (others last)."""

    predictions: Counts
    labelled: Counts
    class_predictions: Counts
    class_labelled: Counts

    @classmethod
    def of(cls, store: LabelStore, layout: OutcomeLayout, now: float, maturity: float | None) -> Coverage:
        """Count the store's predictions at event time ``now``. Without a maturity, none is mature."""
        ages, classes = np.zeros((2, len(AGES) + 1), np.int64), np.zeros((2, len(layout.classes) + 1), np.int64)
        ripe = math.inf if maturity is None else maturity
        for start in range(0, store.size, _CHUNK):
            part = slice(start, min(start + _CHUNK, store.size))
            flags = store.columns["flags"][part]
            chosen = np.flatnonzero(flags & (PREDICTION | UNINDEXED) == PREDICTION)
            labelled = flags[chosen] & LABEL != 0
            age = now - store.columns["time"][part][chosen]
            group = np.searchsorted(_BOUNDS, age)
            ages[0] += np.bincount(group, minlength=ages.shape[1])
            ages[1] += np.bincount(group[labelled], minlength=ages.shape[1])
            if layout.classification:
                mature = age >= ripe
                predicted = store.columns["predicted"][part][chosen]
                classes[0] += np.bincount(predicted[mature], minlength=classes.shape[1])
                classes[1] += np.bincount(predicted[mature & labelled], minlength=classes.shape[1])
        return cls(ages[0, :-1], ages[1, :-1], classes[0], classes[1])

    @property
    def by_age(self) -> dict[str, float]:
        """Share of the predictions with a label, 0 to 1, for each age that has predictions."""
        shares = zip(AGES, _shares(self.labelled, self.predictions).tolist(), strict=True)
        return {age: share for age, share in shares if not math.isnan(share)}


def _shares(part: Counts, whole: Counts) -> NDArray[np.float64]:
    return np.where(whole > 0, part / np.maximum(whole, 1), np.nan)


@attrs.frozen(eq=False)
class LabelSummary:
    """The state of one model's labels, from which its metrics and its page are made.

    ``tally``, ``rejected`` (by reason) and ``unidentified`` are counted since the start of the process. ``waiting`` labels have
    no prediction yet. ``predictions`` are in the store; identifiers are sampled with the ratio ``sampling_ratio`` (0 to 1).
    ``newest`` is the event time of the newest label, in seconds since the epoch. ``maturity`` is the age in seconds from which
    an outcome counts. Both are ``None`` while they are not known. ``coverage`` is ``None`` before the first label.
    """

    tally: JoinTally
    rejected: Mapping[str, int]
    unidentified: int
    waiting: int
    predictions: int
    sampling_ratio: float
    newest: float | None
    maturity: float | None
    coverage: Coverage | None

    @classmethod
    def of(
        cls,
        store: LabelStore,
        tally: JoinTally,
        rejected: Mapping[str, int],
        *,
        unidentified: int,
        sampling_ratio: float,
        newest: float,
        maturity: float | None,
        coverage: Coverage | None,
    ) -> Self:
        """A copy of the present state. ``newest`` is -inf before the first label."""
        flags = store.columns["flags"][: store.size]
        return cls(
            tally=attrs.evolve(tally),
            rejected=dict(rejected),
            unidentified=unidentified,
            waiting=int(np.count_nonzero(flags & (PREDICTION | LABEL) == LABEL)),
            predictions=int(np.count_nonzero(flags & (PREDICTION | UNINDEXED) == PREDICTION)),
            sampling_ratio=sampling_ratio,
            newest=newest if math.isfinite(newest) else None,
            maturity=maturity,
            coverage=coverage,
        )


class LabelSeries:
    """The metrics of one model's labels, except their delays."""

    def __init__(self, model: str, layout: OutcomeLayout) -> None:
        self._series = {metric: Series(metric, [(model,)]) for metric in _NUMBERS}
        self._rejected = Series(_REJECTED, [(model, reason) for reason in REJECTED])
        self._ages = Series(_COVERAGE, [(model, age) for age in AGES])
        self._classes = Series(_CLASS_COVERAGE, [(model, name) for name in layout.classes])
        ages, classes = np.zeros(len(AGES), np.int64), np.zeros(len(layout.classes) + 1, np.int64)
        self._nothing = Coverage(ages, ages, classes, classes)

    def samples(self, summary: LabelSummary) -> Iterable[Samples]:
        """Current values. Those that are not known are left out."""
        tally = summary.tally
        values: dict[Metric, float | None] = {
            _JOINED: tally.joined,
            _REVISED: tally.revised,
            _REPEATED: tally.labels_repeated,
            _UNMATCHED: tally.unmatched,
            _STORED: tally.stored,
            _PREDICTIONS_REPEATED: tally.predictions_repeated,
            _UNIDENTIFIED: summary.unidentified,
            _WAITING: summary.waiting,
            _PREDICTIONS: summary.predictions,
            _SAMPLING_RATIO: summary.sampling_ratio,
            _LAST: summary.newest,
            _MATURITY: summary.maturity,
        }
        for metric, value in values.items():
            yield self._series[metric].samples([math.nan if value is None else value])
        yield self._rejected.samples([summary.rejected.get(reason, 0) for reason in REJECTED])
        if (coverage := summary.coverage) is None:
            coverage = self._nothing
        yield self._ages.samples(_shares(coverage.labelled, coverage.predictions))
        yield self._classes.samples(_shares(coverage.class_labelled, coverage.class_predictions)[: len(self._classes)])
