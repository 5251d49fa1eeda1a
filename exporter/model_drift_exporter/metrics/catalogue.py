"""Every metric that the exporter can export: the one table that the renderer, the documentation and the tests read.

Names and labels are public API: a rename ships with a note in CHANGELOG.md.
"""

from __future__ import annotations

from typing import Literal

import attrs

from ..statistics.registry import STATISTICS

__all__ = ["CATALOGUE", "Metric"]

MetricType = Literal["counter", "gauge", "histogram"]


@attrs.frozen
class Metric:
    """One metric family.

    ``name`` as exposed in the text format (counters end in ``_total``); ``labels`` in the order they are rendered,
    without ``le``; ``group`` is the heading in docs/metrics.md. ``role`` is that of the columns that the series are of, one
    or some for each; empty where they are of the model or of the exporter.
    """

    name: str
    type: MetricType
    help: str
    labels: tuple[str, ...]
    group: str
    role: str = ""


CATALOGUE: dict[str, Metric] = {}
"""By name, in the order of exposition."""


def _add(group: str, type: MetricType, name: str, labels: str, help: str, *, role: str = "") -> None:
    CATALOGUE[name] = Metric(name, type, help, tuple(labels.split()), group, role)


# A table: one metric a line.
# fmt: off
_MODEL = "Models and traffic"
_add(_MODEL, "gauge", "model_info", "model version reference", "1; the version seen last and the fingerprint of the reference.")
_add(_MODEL, "counter", "model_records_total", "model", "Records accepted; model __other__ holds those of models beyond the limit.")
_add(_MODEL, "counter", "model_labels_total", "model", "Label records read (lines with a label and no features).")
_add(_MODEL, "counter", "model_records_late_total", "model", "Records behind the oldest pane: counted, not in windows.")
_add(_MODEL, "counter", "model_records_future_total", "model", "Records more than a day ahead of those before: counted, not followed.")
_add(_MODEL, "counter", "model_records_untimed_total", "model", "Records without a readable time: taken at the clock of their model, or at their arrival while none has had one.")
_add(_MODEL, "counter", "model_version_changes_total", "model", "Times the model version differed from the record before.")
_add(_MODEL, "gauge", "model_last_record_timestamp_seconds", "model", "Event time up to which records were read: now, for the windows.")
_add(_MODEL, "histogram", "model_latency_seconds", "model", "Latency of the model as its records tell it.")

_REFERENCE = "References"
_add(_REFERENCE, "gauge", "model_reference_rows", "model", "Rows that the reference was built from.")
_add(_REFERENCE, "gauge", "model_reference_learned", "model", "1 if the reference was learned from the first live records, 0 if it came from a file.")
_add(_REFERENCE, "gauge", "model_reference_learning_records", "model", "Records learned from so far, while a model has no reference.")
_add(_REFERENCE, "gauge", "model_reference_learning_records_needed", "model", "Records a reference is learned from, while a model has none.")
_add(_REFERENCE, "gauge", "model_reference_features_absent", "model", "Features of the reference that no live record had yet.")
_add(_REFERENCE, "gauge", "model_reference_version_matches", "model", "1 if the version seen last is the one that the reference names, 0 if not; absent if either names none.")
_add(_REFERENCE, "gauge", "model_loss_reference_mean", "model loss", "Mean loss on the labelled rows of the reference.")

_ROLES = {
    "feature": ("Features", "model feature", "this feature"),
    "prediction": ("Predictions", "model", "the predictions"),
    "score": ("Scores", "model", "the score"),
}
_SHARES = {
    "missing_ratio": "Share of missing values (null, absent, NaN) in the window.",
    "invalid_ratio": "Share of values of the wrong type in the window.",
    "out_of_range_ratio": "Share of values outside the reference's range in the window.",
    "unseen_ratio": "Share of values in the window in no bin of their own: unseen in the reference, or too rare there.",
}
for _role, (_group, _labels, _whose) in _ROLES.items():
    _bounds = " lower upper" if _role == "feature" else ""
    _add(_group, "counter", f"model_{_role}_observations_total", f"{_labels} bin", f"Observations of {_whose} by bin.", role=_role)
    _add(_group, "gauge", f"model_{_role}_reference_observations", f"{_labels} bin{_bounds}", f"Reference rows of {_whose} by bin.", role=_role)
    _help = f"Reference mean of {_whose} in each numeric bin; its minimum for __below__, its maximum for __above__."
    _add(_group, "gauge", f"model_{_role}_reference_bin_mean", f"{_labels} bin", _help, role=_role)
    if _role != "feature":
        _help = f"Upper edge of each numeric bin of {_whose}, where the next one begins."
        _add(_group, "gauge", f"model_{_role}_reference_bin_upper_bound", f"{_labels} bin", _help, role=_role)
    _add(_group, "gauge", f"model_{_role}_reference_standard_deviation", _labels, f"Standard deviation of {_whose} in the reference.", role=_role)
    _add(_group, "gauge", f"model_{_role}_window_observations", f"{_labels} window", f"Observations of {_whose} in the window.", role=_role)
    for _name, _help in _SHARES.items():
        if (_role, _name) != ("score", "unseen_ratio"):  # a score is always a number
            _add(_group, "gauge", f"model_{_role}_{_name}", f"{_labels} window", _help, role=_role)
    for _statistic in STATISTICS:
        _compared, _name = f"{_labels} window baseline", f"model_{_role}_{_statistic.name}"
        _add(_group, "gauge", _name, _compared, _statistic.help, role=_role)
        if _statistic.noise_floor is not None:
            _help = f"Expected {_statistic.name} without any drift, for this many observations."
            _add(_group, "gauge", f"{_name}_noise_floor", _compared, _help, role=_role)
