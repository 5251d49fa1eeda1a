"""CONTRIBUTING.md shows code that works: its examples are run with their own tests."""

from __future__ import annotations

import inspect
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest

from model_drift_exporter.evidence.alarms import Alarms
from model_drift_exporter.evidence.settings import EvidenceSettings
from model_drift_exporter.formats import FORMATS
from model_drift_exporter.monitors import ALARMS, MonitorContext
from model_drift_exporter.records.batches import RecordBatch
from model_drift_exporter.reference.binner import Binner
from model_drift_exporter.reference.building.builder import ProfileBuilder
from model_drift_exporter.settings.values import Window
from tests.support.walks import EXAMPLES, LINES, applied, sections

_ROOT = Path(__file__).resolve().parents[1]
_OF_MODULES = ("performance_metric", "statistic")
"""Walks whose modules import each other: they are made one by one. Others are run as one text."""


@pytest.fixture(autouse=True)
def restored_formats(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """What an example registers is gone after its test."""
    formats = dict(FORMATS)
    yield
    for name in set(FORMATS) - set(formats):
        del FORMATS[name]


def context() -> MonitorContext:
    batch = RecordBatch(3, {"age": [1.0, 2.0, 3.0]}, prediction=[0, 1, 1])
    builder = ProfileBuilder("churn")
    builder.survey(batch)
    builder.fix_bins()
    builder.count(batch)
    reference = builder.profile()
    alarms = Alarms("churn", EvidenceSettings().budgets, ALARMS)
    return MonitorContext("churn", reference, Binner(reference), [Window("1h", seconds=3600)], [0], alarms)


def _run(text: str, where: str, namespace: dict[str, Any]) -> None:
    exec(compile(text, f"CONTRIBUTING.md ({where})", "exec"), namespace)  # noqa: S102 - our own text


def _tests(namespace: dict[str, Any]) -> list[Callable[..., None]]:
    found = [value for key, value in namespace.items() if key.startswith("test_")]
    assert found
    return found


@pytest.mark.parametrize("name", sorted({*EXAMPLES} - {*_OF_MODULES}))
def test_example_passes_its_own_tests(name: str, tmp_path: Path) -> None:
    """The code as printed runs, and so does each test printed with it."""
    namespace: dict[str, Any] = {"__name__": f"example_{name}"}
    _run(EXAMPLES[name], name, namespace)
    for test in _tests(namespace):
        given = {"tmp_path": tmp_path, "context": context() if name == "monitor" else None}
        test(**{parameter: given[parameter] for parameter in inspect.signature(test).parameters})


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
