"""The metrics of the join."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Iterable

import numpy as np

from ..metrics.samples import Samples, Series
from .coding import REJECTED
from .joining import JoinTally
from .store import LABEL, PREDICTION, UNINDEXED, LabelStore

__all__ = ["LabelSeries"]


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
