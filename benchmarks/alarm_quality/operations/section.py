"""Runs operations: each kind in a process of its own."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from fnmatch import fnmatch

from ..sections import Part
from ..sizes import Sizes
from ..tasks import Task, run_tasks
from .harms import HARMS
from .quiet import QUIET
from .report import harm_part, quiet_part, replay_part

__all__ = ["chosen", "operations"]


def chosen(names: Iterable[str], patterns: Sequence[str]) -> list[str]:
    """The names that match a pattern; all if there is none."""
    return [name for name in names if not patterns or any(fnmatch(name, pattern) for pattern in patterns)]


def operations(sizes: Sizes, patterns: Sequence[str] = ()) -> list[Part]:
    """The parts of the report on operations; ``patterns`` choose kinds and harms by their names."""
    quiet, harms = chosen(QUIET, patterns), chosen(HARMS, patterns)
    tasks = [Task("operations.run", "quiet_streams", {"name": name, "share": sizes.operations_share}) for name in quiet]
    tasks += [Task("operations.run", "replayed", {"name": name, "share": sizes.operations_share}) for name in quiet]
    tasks += [Task("operations.run", "harm_delays", {"name": name, "seeds": sizes.harm_seeds}) for name in harms]
    results = iter(run_tasks(tasks))
    found, replayed, told = ({name: next(results) for name in names} for names in (quiet, quiet, harms))
    return [quiet_part(found), replay_part(replayed), harm_part(told)]
