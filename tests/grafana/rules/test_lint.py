"""The rules of grafana/dashboard-linter and some of our own: settings, variables, dialect, panels, queries, names."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from tests.grafana.dashboard_file import DASHBOARDS, UIDS, Dashboard, parsed
from tests.grafana.examples import changed, good
from tests.grafana.expressions import selectors
from tests.grafana.rules import dialect, emptiness, fields, panels, series, settings, targets
from tests.grafana.substitution import names, substituted, with_intervals

Rule = Callable[[Dashboard], list[str]]
_RULES: dict[str, Rule] = {
    rule.__name__.rpartition(".")[2]: rule.problems
    for rule in (settings, dialect, panels, emptiness, targets, series, fields)
}

_EXPRESSION = "panels.0.targets.0.expr"
_JOB = "templating.list.1"
_MODEL = "templating.list.2"
_OVERRIDE = "panels.1.fieldConfig.overrides.0"

_WRONG: list[tuple[str, str, Any, str]] = [
    ("settings", "uid", "a b", "uid is 'a b'"),
    ("settings", "id", 7, "write null"),
    ("settings", "editable", True, "editable"),
    ("settings", "timezone", "utc", "write 'browser'"),
    ("settings", "graphTooltip", 0, "crosshair"),
    ("settings", "schemaVersion", 42, "schemaVersion is 42"),
    ("settings", "description", "", "title and a description"),
    ("settings", "tags", [], "the tag model-drift"),
    ("settings", "__inputs", [], "exported for sharing"),
    ("settings", "title", "${DS_PROMETHEUS}", "input of an exported dashboard"),
    ("settings", "templating.list.0.name", "source", "first variables are datasource and job"),
    ("settings", "templating.list.0.query", "loki", "not one of type datasource for prometheus"),
    ("settings", f"{_JOB}.multi", False, "does not allow several"),
    ("settings", f"{_JOB}.label", "", "no label for people"),
    ("settings", f"{_MODEL}.allValue", None, "set allValue"),
    ("settings", f"{_MODEL}.datasource", None, "variable model asks a fixed data source"),
    ("settings", f"{_MODEL}.refresh", 1, "set refresh to 2"),
    ("settings", f"{_MODEL}.query", "label_values(model_info{", "variable model is not label_values"),
    ("settings", f"{_MODEL}.query", "label_values(model_info{, model)", "no valid series"),
    ("settings", f"{_JOB}.query", 'label_values(up{model="$model"}, job)', "depends on model"),
    ("settings", "annotations.list.1.datasource.uid", "abc", "asks a fixed data source"),
    ("dialect", "preload", True, "the key 'preload'"),
    ("dialect", f"{_MODEL}.allowCustomValue", True, "the key 'allowCustomValue'"),
    ("dialect", f"{_MODEL}.type", "switch", "of type 'switch'"),
    ("dialect", "annotations.list.1.placement", "x", "the key 'placement'"),
    ("dialect", "links.0.placement", "x", "the key 'placement'"),
    ("dialect", "panels.0.type", "graph", "'graph' is no panel"),
    ("dialect", "panels.0.vizConfig", {}, "the key 'vizConfig'"),
    ("dialect", "panels.0.options.wideLayout", True, "the key 'wideLayout'"),
    ("dialect", "panels.0.options.tooltip", {"maxHeight": 600}, "the key 'maxHeight'"),
    ("dialect", "panels.0.fieldConfig.defaults.fieldMinMax", True, "the key 'fieldMinMax'"),
    ("dialect", "panels.0.fieldConfig.defaults.custom", {"insertNulls": 1}, "the key 'insertNulls'"),
    ("dialect", "panels.0.fieldConfig.defaults.color", {"mode": "palette-classic-by-name"}, "colour mode"),
    ("dialect", "panels.1.fieldConfig.defaults.custom", {"cellOptions": {"type": "auto"}}, "the key 'cellOptions'"),
    ("dialect", "panels.1.fieldConfig.defaults.custom", {"displayMode": "sparkline"}, "shown as 'sparkline'"),
    ("dialect", f"{_OVERRIDE}.properties.0.id", "custom.cellOptions", "sets 'custom.cellOptions'"),
    ("dialect", "panels.0.targets.0.fullMetaSearch", False, "the key 'fullMetaSearch'"),
    ("dialect", "panels.0.transformations", [{"id": "timeSeriesTable"}], "transformation 'timeSeriesTable'"),
    ("panels", "panels.0.title", "", "title is missing"),
    ("panels", "panels.0.description", "Records.", "description is missing"),
    ("panels", "panels.0.targets", [], "no query"),
    ("panels", "panels.0.fieldConfig.defaults.unit", "", "there is no unit"),
    ("panels", "panels.0.fieldConfig.defaults.unit", "records", "'records' is no unit"),
    ("panels", "panels.0.fieldConfig.defaults.noValue", "-", "noValue is missing"),
    ("panels", "panels.0.targets.0.datasource", {"uid": "abc"}, "fixed (abc)"),
    ("panels", "panels.0.targets.0.refId", "", "not unique"),
    *(
        ("emptiness", "panels.0.type", type_, "no query says why")
        for type_ in ("state-timeline", "barchart", "heatmap")
    ),
    ("targets", _EXPRESSION, "sum(", "no PromQL"),
    ("targets", _EXPRESSION, "sum($other)", "no variable other"),
    ("targets", _EXPRESSION, 'up{job=~"${job:csv}"}', "breaks on a name with a dot"),
    ("targets", _EXPRESSION, 'up{job=~"${job:json}"}', "${job:json} is not for queries"),
    ("targets", _EXPRESSION, 'up{job="$job"}', 'write job=~"$job"'),
    ("targets", _EXPRESSION, 'up{job=~"$job", instance=~"$window"}', 'write instance="$window"'),
    ("targets", _EXPRESSION, "up{job=~`$job`}", "is not escaped"),
    ("targets", _EXPRESSION, "up{job=~`${job:raw}`}", "is not escaped"),
    ("targets", _EXPRESSION, "model_info", "model_info is asked of all jobs"),
    ("targets", _EXPRESSION, 'rate(model_records_total{job=~"$job"}[5m])', "write rate(…[$__rate_interval])"),
    ("targets", _EXPRESSION, 'model_records_total{job=~"$job"}', "only grows"),
    ("targets", _EXPRESSION, 'sum(model_latency_seconds_count{job=~"$job"})', "only grows"),
    ("targets", _EXPRESSION, 'rate(model_info{job=~"$job"}[$__rate_interval])', "is of a gauge"),
    ("targets", _EXPRESSION, 'histogram_quantile(0.9, model_info{job=~"$job"})', "has no buckets"),
    (
        "targets",
        _EXPRESSION,
        'histogram_quantile(0.9, sum by (model) (rate(model_latency_seconds_bucket{job=~"$job"}[$__rate_interval])))',
        "has lost its buckets",
    ),
    ("series", _EXPRESSION, "model_record_total", "no series model_record_total"),
    ("series", _EXPRESSION, "model:feature_psi:max$window", "no series model:feature_psi:max24h"),
    ("series", _EXPRESSION, "model_latency_seconds", "no series model_latency_seconds"),
    ("series", _EXPRESSION, '{__name__=~"model:nothing.*"}', "no series"),
    ("series", _EXPRESSION, 'up{model="x"}', "up has no label model"),
    ("series", _EXPRESSION, "sum by (model) (up)", "by or without (model)"),
    ("series", _EXPRESSION, "up * on (model) model_info", "on or ignoring (model)"),
    ("series", _EXPRESSION, 'ALERTS{severity="critical"}', 'severity="critical" is none of'),
    ("series", "panels.0.targets.0.legendFormat", "{{feature}}", "feature is named, but the answer has only model"),
    ("series", "annotations.list.1.titleFormat", "{{feature}}", "feature is named"),
    ("series", f"{_MODEL}.query", "label_values(up, model)", "model is named"),
    (
        "series",
        f"{_OVERRIDE}.properties.0.value.0.url",
        "/d/x/x?var-feature=${__field.labels.bin}",
        "the label bin, which no series here has",
    ),
    ("fields", f"{_OVERRIDE}.matcher.options", "Model", "an override is for 'Model'"),
    ("fields", f"{_OVERRIDE}.matcher", {"id": "byFrameRefID", "options": "B"}, "for query 'B'"),
    ("fields", f"{_OVERRIDE}.matcher", {"id": "byRegexp", "options": "/^PSI/"}, "matches none of"),
    (
        "fields",
        "panels.1.transformations",
        [{"id": "organize", "options": {"renameByName": {"Value #B": "PSI"}}}],
        "the column 'Value #B' (renameByName)",
    ),
]


def test_all_dashboards_are_there() -> None:
    """Fleet, Model, Feature and Exporter, each under the address that links hold."""
    assert {dashboard.name: dashboard.uid for dashboard in DASHBOARDS} == UIDS


@pytest.mark.parametrize("rule", _RULES)
@pytest.mark.parametrize("dashboard", DASHBOARDS, ids=lambda dashboard: dashboard.name)
def test_nothing_is_wrong(dashboard: Dashboard, rule: str) -> None:
    """No rule has anything to say about a dashboard of ours."""
    assert _RULES[rule](dashboard) == []


@pytest.mark.parametrize("rule", _RULES)
def test_a_good_dashboard_passes(rule: str) -> None:
    """The rules leave alone what is right."""
    assert _RULES[rule](good()) == []


@pytest.mark.parametrize(("rule", "path", "value", "told"), _WRONG)
def test_what_is_wrong_is_told(rule: str, path: str, value: Any, told: str) -> None:
    """Each rule can fail, names the dashboard, and says what it is about."""
    problems = _RULES[rule](changed(path, value))
    assert [problem for problem in problems if told in problem], problems
    assert all(problem.startswith("example") for problem in problems)


def test_instances_are_matched_where_they_can_be_chosen() -> None:
    """A dashboard with the variable instance filters every raw series by it."""
    dashboard = changed("templating.list.3", {"name": "instance", "type": "query", "multi": True})
    assert 'write instance=~"$instance"' in "".join(targets.problems(dashboard))
    expression = 'sum(rate(model_records_total{job=~"$job", instance=~"$instance"}[$__rate_interval]))'
    dashboard = parsed("example", {**dashboard.raw, "panels": [changed(_EXPRESSION, expression).panels[0].raw]})
    assert targets.problems(dashboard) == []


@pytest.mark.parametrize("matcher", ['model="$model"', 'model=~"$model"', "model=`$model`", 'model="${model:raw}"'])
def test_one_model_is_asked_for_by_its_raw_name(matcher: str) -> None:
    """Names with quotes, backslashes and dots are matched as they are, in queries and in other variables."""
    right = "model=`${model:raw}`"
    assert f"write {right}" in _told_of_one_model(matcher, right)
    assert _told_of_one_model(right, matcher).startswith("example, variable feature")
    assert right not in _told_of_one_model(right, right)


def _told_of_one_model(of_panel: str, of_variable: str) -> str:
    """What is wrong where a panel and another variable ask for one model so."""
    one = {"name": "model", "type": "query", "query": "label_values(model_info, model)"}
    feature = f"label_values(model_alert_feature{{{of_variable}}}, feature)"
    other = {"name": "feature", "type": "query", "query": feature}
    target = {"refId": "A", "expr": f'sum(model_info{{job=~"$job", {of_panel}}})'}
    raw = {
        **good().raw,
        "panels": [{**good().panels[0].raw, "targets": [target]}],
        "annotations": {"list": []},
        "templating": {"list": [*good().raw["templating"]["list"][:2], one, other]},
    }
    return "".join(targets.problems(parsed("example", raw)))


def test_a_row_that_says_why_is_enough() -> None:
    """Beside what is looked for, or in a query of its own; it must be there without data, and be a sentence."""
    timeline = changed("panels.0.type", "heatmap")
    for expression, told in (
        ('up or label_replace(absent_over_time(up[$__range] @ end()), "row", "No exporter was scraped", "", "")', True),
        ('label_replace(vector(0) unless on () up, "row", "no exporter yet", "", "")', True),
        ('label_replace(up, "row", "No exporter was scraped", "", "")', False),
        ('label_replace(absent(up), "row", "None", "", "")', False),
        ('label_replace(absent(up), "row", "$1 is not there", "job", "(.*)")', False),
        ("sum(", False),
    ):
        target = {**good().panels[0].targets[0].raw, "expr": expression}
        panel = {**timeline.panels[0].raw, "targets": [target]}
        assert (emptiness.problems(changed("panels.0", panel)) == []) == told, expression


@pytest.mark.parametrize("name", ['a "b"', "it's", "a\\b", "a.b|c", "größe €"])
@pytest.mark.parametrize("dashboard", DASHBOARDS, ids=lambda dashboard: dashboard.name)
def test_any_name_is_understood(dashboard: Dashboard, name: str) -> None:
    """A query about a model or feature of any name is valid PromQL and asks for just that name."""
    variables = dashboard.variables
    first: dict[str, str] = {key: each.values[0] if each.values else "1h" for key, each in variables.items()}
    one = [key for key in ("model", "feature") if key in variables and not variables[key].several]
    matched = 0
    for _, target in dashboard.queries():
        text = with_intervals(substituted(target.expression, variables, {**first, **dict.fromkeys(one, name)}))
        used = names(target.expression) & {*one}
        asked = {
            (matcher.name, matcher.value) for selector in selectors(text) for matcher in selector.matchers.matchers
        }
        assert used <= {label for label, value in asked if value == name}, target.expression
        matched += len(used)
    assert matched or not one


def test_instant_queries_have_windows_of_their_own() -> None:
    """A window that is a part of what a number says is no mistake, unlike in a line over time."""
    expression = 'increase(model_records_total{job=~"$job"}[1h])'
    instant = {**good().panels[0].targets[0].raw, "expr": expression, "instant": True, "range": False}
    assert targets.problems(changed("panels.0.targets.0", instant)) == []


def test_a_ranking_over_the_whole_range_is_no_line() -> None:
    """What is evaluated at the end of the range is one value for all steps, so none is missed between them."""
    expression = 'topk(10, increase(model_records_total{job=~"$job"}[$__range] @ end()))'
    assert targets.problems(changed(_EXPRESSION, expression)) == []


def test_exceptions_are_about_panels_that_exist() -> None:
    """An exception whose panel is gone would cover the next one of that name."""
    titles = {(dashboard.name, panel.title) for dashboard in DASHBOARDS for panel in dashboard.panels}
    for table in (panels.WITHOUT_UNIT, targets.WITHOUT_INSTANCE, targets.WITH_FIXED_WINDOW):
        assert table.keys() <= titles
        assert all(len(reason.split()) > 3 for reason in table.values())
