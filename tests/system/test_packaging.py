"""The wheel holds the package, the tests run against the wheel, and starting it imports only what it needs."""

from __future__ import annotations

import importlib.metadata
import os
import re
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest

import model_drift_exporter

REPOSITORY = Path(__file__).resolve().parents[2]
SOURCE = REPOSITORY / "exporter" / "model_drift_exporter"
IMPORTED_PACKAGE = Path(model_drift_exporter.__file__).parent
DISTRIBUTION = "model-drift-exporter"

against_the_wheel = pytest.mark.skipif(
    os.environ.get("TEST_INSTALLED_WHEEL") != "1", reason="says something about the wheel; run by `make test`"
)


def source_files() -> dict[str, bytes]:
    return {
        path.relative_to(SOURCE).as_posix(): path.read_bytes()
        for path in SOURCE.rglob("*")
        if path.is_file() and not any(part == "__pycache__" or part.startswith(".") for part in path.parts)
    }


@against_the_wheel
def test_the_tests_import_the_installed_wheel() -> None:
    """Under `make test` nothing comes from exporter/, so a file missing from the wheel fails a test."""
    assert IMPORTED_PACKAGE.parent == Path(str(importlib.metadata.distribution(DISTRIBUTION).locate_file("")))
    assert not IMPORTED_PACKAGE.is_relative_to(REPOSITORY / "exporter")
    assert not [entry for entry in sys.path if Path(entry).resolve() == REPOSITORY / "exporter"]


@against_the_wheel
def test_the_wheel_holds_every_file_of_the_package_and_nothing_else() -> None:
    """Templates, styles and py.typed are shipped, byte for byte, and the wheel tested is the present source's."""
    recorded = importlib.metadata.files(DISTRIBUTION)
    assert recorded is not None
    packaged = {
        file.relative_to("model_drift_exporter").as_posix(): file.read_binary()
        for file in recorded
        if file.parts[0] == "model_drift_exporter" and "__pycache__" not in file.parts
    }
    assert packaged == source_files()
    others = {file.parts[0] for file in recorded} - {"model_drift_exporter", ".."}  # the command lies outside of it
    assert {Path(name).suffix for name in others} == {".dist-info"}
    assert "py.typed" in packaged
    assert {Path(name).suffix for name in packaged} >= {".py", ".j2"}


@against_the_wheel
def test_the_wheel_names_its_licence_its_command_and_its_version() -> None:
    """What an installer shows about the package agrees with the repository."""
    distribution = importlib.metadata.distribution(DISTRIBUTION)
    assert distribution.version == model_drift_exporter.__version__
    assert distribution.metadata["License-Expression"] == "Apache-2.0"
    commands = {entry.name: entry.value for entry in distribution.entry_points if entry.group == "console_scripts"}
    assert commands == {"model-drift-exporter": "model_drift_exporter.cli:main"}
    licence = distribution.read_text("licenses/LICENSE")
    assert licence == (REPOSITORY / "LICENSE").read_text()


def test_starting_the_command_line_imports_no_heavy_package() -> None:
    """The sidecar stays small: what only tests, demos and Parquet files need is not loaded at start."""
    heavy = {"scipy", "pandas", "rich", "pyarrow", "prometheus_client", "hypothesis", "pytest"}
    loaded = subprocess.run(
        [sys.executable, "-c", "import sys, model_drift_exporter.cli; print(*{m.split('.')[0] for m in sys.modules})"],
        env={**os.environ, "PYTHONPATH": str(IMPORTED_PACKAGE.parent)},
        capture_output=True,
        text=True,
        check=True,
    ).stdout.split()
    assert "model_drift_exporter" in loaded
    assert heavy.isdisjoint(loaded)


def test_every_run_time_dependency_has_a_tested_version() -> None:
    """constraints.txt, from which the image is built, knows each dependency that pyproject.toml names."""
    project = tomllib.loads((REPOSITORY / "pyproject.toml").read_text())["project"]
    wanted = {re.split(r"[<>=!~ \[]", requirement)[0].lower() for requirement in project["dependencies"]}
    lines = (REPOSITORY / "constraints.txt").read_text().splitlines()
    constrained = {line.split("==")[0].lower() for line in lines if not line.startswith("#")}
    assert wanted <= constrained


@pytest.mark.parametrize("name", ["Containerfile", "docker-compose.yml", ".github/workflows/ci.yaml"])
def test_image_tags_follow_the_version(name: str) -> None:
    """The version written into image tags and labels is the package's own."""
    versions = re.findall(r"(?:model-drift-exporter:|ARG VERSION=)(\d[\w.]*)", (REPOSITORY / name).read_text())
    assert versions
    assert set(versions) == {model_drift_exporter.__version__}
