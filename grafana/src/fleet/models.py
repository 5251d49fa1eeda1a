"""Dashboard Fleet, the table of models: one row each, the worst on top."""

from __future__ import annotations

from collections.abc import Sequence

import attrs
from grafana_foundation_sdk.models import dashboard as models

from ..alerts import mappings, runbook
from ..colours import ORANGE, TRANSPARENT, names
from ..line_styles import crossing
from ..links import data_link
from ..panels import Panel, panel, properties, tabular, transformation
from ..queries import ref_id, rows
from ..states import EMPTY, STATE, STATES, chosen
from ..variables import CHOSEN_MODELS

__all__ = ["MODELS"]

_WORST = "model_loss:loss_of_tolerated:top"
_MODEL = "${__data.fields.Model:percentencode}"
_LOSS_STATES = {0: ("Below", TRANSPARENT), 1: ("Above", TRANSPARENT), 2: ("Beyond", ORANGE)}
_ROWS = 12
_TOP = f"max by (model, feature) (model_feature:feature_psi_excess:top1h{{{CHOSEN_MODELS}}})"
_EXCESS = chosen(f"({_TOP} >= 0.005 or {_TOP} and on (model) ({STATE} >= 2))")
"""Of the worst feature, where it does not round to 0, or something fires."""


@attrs.frozen
class _Column:
    """A column: its title, width in pixels, the query and the label that it is from (none: the query's value).

    Columns of one query are a label of it and its value.
    """

    title: str
    width: int
    expression: str
    label: str = ""
    properties: Sequence[models.DynamicConfigValue] = ()


_COLUMNS = (
    _Column(
        "Verdict",
        140,
        f"max by (model) ({STATE})",
        properties=properties(
            mappings=names(STATES),
            custom__displayMode="color-background-solid",
            custom__align="center",
        ),
    ),
    _Column(
        "Since",
        110,
        chosen(f"max by (model) (model:state_since_timestamp_seconds:min{{{CHOSEN_MODELS}}}) * 1000"),
        properties=properties(unit="dateTimeFromNow", description="When what made the alert beside it fire began."),
    ),
    _Column(
        "Firing",
        155,
        chosen(f"max by (model, alert) (model:alert_firing:top{{{CHOSEN_MODELS}}})"),
        label="alert",
        properties=properties(mappings=mappings(), custom__displayMode="color-text", links=[runbook("${__value.raw}")]),
    ),
    _Column(
        "Alerts",
        66,
        chosen(f"count by (model) (group by (model, alert) (model:alert_state:max{{{CHOSEN_MODELS}}}))"),
    ),
    _Column(
        "Worst feature",
        125,
        _EXCESS,
        label="feature",
        properties=properties(
            noValue="",  # a dash would be a link to a feature of this name
            links=[
                data_link(
                    "Open this feature",
                    "feature",
                    model=_MODEL,
                    feature='${__data.fields["Worst feature"]:percentencode}',
                )
            ],
        ),
    ),
    _Column(
        "Excess",
        70,
        _EXCESS,
        properties=properties(
            decimals=2,
            description="How far the PSI of the worst feature, of the last hour against its reference, is above its noise floor.",
        ),
    ),
    _Column(
        "Loss",
        65,
        chosen(f"max by (model) (model:loss_state:max{{{CHOSEN_MODELS}}})"),
        properties=properties(
            mappings=names(_LOSS_STATES),
            custom__displayMode="color-background-solid",
            description="Beyond what is tolerated with its whole 95 % interval; above it, which may be chance; or below.",
        ),
    ),
    _Column(
        "Now",
        55,
        chosen(f"max by (model) (model_loss:loss_mean:recent{{{CHOSEN_MODELS}}} and on (model, loss) {_WORST})"),
        properties=properties(decimals=3, description="The mean loss over the most recent 100 outcomes or more."),
    ),
    _Column(
        "Reference",
        90,
        chosen(f"max by (model) (model_loss:loss_reference_mean:max{{{CHOSEN_MODELS}}} and on (model, loss) {_WORST})"),
        properties=properties(decimals=3, description="The mean loss of the reference: what was usual."),
    ),
    _Column(
        "Tolerated",
        85,
        chosen(f"max by (model) (model_loss:loss_tolerated_mean:max{{{CHOSEN_MODELS}}} and on (model, loss) {_WORST})"),
        properties=properties(decimals=3, description="The largest mean loss that wakes nobody."),
    ),
    _Column(
        "Per hour",
        80,
        chosen(f"max by (model) (model:records:increase1h{{{CHOSEN_MODELS}}})"),
        properties=properties(unit="short", decimals=0, description="Predictions in the last hour."),
    ),
    _Column(
        "Newest label",
        110,
        chosen(f"max by (model) (model:label_last_timestamp_seconds:max{{{CHOSEN_MODELS}}}) * 1000"),
        properties=properties(unit="dateTimeFromNow"),
    ),
    _Column(
        "Version",
        80,
        chosen(
            f'topk by (model) (1, count by (model, version) (model_info{{job=~"$job", {CHOSEN_MODELS}, version!=""}}))'
        ),
        label="version",
        properties=properties(unit="string"),
    ),
    _Column(
        "Up",
        40,
        chosen(f'sum by (model) (model:exporters:count{{state="up", {CHOSEN_MODELS}}})'),
        properties=properties(description="How many exporters watch the model and answer."),
    ),
    _Column(
        "Down",
        50,
        chosen(f'sum by (model) (model:exporters:count{{state="down", {CHOSEN_MODELS}}})'),
        properties=properties(
            thresholds=crossing(TRANSPARENT, (1, ORANGE)),
            custom__displayMode="color-background-solid",
            description="Exporters that do not answer. Without any that does, nobody watches the model.",
        ),
    ),
)
_RANK = chosen(
    f"{STATE} * 1000 + on (model) (model:feature_psi_excess:max1h{{{CHOSEN_MODELS}}} or on (model) {STATE} * 0)"
)
"""The state, and among models of one state the worst feature."""


