"""The table of all figures of performance."""

from __future__ import annotations

from pathlib import Path

from grafana.src.model.figures import NAMES
from model_drift_exporter.service.catalogue import CATALOGUE
from tests.grafana.model_queries import TARGETS, model_query
from tests.support.promtool import check_values
from tests.support.rule_series import series


def test_no_figure_is_forgotten() -> None:
    """Every metric that has a reference, an interval and no panel of its own is a row."""
    ends = ("", "_lower_bound", "_upper_bound", "_reference")
    named = {
        name.removeprefix("model_").removesuffix("_lower_bound") for name in CATALOGUE if name.endswith("_lower_bound")
    }
    complete = {name for name in named if all(f"model_{name}{end}" in CATALOGUE for end in ends)}
    assert set(NAMES) == complete


def test_replicas_count_by_their_outcomes(tmp_path: Path) -> None:
    """One with thrice the outcomes has thrice the weight; the reference is the same in both."""
    inputs = []
    for target, outcomes, value in (("a", 300, 0.9), ("b", 100, 0.5)):
        own = {"model": "credit", **TARGETS[target]}
        inputs += [
            series("model_performance_labels", f"{outcomes}x10", window="24h", **own),
            series("model_accuracy", f"{value}x10", window="24h", **own),
            series("model_recall", f"{value}x10", window="24h", **{"class": "yes"}, **own),
            series("model_recall_lower_bound", f"{value - 0.1}x10", window="24h", **{"class": "yes"}, **own),
            series("model_recall_reference", "0.85x10", **{"class": "yes"}, **own),
            series("model_accuracy", "0.1x10", window="1h", **own),
        ]
    recall = '{class="yes", figure="recall"}'
    expected = {
        model_query(60): {'{figure="accuracy"}': 0.8, recall: 0.8},
        model_query(60, "B"): {recall: 0.7},
        model_query(60, "D"): {recall: 0.85},
    }
    check_values(tmp_path, inputs, expected, at="5m", files=["settings.yml"])
