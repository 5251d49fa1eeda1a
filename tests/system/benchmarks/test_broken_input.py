from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

import pytest

from benchmarks import broken_input
from benchmarks.alarm_quality.tasks import Task
from benchmarks.report import Scale


def _found(records: float, pages: int = 0) -> dict[str, Any]:
    told = {fault: {"records": records, "hours": records / 50} for fault in ("missing", "wrong type")}
    return {"slots": 24, "design_effect": 700.0, "told": told, "pages": pages, "tickets": 0, "reasons": []}


def test_the_slowest_seed_counts_and_what_is_late_or_never_told_is_missed() -> None:
    """300 records are in time at 300 a day; 301 are late, and so is never, which is what the table says."""
    met = broken_input.report_of({(10, 300): [_found(150.0), _found(300.0)]}, 20)
    assert [figure.met for figure in met.figures] == [True, True, True, None]
    assert met.tables[0].rows[0][4:] == ["300 (6)", "300 (6)", "≤ 300"]
    late = broken_input.report_of({(10, 300): [_found(301.0)], (10, 5_000): [_found(math.inf, pages=1)]}, 20)
    assert [(figure.value, figure.met) for figure in late.figures[:3]] == [(2, False), (2, False), (1, False)]
    assert late.tables[0].rows[1][4:] == ["never (never)", "never (never)", "≤ 833"]


def test_all_references_and_rates_are_asked_for(monkeypatch: pytest.MonkeyPatch) -> None:
    """Five by three of them with three seeds; one in a hurry."""
    asked: list[Task] = []

    def answer(tasks: Sequence[Task]) -> list[Any]:
        asked.extend(tasks)
        return [_found(100.0) for _ in tasks]

    monkeypatch.setattr(broken_input, "run_tasks", answer)
    assert len(broken_input.run(Scale()).tables[0].rows) == 15
    assert len(asked) == 45
    assert len(broken_input.run(Scale(quick=True)).tables[0].rows) == 1
