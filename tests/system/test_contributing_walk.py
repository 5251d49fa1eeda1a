"""CONTRIBUTING's walk for a monitor is taken: five files by hand on a copy of the tree, and everything else follows."""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
from collections.abc import Mapping
from pathlib import Path

import pytest
import yaml

_ROOT = Path(__file__).resolve().parents[2]
_TEXT = (_ROOT / "CONTRIBUTING.md").read_text()
_BLOCK = re.compile(r"<!-- (file|change): (\S+) -->\n(`{3,})\w+\n(.*?\n)\3\n", re.DOTALL)


def blocks(text: str) -> Mapping[str, tuple[str, str]]:
    """What is done to each file, and with which text."""
    return {path: (what, body) for what, path, _, body in _BLOCK.findall(text)}


def changed(text: str, change: str) -> str:
    """A file's text with the lines that begin with ``+`` put behind those that they stand behind in ``change``."""
    lines, place = text.split("\n"), 0
    for line in change.rstrip("\n").split("\n"):
        if line.startswith("+"):
            lines.insert(place, line[1:])
            place += 1
        else:
            place = lines.index(line[1:], place) + 1
    return "\n".join(lines)


@pytest.fixture(scope="module")
def tree(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A copy of what is in the repository, the walk taken."""
    copy = tmp_path_factory.mktemp("walk") / "tree"
    listed = subprocess.run(["git", "ls-files", "-z"], cwd=_ROOT, check=True, capture_output=True).stdout
    for name in filter(None, listed.decode().split("\0")):
        if (_ROOT / name).is_file():
            (copy / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy2(_ROOT / name, copy / name)
    (copy / ".venv").symlink_to(_ROOT / ".venv")
    for path, (what, body) in blocks(_TEXT).items():
        file = copy / path
        assert file.exists() == (what == "change"), path
        file.write_text(body if what == "file" else changed(file.read_text(), body))
    return copy


def _run(tree: Path, *command: str) -> str:
    environment = {**os.environ, "PYTHONPATH": str(tree / "exporter")}
    done = subprocess.run(command, cwd=tree, env=environment, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout[-4_000:] + done.stderr[-4_000:]
    return done.stdout


def _differing(tree: Path) -> set[str]:
    return {
        path.relative_to(tree).as_posix()
        for path in tree.rglob("*")
        if path.is_file()
        and not {"__pycache__", ".venv"} & {*path.relative_to(tree).parts}
        and (
            not (_ROOT / path.relative_to(tree)).exists()
            or path.read_bytes() != (_ROOT / path.relative_to(tree)).read_bytes()
        )
    }


def test_a_monitor_is_five_files(tree: Path) -> None:
    """Module, line, test, runbook, changelog: two metrics, a setting, an alarm, a panel follow from them."""
    by_hand = {
        "CHANGELOG.md",
        "docs/runbooks/ModelInputRepeated.md",
        "exporter/model_drift_exporter/monitors/__init__.py",
        "exporter/model_drift_exporter/monitors/repeats.py",
        "tests/monitors/test_repeats.py",
    }
    assert {*blocks(_TEXT)} == by_hand == _differing(tree)
    _run(tree, "sh", "scripts/generate")
    generated = _differing(tree) - by_hand
    assert generated == {
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
    _run(tree, "sh", "scripts/generate", "--check")


def test_rules_and_panels_are_there(tree: Path) -> None:
    """Promtool takes the rules; the panel has a number that no other has, and the alert leads to it."""
    _run(tree, "sh", "scripts/generate")
    rules = sorted(map(str, (tree / "prometheus" / "rules").glob("*.yml")))
    _run(tree, "promtool", "check", "rules", *rules)
    groups = yaml.safe_load((tree / "prometheus" / "rules" / "alerts-model.yml").read_text())["groups"]
    (alert,) = [rule for group in groups for rule in group["rules"] if rule.get("alert") == "ModelInputRepeated"]
    number = json.loads((tree / "grafana" / "panel_numbers.json").read_text())["repeats"]
    assert alert["labels"] == {"severity": "ticket"}
    assert f"viewPanel={number}" in alert["annotations"]["panel_url"]
    assert alert["annotations"]["runbook_url"].endswith("/ModelInputRepeated.md")
    panels = json.loads((tree / "grafana" / "dashboards" / "model.json").read_text())["panels"]
    inner = [each for panel in panels for each in (panel, *panel.get("panels", ()))]
    assert [each["title"] for each in inner if each["id"] == number] == ["Repeated records"]


def test_tests_over_all_monitors_take_it_in(tree: Path) -> None:
    """Its own, the contract, the renderer, the lint of dashboards and the runbooks pass without a further change."""
    _run(tree, "sh", "scripts/generate")
    tests = (
        *("tests/monitors/test_repeats.py", "tests/monitors/test_contract.py", "tests/service/test_catalogue.py"),
        *("tests/test_runbooks.py", "tests/prometheus", "tests/alertmanager", "tests/grafana"),
    )
    _run(tree, ".venv/bin/python", "-m", "pytest", "-q", "-p", "no:cacheprovider", *tests)


def test_lines_are_put_where_the_change_says() -> None:
    """Behind the line that they stand behind."""
    assert changed("a\nb\nc\n", " b\n+x\n+y\n") == "a\nb\nx\ny\nc\n"
    with pytest.raises(ValueError, match="z"):
        changed("a\n", " z\n+x\n")
