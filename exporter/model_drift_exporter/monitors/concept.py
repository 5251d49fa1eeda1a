"""Whether the relation of inputs and outcome has changed: the loss at equal scores, and the ticket ``ModelConceptDrift``."""

from __future__ import annotations

import math
from collections.abc import Iterable
from typing import Any

import attrs
import numpy as np
from numpy.typing import NDArray

from ..errors import StateError
from ..evidence.alarm_spec import AlarmSpec
from ..evidence.score_evidence import ScoreEvidence
from ..evidence.settings import TICKET
from ..metrics.metric import Group, Metric, gauge
from ..metrics.samples import Samples, Series
from ..reference.codes import NumericCoder
from ..reference.losses import FEWEST_CLASS_ROWS, bounded_losses
from ..reference.outcome_batch import OutcomeBatch, OutcomeLayout
from ..reference.profile import PREDICTION, OutcomeSummary, ReferenceProfile
from ..statistics.betting.score_bets import ScoreBets
from ..statistics.loss_split import BinLosses, split_change
from ..statistics.tally import Contributions, TallyShape
from ..windows.outcome_windows import WindowSet
from .findings import NOTE, Finding, FindingKind, over
from .loss import LOSS_WORDS, LossSettings, evident, outcomes_of, why_loss_is_off
from .monitor import Monitor, MonitorContext, MonitorSpec

__all__ = ["CONCEPT", "ConceptMonitor"]

Array = NDArray[np.float64]

_FROM_INPUTS = gauge(
    "model_loss_change_from_inputs",
    "model loss window",
    "Part of the change of the mean loss that comes with other scores: the inputs moved.",
    Group.PERFORMANCE,
)
_FROM_RELATION = gauge(
    "model_loss_change_from_relation",
    "model loss window",
    "Part of the change of the mean loss at equal scores: the relation moved.",
    Group.PERFORMANCE,
)
_METRICS: tuple[Metric, ...] = (_FROM_INPUTS, _FROM_RELATION)

_EXPLAINED = ("ModelLossIncreased", "ModelConceptDrift")
_LEAST_SHARE = 1 / 3
"""Of a rise, a part that is smaller explains nothing; as in the texts of the alerts."""
_MARGIN = 2.0
_MIXTURE_OUTCOMES = 500
"""Outcomes after which the mixture of bins that bets allow for is renewed; half of it is then of the newest ones."""


