"""The metrics of a model itself, without those of its monitors: its records, its version, its reference."""

from __future__ import annotations

import math
from collections.abc import Iterable

from ..metrics.metric import Group, Metric, counter, gauge
from ..metrics.samples import Samples, Series
from ..monitors.performance import LOSS_REFERENCE_MEAN
from ..reference.profile import ReferenceProfile
from .model_traffic import ModelTraffic

__all__ = ["METRICS", "RECORDS", "ModelSamples"]

_INFO = gauge(
    "model_info",
    "model version reference",
    "1; the version seen last and the fingerprint of the reference.",
    Group.MODELS,
)
RECORDS = counter(
    "model_records_total",
    "model",
    "Records accepted; model __other__ holds those of models beyond the limit.",
    Group.MODELS,
)
_LATE = counter(
    "model_records_late_total",
    "model",
    "Records behind the oldest pane: counted, not in windows.",
    Group.MODELS,
)
_FUTURE = counter(
    "model_records_future_total",
    "model",
    "Records more than a day ahead of those before: counted, not followed.",
    Group.MODELS,
)
_UNTIMED = counter(
    "model_records_untimed_total",
    "model",
    "Records without a readable time: taken at the clock of their model, or at their arrival while none has had one.",
    Group.MODELS,
)
_VERSION_CHANGES = counter(
    "model_version_changes_total",
    "model",
    "Times the model version differed from the record before.",
    Group.MODELS,
)
_LAST_RECORD = gauge(
    "model_last_record_timestamp_seconds",
    "model",
    "Event time up to which records were read: now, for the windows.",
    Group.MODELS,
)
_ROWS = gauge("model_reference_rows", "model", "Rows that the reference was built from.", Group.REFERENCES)
_LEARNED = gauge(
    "model_reference_learned",
    "model",
    "1 if the reference was learned from the first live records, 0 if it came from a file.",
    Group.REFERENCES,
)
_LEARNING = gauge(
    "model_reference_learning_records",
    "model",
    "Records learned from so far, while a model has no reference.",
    Group.REFERENCES,
)
_LEARNING_NEEDED = gauge(
    "model_reference_learning_records_needed",
    "model",
    "Records a reference is learned from, while a model has none.",
    Group.REFERENCES,
)
_ABSENT = gauge(
    "model_reference_features_absent",
    "model",
    "Features of the reference that no live record had yet.",
    Group.REFERENCES,
)
_VERSION_MATCHES = gauge(
    "model_reference_version_matches",
    "model",
    "1 if the version seen last is the one that the reference names, 0 if not; absent if either names none.",
    Group.REFERENCES,
)
_SUPPRESSED = gauge(
    "model_drift_exporter_series_suppressed",
    "model",
    "Time series not exported because of limits.series_per_model.",
    Group.EXPORTER,
)
_SUPPRESSED_OBSERVATIONS = counter(
    "model_drift_exporter_suppressed_observations_total",
    "model",
    "Observations of features whose series are suppressed.",
    Group.EXPORTER,
)
METRICS: tuple[Metric, ...] = (
    *(_INFO, RECORDS, _LATE, _FUTURE, _UNTIMED, _VERSION_CHANGES, _LAST_RECORD),
    *(_ROWS, _LEARNED, _LEARNING, _LEARNING_NEEDED, _ABSENT, _VERSION_MATCHES),
    *(_SUPPRESSED, _SUPPRESSED_OBSERVATIONS),
)


class ModelSamples:
    """The series of a model itself, built once. A reference is learned from ``records_needed`` records."""

    def __init__(self, model: str, records_needed: int) -> None:
        self._model = model
        self._records_needed = records_needed
        self._reference: ReferenceProfile | None = None
        one = [(model,)]
        self._records = Series(RECORDS, one)
        self._late = Series(_LATE, one)
        self._future = Series(_FUTURE, one)
        self._untimed = Series(_UNTIMED, one)
        self._changes = Series(_VERSION_CHANGES, one)
        self._last = Series(_LAST_RECORD, one)
        self._learning = Series(_LEARNING, one)
        self._needed = Series(_LEARNING_NEEDED, one)
        self._absent = Series(_ABSENT, one)
        self._matches = Series(_VERSION_MATCHES, one)
        self._suppressed = Series(_SUPPRESSED, one)
        self._suppressed_observations = Series(_SUPPRESSED_OBSERVATIONS, one)
        self._constant: list[Samples] = []

    def begin(self, reference: ReferenceProfile) -> None:
        """Add the samples of the reference."""
        model = self._model
        self._reference = reference
        self._constant = [
            Series(_ROWS, [(model,)]).samples([reference.rows]),
            Series(_LEARNED, [(model,)]).samples([float(reference.learned)]),
            Series(LOSS_REFERENCE_MEAN, [(model, loss) for loss in reference.loss]).samples(
                [summary.mean for summary in reference.loss.values()]
            ),
        ]

    def collect(
        self, traffic: ModelTraffic, *, learned_from: int, absent_features: int, suppressed: int
    ) -> Iterable[Samples]:
        """Current samples.

        All three are numbers: of the records collected so far to learn a reference (``learned_from``), of the reference's
        features that no record has had so far (``absent_features``), of the series beyond the limit (``suppressed``).
        """
        reference, times = self._reference, traffic.times
        fingerprint = reference.fingerprint if reference else ""
        yield Series(_INFO, [(self._model, traffic.version, fingerprint)]).samples([1])
        yield self._records.samples([traffic.records])
        yield self._late.samples([times.late])
        yield self._future.samples([times.future])
        yield self._untimed.samples([times.untimed])
        yield self._changes.samples([traffic.version_changes])
        yield self._last.samples([math.nan if times.now is None else times.now])
        yield from self._constant
        if reference is None:
            yield self._learning.samples([learned_from])
            yield self._needed.samples([self._records_needed])
        else:
            yield self._absent.samples([absent_features])
            known = reference.version and traffic.version
            yield self._matches.samples([float(reference.version == traffic.version) if known else math.nan])
        yield self._suppressed.samples([suppressed])
        yield self._suppressed_observations.samples([traffic.suppressed_observations])
