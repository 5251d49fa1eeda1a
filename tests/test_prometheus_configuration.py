"""The Prometheus and Compose files that a newcomer starts with are valid and agree with the exporter."""

from __future__ import annotations

import shutil
import subprocess
from pathlib import Path
from typing import Any

import pytest
import yaml

from tests.components import require

REPOSITORY = Path(__file__).resolve().parents[1]
COMPOSE_FILE = REPOSITORY / "docker-compose.yml"
PROMETHEUS_FILE = REPOSITORY / "prometheus" / "prometheus.yml"


def composed_services() -> dict[str, dict[str, Any]]:
    services: dict[str, dict[str, Any]] = yaml.safe_load(COMPOSE_FILE.read_text())["services"]
    return services


def test_prometheus_accepts_its_configuration() -> None:
    """`promtool check config` finds nothing to complain about."""
    command = [require("promtool"), "check", "config", str(PROMETHEUS_FILE)]
    checked = subprocess.run(command, capture_output=True, text=True, check=False)
    assert checked.returncode == 0, checked.stdout + checked.stderr


def test_prometheus_scrapes_the_exporter_of_the_compose_file() -> None:
    """The scrape target is the exporter service, at the port that it publishes and the image exposes."""
    jobs = {job["job_name"]: job for job in yaml.safe_load(PROMETHEUS_FILE.read_text())["scrape_configs"]}
    [target] = jobs["model-drift-exporter"]["static_configs"][0]["targets"]
    service, port = target.split(":")
    [published] = composed_services()[service]["ports"]
    assert published.split(":")[-1] == port
    assert f"EXPOSE {port}\n" in (REPOSITORY / "Containerfile").read_text()


@pytest.mark.parametrize("name", sorted(composed_services()))
def test_composed_services_run_without_privileges(name: str) -> None:
    """Every container has a read-only root, no capability, a numeric user that is not root, and local ports only."""
    service = composed_services()[name]
    assert service["read_only"] is True
    assert service["cap_drop"] == ["ALL"]
    assert "no-new-privileges:true" in service["security_opt"]
    user, _, group = service["user"].partition(":")
    assert int(user) > 0
    assert int(group) > 0
    assert all(port.startswith("127.0.0.1:") for port in service.get("ports", []))


def test_composed_images_are_pinned() -> None:
    """No image floats: each names a full version."""
    for service in composed_services().values():
        tag = service["image"].rpartition(":")[2].removeprefix("v")
        assert len(tag.split(".")) == 3, service["image"]


def test_the_exporter_reads_the_log_that_the_traffic_writes() -> None:
    """Both services name one file in one volume; only the writer can write to it."""
    services = composed_services()
    assert services["traffic"]["command"][-1] == services["exporter"]["command"][-1]
    [written] = services["traffic"]["volumes"]
    assert services["exporter"]["volumes"] == [f"{written}:ro"]


def test_docker_compose_accepts_the_file() -> None:
    """`docker compose config` resolves the file, where the plug-in is there."""
    docker = shutil.which("docker")
    command = [str(docker), "compose"]
    if docker is None or subprocess.run([*command, "version"], capture_output=True, check=False).returncode != 0:
        pytest.skip("docker compose is not installed")
    resolved = subprocess.run(
        [*command, "--file", COMPOSE_FILE, "config", "--quiet"], capture_output=True, text=True, check=False
    )
    assert resolved.returncode == 0, resolved.stderr


def test_prometheus_loads_every_rule_file_and_knows_alertmanager() -> None:
    """All of rules/ is evaluated, and what fires is sent on."""
    configuration = yaml.safe_load(PROMETHEUS_FILE.read_text())
    [pattern] = configuration["rule_files"]
    assert sorted(PROMETHEUS_FILE.parent.glob(pattern)) == sorted((PROMETHEUS_FILE.parent / "rules").iterdir())
    [alertmanager] = configuration["alerting"]["alertmanagers"]
    assert alertmanager["static_configs"] == [{"targets": ["alertmanager:9093"]}]
