"""The requests of a dashboard are those that Grafana 9.4 would send."""

from __future__ import annotations

from typing import Any

import attrs
import pytest

from tests.grafana.dashboard_file import Dashboard, Variable
from tests.grafana.examples import changed, good
from tests.grafana.queries import (
    Scene,
    annotation_requests,
    panel_requests,
    rate_interval,
    requests,
    seconds,
    step_seconds,
    variable_request,
    variable_values,
)
from tests.grafana.substitution import ALL, Choice, alternatives, names, substituted

_HOUR = 3_600.0
_CHOSEN: Choice = {"job": ALL, "model": ("a.b", "c"), "window": "6h", "datasource": "x"}
_SCENE = Scene(1_000_000.0, 1_000_000.0 + 24 * _HOUR, _CHOSEN)


@pytest.mark.parametrize(
    ("hours", "points", "smallest", "step"),
    [
        (1, 720, 15.0, 15.0),
        (6, 720, 15.0, 30.0),
        (24, 720, 15.0, 120.0),
        (24, 1_440, 15.0, 60.0),
        (24, 1_440, 300.0, 300.0),
        (24 * 7, 720, 15.0, 900.0),
        (24 * 365, 100, 15.0, 86_400.0),
        (24 * 365 * 20, 100, 15.0, 2_592_000.0),
        (24 * 7, 50_000, 15.0, 60.0),  # no more than 11,000 points
    ],
)
def test_steps_are_rounded(hours: float, points: int, smallest: float, step: float) -> None:
    """A step is one of Grafana's round ones, at least the smallest."""
    assert step_seconds(hours * _HOUR, points, smallest) == step


def test_rate_intervals_hold_four_scrapes() -> None:
    """However fine the step, four scrapes are in it; a coarse one reaches back to the scrape before."""
    assert rate_interval(15, 15) == 60
    assert rate_interval(120, 15) == 135
    assert rate_interval(60, 60) == 240


@pytest.mark.parametrize(("text", "value"), [("30s", 30), (">2m", 120), ("7", 7), ("10ms", 0.01)])
def test_durations(text: str, value: float) -> None:
    """As the field for the smallest step takes them."""
    assert seconds(text) == value


def _variable(*, several: bool, all_value: str | None = None) -> Variable:
    return Variable("v", "query", "", (), several, all_value, {})


@pytest.mark.parametrize(
    ("text", "several", "chosen", "expected"),
    [
        ("$v", False, "a.b", "a.b"),
        ("${v}", True, "a.b", r"a\\.b"),
        ("[[v]]", True, ("a.b", "c"), r"(a\\.b|c)"),
        ("$v", False, "a\\b", r"a\\b"),
        ("$v", True, "a\\b", r"a\\\\b"),
        ("${v:raw}", True, ("a.b", "c"), "a.b,c"),
        ("${v:pipe}", True, ("a", "b"), "a|b"),
        ("${v:regex}", True, ("a.b",), r"a\.b"),
        ("${v:regex}", True, ("a.b", "c"), r"(a\.b|c)"),
        ("${v:percentencode}", False, "a b/c", "a%20b%2Fc"),
        ("$__range $v", False, "x", "$__range x"),
    ],
)
def test_variables_are_put_in(text: str, several: bool, chosen: Any, expected: str) -> None:
    """One value as it is, several as a regular expression that is escaped for PromQL's quotes."""
    assert substituted(text, {"v": _variable(several=several)}, {"v": chosen}) == expected


def test_all_is_its_own_expression() -> None:
    """The expression for all is not escaped."""
    assert substituted("$v", {"v": _variable(several=True, all_value=".+")}, {"v": ALL}) == ".+"


def test_names_of_variables() -> None:
    """All three ways of writing one are found."""
    assert names("$a ${b:raw} [[c]] ${__d.e} x") == {"a", "b", "c", "__d"}


def test_alternatives_go_through_the_values_of_custom_variables() -> None:
    """A query whose series is called after a window is checked for each."""
    assert list(alternatives(good(), "psi$window[$__range]")) == [
        f"psi{window}[86400s]" for window in ("1h", "6h", "24h")
    ]


