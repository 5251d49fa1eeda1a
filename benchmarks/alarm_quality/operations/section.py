"""Runs operations: each kind in a process of its own."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from fnmatch import fnmatch

from ..sections import Part
from ..sizes import Sizes
from ..tasks import Task, run_tasks
from .quiet import QUIET
from .report import quiet_part

__all__ = ["chosen", "operations"]


def chosen(names: Iterable[str], patterns: Sequence[str]) -> list[str]:
    """The names that match a pattern; all if there is none."""
    return [name for name in names if not patterns or any(fnmatch(name, pattern) for pattern in patterns)]


def operations(sizes: Sizes, patterns: Sequence[str] = ()) -> Part:
    """The part of the report on operations; ``patterns`` choose kinds by their names."""
    quiet = chosen(QUIET, patterns)
    tasks = [Task("operations.run", "quiet_streams", {"name": name, "share": sizes.operations_share}) for name in quiet]
    return quiet_part(dict(zip(quiet, run_tasks(tasks), strict=True)))
