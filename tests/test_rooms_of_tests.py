"""Where tests stand: whatever starts a process is in tests/system/."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator, Sequence
from pathlib import Path

import pytest

_ROOT = Path(__file__).resolve().parents[1]
# What tests import of the repository. The package is not among it: which of its verbs start a process, their tests know.
_FOLDERS = ("tests", "benchmarks", "grafana", "prometheus", "alertmanager", "scripts")
# Names as they are imported or, of what cannot be resolved, an attribute with its dot before it.
_STARTING = re.compile(
    r"((asyncio\.)?subprocess|multiprocessing|pty)(\..*)?"
    r"|(os|posix)\.(system|popen|(spawn|posix_spawn|exec|fork)\w*)"
    r"|.*subprocess_(exec|shell)"
    r"|.*\.ProcessPoolExecutor"
)


def _package(path: Path) -> tuple[str, ...]:
    return path.relative_to(_ROOT).parent.parts


def _module(path: Path) -> str:
    return ".".join((*_package(path), *([] if path.stem == "__init__" else [path.stem])))


def _names(tree: ast.Module, package: Sequence[str]) -> Iterator[tuple[str, str]]:
    """Each name that an import binds in a module of ``package``, and in full what it stands for."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            for each in node.names:
                yield (each.asname, each.name) if each.asname else (each.name.partition(".")[0],) * 2
        elif isinstance(node, ast.ImportFrom):
            above = package[: len(package) - node.level + 1] if node.level else ()
            for each in node.names:
                yield each.asname or each.name, ".".join([*above, *([node.module] if node.module else []), each.name])


def _imported(tree: ast.Module, package: Sequence[str]) -> set[str]:
    """What is imported in a module of ``package``; with each module the packages that it is in, which run before it."""
    whole = {each.name for node in ast.walk(tree) if isinstance(node, ast.Import) for each in node.names}
    parts = [name.split(".") for name in whole | {name for _, name in _names(tree, package)}]
    return {".".join(each[:end]) for each in parts for end in range(1, len(each) + 1)}


def _used(tree: ast.Module, package: Sequence[str]) -> set[str]:
    """The attributes that a module of ``package`` uses: in full those of what it imports, others from their dot on."""
    names = dict(_names(tree, package))
    found = set()
    for node in ast.walk(tree):
        if isinstance(node, ast.Attribute):
            first, dot, rest = ast.unparse(node.value).partition(".")
            found.add(f"{names[first]}{dot}{rest}.{node.attr}" if first in names else f".{node.attr}")
    return found


def _starts(tree: ast.Module, package: Sequence[str] = ("tests",)) -> bool:
    return any(map(_STARTING.fullmatch, _imported(tree, package) | _used(tree, package)))


_PATHS = [path for folder in _FOLDERS for path in sorted((_ROOT / folder).rglob("*.py"))]
TREES = {_module(path): (ast.parse(path.read_text()), _package(path)) for path in _PATHS}
IMPORTS = {name: _imported(*each) & TREES.keys() for name, each in TREES.items()}


def _ways() -> dict[str, list[str]]:
    """For each module that can start a process, the imports that lead to the one that does."""
    found = {name: [name] for name, each in TREES.items() if _starts(*each)}
    while more := {
        name: [name, *found[other]]
        for name, imported in IMPORTS.items()
        if name not in found
        for other in sorted(imported & found.keys())[:1]
    }:
        found |= more
    return found


@pytest.mark.slow
def test_nothing_outside_of_system_starts_a_process() -> None:
    """Neither itself nor through a helper: `make test-quick` stays quick, and needs no other program."""
    allowed = ("tests.system.", "tests.support.")
    ways = {name: way for name, way in _ways().items() if name.startswith("tests.")}
    assert [way for name, way in ways.items() if not name.startswith(allowed)] == []


@pytest.mark.parametrize(
    "text",
    [
        "import subprocess",
        "from asyncio import subprocess",
        "from multiprocessing.pool import Pool",
        "import concurrent.futures\nconcurrent.futures.ProcessPoolExecutor()",
        "from concurrent import futures as f\nf.ProcessPoolExecutor()",
        "from concurrent.futures import ProcessPoolExecutor",
        "import asyncio\nasyncio.create_subprocess_exec('a')",
        "loop().subprocess_shell(made, 'a')",
        "import os\nos.posix_spawn('a', [], {})",
        "import os\nos.fork()",
        "import os\nos.popen('a')",
        "import os\nos.system('a')",
        "import os as o\no.system('a')",
        "from os import system as run\nrun('a')",
        "import os\nos.spawnv(os.P_WAIT, 'a', ['a'])",
        "import os\nos.spawnl(os.P_WAIT, 'a', 'a')",
        "from os import execv",
        "def late():\n    from os import execvpe",
    ],
)
def test_what_starts_a_process_is_noticed(text: str) -> None:
    """By its import or its use, under whatever name."""
    assert _starts(ast.parse(text))


@pytest.mark.parametrize(
    "text",
    [
        "import platform\nplatform.system()",
        "from tests.system.history import lending",
        "from concurrent.futures import ThreadPoolExecutor",
        "import os\nos.environ['a']",
        "database.execute('a')",
    ],
)
def test_what_starts_none_is_not(text: str) -> None:
    """Though it has a name like that."""
    assert not _starts(ast.parse(text))


@pytest.mark.parametrize(
    ("text", "module"),
    [
        ("import tests.support.sidecar", "tests.support.sidecar"),
        ("from tests.support import sidecar", "tests.support.sidecar"),
        ("from tests.support.sidecar import ran", "tests.support.sidecar"),
        ("from . import test_tail", "tests.sources.files.test_tail"),
        ("from .test_tail import it", "tests.sources.files.test_tail"),
        ("from .. import files", "tests.sources.files"),
        ("from ...support import sidecar", "tests.support.sidecar"),
        ("from ...support.sidecar import ran", "tests.support.sidecar"),
        ("import benchmarks.alarm_quality.laws as l", "benchmarks.alarm_quality"),
    ],
)
def test_imports_are_followed_from_any_folder(text: str, module: str) -> None:
    """Absolute ones, relative ones of each level, and those of the packages above."""
    assert module in _imported(ast.parse(text), ("tests", "sources", "files"))


@pytest.mark.slow
def test_ways_lead_through_helpers_and_benchmarks() -> None:
    """To what starts the process, over the modules that import one another."""
    ways = _ways()
    assert ways["tests.support.sidecar"] == ["tests.support.sidecar"]
    assert len(ways["tests.system.commands.test_run"]) > 1
    assert ways["tests.system.benchmarks.test_broken_input"][-1].startswith("benchmarks.")
    assert ways["tests.system.test_compose"][-1] == "tests.support.compose_command"
