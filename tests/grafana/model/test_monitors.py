"""The panels that monitors declare, held to the rules for all dashboards."""

from __future__ import annotations

import json
from collections.abc import Callable

import attrs
import pytest

from grafana.src.model.dashboard import model_page
from grafana.src.model.monitors import TITLE, monitor_rows
from model_drift_exporter.metrics.metric import Group, histogram
from model_drift_exporter.monitors import MONITORS
from model_drift_exporter.monitors.panel import PanelQuery, PanelSpec
from model_drift_exporter.service.catalogue import CATALOGUE
from scripts.panel_numbers import numbers_of
from tests.grafana import expressions
from tests.grafana.dashboard_file import Dashboard, Panel, parsed
from tests.grafana.rules import colours, dialect, emptiness, fields, layout, panels, series, settings, targets
from tests.support import rule_labels
from tests.support.made_up_monitor import ALL, MADE_UP, METRICS

_RULES: tuple[Callable[[Dashboard], list[str]], ...] = tuple(
    rule.problems for rule in (colours, dialect, emptiness, fields, layout, panels, series, settings, targets)
)


def _page(*specs: PanelSpec) -> Dashboard:
    monitors = [*MONITORS, attrs.evolve(MADE_UP, panels=specs)] if specs else ALL
    return parsed("model", json.loads(model_page(monitors).documentation()))


def _drawn(*specs: PanelSpec) -> list[Panel]:
    numbers = numbers_of(ALL)
    made_up = {numbers[spec.name] for spec in MADE_UP.panels}
    return [panel for panel in _page(*specs).panels if panel.row == TITLE and panel.id in made_up]


@pytest.fixture
def _catalogue(monkeypatch: pytest.MonkeyPatch) -> None:
    """The catalogue with the metrics, for all rules that look into it."""
    known = {**CATALOGUE, **{metric.name: metric for metric in METRICS}}
    for module in (rule_labels, series, expressions):
        monkeypatch.setattr(module, "CATALOGUE", known)


@pytest.mark.slow
@pytest.mark.usefixtures("_catalogue")
@pytest.mark.parametrize("rule", _RULES, ids=lambda rule: rule.__module__.rpartition(".")[2])
def test_they_are_as_good_as_those_drawn_by_hand(rule: Callable[[Dashboard], list[str]]) -> None:
    """No rule has anything to say about them: series, labels, units, colours, texts, places, the dialect."""
    first, second = MADE_UP.panels
    assert rule(_page()) == []
    plain = attrs.evolve(first, threshold=None)
    assert rule(_page(plain, attrs.evolve(second, threshold=1.0))) == []
    assert rule(_page(attrs.evolve(plain, queries=(PanelQuery(METRICS[0]),)))) == []


def test_they_have_their_numbers_texts_and_queries() -> None:
    """As the spec says: gauges as they are, counters as rates, merged over the replicas of the chosen jobs."""
    numbers = numbers_of(ALL)
    of_model = 'job=~"$job", model=`${model:raw}`'
    first, second = _drawn()
    assert [first.id, second.id] == [numbers[spec.name] for spec in MADE_UP.panels]
    assert [first.type, second.type] == ["timeseries", "stat"]
    assert [(target.expression, target.legend) for target in first.targets] == [
        (f"max by (window) (model_echo_ratio{{{of_model}}})", "last {{window}}"),
        (f"max(rate(model_echoes_total{{{of_model}}}[$__rate_interval]))", "Echoes"),
    ]
    [target] = second.targets
    assert target.expression == f"sum by (kind) (rate(model_echoes_total{{{of_model}}}[$__rate_interval]))"
    assert (target.legend, target.instant) == ("{{kind}}", True)
    for panel, spec in zip((first, second), MADE_UP.panels, strict=True):
        assert (panel.title, panel.description) == (spec.title, spec.description)
        assert (panel.defaults["unit"], panel.defaults["noValue"]) == (spec.unit, spec.empty)
    steps = first.defaults["thresholds"]["steps"]
    assert [step["value"] for step in steps] == [None, 0.5]
    assert first.defaults["custom"]["thresholdsStyle"] == {"mode": "dashed"}


@pytest.mark.parametrize(("group", "variable"), [(Group.PERFORMANCE, "loss_window"), (Group.MODELS, "window")])
def test_a_window_that_is_not_drawn_by_itself_is_the_chosen_one(group: Group, variable: str) -> None:
    """Outcomes have windows of their own, which are chosen apart."""
    metric = attrs.evolve(METRICS[0], group=group)
    [panel] = _drawn(attrs.evolve(MADE_UP.panels[0], queries=(PanelQuery(metric),)))
    assert f'window="${variable}"' in panel.targets[0].expression


def test_a_histogram_is_told() -> None:
    """It is no line, and its series without their ending do not exist."""
    metric = histogram("model_echo_seconds", "model", "How long echoes take.", Group.MODELS)
    with pytest.raises(ValueError, match="model_echo_seconds: a panel of a monitor shows gauges and counters"):
        _page(attrs.evolve(MADE_UP.panels[0], queries=(PanelQuery(metric),)))


def test_without_panels_there_is_no_row() -> None:
    """An empty one would promise something."""
    assert monitor_rows([attrs.evolve(MADE_UP, panels=())], {}) == []


def test_a_monitor_that_is_off_is_called_by_its_title() -> None:
    """And not by the name that snapshots know."""
    [panel] = [panel for panel in _page().panels if panel.title == "Monitors that are off"]
    [override] = panel.overrides
    [mapping] = override["properties"][0]["value"]
    assert {name: shown["text"] for name, shown in mapping["options"].items()} == {
        spec.name: spec.title for spec in ALL
    }
