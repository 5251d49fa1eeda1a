"""What is exported is looked at: a rule, a dashboard or a runbook asks for each metric, or a table here says why not."""

from __future__ import annotations

import re
from collections.abc import Mapping

from model_drift_exporter.service.catalogue import CATALOGUE
from model_drift_exporter.statistics import STATISTICS
from tests.grafana.dashboard_file import DASHBOARDS
from tests.grafana.examples import good
from tests.grafana.rules.series import rule_metrics, used_metrics
from tests.support.runbooks import PAGES, queries
from tests.test_runbooks import metrics

_STATISTICS = "|".join(each.name for each in STATISTICS)
NOT_SHOWN: Mapping[str, str] = {
    rf"model_(feature|prediction|score)_({_STATISTICS})(_noise_floor)?": "of one replica; dashboards show what the rules "
    "compute from the counts of all replicas",
    r"model_(prediction|score)_(window_observations|(missing|invalid|out_of_range|unseen)_ratio)": "of one replica, too",
    r"model_score_reference_bin_upper_bound": "the confidence is shown instead, which is a function of the score",
    r"model_(margin|entropy)(_reference_observations|_reference_mean)?": "other views of the confidence, which is shown",
    r"model_confidence_reference_mean": "the whole distribution of the reference is shown",
    r"model_latency_seconds": "the service's own metrics tell it better; these ranges are too wide for a quantile",
    r"model_alert_active": "the evidence stands at its threshold for as long, and is shown",
    r"model_alerts_fired_total": "ALERTS says when each of them fired",
    r"model_drift_evidence_log10": "an average over features; that of the alert is shown",
    r"model_(loss_)?evidence_updates_total": "to find out why evidence does not grow",
    r"model_loss_excluded_outcomes_total": "model_not_evaluable says it where they are most, and is shown",
    r"model_(feature|prediction|score|loss)_design_effect": "a constant of the reference, inside the evidence already",
    r"model_(inputs|loss)_live_design_effect": "inside the evidence already; the promise, which is shown, says what it rests on",
    r"model_(copied|burst)_records_total": "the share of copies is shown; to find out why evidence does not grow",
    r"model_reference_doubled_loss_outcomes": "a constant of the reference but for dependence; the page and `profile` say it",
    r"model_season_unknown_slots_ratio": "a finding says it in words, and findings are shown",
    r"model_reference_season_(slots|absent|info)": "a constant of the reference; the runbooks say when to ask for it",
    r"model_labels_(joined_total|repeated_total|waiting)": "coverage and delay are shown, which come of them",
    r"model_predictions_(stored|repeated|unidentified)_total|model_label_store_predictions|model_label_sampling_ratio": "for "
    "those who size the store of predictions",
    r"model_performance_end_timestamp_seconds": "the newest label is shown, from which it follows",
    r"model_window_(records|coverage_ratio)": "the traffic is shown, and its stops are alerts",
    r"model_records_late_total|model_drift_exporter_input_rotations_total": "on the exporter's own page, beside its input",
    r"model_drift_exporter_last_read_timestamp_seconds": "the lag is shown, which is 0 when there is nothing to read",
    r"model_drift_exporter_suppressed_observations_total": "the number of suppressed series is shown",
}
"""Metrics, as regular expressions for whole names, with the reason why nothing asks for them."""


def _unused() -> set[str]:
    """Metrics that no rule, no dashboard and no step of a runbook asks for."""
    runbooks = {name for page in PAGES for query in queries(page) for name in metrics(query)}
    runbooks |= {re.sub(r"_(bucket|count|sum)$", "", name) for name in runbooks}
    return CATALOGUE.keys() - rule_metrics() - used_metrics(DASHBOARDS) - runbooks


def _reasons(name: str) -> list[str]:
    return [pattern for pattern in NOT_SHOWN if re.fullmatch(pattern, name)]


def test_every_metric_is_shown_or_listed() -> None:
    """A metric that nobody looks at is either missing from a panel or not worth its memory."""
    assert sorted(name for name in _unused() if not _reasons(name)) == []


def test_the_list_is_not_longer_than_it_must_be() -> None:
    """Each pattern is about some metric, with a reason of some words; a monitor may come to use one of them."""
    covered = {pattern for name in CATALOGUE for pattern in _reasons(name)}
    assert NOT_SHOWN.keys() - covered == set()
    assert all(len(reason.split()) > 3 for reason in NOT_SHOWN.values())


def test_a_use_is_found_wherever_it_stands() -> None:
    """In panels, annotations and variables; a histogram by any of its parts."""
    assert used_metrics([good()]) == {"model_records_total", "model_info", "model_drift_exporter_build_info"}
    assert {"model_feature_observations_total", "model_feature_missing_ratio"} <= rule_metrics()
