"""CONTRIBUTING.md shows code that works: its examples are run with their own tests."""

from __future__ import annotations

import inspect
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest

from model_drift_exporter.formats import FORMATS
from tests.support.walks import EXAMPLES, LINES, applied, sections

_ROOT = Path(__file__).resolve().parents[1]
_OF_MODULES = ("performance_metric", "statistic")
"""Walks whose modules import each other: they are made one by one. Others are run as one text."""


_OF_THE_LIST = "monitor"
"""The walk of what works where it stands in the list of monitors only: ``tests/system/test_contributing.py`` puts it there."""


@pytest.fixture(autouse=True)
def restored_formats(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """What an example registers is gone after its test."""
    formats = dict(FORMATS)
    yield
    for name in set(FORMATS) - set(formats):
        del FORMATS[name]


def _run(text: str, where: str, namespace: dict[str, Any]) -> None:
    exec(compile(text, f"CONTRIBUTING.md ({where})", "exec"), namespace)  # noqa: S102 - our own text


def _tests(namespace: dict[str, Any]) -> list[Callable[..., None]]:
    found = [value for key, value in namespace.items() if key.startswith("test_")]
    assert found
    return found


@pytest.mark.parametrize("name", sorted({*EXAMPLES} - {*_OF_MODULES, _OF_THE_LIST}))
def test_example_passes_its_own_tests(name: str, tmp_path: Path) -> None:
    """The code as printed runs, and so does each test printed with it."""
    namespace: dict[str, Any] = {"__name__": f"example_{name}"}
    _run(EXAMPLES[name], name, namespace)
    for test in _tests(namespace):
        test(**{parameter: tmp_path for parameter in inspect.signature(test).parameters if parameter == "tmp_path"})


@pytest.mark.parametrize("name", _OF_MODULES)
def test_example_of_modules_passes_its_own_tests(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Its modules as printed, and those that exist with the lines as printed, stand where they belong."""
    texts = sections(EXAMPLES[name])
    path, _, _ = LINES[name].removeprefix("--- ").partition("\n")
    texts[path] = applied(LINES[name], (_ROOT / path).read_text())
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
                test()


def test_lines_have_one_place() -> None:
    """A walk says where its lines belong, and does not fall behind the code."""
    with pytest.raises(ValueError, match="no one place"):
        applied("--- x.py\n+new\n old\n", "\nolder\nold\nold\n")
    assert applied("--- x.py\n+new\n old\n@@\n b\n+c\n", "a\nold\nb\n") == "a\nnew\nold\nb\nc\n"
