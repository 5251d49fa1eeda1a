from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import promql_parser
import pytest

from model_drift_exporter.monitors import ALARMS
from model_drift_exporter.service.catalogue import CATALOGUE
from tests.support.rule_series import rules

_GROUPS = [group for file in rules().values() for group in file["groups"]]
_RULES = [rule for group in _GROUPS for rule in group["rules"]]
_RECORDS = [rule for rule in _RULES if "record" in rule]
_ALERTS = {rule["alert"]: rule for rule in _RULES if "alert" in rule}
_RECORDED = {rule["record"] for rule in _RECORDS}
_OF_ALERTS = {"alertname", "severity", "model"}
_OF_PROMETHEUS = {
    "up": {"job", "instance"},
    "ALERTS": {*_OF_ALERTS, "alertstate"},
    "ALERTS_FOR_STATE": _OF_ALERTS,
}
_LEVELS = {"job", "instance", "model", "reference", "feature", "bin", "loss", "window", "drift", "rise"}
_COMPARISONS = {"==", "!=", ">", "<", ">=", "<="}
_CHILDREN = ("lhs", "rhs", "expr", "param", "vector_selector", "vs", "args")


def _nodes(node: Any) -> Iterator[Any]:
    """A parsed expression and all below it."""
    yield node
    for name in _CHILDREN:
        child = getattr(node, name, None)
        for each in child if isinstance(child, list) else [child]:
            if each is not None:
                yield from _nodes(each)


def _queries(text: str) -> list[str]:
    """The expressions that an annotation asks Prometheus, with something in the place of the model's name."""
    asked = re.findall(r"query \(printf `([^`]*)`", text) + re.findall(r'query "([^"]*)"', text)
    assert len(asked) == len(re.findall(r"\bquery [(\"$.`]", text)), text
    return [expression.replace("%q", '"name"') for expression in asked]


def _expressions() -> Iterator[str]:
    for rule in _RULES:
        yield rule["expr"]
        for text in rule.get("annotations", {}).values():
            yield from _queries(text)


_SELECTORS = sorted(
    {
        (str(node.name), tuple(sorted((matcher.name, matcher.value) for matcher in node.matchers.matchers)))
        for expression in _expressions()
        for node in _nodes(promql_parser.parse(expression))
        if isinstance(node, promql_parser.VectorSelector)
    }
)


def _known(name: str, labels: set[str]) -> bool:
    if name in CATALOGUE:
        return labels <= {*CATALOGUE[name].labels, "job", "instance"}
    if name in _OF_PROMETHEUS:
        return labels <= _OF_PROMETHEUS[name]
    level = name.partition(":")[0].split("_")
    return name in _RECORDED and (labels & {"model", "feature", "bin", "loss"}) <= set(level)


def test_every_series_that_a_rule_asks_for_exists() -> None:
    """It is in the exporter's catalogue with these labels, recorded by another rule, or Prometheus' own."""
    asked = ((name, {label for label, _ in matchers}) for name, matchers in _SELECTORS)
    assert [selector for selector in asked if not _known(*selector)] == []


def test_the_search_for_series_finds_some() -> None:
    """The tests above look at what they should: raw and recorded series, in expressions and in annotations."""
    names = {name for name, _ in _SELECTORS}
    assert names >= {"up", "model_alert_feature", "model:alert_evidence:log10", "model_drift:grafana:info"}
    assert "model_drift_exporter_record_errors_total" in names


def test_recorded_series_are_called_level_metric_operation() -> None:
    """The level is made of labels, so that a reader knows what a series is about."""
    for name in _RECORDED:
        level, metric, operation = name.split(":")
        assert set(level.split("_")) <= _LEVELS, name
        assert re.fullmatch(r"[a-z][a-z0-9_]*", metric), name
        assert re.fullmatch(r"[a-z][a-z0-9]*", operation), name


@pytest.mark.parametrize("alert", sorted(_ALERTS))
class TestAlert:
    def test_it_compares(self, alert: str) -> None:
        """An alert without a comparison always fires."""
        nodes = _nodes(promql_parser.parse(_ALERTS[alert]["expr"]))
        binary = [node for node in nodes if isinstance(node, promql_parser.BinaryExpr)]
        filters = [node for node in binary if str(node.op) in _COMPARISONS]
        assert [node for node in filters if node.modifier is None or not node.modifier.return_bool]

    def test_its_labels_are_static(self, alert: str) -> None:
        """The severity is one of three, and nothing that changes is a label: it would be another alert each time."""
        assert _ALERTS[alert]["labels"].keys() == {"severity"}
        assert _ALERTS[alert]["labels"]["severity"] in {"page", "ticket", "none"}

    def test_its_annotations_are_complete(self, alert: str) -> None:
        """A summary of one static sentence, a description with the model, a runbook of its own and a dashboard."""
        annotations = _ALERTS[alert]["annotations"]
        assert annotations.keys() == {"summary", "description", "runbook_url", "dashboard_url", "panel_url"}
        assert re.fullmatch(r"[A-Z][^{}\n]*\.", annotations["summary"])
        assert "$labels.model" in annotations["description"] or alert == "Watchdog"
        assert annotations["runbook_url"].endswith(f"/docs/runbooks/{alert}.md")
        for url in (annotations["dashboard_url"], annotations["panel_url"]):
            assert re.search(r"/d/model-drift-(fleet|model|feature|exporter)/\1\?var-model=", url)
        assert re.search(r"&viewPanel=\d+(\{\{ end \}\})?$", annotations["panel_url"])

    def test_it_is_tested(self, alert: str) -> None:
        """A file of ``tests/system/prometheus`` holds a test of its firing, with exact labels and annotations.

        That of the exporter's alarms is one for all of them.
        """
        tests = Path(__file__).parents[1] / "system" / "prometheus"
        texts = [(tests / name).read_text() for name in ("test_model_alerts.py", "test_exporter_alerts.py")]
        assert alert in {spec.alert for spec in ALARMS} or any(f'"{alert}"' in text for text in texts)


def test_each_alarm_of_the_exporter_is_an_alert_of_its_severity() -> None:
    """What the exporter decides is what Prometheus tells, under the same name."""
    assert [_ALERTS[spec.alert]["labels"]["severity"] for spec in ALARMS] == [spec.severity for spec in ALARMS]


@pytest.mark.parametrize("group", _GROUPS, ids=lambda group: str(group["name"]))
def test_groups_are_evaluated_before_their_series_go_stale(group: dict[str, Any]) -> None:
    """Recorded series vanish five minutes after their last sample."""
    minutes = re.fullmatch(r"([1-5])m", group.get("interval", "1m"))
    assert minutes
    # Pieces of five minutes tile an hour only if they are recorded in step.
    assert group["name"] != "model-drift-counts" or 5 % int(minutes[1]) == 0


def test_names_of_groups_are_unique() -> None:
    """A group of the same name in another file would be hard to tell apart."""
    names = [group["name"] for group in _GROUPS]
    assert len(set(names)) == len(names)
