from __future__ import annotations

import itertools
import os
import re
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml

from tests.support.components import require
from tests.system.alertmanager.running import CONFIGURATION, FOLDER

_SECRET_KEYS = {
    "api_url",
    "routing_key",
    "service_key",
    "auth_password",
    "smtp_auth_password",
    "slack_api_url",
    "credentials",
}


def shipped() -> dict[str, Any]:
    loaded: dict[str, Any] = yaml.safe_load(CONFIGURATION.read_text())
    return loaded


def routes(route: dict[str, Any]) -> Iterator[dict[str, Any]]:
    yield route
    for child in route.get("routes", []):
        yield from routes(child)


def settings(node: object) -> Iterator[tuple[str, object]]:
    if isinstance(node, dict):
        for key, value in node.items():
            yield key, value
            yield from settings(value)
    elif isinstance(node, list):
        for item in node:
            yield from settings(item)


def preflight(*arguments: Path) -> subprocess.CompletedProcess[str]:
    return subprocess.run([FOLDER / "preflight", *arguments], capture_output=True, text=True, check=False)


def test_amtool_accepts_the_configuration() -> None:
    """`amtool check-config` finds nothing to complain about, templates included."""
    command = [require("amtool"), "check-config", str(CONFIGURATION)]
    checked = subprocess.run(command, capture_output=True, text=True, check=False)
    assert checked.returncode == 0, checked.stdout + checked.stderr
    assert " - 1 templates" in checked.stdout


def test_secrets_stand_in_files_only() -> None:
    """No setting holds a secret itself, and the files are named by absolute paths."""
    found = dict(settings(shipped()))
    assert not _SECRET_KEYS & found.keys()
    files = {str(value) for key, value in settings(shipped()) if key.endswith("_file")}
    assert len(files) == 3
    assert all(file.startswith("/etc/alertmanager/secrets/") for file in files)


def test_every_receiver_is_used_and_tells_the_end() -> None:
    """Each receiver stands in a route, and says when it is over; the dead man's switch needs no end."""
    configuration = shipped()
    used = {route["receiver"] for route in routes(configuration["route"]) if "receiver" in route}
    receivers = {receiver.pop("name"): receiver for receiver in configuration["receivers"]}
    assert used == receivers.keys()
    for name, receiver in receivers.items():
        integrations = [*itertools.chain.from_iterable(receiver.values())]
        assert integrations, name
        assert {one["send_resolved"] for one in integrations} == {name != "dead-mans-switch"}


def test_a_page_has_more_than_one_way() -> None:
    """One service that is down, or one file that was forgotten, loses no page."""
    [pager] = [receiver for receiver in shipped()["receivers"] if receiver["name"] == "pager"]
    assert {key for key in pager if key.endswith("_configs")} == {"pagerduty_configs", "slack_configs", "email_configs"}


@pytest.mark.parametrize("rule", shipped()["inhibit_rules"], ids=lambda rule: str(rule["source_matchers"][0]))
def test_inhibition_asks_both_sides_for_a_model(rule: dict[str, Any]) -> None:
    """A label missing on both sides counts as equal, so source and target must both carry a model."""
    assert rule["equal"] == ["model"]
    assert 'model!~"|__none__"' in rule["source_matchers"]
    assert 'model!~"|__none__"' in rule["target_matchers"]


def test_nothing_but_a_cause_silences() -> None:
    """The loss page is an effect, so it silences nothing; only the broken input silences it; no page silences a cause."""
    silences: dict[str, set[str]] = {}
    for rule in shipped()["inhibit_rules"]:
        sources, targets = rule["source_matchers"][0], rule["target_matchers"][0]
        for source in re.findall(r"Model\w+", sources):
            silences.setdefault(source, set()).update(re.findall(r"Model\w+", targets))
    assert "ModelLossIncreased" not in silences
    assert {source for source, targets in silences.items() if "ModelLossIncreased" in targets} == {"ModelInputBroken"}
    for source, targets in silences.items():
        assert not any(source in silences.get(target, set()) for target in targets), (
            f"{source} is silenced by its effect"
        )


def test_inhibition_names_alerts_that_exist() -> None:
    """Every alert that a route or an inhibition names is one of the rules."""
    named = set(re.findall(r"Model[A-Z]\w+", CONFIGURATION.read_text())) - {"ModelExporter"}
    texts = [file.read_text() for file in (FOLDER.parent / "prometheus" / "rules").glob("*.y*ml")]
    assert named <= {name for text in texts for name in re.findall(r"alert: (\w+)", text)}


def test_preflight_names_all_that_is_missing() -> None:
    """The shipped file is not ready: three secrets, and every address, are named."""
    if Path("/etc/alertmanager/secrets").exists():
        pytest.skip("this machine has the secrets")
    checked = preflight(CONFIGURATION)
    assert checked.returncode == 1
    assert checked.stderr.count("no such file") == 3
    for address in ("smtp.example.com:587", "model-oncall@example.com", "dead-mans-switch.example.com"):
        assert address in checked.stderr


