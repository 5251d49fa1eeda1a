"""Dashboards over the past that ``replay --backfill`` writes with every default, in a real Prometheus with the shipped rules."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.grafana.dashboard_file import DASHBOARDS, Dashboard
from tests.grafana.looking import choices, look
from tests.grafana.queries import Scene
from tests.support.incident_log import STEP, reference_file
from tests.support.prediction_log import START, make_rows, write_jsonl
from tests.support.sidecar import run_command
from tests.system.e2e.prometheus_server import Prometheus, prometheus
from tests.system.history.evaluating import CONFIGURATION, OPTIONS, import_samples, query_range, record_history
from tests.system.history.rules import shipped_rules
from tests.system.history.scenes import HOUR
from tests.system.history.times import Interval

_EVALUATED, _PHASE = 60.0, 37.0
"""Seconds between two evaluations, as in the group that counts, and how long after a sample of a minute they come."""

_RECORDS = 700
_END = START + _RECORDS * STEP
_ASKED = Interval(_END - 1.5 * HOUR, _END)
_SHOWN = {"fleet": 1, "model": 5, "feature": 9}
"""At least so many queries of a dashboard are about PSI now, without those about last week, of which there is nothing."""


@pytest.fixture(scope="module")
def running(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Prometheus]:
    """Four hours of records, in the last of which people are older."""
    folder = tmp_path_factory.mktemp("backfilled")
    usual = _RECORDS - round(HOUR / STEP)
    rows = make_rows(usual, step=STEP)
    rows += make_rows(_RECORDS - usual, seed=1, start=START + usual * STEP, step=STEP, shift=20.0)
    log = write_jsonl(folder / "log.jsonl", rows)
    reference = reference_file(folder / "reference.json")
    ran = run_command("replay", f"--reference={reference}", f"--backfill={folder / 'past'}", log)
    assert ran.returncode == 0, ran.stderr
    data = folder / "prometheus"
    data.mkdir()
    for file in sorted((folder / "past").iterdir()):
        import_samples(data, file)
    recorded = [rule for rule in shipped_rules() if not rule.alert]
    assert record_history(data, recorded, _ASKED, _EVALUATED, _PHASE) > 0
    with prometheus(data, CONFIGURATION, *OPTIONS) as server:
        yield server


def _about_psi(query: str) -> bool:
    return "psi" in query and "lastweek" not in query


@pytest.mark.parametrize("name", _SHOWN)
def test_psi_is_there(name: str, running: Prometheus) -> None:
    """Every column and line of it, and every noise floor, has values."""
    [dashboard] = [each for each in DASHBOARDS if each.name == name]
    found = _answers(dashboard, running)
    assert len(found) >= _SHOWN[name]
    assert [what for what, series in found.items() if not series] == []


def _answers(dashboard: Dashboard, running: Prometheus) -> dict[str, int]:
    """How many series each query about PSI finds in the last hours, for the first model and a feature that has moved."""
    scene = Scene(_END - 2 * HOUR, _END, {})
    [chosen] = choices(running.url, dashboard, scene, {"feature": ("age",)})
    answers = look(running.url, dashboard, chosen).answers
    return {each.request.what: each.series for each in answers if _about_psi(each.request.parameters["query"])}


def test_the_rules_count_what_the_exporter_counted(running: Prometheus) -> None:
    """All records of an hour, and about the PSI that the exporter saw itself."""
    moment = Interval(_END - 600, _END - 540)
    counted = query_range(running.url, "model_reference_feature:feature_observations:increase1h", moment, _EVALUATED)
    values = [float(value) for series in counted for _, value in series.values]
    assert values == pytest.approx([HOUR / STEP] * len(values), rel=0.05)
    recorded, own = (
        {
            series.metric["feature"]: float(series.values[-1][1])
            for series in query_range(running.url, query, moment, 60.0)
        }
        for query in (
            "model_reference_feature:feature_psi:reference1h",
            'model_feature_psi{window="1h",baseline="reference"}',
        )
    )
    assert recorded.keys() == own.keys() == {"age", "country"}
    assert recorded["age"] == pytest.approx(own["age"], rel=0.25)
