from __future__ import annotations

import subprocess
from collections.abc import Iterator
from typing import Any

import pytest
import yaml

from tests.support.components import require
from tests.support.rule_labels import alert_labels
from tests.system.alertmanager.running import CONFIGURATION

_PAGE, _TICKET = ("pager",), ("ticket-mail", "chat")
_RECEIVERS = {"page": _PAGE, "ticket": _TICKET, "none": ("dead-mans-switch",)}


def _shipped() -> Iterator[tuple[str, tuple[str, ...]]]:
    """The label sets that the rules can make, and where they must lead."""
    for alert, (severity, sets) in alert_labels().items():
        for labels in sets:
            others = " ".join(f"{name}=loan" for name in sorted(labels - {"severity"}))
            yield f"alertname={alert} severity={severity} {others}", _RECEIVERS[severity]


TABLE = [
    *_shipped(),
    # A Watchdog of any other make must not reach a person, and nothing else may be dropped.
    ("alertname=Watchdog severity=page", ("dead-mans-switch",)),
    ("alertname=Watchdog", ("dead-mans-switch",)),
    ("alertname=NodeDown severity=page", _PAGE),
    ("alertname=NodeDown severity=critical", ("fallback",)),
    ("alertname=NodeDown severity=none", ("fallback",)),
    ("alertname=ModelFeatureDrift model=loan", ("fallback",)),
    ("alertname=ModelFeatureDrift model=loan severity=Ticket", ("fallback",)),
]


@pytest.mark.parametrize(("labels", "receivers"), TABLE, ids=[labels for labels, _ in TABLE])
def test_alerts_reach_their_receivers(labels: str, receivers: tuple[str, ...]) -> None:
    """Routes lead each alert to the receivers of the table, in this order, says amtool."""
    command = [require("amtool"), "config", "routes", "test", f"--config.file={CONFIGURATION}"]
    tested = subprocess.run(
        [*command, f"--verify.receivers={','.join(receivers)}", *labels.split()],
        capture_output=True,
        text=True,
        check=False,
    )
    assert tested.returncode == 0, tested.stdout + tested.stderr


def test_a_wrong_receiver_is_noticed() -> None:
    """The check that the table rests on can fail."""
    command = [
        require("amtool"),
        "config",
        "routes",
        "test",
        f"--config.file={CONFIGURATION}",
        "--verify.receivers=chat",
    ]
    assert subprocess.run([*command, "severity=page"], capture_output=True, check=False).returncode == 1


def _routes(route: dict[str, Any]) -> Iterator[dict[str, Any]]:
    yield route
    for child in route.get("routes", []):
        yield from _routes(child)


def test_groups_are_made_by_labels_that_every_alert_has() -> None:
    """A label that no rule makes is empty in all alerts, which would make one group of them.

    Only a second rise has a label ``rise``: it is another group of the pager then, and opens an incident of its own.
    """
    routes = [*_routes(yaml.safe_load(CONFIGURATION.read_text())["route"])]
    grouping = {label for route in routes for label in route.get("group_by", [])}
    assert grouping == {"alertname", "model", "severity", "rise"}
    for alert, (_, sets) in alert_labels().items():
        assert all(grouping - {"rise"} <= {"alertname", "severity", *labels} for labels in sets), alert


def test_pages_of_two_models_are_never_one_group() -> None:
    """A pager merges a group into its open incident and wakes nobody, so each alert of each model has its own.

    So has each rise of an alert.
    """
    [pager] = [
        route for route in _routes(yaml.safe_load(CONFIGURATION.read_text())["route"]) if route["receiver"] == "pager"
    ]
    assert set(pager["group_by"]) >= {"alertname", "model", "rise"}
    assert "routes" not in pager
