"""Every performance metric that is exported, as an estimate with its 95 % interval from sums over outcomes.

A new one is an entry of ``PERFORMANCE_METRICS``. The monitor's series, their documentation, what a reference holds of it, and the
dashboard's table of figures follow.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any, Generic, TypeVar

import attrs

from .intervals import Estimate, balanced_interval, mean_interval, ratio_interval, wilson_interval
from .layout import FloatArray
from .performance_sums import (
    AllClasses,
    BoundedErrors,
    ClassificationTally,
    DesignEffects,
    OneClass,
    ProbabilityLosses,
    RegressionSums,
    RegressionTally,
    ScoreRanks,
)
from .ranks import average_precision, roc_auc
from .tally import IntegerArray

__all__ = ["BOUNDED_ERROR", "PERFORMANCE_METRICS", "PerformanceMetric", "estimates", "keys"]

BOUNDED_ERROR = "bounded_absolute_error"
"""The regression loss on which a page fires: min(1, absolute error / scale)."""

Sums = TypeVar("Sums")


@attrs.frozen
class PerformanceMetric(Generic[Sums]):
    """One metric: ``model_<name>``, the ends of its interval, and its value in the reference.

    ``title`` is its row in the table of figures, and ``help`` says what it is, without a full stop. ``of`` is the kind of sums
    that ``estimate`` gets. So it says for which models there is the metric, and :class:`OneClass` that it has a label ``class``.
    ``estimate`` gives ``None`` where the metric is not defined. Mean losses are one metric with the label ``loss``: they share
    name, title and help, and have the name of a loss.
    """

    name: str
    title: str
    help: str
    of: type[Sums]
    estimate: Callable[[Sums], Estimate | None]
    loss: str = ""

    @property
    def label(self) -> str:
        """The label between model and window, or nothing."""
        return "loss" if self.loss else "class" if self.of is OneClass else ""


def _accuracy(sums: AllClasses) -> Estimate:
    right = sum(each.hits for each in sums.classes)
    return wilson_interval(right / sums.rows, sums.rows / sums.design_effect)


def _balanced_accuracy(sums: AllClasses) -> Estimate | None:
    present = [(each.hits / each.actual, each.actual / each.design_effect) for each in sums.classes if each.actual]
    return balanced_interval(present) if present else None


def _precision(sums: OneClass) -> Estimate | None:
    return wilson_interval(sums.hits / sums.said, sums.said / sums.design_effect) if sums.said else None


def _recall(sums: OneClass) -> Estimate | None:
    return wilson_interval(sums.hits / sums.actual, sums.actual / sums.design_effect) if sums.actual else None


def _f1_score(sums: OneClass) -> Estimate | None:
    either = sums.actual + sums.said - sums.hits
    if not either:
        return None
    # F1 = 2 J / (1 + J) for Jaccard's J, the share of hits among all that were of the class or said to be.
    jaccard = wilson_interval(sums.hits / either, either / sums.design_effect)
    return Estimate(*(2 * share / (1 + share) for share in (jaccard.value, jaccard.lower, jaccard.upper)))


def _roc_auc(sums: ScoreRanks) -> Estimate | None:
    both = sums.positive.any() and sums.negative.any()
    return roc_auc(sums.positive, sums.negative, sums.design_effect) if both else None


def _average_precision(sums: ScoreRanks) -> Estimate | None:
    return average_precision(sums.positive, sums.negative, sums.design_effect) if sums.positive.any() else None


def _probability_loss(loss: str) -> Callable[[ProbabilityLosses], Estimate]:
    return lambda sums: mean_interval(*sums.sums[loss], sums.rows, sums.effects.loss(loss)).within(0.0)


def _absolute_error(sums: RegressionSums) -> Estimate:
    effect = sums.effects.loss("absolute_error")
    return mean_interval(sums.absolute, sums.square, sums.rows, effect).within(0.0).scaled(sums.scale)


def _square(sums: RegressionSums) -> Estimate:
    """In units of the scale's square, which may be too large for what becomes of it."""
    return mean_interval(sums.square, sums.fourth, sums.rows, sums.effects.loss("squared_error")).within(0.0)


def _root_mean_squared_error(sums: RegressionSums) -> Estimate:
    square = _square(sums)
    return Estimate(*(math.sqrt(end) for end in (square.value, square.lower, square.upper))).scaled(sums.scale)


def _relative_error(sums: RegressionSums) -> Estimate | None:
    if not sums.size > 0:
        return None
    squares = (sums.square, sums.size_absolute, sums.size_squares)
    effect = sums.effects.loss("absolute_error")
    return ratio_interval(sums.absolute, sums.size, squares, sums.rows, effect).within(0.0)


