from __future__ import annotations

import importlib
import json
from collections.abc import Sequence
from typing import Any

import pytest

from benchmarks.alarm_quality import benchmark
from benchmarks.alarm_quality.benchmark import SECTIONS
from benchmarks.alarm_quality.operations import section
from benchmarks.alarm_quality.sizes import Sizes
from benchmarks.alarm_quality.tasks import Task
from benchmarks.report import Scale

TINY = Sizes(
    seeds=1,
    records=2_000,
    features=20,
    windows=1,
    streams=1,
    live_days=2,
    error_streams=1,
    delay_seeds=1,
    error_trials=2,
    peer_trials=1,
    peer_labels=100,
    updates=5,
    operations_share=0.002,
    harm_seeds=1,
)


def _run_here(tasks: Sequence[Task]) -> list[Any]:
    """The tasks in this process, arguments and results by way of JSON as otherwise."""
    results = []
    for task in tasks:
        function = getattr(importlib.import_module(f"benchmarks.alarm_quality.{task.module}"), task.function)
        results.append(json.loads(json.dumps(function(**json.loads(json.dumps(task.arguments))))))
    return results


@pytest.mark.slow
def test_runs_without_streams_and_without_river_and_says_so(monkeypatch: pytest.MonkeyPatch) -> None:
    """All other parts are there, and the report says what was left out and how to get it."""
    monkeypatch.setattr(benchmark, "run_tasks", _run_here)
    scale = Scale(quick=True, peers_python="/no/python", only=[name for name in SECTIONS if name != "operations"])
    report = benchmark.run(scale, TINY)
    text = report.markdown()
    assert "The real streams were left out" in text
    assert "river's detectors were not measured" in text
    values = {figure.what: figure.value for figure in report.figures}
    assert sum("one of 200 features" in what for what in values) == 5
    assert values["streams of 7 with a page"] == 0
    assert all(len(row) == len(table.columns) for table in report.tables for row in table.rows)


def test_one_section_and_one_kind_can_be_run_alone(monkeypatch: pytest.MonkeyPatch) -> None:
    """Nothing else is made, and nothing is said of what was left out."""
    monkeypatch.setattr(benchmark, "run_tasks", _run_here)
    monkeypatch.setattr(section, "run_tasks", _run_here)
    cost = benchmark.run(Scale(quick=True, only=["cost"]), TINY)
    assert [figure.unit for figure in cost.figures] == ["ms", "KiB"]
    assert len(cost.notes) == 1
    report = benchmark.run(Scale(quick=True, only=["operations"], kinds=["five-a-day", "x1 missing 100*"]), TINY)
    assert [table.rows[0][0] for table in report.tables] == ["five-a-day", "x1 missing 100 %"]
    values = {figure.what: figure.value for figure in report.figures}
    assert values["nothing wrong, 1 kinds: false pages in all"] == 0
    assert values["x1 missing 100 %: page after"] < 600
    (replayed,) = (figure for figure in report.figures if "as files" in figure.what)
    assert replayed.value == 0
