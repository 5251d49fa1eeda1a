"""Every query of every dashboard, asked of a real Prometheus during an incident."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping

import attrs
import pytest

from scripts.panel_numbers import FIRST
from tests.grafana.dashboard_file import DASHBOARDS, Dashboard
from tests.grafana.looking import Look, choices, look, offered
from tests.grafana.queries import Scene
from tests.system.e2e.prometheus_server import prometheus
from tests.system.history.backfilled import STEP, History, build
from tests.system.history.evaluating import CONFIGURATION, OPTIONS, query_range
from tests.system.history.scenes import HOUR
from tests.system.history.scenes import Scene as Happened

pytestmark = [pytest.mark.slow, pytest.mark.timeout(1_200)]  # the first test waits for the history

_FEATURES = ("age", "country", "carrier", "distance")
"""Numbers and categories, of all models that have any."""

_HISTORY, _HOURS = 13.0, 8.0
"""Hours that there are, and that are looked at."""

EMPTY: Mapping[tuple[str, str, str], str] = {
    ("fleet", "Verdicts", "C"): "only there while nothing is recorded",
    ("exporter", "Inputs", "B"): "only there while nothing is scraped",
    ("model", "Alerts", "E"): "only there while no exporter watches the model",
    ("model", "Loss now", "D"): "only there for numbers, and these models say yes or no",
    ("model", "Loss now", "E"): "only there for numbers, and these models say yes or no",
    ("model", "Labels", "B"): "all classes have their labels in this history",
    ("model", "Labels", "C"): "no label is revised in this history",
    ("model", "Labels", "D"): "no label is without its prediction in this history",
    ("model", "Labels", "E"): "no label is rejected in this history",
    ("exporter", "Rejected lines", "B"): "all records of this history have a time",
    ("feature", "Missing and out of range", "B"): "no value is invalid in this history",
    ("exporter", "Queue", "B"): "these exporters read files, which have no queue to refuse anything",
    ("model", "Traffic", "E"): "traffic is usual after two weeks of a habit, and this history has hours",
    ("model", "Traffic", "F"): "traffic is usual after two weeks of a habit, and this history has hours",
    ("exporter", "Series", "B"): "no series are suppressed: these models have few features",
}
"""Queries, by dashboard, panel and refId, that find nothing in this incident, with the reason."""

EMPTY_ANNOTATIONS: Mapping[tuple[str, str], str] = {
    ("model", "Reference changes"): "no reference is renewed in this history",
    ("feature", "Reference changes"): "no reference is renewed in this history",
    ("exporter", "Starts"): "an exporter starts anew only after what is looked at",
}
"""Annotations, by dashboard and name, that mark nothing in it, with the reason."""


@attrs.frozen
class Running:
    """A Prometheus with the history of some incidents."""

    url: str
    history: History


@pytest.fixture(scope="module")
def running(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Running]:
    """What happened is told by ``history.scene``. It takes half a minute to make, so only this file has it."""
    history = build(tmp_path_factory.mktemp("history") / "incident", hours=_HISTORY)
    with prometheus(history.folder, CONFIGURATION, *OPTIONS) as server:
        yield Running(server.url, history)


def moments(happened: Happened) -> list[float]:
    """When to look: shortly before the first incident ends, with all others under way; and while an exporter is down."""
    episodes = [episode.during for target in happened.targets for episode in target.episodes]
    last_start, first_end = max(each.start for each in episodes), min(each.end for each in episodes)
    assert last_start < first_end, "there is no time at which all incidents are under way"
    return [first_end - HOUR / 4, *(target.down.end - HOUR / 6 for target in happened.targets if target.down)]


def scenes(happened: Happened) -> list[Scene]:
    """Eight hours before each of them. The history has a sample every few minutes, which is what rates go by."""
    return [Scene(end - _HOURS * HOUR, end, {}, scrape_interval=300.0) for end in moments(happened)]


@pytest.fixture(scope="module")
def looks(running: Running) -> Callable[[Dashboard], list[Look]]:
    """Looks at a dashboard, at each of its models and some features, each of which is taken only once."""
    taken: dict[str, list[Look]] = {}

    def at(dashboard: Dashboard) -> list[Look]:
        if dashboard.name not in taken:
            happened = running.history.scene
            models = tuple(model for target in happened.targets for model in target.models)
            wanted = {"model": models, "feature": _FEATURES}
            chosen = [each for scene in scenes(happened) for each in choices(running.url, dashboard, scene, wanted)]
            taken[dashboard.name] = [look(running.url, dashboard, each) for each in chosen]
        return taken[dashboard.name]

    return at


@pytest.mark.parametrize("dashboard", DASHBOARDS, ids=lambda dashboard: dashboard.name)
def test_variables_offer_values(dashboard: Dashboard, running: Running) -> None:
    """Each variable has something to choose from, for the model and feature that a dashboard opens with."""
    first, *_ = scenes(running.history.scene)
    [scene, *_] = choices(running.url, dashboard, first, {})
    for name in dashboard.variables:
        assert offered(running.url, dashboard, name, scene), name


@pytest.mark.parametrize("dashboard", DASHBOARDS, ids=lambda dashboard: dashboard.name)
def test_no_query_fails(dashboard: Dashboard, looks: Callable[[Dashboard], list[Look]]) -> None:
    """Prometheus understands everything, finds a partner for each series, and has no warning."""
    answers = [answer for each in looks(dashboard) for answer in each.answers]
    assert answers
    assert {answer.request.what: answer.trouble for answer in answers if answer.trouble} == {}


@pytest.mark.parametrize("dashboard", DASHBOARDS, ids=lambda dashboard: dashboard.name)
def test_each_query_finds_something(dashboard: Dashboard, looks: Callable[[Dashboard], list[Look]]) -> None:
    """During an incident nothing is empty but what is listed with a reason, and what is listed is empty."""
    found: dict[str, int] = {}
    for each in looks(dashboard):
        for answer in each.answers:
            found[answer.request.what] = found.get(answer.request.what, 0) + answer.series
    listed = {
        f"{dashboard.where(panel)}, query {target.ref_id}"
        for panel, target in dashboard.queries()
        if (dashboard.name, panel.title, target.ref_id) in EMPTY
    }
    # Panels that monitors declare have their own words for nothing, and so has the one of monitors that are off.
    may_be_empty = {
        f"{dashboard.where(panel)}, query {target.ref_id}"
        for panel, target in dashboard.queries()
        if dashboard.name == "model" and ((panel.id or 0) >= FIRST or panel.title == "Monitors that are off")
    }
    listed |= {f"{name}, annotation {title!r}" for name, title in EMPTY_ANNOTATIONS if name == dashboard.name}
    empty = {what for what, series in found.items() if not series} - may_be_empty
    assert (sorted(empty - listed), sorted(listed - empty)) == ([], [])


def test_states_are_as_prometheus_would_have_recorded_them(running: Running) -> None:
    """Alerts, those with a wait too, reach the overview while they fire, and it says since when."""
    happened = running.history.scene
    worst = {
        series.metric["model"]: max(float(value) for _, value in series.values)
        for series in query_range(running.url, "model:state:max", happened.asked, STEP)
    }
    assert worst == {"loan-approval": 3, "churn": 3, "late-flights": 2, "ranking": 2, "fraud": 4}
    [rejecting] = [target for target in happened.targets if target.rejected]
    assert rejecting.rejected is not None
    waits = 'ALERTS{alertname="ModelRecordErrorsHigh",model="ranking",alertstate="firing"}'
    since = "model:state_since_timestamp_seconds:min and on (model) model:state:max == 2"
    [fires] = query_range(running.url, waits, happened.asked, STEP)
    told = {
        moment: float(value)
        for series in query_range(running.url, since, happened.asked, STEP)
        if series.metric["model"] == "ranking"
        for moment, value in series.values
    }
    assert fires.values[0][0] >= rejecting.rejected.start + 15 * 60
    assert told.keys() == {moment for moment, _ in fires.values}


@pytest.mark.parametrize(
    "dashboard", [each for each in DASHBOARDS if each.name != "fleet"], ids=lambda dashboard: dashboard.name
)
def test_history_stays_when_its_exporter_is_gone(dashboard: Dashboard, running: Running) -> None:
    """What lines showed until it went down is still there at the end of a time range half an hour later.

    Not so in the fleet, where a row of quiet models goes when the last of them is no longer watched.
    """
    [target] = [target for target in running.history.scene.targets if target.down]
    assert target.down is not None
    [model] = target.models
    found = []
    for end in (target.down.start, target.down.end - HOUR / 6):
        scene = Scene(target.down.start - _HOURS * HOUR, end, {}, scrape_interval=300.0)
        [scene, *_] = choices(running.url, dashboard, scene, {"model": (model,), "feature": ("age",)})
        answers = look(running.url, dashboard, scene).answers
        found.append({each.request.what for each in answers if each.series and each.request.path.endswith("_range")})
    before, after = found
    assert len(before) > 3
    assert sorted(before - after) == []


def test_the_lists_of_empty_queries_are_about_what_exists() -> None:
    """An exception whose query is gone would cover the next one of that name."""
    queries = {(each.name, panel.title, target.ref_id) for each in DASHBOARDS for panel, target in each.queries()}
    annotations = {(each.name, str(one["name"])) for each in DASHBOARDS for one in each.annotations}
    assert queries >= EMPTY.keys()
    assert annotations >= EMPTY_ANNOTATIONS.keys()
    assert all(len(reason.split()) > 3 for reason in (*EMPTY.values(), *EMPTY_ANNOTATIONS.values()))
