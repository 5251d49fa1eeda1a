"""A monitor's surroundings: a reference, its context, and coded batches."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from model_drift_exporter.evidence.alarms import Alarms
from model_drift_exporter.evidence.settings import EvidenceSettings
from model_drift_exporter.monitors import ALARMS, MonitorContext
from model_drift_exporter.records.times import parse_times
from model_drift_exporter.reference.binner import Binner
from model_drift_exporter.reference.coded_batch import CodedBatch
from model_drift_exporter.reference.profile import ReferenceProfile
from model_drift_exporter.settings.values import parse_window
from tests.support.prediction_log import Row, batch_of, make_rows, profile_of

__all__ = ["coded", "context_of", "reference"]


def reference(rows: int = 1_000) -> ReferenceProfile:
    """A profile of rows like those of :func:`make_rows`."""
    return profile_of([batch_of(make_rows(rows, seed=9))])


def context_of(
    profile: ReferenceProfile, windows: Sequence[str] = ("1h", "100"), exported: Sequence[int] | None = None
) -> MonitorContext:
    """Everything is exported unless said otherwise."""
    positions = range(len(profile.columns)) if exported is None else exported
    options = EvidenceSettings()
    alarms = Alarms("m", options.budgets, ALARMS)
    parsed = [parse_window(text) for text in windows]
    return MonitorContext("m", profile, Binner(profile), parsed, positions, alarms, options)


def coded(context: MonitorContext, rows: Sequence[Row]) -> CodedBatch:
    """The rows as the model's track gives them to monitors; all are timely."""
    batch = batch_of(rows)
    cells, scores = context.binner.cells(batch)
    time = parse_times(batch.fields["time"])
    timely = np.ones(batch.size, dtype=np.bool_)
    values = context.binner.values(batch, scores)
    line = np.arange(batch.size)
    return CodedBatch(
        context.binner, batch.size, cells, time, np.maximum.accumulate(time), timely, values, line, batch, scores
    )
