"""What follows from what is added to a copy of the tree as CONTRIBUTING.md says, walk by walk."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path

import pytest
import yaml

from tests.support.components import require
from tests.support.walks import EXAMPLES, LINES, PAGES, applied, sections

_ROOT = Path(__file__).resolve().parents[2]
_FOLDERS = ("exporter", "grafana", "prometheus", "alertmanager", "scripts", "tests", "benchmarks", "docs")
_FILES = ("pyproject.toml", "README.md", "CHANGELOG.md", "CONTRIBUTING.md", "LICENSE")

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

_PIPED = """
import sys

import attrs

from model_drift_exporter.configuration.flags import settings_from
from model_drift_exporter.metrics.renderer import render
from model_drift_exporter.pipeline.assembly import make_pipeline, open_sources

settings = settings_from({}, [f"pipe://{sys.argv[1]}"])
inputs = [attrs.evolve(each, format="logfmt") for each in settings.inputs]
pipeline = make_pipeline(settings, open_sources(inputs, settings))
with open(sys.argv[1], "wb") as writer:
    writer.write(open(sys.argv[2], "rb").read())
    writer.flush()
    while pipeline.step(0.0):
        pass
pipeline.models.finish()
print(render(pipeline.collect(0.0), openmetrics=False).decode())
"""


class _Copy:
    """A copy of the repository with what the walks add to it: ``files`` by hand."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.files: dict[str, set[str]] = {}
        for name in _FOLDERS:
            shutil.copytree(_ROOT / name, folder / name, ignore=shutil.ignore_patterns("__pycache__"))
        for name in _FILES:
            shutil.copy(_ROOT / name, folder)
        (folder / ".venv").symlink_to(Path(sys.prefix))  # where scripts/generate finds Python

    def add(self, walk: str) -> None:
        """The modules and the lines of a walk."""
        self.write(walk, sections(EXAMPLES.get(walk, "")))
        path, _, _ = LINES[walk].removeprefix("--- ").partition("\n")
        (self.folder / path).write_text(applied(LINES[walk], (self.folder / path).read_text()))
        self.files[walk].add(path)

    def write(self, walk: str, files: Mapping[str, str]) -> None:
        """New files of a walk."""
        self.files.setdefault(walk, set()).update(files)
        for path, text in files.items():
            assert not (self.folder / path).exists()
            (self.folder / path).write_text(text)

    def differing(self) -> set[str]:
        """Files that are not as they are in the repository, or not there."""
        skipped = {"__pycache__", ".venv", ".mypy_cache", ".ruff_cache", ".hypothesis"}
        found = [path.relative_to(self.folder) for path in self.folder.rglob("*") if path.is_file()]
        return {
            path.as_posix()
            for path in found
            if not skipped & {*path.parts}
            and (not (_ROOT / path).exists() or (self.folder / path).read_bytes() != (_ROOT / path).read_bytes())
        }

    def run(self, *arguments: str) -> str:
        """What Python prints in the copy."""
        return self.command(sys.executable, *arguments)

    def command(self, *command: str) -> str:
        """What a program prints in the copy; it must succeed."""
        path = os.pathsep.join((str(self.folder / "exporter"), str(self.folder)))
        finished = subprocess.run(
            command,
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


@pytest.fixture(scope="module")
def fed(tmp_path_factory: pytest.TempPathFactory) -> _Copy:
    """With a format and a source."""
    made = _Copy(tmp_path_factory.mktemp("bytes"))
    for walk in ("format", "source"):
        made.add(walk)
    return made


def test_a_format_and_a_source_are_three_files_each(fed: _Copy) -> None:
    """Module, line, test; they look as the rest does and pass their tests, and what else changes is generated."""
    assert {walk: len(files) for walk, files in fed.files.items()} == {"format": 3, "source": 3}
    by_hand = {path for files in fed.files.values() for path in files}
    assert fed.differing() == by_hand
    assert "All checks passed" in fed.run("-m", "ruff", "check", "--no-cache", *sorted(by_hand))
    fed.run("-m", "ruff", "format", "--no-cache", "--check", *sorted(by_hand))
    tests = sorted(path for path in by_hand if path.startswith("tests/"))
    fed.run("-m", "pytest", "-q", "-p", "no:cacheprovider", *tests, "tests/test_rooms.py", "-k", "not picture")
    fed.command("sh", "scripts/generate")
    assert fed.differing() - by_hand == {"docs/configuration.md", "docs/metrics.md"}
    assert "`logfmt`" in fed.text("docs/configuration.md")
    assert "model_drift_exporter_input_pipe_full" in fed.text("docs/metrics.md")
    assert "not_logfmt" in fed.text("docs/metrics.md")


def test_a_log_of_the_format_comes_through_the_source(fed: _Copy) -> None:
    """`check` names the format by the file's name and advises on its reasons; a pipe is read by its scheme."""
    log = fed.folder / "log.logfmt"
    log.write_text("".join(f"ts={1762161247 + index} age={index % 50} prediction=1\n" for index in range(100)) + "x\n")
    found = fed.run("-m", "model_drift_exporter", "check", str(log))
    assert "101 = 100 records + 0 labels + 1 error" in found
    assert "not_logfmt: 1 line; each line must be pairs: name=value" in found
    pipe = fed.folder / "pipe"
    os.mkfifo(pipe)
    found = fed.run("-c", _PIPED, str(pipe), str(log))
    assert 'model_drift_exporter_record_errors_total{input="log",reason="not_logfmt"} 1' in found
    assert 'model_drift_exporter_input_pipe_full{input="log"} 0' in found
    assert 'model_records_total{model="default"} 100' in found


_MONITOR_BY_HAND = {
    "CHANGELOG.md",
    "docs/runbooks/ModelInputRepeated.md",
    "exporter/model_drift_exporter/monitors/__init__.py",
    "exporter/model_drift_exporter/monitors/repeats.py",
    "tests/monitors/test_repeats.py",
}


@pytest.fixture(scope="module")
def watched(tmp_path_factory: pytest.TempPathFactory) -> _Copy:
    """With a monitor: two metrics, a setting, an alarm, a panel, a runbook."""
    made = _Copy(tmp_path_factory.mktemp("monitor"))
    made.add("monitor")
    made.add("monitor_changelog")
    made.write("monitor_runbook", PAGES)
    assert made.differing() == _MONITOR_BY_HAND
    made.command("sh", "scripts/generate")
    return made


def test_a_monitor_is_five_files(watched: _Copy) -> None:
    """Module, line, test, runbook, changelog; every other file that it changes is generated."""
    assert set[str]().union(*watched.files.values()) == _MONITOR_BY_HAND
    assert watched.differing() - _MONITOR_BY_HAND == {
        "README.md",
        "alertmanager/alertmanager.yml",
        "alertmanager/compose.yml",
        "docs/configuration.md",
        "docs/exporter.example.yaml",
        "docs/metrics.md",
        "docs/runbooks/README.md",
        "grafana/dashboards/fleet.json",
        "grafana/dashboards/model.json",
        "grafana/kubernetes/dashboards.yaml",
        "grafana/panel_numbers.json",
        "prometheus/rules/alerts-model.yml",
    }
    watched.command("sh", "scripts/generate", "--check")


def test_the_alert_leads_to_the_panel(watched: _Copy) -> None:
    """Promtool takes the rules; the panel has a number of its own, which the alert's link has."""
    require("promtool")
    rules = sorted(map(str, (watched.folder / "prometheus" / "rules").glob("*.yml")))
    watched.command("promtool", "check", "rules", *rules)
    groups = yaml.safe_load(watched.text("prometheus/rules/alerts-model.yml"))["groups"]
    (alert,) = [rule for group in groups for rule in group["rules"] if rule.get("alert") == "ModelInputRepeated"]
    number = json.loads(watched.text("grafana/panel_numbers.json"))["repeats"]
    assert alert["labels"] == {"severity": "ticket"}
    assert f"viewPanel={number}" in alert["annotations"]["panel_url"]
    assert alert["annotations"]["runbook_url"].endswith("/ModelInputRepeated.md")
    panels = json.loads(watched.text("grafana/dashboards/model.json"))["panels"]
    every = [each for panel in panels for each in (panel, *panel.get("panels", ()))]
    assert [each["title"] for each in every if each["id"] == number] == ["Repeated records"]
    assert "model_repeated_records_total" in watched.text("docs/metrics.md")
    assert "repeats.tolerance" in watched.text("docs/configuration.md")


"""What goes through all monitors, or all that follows from them."""


def test_the_tests_of_all_monitors_take_it_in(watched: _Copy) -> None:
    """Its own, the contract, and those that list monitors, alarms, metrics, settings or panels: without a change."""
    changed = sorted(path for path in _MONITOR_BY_HAND if path.endswith(".py"))
    watched.run("-m", "ruff", "check", "--no-cache", *changed)
    watched.run("-m", "ruff", "format", "--no-cache", "--check", *changed)
    tests = (
        *("tests/monitors/test_repeats.py", "tests/models/test_model_monitors.py", "tests/models/test_series_limit.py"),
        *("tests/evidence/test_alarms.py", "tests/configuration/test_settings.py", "tests/service/test_catalogue.py"),
        *("tests/prometheus", "tests/alertmanager", "tests/grafana/rules", "tests/grafana/model", "tests/scripts"),
        *("tests/test_runbooks.py", "tests/system/test_golden_metrics.py"),
    )
    watched.run("-m", "pytest", "-q", "-p", "no:cacheprovider", "--hypothesis-profile=quick", *tests)
    contract = watched.run(
        "-m", "pytest", "-q", "-p", "no:cacheprovider", "tests/monitors/test_contract.py", "-k", "repeats"
    )
    assert " passed" in contract
