"""The metrics of the join, and which share of the predictions has a label: by age, and by what was predicted."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Iterable

import attrs
import numpy as np
from numpy.typing import NDArray

from ..metrics.samples import Samples, Series
from ..reference.outcomes import OutcomeLayout
from .events import REJECTED
from .joining import JoinTally
from .store import LABEL, PREDICTION, UNINDEXED, LabelStore

__all__ = ["AGES", "Coverage", "CoverageSeries", "LabelSeries", "selective"]

Counts = NDArray[np.int64]
_HOUR, _DAY = 3_600.0, 86_400.0
AGES = {"1h": _HOUR, "1d": _DAY, "7d": 7 * _DAY, "30d": 30 * _DAY, "90d": 90 * _DAY}
"""Ages of predictions: each reaches from the one before to so many seconds."""
_BOUNDS = np.array([*AGES.values()])
_CHUNK = 65_536
_TOLERANCE = 0.05
_DEVIATIONS = 6.0
_FEWEST = 30


@attrs.frozen(eq=False)
class Coverage:
    """Predictions and those of them with a label: by age, and of the mature ones by predicted class (others last)."""

    predictions: Counts
    labelled: Counts
    class_predictions: Counts
    class_labelled: Counts

    @classmethod
    def of(cls, store: LabelStore, layout: OutcomeLayout, now: float, maturity: float | None) -> Coverage:
        """Count the store's predictions at ``now``; none is mature without a maturity."""
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


def selective(coverage: Coverage) -> bool:
    """Whether labels prefer some predicted classes.

    Each class is compared with all others by the difference of two shares, with the variance of their common share. Up to
    five points do not matter; six standard deviations beyond them make a false claim unlikely however often one looks.
    """
    predictions, labelled = coverage.class_predictions, coverage.class_labelled
    others, others_labelled = predictions.sum() - predictions, labelled.sum() - labelled
    compared = (predictions >= _FEWEST) & (others >= _FEWEST)
    size, other_size = predictions[compared], others[compared]
    share, other_share = labelled[compared] / size, others_labelled[compared] / other_size
    pooled = (labelled.sum() + 1) / (predictions.sum() + 2)
    spread = np.sqrt(pooled * (1 - pooled) * (1 / size + 1 / other_size))
    return bool((np.abs(share - other_share) - _TOLERANCE > _DEVIATIONS * spread).any())


class CoverageSeries:
    """The metrics of coverage."""

    def __init__(self, model: str, layout: OutcomeLayout) -> None:
        self._ages = Series("model_label_coverage_ratio", [(model, age) for age in AGES])
        self._classes = Series(
            "model_prediction_class_label_coverage_ratio", [(model, name) for name in layout.classes]
        )

    def samples(self, coverage: Coverage) -> Iterable[Samples]:
        """Shares; none where there are no predictions."""
        yield self._ages.samples(_shares(coverage.labelled, coverage.predictions))
        yield self._classes.samples(_shares(coverage.class_labelled, coverage.class_predictions)[:-1])


def _shares(part: Counts, whole: Counts) -> NDArray[np.float64]:
    return np.where(whole > 0, part / np.maximum(whole, 1), np.nan)


class LabelSeries:
    """Counters and gauges of one model's labels, without coverage and delays."""

    def __init__(self, model: str) -> None:
        names = (
            *("model_labels_joined_total", "model_labels_revised_total", "model_labels_repeated_total"),
            *("model_labels_unmatched_total", "model_predictions_stored_total", "model_predictions_repeated_total"),
            *("model_predictions_unidentified_total", "model_labels_waiting", "model_label_store_predictions"),
            *("model_label_sampling_ratio", "model_label_last_timestamp_seconds", "model_label_maturity_seconds"),
        )
        self._series = {name: Series(name, [(model,)]) for name in names}
        self._rejected = Series("model_labels_rejected_total", [(model, reason) for reason in REJECTED])

    def samples(
        self,
        store: LabelStore,
        tally: JoinTally,
        rejected: Counter[str],
        *,
        unidentified: int,
        ratio: float,
        newest: float,
        maturity: float | None,
    ) -> Iterable[Samples]:
        """Current values."""
        flags = store.columns["flags"][: store.size]
        values = {
            "model_labels_joined_total": tally.joined,
            "model_labels_revised_total": tally.revised,
            "model_labels_repeated_total": tally.labels_repeated,
            "model_labels_unmatched_total": tally.unmatched,
            "model_predictions_stored_total": tally.stored,
            "model_predictions_repeated_total": tally.predictions_repeated,
            "model_predictions_unidentified_total": unidentified,
            "model_labels_waiting": int(np.count_nonzero(flags & (PREDICTION | LABEL) == LABEL)),
            "model_label_store_predictions": int(np.count_nonzero(flags & (PREDICTION | UNINDEXED) == PREDICTION)),
            "model_label_sampling_ratio": ratio,
            "model_label_last_timestamp_seconds": newest if math.isfinite(newest) else math.nan,
            "model_label_maturity_seconds": math.nan if maturity is None else maturity,
        }
        for name, value in values.items():
            yield self._series[name].samples([value])
        yield self._rejected.samples([rejected[reason] for reason in REJECTED])
