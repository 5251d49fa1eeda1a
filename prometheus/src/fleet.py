"""Recording rules for an overview of many models: a few series for each, however many features and replicas it has."""

from __future__ import annotations

from .evidence import EVIDENCE, THRESHOLD
from .rule_files import Record
from .targets import NO_MODEL, TARGETS

__all__ = ["ALERT_STATES", "BLIND", "ENOUGH_OUTCOMES", "FIRING", "LOSS_STATES", "STATES", "fleet_records"]

STATES = {
    4: "nobody watches the model",
    3: "a page fires",
    2: "a ticket fires",
    1: "something cannot be judged",
    0: "nothing was found",
}
"""Meaning of ``model:state:max``, worst first."""

BLIND = "ModelExporterDown|ModelExporterAbsent|ModelExporterInputDown"
"""The pages that say that nobody watches a model."""

LOSS_STATES = {
    2: "beyond what is tolerated, with all of its 95 % interval",
    1: "above it, which may be chance",
    0: "below",
}
"""Meaning of ``model:loss_state:max``. No alert looks at it: evidence decides."""

ENOUGH_OUTCOMES = 100
"""The shortest window with as many outcomes is the one of an overview."""

ALERT_STATES = "model:alert_state:max"
"""Every alert about a model that fires, by evidence or as a fact, and how bad it is, as ``model:state:max`` has it."""

FIRING = "model:alert_firing:top"
"""The worst of them, one for each model."""

_SINCE = "model:alert_since_timestamp_seconds:min"
_NOT_EVALUABLE = "ModelDriftNotEvaluable"
_LATEST = "1e11"
"""Later than any time in seconds."""


def fleet_records() -> list[Record]:
    """What needs attention and since when, the worst features, the loss in one window, the newest label."""
    return [*_features(), *_alerts(), *_state(), *_loss()]


def _features() -> list[Record]:
    psi = "model_reference_feature:feature_psi:reference1h"
    floor = "model_reference_feature:feature_psi_noise_floor:reference1h"
    excess = f"max by (model, feature) ({psi} - {floor})"
    return [
        Record("model:feature_psi_excess:max1h", f"max by (model) ({psi} - {floor})"),
        # By evidence, as alerts name features. An hour's PSI also has the hour of the day in it, and the luck of few records.
        Record(
            "model_feature:feature_psi_excess:top1h",
            f"    {excess}\n  and on (model, feature)\n    topk by (model) (1, model_feature:drift_evidence:log10)\n"
            f"or on (model)\n  topk by (model) (1, {excess})",
        ),
    ]


_FIRING = f'ALERTS{{alertstate="firing",model!="{NO_MODEL}"'
_OF_ALERT = "model, alert, severity"


def _alerts() -> list[Record]:
    decided = f"{EVIDENCE} >= {THRESHOLD}"
    return [
        # What decides alerts by evidence is newer than ALERTS, by an evaluation.
        Record(
            ALERT_STATES,
            f"max by ({_OF_ALERT}) (\n"
            f'    ({EVIDENCE}{{severity="page"}} >= bool {THRESHOLD}) * 3 > 0\n'
            "  or\n"
            f'    ({EVIDENCE}{{severity="ticket"}} >= bool {THRESHOLD}) * 2 > 0\n'
            "  or\n"
            "    label_replace(\n"
            f'          {_FIRING},alertname=~"{BLIND}"}} * 4\n'
            "        or\n"
            f'          {_FIRING},severity="page"}} * 3\n'
            "        or\n"
            f'          {_FIRING},severity="ticket",alertname!="{_NOT_EVALUABLE}"}} * 2\n'
            "        or\n"
            f'          {_FIRING},alertname="{_NOT_EVALUABLE}"}},\n'
            '      "alert", "$1", "alertname", "(.*)"\n'
            "    )\n"
            ")",
        ),
        Record(
            _SINCE,
            "  (\n"
            "      model:alert_onset_timestamp_seconds:min\n"
            "    and\n"
            f"      {decided}\n"
            "  )\n"
            f"or on ({_OF_ALERT})\n"
            f"  min by ({_OF_ALERT}) (\n"
            "    label_replace(\n"
            f'        ALERTS_FOR_STATE{{model!="{NO_MODEL}"}} and ignoring (alertstate) {_FIRING}}},\n'
            '      "alert", "$1", "alertname", "(.*)"\n'
            "    )\n"
            "  )",
        ),
        # Of the worst, the one that began first: nearest to the cause, and always the same one.
        Record(
            FIRING,
            f"  {ALERT_STATES}\n"
            f"and on ({_OF_ALERT})\n"
            f"  topk by (model) (1, {ALERT_STATES} * {_LATEST} - on ({_OF_ALERT}) {_SINCE})",
        ),
    ]


def _state() -> list[Record]:
    return [
        Record(
            "model:state:max",
            "max by (model) (\n"
            f"    {ALERT_STATES}\n"
            "  or\n"
            "    model:verdict:max\n"
            "  or\n"
            # Its exporter is gone since a few minutes, too few for the alert that says so.
            f'    group by (model) ({TARGETS}{{model!="{NO_MODEL}"}}) unless on (model) model:verdict:max\n'
            ")",
        ),
        # Of the worst alert only: a drift of last month is not the beginning of tonight's page.
        Record("model:state_since_timestamp_seconds:min", f"min by (model) ({_SINCE} and on ({_OF_ALERT}) {FIRING})"),
    ]


def _loss() -> list[Record]:
    outcomes, chosen = "model_window:performance_labels:sum", "model_window:performance_labels:recent"
    recent, tolerated = "model_loss:loss_mean:recent", "model_loss:loss_tolerated_mean:max"
    least = "model_loss:loss_mean_lower_bound:recent"

    def of_chosen(metric: str) -> str:
        return f"max by (model, loss) (model_loss_window:{metric}:mean and on (model, window) {chosen})"

    return [
        Record(outcomes, "sum by (model, window) (model_performance_labels)"),
        # What is now, and not how it was on average since yesterday.
        Record(
            chosen,
            f"bottomk by (model) (1, {outcomes} >= {ENOUGH_OUTCOMES}) or on (model) topk by (model) (1, {outcomes} > 0)",
        ),
        Record(recent, of_chosen("loss_mean")),
        Record(least, of_chosen("loss_mean_lower_bound")),
        # Of several judged losses, the one nearest to what is tolerated, or furthest beyond.
        Record("model_loss:loss_of_tolerated:top", f"topk by (model) (1, {recent} / on (model, loss) {tolerated})"),
        Record(
            "model:loss_state:max",
            "max by (model) (\n"
            f"    ({recent} > bool on (model, loss) {tolerated})\n"
            "  + on (model, loss)\n"
            f"    ({least} > bool on (model, loss) {tolerated})\n"
            ")",
        ),
        Record("model:label_last_timestamp_seconds:max", "max by (model) (model_label_last_timestamp_seconds)"),
    ]
