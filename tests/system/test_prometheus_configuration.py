"""The Prometheus configuration that a newcomer starts with is valid and agrees with the compose file."""

from __future__ import annotations

import subprocess
from pathlib import Path

import yaml

from tests.support.components import require
from tests.support.compose_file import composed_services

REPOSITORY = Path(__file__).resolve().parents[2]
PROMETHEUS_FILE = REPOSITORY / "prometheus" / "prometheus.yml"


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


def test_prometheus_loads_every_rule_file_and_knows_alertmanager() -> None:
    """All of rules/ is evaluated, and what fires is sent on."""
    configuration = yaml.safe_load(PROMETHEUS_FILE.read_text())
    [pattern] = configuration["rule_files"]
    assert sorted(PROMETHEUS_FILE.parent.glob(pattern)) == sorted((PROMETHEUS_FILE.parent / "rules").iterdir())
    [alertmanager] = configuration["alerting"]["alertmanagers"]
    assert alertmanager["static_configs"] == [{"targets": ["alertmanager:9093"]}]