class ConceptMonitor(Monitor):
    """The change of the mean loss in each window, split over score bins, and evidence that its relation part grows.

    For regression the bins are those of the prediction. The evidence is an e-CUSUM on the loss less the reference's of the
    score bin, tolerance as for the loss. The error of the bins' reference losses is part of the null: as it is for the bins in
    the shares of the outcomes before, which are known when the bet is made.
    """

    def __init__(self, context: MonitorContext) -> None:
        reference = context.reference
        self._layout = OutcomeLayout.of(reference)
        self._alarms = context.alarms
        outcomes = outcomes_of(reference)
        self._scale = outcomes.error_scale
        self._rows = np.array(outcomes.score_rows, dtype=np.float64)
        self._losses = np.array(outcomes.score_losses, dtype=np.float64)
        prediction = reference.column(PREDICTION)
        self._coder = None if self._layout.classification or prediction is None else NumericCoder(prediction.edges)
        bins = len(self._rows)
        self._windows = WindowSet(context.windows, TallyShape(bins, bins, 1), 0)
        summary = outcomes.loss
        self._bins = BinLosses.of(self._rows, self._losses, summary.standard_deviation, summary.design_effect)
        self._mixture = self._bins.share.copy()
        self._newest = np.zeros(bins)
        bets = _residual_bets(self._bins, outcomes, context.settings(LossSettings))
        alarm = self._alarms["ModelConceptDrift"]
        self._model = context.model
        loss = self._loss = self._layout.judged_loss
        meaning = [loss, self._scale, self._rows.tolist(), self._losses.tolist()]
        self._evidence = ScoreEvidence(
            [bets], context.evidence.update_labels, alarm, meaning=meaning, over_versions=True
        )
        labels = [(context.model, loss, name) for name in self._windows.names]
        self._from_inputs = Series(_FROM_INPUTS, labels)
        self._from_relation = Series(_FROM_RELATION, labels)

    def judge(self, outcomes: OutcomeBatch) -> None:
        loss = bounded_losses(self._layout, self._scale, outcomes.predicted, outcomes.label)
        bins = outcomes.score_cell.astype(np.int64)
        if self._coder is not None:
            bins = self._coder.codes_of_numbers(outcomes.predicted).astype(np.int64)
        known = np.isfinite(loss) & (bins >= 0) & (bins < len(self._rows))
        rows = Contributions(
            np.empty((outcomes.size, 0), dtype=np.int64),
            np.where(known, bins, -1),
            np.where(known, loss, 0.0)[:, None],
        )
        self._windows.observe(outcomes, rows)
        evidence = evident(self._alarms, outcomes)
        counted = known & evidence.counted
        residual = self._residuals(bins[counted], loss[counted])
        self._evidence.observe(
            outcomes.time[counted],
            outcomes.matured[counted],
            outcomes.position[counted],
            residual[None],
            evidence.live[counted],
        )

    def _residuals(self, bins: NDArray[np.int64], loss: Array) -> Array:
        """Loss less the reference's of the bin, and less what its error there allows beyond that of the reference's mean."""
        residual = loss - self._bins.mean[bins]
        first = 0
        while first < len(bins):
            last = min(first + _MIXTURE_OUTCOMES - int(self._newest.sum()), len(bins))
            residual[first:last] -= self._allowance
            self._newest += np.bincount(bins[first:last], minlength=len(self._newest))
            if self._newest.sum() >= _MIXTURE_OUTCOMES:
                self._mixture = (self._mixture + self._newest / self._newest.sum()) / 2
                self._newest = np.zeros(len(self._newest))
            first = last
        return residual

    @property
    def _allowance(self) -> float:
        return _MARGIN * max(self._bins.error(self._mixture) - self._bins.own_error, 0.0)

    def collect(self) -> Iterable[Samples]:
        parts = [self._split(rows.astype(np.float64), losses) for rows, losses in self._windows.totals()]
        yield self._from_inputs.samples([inputs for inputs, _ in parts])
        yield self._from_relation.samples([relation for _, relation in parts])

    def _split(self, rows: Array, losses: Array) -> tuple[float, float]:
        return split_change(rows, losses[:, 0], self._rows, self._losses)

    def findings(self) -> Iterable[Finding]:
        """While the loss or the relation has an alarm: what has moved, in the shortest window that tells it.

        A part is told if it is a third of the rise or more, and more than chance would do.
        """
        latched = [alarm for alert in _EXPLAINED if (alarm := self._alarms[alert]).active]
        if not latched:
            return
        rises = [
            self._rise(name, *total) for name, total in zip(self._windows.names, self._windows.totals(), strict=True)
        ]
        telling = [each for each in rises if each.of_relation or each.of_inputs]
        if not telling:
            return
        rise = min(telling, key=lambda each: each.outcomes)
        since = min((alarm.onset for alarm in latched if alarm.onset is not None), default=None)
        figures = {"loss_change_from_inputs": rise.inputs, "loss_change_from_relation": rise.relation}
        rose = rise.text(self._loss)
        if rise.of_relation:
            text = (
                f"The relation moved: with the same score, outcomes of model {self._model} are no longer what they were in "
                f"its reference. {rose}"
            )
            yield Finding("relation_moved", NOTE, text, since=since, figures=figures)
        if rise.of_inputs:
            text = f"The inputs moved: more of those cases come in which model {self._model} was always worse. {rose}"
            yield Finding("inputs_moved", NOTE, text, since=since, figures=figures)

    def _rise(self, window: str, counts: NDArray[np.int64], losses: Array) -> _Rise:
        rows = counts.astype(np.float64)
        outcomes, bins = float(rows.sum()), self._bins
        if outcomes < FEWEST_CLASS_ROWS:
            return _Rise(window)
        inputs, relation = self._split(rows, losses)
        share = rows / outcomes
        # Each part has the error of the window's outcomes, and that of the reference's bins.
        between = float(share @ bins.mean**2) - float(share @ bins.mean) ** 2
        return _Rise(
            window,
            outcomes,
            inputs,
            relation,
            inputs_error=math.sqrt(max(between, 0.0) * bins.design_effect / outcomes) + bins.error(share - bins.share),
            relation_error=bins.spread * math.sqrt(bins.design_effect / outcomes) + bins.error(share),
        )

    def snapshot(self) -> Any:
        return {
            "scale": self._scale,
            "windows": self._windows.snapshot(),
            "mixture": self._mixture,
            "newest": self._newest.copy(),
            "evidence": self._evidence.snapshot(),
        }

    def restore(self, state: Any) -> None:
        """Evidence on other losses, or with other tolerances, starts from nothing; the latch stays closed."""
        try:
            mixture, newest = (np.array(state[name], dtype=np.float64) for name in ("mixture", "newest"))
            windows, evidence, scale = state["windows"], state["evidence"], float(state["scale"])
        except (KeyError, TypeError, ValueError) as error:
            raise StateError(f"ModelConceptDrift: the snapshot cannot be read: {error!r}") from error
        same = self._evidence.fits(evidence)
        same_bins = mixture.shape == newest.shape == self._mixture.shape
        if same and not same_bins:
            raise StateError("ModelConceptDrift: the snapshot is of other score bins")
        self._evidence.restore(evidence)
        if same_bins and scale == self._scale:
            self._windows.restore(windows)
        if same:
            self._mixture, self._newest = mixture, newest


