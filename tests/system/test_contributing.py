"""What follows from a statistic and a performance metric that are added as CONTRIBUTING.md says: to a copy of the repository."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from tests.support.components import require
from tests.support.walks import EXAMPLES, LINES, applied, sections

_ROOT = Path(__file__).resolve().parents[2]
_FOLDERS = ("exporter", "grafana", "prometheus", "alertmanager", "scripts", "tests", "benchmarks")

_CARDS = """
from model_drift_exporter.models.model import Model
from model_drift_exporter.service.model_status import model_status
from model_drift_exporter.settings.values import parse_window
from model_drift_exporter.web.page.page_view import model_view
from tests.sections import monitoring_settings
from tests.support.prediction_log import arrived, batch_of, make_rows, profile_of

model = Model("m", profile_of([batch_of(make_rows(500, seed=9))]), monitoring_settings((parse_window("100"),)))
model.process(arrived(batch_of(make_rows(200))))
for card in model_view(model_status(model, 0), "100", folded=False, now=0.0).features:
    print(*(f"{title}: {value}" for title, value in card.statistics), sep="\\n")
"""


class _Copy:
    """A copy of the repository with what the walks add to it: ``files`` by hand."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.files: dict[str, set[str]] = {}
        for name in _FOLDERS:
            shutil.copytree(_ROOT / name, folder / name, ignore=shutil.ignore_patterns("__pycache__"))
        shutil.copy(_ROOT / "pyproject.toml", folder)

    def add(self, walk: str) -> None:
        """The modules and the lines of a walk."""
        self.files[walk] = {*sections(EXAMPLES.get(walk, ""))}
        for path, text in sections(EXAMPLES.get(walk, "")).items():
            assert not (self.folder / path).exists()
            (self.folder / path).write_text(text)
        path, _, _ = LINES[walk].removeprefix("--- ").partition("\n")
        (self.folder / path).write_text(applied(LINES[walk], (self.folder / path).read_text()))
        self.files[walk].add(path)

    def run(self, *arguments: str) -> str:
        """What Python prints in the copy."""
        path = os.pathsep.join((str(self.folder / "exporter"), str(self.folder)))
        finished = subprocess.run(
            [sys.executable, *arguments],
            cwd=self.folder,
            env=os.environ | {"PYTHONPATH": path, "PYTHONDONTWRITEBYTECODE": "1"},
            capture_output=True,
            text=True,
            check=False,
        )
        assert finished.returncode == 0, finished.stdout + finished.stderr
        return finished.stdout

    def text(self, path: str) -> str:
        """What stands in a file of the copy."""
        return (self.folder / path).read_text()


@pytest.fixture(scope="module")
def copy(tmp_path_factory: pytest.TempPathFactory) -> _Copy:
    """With a statistic, its form in PromQL, and a performance metric."""
    made = _Copy(tmp_path_factory.mktemp("repository"))
    for walk in ("statistic", "statistic_form", "performance_metric"):
        made.add(walk)
    made.run("-m", "prometheus.src")
    made.run("-m", "grafana.src")
    return made


def test_a_few_files_are_written_by_hand(copy: _Copy) -> None:
    """A statistic: its module, the line, its test, and one for PromQL. A performance metric: its entry and its test."""
    assert {walk: len(files) for walk, files in copy.files.items()} == {
        "statistic": 3,
        "statistic_form": 1,
        "performance_metric": 2,
    }


def test_the_walks_look_as_the_rest_does(copy: _Copy) -> None:
    """Formatted, and with nothing to mend."""
    changed = sorted({path for files in copy.files.values() for path in files})
    assert "All checks passed" in copy.run("-m", "ruff", "check", "--no-cache", *changed)
    copy.run("-m", "ruff", "format", "--no-cache", "--check", *changed)


def test_the_walks_pass_their_tests(copy: _Copy) -> None:
    """As part of the repository."""
    tests = [path for files in copy.files.values() for path in files if path.startswith("tests/")]
    assert len(tests) == 2
    copy.run("-m", "pytest", "-q", "-p", "no:cacheprovider", *tests)


def test_metrics_and_their_documentation_follow(copy: _Copy) -> None:
    """Of every role with its noise floor, and with the ends of its interval and its reference."""
    text = copy.run("-c", "from model_drift_exporter.service.catalogue import documentation; print(documentation())")
    for role in ("feature", "prediction", "score"):
        for name in ("hellinger_distance", "hellinger_distance_noise_floor"):
            assert f"| `model_{role}_{name}` | gauge |" in text
    for end in ("", "_lower_bound", "_upper_bound", "_reference"):
        assert f"| `model_specificity{end}` | gauge | `model`, `class`" in text


def test_the_page_follows(copy: _Copy) -> None:
    """Numbers and categories both have the statistic, with its noise floor."""
    lines = [line for line in copy.run("-c", _CARDS).splitlines() if line.startswith("Hellinger distance: ")]
    assert len(lines) == 2
    assert all("(noise floor 0" in line for line in lines)


def test_the_dashboards_follow(copy: _Copy) -> None:
    """A line in the table of statistics, read as the module says, and a row in the table of figures."""
    feature, model = copy.text("grafana/dashboards/feature.json"), copy.text("grafana/dashboards/model.json")
    assert "model_reference_feature:feature_hellinger_distance:reference1h" in feature
    assert "0: as usual. 1: no value is in a bin of before." in feature
    assert "|roc_auc|root_mean_squared_error|specificity)" in model
    assert '"text": "Specificity"' in model


def test_rules_record_what_the_exporter_computes(copy: _Copy) -> None:
    """The test of all forms in PromQL compares the new one, too."""
    require("promtool")
    assert "model_reference_feature:feature_hellinger_distance:reference1h" in copy.text(
        "prometheus/rules/drift-1h.yml"
    )
    found = copy.run(
        *("-m", "pytest", "-q", "-p", "no:cacheprovider", "tests/system/prometheus/test_distances.py", "-k", "an_hour")
    )
    assert "1 passed" in found
