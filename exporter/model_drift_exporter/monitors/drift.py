"""Whether inputs and outputs have left their reference: evidence on them, as metrics."""

from __future__ import annotations

import math
from collections.abc import Collection, Iterable, Sequence
from typing import Any

import numpy as np

from ..evidence.alarm_spec import AlarmSpec
from ..evidence.alarms import clamped_log10
from ..evidence.column_dependence import FAMILIES
from ..evidence.columns import ColumnEvidence
from ..evidence.promise import Promise, promise_of
from ..evidence.settings import PAGE, TICKET
from ..metrics.metric import Group, Metric, counter, gauge
from ..metrics.samples import Samples, Series
from ..reference.coded_batch import CodedBatch
from ..reference.profile import FEATURE, PREDICTION, SCORE
from ..words import excerpt, percent
from .findings import NOTE, Finding, FindingKind
from .monitor import Monitor, MonitorContext, MonitorSpec
from .promise_metrics import INPUTS_PROMISE, PromiseSeries

__all__ = ["DRIFT", "DriftMonitor"]

_ONSET_FROM = math.log(10.0)
"""Evidence from which on an onset is worth telling."""

_LONGEST_SENTENCE = 1_000
"""Characters: a reference may have hundreds of features that cannot be judged."""

_MOST = 0.5
"""Share of records of unknown hours beyond which a sentence says so."""

_OF_FEATURE = gauge(
    "model_feature_drift_evidence_log10",
    "model feature",
    "Evidence, as log10, that this feature has left its reference; the average of its bets.",
    Group.ALERTS,
    FEATURE,
)
_ONSET = gauge(
    "model_feature_drift_onset_timestamp_seconds",
    "model feature",
    "Event time since when the evidence of this feature has grown; absent while there is little.",
    Group.ALERTS,
    FEATURE,
)
_OF_OUTPUT = {
    role: gauge(
        f"model_{role}_drift_evidence_log10",
        "model",
        f"Evidence, as log10, that {what} left {its} reference.",
        Group.ALERTS,
        role,
    )
    for role, what, its in ((PREDICTION, "the predictions have", "their"), (SCORE, "the score has", "its"))
}
_OF_MODEL = gauge(
    "model_drift_evidence_log10",
    "model",
    "Evidence, as log10, that any feature has left its reference: the average over all features.",
    Group.ALERTS,
)
_THRESHOLD = gauge(
    "model_drift_evidence_threshold_log10",
    "model severity",
    "Whole false alarm budget of a severity in minutes, as log10.",
    Group.ALERTS,
)
_UPDATES = counter(
    "model_evidence_updates_total", "model", "Updates of the evidence on features and outputs.", Group.ALERTS
)
_UNKNOWN_HOURS = gauge(
    "model_season_unknown_slots_ratio",
    "model",
    "Share of the records of the last hours in hours that the reference has no rows of: the whole reference judges these. Absent "
    "without a season.",
    Group.DEPENDENCE,
)
_METRICS: tuple[Metric, ...] = (
    *(_OF_FEATURE, _ONSET, *_OF_OUTPUT.values(), _OF_MODEL, _THRESHOLD, _UPDATES, _UNKNOWN_HOURS),
    *INPUTS_PROMISE.values(),
)