_QUERIES = {
    expression: ref_id(index)
    for index, expression in enumerate(dict.fromkeys([*(column.expression for column in _COLUMNS), _RANK]))
}
"""Name of each query."""


def _value(expression: str) -> str:
    """What Grafana calls the column of a query's values once it has merged all."""
    return f"Value #{_QUERIES[expression]}"


def _transformations() -> list[models.DataTransformerConfig]:
    """One row a model, also where it lacks some of the series: sorted, then the helpers hidden and the columns named."""
    sources = {column.title: column.label or _value(column.expression) for column in _COLUMNS}
    hidden = ["Time", *(value for value in map(_value, _QUERIES) if value not in sources.values())]
    titles = {"model": "Model", **{source: title for title, source in sources.items()}}
    organised = {
        "excludeByName": dict.fromkeys(hidden, True),
        "indexByName": {name: index for index, name in enumerate([*titles, *hidden])},
        "renameByName": titles,
    }
    return [
        transformation("merge"),
        transformation("sortBy", fields={}, sort=[{"field": _value(_RANK), "desc": True}]),
        transformation("organize", **organised),
    ]


def _models() -> Panel:
    visualisation = (
        tabular()
        .override_by_regexp("/.*/", properties(noValue="–"))
        .override_by_name(
            "Model",
            properties(custom__minWidth=170, links=[data_link("Open this model", "model", model=_MODEL)]),
        )
    )
    for column in _COLUMNS:
        visualisation = visualisation.override_by_name(
            column.title, [*properties(custom__width=column.width), *column.properties]
        )
    for each in _transformations():
        visualisation = visualisation.with_transformation(each)
    return panel(
        10,
        visualisation,
        [rows(expression, ref_id=query) for expression, query in _QUERIES.items()],
        title="Models",
        description="One row a model, the worst on top: by verdict, then by how far its worst feature is from the reference. "
        "Good: all are quiet. Begin with the top row: click the model for what happened, the alert for what to do, the "
        "feature for how it looks. Firing is the worst of the alerts, of equals the first, Since when it began. The loss is that "
        "of the shortest window with 100 outcomes.",
        unit="short",
        empty=EMPTY,
        width=24,
        height=_ROWS,
    )


MODELS = (_models(),)
"""The table."""
