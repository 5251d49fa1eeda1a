from __future__ import annotations

import re
import sys
from itertools import chain

import pytest

from model_drift_exporter.metrics.metric import Group, Metric, gauge
from model_drift_exporter.service.catalogue import CATALOGUE, catalogue_of

_ALLOWED_LABELS = frozenset(
    (
        *(
            "model",
            "kind",
            "basis",
            "family",
            "time_zone",
            "version",
            "reference",
            "feature",
            "bin",
            "lower",
            "upper",
            "class",
            "window",
            "baseline",
            "segment",
        ),
        *("reason", "input", "loss", "metric", "age", "alert", "severity", "verdict", "advice", "challenger", "python"),
        "certainty",
        "monitor",
    )
)
_METRICS = pytest.mark.parametrize("metric", CATALOGUE.values(), ids=CATALOGUE)


@_METRICS
def test_names_follow_the_conventions(metric: Metric) -> None:
    """A prefix of ours, base units, ``_total`` on counters only, and no suffix that a histogram adds itself."""
    assert re.fullmatch(r"(model|process)_[a-z0-9_]+[a-z0-9]", metric.name)
    assert metric.name.endswith("_total") == (metric.type == "counter")
    assert not metric.name.endswith(("_bucket", "_sum", "_count", "_info_info"))
    assert not re.search(r"_(ms|milliseconds|minutes|percent|kilobytes|mb)(_|$)", metric.name)


@_METRICS
def test_labels_are_those_of_the_design(metric: Metric) -> None:
    """No label beyond the agreed ones, none twice, and ``le`` left to histograms."""
    assert set(metric.labels) <= _ALLOWED_LABELS
    assert len(set(metric.labels)) == len(metric.labels)
    if metric.name.startswith("model_") and not metric.name.startswith("model_drift_exporter_"):
        assert metric.labels[0] == "model"


@_METRICS
def test_help_is_a_sentence(metric: Metric) -> None:
    """Every metric says in one line what it is, and belongs to a group."""
    assert metric.help.endswith(".")
    assert metric.help[0].isupper() or metric.help[0].isdigit() or metric.help.startswith("_")
    assert "\n" not in metric.help
    assert metric.group


def test_two_metrics_of_one_name_are_an_error() -> None:
    """Also where they say the same: one of them has the wrong owner."""
    metric = gauge("model_test_up", "", "Up.", "Tests")
    with pytest.raises(ValueError, match="two metrics are called model_test_up"):
        catalogue_of([metric, metric])


def test_groups_stay_together_in_the_order_of_the_page() -> None:
    """Whoever declares their metrics, in the order given; a group that the page does not know comes last."""
    names = ("own", Group.WINDOWS), ("first", Group.LABELS), ("other", "Else"), ("last", Group.WINDOWS)
    found = catalogue_of(gauge(name, "", "A number.", group) for name, group in names)
    assert [*found] == ["first", "own", "last", "other"]
    assert [*dict.fromkeys(metric.group for metric in CATALOGUE.values())] == [*Group]


def test_no_declared_metric_is_forgotten() -> None:
    """Each constant of a module of the exporter that is a metric, or a table of some, is in the catalogue."""
    modules = [module for name, module in sys.modules.items() if name.startswith("model_drift_exporter.")]
    values = [value for module in modules if "commands" not in module.__name__ for value in vars(module).values()]
    tables = [value.values() for value in values if isinstance(value, dict)]
    declared = {each for each in chain(values, *tables) if isinstance(each, Metric)}
    assert declared == {*CATALOGUE.values()}


def test_keys_are_names() -> None:
    """The table is found by the names that it exports."""
    assert all(name == metric.name for name, metric in CATALOGUE.items())


@pytest.mark.parametrize(
    ("name", "labels"),
    [
        ("model_info", "model version reference"),
        ("model_records_total", "model"),
        ("model_labels_total", "model"),
        ("model_drift_exporter_record_errors_total", "input reason"),
        ("model_feature_observations_total", "model feature bin"),
        ("model_feature_reference_observations", "model feature bin lower upper"),
        ("model_prediction_observations_total", "model bin"),
        ("model_prediction_reference_observations", "model bin"),
        ("model_score_observations_total", "model bin"),
        ("model_score_reference_observations", "model bin"),
        ("model_confidence", "model"),
        ("model_confidence_reference_observations", "model bin lower upper"),
        ("model_feature_psi", "model feature window baseline"),
        ("model_prediction_wasserstein_ratio", "model window baseline"),
        ("model_score_chi2_zscore", "model window baseline"),
        ("model_feature_unseen_ratio", "model feature window"),
        ("model_feature_window_observations", "model feature window"),
        ("model_loss_reference_mean", "model loss"),
    ],
)
def test_the_contract(name: str, labels: str) -> None:
    """Names and labels that dashboards, rules and scripts of others rely on."""
    assert " ".join(CATALOGUE[name].labels) == labels