_add("Predictions", "gauge", "model_prediction_class_ratio", "model class window", "Share of predictions of a class in the window.", role="prediction")
_add("Predictions", "gauge", "model_prediction_class_reference_ratio", "model class", "Share of predictions of a class in the reference.", role="prediction")

_CONFIDENCE = "Confidence"
for _name, _what in (
    ("confidence", "Probability of the top class"),
    (
        "margin",
        "Distance of the score to the decision threshold (lead of the top class over the second, with more than two)",
    ),
    ("entropy", "Entropy of the class probabilities as a share of the largest possible"),
):
    _add(_CONFIDENCE, "histogram", f"model_{_name}", "model", f"{_what}.", role=_name)
    _add(_CONFIDENCE, "gauge", f"model_{_name}_reference_observations", "model bin lower upper", "Reference rows by bin.", role=_name)
    _add(_CONFIDENCE, "gauge", f"model_{_name}_reference_mean", "model", "Mean in the reference.", role=_name)

_ALERTS = "Evidence and alerts"
_alert = "model alert severity"
_add(_ALERTS, "gauge", "model_alert_active", _alert, "1 while the alert is latched: from the crossing until recovery or re-arming.")
_add(_ALERTS, "gauge", "model_alert_evidence_log10", _alert, "Evidence that decides the alert, as log10; held at its threshold or above while it is latched.")
_add(_ALERTS, "gauge", "model_alert_evidence_threshold_log10", _alert, "Evidence from which the alert fires, as log10: minutes of its part of the false alarm budget.")
_add(_ALERTS, "gauge", "model_alert_onset_timestamp_seconds", _alert, "Event time at which what fired the alert began, as the evidence tells it.")
_add(_ALERTS, "counter", "model_alerts_fired_total", _alert, "Times the alert has fired.")
_add(_ALERTS, "gauge", "model_alert_feature", "model alert severity feature certainty", "1 for each feature that a latched alert is about; certainty is named (by the test) or suspected (the largest evidence only).", role="feature")
_add(_ALERTS, "gauge", "model_feature_drift_evidence_log10", "model feature", "Evidence, as log10, that this feature has left its reference; the average of its bets.", role="feature")
_add(_ALERTS, "gauge", "model_feature_drift_onset_timestamp_seconds", "model feature", "Event time since when the evidence of this feature has grown; absent while there is little.", role="feature")
_add(_ALERTS, "gauge", "model_prediction_drift_evidence_log10", "model", "Evidence, as log10, that the predictions have left their reference.", role="prediction")
_add(_ALERTS, "gauge", "model_score_drift_evidence_log10", "model", "Evidence, as log10, that the score has left its reference.", role="score")
_add(_ALERTS, "gauge", "model_drift_evidence_log10", "model", "Evidence, as log10, that any feature has left its reference: the average over all features.")
_add(_ALERTS, "gauge", "model_drift_evidence_threshold_log10", "model severity", "Whole false alarm budget of a severity in minutes, as log10.")
_add(_ALERTS, "gauge", "model_loss_evidence_log10", "model loss", "Evidence, as log10, that this loss is above what is tolerated.")
_add(_ALERTS, "gauge", "model_class_error_evidence_log10", "model class", "Evidence, as log10, that the error on this class is above what is tolerated.")
_add(_ALERTS, "gauge", "model_loss_tolerated_mean", "model loss", "Largest mean loss that is tolerated: reference, its error, and the tolerance.")
_add(_ALERTS, "counter", "model_evidence_updates_total", "model", "Updates of the evidence on features and outputs.")
_add(_ALERTS, "counter", "model_loss_evidence_updates_total", "model", "Updates of the evidence on the loss.")
_add(_ALERTS, "counter", "model_loss_excluded_outcomes_total", "model", "Outcomes of predictions from broken input: no evidence on the loss, since ModelInputBroken tells of them.")
_add(_ALERTS, "gauge", "model_not_evaluable", "model reason", "1 while something cannot be judged, by reason.")

