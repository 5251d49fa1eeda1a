"""The whole stack in one command: docker-compose.yml is valid, safe, and agrees with what it mounts and starts."""

from __future__ import annotations

import re
import shlex
from pathlib import PurePosixPath
from typing import Any

import pytest
import yaml

from tests.support.compose_file import COMPOSE_FILE, REPOSITORY, composed_services

from .support.compose_file import SERVICES

PROVISIONING = REPOSITORY / "grafana" / "provisioning"


def mounts(service: str) -> dict[str, tuple[str, bool]]:
    """What a service sees where: source and whether it may be written, by the path in the container."""
    found = {}
    for volume in composed_services()[service].get("volumes", []):
        path = volume.removesuffix(":ro")
        source, _, target = path.rpartition(":")
        found[target] = (source, path == volume)
    return found


def provisioned(kind: str) -> dict[str, Any]:
    [file] = (PROVISIONING / kind).iterdir()
    loaded: dict[str, Any] = yaml.safe_load(file.read_text())
    return loaded


@pytest.mark.parametrize("name", SERVICES)
def test_services_run_without_privileges(name: str) -> None:
    """Every container has a read-only root, no capability, a numeric user that is not root, and local ports only."""
    service = composed_services()[name]
    assert service["read_only"] is True
    assert service["cap_drop"] == ["ALL"]
    assert "no-new-privileges:true" in service["security_opt"]
    user, _, group = service["user"].partition(":")
    assert int(user) > 0
    assert int(group) > 0
    assert all(port.startswith("127.0.0.1:") for port in service.get("ports", []))
    assert service["restart"] == "unless-stopped"


@pytest.mark.parametrize("name", SERVICES)
def test_services_have_health_checks(name: str) -> None:
    """Each says by a program of its image whether it works, often enough to be seen."""
    check = composed_services()[name]["healthcheck"]
    assert check["test"][0] == "CMD"
    assert int(check["interval"].removesuffix("s")) <= 10


def test_images_are_pinned() -> None:
    """No image floats: each names its registry, or is built here, and a full version."""
    for service in composed_services().values():
        name, _, tag = service["image"].rpartition(":")
        assert re.fullmatch(r"v?\d+\.\d+\.\d+", tag), service["image"]
        assert "build" in service or "." in name.split("/")[0], service["image"]


def test_everything_comes_from_this_repository() -> None:
    """What is mounted from this machine exists and cannot be written; all else is a volume that the file declares."""
    declared = yaml.safe_load(COMPOSE_FILE.read_text())["volumes"].keys()
    used = set()
    for name in SERVICES:
        for target, (source, writable) in mounts(name).items():
            if source.startswith((".", "$")):
                assert (REPOSITORY / re.sub(r"\$\{\w+:-(.*)\}", r"\1", source)).exists(), source
                assert not writable, target
            else:
                used.add(source)
    assert used == declared


def test_no_password_is_left_open() -> None:
    """Grafana creates no administrator, has no way to log in, and lets everybody look, no more."""
    environment = composed_services()["grafana"]["environment"]
    assert environment["GF_SECURITY_DISABLE_INITIAL_ADMIN_CREATION"] == "true"
    assert environment["GF_AUTH_DISABLE_LOGIN_FORM"] == "true"
    assert environment["GF_AUTH_BASIC_ENABLED"] == "false"
    assert environment["GF_AUTH_ANONYMOUS_ENABLED"] == "true"
    assert environment["GF_AUTH_ANONYMOUS_ORG_ROLE"] == "Viewer"
    assert not re.search("password", COMPOSE_FILE.read_text().replace("Nobody has a password here", ""), re.IGNORECASE)


def test_the_exporter_reads_what_the_traffic_writes() -> None:
    """Log and reference are in one volume, which only the writer can write; the reader waits until both are there."""
    writer, reader = (composed_services()[name] for name in ("traffic", "exporter"))
    [log] = [argument.removeprefix("--output=") for argument in writer["command"] if argument.startswith("--output=")]
    [reference] = [
        argument.removeprefix("--reference=") for argument in reader["command"] if argument.startswith("--reference=")
    ]
    assert reader["command"][-1] == log
    assert PurePosixPath(reference) == PurePosixPath(log).parent / "reference.json"
    assert "--reference" in writer["command"]
    folder = str(PurePosixPath(log).parent)
    assert mounts("traffic")[folder] == ("model-log", True)
    assert mounts("exporter")[folder] == ("model-log", False)
    assert log in writer["healthcheck"]["test"]
    assert reader["depends_on"] == {"traffic": {"condition": "service_healthy"}}


def test_the_snapshot_is_in_a_volume_that_the_image_prepares() -> None:
    """An empty volume takes over the owner of the folder in the image, so the exporter may write there."""
    [path] = [
        argument.removeprefix("--state.path=")
        for argument in composed_services()["exporter"]["command"]
        if argument.startswith("--state.path=")
    ]
    folder = str(PurePosixPath(path).parent)
    assert mounts("exporter")[folder] == ("exporter-state", True)
    assert f"COPY --from=build --chown=65532:65532 {folder} {folder}\n" in (REPOSITORY / "Containerfile").read_text()


def test_grafana_finds_its_data_source_and_dashboards() -> None:
    """The provisioning that is mounted names the address in its environment and the folder where the dashboards are."""
    service = composed_services()["grafana"]
    [source] = provisioned("datasources")["datasources"]
    assert (source["uid"], source["editable"], source["isDefault"]) == ("model-drift-prometheus", False, True)
    [variable] = re.findall(r"^\$\{(\w+)\}$", source["url"])
    host = service["environment"][variable].removeprefix("http://").split(":")[0]
    assert host in SERVICES
    [provider] = provisioned("dashboards")["providers"]
    assert (provider["folder"], provider["allowUiUpdates"]) == ("Model drift", False)
    dashboards = provider["options"]["path"]
    assert mounts("grafana") == {
        "/etc/grafana/provisioning/datasources": ("./grafana/provisioning/datasources", False),
        "/etc/grafana/provisioning/dashboards": ("./grafana/provisioning/dashboards", False),
        dashboards: ("./grafana/dashboards", False),
    }
    home = PurePosixPath(service["environment"]["GF_DASHBOARDS_DEFAULT_HOME_DASHBOARD_PATH"])
    assert str(home.parent) == dashboards
    assert (REPOSITORY / "grafana" / "dashboards" / home.name).is_file()


def test_rates_suit_the_scrapes() -> None:
    """The interval that Grafana takes $__rate_interval from is the one at which Prometheus scrapes."""
    [source] = provisioned("datasources")["datasources"]
    prometheus = yaml.safe_load((REPOSITORY / "prometheus" / "prometheus.yml").read_text())
    assert source["jsonData"]["timeInterval"] == prometheus["global"]["scrape_interval"]


def test_links_of_notifications_are_published() -> None:
    """Grafana, Alertmanager and Prometheus are told the address at which a person on this machine reaches them."""
    services = composed_services()
    addresses = {
        "grafana": services["grafana"]["environment"]["GF_SERVER_ROOT_URL"],
        "prometheus": " ".join(services["prometheus"]["command"]),
        "alertmanager": " ".join(shlex.split(services["alertmanager"]["command"][0], comments=True)),
    }
    for name, text in addresses.items():
        [port] = [published.split(":")[1] for published in services[name]["ports"]]
        assert f"http://localhost:{port}" in text
    settings = yaml.safe_load((REPOSITORY / "prometheus" / "rules" / "settings.yml").read_text())
    assert settings["groups"][0]["rules"][0]["labels"]["url"] == addresses["grafana"]