def test_preflight_passes_what_is_ready(tmp_path: Path) -> None:
    """With its addresses changed and its secrets written, the file is ready; an empty secret is not."""
    require("amtool")
    shutil.copytree(FOLDER / "templates", tmp_path / "templates")
    text = CONFIGURATION.read_text().replace("example.com", "example.net")
    file = tmp_path / "alertmanager.yml"
    file.write_text(text.replace("/etc/alertmanager/secrets", str(tmp_path)))
    for name in ("slack_url", "smtp_password", "pagerduty_routing_key"):
        (tmp_path / name).write_text("x")
    checked = preflight(file)
    assert checked.returncode == 0, checked.stderr
    assert "is ready" in checked.stdout
    (tmp_path / "smtp_password").write_text("")
    assert f"{tmp_path / 'smtp_password'}: empty" in preflight(file).stderr
    (tmp_path / "slack_url").write_text("x\n")
    (tmp_path / "smtp_password").write_text("x\n")
    assert preflight(file).stderr.count("line break") == 1


def test_preflight_reports_a_broken_file(tmp_path: Path) -> None:
    """What amtool says about a broken file is passed on."""
    require("amtool")
    file = tmp_path / "alertmanager.yml"
    file.write_text("route: {receiver: nobody}\n")
    checked = preflight(file)
    assert checked.returncode == 1
    assert "nobody" in checked.stderr


def test_preflight_warns_while_links_lead_to_localhost(tmp_path: Path) -> None:
    """The shipped address of Grafana is told, one that was changed is not, and a file that is not there is not passed over."""
    shipped_settings = FOLDER.parent / "prometheus" / "rules" / "settings.yml"
    assert "write the address of Grafana into" in preflight(CONFIGURATION).stderr
    changed = tmp_path / "settings.yml"
    changed.write_text(shipped_settings.read_text().replace("http://localhost:3000", "https://grafana.example.net"))
    assert "Warning" not in preflight(CONFIGURATION, changed).stderr
    assert f"there is no {tmp_path / 'none.yml'}" in preflight(CONFIGURATION, tmp_path / "none.yml").stderr


def test_preflight_can_be_executed() -> None:
    """It is a program, not only a text."""
    assert os.access(FOLDER / "preflight", os.X_OK)


def composed() -> dict[str, Any]:
    service: dict[str, Any] = yaml.safe_load((FOLDER.parent / "docker-compose.yml").read_text())["services"][
        "alertmanager"
    ]
    return service


def test_compose_mounts_what_the_configuration_names() -> None:
    """This folder is where it looks for templates, the secrets are where it reads them, and nothing can be written there."""
    mounts = [volume.rsplit(":", 2) for volume in composed()["volumes"] if volume.endswith(":ro")]
    assert ["./alertmanager", "/etc/alertmanager", "ro"] in mounts
    [secrets] = [source for source, target, _ in mounts if target == "/etc/alertmanager/secrets"]
    assert secrets == "${ALERTMANAGER_SECRETS:-./alertmanager/secrets}"
    # The mount point must be there, since Docker cannot make it in a folder that is read-only.
    assert (FOLDER / "secrets" / ".gitignore").read_text().endswith("\n*\n!.gitignore\n")


def started(folder: Path, file: str) -> subprocess.CompletedProcess[str]:
    """What the compose file's command does with one of our files, where Alertmanager is a program that says its flags."""
    service = composed()
    assert service["environment"] == {"ALERTMANAGER_FILE": "${ALERTMANAGER_FILE:-compose.yml}"}
    program = folder / "alertmanager"
    program.write_text('#!/bin/sh\necho started "$@"\n')
    program.chmod(0o755)
    command = service["command"][0].replace("$$", "$").replace("/etc/alertmanager", str(FOLDER))
    environment = {**os.environ, "PATH": f"{folder}:{os.environ['PATH']}", "ALERTMANAGER_FILE": file}
    result = subprocess.run(
        [*service["entrypoint"], command], capture_output=True, text=True, check=False, env=environment
    )
    assert result.returncode == 0, result.stderr
    assert result.stdout.startswith(f"started --config.file={FOLDER / file} --storage.path=/alertmanager ")
    assert "--web.external-url=http://localhost:9093" in result.stdout
    return result


def test_compose_starts_with_the_file_for_it(tmp_path: Path) -> None:
    """The generated file needs no preparation, so nothing is complained of; the port of its links is published."""
    assert started(tmp_path, "compose.yml").stderr == ""
    assert composed()["ports"] == ["127.0.0.1:9093:9093"]


def test_compose_starts_without_secrets_and_says_so(tmp_path: Path) -> None:
    """Asked to tell in earnest, it says first in its log what is missing, then Alertmanager starts all the same."""
    complaints = started(tmp_path, "alertmanager.yml").stderr
    assert "NOT READY" in complaints
    assert "change these lines" in complaints
