from __future__ import annotations

import re

import pytest
import yaml
from click.testing import CliRunner

from model_drift_exporter.cli import cli
from model_drift_exporter.commands.demo import traffic
from tests.support.compose_command import resolved
from tests.support.compose_file import COMPOSE_FILE

from ..support.compose_file import SERVICES


def test_docker_compose_accepts_the_file() -> None:
    """`docker compose config` resolves the file without anything set, and says nothing about it."""
    accepted = resolved(COMPOSE_FILE.read_text())
    assert accepted.returncode == 0, accepted.stderr
    assert accepted.stderr == ""
    services = yaml.safe_load(accepted.stdout)["services"]
    assert sorted(services) == SERVICES
    assert services["alertmanager"]["environment"]["ALERTMANAGER_FILE"] == "compose.yml"


def test_docker_compose_refuses_a_wrong_file() -> None:
    """The check that the other test rests on can fail."""
    text = COMPOSE_FILE.read_text().replace("      interval: 10s", "      intervall: 10s")
    assert "intervall" in resolved(text).stderr


@pytest.mark.parametrize("after", ["", "90s", "never"])
def test_the_programs_know_their_flags(after: str) -> None:
    """Traffic and exporter accept every flag that the file gives them, whenever the incident is to come."""
    environment = {"INCIDENT_AFTER": after} if after else {}
    services = yaml.safe_load(resolved(COMPOSE_FILE.read_text(), **environment).stdout)["services"]
    arguments = services["traffic"]["command"]
    assert f"--incident-after={after or '10m'}" in arguments
    with traffic.main.make_context("traffic", [*arguments]) as context:
        assert context.params["label_speed"] == 20
    command = services["exporter"]["command"]
    found = CliRunner().invoke(cli, [*command, "--help"])
    known = set(re.findall(r"--[\w.-]+", found.output))
    assert {flag.partition("=")[0] for flag in command if flag.startswith("--")} <= known