@attrs.frozen
class _Rise:
    """The rise of the mean loss in a window, in two parts, each with its standard error; none with too few outcomes."""

    window: str
    outcomes: float = 0.0
    inputs: float = 0.0
    relation: float = 0.0
    inputs_error: float = 0.0
    relation_error: float = 0.0

    @property
    def total(self) -> float:
        return self.inputs + self.relation

    @property
    def of_inputs(self) -> bool:
        """Whether other scores explain the rise."""
        return self._explains(self.inputs, self.inputs_error)

    @property
    def of_relation(self) -> bool:
        """Whether other outcomes at equal scores explain the rise."""
        return self._explains(self.relation, self.relation_error)

    def _explains(self, part: float, error: float) -> bool:
        return self.total > 0.0 and part > max(_LEAST_SHARE * self.total, _MARGIN * error)

    def text(self, loss: str) -> str:
        """The rise and its parts; those of an error rate in percentage points."""
        rate = loss == "zero_one"
        total, inputs, relation = (
            f"{100 * each:.1f}" if rate else f"{each:.3g}" for each in (self.total, self.inputs, self.relation)
        )
        return (
            f"The {LOSS_WORDS[loss]} rose by {total}{' percentage points' if rate else ''} over {over(self.window)}: "
            f"{inputs} with other scores, {relation} at equal scores."
        )


def _residual_bets(bins: BinLosses, outcomes: OutcomeSummary, settings: LossSettings) -> ScoreBets:
    allowed = max(settings.tolerance, settings.relative_tolerance * outcomes.loss.mean)
    return ScoreBets(
        0.0,
        bins.spread,
        bins.rows,
        design_effect=bins.design_effect,
        tolerance=allowed,
        relative_tolerance=0.0,
        margin=_MARGIN,
        lower=-1.0,
    )


def _why_off(reference: ReferenceProfile) -> str:
    scored = sum(reference.outcomes.score_rows) if reference.outcomes is not None else 0
    return why_loss_is_off(reference) or ("no_scores" if scored < FEWEST_CLASS_ROWS else "")


CONCEPT = MonitorSpec(
    name="concept",
    title="Concept drift",
    make=ConceptMonitor,
    settings=LossSettings,
    section="loss",
    applies=_why_off,
    metrics=_METRICS,
    findings=(
        FindingKind(
            "inputs_moved",
            "Other inputs alone make the loss rise, beyond chance: more of the cases come that were always worse.",
            explains=_EXPLAINED,
        ),
        FindingKind(
            "relation_moved",
            "The loss has risen at equal scores, beyond chance: the same cases have other outcomes now.",
            explains=_EXPLAINED,
        ),
    ),
    alarms=(
        AlarmSpec(
            "ModelConceptDrift",
            TICKET,
            summary="With the same score, outcomes are no longer what they were in the model's reference.",
            says="What model {model} has learned no longer holds everywhere: the relation of its inputs and the outcome has "
            "changed, or its labels have.",
            first="Rule out a change in how labels are made; then plan retraining on data since that time.",
            shows=("loss", "relation"),
            panel="model:50",
            counted="outcomes",
        ),
    ),
)
