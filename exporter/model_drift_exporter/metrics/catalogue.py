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
    without ``le``; ``group`` is the heading in docs/metrics.md.
    """

    name: str
    type: MetricType
    help: str
    labels: tuple[str, ...]
    group: str


CATALOGUE: dict[str, Metric] = {}
"""By name, in the order of exposition."""


def _add(group: str, type: MetricType, name: str, labels: str, help: str) -> None:
    CATALOGUE[name] = Metric(name, type, help, tuple(labels.split()), group)


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
    _add(_group, "counter", f"model_{_role}_observations_total", f"{_labels} bin", f"Observations of {_whose} by bin.")
    _add(_group, "gauge", f"model_{_role}_reference_observations", f"{_labels} bin{_bounds}", f"Reference rows of {_whose} by bin.")
    _add(_group, "gauge", f"model_{_role}_reference_bin_mean", f"{_labels} bin", f"Reference mean of {_whose} in each numeric bin.")
    if _role != "feature":
        _help = f"Upper edge of each numeric bin of {_whose}, where the next one begins."
        _add(_group, "gauge", f"model_{_role}_reference_bin_upper_bound", f"{_labels} bin", _help)
    _add(_group, "gauge", f"model_{_role}_reference_standard_deviation", _labels, f"Standard deviation of {_whose} in the reference.")
    _add(_group, "gauge", f"model_{_role}_window_observations", f"{_labels} window", f"Observations of {_whose} in the window.")
    for _name, _help in _SHARES.items():
        if (_role, _name) != ("score", "unseen_ratio"):  # a score is always a number
            _add(_group, "gauge", f"model_{_role}_{_name}", f"{_labels} window", _help)
    for _statistic in STATISTICS:
        _compared, _name = f"{_labels} window baseline", f"model_{_role}_{_statistic.name}"
        _add(_group, "gauge", _name, _compared, _statistic.help)
        if _statistic.noise_floor is not None:
            _help = f"Expected {_statistic.name} without any drift, for this many observations."
            _add(_group, "gauge", f"{_name}_noise_floor", _compared, _help)
_add("Predictions", "gauge", "model_prediction_class_ratio", "model class window", "Share of predictions of a class in the window.")
_add("Predictions", "gauge", "model_prediction_class_reference_ratio", "model class", "Share of predictions of a class in the reference.")

_CONFIDENCE = "Confidence"
for _name, _what in (
    ("confidence", "Probability of the top class"),
    (
        "margin",
        "Distance of the score to the decision threshold (lead of the top class over the second, with more than two)",
    ),
    ("entropy", "Entropy of the class probabilities as a share of the largest possible"),
):
    _add(_CONFIDENCE, "histogram", f"model_{_name}", "model", f"{_what}.")
    _add(_CONFIDENCE, "gauge", f"model_{_name}_reference_observations", "model bin lower upper", "Reference rows by bin.")
    _add(_CONFIDENCE, "gauge", f"model_{_name}_reference_mean", "model", "Mean in the reference.")

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
_add(_HEALTH, "gauge", f"{_own}scrape_duration_seconds", "", "Time that the scrape before this one took to collect its samples.")
_add(_HEALTH, "gauge", "process_start_time_seconds", "", "Start of the process.")
_add(_HEALTH, "counter", "process_cpu_seconds_total", "", "User and system CPU time of the process.")
_add(_HEALTH, "gauge", "process_resident_memory_bytes", "", "Resident memory of the process.")
