"""CONTRIBUTING.md shows code that works: its examples are run with their own tests."""

from __future__ import annotations

import inspect
import sys
from collections.abc import Callable
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest

from tests.support.walks import EXAMPLES, LINES, applied, sections

_ROOT = Path(__file__).resolve().parents[1]
_OF_MODULES = ("format", "performance_metric", "source", "statistic")
"""Walks that work beside what there is; a monitor does in its list only, where ``tests/system/test_contributing.py`` puts it."""


def _run(text: str, where: str, namespace: dict[str, Any]) -> None:
    exec(compile(text, f"CONTRIBUTING.md ({where})", "exec"), namespace)  # noqa: S102 - our own text


def _tests(namespace: dict[str, Any]) -> list[Callable[..., None]]:
    found = [value for key, value in namespace.items() if key.startswith("test_")]
    assert found
    return found


@pytest.mark.parametrize("name", _OF_MODULES)
def test_example_passes_its_own_tests(name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Its modules as printed, and those that exist with the lines as printed, stand where they belong."""
    texts = sections(EXAMPLES[name])
    path, _, _ = LINES[name].removeprefix("--- ").partition("\n")
    lines = applied(LINES[name], (_ROOT / path).read_text())
    if not path.endswith("__init__.py"):  # that of a room is where others have found it already
        texts[path] = lines
    for path, text in texts.items():
        if path.startswith("exporter/"):
            full = path.removeprefix("exporter/").removesuffix(".py").replace("/", ".")
            module = ModuleType(full)
            module.__package__ = full.rpartition(".")[0]
            monkeypatch.setitem(sys.modules, full, module)
            _run(text, path, vars(module))
    for path, text in texts.items():
        if path.startswith("tests/"):
            namespace: dict[str, Any] = {"__name__": f"example_{name}"}
            _run(text, path, namespace)
            for test in _tests(namespace):
                test(**{each: tmp_path for each in inspect.signature(test).parameters if each == "tmp_path"})


def test_lines_have_one_place() -> None:
    """A walk says where its lines belong, and does not fall behind the code."""
    with pytest.raises(ValueError, match="no one place"):
        applied("--- x.py\n+new\n old\n", "\nolder\nold\nold\n")
    assert applied("--- x.py\n+new\n old\n@@\n b\n+c\n", "a\nold\nb\n") == "a\nnew\nold\nb\nc\n"
