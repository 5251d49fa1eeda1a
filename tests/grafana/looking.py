"""Looks at a dashboard as a person does: chooses variables from what Prometheus offers, and asks what the panels ask."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

import attrs

from tests.grafana.dashboard_file import Dashboard
from tests.grafana.queries import Request, Scene, ask, requests, variable_request, variable_values
from tests.grafana.substitution import ALL

__all__ = ["Answer", "Look", "choices", "look", "offered"]


@attrs.frozen
class Answer:
    """What Prometheus said to a request."""

    request: Request
    body: Mapping[str, Any] = attrs.field(repr=False)

    @property
    def trouble(self) -> str:
        """The error, or the warnings; empty if all is well."""
        if self.body.get("status") != "success":
            return str(self.body.get("error") or self.body)
        return "; ".join(self.body.get("warnings") or ())

    @property
    def series(self) -> int:
        """How many series came back."""
        data = self.body.get("data") or {}
        result = data.get("result") if isinstance(data, dict) else data
        return len(result or ())


@attrs.frozen
class Look:
    """A dashboard with its variables chosen."""

    dashboard: Dashboard
    scene: Scene
    answers: tuple[Answer, ...]


def offered(server: str, dashboard: Dashboard, name: str, scene: Scene) -> tuple[str, ...]:
    """The values that a variable offers when those before it are chosen, in the order of Grafana's list."""
    variable = dashboard.variables[name]
    request = variable_request(dashboard, name, scene)
    if request is None:
        return variable.values or ("the only one",)
    answer = Answer(request, ask(server, request))
    assert not answer.trouble, (request, answer.trouble)
    return variable_values(variable, answer.body)


def choices(server: str, dashboard: Dashboard, scene: Scene, wanted: Mapping[str, tuple[str, ...]]) -> Iterator[Scene]:
    """The scene once for each choice: all where several can be chosen, otherwise each of ``wanted``, or else the first.

    Where there is nothing to choose from, as for the labels of a model that has none, Grafana chooses the empty text.
    """
    scenes = [scene]
    for name, variable in dashboard.variables.items():
        further = []
        for each in scenes:
            values = offered(server, dashboard, name, each)
            some = [value for value in values if value in wanted.get(name, values[:1])] or [*values[:1], ""][:1]
            further += [_choose(each, name, value) for value in ([ALL] if variable.several else some)]
        scenes = further
    yield from scenes


def _choose(scene: Scene, name: str, value: str) -> Scene:
    return attrs.evolve(scene, chosen={**scene.chosen, name: value})


def look(server: str, dashboard: Dashboard, scene: Scene) -> Look:
    """Every answer to a dashboard whose variables are chosen, with every row open."""
    answers = tuple(Answer(request, ask(server, request)) for request in requests(dashboard, scene))
    return Look(dashboard, scene, answers)
