"""Recording rules that merge evidence and loss over the replicas of a model."""

from __future__ import annotations

from .rule_files import Record

__all__ = [
    "EVIDENCE",
    "EXPLANATION",
    "HELD",
    "RISE",
    "THRESHOLD",
    "UNTIL",
    "USUAL",
    "VERDICTS",
    "evidence_records",
    "loss_records",
]

EVIDENCE = "model:alert_evidence:log10"
THRESHOLD = "model:alert_evidence_threshold:log10"
RISE = "model_rise:alert_rise:count"
USUAL = "model:alert_usual_observations:sum"
HELD = "model:alert_held_observations:sum"
UNTIL = "model:alert_held_until_timestamp_seconds:max"

VERDICTS = {3: "a page fires", 2: "a ticket fires", 1: "something cannot be judged", 0: "nothing was found"}
"""Meaning of ``model:verdict:max``."""

EXPLANATION = f"""\
Evidence is averaged as what it is and not as its logarithm: the average of evidence against one null hypothesis is evidence
against it, whatever the replicas have in common. It is read from the last five minutes, so that a failed scrape or a
restart, which the exporter's latch survives, does not announce a recovery.

An alert that has risen a second time while it was held has a label rise, with 2 and so on. So it is another alert, which
notifies, and the one before is resolved. Of replicas that of the most rises counts.

model:verdict:max is {"; ".join(f"{code}: {meaning}" for code, meaning in VERDICTS.items())}.
"""


def evidence_records() -> list[Record]:
    """Evidence, thresholds, onsets and features of all alerts, and the verdict."""
    alert = "model, alert, severity"
    return [
        Record(EVIDENCE, f"log10(avg by ({alert}) (10 ^ last_over_time(model_alert_evidence_log10[5m])))"),
        Record(THRESHOLD, f"max by ({alert}) (last_over_time(model_alert_evidence_threshold_log10[5m]))"),
        # Without a label for the first rise, and for exporters of before that count none.
        Record(
            RISE,
            "  label_replace(\n"
            f'    count_values by ({alert}) ("rise", max by ({alert}) (last_over_time(model_alert_rise[5m]))),\n'
            '    "rise", "", "rise", "[01]"\n'
            "  )\n"
            f"or on ({alert})\n"
            f"  ({THRESHOLD} * 0 + 1)",
        ),
        # Only where all replicas that hold it are back to usual.
        *(
            Record(
                name,
                f"    {operation} by ({alert}) ({metric})\n"
                "  and\n"
                f"    count by ({alert}) (model_alert_usual_observations) == count by ({alert}) (model_alert_active == 1)",
            )
            for name, operation, metric in (
                (USUAL, "sum", "model_alert_usual_observations"),
                (HELD, "sum", "model_alert_held_observations"),
                (UNTIL, "max", "model_alert_held_until_timestamp_seconds"),
            )
        ),
        Record("model:alert_onset_timestamp_seconds:min", f"min by ({alert}) (model_alert_onset_timestamp_seconds)"),
        Record(
            "model_feature:drift_evidence:log10",
            "log10(avg by (model, feature) (10 ^ last_over_time(model_feature_drift_evidence_log10[5m])))",
        ),
        # The features of a latched alert, by their evidence.
        Record(
            "model_feature:alert_feature_evidence:log10",
            "  group by (model, alert, severity, feature, certainty) (model_alert_feature)\n"
            "* on (model, feature) group_left ()\n"
            "  model_feature:drift_evidence:log10",
        ),
        Record(
            "model:verdict:max",
            "max by (model) (\n"
            f'    ({EVIDENCE}{{severity="page"}} >= bool {THRESHOLD}) * 3\n'
            "  or\n"
            f'    ({EVIDENCE}{{severity="ticket"}} >= bool {THRESHOLD}) * 2\n'
            "  or\n"
            "    min by (model, reason) (model_not_evaluable)\n"
            ")",
        ),
    ]


def _weighted(metric: str) -> Record:
    labels = "* on (job, instance, model, window) group_left ()\n    (model_performance_labels > 0)"
    return Record(
        f"model_loss_window:{metric}:mean",
        "  sum by (model, loss, window) (\n"
        f"    model_{metric}\n"
        f"  {labels}\n"
        "  )\n"
        "/\n"
        "  sum by (model, loss, window) (\n"
        f"    (model_{metric} * 0 + 1)\n"
        f"  {labels}\n"
        "  )",
    )


def loss_records() -> list[Record]:
    """Losses, and where their change comes from, weighted by the replicas' outcomes."""
    inputs = "model_loss_window:loss_change_from_inputs:mean"
    relation = "model_loss_window:loss_change_from_relation:mean"
    return [
        Record("model_loss:loss_tolerated_mean:max", "max by (model, loss) (model_loss_tolerated_mean)"),
        Record("model_loss:loss_reference_mean:max", "max by (model, loss) (model_loss_reference_mean)"),
        _weighted("loss_mean"),
        _weighted("loss_mean_lower_bound"),
        _weighted("loss_mean_upper_bound"),
        _weighted("loss_change_from_inputs"),
        _weighted("loss_change_from_relation"),
        # How much of a loss's rise is there at equal scores, in the window where it has risen most.
        Record(
            "model:loss_change_from_relation:ratio",
            f"  {relation}\n"
            "/\n"
            "  (\n"
            "    topk by (model) (\n"
            "      1,\n"
            f"      {inputs} + {relation} and on (model, loss) model_loss:loss_tolerated_mean:max\n"
            "    ) > 0\n"
            "  )",
        ),
    ]
