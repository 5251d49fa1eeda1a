"""Where tests stand: whatever starts a process is in tests/system/."""

from __future__ import annotations

import ast
from pathlib import Path

TESTS = Path(__file__).resolve().parent
STARTING = {"subprocess", "multiprocessing"}
STARTING_NAMES = {
    "ProcessPoolExecutor",
    "create_subprocess_exec",
    "create_subprocess_shell",
    "fork",
    "posix_spawn",
    "popen",
}


def _module(path: Path) -> str:
    return ".".join(("tests", *path.relative_to(TESTS).with_suffix("").parts))


def _imported(tree: ast.Module) -> set[str]:
    found = set()
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            found |= {each.name for each in node.names}
        elif isinstance(node, ast.ImportFrom) and node.module:
            found |= {node.module, *(f"{node.module}.{each.name}" for each in node.names)}
    return found


def _starts(tree: ast.Module) -> bool:
    names = {each.attr for each in ast.walk(tree) if isinstance(each, ast.Attribute)}
    parts = {part for name in _imported(tree) for part in name.split(".")}
    return bool(parts & (STARTING | STARTING_NAMES) or names & STARTING_NAMES)


TREES = {_module(path): ast.parse(path.read_text()) for path in TESTS.rglob("*.py")}
IMPORTS = {name: _imported(tree) & TREES.keys() for name, tree in TREES.items()}


def _ways() -> dict[str, list[str]]:
    """For each module that can start a process, the imports that lead to the one that does."""
    found = {name: [name] for name, tree in TREES.items() if _starts(tree)}
    while more := {
        name: [name, *found[other]]
        for name, imported in IMPORTS.items()
        if name not in found
        for other in sorted(imported & found.keys())[:1]
    }:
        found |= more
    return found


def test_nothing_outside_of_system_starts_a_process() -> None:
    """Neither itself nor through a helper: `make test-quick` stays quick, and needs no other program."""
    own = _module(Path(__file__))
    assert [way for name, way in _ways().items() if not name.startswith(("tests.system.", "tests.support.", own))] == []


def test_what_starts_a_process_is_noticed() -> None:
    """Directly, by its import, and through a helper."""
    assert _starts(ast.parse("import subprocess"))
    assert _starts(ast.parse("from concurrent.futures import ProcessPoolExecutor"))
    assert _starts(ast.parse("import os\nos.posix_spawn('a', [], {})"))
    ways = _ways()
    assert ways["tests.support.sidecar"] == ["tests.support.sidecar"]
    assert len(ways["tests.system.commands.test_run"]) > 1