_DEPENDENCE = "Dependence and seasons"
_add(_DEPENDENCE, "gauge", "model_feature_design_effect", "model feature", "How many dependent records of this feature count as one; 1 if the reference shows no dependence.", role="feature")
_add(_DEPENDENCE, "gauge", "model_prediction_design_effect", "model", "How many dependent predictions count as one.", role="prediction")
_add(_DEPENDENCE, "gauge", "model_score_design_effect", "model", "How many dependent scores count as one.", role="score")
_add(_DEPENDENCE, "gauge", "model_loss_design_effect", "model loss", "How many dependent losses count as one.")
_add(_DEPENDENCE, "gauge", "model_reference_season_slots", "model", "Slots of the season that the reference is split into: 24 hours of a day, 168 of a week, or 0.")
_add(_DEPENDENCE, "gauge", "model_reference_season_absent", "model reason", "1 for the reason why the reference has no season slots.")

_LABELS = "Labels"
_add(_LABELS, "counter", "model_labels_joined_total", "model", "Labels that found their prediction.")
_add(_LABELS, "counter", "model_labels_revised_total", "model", "Labels that changed the label of a prediction.")
_add(_LABELS, "counter", "model_labels_repeated_total", "model", "Labels that said again what was known.")
_add(_LABELS, "counter", "model_labels_rejected_total", "model reason", "Labels that cannot be used, by reason.")
_add(_LABELS, "counter", "model_labels_unmatched_total", "model", "Labels whose prediction never came, or has expired.")
_add(_LABELS, "gauge", "model_labels_waiting", "model", "Labels that wait for their prediction.")
_add(_LABELS, "counter", "model_predictions_stored_total", "model", "Predictions that were kept to wait for their label.")
_add(_LABELS, "counter", "model_predictions_repeated_total", "model", "Predictions whose identifier was known already; the first one counts.")
_add(_LABELS, "counter", "model_predictions_unidentified_total", "model", "Predictions without an identifier or label, which no label can find.")
_add(_LABELS, "gauge", "model_label_store_predictions", "model", "Predictions that wait for a label or for its revision.")
_add(_LABELS, "gauge", "model_label_sampling_ratio", "model", "Share of the predictions that are kept for their labels, chosen by identifier.")
_add(_LABELS, "gauge", "model_label_coverage_ratio", "model age", "Share of the predictions of an age that have their label.")
_add(_LABELS, "gauge", "model_prediction_class_label_coverage_ratio", "model class", "Share of the mature predictions of a class that have their label.")
_add(_LABELS, "histogram", "model_label_delay_seconds", "model", "Time from a prediction to its label.")
_add(_LABELS, "gauge", "model_label_last_timestamp_seconds", "model", "Event time of the newest label.")
_add(_LABELS, "gauge", "model_label_maturity_seconds", "model", "Age from which a prediction's outcome counts.")

_PERFORMANCE = "Realised performance"
_add(_PERFORMANCE, "gauge", "model_performance_labels", "model window", "Matured outcomes in the window.")
_add(_PERFORMANCE, "gauge", "model_performance_end_timestamp_seconds", "model", "Event time up to which outcomes are mature: where the windows of performance end.")
for _name, _labels, _help in (
    ("loss_mean", "loss", "Mean loss"),
    ("accuracy", "", "Share of right predictions"),
    ("balanced_accuracy", "", "Mean over classes of the share that was recognised"),
    ("precision", "class", "Share of the predictions of a class that were right"),
    ("recall", "class", "Share of a class that was predicted"),
    ("f1_score", "class", "Harmonic mean of precision and recall"),
    ("roc_auc", "", "Area under the receiver operating characteristic, over score bins"),
    ("average_precision", "", "Average precision, over score bins"),
    ("root_mean_squared_error", "", "Root of the mean squared error"),
    ("relative_error", "", "Sum of absolute errors over the sum of absolute labels"),
    ("r2_score", "", "Share of the labels' variance that predictions explain"),
    ("bias", "", "Mean of prediction minus label"),
    ("pinball_loss", "", "Mean pinball loss at the median"),
):
    _own_labels = f"model {_labels}".strip()
    _add(_PERFORMANCE, "gauge", f"model_{_name}", f"{_own_labels} window", f"{_help}, in the window.")
    _add(_PERFORMANCE, "gauge", f"model_{_name}_lower_bound", f"{_own_labels} window", f"{_help}: lower end of its 95 % interval.")
    _add(_PERFORMANCE, "gauge", f"model_{_name}_upper_bound", f"{_own_labels} window", f"{_help}: upper end of its 95 % interval.")
    if _name != "loss_mean":
        _add(_PERFORMANCE, "gauge", f"model_{_name}_reference", _own_labels, f"{_help}, in the reference.")
