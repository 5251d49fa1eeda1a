"""Realised performance: what the matured outcomes of each window say, with 95 % intervals, the reference's beside it."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ..errors import StateError
from ..metrics.metric import Group, Metric, gauge
from ..metrics.samples import Samples, Series
from ..reference.losses import FEWEST_CLASS_ROWS, bounded_losses, performance_tally
from ..reference.outcome_batch import OutcomeBatch, OutcomeLayout
from ..reference.profile import PREDICTION, ReferenceProfile
from ..statistics.intervals import Estimate
from ..statistics.performance_metrics import BOUNDED_ERROR, PERFORMANCE_METRICS, estimates, keys
from ..statistics.performance_sums import ClassificationTally, DesignEffects
from ..statistics.probability_losses import binary_losses, multiclass_losses
from ..statistics.tally import Contributions
from ..windows.outcome_windows import LEAD, WindowSet
from .findings import NOTE, Finding, FindingKind, loss_text, over
from .loss import LOSS_WORDS, LossSettings, overall_bets, why_loss_is_off
from .monitor import Monitor, MonitorContext, MonitorSpec

__all__ = ["LOSS_REFERENCE_MEAN", "PERFORMANCE", "PerformanceMonitor"]

_NOTHING = Estimate(math.nan)
# Probabilities come in steps of 1/255: one that was rounded to 0 is taken for the middle of what that may be.
_SMALLEST_STEP = 1 / 1020

_LABELS = gauge("model_performance_labels", "model window", "Matured outcomes in the window.", Group.PERFORMANCE)
_END = gauge(
    "model_performance_end_timestamp_seconds",
    "model",
    "Event time up to which outcomes are mature: where the windows of performance end.",
    Group.PERFORMANCE,
)
_ESTIMATES = {
    (metric.name, end): gauge(
        f"model_{metric.name}{end}", f"model {metric.label} {by}", f"{metric.help}{which}.", Group.PERFORMANCE
    )
    for metric in PERFORMANCE_METRICS
    for end, by, which in (
        ("", "window", ", in the window"),
        ("_lower_bound", "window", ": lower end of its 95 % interval"),
        ("_upper_bound", "window", ": upper end of its 95 % interval"),
        ("_reference", "", ", in the reference"),
    )
    if not (metric.loss and end == "_reference")  # LOSS_REFERENCE_MEAN, which has a place of its own
}
LOSS_REFERENCE_MEAN = gauge(
    "model_loss_reference_mean", "model loss", "Mean loss on the labelled rows of the reference.", Group.REFERENCES
)
_METRICS: tuple[Metric, ...] = (_LABELS, _END, *_ESTIMATES.values(), LOSS_REFERENCE_MEAN)


class PerformanceMonitor(Monitor):
    """Every metric of realised performance that the task has, over windows that end with the newest matured outcome.

    A window of time is one of prediction times; a window of records holds the last outcomes. Outcomes of a reference without
    labels are measured, too; there is nothing beside them then.
    """

    def __init__(self, context: MonitorContext) -> None:
        reference = context.reference
        self._layout = OutcomeLayout.of(reference)
        outcomes = reference.outcomes
        self._scale = outcomes.error_scale if outcomes is not None else 0.0
        prediction = reference.column(PREDICTION)
        if prediction is not None and not self._layout.classification and not self._scale:
            self._scale = prediction.standard_deviation  # a unit for errors where no label says how large they are
        centre = prediction.mean if prediction else 0.0
        self._tally = performance_tally(self._layout, centre, self._scale, bounded=outcomes is not None)
        self._probable = reference.probability
        self._effects = _design_effects(reference)
        self._windows = WindowSet(context.windows, self._tally.shape, 2 if self._layout.classification else 0)
        self._newest = math.nan
        names = self._windows.names
        self._labels = Series(_LABELS, [(context.model, name) for name in names])
        self._end = Series(_END, [(context.model,)])
        self._keys = keys(self._tally)
        self._series = {
            (metric, end): Series(
                _ESTIMATES[metric, end], [(context.model, *key, name) for name in names for key in own]
            )
            for metric, own in self._keys.items()
            for end in ("", "_lower_bound", "_upper_bound")
        }
        self._alarm = context.alarms["ModelLossIncreased"]
        self._model = context.model
        self._loss = self._layout.judged_loss
        self._accepted = self._tolerated = math.nan
        if outcomes is not None and not why_loss_is_off(reference):
            self._accepted = outcomes.loss.mean
            settings = context.settings(LossSettings)
            self._tolerated = overall_bets(outcomes, settings, binary=self._layout.classification).limit
        self._reference = [*_reference_samples(context.model, reference, self._keys)]

    def judge(self, outcomes: OutcomeBatch) -> None:
        if not outcomes.size:
            return
        self._windows.observe(outcomes, self._contributions(outcomes))
        if self._newest > outcomes.matured[0] + LEAD:
            self._newest = math.nan  # the clock was put back
        self._newest = float(np.fmax(self._newest, outcomes.time.max()))

    def _contributions(self, outcomes: OutcomeBatch) -> Contributions:
        if not isinstance(self._tally, ClassificationTally):
            loss = bounded_losses(self._layout, self._scale, outcomes.predicted, outcomes.label)
            return self._tally.contributions(outcomes.predicted, outcomes.label, loss)
        predicted, label = (np.nan_to_num(each, nan=-1.0) for each in (outcomes.predicted, outcomes.label))
        log_loss, brier = self._probability_losses(outcomes, label.astype(np.int64))
        return self._tally.contributions(predicted, label, outcomes.score_cell, log_loss, brier)

    def _probability_losses(
        self, outcomes: OutcomeBatch, label: NDArray[np.int64]
    ) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
        layout = self._layout
        if self._probable and outcomes.probabilities is not None:
            column = np.where(label < len(layout.classes), label, -1)
            return multiclass_losses(outcomes.probabilities / 255, column, _SMALLEST_STEP)
        if self._probable and layout.positive is not None:
            return binary_losses(outcomes.score, label == layout.positive)
        return np.full(outcomes.size, np.nan), np.full(outcomes.size, np.nan)

    def _measured(self) -> tuple[Sequence[int], Sequence[Mapping[str, Estimate]]]:
        """Of each window the outcomes in it, and the estimates of all metrics by name."""
        totals = self._windows.totals()
        return (
            [self._tally.rows(counts) for counts, _ in totals],
            [estimates(self._tally, counts, sums, self._effects) for counts, sums in totals],
        )

    def findings(self) -> Iterable[Finding]:
        """While the loss has an alarm: the loss in the shortest window that shows it, what it was, and what is tolerated."""
        if not self._alarm.active:
            return
        path = f"loss_mean/{self._loss}"
        shown = [
            (rows, found[path].value, name)
            for name, rows, found in zip(self._windows.names, *self._measured(), strict=True)
            if rows >= FEWEST_CLASS_ROWS and path in found and found[path].value > self._tolerated
        ]
        if shown:
            _, mean, window = min(shown)
            now, accepted, tolerated = (loss_text(self._loss, each) for each in (mean, self._accepted, self._tolerated))
            yield Finding(
                "loss_above_tolerated",
                NOTE,
                f"The {LOSS_WORDS[self._loss]} of model {self._model} is {now} over {over(window)}; it was {accepted} in the "
                f"reference, and up to {tolerated} is tolerated.",
                since=self._alarm.onset,
                figures={
                    "loss_mean": mean,
                    "loss_reference_mean": self._accepted,
                    "loss_tolerated_mean": self._tolerated,
                },
            )

    def collect(self) -> Iterable[Samples]:
        yield from self._reference
        yield self._end.samples([self._newest])
        rows, found = self._measured()
        yield self._labels.samples(rows)
        for metric, own in self._keys.items():
            paths = ["/".join((metric, *key)) for key in own]
            shown = [window.get(path, _NOTHING) for window in found for path in paths]
            yield self._series[metric, ""].samples([each.value for each in shown])
            yield self._series[metric, "_lower_bound"].samples([each.lower for each in shown])
            yield self._series[metric, "_upper_bound"].samples([each.upper for each in shown])

    def snapshot(self) -> Any:
        return {"windows": self._windows.snapshot(), "newest": self._newest}

    def restore(self, state: Any) -> None:
        try:
            newest, windows = float(state["newest"]), state["windows"]
        except (KeyError, TypeError, ValueError) as error:
            raise StateError(f"realised performance: the snapshot cannot be read: {error!r}") from error
        self._windows.restore(windows)
        self._newest = newest


def _reference_samples(
    model: str, reference: ReferenceProfile, labels_of: dict[str, list[tuple[str, ...]]]
) -> Iterable[Samples]:
    outcomes = reference.outcomes
    if outcomes is None:
        return
    for metric, labels in labels_of.items():
        if (metric, "_reference") in _ESTIMATES:
            values = [outcomes.performance.get("/".join((metric, *key)), math.nan) for key in labels]
            yield Series(_ESTIMATES[metric, "_reference"], [(model, *key) for key in labels]).samples(values)
    if reference.task != "classification":
        yield Series(LOSS_REFERENCE_MEAN, [(model, BOUNDED_ERROR)]).samples([outcomes.loss.mean])


def _design_effects(reference: ReferenceProfile) -> DesignEffects:
    outcomes = reference.outcomes
    if outcomes is None:
        return DesignEffects()
    losses = {name: summary.design_effect for name, summary in reference.loss.items()}
    return DesignEffects(outcomes.loss.design_effect, losses, outcomes.class_design_effects)


PERFORMANCE = MonitorSpec(
    name="performance",
    title="Realised performance",
    make=PerformanceMonitor,
    metrics=_METRICS,
    findings=(
        FindingKind(
            "loss_above_tolerated",
            "The loss over a whole window is above what is tolerated.",  # the text of the alert has the figures
        ),
    ),
)