def test_queries_over_time() -> None:
    """Half of the window is 720 pixels, so a day has steps of two minutes, and starts at a multiple of them."""
    [request] = panel_requests(good(), good().panels[0], _SCENE)
    assert request.path == "/api/v1/query_range"
    assert request.parameters == {
        "query": 'sum by (model) (rate(model_records_total{job=~".+", model=~`(a\\.b|c)`}[135s]))',
        "start": "999960.000",
        "end": "1086360.000",
        "step": "120.000",
    }


@pytest.mark.parametrize(
    ("path", "value", "step"),
    [
        ("panels.0.targets.0.interval", "10m", "600.000"),
        ("panels.0.interval", "5m", "300.000"),
        ("panels.0.maxDataPoints", 100, "900.000"),
        ("panels.0.targets.0.interval", "$__interval", "120.000"),
    ],
)
def test_steps_can_be_asked_for(path: str, value: Any, step: str) -> None:
    """The query's smallest step, the panel's, or its number of points."""
    dashboard = changed(path, value)
    [request] = panel_requests(dashboard, dashboard.panels[0], _SCENE)
    assert request.parameters["step"] == step


def test_instant_queries() -> None:
    """They are asked at the end of the time range, and one can be over time, too."""
    [request] = panel_requests(good(), good().panels[1], _SCENE)
    assert request.path == "/api/v1/query"
    assert request.parameters["time"] == "1086400.000"
    assert "reference6h{" in request.parameters["query"]
    both = changed("panels.1.targets.0.range", True)
    assert len(list(panel_requests(both, both.panels[1], _SCENE))) == 2


def test_hidden_queries_are_not_sent() -> None:
    """Nor do they need to be valid."""
    dashboard = changed("panels.0.targets.0.hide", True)
    assert list(panel_requests(dashboard, dashboard.panels[0], _SCENE)) == []


@pytest.mark.parametrize(
    ("hours", "step", "seconds"), [(24, "", 900), (1, "", 60), (1, "5m", 300), (24 * 7, "", 7_200)]
)
def test_annotations_have_a_hundred_steps(hours: float, step: str, seconds: float) -> None:
    """Of a minute at least unless they ask for another; the built-in annotation asks nothing."""
    scene = attrs.evolve(_SCENE, start=_SCENE.end - hours * _HOUR)
    [request] = annotation_requests(changed("annotations.list.1.step", step), scene)
    assert float(request.parameters["step"]) == seconds
    assert request.what == "example, annotation 'Pages'"
    assert len(list(requests(good(), _SCENE))) == 3


def test_variables_ask_for_values_in_the_time_range() -> None:
    """With the variables before them put in; those that list their values ask nothing."""
    request = variable_request(good(), "model", _SCENE)
    assert request is not None
    assert request.path == "/api/v1/label/model/values"
    assert request.parameters == {"match[]": 'model_info{job=~".+"}', "start": "1000000", "end": "1086400"}
    assert variable_request(good(), "window", _SCENE) is None


def test_variables_of_results_are_asked_at_the_end() -> None:
    """An expression picks their values out of the texts of series, in the order in which these come."""
    dashboard = changed("templating.list.2.query", "query_result(sort(last_over_time(up[$__range])))")
    request = variable_request(dashboard, "model", _SCENE)
    assert request is not None
    assert request.path == "/api/v1/query"
    assert request.parameters == {"query": "sort(last_over_time(up[86400s]))", "time": "1086400"}
    series = [{"metric": {"__name__": "up", "window": name}, "value": [0, "1"]} for name in ("6h", "1h", "6h")]
    variable = changed("templating.list.2.regex", '/window="([^"]+)"/').variables["model"]
    assert variable_values(variable, {"data": {"resultType": "vector", "result": series}}) == ("6h", "1h")


def test_a_variable_of_another_kind_is_refused() -> None:
    """Rather than measured or tested as something else."""
    dashboard: Dashboard = changed("templating.list.2.query", "metrics(up)")
    with pytest.raises(AssertionError, match="write label_values"):
        variable_request(dashboard, "model", _SCENE)