def _r2_score(sums: RegressionSums) -> Estimate | None:
    second, third, power = sums.offset_squares, sums.offset_cubes, sums.offset_fourths
    mean = sums.offset / sums.rows
    variation = second - sums.offset * mean  # sum of squares of the labels around their own mean
    if variation <= 1e-12 * second:
        return None
    powers = power - 4 * mean * third + 6 * mean**2 * second - 3 * mean**3 * sums.offset
    products = sums.square_offset_squares - 2 * mean * sums.square_offset + mean**2 * sums.square
    squares = (sums.fourth, products, powers)
    effect = sums.effects.loss("squared_error")
    return ratio_interval(sums.square, variation, squares, sums.rows, effect).within(0.0).complement()


def _bias(sums: RegressionSums) -> Estimate:
    return mean_interval(sums.error, sums.square, sums.rows, sums.effects.overall).scaled(sums.scale)


def _bounded_error(sums: BoundedErrors) -> Estimate:
    return mean_interval(sums.total, sums.squares, sums.rows, sums.design_effect).within(0.0, 1.0)


def _mean_loss(loss: str, of: type[Sums], estimate: Callable[[Sums], Estimate | None]) -> PerformanceMetric[Sums]:
    return PerformanceMetric("loss_mean", "Mean loss", "Mean loss", of, estimate, loss)


PERFORMANCE_METRICS: tuple[PerformanceMetric[Any], ...] = (
    _mean_loss("zero_one", AllClasses, lambda sums: _accuracy(sums).complement()),
    _mean_loss("log_loss", ProbabilityLosses, _probability_loss("log_loss")),
    _mean_loss("brier", ProbabilityLosses, _probability_loss("brier")),
    _mean_loss("absolute_error", RegressionSums, _absolute_error),
    _mean_loss("squared_error", RegressionSums, lambda sums: _square(sums).scaled(sums.scale**2)),
    _mean_loss(BOUNDED_ERROR, BoundedErrors, _bounded_error),
    PerformanceMetric(
        "precision", "Precision", "Share of the predictions of a class that were right", OneClass, _precision
    ),
    PerformanceMetric("recall", "Recall", "Share of a class that was predicted", OneClass, _recall),
    PerformanceMetric("f1_score", "F1 score", "Harmonic mean of precision and recall", OneClass, _f1_score),
    PerformanceMetric("accuracy", "Accuracy", "Share of right predictions", AllClasses, _accuracy),
    PerformanceMetric(
        "balanced_accuracy",
        "Balanced accuracy",
        "Mean over classes of the share that was recognised",
        AllClasses,
        _balanced_accuracy,
    ),
    PerformanceMetric(
        "roc_auc",
        "ROC AUC",
        "Area under the receiver operating characteristic, over score bins",
        ScoreRanks,
        _roc_auc,
    ),
    PerformanceMetric(
        "average_precision",
        "Average precision",
        "Average precision, over score bins",
        ScoreRanks,
        _average_precision,
    ),
    PerformanceMetric(
        "root_mean_squared_error",
        "Root mean squared error",
        "Root of the mean squared error",
        RegressionSums,
        _root_mean_squared_error,
    ),
    PerformanceMetric(
        "relative_error",
        "Absolute error, of all labels",
        "Sum of absolute errors over the sum of absolute labels",
        RegressionSums,
        _relative_error,
    ),
    PerformanceMetric(
        "r2_score", "R²", "Share of the labels' variance that predictions explain", RegressionSums, _r2_score
    ),
    PerformanceMetric("bias", "Bias: prediction minus label", "Mean of prediction minus label", RegressionSums, _bias),
    PerformanceMetric(
        "pinball_loss",
        "Pinball loss at the median",
        "Mean pinball loss at the median",
        RegressionSums,
        lambda sums: _absolute_error(sums).scaled(0.5),
    ),
)


def keys(tally: ClassificationTally | RegressionTally) -> dict[str, list[tuple[str, ...]]]:
    """For each metric that a tally's outcomes can have, in the order of the table, the labels between model and window."""
    found: dict[str, list[tuple[str, ...]]] = {}
    for metric in PERFORMANCE_METRICS:
        for key in tally.keys.get(metric.of, ()):
            found.setdefault(metric.name, []).append((metric.loss or key,) if metric.label else ())
    return found


def estimates(
    tally: ClassificationTally | RegressionTally, counts: IntegerArray, sums: FloatArray, effects: DesignEffects
) -> dict[str, Estimate]:
    """Estimates by metric, from a tally's total. Undefined ones are left out.

    Metrics by class or by loss have that in their name, for example ``recall/yes`` and ``loss_mean/brier``.
    """
    by_kind = tally.sums(counts, sums, effects)
    found = {}
    for metric in PERFORMANCE_METRICS:
        for key, own in by_kind.get(metric.of, {}).items():
            estimate = metric.estimate(own)
            if estimate is not None:
                which = metric.loss or key
                found[f"{metric.name}/{which}" if which else metric.name] = estimate
    return found
