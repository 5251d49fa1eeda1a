from __future__ import annotations

import pytest

from benchmarks.alarm_quality.tasks import Task, run_tasks


def test_results_come_in_the_order_of_the_tasks() -> None:
    """Each task runs in a process of its own; what it returns comes back in its place, and its failure is told."""
    tasks = [Task("scoring", "overlaps", {"spans": [[1, 3]], "first": record, "last": record}) for record in (2, 3, 1)]
    assert run_tasks(tasks) == [True, False, True]
    with pytest.raises(RuntimeError, match=r"scoring.overlaps failed"):
        run_tasks([Task("scoring", "overlaps", {})])
