"""Whether the model has become worse than was accepted: ``ModelLossIncreased``, by outcomes as they mature."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from functools import partial
from statistics import NormalDist
from typing import Any

import attrs
import msgspec
import numpy as np
from numpy.typing import NDArray

from ..evidence.alarm_spec import AlarmSpec
from ..evidence.alarms import Alarms, clamped_log10
from ..evidence.expected_delays import log_update_minutes, loss_delay
from ..evidence.promise import Promise, promise_of
from ..evidence.score_evidence import ScoreEvidence
from ..evidence.settings import PAGE, EvidenceSettings
from ..metrics.metric import Group, Metric, counter, gauge
from ..metrics.samples import Samples, Series
from ..reference.losses import FEWEST_CLASS_ROWS, bounded_losses
from ..reference.outcome_batch import OutcomeBatch, OutcomeLayout
from ..reference.profile import OutcomeSummary, ReferenceProfile
from ..settings.declarations import setting
from ..settings.kinds import Number
from ..statistics.betting.score_bets import ScoreBets
from ..statistics.performance_metrics import BOUNDED_ERROR
from .monitor import COUNTERS, Monitor, MonitorContext, MonitorSpec
from .promise_metrics import LOSS_PROMISE, PromiseSeries

__all__ = [
    "LOSS",
    "LOSS_WORDS",
    "LossMonitor",
    "LossSettings",
    "doubled_loss_outcomes",
    "judged_classes",
    "outcomes_of",
    "overall_bets",
    "suspected_features",
    "why_loss_is_off",
]

RARE = 0.10
"""Where the rarest class has a smaller share of the reference's labels, classes are judged one by one, too."""

_MARGIN = 2.0
"""Standard errors of the reference that the overall loss may be off by; of classes all together as seldom as that."""

LOSS_WORDS = {"zero_one": "error rate", BOUNDED_ERROR: "mean bounded absolute error"}
"""What the loss that pages is called in a sentence."""

_SUSPECTING = ("ModelInputBroken", "ModelFeatureDrift")

_EVIDENCE = gauge(
    "model_loss_evidence_log10",
    "model loss",
    "Evidence, as log10, that this loss is above what is tolerated.",
    Group.ALERTS,
)
_CLASS_EVIDENCE = gauge(
    "model_class_error_evidence_log10",
    "model class",
    "Evidence, as log10, that the error on this class is above what is tolerated.",
    Group.ALERTS,
)
_TOLERATED = gauge(
    "model_loss_tolerated_mean",
    "model loss",
    "Largest mean loss that is tolerated: reference, its error, and the tolerance.",
    Group.ALERTS,
)
_DOUBLED = gauge(
    "model_reference_doubled_loss_outcomes",
    "model loss",
    "About how many outcomes it takes until errors that are twice as frequent, or as large, page: what the size of the "
    "reference, and the larger of its dependence and the live one, cost. Infinite where so much is tolerated.",
    Group.ALERTS,
)
_UPDATES = counter("model_loss_evidence_updates_total", "model", "Updates of the evidence on the loss.", Group.ALERTS)
_EXCLUDED = counter(
    "model_loss_excluded_outcomes_total",
    "model reason",
    "Outcomes that are no evidence on the loss, by reason; those of superseded versions are none on the live ones only.",
    Group.ALERTS,
)
EXCLUDED = ("broken_input", "unfair_labels", "late", "surplus", "superseded")
"""Why an outcome is no evidence; the first that applies is counted. The last one is evidence on the model over versions."""
_METRICS: tuple[Metric, ...] = (
    *(_EVIDENCE, _CLASS_EVIDENCE, _TOLERATED, _DOUBLED, _UPDATES, _EXCLUDED),
    *LOSS_PROMISE.values(),
)


@attrs.frozen
class LossSettings:
    """How much the loss may rise before it is harm: the larger of the two tolerances."""

    tolerance: float = setting(0.01, Number(0, 1), "Rise of the error rate, or of the scaled error, that is tolerated.")
    relative_tolerance: float = setting(0.1, Number(0, 10), "The same as a share of the reference's loss.")


