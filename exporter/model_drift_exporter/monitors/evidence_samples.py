"""What is exported of the evidence on features and outputs."""

from __future__ import annotations

import math
from collections.abc import Iterable

import numpy as np
from numpy.typing import NDArray

from ..evidence.alarms import clamped_log10
from ..metrics.samples import Samples, Series
from ..reference.profile import FEATURE, PREDICTION, SCORE
from .base import MonitorContext

__all__ = ["EvidenceSamples"]

Array = NDArray[np.float64]

_ONSET_FROM = math.log(10.0)
"""Evidence from which on an onset is worth telling."""


class EvidenceSamples:
    """The series of one model; ``columns`` of what it is given are the leading ones of the context."""

    def __init__(self, context: MonitorContext) -> None:
        model = context.model
        columns = context.columns
        self._features = [position for position in context.exported if columns[position].role == FEATURE]
        names = [(model, columns[position].name) for position in self._features]
        self._evidence = Series("model_feature_drift_evidence_log10", names)
        self._onset = Series("model_feature_drift_onset_timestamp_seconds", names)
        self._outputs = [
            (Series(f"model_{role}_drift_evidence_log10", [(model,)]), position)
            for role in (PREDICTION, SCORE)
            for position in context.exported
            if columns[position].role == role
        ]
        self._model = Series("model_drift_evidence_log10", [(model,)])
        self._updates = Series("model_evidence_updates_total", [(model,)])
        budgets = context.evidence.budgets
        self._thresholds = Series(
            "model_drift_evidence_threshold_log10", [(model, severity) for severity in budgets]
        ).samples([math.log10(minutes) for minutes in budgets.values()])

    def collect(self, columns: Array, onsets: Array, model: float | None, updates: int) -> Iterable[Samples]:
        """Samples of log M of each column, since when it has grown, that of all features together, and of how many updates."""
        evidence = columns[self._features]
        yield self._evidence.samples([clamped_log10(value) for value in evidence.tolist()])
        yield self._onset.samples(np.where(evidence >= _ONSET_FROM, onsets[self._features], np.nan))
        for series, position in self._outputs:
            yield series.samples([clamped_log10(float(columns[position]))])
        if model is not None:
            yield self._model.samples([clamped_log10(model)])
        yield self._thresholds
        yield self._updates.samples([updates])