_add(_PERFORMANCE, "gauge", "model_loss_change_from_inputs", "model loss window", "Part of the change of the mean loss that comes with other scores: the inputs moved.")
_add(_PERFORMANCE, "gauge", "model_loss_change_from_relation", "model loss window", "Part of the change of the mean loss at equal scores: the relation moved.")

_WINDOW = "Windows"
_add(_WINDOW, "gauge", "model_window_records", "model window", "Records in the window.")
_add(_WINDOW, "gauge", "model_window_coverage_ratio", "model window", "Share of the window that holds data: panes, or records of those wanted.")

_HEALTH = "The exporter itself"
_own = "model_drift_exporter_"
_add(_HEALTH, "gauge", f"{_own}build_info", "version python", "1; version of the exporter and of Python.")
_add(_HEALTH, "counter", f"{_own}record_errors_total", "input reason", "Lines rejected, by reason; what is lost of a damaged archive or body, or of a body beyond its limit, counts as one.")
_add(_HEALTH, "gauge", f"{_own}input_up", "input", "1 if the input can be read, 0 if not.")
_add(_HEALTH, "counter", f"{_own}input_bytes_total", "input", "Bytes read.")
_add(_HEALTH, "gauge", f"{_own}input_lag_bytes", "input", "Bytes known to exist and not read yet.")
_add(_HEALTH, "gauge", f"{_own}input_lag_seconds", "input", "Seconds since the input was last caught up; 0 when it is.")
_add(_HEALTH, "gauge", f"{_own}input_files", "input", "Files being followed.")
_add(_HEALTH, "counter", f"{_own}input_rotations_total", "input", "Files replaced by a new one.")
_add(_HEALTH, "counter", f"{_own}input_truncations_total", "input", "Files truncated while they were read.")
_add(_HEALTH, "counter", f"{_own}input_open_errors_total", "input", "Failed attempts to open or read a file.")
_add(_HEALTH, "counter", f"{_own}input_dropped_total", "input", "Requests refused because the queue was full.")
_add(_HEALTH, "gauge", f"{_own}input_queue_bytes", "input", "Bytes waiting in the queue.")
_add(_HEALTH, "gauge", f"{_own}last_read_timestamp_seconds", "", "Wall-clock time when data was last read.")
_add(_HEALTH, "gauge", f"{_own}unknown_features", "", "Features in the log that no reference has.")
_add(_HEALTH, "gauge", f"{_own}series", "model", "Time series exported for a model.")
_add(_HEALTH, "gauge", f"{_own}series_suppressed", "model", "Time series not exported because of limits.series_per_model.")
_add(_HEALTH, "counter", f"{_own}suppressed_observations_total", "model", "Observations of features whose series are suppressed.")
_add(_HEALTH, "gauge", f"{_own}config_last_reload_successful", "", "1 if the last (re)load of the configuration succeeded.")
_add(_HEALTH, "gauge", f"{_own}config_last_reload_success_timestamp_seconds", "", "When the configuration was last loaded.")
_add(_HEALTH, "gauge", f"{_own}snapshot_timestamp_seconds", "", "When the state was last saved.")
_add(_HEALTH, "gauge", f"{_own}snapshot_bytes", "", "Size of the last snapshot of the state.")
_add(_HEALTH, "counter", f"{_own}snapshot_errors_total", "", "Snapshots that could not be written.")
_add(_HEALTH, "gauge", f"{_own}snapshot_restored", "", "1 if this process went on from a snapshot, 0 if it started anew.")
_add(_HEALTH, "gauge", f"{_own}scrape_duration_seconds", "", "Time that the scrape before this one took to collect its samples.")
_add(_HEALTH, "gauge", "process_start_time_seconds", "", "Start of the process.")
_add(_HEALTH, "counter", "process_cpu_seconds_total", "", "User and system CPU time of the process.")
_add(_HEALTH, "gauge", "process_resident_memory_bytes", "", "Resident memory of the process.")