class LossMonitor(Monitor):
    """e-CUSUM on the loss against reference, its error and the tolerance: of the live version, and of the model over versions.

    Classification: the 0/1 error and, with a rare class, the error on each class with enough reference rows, given the
    class: a mere change of the classes' shares is no evidence for these. Regression: the bounded absolute error. Corrections
    of outcomes that have counted are left out, since the bet on them has been paid: a bet cannot be taken back. So are outcomes
    of predictions from broken input, which has a page of its own.
    """

    def __init__(self, context: MonitorContext) -> None:
        self._layout = OutcomeLayout.of(context.reference)
        self._excluded = dict.fromkeys(EXCLUDED, 0)
        self._alarms = context.alarms
        settings, outcomes = context.settings(LossSettings), outcomes_of(context.reference)
        self._scale = outcomes.error_scale
        names = judged_classes(outcomes)
        self._classes = [self._layout.classes.index(name) for name in names]
        bets = [overall_bets(outcomes, settings, binary=self._layout.classification)]
        bets += [class_bets(outcomes, name, settings, len(names)) for name in names]
        loss = self._layout.judged_loss
        self._evidence = ScoreEvidence(
            bets,
            context.evidence.update_labels,
            self._alarms["ModelLossIncreased"],
            partial(suspected_features, self._alarms),
            meaning=[loss, self._scale, names],
            over_versions=True,
        )
        self._log10 = Series(_EVIDENCE, [(context.model, loss)])
        self._class_log10 = Series(_CLASS_EVIDENCE, [(context.model, name) for name in names])
        self._tolerated = Series(_TOLERATED, [(context.model, loss)]).samples([bets[0].limit])
        alarm = self._alarms["ModelLossIncreased"]
        self._doubled = doubled_loss_outcomes(context.reference, settings, context.evidence, alarm.threshold)
        self._doubled_series = Series(_DOUBLED, [(context.model, loss)])
        self._updates = Series(_UPDATES, [(context.model,)])
        self._reference, self._rows = context.reference, outcomes.loss.rows
        self._effect = bets[0].design_effect
        self._promise = PromiseSeries(LOSS_PROMISE, context.model, ["overall", *["classes"][: len(names)]])
        self._excluded_outcomes = Series(_EXCLUDED, [(context.model, reason) for reason in EXCLUDED])

    def judge(self, outcomes: OutcomeBatch) -> None:
        loss = bounded_losses(self._layout, self._scale, outcomes.predicted, outcomes.label)
        known = (outcomes.sign > 0) & ~outcomes.revision & np.isfinite(loss)
        evidence = evident(self._alarms, outcomes)
        counted = known & evidence.counted
        for reason, mask in evidence.excluded.items():
            self._excluded[reason] += int(np.count_nonzero(known & mask))
        losses = [loss, *(np.where(outcomes.label == position, loss, np.nan) for position in self._classes)]
        self._evidence.observe(
            outcomes.time[counted],
            outcomes.matured[counted],
            outcomes.position[counted],
            np.stack(losses)[:, counted],
            evidence.live[counted],
        )

    @property
    def promise(self) -> Promise:
        """What the promise of false pages about the loss rests on now."""
        return promise_of(self._reference, self._rows, self._evidence.live)

    @property
    def doubled_loss_outcomes(self) -> float:
        """About how many outcomes it takes until a doubled loss pages: an outcome counts for less where live ones depend more."""
        return self._doubled * max(float(self._evidence.live.effects[0]) / self._effect, 1.0)

    def collect(self) -> Iterable[Samples]:
        overall, *by_class = (clamped_log10(value) for value in self._evidence.members.tolist())
        yield self._log10.samples([overall])
        yield self._class_log10.samples(by_class)
        yield self._tolerated
        yield self._doubled_series.samples([self.doubled_loss_outcomes])
        yield self._updates.samples([self._evidence.updates])
        live = self._evidence.live
        effects = [float(live.effects[0]), *[float(live.effects[1:].max(initial=1.0))][: len(live.effects) - 1]]
        yield from self._promise.collect(self.promise, live.since, effects)
        yield self._excluded_outcomes.samples([*self._excluded.values()])

    def snapshot(self) -> Any:
        return {**self._evidence.snapshot(), COUNTERS: dict(self._excluded)}

    def restore(self, state: Any) -> None:
        """Evidence on other losses, or with other tolerances, starts from nothing; the latch stays closed."""
        self._evidence.restore(state)
        self._excluded |= state.get(COUNTERS, {})


def outcomes_of(reference: ReferenceProfile) -> OutcomeSummary:
    """The reference's outcomes; raises :class:`ValueError` where it has none, and nothing can be judged by them."""
    if reference.outcomes is None:
        raise ValueError(f"the reference of model {reference.model} has no labelled rows")
    return reference.outcomes


def why_loss_is_off(reference: ReferenceProfile) -> str:
    """Why no loss can be judged: a reason of ``model_not_evaluable``, empty where one can."""
    if reference.outcomes is None:
        return "reference_without_labels"
    return "few_reference_labels" if reference.outcomes.loss.rows < FEWEST_CLASS_ROWS else ""


@attrs.frozen(eq=False)
class Evident:
    """Which outcomes are evidence; masks of [outcome].

    Those ``counted`` are evidence on the model over its versions; the ``live`` ones among them on the live version, too.
    ``excluded`` are the others by reason (:data:`EXCLUDED`), each with its first, and those that are not live.
    """

    counted: NDArray[np.bool_]
    live: NDArray[np.bool_]
    excluded: Mapping[str, NDArray[np.bool_]]


