"""CONTRIBUTING.md shows code that works: its examples are run with their own tests."""

from __future__ import annotations

import inspect
import re
from collections.abc import Callable, Iterator
from pathlib import Path
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

TEXT = (Path(__file__).resolve().parents[1] / "CONTRIBUTING.md").read_text()
EXAMPLES = dict(re.findall(r"<!-- example: (\w+) -->\n```python\n(.*?)```", TEXT, re.DOTALL))


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


@pytest.mark.parametrize("name", ["format", "source", "statistic", "monitor"])
def test_example_passes_its_own_tests(name: str, tmp_path: Path) -> None:
    """The code as printed runs, and so does each test printed with it."""
    namespace: dict[str, Any] = {"__name__": f"example_{name}"}
    exec(compile(EXAMPLES[name], f"CONTRIBUTING.md ({name})", "exec"), namespace)  # noqa: S102 - our own text
    tests: list[Callable[..., None]] = [value for key, value in namespace.items() if key.startswith("test_")]
    assert tests
    for test in tests:
        given = {"tmp_path": tmp_path, "context": context() if name == "monitor" else None}
        test(**{parameter: given[parameter] for parameter in inspect.signature(test).parameters})


def test_every_example_is_run() -> None:
    """An example added to the text is added to the list above."""
    assert sorted(EXAMPLES) == ["format", "monitor", "source", "statistic"]
