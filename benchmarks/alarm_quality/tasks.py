"""Runs parts of the benchmark in processes of their own, two at a time."""

from __future__ import annotations

from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import attrs

from benchmarks.processes import measure

__all__ = ["Task", "run_tasks"]

_AT_ONCE = 2


@attrs.frozen
class Task:
    """A function of a module of this package, with the arguments that it gets; ``python`` where it needs another one."""

    module: str
    function: str
    arguments: dict[str, Any]
    python: str | None = None

    def run(self) -> Any:
        """The function's result."""
        module = f"{__package__}.{self.module}"
        if self.python is None:
            return measure(module, self.function, **self.arguments)
        return measure(module, self.function, python=self.python, **self.arguments)


def run_tasks(tasks: Sequence[Task]) -> list[Any]:
    """The results, in the order of the tasks."""
    with ThreadPoolExecutor(_AT_ONCE) as pool:
        return [*pool.map(Task.run, tasks)]