class DriftMonitor(Monitor):
    """``model_{feature,prediction,score}_drift_evidence_log10`` and what belongs to it; decides the alarms on columns."""

    def __init__(self, context: MonitorContext) -> None:
        self._context = context
        model = context.model
        self._evidence = ColumnEvidence(context.reference, context.evidence, context.alarms)
        self._drift = context.alarms["ModelFeatureDrift"]
        self._model = Series(_OF_MODEL, [(model,)])
        self._updates = Series(_UPDATES, [(model,)])
        self._unknown_hours = Series(_UNKNOWN_HOURS, [(model,)])
        self._promise = PromiseSeries(INPUTS_PROMISE, model, FAMILIES)
        budgets = context.evidence.budgets
        self._thresholds = Series(_THRESHOLD, [(model, severity) for severity in budgets]).samples(
            [math.log10(minutes) for minutes in budgets.values()]
        )
        self.export(context.exported)

    def export(self, columns: Sequence[int]) -> None:
        model, every = self._context.model, self._context.columns
        self._features = [position for position in columns if every[position].role == FEATURE]
        names = [(model, every[position].name) for position in self._features]
        self._by_feature = Series(_OF_FEATURE, names)
        self._onset = Series(_ONSET, names)
        self._outputs = [
            (Series(_OF_OUTPUT[role], [(model,)]), position)
            for role in (PREDICTION, SCORE)
            for position in columns
            if every[position].role == role
        ]

    @property
    def promise(self) -> Promise:
        """What the promise of false alarms about inputs and outputs rests on now."""
        reference = self._context.reference
        return promise_of(reference, reference.rows, self._evidence.dependence.live)

    def unjudged(self) -> Sequence[str]:
        """What of the inputs cannot be judged now though it were broken throughout, and why, a sentence each."""
        return self._evidence.unjudged()

    def not_evaluable(self) -> Collection[str]:
        return ("input_not_judged",) if self.unjudged() else ()

    def findings(self) -> Iterable[Finding]:
        if sentences := self.unjudged():
            told = [f"{each[:1].upper()}{each[1:]}." for each in sentences]
            yield Finding("inputs_not_judged", NOTE, " ".join(excerpt(each, _LONGEST_SENTENCE) for each in told))
        share = self._evidence.unknown_hours
        if share > _MOST:
            text = (
                f"{percent(share)} of the records of the last hours are of hours that the reference has no rows of: they are "
                "compared with all of it. Missing, invalid and far-out values are told as elsewhere, other drift only if it is "
                "large."
            )
            yield Finding("unknown_hours", NOTE, text, figures={"season_unknown_hours_ratio": share})

    def observe(self, batch: CodedBatch) -> None:
        if len(batch.rejected):
            self._evidence.reject(batch.rejected, batch.clock)
        if batch.size:
            cells = batch.cells[: len(self._evidence.columns)]
            self._evidence.add(cells, batch.time, batch.now, batch.position, batch.surplus)
        self._evidence.flush()

    def collect(self) -> Iterable[Samples]:
        columns, onsets = self._evidence.by_column()
        evidence = columns[self._features]
        yield self._by_feature.samples([clamped_log10(value) for value in evidence.tolist()])
        yield self._onset.samples(np.where(evidence >= _ONSET_FROM, onsets[self._features], np.nan))
        for series, position in self._outputs:
            yield series.samples([clamped_log10(float(columns[position]))])
        known = self._drift.evidence != -math.inf
        yield self._model.samples([clamped_log10(self._drift.evidence) if known else math.nan])
        yield self._thresholds
        yield self._updates.samples([self._evidence.updates])
        yield self._unknown_hours.samples([self._evidence.unknown_hours])
        dependence = self._evidence.dependence
        yield from self._promise.collect(self.promise, dependence.live.since, dependence.largest_effects().tolist())

    def snapshot(self) -> dict[str, Any]:
        return self._evidence.snapshot()

    def restore(self, state: Any) -> None:
        """Evidence against another reference, or with other tolerances, starts from nothing; latches stay closed."""
        self._evidence.restore(state)


DRIFT = MonitorSpec(
    name="drift",
    title="Drift",
    make=DriftMonitor,
    metrics=_METRICS,
    reasons={
        "input_not_judged": "Values that go missing or come as another type could not be told, of some feature: the reference "
        "has too few rows. First: build it from more rows; the exporter's page names what is meant."
    },
    findings=(
        FindingKind(
            "inputs_not_judged",
            "Part of the inputs is not judged: no alert would tell if it were broken.",
        ),
        FindingKind(
            "unknown_hours",
            "Most records are of hours that the reference has no rows of: they are compared with all of it.",
        ),
    ),
    alarms=(
        AlarmSpec(
            "ModelInputBroken",
            PAGE,
            summary="The model's input is broken: far more values are missing or of the wrong type, or lines cannot be read.",
            says="Model {model} gets broken input, so its predictions cannot be trusted.",
            first="Ask who feeds the model what changed at that time (a release, a schema, a job that failed) and have it rolled "
            "back. Until then use what the service does without the model.",
            shows=("broken_features", "rejected_lines"),
            silenced_by=(),
            names_features=True,
            panel="feature:20",
        ),
        AlarmSpec(
            "ModelFeatureDrift",
            TICKET,
            summary="Features of the model are no longer distributed as in its reference.",
            says="Inputs of model {model} have drifted. That alone need not harm it.",
            first="See on the dashboard how the features have moved, and whether predictions or the loss moved with them.",
            shows=("features",),
            names_features=True,
            panel="model:30",
        ),
        AlarmSpec(
            "ModelFeatureOutOfRange",
            TICKET,
            summary="The model sees values outside the range, or categories outside the list, that it was accepted on.",
            says="Model {model} gets values that its reference does not know; it is guessing there.",
            first="Tell a changed unit or spelling (mend the feed) from new cases (plan retraining).",
            shows=("unknown_features",),
            names_features=True,
            panel="feature:20",
        ),
        AlarmSpec(
            "ModelFeatureMissingValues",
            TICKET,
            summary="Features of the model are missing, or of the wrong type, more often than in its reference.",
            says="Model {model} gets more missing or invalid values than it was accepted with.",
            first="Find the feed of these features and what changed there at that time. If the share grows, ModelInputBroken "
            "pages.",
            shows=("broken_features",),
            names_features=True,
            panel="feature:20",
        ),
        AlarmSpec(
            "ModelPredictionDrift",
            TICKET,
            summary="The model's predictions or scores are no longer distributed as in its reference.",
            says="Model {model} answers differently from when it was accepted.",
            first="See whether features drifted too (then the inputs are the cause) and whether the model's version changed.",
            shows=("outputs",),
            panel="model:40",
        ),
    ),
)
