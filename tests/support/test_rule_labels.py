from __future__ import annotations

import promql_parser
import pytest

from tests.support.rule_labels import alert_labels, labels_of


@pytest.mark.parametrize(
    ("expression", "labels"),
    [
        ("up", ["instance job"]),
        ("sum(up)", [""]),
        ("vector(1) > 0", [""]),
        ("max by (job, model) (up)", ["job"]),
        ("sum without (job) (rate(up[5m]))", ["instance"]),
        ("topk by (job) (1, up) == 0", ["instance job"]),
        ("2 < -up", ["instance job"]),
        ("up / on (job) up", ["job"]),
        ("up / ignoring (job) up", ["instance"]),
        ("up * on (job, instance) group_left (version) model_info", ["instance job version"]),
        ("up unless on (job) model_info", ["instance job"]),
        ('label_replace(up, "model", "x", "", "") or sum(rate(up[5m:1m]))', ["", "instance job model"]),
        ('absent(up{job="a",instance!="b"})', ["job"]),
        ("(time() - 60) - up", ["instance job"]),
        ('count_values("value", up)', ["value"]),
        ('count_values by (job) ("value", up)', ["job value"]),
        ("min by (alertname, alertstate, le) (ALERTS_FOR_STATE)", ["alertname"]),
        ("up * -(2 + 3)", ["instance job"]),
        ("quantile_over_time(0.5, up[1h])", ["instance job"]),
        ("model_latency_seconds_bucket", ["instance job le model"]),
        ("histogram_quantile(0.9, sum by (le, model) (rate(model_latency_seconds_bucket[5m])))", ["model"]),
        ("sum by (alertname, model, alertstate, severity, le) (ALERTS)", ["alertname alertstate model severity"]),
        ('{__name__=~"model:records:rate.+|model_info"}', ["instance job model reference version", "model"]),
        # Recorded, with a label that its rules add, from a series that asks for itself.
        ("model:exporters:count", ["model state"]),
        ("max without (state) (model:exporters:count)", ["model"]),
    ],
)
def test_labels_of_an_expression(expression: str, labels: list[str]) -> None:
    """They are those that Prometheus gives to its series, one set for each alternative."""
    found = sorted(" ".join(sorted(one)) for one in labels_of(promql_parser.parse(expression)))
    assert found == labels


def test_every_alert_has_a_model() -> None:
    """Without one, Alertmanager's inhibitions and groups have nothing to go by."""
    for alert, (_, sets) in alert_labels().items():
        assert sets, alert
        assert all("model" in labels for labels in sets), alert
