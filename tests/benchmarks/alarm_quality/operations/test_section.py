from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import pytest

from benchmarks.alarm_quality.operations import section
from benchmarks.alarm_quality.operations.harms import HARMS
from benchmarks.alarm_quality.operations.quiet import QUIET
from benchmarks.alarm_quality.sizes import QUICK, Sizes
from benchmarks.alarm_quality.tasks import Task


def test_patterns_choose_kinds() -> None:
    """Any of them; all without one."""
    assert section.chosen(["storm", "storm-2", "iid"], ["storm*"]) == ["storm", "storm-2"]
    assert section.chosen(["storm", "iid"], ["iid", "x"]) == ["iid"]
    assert section.chosen(["storm", "iid"], []) == ["storm", "iid"]


def test_each_kind_is_run_in_its_size(monkeypatch: pytest.MonkeyPatch) -> None:
    """All of its days, or the share of them that a hurry allows; it is replayed from files too."""
    asked: list[Task] = []

    def answer(tasks: Sequence[Task]) -> list[Any]:
        asked.extend(tasks)
        empty: dict[str, Any] = {"quiet_streams": [], "replayed": {}, "harm_delays": []}
        return [empty[task.function] for task in tasks]

    monkeypatch.setattr(section, "run_tasks", answer)
    monkeypatch.setattr(section, "harm_part", lambda _found: None)
    section.operations(Sizes(), ["storm", "sudden*"])
    assert [(task.function, task.arguments) for task in asked] == [
        ("quiet_streams", {"name": "storm", "share": 1.0}),
        ("replayed", {"name": "storm", "share": 1.0}),
        ("harm_delays", {"name": "sudden .15→.45", "seeds": 3}),
    ]
    asked.clear()
    section.operations(QUICK, ["storm"])
    assert asked[0].arguments["share"] < 0.1


def test_names_are_of_one_kind_only() -> None:
    """A kind with nothing wrong and a harm could not be told apart by their names."""
    assert QUIET.keys().isdisjoint(HARMS)
