"""Where the dashboards are, and links between them that keep variables and time range."""

from __future__ import annotations

from collections.abc import Collection
from typing import Literal

from grafana_foundation_sdk.builders import dashboard as builders
from grafana_foundation_sdk.models import dashboard as models

__all__ = ["DASHBOARDS", "SAME_MODEL", "TAG", "Name", "data_link", "menu", "uid"]

Name = Literal["fleet", "model", "feature", "exporter"]
DASHBOARDS: tuple[Name, ...] = ("fleet", "model", "feature", "exporter")
"""Top down."""

TAG = "model-drift"
_KEPT = "${datasource:queryparam}&${job:queryparam}&${__url_time_range}"

_ONE_MODEL: frozenset[Name] = frozenset({"model", "feature"})
"""Dashboards about one model, to which ``All`` is no model; the others are about any number of them."""

_TOOLTIPS: dict[Name, str] = {
    "fleet": "All models, the worst on top",
    "model": "One model: what happened, and since when",
    "feature": "One feature: how it was distributed, and how it is now",
    "exporter": "The watchers: do they run, read and keep up?",
}
_KEPT_VARIABLES: dict[Name, tuple[str, ...]] = {
    "fleet": ("datasource", "job"),
    "model": ("datasource", "job", "model", "window", "loss_window"),
    "feature": ("datasource", "job", "model", "feature", "window"),
    "exporter": ("datasource", "job", "model"),
}
"""What each dashboard takes over from the one before. The fleet is for looking at all models again."""


SAME_MODEL = {"model": "${model:percentencode}", "window": "${window:percentencode}"}
"""What links between the dashboards about one model set: ``data_link("The model", "model", **SAME_MODEL)``."""


def uid(name: Name) -> str:
    """The identifier that addresses of a dashboard hold for ever."""
    return f"model-drift-{name}"


def menu(name: Name, variables: Collection[str]) -> list[builders.DashboardLink]:
    """The ways from a dashboard with these variables to the others, which keep the time and what both have.

    A link of Grafana's own that carries all variables would carry ``All`` to a dashboard about one model, and find none.
    """
    return [_way(name, variables, target) for target in DASHBOARDS if target != name]


def _way(name: Name, variables: Collection[str], target: Name) -> builders.DashboardLink:
    several = name not in _ONE_MODEL and target in _ONE_MODEL
    kept = [each for each in _KEPT_VARIABLES[target] if each in variables and not (each == "model" and several)]
    chosen = "&".join(f"${{{each}:queryparam}}" for each in kept)
    return (
        builders.DashboardLink(target.capitalize())
        .type(models.DashboardLinkType.LINK)
        .url(f"/d/{uid(target)}/{target}?{chosen}")
        .icon("dashboard")
        .keep_time(True)
        .tooltip(_TOOLTIPS[target])
    )


def data_link(title: str, name: Name, **variables: str) -> dict[str, object]:
    """A link from a value: ``data_link("Model", "model", model="${__data.fields.Model:percentencode}")``."""
    chosen = "".join(f"&var-{variable}={value}" for variable, value in variables.items())
    return {"title": title, "url": f"/d/{uid(name)}/{name}?{_KEPT}{chosen}", "targetBlank": False}
