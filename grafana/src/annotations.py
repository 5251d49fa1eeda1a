"""What happened to a model, as marks in every panel over time."""

from __future__ import annotations

from grafana_foundation_sdk.builders import dashboard as builders
from grafana_foundation_sdk.cog.builder import Builder
from grafana_foundation_sdk.models import dashboard as models

from .colours import BLUE, GREY, ORANGE, VERMILION
from .queries import DATA_SOURCE
from .variables import EXPORTED, MODEL

__all__ = ["ANNOTATIONS", "changes", "mark"]


def changes(label: str) -> str:
    """PromQL that is there at the first step at which a label of ``model_info`` has another value than a step before.

    Nothing when the model is seen for the first time: what was a step ago must be known. Grafana asks for a hundred
    steps, however long the time range, and joins only those that are not farther apart than ``step``: so each change
    is one mark, at its beginning.
    """
    info = f'group by (model, {label}) (model_info{{{EXPORTED}, {label}!=""}}'
    return f"({info}) unless {info} offset $__interval)) and on (model) {info} offset $__interval)"


def mark(name: str, expression: str, title: str, text: str, colour: str) -> builders.AnnotationQuery:
    """A mark where an expression has a value; labels stand in title and text as in a legend: ``{{version}}``."""
    return (
        builders.AnnotationQuery()
        .name(name)
        .datasource(DATA_SOURCE)
        .expr(expression)
        .step("60s")
        .title_format(title)
        .text_format(text)
        .icon_color(colour)
        .enable(True)
    )


def _firing(severity: str) -> str:
    # One mark for an alert, however many reasons or exporters it has, and one for each rise while it is held.
    alerts = f'group by (alertname, rise) (ALERTS{{alertstate="firing", severity="{severity}", {MODEL}}}'
    return f'label_replace({alerts}) unless {alerts} offset $__interval), "again", ", rise $1", "rise", "(.+)")'


ANNOTATIONS: tuple[Builder[models.AnnotationQuery], ...] = (
    mark("Pages", _firing("page"), "Page: {{alertname}}{{again}}", "", VERMILION),
    mark("Tickets", _firing("ticket"), "Ticket: {{alertname}}{{again}}", "", ORANGE),
    mark("Deploys", changes("version"), "Model version {{version}}", "", BLUE),
    mark("Reference changes", changes("reference"), "Reference {{reference}}", "", GREY),
)
"""For dashboards about one model: alerts that begin to fire, new versions and references, as lines."""