def evident(alarms: Alarms, outcomes: OutcomeBatch) -> Evident:
    """Which outcomes are evidence on the loss: they count for the first time, and nothing excludes them.

    Outcomes of predictions from broken input are left out. Broken input has a page of its own, and labels come after it is
    repaired: a second page would wake somebody about something that is over.
    """
    left = (outcomes.sign > 0) & ~outcomes.revision
    reasons = {
        "broken_input": alarms["ModelInputBroken"].history.covers(outcomes.time, outcomes.position),
        "unfair_labels": outcomes.unfair,
        "late": outcomes.late,
        "surplus": outcomes.surplus,
    }
    excluded = {}
    for reason, mask in reasons.items():
        if mask is not None:
            excluded[reason] = left & mask
            left = left & ~mask
    live = left.copy()
    if outcomes.superseded is not None:
        excluded["superseded"] = left & outcomes.superseded
        live &= ~outcomes.superseded
    return Evident(left, live, excluded)


def suspected_features(alarms: Alarms, first: int, last: int) -> list[str]:
    """The features that alarms of the inputs were about from one record to another, in the order in which they were told."""
    told = [each for alert in _SUSPECTING for each in alarms[alert].history.told_over(first, last)]
    return [*dict.fromkeys(name for _, names in sorted(told, key=lambda each: each[0]) for name in names)]


def judged_classes(outcomes: OutcomeSummary) -> list[str]:
    """The classes that get evidence of their own: those with enough rows, if the rarest one is rare."""
    rows = outcomes.class_rows
    if len(rows) < 2 or min(rows.values()) >= RARE * sum(rows.values()):
        return []
    return [name for name, number in rows.items() if number >= FEWEST_CLASS_ROWS]


def overall_bets(outcomes: OutcomeSummary, settings: LossSettings, *, binary: bool) -> ScoreBets:
    """Bets that the mean loss has risen."""
    loss = outcomes.loss
    return ScoreBets(
        loss.mean,
        loss.standard_deviation,
        loss.rows,
        design_effect=loss.design_effect,
        tolerance=settings.tolerance,
        relative_tolerance=settings.relative_tolerance,
        margin=_MARGIN,
        binary=binary,
    )


def doubled_loss_outcomes(
    reference: ReferenceProfile, settings: LossSettings, evidence: EvidenceSettings, threshold: float,
    *, rows: float = 1.0, design_effect: float | None = None,
) -> float:  # fmt: skip
    """About how many outcomes it takes until errors that are twice as frequent, or as large, page.

    ``threshold`` is the natural logarithm of the alarm's, ``rows`` how many times as large the reference would be, and
    ``design_effect`` stands in for that of its loss. Infinite where so much is tolerated. Raises :class:`ValueError` without
    labelled rows.
    """
    outcomes = outcomes_of(reference)
    binary = OutcomeLayout.of(reference).classification
    effect = outcomes.loss.design_effect if design_effect is None else design_effect
    loss = msgspec.structs.replace(outcomes.loss, rows=round(outcomes.loss.rows * rows), design_effect=effect)
    bets = overall_bets(msgspec.structs.replace(outcomes, loss=loss), settings, binary=binary)
    nats = threshold - log_update_minutes(reference, outcomes.loss.rows, evidence.update_labels)
    return loss_delay(outcomes, bets, nats, binary=binary)


def class_bets(outcomes: OutcomeSummary, name: str, settings: LossSettings, judged: int) -> ScoreBets:
    """Bets that the error on one class of ``judged`` has risen: the more there are, the more often a reference errs on one."""
    rows = outcomes.class_rows[name]
    error = outcomes.class_errors.get(name, 0) / rows
    return ScoreBets(
        error,
        float(np.sqrt(error * (1 - error))),
        rows,
        design_effect=outcomes.class_design_effects.get(name, outcomes.loss.design_effect),
        tolerance=settings.tolerance,
        relative_tolerance=settings.relative_tolerance,
        margin=-NormalDist().inv_cdf(NormalDist().cdf(-_MARGIN) / judged),
        binary=True,
    )


LOSS = MonitorSpec(
    name="loss",
    title="Loss",
    make=LossMonitor,
    settings=LossSettings,
    applies=why_loss_is_off,
    metrics=_METRICS,
    alarms=(
        AlarmSpec(
            "ModelLossIncreased",
            PAGE,
            summary="The model makes more or larger mistakes than is tolerated.",
            says="Model {model} is worse than it was when it was accepted: the labels that have come say so.",
            first="Did anything change at that time (a release of the model, a data feed, the labels)? If so, roll it back; if "
            "not, use what the service does without the model while its owner decides about retraining.",
            shows=("loss", "relation", "suspected_features"),
            names_features=True,
            panel="model:21",
            counted="outcomes",
        ),
    ),
)
