from __future__ import annotations

import subprocess
from pathlib import Path
from typing import Any

import pytest
import yaml

from alertmanager.src.__main__ import main
from alertmanager.src.compose import MAIL_DOMAIN, SWITCH, documentation
from tests.support.components import require
from tests.support.sidecar import eventually
from tests.system.alertmanager.catching import Caught, catching
from tests.system.alertmanager.examples import alert, drift, input_broken, loss_increased
from tests.system.alertmanager.running import CONFIGURATION, FOLDER, TEMPLATES, alertmanager

COMPOSE = FOLDER / "compose.yml"
PAGED = tuple(f"{name}@{MAIL_DOMAIN}" for name in ("pager", "chat", "model-oncall"))
TICKETS = (f"model-tickets@{MAIL_DOMAIN}",)
HELD = (f"chat@{MAIL_DOMAIN}",)


def composed() -> dict[str, Any]:
    loaded: dict[str, Any] = yaml.safe_load(COMPOSE.read_text())
    return loaded


def production() -> dict[str, Any]:
    loaded: dict[str, Any] = yaml.safe_load(CONFIGURATION.read_text())
    return loaded


def on_loopback(caught: Caught) -> dict[str, Any]:
    """The generated file with the addresses of the catchers and the templates' folder, and nothing else changed."""
    derived = composed()
    derived["global"]["smtp_smarthost"] = caught.smtp_address
    derived["templates"] = [str(TEMPLATES)]
    for receiver in derived["receivers"]:
        for webhook in receiver.get("webhook_configs", []):
            webhook["url"] = webhook["url"].replace("webhooks:8080", caught.http_address)
    return derived


def sent_to(caught: Caught, model: str) -> dict[tuple[str, ...], str]:
    """Subjects of the mails about a model by whom they are for."""
    return {mail.to: mail.subject for mail in caught.mails if f" {model}:" in mail.subject}


def test_amtool_accepts_the_generated_file() -> None:
    """`amtool check-config` finds nothing to complain about, templates included."""
    command = [require("amtool"), "check-config", str(COMPOSE)]
    checked = subprocess.run(command, capture_output=True, text=True, check=False)
    assert checked.returncode == 0, checked.stdout + checked.stderr
    assert " - 1 templates" in checked.stdout


def test_all_but_the_receivers_is_that_of_production() -> None:
    """Routes, groups, waiting times, inhibitions, working hours and templates are the same; so are the receivers' names."""
    expected, found = production(), composed()
    names = [[receiver["name"] for receiver in one.pop("receivers")] for one in (expected, found)]
    assert names[0] == names[1]
    del expected["global"], found["global"]
    assert found == expected


def test_nothing_leaves_the_stack_and_nothing_is_secret() -> None:
    """Mail and webhooks go to services of the compose file, to a domain that cannot exist, without a password or a file."""
    services = yaml.safe_load((FOLDER.parent / "docker-compose.yml").read_text())["services"]
    host, port = composed()["global"]["smtp_smarthost"].split(":")
    assert services[host]["image"].startswith("docker.io/axllent/mailpit:")
    assert port == "1025"
    assert composed()["global"].keys() == {"smtp_smarthost", "smtp_from", "smtp_require_tls"}
    assert SWITCH.removeprefix("http://").split(":")[0] in services
    text = COMPOSE.read_text()
    assert "example.com" not in text
    assert "_file:" not in text
    for receiver in composed()["receivers"]:
        assert receiver.keys() <= {"name", "email_configs", "webhook_configs"}
        for mail in receiver.get("email_configs", []):
            assert all(address.endswith(f"@{MAIL_DOMAIN}") for address in mail["to"].split(", "))


def test_mail_says_who_would_have_been_told(tmp_path: Path) -> None:
    """The real Alertmanager sends one rendered mail a notification, addressed to all ways of the receiver; the switch ticks."""
    with catching() as caught, alertmanager(tmp_path, on_loopback(caught)) as running:
        watchdog = alert("Watchdog", "none", model="__none__", annotations={})
        past = "2024-11-04T02:47:00Z"  # of an alert that began long ago nobody waits for more of its group
        running.post(watchdog, loss_increased("paged"), drift(model="ticketed"), input_broken("broken"), since=past)
        running.post(alert("Surprise", "critical", model="surprised", annotations={}), since=past)
        eventually(lambda: sent_to(caught, "paged") and sent_to(caught, "broken"))
        eventually(lambda: TICKETS in sent_to(caught, "ticketed"))
        eventually(lambda: caught.at(f"/{SWITCH.rpartition('/')[2]}"))
        eventually(lambda: sent_to(caught, "surprised"))
    assert sent_to(caught, "paged") == {PAGED: "PAGE paged: loss increased"}
    assert sent_to(caught, "ticketed").keys() <= {TICKETS, HELD}
    assert sent_to(caught, "surprised").keys() == {(PAGED[1], PAGED[2])}
    [page] = [mail for mail in caught.mails if " paged:" in mail.subject]
    assert page.credentials == ""
    assert "First: did anything change at that time?" in page.text
    assert "First: did anything change at that time?" in page.html
    assert page.html.startswith("<!doctype html>")


def test_a_way_that_nothing_catches_is_refused() -> None:
    """A receiver of another kind is not dropped silently, and mails that differ are not made equal."""
    mail = "{{to: a@b, send_resolved: {}, headers: {{}}, text: t, html: h}}"
    other = f"receivers: [{{name: r, email_configs: [{mail.format('true')}], wechat_configs: []}}]"
    with pytest.raises(ValueError, match="receiver r: nothing catches wechat_configs"):
        documentation(other)
    with pytest.raises(ValueError, match="differ in more than their address"):
        documentation(f"receivers: [{{name: r, email_configs: [{mail.format('true')}, {mail.format('false')}]}}]")


def test_the_file_is_up_to_date_and_check_says_when_it_is_not(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """`--check` writes nothing and fails where the file is out of date; without it the file is written once."""
    assert main(["--check"]) == 0
    (tmp_path / "alertmanager.yml").write_text(CONFIGURATION.read_text())
    assert main(["--check"], tmp_path) == 1
    assert "compose.yml is out of date; run: make generate" in capsys.readouterr().err
    assert not (tmp_path / "compose.yml").exists()
    assert main([], tmp_path) == main([], tmp_path) == 0
    assert capsys.readouterr().out == "Wrote alertmanager/compose.yml\n"
    assert (tmp_path / "compose.yml").read_text() == COMPOSE.read_text()
